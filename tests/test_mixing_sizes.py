"""Recorded sizes: read strictly from CSV and YAML, asked for by unit."""

import pytest

from corpus_kit.errors import PlanError, RecipeError
from corpus_kit.mixing.sizes import MOST_GROUPS, Size, load_sizes

CSV = "category,lang,documents,bytes,tokens:bpe,tokens:wp\nweb,no,2,100,30,40\nbooks,da,1,50,10,20\n"

YAML = """\
sizes: 1
cites: Somebody 2024
by: [category, lang]
tokenizers: {bpe: abc123}
groups:
  - {category: web, lang: no, documents: 2, bytes: 100, "tokens:bpe": 30, "tokens:wp": 40}
  - {category: books, lang: da, documents: 1, bytes: 50, "tokens:bpe": 10, "tokens:wp": 20}
"""


def written(tmp_path, text: str, name: str = "sizes.csv"):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(("text", "name"), [(CSV, "s.csv"), (YAML, "s.yaml")])
def test_what_is_read(tmp_path, text, name):
    sizes = load_sizes(written(tmp_path, text, name))
    assert sizes.by == ("category", "lang")
    assert sizes.groups == {
        ("web", "no"): Size(documents=2, bytes=100, tokens={"bpe": 30, "wp": 40}),
        ("books", "da"): Size(documents=1, bytes=50, tokens={"bpe": 10, "wp": 20}),
    }
    assert sizes.units() == ["bytes", "documents", "tokens of bpe", "tokens of wp"]
    assert sizes.counted("bytes") == ("bytes", None, {("web", "no"): 100, ("books", "da"): 50})
    assert sizes.counted("tokens", "wp") == ("tokens of wp", "wp", {("web", "no"): 40, ("books", "da"): 20})
    assert dict(sizes.tokenizers) == ({"bpe": "abc123"} if name == "s.yaml" else {})


def test_tokens_of_a_nameless_tokenizer(tmp_path):
    sizes = load_sizes(written(tmp_path, "lang,tokens\ndan_Latn,3\n"))
    assert sizes.counted("tokens") == ("tokens", "", {("dan_Latn",): 3})


def test_units_that_are_not_there(tmp_path):
    path = written(tmp_path, CSV)
    sizes = load_sizes(path)
    with pytest.raises(PlanError, match="has no sizes in words; it has bytes, documents, tokens of bpe, tokens of wp"):
        sizes.counted("words")
    with pytest.raises(PlanError, match="has tokens of bpe, wp: name one as `tokenizer`"):
        sizes.counted("tokens")
    with pytest.raises(PlanError, match="has no tokens of 'bpee'; did you mean 'bpe'"):
        sizes.counted("tokens", "bpee")
    plain = load_sizes(written(tmp_path, "lang,bytes\nda,1\n"))
    with pytest.raises(PlanError, match="has no token counts; it has bytes"):
        plain.counted("tokens")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("lang,bytes\nda,1\nda,2\n", r"s.csv:3: group 'da' is given twice"),
        ("lang,bytes\nda,1.5\n", r"s.csv:2: bytes must be a whole number"),
        ("lang,bytes\nda,-1\n", r"s.csv:2: bytes must be a whole number"),
        ("lang,bytes\nda,\n", r"s.csv:2: bytes must be a whole number"),
        ("lang,bytes\nda,1,2\n", r"s.csv:2: 3 values for 2 columns"),
        ("lang,bytes,bytes\nda,1,2\n", r"s.csv:1: column 'bytes' is given twice"),
        ("bytes\n1\n", r"no column makes groups"),
        ("lang,bytes\n", r"s.csv: no groups"),
        ("", r"no column makes groups"),
        ("lang,bytes\nrest,1\n", r"'rest' means all groups not named"),
        ('lang,bytes\n"da,1\n', r"not a CSV file"),
    ],
)
def test_a_csv_file_that_is_wrong(tmp_path, text, complaint):
    with pytest.raises(RecipeError, match=complaint):
        load_sizes(written(tmp_path, text, "s.csv"))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("books, lang: da", "books, lnag: da", "s.yaml:7: this group has no 'lang'"),
        ("documents: 1", "document: 1", "s.yaml:7: unknown size 'document'; did you mean 'documents'"),
        ("bytes: 50", "bytes: yes", "s.yaml:7: bytes must be a whole number"),
        ("sizes: 1", "sizes: 2", "s.yaml:1: sizes: input should be 1"),
        ("cites", "cite", "s.yaml:2: unknown key 'cite'; did you mean 'cites'"),
    ],
)
def test_a_yaml_file_that_is_wrong(tmp_path, old, new, complaint):
    with pytest.raises(RecipeError, match=complaint):
        load_sizes(written(tmp_path, YAML.replace(old, new), "s.yaml"))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(RecipeError, match="cannot be read"):
        load_sizes(tmp_path / "none.csv")


def test_too_many_groups(tmp_path):
    rows = "\n".join(f"u{i},1" for i in range(MOST_GROUPS + 1))
    with pytest.raises(RecipeError, match="10,001 groups"):
        load_sizes(written(tmp_path, f"url,bytes\n{rows}\n"))
