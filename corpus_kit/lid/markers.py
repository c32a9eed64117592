"""What the function words of a document say against its label, so that a model can be measured on what is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from corpus_kit.lid.text import fold


class Document(NamedTuple):
    """One text with its label; `id` begins with the source's path, so a prefix names a part of a source."""

    label: str
    source: str
    id: str
    license: str
    text: str


# Words met only in Nynorsk, the same only in Bokmål, and words met in English but hardly in the other languages.
_NYNORSK = (
    "ikkje eg kva korleis frå vere noko nokre ein eit ho dei mykje berre kjem kvar desse vart meir fleire då gjer"
)
_BOKMAAL = "ikke jeg hva hvordan fra være noe noen en et hun de mye bare kommer hver disse ble mer flere da gjør"
_DANO = (
    "af meget nogle noget blev efter hvad mellem uden hende sprog",
    "av mye noen noe ble etter hva mellom uten henne språk",
)
_ENGLISH = frozenset(("the", "of", "this", "that", "with", "you", "are", "which", "your", "and", "from"))
_NORWEGIAN = tuple(frozenset(words.split(" ")) for words in (_NYNORSK, _BOKMAAL))
_DANO_NORWEGIAN = tuple(frozenset(words.split(" ")) for words in _DANO)
_MARKERS = {"nno_Latn": _NORWEGIAN, "nob_Latn": _NORWEGIAN[::-1], "dan_Latn": _DANO_NORWEGIAN}
_NORDIC = frozenset(
    [
        "og",
        "och",
        "i",
        "er",
        "är",
        "det",
        "at",
        "att",
        "på",
        "av",
        "af",
        "for",
        "för",
        "som",
        "en",
        "ein",
        "den",
        "til",
        "till",
        "de",
    ]
)
# Northern Sámi, with some Lule and South Sámi; those that are words of other languages too by themselves.
_SAMI_SHARED = frozenset(("ja", "go", "dan", "mat", "nu", "min", "aj"))
_SAMI_WORDS = (
    "lea leat ahte dat mii maid maiddái dahje gii leai eai dán dáid muhto olu mielde birra gaskkas daid dego maŋŋel "
    "ovdal vuođul sii ieš jïh daate dïhte aktem jïjtje lij gejna gukti dasste"
)
_SAMI = _SAMI_SHARED.union(_SAMI_WORDS.split(" "))
_MAINLAND = frozenset({"dan_Latn", "swe_Latn", "nob_Latn", "nno_Latn"})
_MIXED_ENGLISH_SHARE = 0.05
"""English prose has 15% of these words (measured on `text/en`), so at this share a third of a page is English."""
_ENOUGH_WORDS = 100
_SAMI_SHARE = 0.1
"""Of the documents in Nordic languages with fewer Sámi sentences nearly all have none. Half of a Sámi text is sentences
with no such words."""


def is_mislabelled(document: Document) -> bool:
    """Whether a Norwegian document is full of words of the other Norwegian, or a Nordic one has none of its words.

    Some are, in every collection: the South Sámi half of a page in two languages, a Bokmål notice in a Nynorsk file.
    Judged by marker words and not by a model, so that a model can be measured on what is left.

    >>> is_mislabelled(Document("nno_Latn", "s", "s/1", "", "Jeg vet ikke hva hun sa. " * 3))
    True
    """
    if document.label not in _MAINLAND:
        return False
    words = fold(document.text).split()
    if len(words) >= _ENOUGH_WORDS and not _NORDIC.intersection(words):
        return True
    if document.label not in ("nno_Latn", "nob_Latn"):
        return False
    own, other = (sum(word in markers for word in words) for markers in _MARKERS[document.label])
    return other >= 5 and other > own


def is_of_two(document: Document) -> bool:
    """Whether a document has so many marker words of a close language that no single label is right.

    Half as many as of its own: in Dano-Norwegian of the 19th century, pages with both kinds of Norwegian.

    >>> is_of_two(Document("nno_Latn", "s", "s/1", "", "Eg veit ikkje kva ho sa. Jeg vet ikke hva. " * 5))
    True
    """
    if document.label not in _MARKERS:
        return False
    words = fold(document.text).split()
    own, other = (sum(word in markers for word in words) for markers in _MARKERS[document.label])
    return other > 5 and other * 2 > own


def is_mixed(document: Document) -> bool:
    """Whether a good part of a translated document was left in English, so that no single label is right.

    >>> is_mixed(Document("dan_Latn", "s", "s/1", "", "Vælg the name of the file og så fortsæt."))
    True
    """
    words = fold(document.text).split()
    english = sum(word in _ENGLISH for word in words)
    return document.label != "eng_Latn" and english > _MIXED_ENGLISH_SHARE * len(words)


def is_sami(folded: str) -> bool:
    """Whether a sentence is in Sámi by its function words, as in documents that have every page in two languages.

    >>> is_sami("dat lea buorre ja mii leat dás"), is_sami("ja det går bra")
    (True, False)
    """
    words = folded.split()
    found = {word for word in words if word in _SAMI}
    return len(found) >= 2 and bool(found - _SAMI_SHARED) and sum(word in found for word in words) * 8 >= len(words)


def is_partly_sami(sentences: Sequence[str]) -> bool:
    """Whether so many sentences of a document are Sámi that it says all in two languages, or is Sámi throughout.

    >>> is_partly_sami(["dat lea buorre ja mii leat dás", *["det går bra"] * 8])
    True
    """
    return sum(map(is_sami, sentences)) > _SAMI_SHARE * len(sentences)


def is_english(folded: str) -> bool:
    """Whether a sentence is English by its function words, whatever its document is said to be.

    >>> is_english("the name of the file that you want"), is_english("så kan det gå")
    (True, False)
    """
    words = folded.split()
    found = [word for word in words if word in _ENGLISH]
    return len(set(found)) >= 2 and len(found) * 8 >= len(words)


def is_foreign(folded: str, label: str) -> bool:
    """Whether a sentence of a document with this label is English or Sámi, which documents of every language quote.

    >>> is_foreign("the name of the file", "dan_Latn"), is_foreign("the name of the file", "eng_Latn")
    (True, False)
    """
    return is_sami(folded) or (label != "eng_Latn" and is_english(folded))
