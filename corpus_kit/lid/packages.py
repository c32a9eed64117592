"""The packages of software translations that the shipped model was trained on, with versions and licences."""

from __future__ import annotations

from typing import NamedTuple


class Package(NamedTuple):
    """A package of a registry; `kind` is the program that downloads it."""

    kind: str
    name: str
    version: str
    license: str


_KDE = "GPL-2+ / LGPL-2.1+"

PACKAGES = (
    Package("apt", "mediawiki", "1:1.39.17-1+deb12u2", "GPL-2+"),
    Package("apt", "wesnoth-1.16-data", "1:1.16.9-1", "GPL-2+"),
    Package("apt", "widelands-data", "2:1.1-3", "GPL-2+"),
    Package("apt", "freeciv-data", "3.0.6-1+deb12u1", "GPL-2+"),
    Package("apt", "tuxpaint-data", "1:0.9.28-sdl2-1", "GPL-2+"),
    Package("apt", "gramps", "5.1.5-1", "GPL-2+"),
    Package("apt", "inkscape", "1.2.2-2+deb12u1", "GPL-2+"),
    Package("apt", "evolution-common", "3.46.4-2+deb12u1", "LGPL-2+"),
    Package("apt", "gnucash-common", "1:4.13-1", "GPL-2+"),
    Package("apt", "synaptic", "0.91.3", "GPL-2+"),
    Package("apt", "vlc-l10n", "3.0.24-0+deb12u1", "GPL-2+"),
    Package("apt", "libreoffice-l10n-nb", "4:7.4.7-1+deb12u14", "MPL-2.0"),
    Package("apt", "libreoffice-l10n-nn", "4:7.4.7-1+deb12u14", "MPL-2.0"),
    Package("apt", "plasma-workspace-data", "4:5.27.5-2+deb12u2", _KDE),
    Package("apt", "plasma-desktop-data", "4:5.27.5-2", _KDE),
    Package("apt", "kate5-data", "4:22.12.3-1", _KDE),
    Package("apt", "digikam-data", "4:7.9.0-1", _KDE),
    Package("apt", "kstars-data", "5:3.6.2-2", _KDE),
    Package("apt", "krita-l10n", "1:5.1.5+dfsg-2+deb12u1", _KDE),
    Package("apt", "okular", "4:22.12.3-1+deb12u1", _KDE),
    Package("apt", "kdepim-runtime", "4:22.12.3-1", _KDE),
    Package("apt", "kmail", "4:22.12.3-1", _KDE),
    Package("apt", "korganizer", "4:22.12.3-1", _KDE),
    Package("apt", "konqueror", "4:22.12.3-1", _KDE),
    Package("apt", "marble-data", "4:22.12.3-1", _KDE),
    Package("apt", "kalzium-data", "4:22.12.3-1", _KDE),
    Package("apt", "step", "4:22.12.3-1", _KDE),
    Package("apt", "ktorrent-data", "22.12.3-1", _KDE),
    Package("npm", "matrix-react-sdk", "3.114.0", "Apache-2.0"),
    Package("npm", "ep_etherpad-lite", "1.8.14", "Apache-2.0"),
    Package("pip", "homeassistant", "2024.3.3", "Apache-2.0"),
    Package("pip", "home-assistant-frontend", "20250109.2", "Apache-2.0"),
    Package("pip", "django", "5.2.19", "BSD-3-Clause"),
)
