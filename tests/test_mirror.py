"""Every module has its tests: tests/ mirrors corpus_kit/, sub-packages flattened with `_`."""

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "corpus_kit"

WHOLE_PACKAGES = (
    "kernels",
    "lid",
    "metrics",
    "sources",
    "datasheet",
    "pull",
    "datatrove",
    "classifier",
    "lines",
    "catalogue",
    "bridge",
    "contamination",
    "index",
    "tokenizers",
    "vocabulary",
)
"""Packages where a module may be covered by the tests of the package, tests/test_PACKAGE.py or test_PACKAGE_*.py."""


def holds_code(path: Path) -> bool:
    """Whether an `__init__` does more than import, name and describe."""
    plain = (ast.Import, ast.ImportFrom, ast.Expr)
    body = [node for node in ast.parse(path.read_text("utf-8")).body if not isinstance(node, plain)]
    names = [
        [getattr(one, "id", "") for one in node.targets] if isinstance(node, ast.Assign) else [""] for node in body
    ]
    return any(found not in (["__all__"], ["__version__"]) for found in names)


MODULES = [
    path.relative_to(PACKAGE)
    for path in sorted(PACKAGE.rglob("*.py"))
    if "_data" not in path.parts and (path.name != "__init__.py" or holds_code(path))
]


def covering(module: Path) -> list[str]:
    """Names of test files that would do for a module."""
    parts = [part for part in module.with_suffix("").parts if part != "__init__"]
    names = [f"test_{'_'.join(parts)}.py"]
    if parts[0] in WHOLE_PACKAGES and len(parts) <= 2:
        names += [f"test_{parts[0]}.py", f"test_{parts[0]}_*.py"]
    if parts[0] in ("commands", "__main__"):
        names.append("test_cli.py")
    return names


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_its_tests(module):
    found = [path.name for name in covering(module) for path in TESTS.glob(name)]
    assert found, f"write tests/{covering(module)[0]}"


def test_modules_are_found():
    assert Path("plan.py") in MODULES
    assert Path("stages/minhash.py") in MODULES
    assert Path("kernels/__init__.py") in MODULES
    assert Path("stages/__init__.py") not in MODULES
    assert covering(Path("stages/minhash.py")) == ["test_stages_minhash.py"]
    assert "test_metrics.py" in covering(Path("metrics/gopher.py"))
