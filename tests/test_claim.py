"""Output directories: free, ours, or another run's, which is never touched unasked."""

import pytest
import toy

from corpus_kit.claim import check_files, claim_output, describe_change, refuse_foreign
from corpus_kit.errors import LedgerError
from corpus_kit.inputs import resolve_inputs


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
        refuse_foreign(tmp_path / "file", [])
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "plan.json").write_text('{"format": "0"}')
    with pytest.raises(LedgerError, match="holds a plan of another version"):
        claim_output(tmp_path / "old", planned, overwrite=False)
    claim_output(tmp_path / "old", planned, overwrite=True)
    assert list((tmp_path / "old").iterdir()) == []


def test_overwriting_removes_what_a_run_makes_and_nothing_else(planned, tmp_path):
    for name in ("data", "work"):
        (tmp_path / "run" / name).mkdir(parents=True)
        (tmp_path / "run" / name / "x").write_text("x")
    for name in ("plan.json", "manifest.json", "notes.txt"):
        (tmp_path / "run" / name).write_text("{}")
    claim_output(tmp_path / "run", planned, overwrite=True)
    assert [one.name for one in (tmp_path / "run").iterdir()] == ["notes.txt"]


def test_a_directory_that_was_only_begun_is_free_and_others_are_not(tmp_path):
    (tmp_path / "begun").mkdir()
    (tmp_path / "begun" / ".lock").touch()
    (tmp_path / "begun" / ".plan.json.123").touch()
    refuse_foreign(tmp_path / "begun", [])
    (tmp_path / "begun" / "thesis.txt").touch()
    with pytest.raises(LedgerError, match="holds files that are no run"):
        refuse_foreign(tmp_path / "begun", [])


def test_an_output_inside_an_input_is_refused(planned, tmp_path):
    [bound] = resolve_inputs([str(tmp_path / "in")])
    with pytest.raises(LedgerError, match="lies inside the input"):
        refuse_foreign(tmp_path / "in" / "out", [bound])


def test_files_of_a_finished_run_must_be_there(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "0.parquet").write_text("1234")
    manifest = {"files": [{"path": "data/0.parquet", "bytes": 4}]}
    check_files(tmp_path, manifest)
    (tmp_path / "data" / "0.parquet").write_text("123")
    with pytest.raises(LedgerError, match=r"data/0\.parquet is not as it was"):
        check_files(tmp_path, manifest)
    (tmp_path / "data" / "0.parquet").unlink()
    with pytest.raises(LedgerError, match=r"data/0\.parquet is missing"):
        check_files(tmp_path, manifest)


def test_changes_name_added_and_removed_keys():
    text = describe_change({"a": {"b": 1}, "c": 2}, {"a": {"b": 1, "d": 3}})
    assert text == "  c: was 2, now (absent)\n  a.d: was (absent), now 3"


def test_many_changes_and_long_values_are_cut():
    old, new = {str(i): "x" * 100 for i in range(8)}, {str(i): "y" for i in range(8)}
    lines = describe_change(old, new).splitlines()
    assert len(lines) == 6
    assert lines[0] == f"  0: was {'x' * 28}…{'x' * 28}, now y"
    assert lines[-1] == "  and 3 more"
