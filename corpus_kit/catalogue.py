"""Explains any name a user meets: reason codes, rules, metrics, stages, columns, rulesets, languages.

Everything is taken from where it is defined (docstrings, data files, the schema), so an explanation cannot be out of
date.
"""

from __future__ import annotations

import ast
import difflib
import inspect
import json
import textwrap
from collections.abc import Callable, Iterable, Iterator
from functools import partial

from pydantic_core import PydanticUndefined

import corpus_kit.stages  # noqa: F401  registers the shipped stages
from corpus_kit import resources
from corpus_kit.errors import RecipeError
from corpus_kit.language import labels, profile_for
from corpus_kit.metrics import METRICS, Metric
from corpus_kit.rules import Rule, Ruleset
from corpus_kit.rulesets import load_ruleset
from corpus_kit.schema import COLUMNS, RAW_COLUMNS
from corpus_kit.sources import REJECT_CODES, SKIP_CODES
from corpus_kit.stage import REGISTRY, BatchStage, CorpusStage, Stage


def explain(name: str) -> str:
    """What a name means, in plain text. Raises RecipeError with the nearest name there is.

    >>> print(explain("lang"))
    lang: a column (string)
    <BLANKLINE>
    Language and script, as in dan_Latn.
    """
    known = entries()
    if name in known:
        return known[name]()
    near = difflib.get_close_matches(name, known, n=3)
    hint = (
        f"did you mean {' or '.join(repr(one) for one in near)}?"
        if near
        else "a name is a reason code (gopher.word_count), a metric (word_count), a stage (filter), a column (lang), "
        "a ruleset (gopher) or a language (dan_Latn)"
    )
    raise RecipeError(f"nothing is called {name!r}; {hint}")


def entries() -> dict[str, Callable[[], str]]:
    """Everything that can be explained, by name."""
    found: dict[str, Callable[[], str]] = {}
    for name, (kind, meaning) in (COLUMNS | RAW_COLUMNS).items():
        found[name] = partial(_page, f"{name}: a column ({kind})", _sentence(meaning))
    for code, meaning in SKIP_CODES.items():
        found[code] = partial(_page, f"{code}: counted by readers; no document is made", _sentence(meaning))
    for code, meaning in REJECT_CODES.items():
        found[code] = partial(_page, f"{code}: a reason readers give", _sentence(meaning))
    found |= {name: partial(_metric_page, metric) for name, metric in METRICS.items()}
    for name in resources.names("rulesets"):
        ruleset = load_ruleset(name)
        found[name] = partial(_ruleset_page, ruleset)
        found |= {rule.code: partial(_rule_page, ruleset, rule) for rule in ruleset.rules}
    found |= {label: partial(_language_page, label) for label in labels()}
    for title, cls in stages():
        for code, meaning in cls.codes.items():
            found[code] = partial(_page, f"{code}: a reason given by stage {title}", _sentence(meaning))
    for name, entry in REGISTRY.items():
        classes = list(entry.values()) if isinstance(entry, dict) else [entry]
        found[name] = partial(_stage_page, name, classes)
    return found


def stages() -> Iterator[tuple[str, type[Stage]]]:
    """Every registered stage class with how a recipe names it."""
    for name, entry in sorted(REGISTRY.items()):
        if isinstance(entry, dict):
            yield from ((f"{name} (method: {method})", cls) for method, cls in sorted(entry.items()))
        else:
            yield name, entry


def _metric_page(metric: Metric) -> str:
    rules = [(code, rule) for code, rule in _shipped_rules() if metric.name in rule.metrics]
    facts = [
        ("kind", metric.kind),
        ("defined in", f"{metric.function.__module__}: {metric.citation}"),
        *((code, f"keeps {rule}") for code, rule in rules),
    ]
    return _page(f"{metric.name}: a metric", metric.doc, _facts(facts))


def _rule_page(ruleset: Ruleset, rule: Rule) -> str:
    metrics = [METRICS[name] for name in dict.fromkeys(rule.metrics)]
    facts = [("keeps", str(rule)), ("cites", rule.cites)]
    facts += [(f"metric {metric.name}", metric.citation) for metric in metrics]
    for category, changes in ruleset.categories.items():
        if rule.code in changes:
            facts.append((f"category {category}", _bounds_text(rule, changes[rule.code].bounds)))
    for label in labels():
        override = profile_for(label).overrides.get(rule.code)
        if override is not None:
            facts.append((label, f"keeps {_bounds_text(rule, override.bounds)} ({override.origin})"))
    head = f"{rule.code}: a rule of the ruleset {ruleset.name}, and the reason of what it rejects"
    return _page(head, *(metric.doc for metric in metrics), _facts(facts))


