"""Why a document is in a corpus, or is not: its whole story from the ledger."""

from __future__ import annotations

from typing import Any

import pyarrow.compute as pc

from corpus_kit.errors import PlanError
from corpus_kit.opened import Run
from corpus_kit.outputs import MEASURED
from corpus_kit.show import counted

Story = dict[str, Any]


def why(run: Run, id: str) -> Story:
    """What happened to a document: where it was read, what was measured, who decided what.

    Raises PlanError if the run has no document of that id.
    """
    kept, reject = run.find("data", id), None
    if kept is None:
        reject = run.find("rejects", id)
    row = kept or reject
    if row is None:
        raise PlanError(f"{run.path} has no document {id!r}, neither kept nor rejected")
    story: Story = {key: row.get(key) for key in ("id", "source", "category", "origin", "url", "lang")}
    story["kept"] = kept is not None
    story["stages"] = _stages(run, id, None if reject is None else reject["stage"], reject)
    if kept is not None and kept.get("weight") is not None:
        story["weight"] = kept["weight"]
    return story


def _stages(run: Run, id: str, rejected_at: str | None, reject: Story | None) -> list[Story]:
    told = []
    if rejected_at == "read":
        assert reject is not None
        return [{"stage": "read", "verdict": "rejected", "reasons": reject["reasons"]}]
    for stage in run.plan.stages:
        one: Story = {"stage": stage.id, "verdict": "rejected" if stage.id == rejected_at else "passed"}
        if stage.name in ("filter", "classifier", "perplexity"):
            measured = run.find(f"metrics/{stage.id}", id) if run.plan.recipe["metrics"] == "all" else None
            if measured is not None:
                one["metrics"] = {k: v for k, v in measured.items() if k not in MEASURED}
        if stage.name == "dedup":
            decision = run.find(f"decisions/{stage.id}", id)
            if decision is not None:
                one |= _cluster(run, stage.id, decision) if "removed" in decision else _repeated(run, stage.id, id)
        if stage.name == "identify" and stage.id == rejected_at:
            one["keep"] = stage.config["keep"]
        if stage.id == rejected_at:
            assert reject is not None
            one["reasons"] = reject["reasons"]
            return [*told, one]
        told.append(one)
    return told


def _cluster(run: Run, stage_id: str, decision: Story) -> Story:
    if not decision["removed"]:
        return {"stands_for": decision["duplicates"]}
    told: Story = {"duplicate_of": decision["duplicate_of_id"], "similarity": decision["similarity"]}
    survivor = run.find("data", decision["duplicate_of_id"]) or run.find("rejects", decision["duplicate_of_id"])
    if survivor is not None:
        told |= {"duplicate_of_source": survivor["source"], "duplicate_of_origin": survivor["origin"]}
    return told


def _repeated(run: Run, stage_id: str, id: str) -> Story:
    """The stretches of a document that others have, too, in bytes of the text as it came to the stage."""
    columns = {"begin": pc.field("begin"), "end": pc.field("end"), "kept_in": pc.field("kept_in_id")}
    found = run.dataset(f"decisions/{stage_id}").to_table(columns=columns, filter=pc.field("id") == id)
    return {"repeated": found.sort_by("begin").to_pylist()}


def story_lines(story: Story) -> list[str]:
    """The story for people."""
    lines = [
        f"{story['id']}  {'kept' if story['kept'] else 'rejected'}",
        f"  read from {story['source']}: {story['origin']}",
    ]
    if story["url"]:
        lines.append(f"  url       {story['url']}")
    if story["lang"]:
        lines.append(f"  language  {story['lang']}")
    for one in story["stages"]:
        lines.append(f"  {one['stage']}: {one['verdict']}")
        if "duplicate_of" in one:
            similar = f"similarity {one['similarity']:.3f}" if one["similarity"] is not None else "not verified"
            where = f" ({one['duplicate_of_origin']})" if "duplicate_of_origin" in one else ""
            lines.append(f"    duplicate of {one['duplicate_of']}{where}, {similar}")
        if one.get("stands_for"):
            lines.append(f"    kept in place of {counted(one['stands_for'], 'duplicate')}")
        lines += [f"    {stretch_line(stretch, story['id'])}" for stretch in one.get("repeated", ())]
        if one.get("keep"):
            lines.append(f"    {story['lang']} is not kept, or not with this score; kept are {', '.join(one['keep'])}")
        lines += [f"    {reason_line(reason)}" for reason in one.get("reasons", ())]
    if "weight" in story:
        lines.append(f"  weight    {story['weight']:.3f} epochs")
    return lines


def stretch_line(stretch: Story, id: str) -> str:
    """A stretch of a document that is repeated, and where it is kept.

    >>> stretch_line({"begin": 10, "end": 52, "kept_in": "web-1"}, "web-2")
    'repeated: bytes 10 to 52, kept in web-1'
    """
    places = {None: "kept in no document", id: "kept in an earlier place of this document"}
    where = places.get(stretch["kept_in"], f"kept in {stretch['kept_in']}")
    return f"repeated: bytes {stretch['begin']} to {stretch['end']}, {where}"


def reason_line(reason: Story) -> str:
    """A reason with its value and the bounds that would have kept the document.

    >>> reason_line({"code": "gopher.word_count", "value": 12.0, "low": 50.0, "high": 100000.0})
    'gopher.word_count = 12, kept from 50 to 100000'
    """
    text = reason["code"]
    if reason["value"] is not None:
        text += f" = {reason['value']:.6g}"
    low, high = reason["low"], reason["high"]
    if reason["code"].startswith("dedup.") and not reason["code"].endswith(("_left", "_share")):
        return f"{text}, kept below {high:g}"  # the one bound that itself rejects
    if low is not None and high is not None:
        return f"{text}, kept from {low:g} to {high:g}"
    if low is not None:
        return f"{text}, kept from {low:g}"
    return f"{text}, kept up to {high:g}" if high is not None else text
