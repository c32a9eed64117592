"""Licences of sources: what the Hub calls them, where they are written, and which duties show in their names.

Nothing here decides what is allowed; it says what the cards say, in the words others expect.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

UNKNOWN = "LicenseRef-unknown"
"""What `--no-card` puts in place of a licence."""

_HUB_LICENSES = """
apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0 bigcode-openrail-m
afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0 cc-by-2.5
cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0
cdla-permissive-2.0 wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1
lgpl-3.0 isc lppl-1.3c ms-pl mpl-2.0 odc-by odbl osl-3.0 postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr unknown
other
"""

HUB_LICENSES = frozenset(_HUB_LICENSES.split())
"""Identifiers a Hub card may use (huggingface/hub-docs, docs/hub/repositories-licenses.md), models' own left out."""

# Where the Hub's identifier is not the lower-case SPDX identifier: families, and suffixes it does not know.
_HUB_NAMES = {
    UNKNOWN: "unknown",
    "ODC-By-1.0": "odc-by",
    "ODbL-1.0": "odbl",
    "PDDL-1.0": "pddl",
    "GFDL-1.1": "gfdl",
    "GFDL-1.2": "gfdl",
    "GFDL-1.3": "gfdl",
    "BSL-1.0": "bsl-1.0",
}


def hub_license(spdx: str) -> str | None:
    """The Hub's identifier of one SPDX licence; None if it has none, or the expression joins several.

    >>> hub_license("CC-BY-SA-4.0"), hub_license("GPL-2.0-or-later"), hub_license("NLOD-2.0"), hub_license("ODbL-1.0")
    ('cc-by-sa-4.0', 'gpl-2.0', None, 'odbl')
    """
    family = re.sub(r"-(only|or-later|no-invariants.*|invariants.*)$", "", spdx)
    found = _HUB_NAMES.get(family, family.lower())
    return found if found in HUB_LICENSES else None


def license_url(spdx: str) -> str | None:
    """Page of one SPDX licence; None for own terms and for expressions.

    >>> license_url("CC-BY-4.0")
    'https://spdx.org/licenses/CC-BY-4.0.html'
    """
    if "LicenseRef" in spdx or not re.fullmatch(r"[A-Za-z0-9.+-]+", spdx):
        return None
    return f"https://spdx.org/licenses/{spdx}.html"


def all_of(expressions: Iterable[str]) -> str:
    """One expression for a collection: every document keeps its own licence, so all of them must be honored.

    >>> all_of(["MIT", "CC0-1.0 OR Unlicense", "MIT"])
    '(CC0-1.0 OR Unlicense) AND MIT'
    """
    unique = sorted(set(expressions))
    if len(unique) == 1:
        return unique[0]
    return " AND ".join(f"({one})" if " " in one else one for one in unique)


def duties(spdx: str) -> list[str]:
    """Duties a licence's name announces, in a fixed order.

    >>> duties("CC-BY-NC-SA-4.0"), duties("CC0-1.0")
    (['attribution', 'share alike', 'no commercial use'], [])
    """
    # operands, so that "A OR B" shows the duties of either
    names = re.findall(r"[A-Za-z0-9.+:-]+", spdx)
    found = []
    if any(
        re.match(r"(CC-BY|ODC-By|ODbL|OGL|NLOD|etalab|CDLA|MIT|BSD|Apache|GFDL|A?GPL|LGPL|MPL|EUPL|EPL|OSL)", one)
        for one in names
    ):
        found.append("attribution")
    if any(re.match(r"(CC-.*-SA|GFDL|A?GPL|LGPL|MPL|EUPL|EPL|OSL|ODbL|CDLA-Sharing)", one) for one in names):
        found.append("share alike")
    if any(re.match(r"CC-.*-NC", one) for one in names):
        found.append("no commercial use")
    if any(re.match(r"CC-.*-ND", one) for one in names):
        found.append("no derivatives")
    return found
