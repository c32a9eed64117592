"""The targets file: strict, small, every mistake named with its line."""

import pytest

from corpus_kit import resources
from corpus_kit.errors import RecipeError
from corpus_kit.mixing.targets import Targets, complete, load_targets


def load(tmp_path, text: str) -> Targets:
    path = tmp_path / "t.yaml"
    path.write_text(text)
    return load_targets(path)


def test_everything_has_a_default(tmp_path):
    asked = load(tmp_path, "mix: 1\n")
    assert (asked.unit, asked.by, asked.method, asked.total) == ("bytes", ("lang",), "natural", None)


def test_numbers_by_name(tmp_path):
    asked = load(
        tmp_path,
        "mix: 1\nby: [lang, category]\nmethod: shares\nmax_epochs: {dan_Latn: 4, rest: 2}\ntotal: 10e9\n"
        "shares:\n  dan_Latn: {web: 0.5, rest: 0.1}\n  no/web: 0.2\n  rest: remainder\n",
    )
    assert asked.numbers("max_epochs") == {("dan_Latn",): 4, (): 2}
    assert complete(asked.numbers("shares")) == pytest.approx(
        {("dan_Latn", "web"): 0.5, ("dan_Latn",): 0.1, ("no", "web"): 0.2, (): 0.2}
    )
    assert asked.total == 10_000_000_000
    assert asked.numbers("weights") == {}
    assert Targets(max_epochs=4).numbers("max_epochs") == {(): 4}


def test_rounded_shares_are_made_to_add_up():
    assert sum(complete({("a",): 0.333, ("b",): 0.333, ("c",): 0.333}).values()) == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("method: shares\nshares: {a: 0.5, b: 0.4}", "t.yaml:3: shares: shares add up to 0.9, not 1; `rest: 0.1`"),
        ("method: shares\nshares: {a: 60, b: 40}", "write fractions, not percent: 1 in all"),
        ("method: shares\nshares: {a: 0.7, b: 0.7, rest: remainder}", "add up to 1.4, so nothing remains"),
        ("method: shares\nshares: {a: 1.5, b: -0.5}", "t.yaml:3: shares: 'b' is negative"),
        ("method: shares\nshares: {a: remainder}", "'a' takes a number"),
        ("method: shares\nshares: {a: true}", "'a' takes a number"),
        ("method: shares\nshares: {a: .nan}", "'a' takes a number"),
        ("method: shares\nshares: {a: {b: 1}}", "'a' is a whole group and takes a number"),
        ("method: shares", "method shares needs `shares`"),
        ("method: temperature", "method temperature needs `alpha`"),
        ("method: temperature\nalpha: 1.5", "t.yaml:3: alpha: input should be less than or equal to 1"),
        ("method: temperature\nalpha: true", "t.yaml:3: alpha: input should be a valid number"),
        ("alpha: 0.5", "`alpha` is for method temperature, not natural"),
        ("method: unimax", "method unimax needs `max_epochs`"),
        ("method: unimax\nmax_epochs: 0", "t.yaml:3: max_epochs"),
        ("method: unimax\nmax_epochs: {a: -1}", "'a' is negative"),
        ("method: epochs\nepochs: {rest: 1}\ntotal: 10", "with method epochs the total follows"),
        ("method: epochs\nepochs: {rest: 1}\nwhen_capped: spread", "nothing to spread"),
        ("total: 0", "t.yaml:2: total"),
        ("total: -5", "t.yaml:2: total"),
        ("total: lots", "t.yaml:2: total"),
        ("unit: byte", "t.yaml:2: unit: input should be 'bytes', 'characters', 'words', 'documents' or 'tokens'"),
        ("tokenizer: bpe", "`tokenizer` is for unit tokens, not bytes"),
        ("by: []", "t.yaml:2: by"),
        ("methods: natural", "t.yaml:2: unknown key 'methods'; did you mean 'method'"),
        ("method: unimx", "t.yaml:2: method: input should be 'natural'"),
    ],
)
def test_a_targets_file_that_is_wrong(tmp_path, text, complaint):
    with pytest.raises(RecipeError) as caught:
        load(tmp_path, f"mix: 1\n{text}\n")
    assert complaint in str(caught.value)


def test_the_version_is_checked(tmp_path):
    with pytest.raises(RecipeError, match=r"t.yaml:1: mix"):
        load(tmp_path, "mix: 2\n")


@pytest.mark.parametrize(
    ("settings", "spreads"),
    [
        ({}, True),
        ({"method": "unimax", "max_epochs": 1.0}, True),
        ({"method": "shares", "shares": {"a": 1}}, False),
        ({"method": "weights", "weights": {"a": 1}}, False),
        ({"method": "shares", "shares": {"a": 1}, "when_capped": "spread"}, True),
        ({"when_capped": "refuse"}, False),
    ],
)
def test_given_numbers_are_not_bent_unless_asked(settings, spreads):
    assert Targets.model_validate(settings).spreads is spreads


def test_shipped_mixes_are_valid_and_cite():
    assert resources.names("mixes") == ["gpt_sw3", "temperature", "unimax"]
    for name in resources.names("mixes"):
        assert len(load_targets(name).cites or "") > 20
    with pytest.raises(RecipeError, match="unknown mix 'gpt_sw4'; did you mean 'gpt_sw3'"):
        load_targets("gpt_sw4")
