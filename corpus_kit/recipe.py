"""Recipes: a list of configured stages and the few settings that shape the output. YAML <-> typed, both ways."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny, field_validator

import corpus_kit.stages  # noqa: F401  registers the shipped stages
from corpus_kit.errors import RecipeError
from corpus_kit.guard import Guard
from corpus_kit.stage import Stage, stage_class
from corpus_kit.strict_yaml import Document, Location, load, parse, scalar, validate


class Recipe(BaseModel):
    """What to do, in which order; never where. Inputs, outputs, workers and addresses are arguments of a run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    recipe: Literal[1] = 1
    """Version of the recipe language."""
    name: str = Field(default="recipe", pattern=r"^[a-z0-9][a-z0-9_-]*$")
    """What the corpus is called."""
    description: str | None = None
    """What it is, in a sentence or two, for the datasheet."""
    sources: tuple[str, ...] | None = None
    """Sources the recipe expects, in order of priority (first wins between duplicates). None: any, by name."""
    stages: tuple[SerializeAsAny[Stage], ...] = Field(min_length=1)
    """What is done, in order: names of stages, or names with their settings."""
    shard_bytes: int = Field(default=256 << 20, ge=1 << 12)
    """Output shards hold at most about this many bytes of text."""
    split_bytes: int = Field(default=64 << 20, ge=1 << 12)
    """Input files larger than this are split into units of about this size where the format allows."""
    reject_text: Literal["sample", "all", "none"] = "sample"
    """Text of rejected documents to keep: all, none, or the lowest id hashes per reason, source and language."""
    metrics: Literal["all", "none"] = "all"
    """Whether measured values are stored."""
    guard: Guard = Guard()
    """Stops a run that loses nearly all of a source or of a language; no part of the output's identity. Languages that
    `identify` is not to keep, languages without a profile, and duplicates are meant to go, and do not count."""

    @field_validator("stages")
    @classmethod
    def _ids_differ(cls, stages: tuple[Stage, ...]) -> tuple[Stage, ...]:
        ids = stage_ids(stages)
        twice = {stage_id for stage_id in ids if ids.count(stage_id) > 1}
        if twice:
            raise ValueError(f"two stages have the id {min(twice)!r}; give one another 'as'")
        return stages

    @functools.cached_property
    def places(self) -> tuple[str, ...]:
        """`file:line` of every stage; none of a recipe that was made in Python. No part of what makes recipes equal."""
        return ()

    def named_stages(self) -> list[tuple[str, Stage]]:
        """Every stage with its id, in order."""
        return list(zip(stage_ids(self.stages), self.stages, strict=True))

    def to_yaml(self, *, defaults: bool = False) -> str:
        """The recipe as YAML, with or without defaults; `parse_recipe` reads it back to an equal recipe."""
        data = self.model_dump(mode="json", exclude={"stages", "recipe"}, exclude_defaults=not defaults)
        items = [_item(stage, defaults=defaults) for stage in self.stages]
        value = {"recipe": 1} | data | {"stages": items}
        return yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    """Quotes the words that the strict loader would read as something else."""


def _word(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None if scalar(text) == text and text.isprintable() else '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _word)


def stage_ids(stages: tuple[Stage, ...]) -> list[str]:
    """Ids of stages: `as`, else the name, numbered from the second on."""
    seen: dict[str, int] = {}
    ids = []
    for stage in stages:
        if stage.as_ is not None:
            ids.append(stage.as_)
            continue
        seen[stage.name] = seen.get(stage.name, 0) + 1
        ids.append(stage.name if seen[stage.name] == 1 else f"{stage.name}.{seen[stage.name]}")
    return ids


def load_recipe(path: str | Path) -> Recipe:
    """Reads a recipe file. Raises RecipeError with file and line."""
    return _build(load(path))


def parse_recipe(text: str, *, name: str = "recipe") -> Recipe:
    """Reads a recipe from text. Raises RecipeError with line."""
    return _build(parse(text, name=name))


def _build(document: Document) -> Recipe:
    data = document.data
    if not isinstance(data, dict) or "recipe" not in data:
        raise document.error("this is no recipe: the first key must be 'recipe: 1'")
    stages = data.get("stages")
    if not isinstance(stages, list) or not stages:
        raise document.error("key 'stages' must be a list of stages", ("stages",))
    built = [_stage(document, item, ("stages", i)) for i, item in enumerate(stages)]
    recipe: Recipe = validate(document, Recipe, data | {"stages": built})
    object.__setattr__(recipe, "places", tuple(document.where(("stages", i)) for i in range(len(built))))
    return recipe


def _stage(document: Document, item: Any, at: Location) -> Stage:
    if isinstance(item, str):
        item = {item: {}}
    if not isinstance(item, dict) or len(item) != 1:
        raise document.error("a stage is a name, or one name with its settings", at)
    [(name, settings)] = item.items()
    if settings is None:
        settings = {}
    if not isinstance(settings, dict):
        raise document.error(f"settings of stage {name!r} must be keys and values", (*at, name))
    method = settings.get("method")
    if method is not None and not isinstance(method, str):
        raise document.error("method must be a word", (*at, name, "method"))
    try:
        cls = stage_class(name, method)
    except RecipeError as error:
        raise document.error(str(error), (*at, name)) from error
    return validate(document, cls, settings, (*at, name))


def _item(stage: Stage, *, defaults: bool) -> Any:
    settings = stage.model_dump(mode="json", by_alias=True, exclude_defaults=not defaults)
    method = getattr(stage, "method", None)
    if method is not None:
        settings = {"method": method} | settings
    return {stage.name: settings} if settings else stage.name
