"""Tables for the terminal, as golden texts."""

import re

import pytest
import toy

from corpus_kit.inputs import resolve_inputs
from corpus_kit.ledger import Step, Tally
from corpus_kit.planner import plan
from corpus_kit.recipe import parse_recipe
from corpus_kit.schema import COLUMNS
from corpus_kit.show import plan_lines, size, skipped_lines, table, waterfall_lines


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (12_345_678, "12.3 MB"),
        (5e9, "5.0 GB"),
        (5e12, "5.0 TB"),
        (5e16, "50000.0 TB"),
    ],
)
def test_sizes(count, text):
    assert size(count) == text


@pytest.mark.parametrize(("count", "text"), [(999.7, "1.0 kB"), (999_970, "1.0 MB")])
def test_sizes_round_into_the_next_unit(count, text):
    assert size(count) == text


def test_tables_are_aligned():
    assert table(["name", "kind", "count"], [["a", "books", 1], ["longer", "", 1000]], left=2) == [
        "name    kind   count",
        "a       books      1",
        "longer          1000",
    ]
    assert table(["a", "b"], []) == ["a  b"]


def test_the_waterfall():
    steps = [
        Step("read", 1234, 5_000_000, 1230, 4_900_000, {"read.bad_record": 4}),
        Step("filter", 1230, 4_900_000, 30, 12_345, {"gopher.word_count": 1100, "gopher.stop_word_count": 100}),
        Step("dedup", 0, 0, 0, 0, {}),
    ]
    assert waterfall_lines(steps) == [
        "stage                        in   kept  rejected  share  kept text",
        "read                      1,234  1,230         4   0.3%     4.9 MB",
        "  read.bad_record                              4",
        "filter                    1,230     30     1,200  97.6%    12.3 kB",
        "  gopher.word_count                        1,100",
        "  gopher.stop_word_count                     100",
        "dedup                         0      0         0      -        0 B",
    ]


@pytest.fixture
def planned(tmp_path):
    """A plan over two sources, one with a file nobody reads."""
    folder = tmp_path / "in"
    for name, category in (("books", "books"), ("posts", "web")):
        toy.write_source(
            folder / name, name, files={"a.jsonl": toy.DOCUMENTS}, category=category, more="fields: {lang: lang}\n"
        )
    (folder / "posts/scan.pdf").write_text("x")
    inputs = resolve_inputs([str(folder / "books"), str(folder / "posts")])
    return plan(parse_recipe(toy.recipe(tmp_path)), inputs)


def test_the_plan(planned):
    text = "\n".join(plan_lines(planned))
    text = re.sub(r"\[[0-9a-f]{12}\]", "[FINGERPRINT]", text)
    text = text.replace(", ".join(name for name in COLUMNS if name != "reasons"), "COLUMNS")
    text = re.sub(r"ftfy [0-9.]+", "ftfy VERSION", text)
    text = re.sub(r"fingerprint  [0-9a-f]{64}", "fingerprint  DIGEST", text)
    expected = """\
recipe toy

inputs
  source  category  license  files    size
  books   books     CC0-1.0      1  4.2 kB
  posts   web       CC0-1.0      1  4.2 kB
  posts: 1 file skipped, no reader for .pdf

phases (4 shards, 1 key partition)
  map-0  read -> normalize -> filter -> collect dedup -> collect dedup.2 -> collect weight  [FINGERPRINT]
         group and decide dedup
         group and decide dedup.2
         group and decide weight
  map-1  resume -> apply dedup -> apply dedup.2 -> apply weight  [FINGERPRINT]
  pack   shards of at most 268.4 MB

stages
  normalize v1  gives text  ftfy VERSION
  filter v1
    number                     value  origin
    toy_rules.word_count.low   5      ruleset toy_rules: Toy 2024
    toy_rules.word_count.high  1000   ruleset toy_rules: Toy 2024
  dedup (exact) v2  gives duplicates, origins
  dedup.2 (minhash) v5  gives duplicates, origins
    number                      value     origin
    ngram                       2         recipe
    threshold                   0.8       stage default
    seed                        1         stage default
    bands                       20        stage default
    rows                        5         stage default
    recall at threshold         0.999644  computed: 1 - (1 - s^rows)^bands
    missed above threshold      0         computed: 1 - (1 - s^rows)^bands, area over the curve
    candidates below threshold  0.299     computed: 1 - (1 - s^rows)^bands, area under the curve
  weight v3  gives weight
    number  value  origin
    unit    bytes  stage default
    alpha   0.5    recipe

columns  COLUMNS, duplicates, origins, weight
fingerprint  DIGEST"""
    assert text == expected


def test_what_made_no_document(planned):
    tally = Tally()
    assert skipped_lines(planned, tally) == ["not documents:", "  posts: 1 file  no reader for .pdf"]
    tally.skipped.update({("posts", "read.http_status"): 1200, ("books", "read.not_a_document"): 3})
    assert skipped_lines(planned, tally) == [
        "not documents:",
        "  books: 3 records  read.not_a_document",
        "  posts: 1,200 records  read.http_status",
        "  posts: 1 file  no reader for .pdf",
    ]
    assert skipped_lines(planned.model_copy(update={"skipped_files": ()}), Tally()) == []
