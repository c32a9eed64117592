"""Exports read by megatron-core's own classes. `make test-torch` installs it and runs these."""

import hashlib
import json
import subprocess
from pathlib import Path

import exported
import pulled
import pytest

from corpus_kit.bridge.megatron import Choices, export_megatron

pytestmark = pytest.mark.torch

READER = Path(__file__).parent / "megatron_reader.py"
LENGTH = 64


@pytest.fixture(scope="module")
def python():
    return exported.torch_python()


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    special = [exported.END, "[CLS]", "[SEP]", "[MASK]"]
    return exported.train(tmp_path_factory.mktemp("model") / "sp.model", user_defined_symbols=special, pad_id=3)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    tables = [
        exported.documents(300, lang=["dan_Latn", "swe_Latn", "dan_Latn"] * 100),
        exported.documents(
            100, start=300, text=[" ".join(exported.text(i * 3 + j) for j in range(4)) for i in range(100)]
        ),
    ]
    return pulled.write(tmp_path_factory.mktemp("runs") / "run", *tables, rows=50)


def ask(python, **question):
    line = [str(python), str(READER), json.dumps(question)]
    done = subprocess.run(line, capture_output=True, text=True, env=exported.offline(), timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def mix(**epochs):
    groups = [{"group": [f"{name}_Latn"], "epochs": many} for name, many in epochs.items()]
    return {"run": None, "by": ["lang"], "seed": 5, "groups": groups}


CHOICES = {"uint16": Choices(), "sentences": Choices(sentences=True), "int32": Choices(dtype="int32", begin=True)}


@pytest.mark.parametrize("choices", CHOICES.values(), ids=CHOICES)
def test_the_files_are_those_megatron_writes_and_reads(python, run, model, tmp_path, choices):
    made = export_megatron(run, tmp_path / "out", tokenizer=model, choices=choices, workers=1)
    answers = ask(python, what="indexed", prefixes=[str(tmp_path / "out" / one.name) for one in made.datasets])
    for one in made.datasets:
        prefix = tmp_path / "out" / one.name
        found = answers[str(prefix)]
        assert found["mmap=True"] == found["mmap=False"]
        assert found["mmap=True"]["sequences"] == exported.read(prefix)
        assert len(found["mmap=True"]["documents"]) == one.documents + 1
        assert found["mmap=True"]["dtype"] == made.settings["dtype"]
        for suffix in ("bin", "idx"):
            written = prefix.with_name(f"{prefix.name}.{suffix}").read_bytes()
            assert found[suffix] == hashlib.sha256(written).hexdigest()


def test_samples_of_gpt_begin_anew_where_documents_end(python, run, model, tmp_path):
    made = export_megatron(run, tmp_path / "out", tokenizer=model, workers=1)
    [one] = [one for one in made.datasets if one.group == ("web", "dan_Latn")]
    found = ask(
        python, what="gpt", prefix=str(tmp_path / "out" / one.name), length=LENGTH, vocab_size=330, end=2, pad=3,
        cache=str(tmp_path / "cache"),
    )  # fmt: skip
    assert found["samples"] == (one.tokens - 1) // LENGTH
    assert found["lengths"] == [LENGTH]
    # All but the ends in the tokens that no sample is left for.
    assert one.documents - LENGTH <= found["ends"] <= one.documents
    assert found["masked"] == found["ends"]
    assert found["restarts"] == found["ends_inside"] > 0.9 * found["ends"]


def test_a_blend_draws_tokens_times_epochs(python, run, model, tmp_path):
    made = export_megatron(run, tmp_path / "out", tokenizer=model, mix=mix(dan=0.5, swe=3), workers=1)
    out, samples = tmp_path / "out", int(made.tokens_mixed) // LENGTH
    asked = {"blend": str(out / "blend.txt"), "sequences": str(out / "sequences.json"), "samples": [samples, 0, 0]}
    [train, *_] = ask(
        python, what="blend", length=LENGTH, vocab_size=330, end=2, pad=3, cache=str(tmp_path / "cache"), **asked
    )
    assert train["prefixes"] == [str(out / one.name) for one in made.datasets]
    assert train["weights"] == [one.weight for one in made.datasets]
    for one, drawn in zip(made.datasets, train["drawn"], strict=True):
        assert drawn * LENGTH / one.tokens == pytest.approx(one.epochs, rel=0.02)


def test_splits_are_blends_of_their_own(python, model, tmp_path):
    values = (["train"] * 8 + ["validation"] * 2) * 40
    run = pulled.write(tmp_path / "run", exported.documents(400, split=values))
    export_megatron(run, tmp_path / "out", tokenizer=model, workers=1)
    asked = {"per_split": str(tmp_path / "out/blend_per_split.json"), "samples": [40, 10, 0]}
    train, valid, test = ask(
        python, what="blend", length=LENGTH, vocab_size=330, end=2, pad=3, cache=str(tmp_path / "cache"), **asked
    )
    assert train["prefixes"] == [str(tmp_path / "out/tokens/train/web.dan_Latn")]
    assert valid["prefixes"] == [str(tmp_path / "out/tokens/validation/web.dan_Latn")]
    assert test is None


def test_bert_masks_and_pairs_sentences(python, model, tmp_path):
    said = [" ".join(exported.text(i * 6 + j) for j in range(6)) for i in range(150)]
    run = pulled.write(tmp_path / "run", exported.documents(150, text=said))
    made = export_megatron(run, tmp_path / "out", tokenizer=model, choices=Choices(sentences=True), workers=1)
    special = made.tokenizer.vocab_size
    (tmp_path / "scratch").mkdir()
    found = ask(
        python, what="bert", prefix=str(tmp_path / "out/tokens/web.dan_Latn"), length=128, vocab_size=special,
        cls=5, sep=6, mask=7, pad=3, samples=300, scratch=str(tmp_path / "scratch"),
    )  # fmt: skip
    assert found["samples"] >= 300
    assert found["begins"] == [5]
    assert min(found["separators"]) == 2  # of the masked tokens some are random ones
    assert 0.05 < found["masked"] < 0.2
    assert 0.35 < found["random_next"] < 0.65
