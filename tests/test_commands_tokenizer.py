"""`corpus-kit tokenizer`; and the whole way: sample, tokenizer, counts, mix of N tokens, a pull, and a longer one."""

import json

import pyarrow.parquet as pq
import pytest
import wordy
from click.testing import CliRunner

import corpus_kit
from corpus_kit.cli import main
from corpus_kit.mix.file import load_mix
from corpus_kit.tokenizers import load_tokenizer

pytest.importorskip("sentencepiece")
pytest.importorskip("tokenizers")

UDHR = wordy.EXAMPLES / "udhr"
TOTAL = 30_000

RECIPE = """\
recipe: 1
name: way
stages:
  - normalize
  - identify
  - dedup: {method: exact}
  - weight: {by: [lang], alpha: 0.5}
"""


def call(*arguments: object, code: int = 0) -> str:
    result = CliRunner().invoke(main, [*map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """The Universal Declaration in nine languages, deduplicated, weighted by language."""
    folder = tmp_path_factory.mktemp("way")
    recipe = folder / "way.yaml"
    recipe.write_text(RECIPE)
    call("run", recipe, "--input", UDHR, "--output", folder / "run", "--workers", 1)
    return folder / "run"


@pytest.fixture(scope="module")
def trained(run):
    call(
        "mix", run, "--method", "temperature", "--alpha", 0.3, "--total", 150_000, "--output", run.parent / "bytes.json"
    )
    made = run.parent / "tok"
    text = call(
        "tokenizer",
        "train",
        run,
        "--mix",
        run.parent / "bytes.json",
        "--bytes",
        "100k",
        "--preset",
        "gpt_sw3",
        "--vocab-size",
        1280,
        "--output",
        made,
    )
    assert text.startswith(f"{made}: bpe, 1,280 entries, preset gpt_sw3\n")
    assert "texts equally\n" in text
    return made


def test_sample_tokenizer_counts_mix_of_tokens_and_a_longer_pull(run, trained, tmp_path):
    sample = tmp_path / "sample"
    call("pull", run, "--mix", run.parent / "bytes.json", "--bytes", "100k", "--rounds", 1, "--output", sample)
    manifest = json.loads((trained / "tokenizer_manifest.json").read_text())
    pulled = [text for file in sorted(sample.glob("*.parquet")) for text in pq.read_table(file)["text"].to_pylist()]
    assert manifest["sample"]["documents"] == len(pulled)
    assert manifest["sample"]["bytes"] == sum(len(text.encode()) for text in pulled)
    assert manifest["sample"]["run"]["fingerprint"] == corpus_kit.Run(run).plan.fingerprint

    counted = tmp_path / "counted"
    told = json.loads(call("tokenizer", "count", run, trained, "--output", counted, "--workers", 1, "--json"))
    tokens = corpus_kit.Run(counted).kept(["tokens"])["tokens"].to_pylist()
    assert told["tokens"] == sum(tokens) == sum(told["languages"].values())

    call(
        "mix",
        counted,
        "--unit",
        "tokens",
        "--method",
        "temperature",
        "--alpha",
        0.3,
        "--total",
        TOTAL,
        "--output",
        tmp_path / "mix.json",
    )
    mix = load_mix(tmp_path / "mix.json")
    assert (mix.unit, round(mix.total)) == ("tokens", TOTAL)
    assert mix.tokenizer is not None
    assert mix.tokenizer.sha256 == load_tokenizer(trained).digest

    def pull(amount: int) -> list[dict]:
        call(
            "pull",
            counted,
            "--mix",
            tmp_path / "mix.json",
            "--tokens",
            amount,
            "--output",
            tmp_path / "pulled",
            "--state",
            tmp_path / "state.json",
            "--columns",
            "id,lang,text,tokens",
        )
        files = sorted((tmp_path / "pulled").glob("*.parquet"))
        return [row for file in files for row in pq.read_table(file).to_pylist()]

    first = pull(TOTAL)
    most = max(tokens)
    assert TOTAL <= sum(row["tokens"] for row in first) < TOTAL + most
    longer = pull(TOTAL * 3 // 2)
    assert longer[: len(first)] == first
    assert TOTAL * 3 // 2 <= sum(row["tokens"] for row in longer) < TOTAL * 3 // 2 + most
    tokenizer = load_tokenizer(trained)
    assert [row["tokens"] for row in longer] == tokenizer.count(
        wordy.array([row["text"] for row in longer])
    ).to_pylist()
    for group in mix.groups:
        seen = sum(row["tokens"] for row in first if (row["lang"] or "-") == group.group[0])
        assert seen / TOTAL == pytest.approx(group.share, abs=0.05)


def test_train_tells_all_as_json_and_takes_files(tmp_path):
    told = json.loads(
        call(
            "tokenizer",
            "train",
            UDHR,
            "--preset",
            "norbert",
            "--set",
            "unused=2",
            "--vocab-size",
            900,
            "--output",
            tmp_path / "t",
            "--json",
        )
    )
    assert (told["kind"], told["vocab_size"], told["settings"]["unused"]["value"]) == ("wordpiece", 900, 2)
    assert told["sample"]["documents"] == len(wordy.texts("udhr"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--preset", "gpt3"], "unknown preset 'gpt3'; did you mean 'gpt_sw3'?"),
        (["--preset", "gpt_sw3", "--set", "vocab"], "is no setting; write NAME=VALUE"),
        (["--preset", "gpt_sw3", "--mix", "once"], "a mix weighs the groups of a run"),
        (["--preset", "gpt_sw3", "--vocab-size", "900000"], "the largest possible is"),
    ],
)
def test_mistakes_are_told(arguments, message, tmp_path):
    text = call("tokenizer", "train", UDHR, "--output", tmp_path / "t", *arguments, code=2)
    assert text.startswith("error: ")
    assert message in text
    assert list(tmp_path.iterdir()) == []


def test_compare_prints_a_table_and_draws(trained, tmp_path):
    drawing = tmp_path / "fit.svg"
    text = call("tokenizer", "compare", trained, trained / "tokenizer.model", "--data", UDHR, "--plot", drawing)
    lines = text.splitlines()
    assert lines[0].startswith("tok        huggingface, 1,280 entries")
    assert text.endswith(f"drawn in {drawing}\n")
    assert drawing.read_text().startswith("<svg ")
    told = json.loads(call("tokenizer", "compare", trained, trained / "tokenizer.model", "--data", UDHR, "--json"))
    numbers = [{**fit, "tokenizer": ""} for fit in told["fits"]]
    assert numbers[: len(numbers) // 2] == numbers[len(numbers) // 2 :]  # both forms are one tokenizer


def test_compare_tells_what_is_missing(tmp_path):
    text = call("tokenizer", "compare", tmp_path / "none", "--data", UDHR, code=2)
    assert text.startswith("error: there is no tokenizer at")
