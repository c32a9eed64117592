"""Finds datatrove's filter classes by name, and checks arguments against their constructors."""

from __future__ import annotations

import importlib.util
import inspect
import math
import types
import typing
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from corpus_kit.errors import suggest

if TYPE_CHECKING:
    from datatrove.pipeline.filters.base_filter import BaseFilter

REFUSED: Mapping[str, str] = {
    "LambdaFilter": "its argument is a Python function, which a recipe cannot hold; write a metric or a stage of "
    "your own and name its file with --plugin",
    "SamplerFilter": "it draws random numbers in the order documents arrive, so its outcome would depend on batches "
    "and workers; use --sample, which goes by the document's id",
    "LanguageFilter": "it downloads its model, and insists on the distribution fasttext-numpy2-wheel, which overwrites "
    "the fasttext-community that corpus_kit uses; use stage 'identify', which takes any fastText model",
    "FastTextClassifierFilter": "it insists on the distribution fasttext-numpy2-wheel, which overwrites the "
    "fasttext-community that corpus_kit uses; use stage 'classifier', which takes any fastText model",
}
"""Filters that cannot keep our laws, and what to use instead."""

OURS: Mapping[str, str] = {
    "exclusion_writer": "rejected documents go to rejects/ by themselves",
    "batch_size": "batches are the runner's business",
}
"""Arguments that the runner has in its own hands."""

MODULES: Mapping[str, tuple[str, ...]] = {
    "C4BadWordsFilter": ("fasteners", "aiohttp"),
    "URLFilter": ("tldextract", "ahocorasick", "fasteners"),
}
"""What filters import beyond datatrove itself and, for those that cut texts into words, spaCy."""

LIBRARIES: Mapping[str, tuple[str, ...]] = {"URLFilter": ("tldextract",)}
"""Distributions whose version may change a filter's verdicts, beyond the same."""


def installed() -> bool:
    """Whether datatrove can be imported. It imports `regex` without requiring it."""
    return all(importlib.util.find_spec(name) is not None for name in ("datatrove", "regex"))


@cache
def filter_classes() -> dict[str, type[BaseFilter]]:
    """Every filter that datatrove exports, by class name."""
    import datatrove.pipeline.filters as exported
    from datatrove.pipeline.filters.base_filter import BaseFilter

    found = vars(exported).items()
    return {name: one for name, one in found if inspect.isclass(one) and issubclass(one, BaseFilter)}


def check_name(name: str) -> None:
    """Raises ValueError for a name that is no usable filter, with the nearest one that is."""
    usable = filter_classes().keys() - REFUSED.keys()
    if name in REFUSED:
        raise ValueError(f"datatrove's {name} cannot be used here: {REFUSED[name]}")
    if name not in usable:
        raise ValueError(f"datatrove has no filter {name!r}; {suggest(name, usable)}")


@cache
def parameters(name: str) -> dict[str, inspect.Parameter]:
    """What the constructor of a filter takes, annotations resolved, without what is the runner's."""
    constructor = filter_classes()[name].__init__
    hints = typing.get_type_hints(constructor)
    found = inspect.signature(constructor).parameters.values()
    return {
        one.name: one.replace(annotation=hints.get(one.name, Any))
        for one in found
        if one.name != "self" and one.name not in OURS
    }


def cuts_words(name: str) -> bool:
    """Whether the filter asks a word tokenizer, which depends on the language."""
    return "language" in parameters(name)


def mistakes(name: str, args: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with the arguments, by argument; empty if nothing is."""
    known = parameters(name)
    found = {}
    for key, value in args.items():
        if key in OURS:
            found[key] = f"not an argument here: {OURS[key]}"
        elif key not in known:
            found[key] = f"no argument of {name}; {suggest(key, known)}"
        elif wrong := _misfit(value, known[key]):
            found[key] = wrong
        elif key == "keep_fraction" and value:
            found[key] = "must be 0: datatrove draws what to keep in the order documents arrive"
    missing = [key for key, one in known.items() if one.default is one.empty and key not in args]
    return found | {key: f"missing; {name} needs it" for key in missing if not found}


def _misfit(value: Any, parameter: inspect.Parameter) -> str | None:
    options = tuple(_kinds(parameter.annotation))
    if parameter.default is None:  # datatrove writes `seed: int = None`
        options = (*options, "null")
    if not _is_finite(value):
        return "numbers must be finite"
    if not options or "anything" in options or _kind(value) in options:
        return None
    choices = [one for annotation in _branches(parameter.annotation) for one in _choices(annotation)]
    if choices:
        return None if value in choices else f"{value!r} is not possible; {suggest(str(value), map(str, choices))}"
    return f"expected {' or '.join(dict.fromkeys(options))}, not {_kind(value)}"


def _branches(annotation: Any) -> tuple[Any, ...]:
    """The members of a union, or the annotation alone."""
    return get_args(annotation) if get_origin(annotation) in (typing.Union, types.UnionType) else (annotation,)


def _choices(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _kinds(annotation: Any) -> Iterable[str]:
    """Kinds of value an annotation allows. It says int where decimals work as well, so both are a number."""
    plain = {int: "a number", float: "a number", bool: "true or false", str: "text", type(None): "null"}
    for one in _branches(annotation):
        origin = get_origin(one) or one
        if origin in plain:
            yield plain[origin]
        elif origin is Literal:
            yield "one of the names it knows"
        elif inspect.isclass(origin) and issubclass(origin, Iterable):
            yield "a list"
        else:
            yield "anything"


def _kind(value: Any) -> str:
    if value is None:
        return "null"
    kinds = ((bool, "true or false"), (int | float, "a number"), (str, "text"), (list | tuple, "a list"))
    return next((kind for types_, kind in kinds if isinstance(value, types_)), "keys and values")


def _is_finite(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def frozen(value: Any) -> Any:
    """Lists as tuples, all the way down: `str.endswith`, which FineWeb's filter uses, takes no list.

    >>> frozen([[2, 0.2], [3, 0.18]])
    ((2, 0.2), (3, 0.18))
    """
    return tuple(map(frozen, value)) if isinstance(value, list | tuple) else value
