"""The forms in which repeated units are compared, as tables of what becomes of each character.

Each form is defined elsewhere by a function of texts; a table says the same of every character, so that units are
brought into the form where they lie.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Iterable
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels.characters import lower_mapping
from corpus_kit.kernels.spans import CODE_POINTS, DELETED, FIRST_SEQUENCE, SEPARATOR, FormTable
from corpus_kit.stages.sameness import folded

UnitForm = Literal["as_is", "folded", "ccnet", "slug"]
"""`as_is`: byte for byte. `folded`: lower case, letters and digits only, single spaces between; å, ø and ð stay
distinct. `ccnet`: lower case, every digit a 0, some punctuation and the control characters gone, as in CCNet's
normalize_for_dedup. `slug`: ASCII letters and digits joined by hyphens, as the NCC does before its MD5; what is not
ASCII after decomposition is gone, so å is a, and ø is nothing."""

CCNET_DELETED = "，。、„”“«»１」「《》´∶：？！（）；–—．～’…━〈〉【】％►" + "".join(
    map(chr, [*range(32), *range(127, 160)])
)
"""facebookresearch/cc_net, text_normalizer.py: the keys of UNICODE_PUNCT, and what NON_PRINTING_CHARS_RE matches."""

_ASSIGNED = (*range(0xD800), *range(0xE000, 0x40000), *range(0xE0000, 0xE1000))
"""Every plane that has letters, marks or numbers."""


@functools.cache
def form_table(form: UnitForm) -> FormTable | None:
    """The table of a form; None for bytes as they are."""
    makers = {"folded": _folded, "ccnet": _ccnet, "slug": _slug}
    return makers[form]() if form in makers else None


def formed(text: str, form: FormTable | None) -> str:
    """A text in a form, by its table: what the kernel makes of each unit.

    >>> formed("Året 2024: «det GÅR»", form_table("folded"))
    'året 2024 det går'
    >>> formed("Året 2024: «det GÅR»", form_table("slug")), formed("Året 2024: «det GÅR»", form_table("ccnet"))
    ('aret-2024-det-gar', 'året 0000: det går')
    """
    if form is None:
        return text
    made, due = "", False
    for character in text:
        code = int(form.table[ord(character)])
        for one in _sequence(form, FIRST_SEQUENCE - code) if code <= FIRST_SEQUENCE else [code]:
            if one == SEPARATOR:
                due = bool(made)
            elif one != DELETED:
                made += (form.separator if due else "") + chr(one)
                due = False
    return made


def _sequence(form: FormTable, number: int) -> list[int]:
    begin = int(form.ends[number - 1]) if number else 0
    return form.sequences[begin : int(form.ends[number])].tolist()


def _table(codes: NDArray[np.int32], sequences: Iterable[list[int]], separator: str) -> FormTable:
    listed = list(sequences)
    flat = np.array([code for one in listed for code in one], np.int32)
    return FormTable(codes, flat, np.cumsum([len(one) for one in listed], dtype=np.int64), separator)


def _folded() -> FormTable:
    """What `sameness.folded` makes of each character alone; it looks at no neighbors."""
    alone = folded(pa.array(map(chr, _ASSIGNED), pa.large_string())).to_pylist()
    codes = np.full(CODE_POINTS, SEPARATOR, np.int32)
    codes[list(_ASSIGNED)] = [ord(one) if one else SEPARATOR for one in alone]
    return _table(codes, [], " ")


def _ccnet() -> FormTable:
    """Digits first, then what is deleted, then case, as their regular expressions are applied."""
    codes = np.arange(CODE_POINTS, dtype=np.int32)
    for code, low in lower_mapping().items():
        codes[code] = low
    codes[[ord(one) for one in CCNET_DELETED]] = DELETED
    codes[[code for code in _ASSIGNED if chr(code).isdecimal()]] = ord("0")
    return _table(codes, [], " ")


def _slug() -> FormTable:
    codes = np.full(CODE_POINTS, DELETED, np.int32)
    sequences: list[list[int]] = []
    for code in _ASSIGNED:
        if code >= 128 and not unicodedata.decomposition(chr(code)):
            continue
        plain = unicodedata.normalize("NFKD", chr(code)).encode("ascii", "ignore").decode("ascii").lower()
        made = [ord(one) if one.isalnum() else SEPARATOR for one in plain]
        if len(made) == 1:
            codes[code] = made[0]
        elif made:
            codes[code] = FIRST_SEQUENCE - len(sequences)
            sequences.append(made)
    return _table(codes, sequences, "-")
