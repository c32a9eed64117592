"""Word lists of a run, against Python's counter over what a pull gives."""

import json
from collections import Counter

import pyarrow as pa
import pytest

import corpus_kit
from corpus_kit.errors import PlanError
from corpus_kit.kernels.characters import lower as lower_of
from corpus_kit.mix import make_mix
from corpus_kit.mix.file import write_mix
from corpus_kit.mixing.targets import Targets
from corpus_kit.segmentation import unicode_words
from corpus_kit.vocabulary.frequencies import _lowered, most_frequent, word_frequencies
from corpus_kit.vocabulary.frequency_files import frequency_lines, vocabulary_path, write_counts, write_vocabularies
from corpus_kit.vocabulary.word_store import SCHEMA

RECIPE = """\
recipe: 1
name: words
stages:
  - weight: {by: [lang], alpha: 0.3}
"""

TEXTS = {
    "dan_Latn": ["og og og Så så <S> æble", "ål æble zebra og", "z å ä ö", "10\u202f000 kr. og"] * 3,
    "swe_Latn": ["och och Å å och ÅÅ", "z <UNK> </S> och"],
    "eng_Latn": ["the the The o'clock the"] * 9,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Three languages, weighted, so that some documents come several times and others not at all."""
    folder = tmp_path_factory.mktemp("words")
    source = folder / "source"
    source.mkdir()
    rows = [
        {"id": f"{lang}-{i}", "lang": lang, "text": " ".join([text, *(f"{lang[:3]}x{i}x{j}" for j in range(20))])}
        for lang, texts in TEXTS.items()
        for i, text in enumerate(texts)
    ]
    (source / "texts.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (source / "source.yaml").write_text(
        "id: words\ntitle: Words\nsummary: Words.\ncategory: web\nrights: {spdx: CC0-1.0}\n"
        "format: jsonl\nfields: {text: text, lang: lang, source_id: id}\n"
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("corpus_kit.closing.render_datasheet", lambda run, *_: (run / "datasheet").mkdir(exist_ok=True))
        inputs = corpus_kit.resolve_inputs([str(source)])
        return corpus_kit.run(corpus_kit.parse_recipe(RECIPE), inputs, folder / "run", workers=1)


def pulled(run, **options):
    return list(run.pull(rounds=1, columns=["text", "lang"], **options))


def wanted(documents, top, find=str.split):
    counts = Counter(word for one in documents for word in find(one["text"]))
    listed = [(word, many) for word, many in counts.items() if word not in ("<S>", "</S>", "<UNK>")]
    return sorted(listed, key=lambda one: (-one[1], one[0]))[:top], counts.total(), len(counts)


def listed(one):
    return list(zip(one.words["word"].to_pylist(), one.words["count"].to_pylist(), strict=True))


@pytest.mark.parametrize("mix", [None, "once", "file"])
@pytest.mark.parametrize("memory", [1, 1 << 28])
def test_words_are_those_of_the_first_round_of_a_pull(run, tmp_path, mix, memory):
    if mix == "file":
        mix = tmp_path / "mix.json"
        shares = Targets(by=("lang",), method="temperature", alpha=0.0, total=40, unit="documents")
        write_mix(mix, make_mix(run, shares, seed=3))
    found = word_frequencies(str(run.path), top=9, mix=mix, seed=1, scratch=tmp_path, memory=memory)
    documents = pulled(run, mix=mix, seed=1)
    words, total, distinct = wanted(documents, 9)
    one = found.lists[()]
    assert (listed(one), one.total, one.distinct) == (words, total, distinct)
    assert found.account["documents"] == len(documents)
    assert one.coverage == pytest.approx(sum(many for _, many in words) / total)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_ties_are_broken_by_code_points(run):
    found = word_frequencies(str(run.path), top=100, mix="once").lists[()]
    threes = [word for word, many in listed(found) if many == 3]
    assert threes == ["000", "10", "Så", "kr.", "så", "zebra", "ä", "ål", "ö"]


def test_each_group_has_a_list_of_its_own(run):
    found = word_frequencies(str(run.path), top=4, by=["lang"], mix="once", memory=1)
    assert list(found.lists) == [("dan_Latn",), ("eng_Latn",), ("swe_Latn",)]
    for (lang,), one in found.lists.items():
        documents = [document for document in pulled(run, mix="once") if document["lang"] == lang]
        words, total, distinct = wanted(documents, 4)
        assert (listed(one), one.total, one.distinct) == (words, total, distinct)


def test_words_of_unicode_without_white_space_at_their_ends_and_in_lower_case(run):
    def find(text):
        return [lower_of(word.strip()) for word in unicode_words(text)]

    found = word_frequencies(str(run.path), top=50, words="unicode", lower=True, mix="once").lists[()]
    assert (listed(found), found.total, found.distinct) == wanted(pulled(run, mix="once"), 50, find)
    assert ("10\u202f000", 3) in listed(found)
    assert "så" in dict(listed(found))
    assert "Så" not in dict(listed(found))


def test_lower_case_is_that_of_the_character_table():
    letters = [chr(code) for code in range(0x20000) if not 0xD800 <= code < 0xE000]
    assert _lowered(pa.array(letters, pa.large_string())).to_pylist() == list(map(lower_of, letters))


def test_the_best_of_each_group_are_found_with_ties_at_the_edge():
    rows = [(0, "c", 5), (1, "b", 1), (0, "b", 5), (0, "a", 1), (1, "a", 1), (0, "d", 9), (2, "x", 7)]
    table = pa.table(list(map(list, zip(*rows, strict=True))), schema=SCHEMA)
    best = most_frequent(table, 2)
    assert [tuple(row.values()) for row in best.to_pylist()] == [
        (0, "d", 9),
        (0, "b", 5),
        (1, "a", 1),
        (1, "b", 1),
        (2, "x", 7),
    ]
    assert most_frequent(SCHEMA.empty_table(), 2).num_rows == 0


def test_files_are_as_elmo_reads_them_and_the_same_every_time(run, tmp_path):
    made = []
    for name in ("a", "b"):
        found = word_frequencies(str(run.path), top=3, by=["lang"], mix="once")
        paths = write_vocabularies(tmp_path / name / "vocab.txt", found)
        write_counts(tmp_path / name / "counts.tsv", found)
        made.append({path.name: path.read_bytes() for path in sorted((tmp_path / name).iterdir())})
    assert made[0] == made[1]
    assert list(made[0]) == ["counts.tsv", "vocab.dan_Latn.txt", "vocab.eng_Latn.txt", "vocab.swe_Latn.txt"]
    assert made[0]["vocab.eng_Latn.txt"].decode() == "<S>\n</S>\n<UNK>\nthe\nThe\no'clock\n"
    rows = made[0]["counts.tsv"].decode().split("\n")
    assert rows[0] == "lang\tword\tcount"
    assert "eng_Latn\tthe\t27" in rows
    assert frequency_lines(found, paths)[0].split() == ["lang", "words", "distinct", "listed", "coverage"]
    assert vocabulary_path(tmp_path / "vocab.txt", ()) == tmp_path / "vocab.txt"


def test_what_cannot_be_counted_is_said(run, tmp_path):
    with pytest.raises(PlanError, match="top is 0"):
        word_frequencies(str(run.path), top=0)
    with pytest.raises(PlanError, match="no column 'langs' to group by"):
        word_frequencies(str(run.path), by=["langs"])
    with pytest.raises(PlanError, match="has no splits"):
        word_frequencies(str(run.path), split="validation")
    with pytest.raises(PlanError, match="is not finished"):
        word_frequencies(str(tmp_path))
