"""Counts words that only one of the two written Norwegians has.

By them lines and documents are found that are in the other Norwegian than they are said to be, so that nothing is
trained on them, and long texts in doubt are decided.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_NYNORSK = (
    "arbeidsgjevar arbeidstakar arbeidstakarar avgjerd avgjerda brukar brukarar bustad dei deira desse difor eg "
    "eige eigen eigne ein eining einingar einskild einskilde eit elevane elevar endringane endringar fleire "
    "framleis frå følgjande følgjer føremål føremålet føresegn føresegnene føresegner gjeldande gjer gjera gjere "
    "gjev grunngjeving heile hennar høyrer ikkje innbyggjarar kjelde kjelder kjem kommunane kommunar korleis kva "
    "kvar kvart kven kvifor leiinga lærar lærarar medlemene medlemer meir millom mjølk mogleg mykje namn namnet "
    "naudsynt noko nokon nokre noreg noregs offentleg offentlege omsyn omsynet oppgåva oppgåver pengar reglane "
    "reglar rettar saman samanheng samansett seinare seinast sjå sjølv sjølve skriftleg skriftlege skular skule "
    "skulen språkleg styresmakt styresmaktene styresmakter særleg søkjar søkjarar tenesta teneste tenester "
    "tidlegare tilbod tilbodet utan utgreiing vanleg vart vere verksemd verksemda verksemder vitskap vore årleg "
)
_BOKMAAL = (
    "arbeidsgiver arbeidstaker arbeidstakere avgjørelse avgjørelsen begrunnelse bestemmelsen bestemmelsene "
    "bestemmelser ble bolig brukere deres disse eget egne elevene elever en endringene endringer enhet enheter et "
    "fastsatt flere fra følger gjeldende gjelder gjør gjøre hele hennes hensyn hensynet hva hvem hver hverandre "
    "hvert hvor hvordan hvorfor hører ikke innbyggere jeg kilde kilder kommer kommet kommunene kommuner ledelsen "
    "lærere melk mer muligheter myndighet myndighetene myndigheter navn navnet noe noen norge norges offentlig "
    "offentlige oppgaven oppgaver opphevet penger reglene regler rettigheter sammen sammenheng sammensatt selv "
    "selve senere senest sier skriftlig skriftlige språklig særlig søkere tidligere tilbud tilbudet tjeneste "
    "tjenesten tjenester uten utredning vanlig virksomhet virksomheten virksomheter vitenskap være vært årlig "
)
"""Words of one norm that the other does not allow. Left out are those that are allowed in both, however rare in one
(Nynorsk has blir, første, mye, skole, tar; Bokmål has endra, gjeld, ho, tida, veg) and names."""

_ONLY = {"nno_Latn": frozenset(_NYNORSK.split()), "nob_Latn": frozenset(_BOKMAAL.split())}
_OTHER = {"nno_Latn": "nob_Latn", "nob_Latn": "nno_Latn"}

_LEAST = 2
"""Words of the other Norwegian from which a document can be the wrong one: one is a name or a quotation."""


def lead(lines: pa.Array) -> NDArray[np.int64]:
    """How many more words of each folded line are only Nynorsk than are only Bokmål.

    >>> lead(pa.array(["ho kjem ikkje  senere", "", "jeg vet"])).tolist()
    [1, 0, -1]
    """
    words = pc.call_function("ascii_split_whitespace", [lines])
    votes = np.zeros(len(words.flatten()) + 1, np.int64)
    for label, vote in (("nno_Latn", 1), ("nob_Latn", -1)):
        met = pc.is_in(words.flatten(), value_set=pa.array(sorted(_ONLY[label]), words.type.value_type))
        votes[1:] += vote * np.asarray(met)
    reached = np.cumsum(votes)
    ends = np.asarray(words.offsets) - words.offsets[0].as_py()
    return reached[ends[1:]] - reached[ends[:-1]]


def is_line_of_the_other(line: str, label: str) -> bool:
    """Whether a folded line has more words of the other Norwegian than of its own.

    >>> is_line_of_the_other("jeg vet det", "nno_Latn"), is_line_of_the_other("jeg vet det", "nob_Latn")
    (True, False)
    """
    own, other = _counts((line,), label)
    return other > own


def is_of_the_other(lines: Sequence[str], label: str) -> bool:
    """Whether the folded lines of a document have more than half as many words of the other Norwegian as of its own.

    >>> is_of_the_other(["forskrift om melk", "opphevet i kommunen"], "nno_Latn")
    True
    """
    own, other = _counts(lines, label)
    return other >= _LEAST and other * 2 > own


def _counts(lines: Sequence[str], label: str) -> tuple[int, int]:
    if label not in _OTHER:
        return 0, 0
    words = [word for line in lines for word in line.split()]
    own, other = _ONLY[label], _ONLY[_OTHER[label]]
    return sum(word in own for word in words), sum(word in other for word in words)
