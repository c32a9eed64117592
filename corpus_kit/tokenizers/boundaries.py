"""Between which characters a Hugging Face tokenizer always begins a new word, by what its `tokenizer.json` says.

Only what is known to do so is trusted; with anything else texts are encoded as a whole.
"""

from __future__ import annotations

from string import ascii_letters, digits, punctuation
from typing import Any

import numpy as np

from corpus_kit.tokenizers.segments import Cuts, cuts_between, cuts_outside

_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_CL100K = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_O200K = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_LOCAL = {"NFC", "NFKC", "Lowercase", "BertNormalizer", "Nmt", "Precompiled"}
_DECOMPOSING = {"NFD", "NFKD", "StripAccents"}
"""Normalizations that look at a character and the marks that follow it."""

_SPACES = cuts_between(ascii_letters + digits + punctuation, " ", other=True)
"""A space after anything but white space begins a new word, or stands between two."""
_ENDS = _SPACES | cuts_between(ascii_letters, punctuation + "\n", other=True) | cuts_between(digits, punctuation + "\n")
"""So does a mark after a letter or digit."""
_NUMBERS = cuts_between(ascii_letters, digits, other=True) | cuts_between(digits, ascii_letters)
_STARTS = cuts_between(punctuation, ascii_letters + digits)
_CONTRACTIONS = cuts_between(ascii_letters, "'", other=True)
_UNDERSCORES = cuts_between(ascii_letters + digits, "_", other=True) | cuts_between("_", ascii_letters + digits)

PATTERNS = {
    _GPT2: _ENDS | _NUMBERS,
    _CL100K % "{1,3}": _ENDS | _NUMBERS,
    _CL100K % "": _ENDS | _NUMBERS,
    _O200K: (_ENDS | _NUMBERS) & ~_CONTRACTIONS,
}
"""Of GPT-2, of GPT-4 and Llama 3, of Qwen, of GPT-4o. In none of them a letter is followed by anything but letters (or,
in the last, by a contraction), nor a digit by anything but digits; and what is looked ahead for is white space."""

_SPLITTERS: dict[str, Cuts] = {
    "BertPreTokenizer": _ENDS | _STARTS,
    "Whitespace": (_ENDS | _STARTS) & ~_UNDERSCORES,
    "WhitespaceSplit": _SPACES,
}


def safe_cuts(said: dict[str, Any]) -> Cuts | None:
    """Between which characters text may be cut; None if nothing is known about it."""
    normalizers = _members(said.get("normalizer"), "normalizers")
    if said["model"].get("dropout") or not all(map(_is_local, normalizers)):
        return None
    splitters = _members(said.get("pre_tokenizer"), "pretokenizers")
    if splitters:
        cuts = _cuts_of(splitters)
    else:
        cuts = _cuts_of_merges(said["model"]) if any(map(_marks_spaces, normalizers)) else None
    if cuts is None:
        return None
    if any(one["type"] in _DECOMPOSING for one in normalizers):
        cuts = cuts & (_SPACES | cuts_between(ascii_letters + digits, punctuation + "\n"))  # a mark is no letter
    added = [one for one in said.get("added_tokens") or [] if not one["special"]]  # special ones are not looked for
    return cuts if all(_fits(one, cuts) for one in added) else None


def take_prefix(said: dict[str, Any]) -> str:
    """Takes off that a space is put before each text, and gives what to put there instead.

    So texts can be cut, and only the first part has the space. Where text has tokens that were added, the library would
    put one after each of them too: then all is left as it is.
    """
    normalizers = _members(said.get("normalizer"), "normalizers")
    added = [one for one in said.get("added_tokens") or [] if not one["special"]]
    if added or said.get("pre_tokenizer") or normalizers[:1] != [{"type": "Prepend", "prepend": "\u2581"}]:
        return ""
    if not any(map(_marks_spaces, normalizers[1:])):
        return ""
    said["normalizer"] = {"type": "Sequence", "normalizers": normalizers[1:]}
    return " "


def _members(one: Any, key: str) -> list[dict[str, Any]]:
    if one is None:
        return []
    return [part for each in one[key] for part in _members(each, key)] if one["type"] == "Sequence" else [one]


def _fits(added: dict[str, Any], cuts: Cuts) -> bool:
    """Whether an added token neither reaches over a cut nor minds what stands beside it."""
    content = np.frombuffer(added["content"].encode(), np.uint8).astype(np.int64)
    reaches_over = cuts[content[:-1] * 256 + content[1:]].any()
    return not (added["lstrip"] or added["rstrip"] or added["single_word"] or reaches_over)


def _is_local(normalizer: dict[str, Any]) -> bool:
    if normalizer["type"] == "Replace":
        return _marks_spaces(normalizer) or normalizer["pattern"].get("Regex") in (" {2,}", " +")
    return normalizer["type"] in _LOCAL | _DECOMPOSING


def _marks_spaces(normalizer: dict[str, Any]) -> bool:
    return (
        normalizer["type"] == "Replace"
        and normalizer["pattern"].get("String") == " "
        and normalizer["content"] == "\u2581"
    )


def _cuts_of(splitters: list[dict[str, Any]]) -> Cuts | None:
    """Where any of the pre-tokenizers begins a new word; None if one of them is not known."""
    found = [_cuts_of_one(one) for one in splitters]
    known = [cuts for cuts in found if cuts is not None]
    cuts = np.logical_or.reduce(known) if len(known) == len(found) else None
    return cuts if cuts is not None and cuts.any() else None


def _cuts_of_one(one: dict[str, Any]) -> Cuts | None:
    kind = one["type"]
    nowhere = np.zeros(1 << 16, bool)
    if kind == "ByteLevel":
        return PATTERNS[_GPT2] if one.get("use_regex", True) else nowhere
    if kind == "Metaspace":
        return _SPACES if one.get("split", True) else nowhere
    if kind in ("Digits", "Punctuation"):
        return nowhere
    if kind == "Split" and (one["behavior"], one["invert"]) in (("Isolated", False), ("Removed", True)):
        return PATTERNS.get(one["pattern"].get("Regex"))
    return _SPLITTERS.get(kind)


def _cuts_of_merges(model: dict[str, Any]) -> Cuts | None:
    if model["type"] != "BPE" or model.get("ignore_merges"):
        return None
    known = (
        None
        if model.get("byte_fallback")
        else "".join(one for one in model["vocab"] if one.isascii() and len(one) == 1)
    )
    if "\u2581" not in model["vocab"]:
        return None
    return cuts_outside(model["vocab"], known=None if known is None else known + " ")
