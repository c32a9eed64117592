"""What a question about a run may name."""

import json

import pytest
from click.testing import CliRunner

from corpus_kit.choices import check_choices, codes_of
from corpus_kit.cli import main
from corpus_kit.errors import PlanError


def test_what_a_run_has_may_be_named(toy_run):
    check_choices(toy_run)
    check_choices(toy_run, stage="dedup.2", code="dedup.minhash", source="toy", language="swe_Latn")
    check_choices(toy_run, stage="read", code="read.damaged")  # possible, though it did not happen


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"stage": "filtr"}, "no stage 'filtr'; did you mean 'filter'"),
        ({"stage": "zzz"}, r"no stage 'zzz'; valid names are dedup, dedup\.2, filter, normalize, read, weight"),
        ({"code": "toy_rules.wordcount"}, r"no reason 'toy_rules\.wordcount'; did you mean 'toy_rules\.word_count'"),
        ({"source": "tay"}, "no source 'tay'; did you mean 'toy'"),
        ({"language": "dan_Lat"}, "no language 'dan_Lat'; did you mean 'dan_Latn'"),
    ],
)
def test_a_misspelling_gets_a_suggestion(toy_run, choice, message):
    with pytest.raises(PlanError, match=message):
        check_choices(toy_run, **choice)


def test_codes_are_those_declared_and_those_counted(toy_run):
    known = codes_of(toy_run)
    assert {"read.no_text", "normalize.empty", "filter.no_profile", "toy_rules.word_count", "dedup.exact"} <= known
    assert "identify.language" not in known


def call(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, ["inspect", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_inspect_suggests_and_takes_a_language(toy_run):
    assert "has no reason 'dedup.exat'; did you mean 'dedup.exact'?" in call(
        toy_run.path, "--code", "dedup.exat", code=2
    )
    assert "no stage 'dedp'" in call(toy_run.path, "--stage", "dedp", code=2)
    assert call(toy_run.path, "--code", "normalize.empty") == "no documents\n"
    rows = json.loads(call(toy_run.path, "--language", "swe_Latn", "--size", 9, "--json"))
    assert {row["lang"] for row in rows} == {"swe_Latn"}
    assert {row["verdict"] for row in rows} == {"kept", "rejected"}
