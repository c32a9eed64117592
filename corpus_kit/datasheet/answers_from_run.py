"""Answers that the run itself gives: what it counted, and how it was configured."""

from __future__ import annotations

from collections import Counter

from corpus_kit.datasheet import languages
from corpus_kit.datasheet.answers import Facts, Reply, answers_question, configured, declared, measured
from corpus_kit.datasheet.display import count, listed, percent, plural, size, weight
from corpus_kit.schema import COLUMNS


@answers_question("M1")
def _purpose(facts: Facts) -> Reply | None:
    text = facts.stats["description"]
    return Reply((configured(f"By the recipe: {text}"),)) if text else None


@answers_question("C1")
def _entry(facts: Facts) -> Reply:
    kinds: Counter[str] = Counter()
    for source in facts.stats["sources"]:
        kinds[source["category"]] += source["documents_kept"]
    told = [
        f"{kind} ({count(many)})" for kind, many in sorted(kinds.items(), key=lambda one: (-one[1], one[0])) if many
    ]
    first = measured("An entry is one text with what is known of it; nothing but text is in it.")
    return Reply((first, declared(f"Documents by category of their source: {listed(told)}." if told else "")))


@answers_question("C2")
def _how_many(facts: Facts) -> Reply:
    totals = facts.stats["totals"]
    kept = [one for one in facts.stats["languages"] if one["documents_kept"]]
    told = [f"{languages.name(one['name'])} {count(one['documents_kept'])}" for one in kept]
    whole = f"{plural(totals['documents_kept'], 'document')}, {size(totals['bytes_kept'])} of text."
    return Reply((measured(f"{whole} By language: {listed(told)}." if told else whole),))


@answers_question("C3")
def _selection(facts: Facts) -> Reply:
    totals = facts.stats["totals"]
    kept = f"{count(totals['documents_kept'])} of {plural(totals['documents_read'], 'document')} read"
    share = percent(totals["share_kept"])
    text = f"A selection: {kept} ({share} kept); the rest was rejected for reasons listed under 'What was removed'."
    return Reply(
        (measured(text), measured("Whether the selection represents the whole was not checked.")), partial=True
    )


@answers_question("C4")
def _columns(facts: Facts) -> Reply:
    names = [column["name"] for column in facts.stats["columns"]]
    return Reply((measured(f"The text as UTF-8, and columns about it: {listed(names, 40)}."),)) if names else Reply(())


@answers_question("C5")
def _labels(facts: Facts) -> Reply:
    extra = [one["name"] for one in facts.stats["columns"] if one["name"] not in COLUMNS]
    labels = ["lang", "lang_score"] if "identify" in facts.stage_names() else []
    told = f"Labels made by programs: {listed([*labels, *extra], 20)}." if labels or extra else "No labels were made."
    return Reply((measured("There are no targets."), configured(told)))


@answers_question("C6")
def _missing(facts: Facts) -> Reply:
    rows = facts.stats["totals"]["documents_kept"]
    gaps = [(one["name"], one["missing"]) for one in facts.stats["columns"] if one["missing"]]
    told = [f"{name} in {percent(many, rows)}" for name, many in gaps if many]
    text = f"Columns without a value, by share of the documents: {listed(told, 20)}. The sources did not give them."
    return Reply((measured(text if told else "No gaps were found in the columns that were counted."),))


@answers_question("C7")
def _relations(facts: Facts) -> Reply:
    found = ["Column origin names the file and place each document was read from"]
    if facts.stats["totals"]["documents_segmented"]:
        found.append("the id of a part is that of its whole with '#' and a number")
    if facts.stats["duplicates"]:
        found.append("the folder decisions names, for every removed duplicate, the document kept in its place")
    return Reply((measured(f"{'; '.join(found)}."),))


@answers_question("C8")
def _splits(facts: Facts) -> Reply:
    if "split" in facts.stage_names():
        return Reply((configured("Splits were made by the split stage; its numbers stand beside it."),))
    return Reply((configured("No splits were made: everything is in one, called train."),))


@answers_question("C9")
def _errors(facts: Facts) -> Reply:
    lost = sum(one["documents"] for one in facts.stats["damage"])
    parts = [
        measured(f"{plural(lost, 'record')} could not be read and were left out." if lost else "No record was damaged.")
    ]
    found = facts.stats["duplicates"]
    parts += [measured(f"Stage {one['stage']} removed {plural(one['removed'], 'duplicate')}.") for one in found]
    parts.append(configured("" if found else "Duplicates were not looked for."))
    issues = [
        f"{name}: {listed(card.quality.known_issues)}"
        for name, card in facts.cards.items()
        if card.quality.known_issues
    ]
    parts.append(declared(f"Known issues: {'; '.join(issues)}." if issues else ""))
    return Reply(tuple(parts), partial=not issues)


