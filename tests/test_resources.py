import hashlib

import pytest

from corpus_kit import resources
from corpus_kit.errors import RecipeError


def test_what_ships_is_listed_and_found():
    assert "gopher" in resources.names("rulesets")
    assert {"dan", "swe", "nob", "nno", "isl", "fao", "fin", "deu", "eng", "azj"} <= set(resources.names("languages"))
    for kind in ("rulesets", "languages"):
        for name in resources.names(kind):
            assert resources.find(kind, name).is_file()


def test_an_unknown_name_is_corrected():
    with pytest.raises(RecipeError, match=r"unknown ruleset 'gophr'; did you mean 'gopher'\?"):
        resources.find("rulesets", "gophr")
    with pytest.raises(RecipeError, match=r"unknown language profile 'xyz'; valid names are azj, dan,"):
        resources.find("languages", "xyz")


def test_a_path_is_the_users_own_file(tmp_path):
    own = tmp_path / "mine.yaml"
    own.write_text("cites: me\n")
    assert resources.find("rulesets", str(own)) == own
    with pytest.raises(RecipeError, match=r"no ruleset file at other\.yaml"):
        resources.find("rulesets", "other.yaml")


def test_a_wheel_brings_its_own_data(tmp_path, monkeypatch):
    package = tmp_path / "corpus_kit"
    shipped = package / "_data" / "filters" / "rulesets"
    shipped.mkdir(parents=True)
    (shipped / "only.yaml").touch()
    (shipped / ".hidden.yaml").touch()
    (shipped / "notes.txt").touch()
    beside = tmp_path / "filters" / "rulesets"
    beside.mkdir(parents=True)
    (beside / "stranger.yaml").touch()
    monkeypatch.setattr(resources, "PACKAGE", package)
    assert resources.names("rulesets") == ["only"]
    assert resources.find("rulesets", "only") == shipped / "only.yaml"
    assert resources.names("models") == []


def test_a_checkout_uses_the_folders_beside_the_package(tmp_path, monkeypatch):
    (tmp_path / "pipelines").mkdir()
    (tmp_path / "pipelines" / "demo.yaml").touch()
    monkeypatch.setattr(resources, "PACKAGE", tmp_path / "corpus_kit")
    assert resources.root() == tmp_path
    assert resources.names("pipelines") == ["demo"]


def test_a_digest_follows_the_content(tmp_path):
    file = tmp_path / "list.txt"
    file.write_bytes(b"one")
    assert resources.digest(file) == hashlib.sha256(b"one").hexdigest()
    file.write_bytes(b"three")
    assert resources.digest(str(file)) == hashlib.sha256(b"three").hexdigest()


def test_models_are_found_by_file_name(tmp_path, monkeypatch):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "lid.bin").touch()
    monkeypatch.setattr(resources, "PACKAGE", tmp_path)
    assert resources.names("models") == ["lid.bin"]
    assert resources.find("models", "lid.bin") == tmp_path / "models" / "lid.bin"
