"""`corpus-kit lookup`, and `--against` on the command line."""

import json

import grown
import pytest
from click.testing import CliRunner

from corpus_kit.cli import main


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return grown.base(tmp_path_factory)


def call(*arguments: object, **options):
    return CliRunner().invoke(main, [str(one) for one in arguments], **options)


def test_a_text_a_file_and_standard_input_are_looked_up_alike(base, tmp_path):
    text = grown.varied(3, 1)
    (tmp_path / "text.txt").write_text(text, "utf-8")
    [one, other, third] = [
        call("lookup", base.path, text, "--json"),
        call("lookup", base.path, tmp_path / "text.txt", "--json"),
        call("lookup", base.path, "-", "--json", input=text),
    ]
    assert one.exit_code == 0
    assert one.stdout == other.stdout == third.stdout
    hits = json.loads(one.stdout)["hits"]
    assert hits == base.lookup(text)["hits"]
    assert len(hits) >= 2


def test_it_prints_no_text_unless_asked(base):
    text = grown.varied(3, 1)
    words = text.split()[:4]
    assert " ".join(words) not in call("lookup", base.path, text).stdout
    assert " ".join(words) in call("lookup", base.path, text, "--text").stdout


def test_limit_and_min(base):
    text = grown.varied(3, 1)
    found = call("lookup", base.path, text, "--limit", 1, "--min", 0.6).stdout
    assert found.count("  source a-old") == 1
    assert "more; see them with --limit" in found


def test_errors(base, tmp_path):
    found = call("lookup", base.path, "a", "--stage", "nera")
    assert (found.exit_code, "did you mean 'near'?" in found.stderr) == (2, True)
    (tmp_path / "bytes").write_bytes(b"\xff")
    assert "is not UTF-8 (byte 0)" in call("lookup", base.path, tmp_path / "bytes").stderr
    assert "does not exist" in call("lookup", tmp_path / "nowhere", "a").stderr


@pytest.mark.parametrize("name", ["nowhere.txt", "folder/nowhere", "./nowhere", "/no where", "https://a.example/b"])
def test_what_looks_like_the_name_of_a_file_is_not_looked_up_as_a_text(base, name):
    found = call("lookup", base.path, name)
    assert (found.exit_code, found.stdout) == (2, "")
    assert f"there is no file {name}; if that is the text itself, give it on standard input (-)" in found.stderr
    assert call("lookup", base.path, "-", input=name).exit_code == 0


@pytest.mark.parametrize("text", ["Et ord.", "se a/b her", "www.a.example er lukket", "Slut.", "1.5", "a/" * 200])
def test_a_text_may_have_signs_that_names_have(base, text):
    assert call("lookup", base.path, text).exit_code == 0


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_text_is_refused_instead_of_found_to_be_like_nothing(base, tmp_path, text):
    (tmp_path / "empty.txt").write_text(text)
    done = call("lookup", base.path, tmp_path / "empty.txt")
    assert done.exit_code == 2
    assert "the text is empty" in done.stderr


def test_a_folder_is_no_text(base, tmp_path):
    assert "is a folder; name one of its files" in call("lookup", base.path, tmp_path).stderr


def test_plan_prints_what_a_run_is_compared_with(base, tmp_path_factory, tmp_path):
    (tmp_path / "r.yaml").write_text(grown.text_of())
    source = grown.new_source(tmp_path_factory)
    found = call("plan", tmp_path / "r.yaml", "--input", source, "--against", base.path)
    assert found.exit_code == 0
    assert "compared with" in found.stdout
    assert str(base.path) in found.stdout
    alone = call("plan", tmp_path / "r.yaml", "--input", source, "--against", "none")
    assert (alone.exit_code, "compared with" in alone.stdout) == (0, False)
    assert "give --against RUN, or --against none" in call("plan", tmp_path / "r.yaml", "--input", source).stderr
    both = call("plan", tmp_path / "r.yaml", "--input", source, "--against", "none", "--against", base.path)
    assert "--against none goes without other --against" in both.stderr
