"""The 57 questions of Datasheets for Datasets (Gebru et al. 2021, arXiv:1803.09010), in our own words.

Their order, sections and number are the paper's: motivation 4, composition 16, collection 12, preprocessing 4, uses 6,
distribution 7, maintenance 8.
"""

from __future__ import annotations

from typing import NamedTuple


class Question(NamedTuple):
    """One question; the id is its section's letter and its place."""

    id: str
    section: str
    text: str


_SECTIONS = {
    "M": "Motivation",
    "C": "Composition",
    "P": "Collection",
    "R": "Preprocessing",
    "U": "Uses",
    "D": "Distribution",
    "N": "Maintenance",
}

_TEXTS = {
    "M1": "What is the corpus for, and which gap does it fill?",
    "M2": "Who made it, and on whose behalf?",
    "M3": "Who paid for it, under which grant?",
    "M4": "Anything else about why it was made?",
    "C1": "What is one entry, and are there several kinds?",
    "C2": "How many entries are there, of each kind?",
    "C3": "Is it everything there is or a selection; of what, and does the selection represent the whole?",
    "C4": "What does an entry consist of?",
    "C5": "Does an entry carry a label or a target?",
    "C6": "Is anything missing from entries, and why?",
    "C7": "Are relations between entries made explicit?",
    "C8": "Are there recommended splits, and for what reason?",
    "C9": "Which errors, noise or redundancy does it hold?",
    "C10": "Does it stand alone, or lean on outside resources that may change or vanish?",
    "C11": "Does it hold anything confidential?",
    "C12": "Does it hold anything that may offend, insult, threaten or distress when read?",
    "C13": "Does it set groups of people apart, and how are they spread?",
    "C14": "Can single persons be recognized, directly or by combining it with other data?",
    "C15": "Does it hold sensitive data, such as origin, belief, health, finances or government identifiers?",
    "C16": "Anything else about what it is made of?",
    "P1": "How was the content of each entry obtained: observed, reported by people, or derived; and was that checked?",
    "P2": "With which devices, programs or procedures was it collected, and how were they checked?",
    "P3": "If it is a sample of something larger, how was the sample drawn?",
    "P4": "Who took part in collecting it, and how were they paid?",
    "P5": "Over which time was it collected, and does that match the time the content was made?",
    "P6": "Did an ethics board or the like review it?",
    "P7": "Was it obtained from the persons concerned, or through others?",
    "P8": "Were the persons concerned told, and in which words?",
    "P9": "Did the persons concerned agree, and to what?",
    "P10": "If they agreed, how can they take that back?",
    "P11": "Was the effect on the persons concerned analyzed, as in a data protection impact assessment?",
    "P12": "Anything else about how it was collected?",
    "R1": "How was it processed, cleaned or labelled?",
    "R2": "Is the raw data kept as well, and where?",
    "R3": "Is the software that processed it available?",
    "R4": "Anything else about how it was processed?",
    "U1": "Has it been used already, and for what?",
    "U2": "Is there a list of papers or systems that use it?",
    "U3": "For what else could it be used?",
    "U4": "What in its making could affect later use, such as unequal treatment of groups; what can users do about it?",
    "U5": "For what should it not be used?",
    "U6": "Anything else about its uses?",
    "D1": "Will it be given to others outside the body that made it?",
    "D2": "How will it be given out, and does it have a DOI?",
    "D3": "When will it be given out?",
    "D4": "Under which licence or terms of use?",
    "D5": "Do others restrict what may be done with the entries?",
    "D6": "Do export controls or other rules restrict it?",
    "D7": "Anything else about how it is given out?",
    "N1": "Who keeps and hosts it?",
    "N2": "How can they be reached?",
    "N3": "Is there a list of errors found since?",
    "N4": "Will it be updated: how often, by whom, and how will users hear of it?",
    "N5": "Do limits apply to how long personal data may be kept, and how are they enforced?",
    "N6": "Will older versions stay available, and how will users hear that one is obsolete?",
    "N7": "Can others add to it, and how are additions checked?",
    "N8": "Anything else about how it is kept?",
}

QUESTIONS: tuple[Question, ...] = tuple(Question(id, _SECTIONS[id[0]], text) for id, text in _TEXTS.items())
"""Every question, in the order of the paper."""
