"""What deduplication of documents can be told about other runs: leave an index for them, be compared with them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import model_validator

from corpus_kit.stage import CorpusStage

Policy = Literal["frozen", "recompute"]

_SIGNED_BY = ("method", "by", "form", "within", "ngram", "unit", "engine", "seed")
_DECIDED_BY = ("threshold", "measure", "prefer", "only", "except")


class Incremental(CorpusStage):
    """A stage that finds duplicates, and can remember and be reminded of them across runs."""

    index: bool = False
    """Leave an index in the run, for `corpus-kit lookup` and for later runs `--against` this one."""
    against: Policy | None = None
    """How documents of the runs given by `--against` count. `frozen`: they stay, and what is like them goes.
    `recompute`: the survivors are those of one run over everything; a list says which old documents change."""

    @model_validator(mode="after")
    def _verifies(self) -> Incremental:
        if self.against is not None and not getattr(self, "verify", True):
            raise ValueError("`against` needs `verify: true`: unverified clusters would reach into the other run")
        return self


def signed_by(stage: CorpusStage) -> dict[str, Any]:
    """What two runs must have alike for their documents to be comparable at all; banding as derived, if it is."""
    config = stage.config()
    found = {name: config[name] for name in _SIGNED_BY if name in config} | {"version": stage.version}
    banding = getattr(stage, "banding", None)
    if banding is not None:
        found |= {"bands": banding[0], "rows": banding[1]}
        if config["engine"] == "datasketch":  # whose permutations depend on how many there are
            found["permutations"] = config["permutations"] or banding[0] * banding[1]
    return found


def decided_by(stage: CorpusStage) -> dict[str, Any]:
    """What must be alike, too, for old decisions to be made anew together with new ones."""
    config = stage.config()
    return {name: config[name] for name in _DECIDED_BY if name in config}
