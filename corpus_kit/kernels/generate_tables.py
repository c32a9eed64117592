"""Writes the character tables that definitions and kernels share: `characters.py` for Python, `*.h` for C.

    python corpus_kit/kernels/generate_tables.py

What counts as a letter grows with every version of Unicode, and every version of Python brings its own; with one table
in the repository a number about a document is the same everywhere. Whitespace has not changed since Unicode 6.3 and is
in the table to be tested against `str.split`. A line ends at U+000A alone, which needs no table. Run it with the Python
that has the Unicode version wanted, and raise the version of every stage whose numbers change. The properties Python
does not know (word breaks, emoji) come from the package `regex`, whatever its version, cut to the characters that
Python's version knows.
"""

from __future__ import annotations

import sys
import textwrap
import unicodedata
from collections.abc import Callable, Iterable
from functools import cache
from itertools import count, groupby
from pathlib import Path

from corpus_kit.kernels.generate_c import letters_text, lookup_text

HERE = Path(__file__).parent

END_MARKS = """
21 2E 3F 589 61D-61F 6D4 700-702 7F9 837 839 83D-83E 964-965 104A-104B 1362 1367-1368 166E 1735-1736 17D4-17D6
17D9-17DA 1803 1809 1944-1945 1AA8-1AAB 1B5A-1B5B 1B5E-1B5F 1B7D-1B7E 1C3B-1C3C 1C7E-1C7F 203C-203D 2047-2049 2E2E
2E3C 2E53-2E54 3002 A4FF A60E-A60F A6F3 A6F7 A876-A877 A8CE-A8CF A92F A9C8-A9C9 AA5D-AA5F AAF0-AAF1 ABEB FE52
FE56-FE57 FF01 FF0E FF1F FF61 10A56-10A57 10F55-10F59 10F86-10F89 11047-11048 110BE-110C1 11141-11143 111C5-111C6
111CD 111DE-111DF 11238-11239 1123B-1123C 112A9 1144B-1144C 115C2-115C3 115C9-115D7 11641-11642 1173C-1173E 11944
11946 11A42-11A43 11A9B-11A9C 11C41-11C42 11EF7-11EF8 11F43-11F44 16A6E-16A6F 16AF5 16B37-16B38 16B44 16E98 1BC9F
1DA88
"""
"""What datatrove 0.10 (Apache-2.0) takes for the end of a sentence in any script: TERMINAL_PUNCTUATION."""

OTHER_SIGNS = """
0-8 B-1F 22-2D 2F 3A-3E 40 5B-60 7B-9F AB B4 BB 2013-2014 2019 201C-201E 2026 2236 2501 25BA 3001 3008-300D
3010-3011 FF05 FF08-FF09 FF0C FF11 FF1A-FF1B FF5E
"""
"""With END_MARKS, what datatrove 0.10 takes for punctuation: PUNCTUATION_SET, control characters included."""

ROOTS_SPECIAL = """
A1-A9 AB AE-B4 B7-B9 BB-BF D7 F7 2D8 2DA 2DC 60C 66A 66C 6E9 E51 2010-2011 2013-2016 2018-201A 201C-2020 2022 2024
2026 2030 2032-2033 2039-203A 203F 2043-2044 20A8 20AA 20AC 2103 2122 2190-2193 21D3 2206 2208 2212 221A 221E-221F
223C 2248 2256 2264-2265 2295 22C5 2550 25A0 25AC 25B2 25B4 25B7 25BA-25BC 25C6 25CF 25E6 2605-2606 261B 263B 2661
2665 266B 2713 2726 2731 2756 27A4 27A9 2800 3001-3002 300A-300D 3010-3011 309C 30FB FD3E-FD3F FF01 FF08-FF09 FF0C
FF0E FF11 FF1A-FF1B FF1F FF3E FF5E FFFC-FFFD
"""
"""`other_special_characters` of ROOTS without its 25 letters and vowel signs (ø, ı, π, ª, Japanese and Hindi ones)."""

EMOJI_JOINERS = "200D FE0F"
"""What holds the parts of one emoji together; left of an emoji that is stripped off, they would be a word."""

WORD_BREAKS = (
    *("CR", "LF", "Newline", "Extend", "ZWJ", "Format", "Katakana", "Hebrew_Letter", "ALetter", "Single_Quote"),
    *("Double_Quote", "MidNumLet", "MidLetter", "MidNum", "Numeric", "ExtendNumLet", "WSegSpace", "Regional_Indicator"),
)
"""Values of the property Word_Break (UAX #29) in the order of their numbers, which begin with 1; 0 is Other."""

