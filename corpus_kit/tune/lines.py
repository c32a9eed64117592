"""What `tune` found, for people: tables, examples, and the YAML to paste."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from corpus_kit.rules import Condition, Interval
from corpus_kit.show import counted, size, table

SHOWN = 12
"""Sources, languages or rules a table lists; `--json` has all."""

Found = Mapping[str, Any]


def tune_lines(found: Found) -> list[str]:
    """What flips, where, what stays rejected, what comes after, examples, and the override."""
    lines = [_head(found), "", *_changes(found), "", *_flips(found)]
    for name, title in (("by_source", "source"), ("by_language", "language")):
        lines += _parts(found[name], title) if len(found[name]) > 1 else []
    lines += [*_rules(found), *_held(found["held"]), *_after(found)]
    for name, title in (("to_kept", "rejected -> kept"), ("to_rejected", "kept -> rejected")):
        lines += _examples(found["examples"].get(name, ()), title)
    return [*lines, "", f"in the recipe, under stage {found['stage']}:", "", *settings_yaml(found["settings"])]


def _head(found: Found) -> str:
    scope = "".join(f", {name} {found[name]}" for name in ("source", "language") if found[name])
    return f"{found['run']}, stage {found['stage']}{scope}: {counted(found['documents']['judged'], 'document')} judged"


def _changes(found: Found) -> list[str]:
    rows = []
    for rule in found["by_rule"]:
        if not rule["changed"]:
            continue
        now = " / ".join(dict.fromkeys(one["bounds"] for one in rule["now"]))
        for i, one in enumerate(rule["was"] or [{"bounds": "", "where": []}]):
            where = f" ({', '.join(one['where'])})" if one["where"] else ""
            rows.append([rule["rule"] if not i else "", one["bounds"] + where, now if not i else ""])
    return table(["rule", "was", "now"], rows, left=3)


def _flips(found: Found) -> list[str]:
    documents = found["documents"]
    rows = [
        [title, f"{found[name]['documents']:,}", size(found[name]["bytes"])]
        for name, title in (("to_kept", "rejected -> kept"), ("to_rejected", "kept -> rejected"))
    ]
    rows.append(["kept before", f"{documents['kept']:,}", size(documents["kept_bytes"])])
    rows.append(["kept now", f"{documents['kept_now']:,}", size(documents["kept_bytes_now"])])
    return table(["", "documents", "text"], rows)


def _parts(parts: Sequence[Found], title: str) -> list[str]:
    key = "lang" if title == "language" else title
    rows = []
    for part in parts[:SHOWN]:
        flips = [(f"{part[one]['documents']:,}", size(part[one]["bytes"])) for one in ("to_kept", "to_rejected")]
        counts = (f"{part[one]:,}" for one in ("judged", "kept", "kept_now"))
        rows.append([part[key] or "none", *counts, *flips[0], *flips[1]])
    header = [title, "judged", "kept", "now", "-> kept", "text", "-> rejected", "text"]
    return ["", *table(header, rows), *_more(parts)]


def _rules(found: Found) -> list[str]:
    shown = [
        one
        for one in found["by_rule"]
        if one["changed"] or (one["failing"], one["alone"]) != (one["failing_now"], one["alone_now"])
    ]
    rows = [
        [
            one["rule"],
            *(f"{one[key]:,}" for key in ("failing", "failing_now", "alone", "alone_now", "to_kept", "to_rejected")),
        ]
        for one in shown[:SHOWN]
    ]
    header = ["rule", "fail it", "now", "it alone", "now", "-> kept", "-> rejected"]
    return ["", *table(header, rows), *_more(shown)]


def _held(held: Found) -> list[str]:
    if not held["documents"]:
        return []
    many = f"{counted(held['documents'], 'document')} ({size(held['bytes'])})"
    last = max(map(int, held["by_number"]))
    number = [
        f"  {int(n)}{' or more' if int(n) == last == 5 else ''} {'rule fails' if n == '1' else 'rules fail'}: {count:,}"
        for n, count in held["by_number"].items()
    ]
    rules = [f"{code} ({count:,})" for code, count in list(held["by_rule"].items())[:3]]
    return ["", f"{many} pass a changed rule now and stay rejected", *number, f"  most often by {', '.join(rules)}"]


def _after(found: Found) -> list[str]:
    if not found["after"]:
        return []
    rows = [
        [
            one["stage"],
            f"{one['never_saw']:,}",
            f"{one['would_not_get']:,}",
            f"{one['of_them_rejected']:,}",
            "yes" if one["decides_together"] else "no",
        ]
        for one in found["after"]
    ]
    header = ["later stage", "never saw", "would not get", "of those rejected", "others' fate may change"]
    return [
        "",
        *table(header, rows),
        "what a stage does with documents it never saw is unknown: run again to know",
    ]


def _examples(examples: Sequence[Found], title: str) -> list[str]:
    lines = ["", f"== {title}"] if examples else []
    for one in examples:
        lines.append(f"-- {one['id']}  {one['lang'] or 'no language'}  {one['source']}  {size(one['bytes'])}")
        lines += [f"   {_value(value)}" for value in one["values"]]
        lines.append(f"   {one['text']}" if one["text"] is not None else "   (the run did not keep its text)")
    return lines


def _value(value: Found) -> str:
    bounds = Condition(value["metric"], value["low"], value["high"], value["open"], "")
    shown = "undefined" if value["value"] is None else f"{value['value']:.6g}"
    name = value["rule"] if value["rule"].endswith(f".{value['metric']}") else f"{value['rule']} ({value['metric']})"
    return f"{name} = {shown}, now {'kept ' if bounds.is_on else ''}{bounds}"


def _more(rows: Sequence[Any]) -> list[str]:
    return [f"and {len(rows) - SHOWN} more"] if len(rows) > SHOWN else []


def settings_yaml(settings: Mapping[str, Any]) -> list[str]:
    """The setting of a stage that has the bounds, as a recipe has it.

    >>> settings_yaml({"override": {"gopher.word_count": (30, None), "gopher.stop_word_count": None}})
    ['    override:', '      gopher.word_count: "30:"', '      gopher.stop_word_count: null']
    >>> settings_yaml({"keep": (0.5, None)})
    ['    keep: "0.5:"']
    """
    if "keep" in settings:
        return [f"    keep: {_bounds(settings['keep'])}"]
    if not settings["override"]:
        return ["    override: {}"]
    return ["    override:", *(f"      {code}: {_bounds(bounds)}" for code, bounds in settings["override"].items())]


def _bounds(bounds: Interval | Sequence[float | None] | None) -> str:
    low, high = bounds or (None, None)
    return "null" if bounds is None else f'"{_number(low)}:{_number(high)}"'


def _number(bound: float | None) -> str:
    """The shortest way to write a bound that reads back as the same number."""
    return "" if bound is None else repr(int(bound)) if bound == int(bound) and abs(bound) < 1e15 else repr(bound)


def sweep_lines(found: Found) -> list[str]:
    """Every rule with what it does on its own, and the share it alone would reject at other bounds."""
    judged = found["judged"]
    scope = "".join(f", {name} {found[name]}" for name in ("source", "language") if found[name])
    rows = [
        [rule["rule"], _usual(rule), f"{rule['failing']:,}", f"{rule['alone']:,}", _share(rule["alone"], judged)]
        for rule in found["rules"]
    ]
    lines = [
        f"{found['run']}, stage {found['stage']}{scope}: {counted(judged, 'document')} judged, {found['kept']:,} kept",
        "",
        *table(["rule", "keeps", "fail it", "it alone", "share"], rows, left=2),
        "",
        "the share that a rule alone would reject at other bounds (* its own)",
    ]
    for rule in found["rules"]:
        for side, word in (("low", "at least"), ("high", "at most")):
            for name in dict.fromkeys(one["name"] for one in rule["at"] if one["side"] == side):
                cells = [
                    f"{one['bound']:.6g}{'*' if one['own'] else ''} {_share(one['alone'], judged)}"
                    for one in rule["at"]
                    if (one["side"], one["name"]) == (side, name)
                ]
                lines.append(f"  {name} {word}  {'   '.join(cells)}")
    return [*lines, "", f"try some: corpus-kit tune {found['run']} --stage {found['stage']} --rule RULE=LOW:HIGH"]


def _usual(rule: Found) -> str:
    """The bounds that hold for most languages, and that there are others."""
    bounds = [one["bounds"] for one in rule["bounds"]]
    others = f" (+ {len(bounds) - 1} by language or category)" if len(bounds) > 1 else ""
    return f"{bounds[0]}{others}" if bounds else ""


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "-"
