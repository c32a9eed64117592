"""The `normalize` stage: one form for the same text. Repairs encodings, composes, unifies spaces and line ends."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import ClassVar, Literal

import ftfy
import pyarrow as pa
from ftfy.fixes import fix_c1_controls

from corpus_kit.schema import Reason, set_columns, set_reasons
from corpus_kit.stage import BatchStage, register

# C0 and C1 controls but tab and newline, soft hyphen, zero-width space, word joiner, byte-order mark.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b\u2060\ufeff]")
# Everything Unicode calls a space separator (Zs) but the space itself: mapped to a space, never deleted. The Nordic
# Pile deleted no-break spaces and so glued words and numbers together.
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
# What str.splitlines() takes for the end of a line; page breaks among them, which part words.
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_BLANK_LINES = re.compile(r"\n{3,}")
_C1 = re.compile("[\x80-\x84\x86-\x9f]")

# A letter that a UTF-8 lead byte becomes in a one-byte encoding, followed by what continuation bytes become there.
# Only what passes is handed to ftfy, which is slow (1.6 MB/s). Ð and Ñ lead Cyrillic, always several in a row: one
# alone is Icelandic before a quotation mark. È to Ë lead phonetic letters only, and stand before footnote signs.
_CONTINUED = (
    "[\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122\u2202-\u2265]"
)
_MOJIBAKE = re.compile(
    f"[\u00c2-\u00c7\u00cc-\u00cf\u00d2-\u00f4\u0100-\u017f\u0410-\u044f\u0391-\u03c9]{_CONTINUED}"
    f"|(?:[\u00d0\u00d1]{_CONTINUED}){{2}}"
)
_LONE_AA = re.compile("\u00c3(?:\u2026|\x85)(?=\\w)")
"""Å of Århus, which ftfy takes for Ã and an ellipsis."""


@register("normalize")
class Normalize(BatchStage):
    """Brings text into one form, so that equal text is equal bytes.

    Order: mojibake, line ends, invisible characters, composition, spaces and ends of lines, blank lines. Letters and
    punctuation that are right are never changed, save by NFKC if it is chosen.
    """

    needs: ClassVar[tuple[str, ...]] = ("text",)
    gives: ClassVar[Mapping[str, pa.DataType]] = {"text": pa.large_string()}
    codes: ClassVar[Mapping[str, str]] = {"normalize.empty": "nothing is left, or there was no text at all"}
    libraries: ClassVar[tuple[str, ...]] = ("ftfy",)

    unicode: Literal["NFC", "NFKC"] | None = "NFC"
    """Unicode composition; null leaves the text as it is."""
    mojibake: bool = True
    """Repair text that was decoded in the wrong encoding, with ftfy."""
    invisible: bool = True
    """Remove control characters, soft hyphens and zero-width spaces."""
    spaces: bool = True
    """Turn every kind of space into the ordinary one, and strip the ends of lines."""
    blank_lines: bool = True
    """Leave at most one blank line in a row."""

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with its text normalized."""
        texts = [None if text is None else self.text(text) for text in batch["text"].to_pylist()]
        reasons = [Reason(row, "normalize.empty") for row, text in enumerate(texts) if not text]
        return set_reasons(set_columns(batch, {"text": pa.array(texts, pa.large_string())}), reasons)

    def text(self, text: str) -> str:
        """One text, normalized.

        >>> Normalize().text("en\\u00a0to\\r\\n\\n\\n\\nt\\u0301re\\u00ad \\n")
        'en to\\n\\nt́re'
        """
        if self.mojibake and not text.isascii():
            text = _repaired(text)
        text = _LINE_ENDS.sub("\n", text).replace("\x1f", " ")
        if self.invisible:
            text = _INVISIBLE.sub("", text)
        if self.unicode is not None and not text.isascii():
            text = unicodedata.normalize(self.unicode, text)
        if self.spaces:
            text = "\n".join(line.rstrip(" \t") for line in _SPACES.sub(" ", text).split("\n"))
        if self.blank_lines:
            text = _BLANK_LINES.sub("\n\n", text)
        return text.strip()


def _repaired(text: str) -> str:
    """The text as it was before it was read in the wrong encoding, if it was.

    >>> _repaired("RÃ¸dgrÃ¸d fra Ã…rhus"), _repaired("han sagde \\x84godt\\x93")
    ('Rødgrød fra Århus', 'han sagde „godt“')
    """
    if _MOJIBAKE.search(text):
        text = _LONE_AA.sub("Å", ftfy.fix_encoding(text))
    # Controls that are punctuation in Windows-1252; a lone \x85 is more likely a line end (NEL).
    return fix_c1_controls(text) if _C1.search(text) else text