PYTHON_DOCS = {
    "LETTERS": "Characters that are letters (`str.isalpha`: categories Lu, Ll, Lt, Lm, Lo).",
    "LOWERCASE": "Letters and signs in lower case (`str.islower` of the one character).",
    "DIGITS": "Characters that are digits (`str.isdigit`: decimal ones of every script, superscript and circled ones).",
    "WHITESPACE": "Characters that separate words (`str.split`).",
    "SPECIAL": "ROOTS' special characters: ASCII punctuation and digits, whitespace, emoji, and signs it lists.",
    "SIGNS": "What datatrove takes for punctuation, control characters included.",
    "END_MARKS": "What datatrove takes for the end of a sentence in any script.",
    "PICTOGRAPHIC": "Property Extended_Pictographic: what a zero-width joiner joins to one emoji.",
}


@cache
def character_sets() -> dict[str, frozenset[int]]:
    """Code points by the name of their table, in the order of the flags in C: 1, 2, 4, ..."""
    ascii_special = {code for code in range(128) if not chr(code).isalpha() and (chr(code).isprintable())}
    special = ascii_special | members(ROOTS_SPECIAL) | members(EMOJI_JOINERS) | _having("Emoji") | _all(str.isspace)
    return {
        "LETTERS": _all(str.isalpha),
        "LOWERCASE": _all(str.islower),
        "DIGITS": _all(str.isdigit),
        "WHITESPACE": _all(str.isspace),
        "SPECIAL": frozenset(special),
        "SIGNS": members(OTHER_SIGNS) | members(END_MARKS),
        "END_MARKS": members(END_MARKS),
        "PICTOGRAPHIC": _having("Extended_Pictographic"),
    }


@cache
def lower_steps() -> dict[int, int]:
    """For each character that has a lower case, how far away it is. Simple mapping: one character for one, always.

    >>> lower_steps()[ord("Å")], lower_steps()[ord("İ")] == ord("i") - ord("İ")
    (32, True)
    """
    # str.lower() gives İ two characters, i and a dot above; UnicodeData.txt maps it to i, as Turkic languages do.
    lower = {code: "i" if code == 0x130 else chr(code).lower() for code in range(sys.maxunicode + 1)}
    return {code: ord(to) - code for code, to in lower.items() if len(to) == 1 and ord(to) != code}


@cache
def word_breaks() -> dict[str, frozenset[int]]:
    """Code points by Word_Break value."""
    return {name: _having(f"Word_Break={name}") for name in WORD_BREAKS}


def members(table: str) -> frozenset[int]:
    """The code points of a table."""
    pairs = [each.split("-") for each in table.split()]
    return frozenset(code for ends in pairs for code in range(int(ends[0], 16), int(ends[-1], 16) + 1))


def ranges(codes: Iterable[int]) -> list[tuple[int, int]]:
    """First and last code point of every run.

    >>> ranges([9, 10, 11, 32])
    [(9, 11), (32, 32)]
    """
    counter = count()
    runs = [list(run) for _, run in groupby(sorted(codes), key=lambda code: code - next(counter))]
    return [(run[0], run[-1]) for run in runs]


def python_table() -> str:
    """Text of `characters.py`."""
    version = unicodedata.unidata_version
    parts = [
        f'"""Classes, lower case and word breaks of characters, Unicode {version}. '
        'Generated by `generate_tables.py`: do not edit.\n\nRanges of hexadecimal code points.\n"""\n\n'
        "from __future__ import annotations\n\nimport functools\nimport re\n\n"
        f'UNICODE_VERSION = "{version}"\n'
    ]
    for name, codes in character_sets().items():
        parts.append(f'{name} = """\n{_listed(ranges(codes))}\n"""\n"""{PYTHON_DOCS[name]}"""\n')
    breaks = "\n".join(f'    "{name}": """\n{_listed(ranges(codes))}\n""",' for name, codes in word_breaks().items())
    parts.append(f'WORD_BREAKS = {{\n{breaks}\n}}\n"""Values of the property Word_Break; all others are Other."""\n')
    parts.append(
        f'LOWER = """\n{_lower_listed()}\n"""\n'
        '"""Simple lower case mapping: `first-last/every+step` (or -step), in hexadecimal; `/every` and `-last` if not '
        '1."""\n'
    )
    return "\n".join(parts) + PYTHON_FUNCTIONS


