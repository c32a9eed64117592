"""`corpus-kit identify`: what is printed where, exit codes, and lines as they come."""

import json
import subprocess
import sys

import pytest
import test_readme
import toy
from click.testing import CliRunner

from corpus_kit.cli import main
from corpus_kit.lid.identify import EMBEDDED


def call(*arguments, code=0, given=None):
    result = CliRunner().invoke(main, ["identify", *map(str, arguments)], input=given)
    assert result.exit_code == code, result.output
    return result


@pytest.fixture
def danish(tmp_path):
    (tmp_path / "da.txt").write_text(toy.DANISH, "utf-8")
    return tmp_path / "da.txt"


def test_files_are_told_in_the_order_given(danish, tmp_path):
    (tmp_path / "en.jsonl").write_text(json.dumps({"text": toy.ENGLISH}) + "\n")
    rows = [line.split() for line in call(tmp_path / "en.jsonl", danish).stdout.splitlines()]
    assert rows[0] == ["language", "score", "runner-up", "margin", "text"]
    assert [(row[0], row[-1]) for row in rows[1:]] == [
        ("eng_Latn", f"{tmp_path / 'en.jsonl'}:1"),
        ("dan_Latn", str(danish)),
    ]


def test_json_is_one_object_a_line(danish):
    result = call(danish, danish, "--json", "--paragraphs")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["lang"] for one in found] == ["dan_Latn"] * 2
    assert set(found[0]) == {"text", "lang", "lang_score", "lang_runner_up", "lang_margin", "lang_shares"}
    assert found[0]["lang_shares"] == [{"lang": "dan_Latn", "share": 1.0}]


def test_standard_input_is_text_records_or_lines():
    assert call("-", given=toy.DANISH).stdout.splitlines()[1].split()[::4] == ["dan_Latn", "stdin"]
    records = json.dumps({"text": toy.SWEDISH}) + "\n"
    assert call("-", given=records).stdout.splitlines()[1].split()[::4] == ["swe_Latn", "stdin:1"]
    printed = call("--lines", "-", given=f"{toy.DANISH}\n\n{toy.SWEDISH}\n").stdout
    assert [line.split("\t")[0] for line in printed.splitlines()] == ["dan_Latn", "und", "swe_Latn"]
    assert {len(line.split("\t")) for line in printed.splitlines()} == {4}
    assert call("--lines", "-", given="").stdout == ""
    assert call("-", given="").stdout.splitlines()[1].split()[0] == "und"


def test_lines_are_answered_before_the_input_ends():
    process = subprocess.Popen(
        [sys.executable, "-m", "corpus_kit.cli", "identify", "--lines", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(toy.DANISH.encode() + b"\n")
    process.stdin.flush()
    assert process.stdout.readline().split(b"\t")[0] == b"dan_Latn"
    process.stdin.close()
    assert process.wait(timeout=60) == 0
    process.stdout.close()


def test_what_is_wrong_is_said_without_a_traceback(danish, tmp_path):
    cases = [
        ((tmp_path / "absent.txt",), "No such file or directory"),
        ((tmp_path,), "Is a directory"),
        ((danish, "--model", danish), "is damaged: it is not a fastText model"),
        ((danish, "--model", tmp_path / "absent.bin"), "cannot be read: No such file or directory"),
        ((danish, "--model", "auto"), "needs the path of a wide model"),
        ((danish, "--wide", EMBEDDED), "is used with model 'auto' only"),
        ((danish, "--lines", "--paragraphs"), "exclude each other"),
        ((), "Missing argument 'FILE...'"),
        ((danish, "--top", "0"), "Invalid value for '--top'"),
    ]
    for arguments, message in cases:
        result = call(*arguments, code=2)
        assert message in result.stderr
        assert "Traceback" not in result.output
        assert toy.DANISH not in result.output


def test_a_damaged_archive_is_said(tmp_path):
    (tmp_path / "a.txt.gz").write_bytes(b"no gzip at all")
    result = call(tmp_path / "a.txt.gz", code=2)
    assert result.stderr.startswith("error: ")


def test_another_model_is_asked(danish):
    plain = call(danish, "--json").stdout
    assert call(danish, "--json", "--model", EMBEDDED).stdout == plain
    both = json.loads(call(danish, "--json", "--model", "auto", "--wide", EMBEDDED).stdout)
    assert both["lang"] == "dan_Latn"


PAGE = test_readme.ROOT / "docs" / "language.md"


def test_the_page_about_language_prints_what_the_program_prints():
    blocks = list(test_readme.BLOCK.finditer(PAGE.read_text("utf-8")))
    assert len(blocks) == 2
    for block in blocks:
        assert block["output"] == test_readme.run(block["command"], test_readme.ROOT)


def write_page() -> None:
    """Puts the present output into the page: `python tests/test_commands_identify.py`."""

    def anew(block):
        output = test_readme.run(block["command"], test_readme.ROOT)
        return f"<!-- output of: {block['command']} -->\n```console\n{output}```\n"

    PAGE.write_text(test_readme.BLOCK.sub(anew, PAGE.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    write_page()


def test_records_without_a_text_are_not_labeled_in_silence(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text('{"body": "Det gode skib sejlede ud af havnen i den tidlige morgen."}\n' * 3)
    result = CliRunner().invoke(main, ["identify", str(file)])
    assert result.exit_code == 2
    assert "no record has a text in its field 'text'; say which holds it with --text-field" in result.stderr
    result = CliRunner().invoke(main, ["identify", str(file), "--text-field", "body"])
    assert result.exit_code == 0
    assert result.stdout.count("dan_Latn") == 3


def test_what_is_not_text_is_refused(tmp_path):
    file = tmp_path / "a.parquet"
    file.write_bytes(b"PAR1" + bytes(range(256)) * 4)
    result = CliRunner().invoke(main, ["identify", str(file)])
    assert result.exit_code == 2
    assert "is a Parquet file, not text" in result.stderr
