"""What a mix is asked to be: the targets file, or the same as options and as fields of the `weight` stage."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core.core_schema import ValidationInfo

from corpus_kit import resources
from corpus_kit.mixing.groups import Group, flatten, label
from corpus_kit.mixing.sizes import Unit
from corpus_kit.strict_yaml import load, validate

Method = Literal["natural", "temperature", "unimax", "shares", "weights", "epochs"]
METHODS: tuple[str, ...] = get_args(Method)

REMAINDER = "remainder"

SHARES_TOLERANCE = 1e-3
"""How far shares may be from adding up to 1: published tables are rounded to tenths of a percent or finer."""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


class Targets(BaseModel):
    """A mix as asked for; `mixing.solve` makes weights of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mix: Literal[1] = 1
    cites: str | None = None
    """Where the numbers come from."""
    unit: Unit = "bytes"
    """What sizes, shares and the total are counted in. Bytes are of UTF-8."""
    tokenizer: str | None = None
    """Which token counts, if there are several."""
    by: tuple[str, ...] = Field(default=("lang",), min_length=1)
    """Columns whose values make the groups."""
    method: Method = "natural"
    alpha: Annotated[float, Field(strict=True, ge=0, le=1)] | None = None
    """Temperature: share proportional to size^alpha; 1 as found, 0 all groups alike."""
    shares: dict[str, Any] | None = None
    """Group -> share of the whole; they add up to 1. A name of several groups is divided as they are found."""
    weights: dict[str, Any] | None = None
    """Group -> how often it is seen, relative to others; scaled to the total."""
    epochs: dict[str, Any] | None = None
    """Group -> how often it is seen. The total follows."""
    max_epochs: float | dict[str, Any] | None = None
    """No group is seen more often."""
    total: float | Literal["constant"] | None = None
    """Size of the mix. Default: constant, as large as what there is; with `epochs` it follows."""
    when_capped: Literal["refuse", "spread"] | None = None
    """Where a cap binds: refuse (default of `shares` and `weights`), or give what is over to others (of the rest)."""
    absent: Literal["refuse", "skip"] = "refuse"
    """Names that fit no group: refuse, or skip them; shares of others then grow in proportion."""

    @field_validator("total", mode="plain")
    @classmethod
    def _is_a_total(cls, value: Any) -> float | Literal["constant"] | None:
        if value in (None, "constant"):
            return value
        if not _is_number(value) or value <= 0:
            raise ValueError("takes a number above 0, or `constant`")
        return float(value)

    @field_validator("max_epochs", mode="plain")
    @classmethod
    def _is_a_cap(cls, value: Any, info: ValidationInfo) -> float | dict[str, Any] | None:
        if value is None:
            return None
        if isinstance(value, Mapping):
            return cls._are_numbers(dict(value), info)
        if not _is_number(value) or value <= 0:
            raise ValueError("takes a number above 0, or groups with numbers")
        return float(value)

    @field_validator("shares", "weights", "epochs")
    @classmethod
    def _are_numbers(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None or "by" not in info.data:
            return value
        numbers = flatten(value, len(info.data["by"]))
        if info.field_name == "shares" and numbers.get(()) == REMAINDER:
            numbers.pop(())
        for name, number in numbers.items():
            if not _is_number(number):
                raise ValueError(f"{label(name)!r} takes a number")
            if number < 0:
                raise ValueError(f"{label(name)!r} is negative")
        if info.field_name == "shares":
            complete(flatten(value, len(info.data["by"])))
        return value

    @model_validator(mode="after")
    def _fit_the_method(self) -> Targets:
        own = {"temperature": "alpha", "shares": "shares", "weights": "weights", "epochs": "epochs"}
        for method, field in own.items():
            given = getattr(self, field) is not None
            if given and method != self.method:
                raise ValueError(f"`{field}` is for method {method}, not {self.method}")
            if not given and method == self.method:
                raise ValueError(f"method {method} needs `{field}`")
        if self.method == "unimax" and self.max_epochs is None:
            raise ValueError("method unimax needs `max_epochs`")
        if self.method == "epochs" and self.total is not None:
            raise ValueError("with method epochs the total follows; to reach a total, use method weights")
        if self.method == "epochs" and self.when_capped == "spread":
            raise ValueError("with method epochs there is nothing to spread")
        if self.tokenizer is not None and self.unit != "tokens":
            raise ValueError(f"`tokenizer` is for unit tokens, not {self.unit}")
        return self

    @property
    def spreads(self) -> bool:
        """Whether what a capped group cannot take goes to the others."""
        given = self.when_capped
        return given == "spread" if given else self.method not in ("shares", "weights", "epochs")

    def numbers(self, field: str) -> dict[Group, Any]:
        """The numbers of a field by name of groups, with nothing nested."""
        value = getattr(self, field)
        return flatten(value, len(self.by)) if isinstance(value, Mapping) else {} if value is None else {(): value}


def complete(shares: Mapping[Group, Any]) -> dict[Group, float]:
    """Shares that add up to exactly 1, the remainder filled in. Raises ValueError if they cannot.

    >>> complete({("dan",): 0.6, (): "remainder"})
    {('dan',): 0.6, (): 0.4}
    """
    given = math.fsum(share for share in shares.values() if share != REMAINDER)
    if REMAINDER in shares.values():
        if given > 1 + SHARES_TOLERANCE:
            raise ValueError(f"shares add up to {given:g}, so nothing remains for the rest")
        return {name: max(0.0, 1 - given) if share == REMAINDER else share for name, share in shares.items()}
    if abs(given - 1) <= SHARES_TOLERANCE:
        return {name: share / given for name, share in shares.items()}
    hint = f"; write fractions, not percent: {given / 100:g} in all" if abs(given - 100) < 5 else ""
    rest = f"; `rest: {1 - given:g}` would be for all others" if given < 1 and () not in shares else ""
    raise ValueError(f"shares add up to {given:g}, not 1{hint}{rest}")


def load_targets(name: str | Path) -> Targets:
    """The targets in a file, or of a shipped mix by its name. Raises RecipeError with file and line."""
    return validate(load(resources.find("mixes", str(name))), Targets)
