"""Errors survive the way between processes, and name what is possible."""

import pickle

import pytest

from corpus_kit import errors
from corpus_kit.errors import CorpusKitError, MissingExtra, missing_extra, suggest

CLASSES = sorted(
    (one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, CorpusKitError)),
    key=lambda one: one.__name__,
)


def test_the_tree_in_the_docstring_is_the_tree():
    assert [one.__name__ for one in CLASSES] == [
        "CorpusKitError",
        "LedgerError",
        "MissingExtra",
        "PlanError",
        "RecipeError",
        "RunFailed",
        "StageError",
    ]
    drawn = {line.split()[1]: line.split("exit ")[1][0] for line in (errors.__doc__ or "").splitlines() if "──" in line}
    assert drawn == {one.__name__: str(one.exit_code) for one in CLASSES if one is not CorpusKitError}


@pytest.mark.parametrize("cls", CLASSES)
def test_every_error_survives_pickling(cls):
    again = pickle.loads(pickle.dumps(cls("source 'å' is wrong\n  mend it")))
    assert type(again) is cls
    assert str(again) == "source 'å' is wrong\n  mend it"
    assert again.exit_code == cls.exit_code


def test_suggest_takes_the_nearest_name_or_lists_all():
    assert suggest("trafilatur", ["resiliparse", "trafilatura"]) == "did you mean 'trafilatura'?"
    assert suggest("x", iter(["b", "a", "b"])) == "valid names are a, b"


def test_missing_extra_gives_the_command():
    error = missing_extra("fasttext", "lang", "stage 'identify'")
    assert isinstance(error, MissingExtra)
    assert str(error) == (
        "stage 'identify' needs the library 'fasttext', which is not installed\n"
        "  install it with: pip install 'corpus-kit[lang]'"
    )
