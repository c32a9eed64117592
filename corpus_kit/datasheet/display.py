"""Numbers and names as people read them: 1,234 · 12.3 MB · 45.6%."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

NONE = "–"
"""What stands where there is no number."""

_PATH = re.compile(r"(?:file://)?(?<![\w:/.])/(?:[^\s/'\"]+/)+([^\s/'\"]+)")


def count(value: int) -> str:
    """A whole number with its thousands set apart.

    >>> count(1234567)
    '1,234,567'
    """
    return f"{value:,}"


def size(value: int) -> str:
    """Bytes in decimal units, three digits or so.

    >>> size(999), size(12_345_678), size(999_950_000)
    ('999 B', '12.3 MB', '1.0 GB')
    """
    if value < 1000:
        return f"{value} B"
    scaled = float(value)
    for unit in ("kB", "MB", "GB", "TB"):
        scaled /= 1000
        if round(scaled, 1) < 1000:
            return f"{scaled:,.1f} {unit}"
    return f"{scaled / 1000:,.1f} PB"


def percent(part: float, whole: float = 1.0) -> str:
    """A share in percent; never 0% of something, nor 100% of not quite all.

    >>> percent(456, 1000), percent(1, 10**6), percent(10**6 - 1, 10**6), percent(0, 5), percent(1, 0)
    ('45.6%', '<0.1%', '>99.9%', '0%', '–')
    """
    if not whole:
        return NONE
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "<0.1%"
    if 99.9 < share < 100:
        return ">99.9%"
    return "0%" if share == 0 else "100%" if share == 100 else f"{share:.1f}%"


def number(value: Any) -> str:
    """A configured value: null is off, numbers without noise, lists joined.

    >>> number(0.30000000000000004), number(100000.0), number(None), number(["a", 2]), number({"x": 1})
    ('0.3', '100,000', 'off', 'a, 2', 'x: 1')
    """
    if value is None:
        return "off"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value)
    if isinstance(value, float):
        return count(int(value)) if value.is_integer() and abs(value) < 1e15 else f"{value:.6g}"
    if isinstance(value, dict):
        return ", ".join(f"{one_line(key)}: {number(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(number(one) for one in value)
    return one_line(hide_paths(str(value)), 200)


def weight(value: float | None) -> str:
    """How often a document is to be seen.

    >>> weight(0.911409), weight(4.0), weight(None)
    ('0.911', '4', '–')
    """
    return NONE if value is None else f"{value:.3g}"


def one_line(text: object, length: int = 120) -> str:
    """Text on one line, cut with an ellipsis if it is longer.

    >>> one_line(" a\\n b ", 10), one_line("abcdef", 4)
    ('a b', 'abc…')
    """
    joined = " ".join("".join(char if char.isprintable() else " " for char in str(text)).split())
    return joined if len(joined) <= length else f"{joined[: length - 1]}…"


def hide_paths(text: str) -> str:
    """The text with absolute paths cut to their last part: where files lie on a machine is nobody's business.

    >>> hide_paths("list /home/me/words.txt, see https://a.org/b/c")
    'list words.txt, see https://a.org/b/c'
    """
    return _PATH.sub(r"\1", text)


def listed(names: Iterable[str], most: int = 8) -> str:
    """Names in a row, the rest counted.

    >>> listed(["a", "b", "c"], 2)
    'a, b and 1 more'
    """
    names = list(names)
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"


def plural(value: int, one: str, many: str | None = None) -> str:
    """A count with its noun.

    >>> plural(1, "file"), plural(1200, "source"), plural(0, "entry", "entries")
    ('1 file', '1,200 sources', '0 entries')
    """
    return f"{count(value)} {one if value == 1 else many or one + 's'}"


def web_address(text: str | None) -> str | None:
    """The address if it is an ordinary web address, which may become a link; else None.

    >>> web_address("https://example.org/x"), web_address("javascript:alert(1)")
    ('https://example.org/x', None)
    """
    return text if text and re.fullmatch(r"https?://[^\s<>\"'`()\[\]\\]+", text) else None


def strictest(decisions: Sequence[str | None]) -> str | None:
    """What holds for all: `no` before not stated (None) before `conditional` before `yes`.

    >>> strictest(["yes", "conditional"]), strictest(["yes", None]), strictest(["no", None])
    ('conditional', None, 'no')
    """
    order = ("no", None, "conditional", "yes")
    return min(decisions, key=order.index, default=None)
