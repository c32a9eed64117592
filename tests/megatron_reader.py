"""What megatron-core's own classes read from an export. Runs in the environment of `benchmarks/peers/megatron.txt`.

The argument is a JSON object; what was found is printed as one, in the last line. It knows nothing of corpus_kit.
"""

import hashlib
import itertools
import json
import sys
import tempfile
import warnings
from pathlib import Path

warnings.simplefilter("ignore")

import numpy  # noqa: E402
import torch  # noqa: E402
from megatron.core.datasets.bert_dataset import BERTMaskedWordPieceDataset, BERTMaskedWordPieceDatasetConfig  # noqa: E402
from megatron.core.datasets.blended_megatron_dataset_builder import BlendedMegatronDatasetBuilder  # noqa: E402
from megatron.core.datasets.gpt_dataset import GPTDataset, GPTDatasetConfig  # noqa: E402
from megatron.core.datasets.indexed_dataset import IndexedDataset, IndexedDatasetBuilder  # noqa: E402
from megatron.core.datasets.utils import Split, get_blend_from_list  # noqa: E402


class Tokenizer:
    """As much of a tokenizer as datasets ask for."""

    def __init__(self, asked):
        self.vocab_size, self.eod, self.pad = asked["vocab_size"], asked.get("end"), asked.get("pad", -1)
        self.cls, self.sep, self.mask = asked.get("cls"), asked.get("sep"), asked.get("mask")
        self.inv_vocab = {i: f"piece{i}" for i in range(self.vocab_size)}
        self.unique_identifiers = {"class": "Tokenizer"}

    @property
    def eos(self):
        return self.eod


def indexed(asked):
    """What `one_indexed` finds, for each prefix."""
    return {prefix: one_indexed(prefix) for prefix in asked["prefixes"]}


def one_indexed(prefix):
    """Every sequence and document of a prefix, and the digests of what megatron-core's own builder makes of them."""
    found = {}
    for mmap in (True, False):
        dataset = IndexedDataset(prefix, mmap=mmap)
        sequences = [dataset[i].tolist() for i in range(len(dataset))]
        documents = dataset.document_indices.tolist()
        found[f"mmap={mmap}"] = {"sequences": sequences, "documents": documents, "dtype": dataset.index.dtype.__name__}
    with tempfile.TemporaryDirectory() as folder:
        builder = IndexedDatasetBuilder(f"{folder}/own.bin", dtype=dataset.index.dtype)
        for first, last in itertools.pairwise(documents):
            tokens = [token for sequence in sequences[first:last] for token in sequence]
            builder.add_document(torch.tensor(tokens), [len(one) for one in sequences[first:last]])
        builder.finalize(f"{folder}/own.idx")
        for suffix in ("bin", "idx"):
            found[suffix] = hashlib.sha256(Path(folder, f"own.{suffix}").read_bytes()).hexdigest()
    return found


def gpt(asked):
    """The samples of one dataset."""
    config = GPTDatasetConfig(
        random_seed=1, sequence_length=asked["length"], blend=([asked["prefix"]], None), split="1,0,0", **_common(asked)
    )
    low_level = GPTDataset.build_low_level_dataset(asked["prefix"], config)
    every = numpy.arange(GPTDataset.numel_low_level_dataset(low_level), dtype=numpy.int32)
    dataset = GPTDataset(low_level, asked["prefix"], every, None, Split.train, config)
    samples = [dataset[i] for i in range(len(dataset))]
    # The loss mask and the positions are made from the end token alone.
    return {
        "samples": len(samples),
        "lengths": sorted({len(one["tokens"]) for one in samples}),
        "ends": sum(int((one["tokens"] == asked["end"]).sum()) for one in samples),
        "masked": sum(int((one["loss_mask"] == 0).sum()) for one in samples),
        "restarts": sum(int((one["position_ids"][1:] == 0).sum()) for one in samples),
        "ends_inside": sum(int((one["tokens"][:-1] == asked["end"]).sum()) for one in samples),
    }


def blend(asked):
    """How often each dataset is drawn from, for a blend as a file gives it."""
    if "per_split" in asked:
        read = json.loads(Path(asked["per_split"]).read_text())
        blends = [get_blend_from_list(read[key]) for key in ("train", "valid", "test")]
        where = {"blend_per_split": blends}
    else:
        blends = [get_blend_from_list(Path(asked["blend"]).read_text().split())]
        where = {"blend": blends[0], "split": "1,0,0"}
    sequences = json.loads(Path(asked["sequences"]).read_text()) if "sequences" in asked else None
    config = GPTDatasetConfig(
        random_seed=1, sequence_length=asked["length"], sequences_per_dataset=sequences, **where, **_common(asked)
    )
    built = BlendedMegatronDatasetBuilder(GPTDataset, asked["samples"], lambda: True, config).build()
    found = []
    for dataset, source in zip(built, (*blends, None, None), strict=False):
        if dataset is None or source is None:
            found.append(None)
            continue
        drawn = getattr(dataset, "dataset_index", numpy.zeros(len(dataset), int))
        counts = numpy.bincount(drawn, minlength=len(source[0])).tolist()
        first = [dataset[i]["tokens"].tolist() for i in range(3)]
        found.append({"prefixes": source[0], "weights": source[1], "drawn": counts, "first": first})
    return found


def bert(asked):
    """What is masked, and how often the next sentence is another."""
    config = BERTMaskedWordPieceDatasetConfig(
        random_seed=1,
        sequence_length=asked["length"],
        blend=([asked["prefix"]], None),
        split="1,0,0",
        path_to_cache=asked["scratch"],
        tokenizer=Tokenizer(asked),
        masking_probability=0.15,
        short_sequence_probability=0.1,
        masking_max_ngram=3,
        masking_do_full_word=False,
        masking_do_permutation=False,
        masking_use_longer_ngrams=False,
        masking_use_geometric_distribution=False,
        classification_head=True,
    )
    low_level = BERTMaskedWordPieceDataset.build_low_level_dataset(asked["prefix"], config)
    every = numpy.arange(BERTMaskedWordPieceDataset.numel_low_level_dataset(low_level), dtype=numpy.int32)
    dataset = BERTMaskedWordPieceDataset(low_level, asked["prefix"], every, asked["samples"], Split.train, config)
    samples = [dataset[i] for i in range(len(dataset))]
    tokens = sum(int(one["padding_mask"].sum()) for one in samples)
    return {
        "samples": len(samples),
        "masked": sum(int(one["loss_mask"].sum()) for one in samples) / tokens,
        "random_next": sum(int(one["is_random"]) for one in samples) / len(samples),
        "begins": sorted({int(one["text"][0]) for one in samples}),
        "separators": sorted({int((one["text"] == asked["sep"]).sum()) for one in samples}),
    }


def _common(asked):
    return {
        "tokenizer": Tokenizer(asked),
        "path_to_cache": asked.get("cache"),
        "reset_position_ids": True,
        "reset_attention_mask": False,
        "eod_mask_loss": True,
        "create_attention_mask": False,
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    given = json.loads(sys.argv[1])
    with tempfile.TemporaryDirectory() as group:
        # Datasets that keep a cache ask which of the processes they are in.
        torch.distributed.init_process_group("gloo", init_method=f"file://{group}/group", rank=0, world_size=1)
        print(json.dumps({"indexed": indexed, "gpt": gpt, "blend": blend, "bert": bert}[given.pop("what")](given)))
        torch.distributed.destroy_process_group()
