"""What the function words of a document say against its label, so that a model can be measured on what is left."""

from __future__ import annotations

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
_MAINLAND = frozenset({"dan_Latn", "swe_Latn", "nob_Latn", "nno_Latn"})
_MIXED_ENGLISH_SHARE = 0.05
"""English prose has 15% of these words (measured on `text/en`), so at this share a third of a page is English."""
_ENOUGH_WORDS = 100


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


def is_english(folded: str) -> bool:
    """Whether a sentence is English by its function words, whatever its document is said to be.

    >>> is_english("the name of the file that you want"), is_english("så kan det gå")
    (True, False)
    """
    words = folded.split()
    found = [word for word in words if word in _ENGLISH]
    return len(set(found)) >= 2 and len(found) * 8 >= len(words)
