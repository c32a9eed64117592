"""Output directories: free, ours, or another run's, which is never touched unasked."""

import pytest
import toy

from corpus_kit.claim import claim_output, describe_change
from corpus_kit.commit import RunLock
from corpus_kit.errors import LedgerError


@pytest.fixture
def planned(tmp_path):
    folder = toy.write_source(tmp_path / "in", files={"a.jsonl": [{"text": toy.DANISH}]})
    return toy.plan_of("recipe: 1\nstages: [normalize]\n", [folder])


def test_a_new_an_empty_and_the_same_directory_are_free(planned, tmp_path):
    claim_output(tmp_path / "new", planned, overwrite=False)
    (tmp_path / "empty").mkdir()
    claim_output(tmp_path / "empty", planned, overwrite=False)
    (tmp_path / "empty" / "plan.json").write_text(planned.model_dump_json())
    (tmp_path / "empty" / "manifest.json").write_text("{}")
    claim_output(tmp_path / "empty", planned, overwrite=True)
    assert (tmp_path / "empty" / "manifest.json").exists()


def test_a_file_and_a_plan_of_another_version_are_refused(planned, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(LedgerError, match="is a file"):
        claim_output(tmp_path / "file", planned, overwrite=True)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "plan.json").write_text('{"format": "0"}')
    with pytest.raises(LedgerError, match="holds a plan of another version"):
        claim_output(tmp_path / "old", planned, overwrite=False)
    claim_output(tmp_path / "old", planned, overwrite=True)
    assert [one.name for one in (tmp_path / "old").iterdir()] == [".lock"]


def test_a_run_under_way_is_not_overwritten(planned, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "plan.json").write_text("{}")
    lock = RunLock(tmp_path / "run")
    lock.acquire()
    with pytest.raises(LedgerError, match="is being written by process"):
        claim_output(tmp_path / "run", planned, overwrite=True)
    assert (tmp_path / "run" / "plan.json").exists()
    lock.release()


def test_changes_name_added_and_removed_keys():
    text = describe_change({"a": {"b": 1}, "c": 2}, {"a": {"b": 1, "d": 3}})
    assert text == "  c: was 2, now (absent)\n  a.d: was (absent), now 3"


def test_many_changes_and_long_values_are_cut():
    old, new = {str(i): "x" * 100 for i in range(8)}, {str(i): "y" for i in range(8)}
    lines = describe_change(old, new).splitlines()
    assert len(lines) == 6
    assert lines[0] == f"  0: was {'x' * 28}…{'x' * 28}, now y"
    assert lines[-1] == "  and 3 more"
