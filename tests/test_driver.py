"""The driver: what it reports, and what it says when shards fail."""

from collections.abc import Iterable, Iterator

import laws
import pytest
import toy

from corpus_kit.driver import Driver, Progress, _failure_text
from corpus_kit.errors import RunFailed
from corpus_kit.tasks import Outcome, Settings, Task, perform


def test_progress_counts_what_the_first_step_of_a_phase_gets(tmp_path):
    seen: list[Progress] = []
    corpus = laws.make_corpus(tmp_path / "corpus", documents=60)
    done = laws.run(corpus, tmp_path / "run", progress=seen.append)
    first = [one for one in seen if one.phase == "map-0"]
    read = sum(n for cell, n in done.tally.documents.items() if cell.flow == "made")
    assert [one.done for one in first] == list(range(len(done.plan.loads) + 1))
    assert (first[-1].documents, first[-1].total) == (read, len(done.plan.loads))
    second = [one for one in seen if one.phase == "map-1"][-1]
    assert second.documents == {step.stage: step for step in done.waterfall()}["exact"].documents_in
    assert [one.number for one in seen] == sorted(one.number for one in seen)


class Fails:
    """An executor that loses some tasks, and one that finds the disk full."""

    def __init__(self, run: str, fingerprint: str, *, fatal: bool):
        self.arguments, self.fatal = (run, fingerprint), fatal

    def map(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        for i, task in enumerate(tasks):
            if i % 2:
                yield Outcome(task.name, None, "", {}, ("OSError", "no luck"), fatal=self.fatal)
            else:
                yield perform(*self.arguments, task, Settings())


@pytest.mark.parametrize("fatal", [False, True])
def test_failures_are_listed_after_the_others_have_finished(tmp_path, fatal):
    folders = [
        toy.write_source(tmp_path / name, name, files={"a.jsonl": [{"text": toy.DANISH}]})
        for name in ("aa", "bb", "cc")
    ]
    planned = toy.plan_of("recipe: 1\nstages: [normalize]\n", folders)
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "plan.json").write_text(planned.model_dump_json())
    pool = Fails(str(tmp_path / "run"), planned.fingerprint, fatal=fatal)
    with pytest.raises(RunFailed) as caught:
        Driver(tmp_path / "run", planned, pool, None).run()
    done = {path.stem for path in (tmp_path / "run" / "receipts" / "map-0").iterdir()}
    if fatal:
        assert str(caught.value) == "no luck; what is done is kept, run the same command again to resume"
        assert done == {"000000"}
    else:
        assert "1 of 3 shards failed in phase map-0:\n  map-0/000001: no luck" in str(caught.value)
        assert done == {"000000", "000002"}
    assert not (tmp_path / "run" / "manifest.json").exists()


def test_long_lists_of_failures_are_cut():
    text = _failure_text("map-0", [(f"map-0/{i:06d}", "x") for i in range(13)], 20)
    assert text.splitlines()[0] == "13 of 20 shards failed in phase map-0:"
    assert text.splitlines()[-2] == "  and 3 more"
