"""A filter stage with other bounds, as columns over the documents it measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from corpus_kit.rules import Interval, Rule
from corpus_kit.tune.measured import Measured
from corpus_kit.tune.stages import retuned, rules_for
from corpus_kit.tune.verdicts import failing

if TYPE_CHECKING:
    import polars as pl


class Trial:
    """A filter stage with other bounds, as columns over its measured documents.

    `was_I` and `now_I` say whether a document fails rule number I of the stage, in the run and on trial; `failed` and
    `fails` count rules, a document refused without a look (`filter.no_profile`) failing one.
    """

    def __init__(self, measured: Measured, changes: Mapping[str, Interval | None]):
        import polars as pl

        self.measured = measured
        self.stage = retuned(measured.stage, changes)
        self.was, self.now = measured.rules(measured.stage), measured.rules(self.stage)
        rules = rules_for(measured.stage, (None, None))
        self.codes = [rule.code for rule in rules]
        self.changed = [i for i, one in enumerate(rules) if {one.code, *one.condition_codes} & changes.keys()]
        groups = measured.groups()
        each = range(len(self.codes))
        columns = {f"was_{i}": failing(groups, self.was[i]) for i in each}
        columns |= {f"now_{i}": failing(groups, self.now[i]) for i in self.changed}
        refused = groups.expression([int(one is not None) for one in measured.refused], pl.lit)
        self._columns, self._groups = columns, groups
        self._failed = pl.sum_horizontal(refused, *(pl.col(f"was_{i}").cast(pl.UInt16) for i in each))
        self._fails = pl.sum_horizontal(refused, *(pl.col(self.now_column(i)).cast(pl.UInt16) for i in each))

    def now_column(self, i: int) -> str:
        """The column that says whether a document fails a rule on trial."""
        return f"now_{i}" if i in self.changed else f"was_{i}"

    def frame(self) -> pl.LazyFrame:
        """The measured documents with verdicts: then and now, rule by rule and in all."""
        import polars as pl

        judged = self._groups.join(self.measured.frame).with_columns(**self._columns)
        judged = judged.with_columns(failed=self._failed, fails=self._fails)
        return judged.with_columns(
            to_kept=(pl.col("failed") > 0) & (pl.col("fails") == 0),
            to_rejected=(pl.col("failed") == 0) & (pl.col("fails") > 0),
            held=(pl.col("fails") > 0)
            & pl.any_horizontal(pl.lit(False), *(pl.col(f"was_{i}") & ~pl.col(f"now_{i}") for i in self.changed)),
        )


def bounds_of(measured: Measured, rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """The bounds of a rule, which has one for each key, and where they hold: those of most languages first.

    Where there is one, it holds everywhere. Categories are named only if bounds depend on them.
    """
    judged = [(key, str(rule)) for key, rule, no in zip(measured.keys, rules, measured.refused, strict=True) if not no]
    by_language: dict[str | None, set[str]] = {}
    for (lang, _), bounds in judged:
        by_language.setdefault(lang, set()).add(bounds)
    where: dict[str, list[str]] = {}
    for (lang, category), bounds in judged:
        name = lang or "no language"
        name = name if len(by_language[lang]) == 1 else f"{name} {category}"
        if name not in (names := where.setdefault(bounds, [])):
            names.append(name)
    ordered = sorted(where.items(), key=lambda item: (-len(item[1]), item[0]))
    return [{"bounds": bounds, "where": names if len(ordered) > 1 else []} for bounds, names in ordered]