@answers_question("C10")
def _stands_alone(facts: Facts) -> Reply:
    text = "It stands alone: the texts are in it. Where url is given, it says where a text came from; it is not needed."
    return Reply((measured(text),))


@answers_question("C13")
def _groups(facts: Facts) -> Reply:
    text = "No column sets groups of people apart. Documents are told apart by source, category and language."
    places = {f"{name}: {card.content.geography}" for name, card in facts.cards.items() if card.content.geography}
    return Reply((measured(text), declared(f"Regions: {listed(sorted(places))}." if places else "")), partial=True)


@answers_question("P3")
def _sampling(facts: Facts) -> Reply:
    limits, told = facts.stats["limits"], []
    if limits["limit"] is not None:
        told.append(f"at most {plural(limits['limit'], 'record')}, evenly from the beginning of every file (--limit)")
    if limits["sample"] is not None:
        told.append(f"{100 * limits['sample']:g}% of the documents, chosen by a hash of their id (--sample)")
    text = f"Read were {' and '.join(told)}." if told else "No sample was drawn: every record of the inputs was read."
    return Reply((configured(text),))


@answers_question("R1")
def _processing(facts: Facts) -> Reply:
    steps = []
    for step in facts.stats["waterfall"][1:]:
        gone = step["documents_rejected"]
        steps.append(f"{step['stage']} ({f'rejected {count(gone)}' if gone else 'rejected none'})")
    text = f"Stages, in order: {listed(steps, 30)}. Their numbers, each with its origin, stand beside them."
    return Reply((measured(text),))


@answers_question("R2")
def _raw(facts: Facts) -> Reply:
    policy = {
        "all": "The text of every rejected document is kept in the folder rejects.",
        "none": "No text of rejected documents is kept; the folder rejects has their ids and reasons.",
        "sample": "Of rejected documents, ids, reasons and a small sample of the texts are kept in the folder rejects.",
    }
    kept = policy.get(facts.plan.recipe.get("reject_text", ""), "")
    text = "The inputs stay where they were and are not part of the corpus; digests of the input files are recorded."
    return Reply((configured(text), configured(kept)), partial=True)


@answers_question("R3")
def _software(facts: Facts) -> Reply:
    made = facts.stats["made"]
    libraries = {name: version for stage in facts.stats["stages"] for name, version in stage["libraries"].items()}
    told = [
        f"{name} {version}" for name, version in sorted({"pyarrow": made["pyarrow"], **libraries}.items()) if version
    ]
    text = (
        f"corpus_kit {made['corpus_kit']} (Apache-2.0), with {listed(told, 12)}. Recipe and plan are kept with the run."
    )
    return Reply((measured(text),))


@answers_question("U4")
def _effects(facts: Facts) -> Reply:
    parts = []
    for what, entries in (("language", facts.stats["languages"]), ("source", facts.stats["sources"])):
        if entries and entries[0]["share"]:
            name = languages.name(entries[0]["name"]) if what == "language" else entries[0]["name"]
            parts.append(measured(f"The largest {what}, {name}, is {percent(entries[0]['share'])} of the text."))
    parts.append(
        measured("Stages reject documents of different sources and languages at different rates; see the tables.")
    )
    biases = [f"{name}: {listed(card.quality.biases)}" for name, card in facts.cards.items() if card.quality.biases]
    parts.append(declared(f"Biases: {'; '.join(biases)}." if biases else ""))
    for stage, groups in facts.stats["weights"].items():
        told = [f"{one['group']} {weight(one['weight'])}" for one in groups]
        parts.append(measured(f"Stage {stage} weighted the groups: {listed(told)}." if told else ""))
    return Reply(tuple(parts), partial=True)


@answers_question("D2")
def _how_given(facts: Facts) -> Reply:
    data = next((one for one in facts.stats["files"] if one["kind"] == "data"), None)
    files = f"{plural(data['files'], 'file')} ({size(data['bytes'])})" if data else "files"
    text = f"As {files} in Parquet form, with this documentation. No DOI is recorded."
    return Reply((measured(text),), partial=True)
