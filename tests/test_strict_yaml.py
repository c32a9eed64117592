"""The strict YAML loader: literal scalars, refusals with file and line."""

import pytest
from pydantic import BaseModel, ConfigDict

from corpus_kit.errors import RecipeError
from corpus_kit.strict_yaml import load, parse, validate


class Inner(BaseModel):
    model_config = ConfigDict(extra="forbid")
    threshold: float = 0.8


class Outer(BaseModel):
    model_config = ConfigDict(extra="forbid")
    name: str
    inner: Inner = Inner()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: no", {"a": "no"}),
        ("a: [yes, off, y, NO]", {"a": ["yes", "off", "y", "NO"]}),
        ("a: 010", {"a": 10}),
        ("a: 1_000", {"a": "1_000"}),
        ("a: 12:30:00", {"a": "12:30:00"}),
        ("a: 'true'", {"a": "true"}),
        ("a: 2024-05-01", {"a": "2024-05-01"}),
        ("a: 1e5", {"a": 100000.0}),
        ("a: <<", {"a": "<<"}),
        ("", None),
    ],
)
def test_scalars_are_read_as_yaml_1_2(text, value):
    assert parse(text, name="t").data == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: 2\na: 3\n", "t:3: key 'a' is given twice (first on line 1)"),
        ("a: &x 1\nb: *x\n", "t:1: anchors and aliases (& and *) are not allowed; write the value out"),
        ("a:\n\t- b\n", "t:2: indented with a tab; YAML wants spaces"),
        ("a: !!python/name:os.system 1\n", "t:1: tags (tag:yaml.org,2002:python/name:os.system) are not allowed"),
        ("? [a]\n: 1\n", "t:1: a key must be a plain word"),
        ("[" * 20_000 + "]" * 20_000, "t: nested too deeply"),
        (b"a: \xff", "t: not UTF-8 (byte 3)"),
        (b"x" * (5 << 20), "t: larger than 4 MiB; this is no hand-written file"),
    ],
)
def test_refusals_name_file_and_line(text, message):
    with pytest.raises(RecipeError) as caught:
        parse(text, name="t")
    assert str(caught.value) == message


def test_an_alias_bomb_is_refused_before_it_is_expanded():
    bomb = "a: &a [x, x]\n" + "".join(f"{c}: &{c} [*{p}, *{p}]\n" for p, c in zip("abcdefgh", "bcdefghi", strict=True))
    with pytest.raises(RecipeError, match="anchors and aliases"):
        parse(bomb, name="bomb")


def test_missing_file_is_a_recipe_error(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read: No such file"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name: x\ninner:\n  treshold: 1\n", "t:3: unknown key 'treshold'; did you mean 'threshold'?"),
        ("inner:\n  threshold: 1\n", "t:1: key 'name' is missing"),
        ("name: x\ninner:\n  threshold: high\n", "t:3: inner.threshold: input should be a valid number"),
        ("- a\n", "t:1: expected keys and values here, found a list"),
    ],
)
def test_validation_errors_name_line_and_nearest_key(text, message):
    with pytest.raises(RecipeError) as caught:
        validate(parse(text, name="t"), Outer)
    assert str(caught.value).startswith(message)
