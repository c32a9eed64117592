"""The whole catalogue as one page of Markdown, docs/catalogue.md: `corpus-kit explain --all` prints it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Sequence

from corpus_kit import resources
from corpus_kit.catalogue import PAGES_OF_THEIR_OWN, lines, rules, stages
from corpus_kit.catalogue.entry import leading_comment, sentence
from corpus_kit.language import labels, profile_for
from corpus_kit.lines.registry import DEFINITIONS
from corpus_kit.lines.rules import LineRuleset
from corpus_kit.metrics import METRICS, Metric
from corpus_kit.recipe import Recipe
from corpus_kit.rules import Rule, Ruleset
from corpus_kit.schema import COLUMNS, GIVEN_COLUMNS, RAW_COLUMNS
from corpus_kit.sources import REJECT_CODES, SKIP_CODES

COMMAND = "corpus-kit explain --all > docs/catalogue.md"
"""What makes the page anew."""

HEAD = f"""\
# Catalogue

Every stage and what it can be told, every reason for which a document is rejected, every metric with its definition,
every ruleset with its numbers and where they come from. `corpus-kit explain NAME` shows any entry, those of your own
plug-ins and rulesets too. Made by `{COMMAND}`.
"""


def catalogue_page() -> str:
    """The page."""
    sections = {
        "Recipe": _recipe(),
        "Stages": _stages(),
        "Columns": _columns(),
        "Reading": _reading(),
        "Metrics": _metrics(),
        "Rulesets": _rulesets(),
        "Line rulesets": _line_rulesets(),
        "Languages": _languages(),
        "Other data": _data(),
    }
    contents = "\n".join(f"- [{title}](#{title.lower().replace(' ', '-')})" for title in sections)
    body = [f"## {title}\n\n" + "\n\n".join(part.strip() for part in parts) for title, parts in sections.items()]
    return "\n\n".join([HEAD.strip(), contents, *body]) + "\n"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown.

    >>> print(table(["a", "b"], [["x|y", "two\\nlines"]]))
    | a | b |
    | --- | --- |
    | x\\|y | two lines |
    """
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(_cell(cell) for cell in row)} |".replace("|  |", "| |") for row in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _recipe() -> Iterator[str]:
    yield "Keys of a recipe, beside its stages."
    yield _options(stages.options(Recipe))


def _options(options: Iterable[stages.Option]) -> str:
    rows = [[_code(one.name), _code(one.default) or "required", one.meaning] for one in options]
    return table(["key", "default", "meaning"], rows)


def _stages() -> Iterator[str]:
    yield "Every stage also takes `as`, `only` and `except`:"
    common = [one for one in stages.options(stages.Stage) if one.name != "as_"]
    yield _options(common)
    names = {one.name for one in common}
    for name, method, cls in stages.classes():
        yield f"### {stages.title(name, method)}"
        yield inspect.cleandoc(cls.__doc__ or "")
        yield "\n".join(f"- {key}: {value}" for key, value in stages.stage_facts(cls))
        own = [one for one in stages.options(cls) if one.name not in names and one.name != "method"]
        yield _options(own) if own else "No options of its own."
        if cls.codes:
            yield table(["reason", "meaning"], [[_code(code), sentence(text)] for code, text in cls.codes.items()])


def _columns() -> Iterator[str]:
    known = COLUMNS | GIVEN_COLUMNS | RAW_COLUMNS
    yield table(["column", "type", "meaning"], [[_code(n), _code(str(k)), sentence(m)] for n, (k, m) in known.items()])


def _reading() -> Iterator[str]:
    yield "Reasons of records that should have been documents and could not be read:"
    yield table(["reason", "meaning"], [[_code(code), sentence(text)] for code, text in REJECT_CODES.items()])
    yield "Records that are counted and make no document:"
    yield table(["code", "meaning"], [[_code(code), sentence(text)] for code, text in SKIP_CODES.items()])


