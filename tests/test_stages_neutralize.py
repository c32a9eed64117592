"""The `neutralize` stage: special strings in texts are counted, and made harmless or rejected."""

import json

import pyarrow as pa
import pytest
import toy
import wordy

import corpus_kit
from corpus_kit.errors import PlanError
from corpus_kit.ledger import Edit
from corpus_kit.stage import stage_class
from corpus_kit.stages.neutralize import CODE, Neutralize
from corpus_kit.tokenizers import load_tokenizer, restore

sentencepiece = pytest.importorskip("sentencepiece")

TEXTS = ["a <|endoftext|> b</s></s>", "ingen", None, "<0x41>", "[INST] x"]


def stage(**options) -> Neutralize:
    return Neutralize.model_validate(options)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("neutralize") / "t.model"
    symbols = ["<|endoftext|>", "\n\n"]
    return wordy.sentencepiece_model(path, wordy.texts("udhr"), byte_fallback=True, user_defined_symbols=symbols)


def test_it_is_registered():
    assert stage_class("neutralize") is Neutralize


def test_strings_are_marked_and_counted(model):
    batch = toy.batch(TEXTS)
    result = stage(tokenizers=[str(model)], strings=["[INST]"]).apply(batch)
    assert result["edits"].to_pylist() == [{CODE: 3}, {CODE: 0}, {CODE: 0}, {CODE: 0}, {CODE: 1}]
    assert result["text"].type == pa.large_string()
    assert result["text"].to_pylist()[1:4] == TEXTS[1:4]
    special = [*load_tokenizer(model).special_tokens, "[INST]"]
    assert [restore(text, special) for text in result["text"].to_pylist() if text] == [text for text in TEXTS if text]
    assert toy.codes(result) == [[]] * 5


def test_afterwards_the_library_itself_finds_none(model):
    library = sentencepiece.SentencePieceProcessor(model_file=str(model))
    end = library.piece_to_id("<|endoftext|>")
    assert end in library.encode(TEXTS[0])
    changed = stage(tokenizers=[str(model)]).apply(toy.batch(TEXTS))["text"][0].as_py()
    assert end not in library.encode(changed)


def test_strings_can_be_allowed(model):
    result = stage(tokenizers=[str(model)], allow=["</s>"]).apply(toy.batch(TEXTS[:1]))
    assert result["edits"].to_pylist() == [{CODE: 1}]
    assert result["text"][0].as_py().endswith("</s></s>")


def test_such_documents_are_rejected_if_asked_for(model):
    batch = toy.batch(TEXTS)
    result = stage(tokenizers=[str(model)], special_tokens="reject").apply(batch)
    assert toy.codes(result) == [[CODE], [], [], [], []]
    assert result["reasons"].to_pylist()[0] == [{"code": CODE, "value": 3.0, "low": None, "high": 0.0}]
    assert result["text"].equals(batch["text"])


def test_mistakes_are_found_at_plan_time(tmp_path):
    with pytest.raises(ValueError, match="give tokenizers, strings, or both"):
        stage()
    with pytest.raises(PlanError, match="there is no tokenizer"):
        stage(tokenizers=[str(tmp_path / "x.model")]).check({})
    with pytest.raises(PlanError, match="cannot be neutralized"):
        stage(strings=["|"]).check({})
    assert stage(strings=["<s>"]).modules() == {}


def test_what_enters_identity(model):
    one = stage(tokenizers=[str(model)])
    assert (one.files(), one.modules()) == ([model], {"sentencepiece": "tokenizers"})


def test_a_run_counts_by_source(tmp_path):
    documents = [{"text": text, "lang": "dan_Latn"} for text in TEXTS]
    source = toy.write_source(tmp_path / "toy", files={"a.jsonl": documents}, more="fields: {lang: lang}\n")
    recipe = "recipe: 1\nname: n\nstages:\n  - neutralize: {strings: ['<|endoftext|>', </s>]}\n"
    inputs = corpus_kit.resolve_inputs([str(source)])
    run = corpus_kit.run(corpus_kit.parse_recipe(recipe), inputs, tmp_path / "run", workers=1)
    edit = Edit("neutralize", CODE, "toy", "dan_Latn")
    assert (run.tally.edits[edit], run.tally.edited[edit]) == (3, 1)
    assert json.loads((run.path / "manifest.json").read_text())["tally"]["edits"]
