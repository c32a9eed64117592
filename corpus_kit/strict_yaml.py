"""A strict YAML loader: YAML 1.2 scalars, no aliases, no duplicate keys, and a line number for every value.

Ordinary YAML loaders read `no` (Norwegian) as False, keep the last of two equal keys, and expand alias bombs. This one
refuses or reads literally, and every complaint names file and line.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from corpus_kit.errors import RecipeError, suggest

MAX_BYTES = 4 << 20
"""No hand-written file is larger; a cap keeps hostile ones cheap."""

# YAML 1.2 core schema, section 10.3.2.
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {"": None, "null": None, "Null": None, "NULL": None, "~": None} | {
    word: value for value, words in ((True, "true True TRUE"), (False, "false False FALSE")) for word in words.split()
}
_SPECIAL = re.compile(r"(?P<inf>[-+]?\.(inf|Inf|INF))|\.(nan|NaN|NAN)")

Location = tuple[str | int, ...]


class Document:
    """Plain data from one YAML file, and the line on which each value stands."""

    def __init__(self, data: Any, lines: dict[Location, int], name: str):
        self.data = data
        self.lines = lines
        self.name = name

    def where(self, location: Location = ()) -> str:
        """`file:line` of a value, or of the nearest enclosing one that is known.

        >>> parse("a:\\n  b: 1\\n", name="x.yaml").where(("a", "b"))
        'x.yaml:2'
        """
        while location and location not in self.lines:
            location = location[:-1]
        return f"{self.name}:{self.lines.get(location, 1)}"

    def error(self, message: str, location: Location = ()) -> RecipeError:
        """A RecipeError that begins with file and line."""
        return RecipeError(f"{self.where(location)}: {message}")


def load(path: str | Path) -> Document:
    """Reads a YAML file strictly. Raises RecipeError with file and line."""
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read: {error.strerror}") from error
    return parse(content, name=str(path))


def parse(content: str | bytes, *, name: str) -> Document:
    """Parses YAML text strictly; `name` is what errors call it.

    >>> parse("keep: [no, nn, 0.5, null, on]", name="x").data
    {'keep': ['no', 'nn', 0.5, None, 'on']}
    """
    if len(content) > MAX_BYTES:
        raise RecipeError(f"{name}: larger than {MAX_BYTES >> 20} MiB; this is no hand-written file")
    if isinstance(content, bytes):
        try:
            content = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise RecipeError(f"{name}: not UTF-8 (byte {error.start})") from error
    lines: dict[Location, int] = {}
    try:
        node = yaml.compose(content, Loader=_Plain)
        data = None if node is None else _value(node, (), lines, name)
    except _Refused as error:
        raise RecipeError(f"{name}:{error}") from None
    except yaml.MarkedYAMLError as error:
        raise RecipeError(_syntax_message(error, content, name)) from error
    except yaml.YAMLError as error:
        raise RecipeError(f"{name}: not YAML: {str(error).splitlines()[0]}") from error
    except RecursionError as error:
        raise RecipeError(f"{name}: nested too deeply") from error
    return Document(data, lines, name)


def _syntax_message(error: yaml.MarkedYAMLError, content: str, name: str) -> str:
    line = error.problem_mark.line + 1 if error.problem_mark else 1
    rows = content.splitlines()
    at = rows[line - 1] if line <= len(rows) else ""
    if "\t" in at[: len(at) - len(at.lstrip())]:
        return f"{name}:{line}: indented with a tab; YAML wants spaces"
    return f"{name}:{line}: not YAML: {error.problem or error.context}"


class _Refused(Exception):
    """Valid YAML that is not taken: line, and why."""


class _Plain(yaml.SafeLoader):
    """Composes nodes without anchors, aliases and tags; refused where they are met, before anything is expanded."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise _Refused(f"{line}: anchors and aliases (& and *) are not allowed; write the value out")
        tag = getattr(event, "tag", None)
        if tag not in (None, "!"):
            raise _Refused(f"{line}: tags ({tag}) are not allowed")
        return super().compose_node(parent, index)


def _value(node: yaml.Node, location: Location, lines: dict[Location, int], name: str) -> Any:
    lines[location] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_value(child, (*location, i), lines, name) for i, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, location, lines, name)
    assert isinstance(node, yaml.ScalarNode)
    return node.value if node.style else scalar(node.value)