def _metrics() -> Iterator[str]:
    rulesets = rules.shipped()
    families: dict[str, list[Metric]] = {}
    for metric in METRICS.values():
        families.setdefault(metric.citation, []).append(metric)
    for citation, metrics in families.items():
        yield f"### {citation.rstrip('.')}"
        for metric in metrics:
            yield f"#### {metric.name}"
            yield definition(metric.doc)
            known = dict(rules.metric_facts(metric, rulesets))
            for name in ("defined in", *(rule.code for ruleset in rulesets for rule in ruleset.rules)):
                known.pop(name, None)
            used = [f"`{r.code}` ({r})" for one in rulesets for r in one.rules if metric.name in r.metrics]
            lines = [f"- {key}: {value}" for key, value in known.items()]
            yield "\n".join([*lines, *([f"- used by {', '.join(used)}"] if used else [])])


def definition(doc: str) -> str:
    """A docstring as Markdown: its examples become a block."""
    prose, arrow, example = doc.partition(">>> ")
    block = f"\n\n```pycon\n{arrow}{example.strip()}\n```" if arrow else ""
    return prose.strip() + block


def _rulesets() -> Iterator[str]:
    for ruleset in rules.shipped():
        yield f"### {ruleset.name}"
        yield sentence(ruleset.cites)
        yield leading_comment(resources.find("rulesets", ruleset.name))
        rows = [[_code(rule.code), _metrics_of(rule), str(rule), _cites(rule, ruleset)] for rule in ruleset.rules]
        yield table(["rule", "metric", "keeps", "cites"], rows)
        changed = [
            [_code(rule.code), where, text]
            for rule in ruleset.rules
            for where, text in rules.differences(ruleset, rule)
        ]
        if changed:
            yield "Other bounds by category and language:"
            yield table(["rule", "where", "bounds"], changed)


def _metrics_of(rule: Rule) -> str:
    return ", ".join(_code(name) for name in dict.fromkeys(rule.metrics))


def _cites(rule: Rule, ruleset: Ruleset) -> str:
    return "" if rule.cites == ruleset.cites else rule.cites


def _line_rulesets() -> Iterator[str]:
    yield "Rules of stage `clean`, which remove lines or cut pieces out of them, and count what they removed."
    for ruleset in lines.shipped():
        yield f"### {ruleset.name} (lines)"
        yield sentence(ruleset.cites)
        yield leading_comment(resources.find("lines", ruleset.name))
        yield table(["rule", "function", "does", "is told", "cites"], _line_rules(ruleset))
        if ruleset.categories:
            yield table(["category", "rule", "there"], _line_categories(ruleset))
    yield "### Functions of lines"
    for one in DEFINITIONS.values():
        yield f"#### {one.name} ({one.kind})"
        yield definition(one.doc)


def _line_rules(ruleset: LineRuleset) -> list[list[str]]:
    rows = []
    for rule in ruleset.rules:
        told = "; ".join(f"{name}: {lines.told(value)}" for name, value in rule.parameters.items())
        cites = "" if rule.cites == ruleset.cites else rule.cites
        rows.append([_code(rule.code), _code(rule.definition.name), str(rule), told, cites])
    return rows


def _line_categories(ruleset: LineRuleset) -> list[list[str]]:
    known = {rule.code: rule for rule in ruleset.rules}
    return [
        [category, _code(code), str(known[code].replaced(*override))]
        for category, changes in ruleset.categories.items()
        for code, override in changes.items()
    ]


def _languages() -> Iterator[str]:
    yield "Profiles: word lists, and the bounds that differ, which the rulesets above list."
    rows = []
    for label in labels():
        profile = profile_for(label)
        flagged = "" if profile.flagged_words is None else f"{len(profile.flagged_words):,}"
        stop = f"{len(profile.stop_words):,}: {' '.join(sorted(profile.stop_words))}"
        rows.append([_code(label), profile.name, stop, flagged, f"{len(profile.overrides):,}"])
    yield table(["label", "language", "stop words", "flagged words", "rules with other bounds"], rows)


def _data() -> Iterator[str]:
    for kind, one in resources.KINDS.items():
        names = [] if kind in PAGES_OF_THEIR_OWN else resources.names(kind)
        if names:
            rows = [[_code(name), leading_comment(resources.find(kind, name)).partition("\n\n")[0]] for name in names]
            yield table([one.noun, "about"], rows)
