"""The guard: notices when one rule or one stage removes nearly all of a source or of a language.

A stop-word rule in the wrong language, a field mapped to the wrong name, a bound with a digit too many: each removes a
whole source without an error. The guard looks at the counts after each pass over the data, and stops the run, warns, or
is off. It decides about no document, so it is no part of the identity of the output.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from corpus_kit.errors import RecipeError, suggest
from corpus_kit.ledger import Tally

_DUPLICATE = "what a duplicate says is still in the corpus, in its survivor"

INTENDED: dict[str, tuple[tuple[str, ...], str]] = {
    "identify.language": (("source", "language"), "`keep` says which languages are wanted"),
    "filter.no_profile": (("language",), "without a profile nothing of the language is kept, as the stage says"),
    **dict.fromkeys(
        ("dedup.exact", "dedup.minhash", "dedup.url", "dedup.source_id"), (("source", "language"), _DUPLICATE)
    ),
}
"""Codes that may remove all of a group without anything being wrong, the kinds of group, and why."""

NO_LANGUAGE = frozenset({"", "und", "zxx"})
"""Labels of texts whose language nobody knows: not a language that could be lost."""

SHOWN = 10
"""Losses a message lists."""


class Guard(BaseModel):
    """When to stop a run that loses nearly all of a source or of a language."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    action: Literal["stop", "warn", "off"] = "stop"
    """At the end of a pass: `stop` the run (it can be resumed), `warn` in summary and datasheet, or nothing."""
    max_share: float = Field(default=0.9, gt=0, lt=1)
    """Largest part of a source's or language's documents that a rule, or a stage in all, may remove unremarked."""
    min_documents: int = Field(default=100, ge=1)
    """Sources and languages with fewer documents at a stage are not judged there."""
    allow: tuple[str, ...] = ()
    """What is meant to be: `STAGE/CODE/GROUP`, a group being a source or a language label; `*` stands for anything and
    parts at the end may be left out."""

    @field_validator("allow")
    @classmethod
    def _have_parts(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in allow:
            if not 1 <= len(pattern.split("/")) <= 3 or not all(pattern.split("/")):
                raise ValueError(f"{pattern!r} is not STAGE/CODE/GROUP, as in filter/gopher.word_count/nno_Latn")
        return allow

    def allows(self, stage: str, code: str, kind: str, group: str) -> bool:
        """Whether a loss is intended: by the nature of the reason, or because the recipe says so."""
        if code in INTENDED and kind in INTENDED[code][0]:
            return True
        names = (stage, code, group)
        return any(all(map(fnmatchcase, names, pattern.split("/"))) for pattern in self.allow)


class Loss(NamedTuple):
    """Nearly all of a source or language, gone at one stage."""

    stage: str
    code: str
    """The reason; empty if it takes all reasons of the stage together."""
    kind: str
    """`source` or `language`."""
    group: str
    removed: int
    of: int
    most: tuple[tuple[str, int], ...] = ()
    """Of several reasons, the most frequent: code and documents."""

    def __str__(self) -> str:
        what = f"{self.stage}: {self.code} rejects" if self.code else f"{self.stage} rejects"
        share = min(self.removed / self.of, 0.999 if self.removed < self.of else 1)
        text = f"{what} {self.removed:,} of {self.of:,} documents ({share:.1%}) of {self.kind} {self.group}"
        return text if not self.most else f"{text}, by {_listed(self.most)}"


def guard_of(recipe: Mapping[str, Any]) -> Guard:
    """The guard of a planned recipe.

    >>> guard_of({"guard": {"action": "warn"}}).action
    'warn'
    """
    return Guard.model_validate(recipe.get("guard", {}))


def check_allowed(guard: Guard, codes: Mapping[str, Iterable[str]]) -> None:
    """Makes sure that every pattern can mean something. Raises RecipeError naming the nearest stage or code.

    `codes` has the reason codes of every stage, reading included.
    """
    for pattern in guard.allow:
        stage, _, rest = pattern.partition("/")
        stages = [name for name in codes if fnmatchcase(name, stage)]
        if not stages:
            raise RecipeError(f"guard: allow: no stage {stage!r} in this recipe; {suggest(stage, codes)}")
        code = rest.partition("/")[0]
        known = {one for name in stages for one in codes[name]}
        if code and not any(fnmatchcase(one, code) for one in known):
            raise RecipeError(f"guard: allow: stage {stage!r} has no reason {code!r}; {suggest(code, known)}")


def losses(guard: Guard, tally: Tally, stages: Sequence[str]) -> list[Loss]:
    """Every loss the guard objects to at these stages (reading is the stage `read`), in their order, largest first.

    A rule is judged by all documents that fail it, whether or not another rule counted first; a stage by those it
    rejects. Where one rule alone is over the limit, the stage's total is not told as well.
    """
    if guard.action == "off":
        return []
    whole = _documents(guard, tally)
    failing: dict[tuple[str, str, str], Counter[str]] = {}
    counted: dict[tuple[str, str, str], Counter[str]] = {}
    for one, many in tally.failing.items():
        _add(failing, guard, one.stage, one.code, one.source, one.lang, many)
    for cell, many in tally.documents.items():
        if cell.flow == "rejected":
            _add(counted, guard, cell.stage, cell.code, cell.source, cell.lang, many)
    found: list[Loss] = []
    order = {stage: i for i, stage in enumerate(stages)}
    for key, of in whole.items():
        if key[0] in order and of >= guard.min_documents:
            found += _over(key, of, guard.max_share, failing.get(key, Counter()), counted.get(key, Counter()))
    return sorted(found, key=lambda one: (order[one.stage], -one.removed / one.of, -one.of, one))


def _documents(guard: Guard, tally: Tally) -> Counter[tuple[str, str, str]]:
    """Documents a stage judged, by stage and source and by stage and language, less those it is meant to reject.

    Counted on leaving, because a stage may be the one that says what the language is. What was meant to go, or was
    not looked at, must not make a loss look small.
    """
    whole: Counter[tuple[str, str, str]] = Counter()
    for cell, many in tally.documents.items():
        if cell.flow not in ("kept", "rejected", "segmented") or cell.code == "untouched":
            continue
        for kind, group in _groups(cell.source, cell.lang):
            if cell.flow != "rejected" or not guard.allows(cell.stage, cell.code, kind, group):
                whole[cell.stage, kind, group] += many
    return whole


def _groups(source: str, lang: str) -> Iterator[tuple[str, str]]:
    yield "source", source
    if lang not in NO_LANGUAGE:
        yield "language", lang


def _add(
    into: dict[tuple[str, str, str], Counter[str]],
    guard: Guard,
    stage: str,
    code: str,
    source: str,
    lang: str,
    many: int,
) -> None:
    for kind, group in _groups(source, lang):
        if not guard.allows(stage, code, kind, group):
            into.setdefault((stage, kind, group), Counter())[code] += many


def _over(
    key: tuple[str, str, str], of: int, limit: float, failing: Counter[str], counted: Counter[str]
) -> Iterator[Loss]:
    stage, kind, group = key
    alone = [(code, many) for code, many in (failing | counted).items() if many > limit * of]
    for code, many in alone:
        yield Loss(stage, code, kind, group, many, of)
    if not alone and counted.total() > limit * of:
        yield Loss(stage, "", kind, group, counted.total(), of, tuple(_most(counted)))


def _most(counted: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:3]


def _listed(most: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{code} ({many:,})" for code, many in most)


def loss_lines(found: Sequence[Loss]) -> list[str]:
    """The losses for people, cut where there are many."""
    more = [f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return [*(f"  {one}" for one in found[:SHOWN]), *more]


def warning_lines(found: Sequence[Loss]) -> list[str]:
    """What summary and status say of losses; nothing if there are none."""
    return ["the guard found a source or language that is nearly gone:", *loss_lines(found)] if found else []


def stop_text(found: Sequence[Loss], guard: Guard, run: str, tunable: Sequence[str]) -> str:
    """Why the run stops here, and what to do. `tunable` are the stages whose bounds `tune` can try out."""
    first = found[0]
    code = f" --code {first.code}" if first.code else ""
    group = f"--{first.kind} {first.group}"
    look = f"corpus-kit inspect {run} --stage {first.stage}{code} {group}"
    tune = [f"  corpus-kit tune {run} --stage {first.stage} {group}"] if first.stage in tunable else []
    return "\n".join(
        [
            f"the guard stops the run: more than {guard.max_share:g} of a source or language is removed",
            *loss_lines(found),
            f"what is done is kept; look at it, {'and try out other bounds, ' if tune else ''}before you decide",
            f"  {look}",
            *tune,
            "if it is meant, say so in the recipe and run the same command again, which goes on from here:",
            f'  guard: {{allow: ["{first.stage}/{first.code or "*"}/{first.group}"]}}',
            "  or raise `max_share`, or `action: warn`, or `action: off` (`corpus-kit explain guard`)",
            "if it is not, change the stage and run with --overwrite, or into another --output",
        ]
    )
