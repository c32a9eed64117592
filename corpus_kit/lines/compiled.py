"""Line rules over Arrow arrays: by the compiled pass, or, for functions that are not compiled, by their definitions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus_kit.kernels.lines import OPERATIONS, Cleaned, CompiledRule, Programs, clean_texts, compile_programs
from corpus_kit.lines.apply import apply_pass
from corpus_kit.lines.registry import DEFINITIONS
from corpus_kit.lines.rules import LineRule, Pass

STRINGS = ("phrases", "marks", "characters", "ignoring")
"""Parameters that are the strings of an operation; it has one of them."""


@dataclass(frozen=True, slots=True)
class PreparedPass:
    """One pass in several versions, for texts of different categories; all of the same rules, with other bounds."""

    versions: tuple[Pass, ...]
    programs: Programs | None
    """Tables of the compiled pass; None if it does not have all the functions."""

    def run(self, texts: pa.Array, which: NDArray[np.integer]) -> Cleaned:
        """The texts after the pass, each by the version `which` says, and what its rules removed.

        >>> from corpus_kit.lines.rulesets import load_line_ruleset
        >>> from corpus_kit.lines.rules import resolve
        >>> (prepared,) = prepare([resolve([load_line_ruleset("fineweb2")])])
        >>> prepared.run(pa.array(["a\\n| |\\nb"]), np.zeros(1, int)).texts.to_pylist()
        ['a\\n\\nb']
        """
        if self.programs is not None:
            return clean_texts(texts, self.programs, which=which, unit=self.versions[0].unit)
        return self._run_definitions(texts, which)

    def _run_definitions(self, texts: pa.Array, which: NDArray[np.integer]) -> Cleaned:
        made: list[bytes | None] = []
        places = np.zeros((len(self.versions[0].rules), len(texts)), np.int64)
        for row, text in enumerate(texts.cast(pa.large_binary()).to_pylist()):
            if text is None:
                made.append(None)
                continue
            cleaned, found = apply_pass(text.decode("utf-8", "surrogateescape"), self.versions[which[row]])
            made.append(cleaned.encode("utf-8", "surrogateescape"))
            places[:, row] = list(found.values())
        array = pa.array(made, pa.large_binary())
        return Cleaned(pa.Array.from_buffers(pa.large_string(), len(array), array.buffers()), places)


def prepare(versions: Sequence[Sequence[Pass]]) -> tuple[PreparedPass, ...]:
    """Passes that can be run; each version has the same passes, with other bounds."""
    prepared = []
    for same in zip(*versions, strict=True):
        rules = [one.rules for one in same]
        tables = compile_rules(rules) if all(map(is_compiled, same[0].rules)) else None
        prepared.append(PreparedPass(tuple(same), tables))
    return tuple(prepared)


def is_compiled(rule: LineRule) -> bool:
    """Whether the compiled pass has the rule's function; a user's own runs in Python."""
    name = rule.definition.name
    return name in OPERATIONS and rule.definition.function is DEFINITIONS[name].function


def compile_rules(programs: Sequence[Sequence[LineRule]]) -> Programs:
    """Tables of several lists of the same rules, each with its own bounds."""
    return compile_programs([[compile_rule(rule) for rule in rules] for rules in programs])


def compile_rule(rule: LineRule) -> CompiledRule:
    """One rule with its bounds and strings.

    >>> from corpus_kit.lines.rulesets import load_line_ruleset
    >>> compile_rule(load_line_ruleset("c4").rules[3])[:5]
    ('word_count', True, 3.0, inf, None)
    """
    low, high = rule.bounds
    given = rule.parameters
    return CompiledRule(
        operation=rule.definition.name,
        is_on=rule.is_on,
        low=-math.inf if low is None else low,
        high=math.inf if high is None else high,
        open=rule.open,
        strings=next((given[name] for name in STRINGS if name in given), ()),
        others=given.get("but_not", ()),
        ranges=given.get("ranges", ()),
        where=given.get("where", "anywhere"),
        leaves_blank_line=rule.leaves_blank_line,
    )