def _mapping(node: yaml.MappingNode, location: Location, lines: dict[Location, int], name: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise RecipeError(f"{name}:{line}: a key must be a plain word")
        key = key_node.value
        if key in result:
            first = lines[(*location, key)]
            raise RecipeError(f"{name}:{line}: key {key!r} is given twice (first on line {first})")
        result[key] = _value(value_node, (*location, key), lines, name)
        lines[(*location, key)] = line
    return result


def scalar(text: str) -> Any:
    """Value of a plain scalar by the YAML 1.2 core schema.

    >>> [scalar(t) for t in ["12", "1e3", "no", "on", "true", "~", "2024-01-01", "0o17", ".inf"]]
    [12, 1000.0, 'no', 'on', True, None, '2024-01-01', 15, inf]
    """
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        if len(text) > 300:
            return text
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text):
        return float(text)
    special = _SPECIAL.fullmatch(text)
    if special:
        return float(text.replace(".", "")) if special["inf"] else float("nan")
    return text


def validate(document: Document, model: type[BaseModel], data: Any = None, at: Location = ()) -> Any:
    """An instance of a pydantic model from (part of) a document. Raises RecipeError naming file, line and key."""
    value = document.data if data is None else data
    if not isinstance(value, dict):
        raise document.error(f"expected keys and values here, found {_kind(value)}", at)
    try:
        return model.model_validate(value)
    except ValidationError as error:
        # A misspelt key is also a missing one: name the misspelling.
        errors = error.errors(include_url=False, include_input=False)
        first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
        raise RecipeError(explain_validation(document, model, first, at)) from error


def explain_validation(document: Document, model: type[BaseModel], error: Any, at: Location = ()) -> str:
    """One pydantic error in the user's words, beginning with file and line."""
    location = tuple(part for part in error["loc"] if part != "[key]")
    where = document.where((*at, *location))
    field = ".".join(str(part) for part in location)
    if error["type"] == "extra_forbidden":
        valid = _fields_at(model, location[:-1])
        return f"{where}: unknown key {location[-1]!r}; {suggest(str(location[-1]), valid)}"
    if error["type"] == "missing":
        return f"{where}: key {field!r} is missing"
    if error["type"] == "string_pattern_mismatch":
        return f"{where}: {field}: {_in_words(error['ctx']['pattern'])}"
    message = error["msg"].removeprefix("Value error, ")
    return f"{where}: {field}: {message[0].lower()}{message[1:]}" if field else f"{where}: {message}"


def _in_words(pattern: str) -> str:
    """What a pattern of our models asks for.

    >>> _in_words("^[a-z][a-z0-9_]*$")
    'write a lower-case letter, then a-z, 0-9 or _'
    >>> _in_words("^[a-z0-9][a-z0-9_-]{1,39}$")
    'write a-z or 0-9, then a-z, 0-9, _ or -, 2 to 40 characters in all'
    """
    named = re.fullmatch(r"\^\[(a-z|a-z0-9|A-Za-z0-9)\]\[([^\]]+)\](\*|\{1,(\d+)\})\$", pattern)
    if named is None:
        return f"write it as the pattern {pattern} says"
    firsts = {"a-z": "a lower-case letter", "a-z0-9": "a-z or 0-9", "A-Za-z0-9": "a letter or digit"}
    further = re.findall(r"[A-Za-z0-9]-[A-Za-z0-9]|.", named[2])
    size = f", 2 to {int(named[4]) + 1} characters in all" if named[4] else ""
    return f"write {firsts[named[1]]}, then {', '.join(further[:-1])} or {further[-1]}{size}"


def _fields_at(model: type[BaseModel], location: Location) -> list[str]:
    """Names allowed at a location inside a model, following nested models, and models in lists and maps."""
    current: Any = model
    parts = iter(location)
    for part in parts:
        field = getattr(current, "model_fields", {}).get(part)
        if field is None:
            return []
        current = _model_in(field.annotation)
        if get_origin(_without_none(field.annotation)) in (dict, list, tuple):
            next(parts, None)  # the key or index
    return [field.alias or name for name, field in getattr(current, "model_fields", {}).items()]


def _without_none(annotation: Any) -> Any:
    """The type of `type | None`."""
    options = [one for one in get_args(annotation) if one is not type(None)]
    return options[0] if len(options) == 1 and type(None) in get_args(annotation) else annotation


def _model_in(annotation: Any) -> Any:
    """The first model inside a type such as `tuple[Model, ...] | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for one in getattr(annotation, "__args__", ()) if (found := _model_in(one))), None)


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return {list: "a list", str: "a word"}.get(type(value), f"a {type(value).__name__}")