def _bounds_text(rule: Rule, bounds: tuple[float | None, float | None] | None) -> str:
    return str(rule.replaced(bounds, "")) if bounds else "off"


def _ruleset_page(ruleset: Ruleset) -> str:
    facts = [(rule.code, f"keeps {rule}") for rule in ruleset.rules]
    return _page(f"{ruleset.name}: a ruleset of {len(ruleset.rules)} rules", _sentence(ruleset.cites), _facts(facts))


def _language_page(label: str) -> str:
    profile = profile_for(label)
    rules = dict(_shipped_rules())
    facts = [("stop words", " ".join(sorted(profile.stop_words))), ("their source", profile.stop_words_origin)]
    for code, (bounds, origin) in profile.overrides.items():
        shown = _bounds_text(rules[code], bounds) if code in rules else str(bounds)
        facts.append((code, f"keeps {shown} ({origin})"))
    return _page(f"{label}: the language profile of {profile.name}", _facts(facts))


def _stage_page(name: str, classes: list[type[Stage]]) -> str:
    parts = [f"{name}: a stage" if len(classes) == 1 else f"{name}: {len(classes)} stages, told apart by `method`"]
    for title, cls in stages():
        if cls in classes:
            parts += [title] if len(classes) > 1 else []
            parts += [inspect.cleandoc(cls.__doc__ or ""), _facts(_stage_facts(cls)), _settings(cls), _codes(cls)]
    return _page(*parts)


def _stage_facts(cls: type[Stage]) -> list[tuple[str, str]]:
    kind = {BatchStage: "sees one batch at a time", CorpusStage: "sees the whole corpus before it decides"}
    facts = [("kind", next((words for base, words in kind.items() if issubclass(cls, base)), ""))]
    facts += [("needs", ", ".join(cls.needs)), ("gives", ", ".join(cls.gives)), ("removes", ", ".join(cls.removes))]
    return [(key, value) for key, value in facts if value]


def _settings(cls: type[Stage]) -> str:
    written = attribute_docstrings(cls)
    lines = []
    for name, field in cls.model_fields.items():
        default = field.get_default(call_default_factory=True, validated_data={})
        state = "(required)" if default is PydanticUndefined else f"= {json.dumps(default, default=str)}"
        lines.append(f"  {field.alias or name} {state}")
        description = field.description or written.get(name, "")
        lines += [textwrap.indent(description, "      ")] if description else []
    return "\n".join(["settings:", *lines])


def _codes(cls: type[Stage]) -> str:
    return "\n".join(["reasons:", _facts(cls.codes.items())]) if cls.codes else ""


def attribute_docstrings(cls: type) -> dict[str, str]:
    """Docstrings under annotated attributes of a class and its bases, by attribute.

    >>> attribute_docstrings(Stage)["as_"]
    'Id of the stage in the run, if its name is not enough; it names files and folders, so it is a plain word.'
    """
    found: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if not base.__module__.startswith(("builtins", "pydantic", "typing", "abc")):
            found |= _own_docstrings(base)
    return found


def _own_docstrings(cls: type) -> dict[str, str]:
    try:
        source = textwrap.dedent(inspect.getsource(cls))
    except (OSError, TypeError):  # no source at hand, as in a notebook
        return {}
    body = ast.parse(source).body[0]
    found = {}
    for before, after in zip(getattr(body, "body", []), getattr(body, "body", [])[1:], strict=False):
        if isinstance(before, ast.AnnAssign) and isinstance(before.target, ast.Name) and isinstance(after, ast.Expr):
            value = after.value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                found[before.target.id] = inspect.cleandoc(value.value)
    return found


def _shipped_rules() -> Iterator[tuple[str, Rule]]:
    for name in resources.names("rulesets"):
        for rule in load_ruleset(name).rules:
            yield rule.code, rule


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def _facts(facts: Iterable[tuple[str, str]]) -> str:
    facts = list(facts)
    width = max((len(key) for key, _ in facts), default=0)
    return "\n".join(f"  {key:<{width}}  {value}" for key, value in facts)


def _page(*parts: str) -> str:
    return "\n\n".join(part for part in parts if part)