PYTHON_FUNCTIONS = '''

def ends(table: str) -> list[tuple[int, int]]:
    """First and last code point of every range of a table.

    >>> ends(WHITESPACE)[:2]
    [(9, 13), (28, 32)]
    """
    pairs = [each.split("-") for each in table.split()]
    return [(int(pair[0], 16), int(pair[-1], 16)) for pair in pairs]


def inside(*tables: str) -> str:
    """What stands between the brackets of a regular expression that matches one character of the tables."""
    return "".join(f"\\\\U{a:08x}-\\\\U{b:08x}" for table in tables for a, b in ends(table))


def pattern(*tables: str, but: bool = False) -> re.Pattern[str]:
    """Matches one character of the tables, or one of none of them.

    >>> bool(pattern(LETTERS).match("ø")), bool(pattern(LETTERS).match("7"))
    (True, False)
    >>> bool(pattern(LETTERS, but=True).match("7"))
    True
    """
    return re.compile(f"[{'^' if but else ''}{inside(*tables)}]")


@functools.cache
def lower_mapping() -> dict[int, int]:
    """Lower case of every character that has one, for `str.translate`."""
    found = {}
    for first, last, every, sign, step in re.findall(r"(\\w+)(?:-(\\w+))?(?:/(\\d))?([+-])(\\w+)", LOWER):
        for code in range(int(first, 16), int(last or first, 16) + 1, int(every or 1)):
            found[code] = code + int(sign + step, 16)
    return found


def lower(text: str) -> str:
    """The text in lower case, character by character: its length never changes.

    >>> lower("ÅRSTALLET İ ΟΔΟΣ")
    'årstallet i οδοσ'
    """
    return text.lower() if text.isascii() else text.translate(lower_mapping())
'''


def c_table() -> str:
    """Text of `letters.h`."""
    return letters_text(ranges(character_sets()["LETTERS"]), unicodedata.unidata_version)


def c_characters() -> str:
    """Text of `characters.h`: flags, step to the lower case and Word_Break value of every code point."""
    flags: dict[int, int] = {}
    for number, codes in enumerate(character_sets().values()):
        for code in codes:
            flags[code] = flags.get(code, 0) | 1 << number
    breaks = {code: number for number, codes in enumerate(word_breaks().values(), 1) for code in codes}
    names = "\n".join(f"#define CHAR_{name} {1 << number}" for number, name in enumerate(character_sets()))
    values = "\n".join(f"#define BREAK_{name.upper()} {number}" for number, name in enumerate(WORD_BREAKS, 1))
    return f"""/* Classes, lower case and word breaks of characters, Unicode {unicodedata.unidata_version}.
 * Generated by generate_tables.py: do not edit. What they mean is said in characters.py. */

#ifndef CORPUS_KIT_CHARACTERS_H
#define CORPUS_KIT_CHARACTERS_H

#include <stdint.h>

{names}

{values}

{lookup_text("char_flags", "uint8_t", flags)}
{lookup_text("lower_step", "int32_t", lower_steps())}
{lookup_text("word_break", "uint8_t", breaks)}
#endif
"""


def _all(belongs: Callable[[str], bool]) -> frozenset[int]:
    return frozenset(code for code in range(sys.maxunicode + 1) if belongs(chr(code)))


def _having(property: str) -> frozenset[int]:
    """Characters with a property only `regex` knows, among those this Python's Unicode has."""
    import regex

    return frozenset(ord(one) for one in regex.findall(rf"\p{{{property}}}", _assigned()))


@cache
def _assigned() -> str:
    return "".join(
        filter(lambda one: unicodedata.category(one) not in ("Cn", "Cs"), map(chr, range(sys.maxunicode + 1)))
    )


def _listed(pairs: Iterable[tuple[int, int]]) -> str:
    return textwrap.fill(
        " ".join(f"{a:X}" if a == b else f"{a:X}-{b:X}" for a, b in pairs), 118, break_on_hyphens=False
    )


def _lower_listed() -> str:
    """Runs of characters that have their lower case equally far away: neighbors, or every second character."""
    steps = lower_steps()
    left, runs = sorted(steps), []
    while left:
        first, step = left[0], steps[left[0]]
        reach = {every: _reach(steps, first, every) for every in (1, 2)}
        every = max(reach, key=lambda one: (len(reach[one]), -one))
        runs.append((first, reach[every][-1], every, step))
        taken = set(reach[every])
        left = [code for code in left if code not in taken]
    return textwrap.fill(" ".join(_lower_run(*run) for run in runs), 118, break_on_hyphens=False)


def _reach(steps: dict[int, int], first: int, every: int) -> list[int]:
    found = [first]
    while steps.get(found[-1] + every) == steps[first]:
        found.append(found[-1] + every)
    return found


def _lower_run(first: int, last: int, every: int, step: int) -> str:
    span = f"{first:X}" if first == last else f"{first:X}-{last:X}" + ("" if every == 1 else f"/{every}")
    return f"{span}{'+' if step > 0 else '-'}{abs(step):X}"


if __name__ == "__main__":
    (HERE / "characters.py").write_text(python_table(), "utf-8")
    (HERE / "letters.h").write_text(c_table(), "utf-8")
    (HERE / "characters.h").write_text(c_characters(), "utf-8")
