"""Entries about stages: what each does, what it can be told, the reasons it gives; and the keys of a recipe."""

from __future__ import annotations

import functools
import inspect
import json
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

import corpus_kit.stages  # noqa: F401  registers the shipped stages
from corpus_kit import resources
from corpus_kit.catalogue.entry import Entry, attribute_docstrings, facts, said, sentence
from corpus_kit.recipe import Recipe, load_recipe
from corpus_kit.stage import REGISTRY, BatchStage, CorpusStage, Stage


class Option(NamedTuple):
    """Something a stage or a recipe can be told."""

    name: str
    default: str
    """As JSON; empty if it must be given."""
    meaning: str


def classes() -> Iterator[tuple[str, str | None, type[Stage]]]:
    """Every registered stage: its name, its method, and its class."""
    for name, entry in sorted(REGISTRY.items()):
        if isinstance(entry, dict):
            yield from ((name, method, cls) for method, cls in sorted(entry.items()))
        else:
            yield name, None, entry


def title(name: str, method: str | None) -> str:
    """How a recipe names a stage.

    >>> title("dedup", "exact"), title("filter", None)
    ('dedup (method: exact)', 'filter')
    """
    return name if method is None else f"{name} (method: {method})"


def entries(recipes: Iterable[Recipe] = ()) -> Iterator[Entry]:
    """Every stage, option, reason and recipe key, and the stages of recipes by their ids."""
    for name, entry in REGISTRY.items():
        count = len(entry) if isinstance(entry, dict) else 1
        what = f"{count} stages, told apart by `method`" if count > 1 else "a stage"
        yield Entry(name, what, functools.partial(_stage, name))
    for name, method, cls in classes():
        for code, meaning in cls.codes.items():
            yield Entry(code, f"a reason given by stage {title(name, method)}", said(sentence(meaning)))
        for option in options(cls):
            prefix = name if method is None else f"{name}.{method}"
            yield Entry(f"{prefix}.{option.name}", f"an option of stage {title(name, method)}", said(*_told(option)))
    yield from _recipe_keys()
    for recipe in recipes:
        yield from _recipe_stages(recipe)


def shipped_recipes() -> list[Recipe]:
    """The recipes that ship."""
    return [load_recipe(resources.find("pipelines", name)) for name in resources.names("pipelines")]


def options(model: type[BaseModel]) -> list[Option]:
    """What a model can be told, with defaults and meanings; the keys of a model inside it follow it, `outer.inner`."""
    written = attribute_docstrings(model)
    found = []
    for name, field in model.model_fields.items():
        default = field.get_default(call_default_factory=True, validated_data={})
        shown = "" if default is PydanticUndefined else _json(default)
        key = field.alias or name
        inner = _model_in(field.annotation)
        about = field.description or written.get(name) or (inspect.getdoc(inner) if inner is not None else "")
        found.append(Option(key, shown, about or ""))
        if inner is not None and not issubclass(inner, Stage):
            found += [Option(f"{key}.{one.name}", one.default, one.meaning) for one in options(inner)]
    return found


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model a field holds, if it holds one: not a list or map of them."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = [one for one in get_args(annotation) if isinstance(one, type) and issubclass(one, BaseModel)]
    return inner[0] if len(inner) == 1 and type(None) in get_args(annotation) else None


def _json(value: Any) -> str:
    if isinstance(value, BaseModel):
        return json.dumps(value.model_dump(mode="json", by_alias=True), ensure_ascii=False)
    return json.dumps(value, default=str, ensure_ascii=False)


def _told(option: Option) -> list[str]:
    return [sentence(option.meaning), facts([("default", option.default or "none: it must be given")])]


def _stage(name: str) -> Iterator[str]:
    mine = [(method, cls) for one, method, cls in classes() if one == name]
    for method, cls in mine:
        if len(mine) > 1:
            yield title(name, method)
        yield inspect.cleandoc(cls.__doc__ or "")
        yield facts(stage_facts(cls))
        yield _settings(cls)
        yield "\n".join(["reasons:", facts(cls.codes.items())]) if cls.codes else ""


def stage_facts(cls: type[Stage]) -> list[tuple[str, str]]:
    """What a stage sees, needs, gives and removes."""
    kind = {BatchStage: "sees one batch at a time", CorpusStage: "sees the whole corpus before it decides"}
    found = [("kind", next((words for base, words in kind.items() if issubclass(cls, base)), ""))]
    found += [("needs", ", ".join(cls.needs)), ("gives", ", ".join(cls.gives)), ("removes", ", ".join(cls.removes))]
    return [(key, value) for key, value in found if value]


def _settings(model: type[BaseModel]) -> str:
    lines = ["settings:"]
    for option in options(model):
        lines.append(f"  {option.name} {f'= {option.default}' if option.default else '(required)'}")
        lines += [textwrap.indent(option.meaning, "      ")] if option.meaning else []
    return "\n".join(lines)


def _recipe_keys() -> Iterator[Entry]:
    every = options(Recipe)
    for option in every:
        inner = [
            (one.name, f"{one.default:<8} {one.meaning}") for one in every if one.name.startswith(f"{option.name}.")
        ]
        yield Entry(option.name, "a key of a recipe", said(*_told(option), facts(inner)))


def _recipe_stages(recipe: Recipe) -> Iterator[Entry]:
    for stage_id, stage in recipe.named_stages():
        method = getattr(stage, "method", None)
        if stage_id != stage.name:
            what = f"stage {title(stage.name, method)} of the recipe {recipe.name}"
            yield Entry(stage_id, what, functools.partial(_configured, stage))


def configured_codes(recipe: Recipe) -> Iterator[Entry]:
    """Every reason the stages of a recipe can give, as they are configured."""
    for stage_id, stage in recipe.named_stages():
        for code, meaning in stage.all_codes().items():
            yield Entry(
                code, f"a reason that stage {stage_id} of the recipe {recipe.name} can give", said(sentence(meaning))
            )


def _configured(stage: Stage) -> Iterator[str]:
    given = stage.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    yield facts((key, json.dumps(value, ensure_ascii=False)) for key, value in given.items())
    yield inspect.cleandoc(type(stage).__doc__ or "")
    numbers = [(one.name, f"{one.value} ({one.origin})") for one in stage.numbers()]
    yield "\n".join(["numbers:", facts(numbers)]) if numbers else ""
    codes = stage.all_codes()
    yield "\n".join(["reasons:", facts(codes.items())]) if codes else ""
