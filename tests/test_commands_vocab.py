"""`corpus-kit vocab` and `corpus-kit tokenizer convert`, from the shell."""

import json
from collections import Counter

import pytest
import wordy
from click.testing import CliRunner

from corpus_kit.cli import main


def call(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [*map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def test_vocab_writes_the_words_and_their_counts(toy_run, tmp_path):
    output, counts = tmp_path / "new" / "vocab.txt", tmp_path / "counts.tsv"
    said = call("vocab", toy_run.path, "--top", 5, "--output", output, "--counts", counts, "--mix", "once")
    found = Counter(word for text in toy_run.kept()["text"].to_pylist() for word in text.split())
    top = sorted(found.items(), key=lambda one: (-one[1], one[0]))[:5]
    assert output.read_text() == "<S>\n</S>\n<UNK>\n" + "".join(f"{word}\n" for word, _ in top)
    assert counts.read_text() == "word\tcount\n" + "".join(f"{word}\t{many}\n" for word, many in top)
    assert f"3 documents, weights: once\nwritten to {output}\ncounts in {counts}\n" in said
    assert list(output.parent.iterdir()) == [output]


def test_vocab_says_what_it_did_as_json(toy_run, tmp_path):
    arguments = (
        "--top",
        "1k",
        "--output",
        tmp_path / "v.txt",
        "--words",
        "unicode",
        "--lower",
        "--by",
        "lang",
        "--json",
    )
    said = json.loads(call("vocab", toy_run.path, *arguments))
    assert (said["top"], said["words"], said["lower"], said["by"]) == (1000, "unicode", True, ["lang"])
    assert [one["group"] for one in said["lists"]] == sorted([lang] for lang in set(toy_run.kept()["lang"].to_pylist()))
    assert all(one["coverage"] == 1 and one["listed"] == one["distinct"] for one in said["lists"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"v.{one['group'][0]}.txt" for one in said["lists"]]


def test_vocab_names_what_is_wrong(toy_run, tmp_path):
    assert "is not finished" in call("vocab", tmp_path, "--output", tmp_path / "v.txt", code=2)
    message = call("vocab", toy_run.path, "--by", "language", "--output", tmp_path / "v.txt", code=2)
    assert "has no column 'language' to group by" in message
    assert list(tmp_path.iterdir()) == []


def test_convert_makes_wordpiece_and_tells_what_changed(tmp_path):
    pytest.importorskip("sentencepiece")
    pytest.importorskip("tokenizers")
    model = wordy.sentencepiece_model(tmp_path / "t.model", wordy.texts("udhr"))
    arguments = ("tokenizer", "convert", model, "--to", "wordpiece", "--output", tmp_path / "wp", "--vocab-size", 2048)
    said = call(*arguments, "--data", wordy.EXAMPLES / "udhr")
    assert said.startswith(f"{tmp_path / 'wp'}: wordpiece, 2,048 entries, ")
    assert "% are cut differently" in said
    assert "exists already" in call(*arguments, code=2)
    manifest = json.loads(call(*arguments, "--overwrite", "--json"))
    assert (manifest["form"], manifest["kind"], manifest["vocab_size"]) == ("wordpiece", "wordpiece", 2048)
    lines = (tmp_path / "wp" / "vocab.txt").read_text().split("\n")
    assert lines[:2] == ["[PAD]", "[unused0]"]
    assert lines.index("[MASK]") == manifest["changes"]["unused"] + 4
