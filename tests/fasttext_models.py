"""Small fastText models of every kind, and texts to try them on; fastText itself is the oracle."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any, NamedTuple

_SPOKEN = {
    "da": "hvad synes du vi skal spise til aften når børnene kommer hjem fra skole og arbejde i dag",
    "sv": "jag kommer inte ihåg vad hon heter men hon bor här runt hörnet och vi hinner nog till tåget",
    "is": "ég man ekki hvað hún heitir en hún býr hérna handan við hornið og veðrið var gott í gær",
    "en": "i cannot remember what her name is but she lives just around the corner and it has rained",
}
WORDS = {name: words.split() for name, words in _SPOKEN.items()}


class Kind(NamedTuple):
    """How a model is trained and, perhaps, quantized."""

    train: dict[str, Any]
    quantize: dict[str, Any] | None = None
    labels: int = 4


_NGRAMS = {"minn": 2, "maxn": 4, "bucket": 700}

KINDS = {
    "words": Kind({"maxn": 0}),
    "characters": Kind({"minn": 2, "maxn": 4, "bucket": 3000}),
    "minn 0": Kind({"minn": 0, "maxn": 3, "bucket": 500}),
    "minn 1": Kind({"minn": 1, "maxn": 1, "bucket": 50}),
    "minn over maxn": Kind({"minn": 5, "maxn": 3, "bucket": 500}),
    "long characters": Kind({"minn": 3, "maxn": 30, "bucket": 900}),
    "one bucket": Kind({"minn": 1, "maxn": 2, "bucket": 1}),
    "runs of words": Kind({"maxn": 0, "wordNgrams": 3, "bucket": 800}),
    "all": Kind({"minn": 1, "maxn": 5, "wordNgrams": 2, "bucket": 2000, "minCount": 3}),
    "hierarchical": Kind({**_NGRAMS, "loss": "hs"}),
    "hierarchical, many labels": Kind({**_NGRAMS, "loss": "hs"}, labels=300),
    "one label, hierarchical": Kind({**_NGRAMS, "loss": "hs"}, labels=1),
    "one versus all": Kind({**_NGRAMS, "loss": "ova"}),
    "negative sampling": Kind({**_NGRAMS, "loss": "ns"}),
    "many labels": Kind({**_NGRAMS}, labels=300),
    "other prefix": Kind({**_NGRAMS, "label": "__lang__"}),
    "dim 1": Kind({**_NGRAMS, "dim": 1}),
    "dim 16": Kind({**_NGRAMS, "dim": 16}),
    "dim 17": Kind({**_NGRAMS, "dim": 17}),
    "dim 64": Kind({**_NGRAMS, "dim": 64}),
    "dim 100": Kind({**_NGRAMS, "dim": 100}),
    "quantized": Kind({**_NGRAMS}, {"qnorm": False}),
    "quantized norms": Kind({**_NGRAMS, "wordNgrams": 2}, {"qnorm": True}),
    "quantized by 1": Kind({**_NGRAMS}, {"dsub": 1}),
    "quantized by 3": Kind({**_NGRAMS, "dim": 16}, {"dsub": 3, "qnorm": True}),
    "pruned": Kind({**_NGRAMS, "wordNgrams": 2}, {"cutoff": 400, "qnorm": True}),
    "pruned words": Kind({"maxn": 0, "bucket": 500, "wordNgrams": 2}, {"cutoff": 300}),
    "pruned and trained again": Kind({**_NGRAMS, "dim": 20}, {"cutoff": 350, "retrain": True, "epoch": 1}),
    "quantized labels": Kind({**_NGRAMS}, {"qout": True, "qnorm": True}, labels=300),
    "quantized labels without norms": Kind({**_NGRAMS, "loss": "hs"}, {"qout": True}, labels=300),
    "quantized, one versus all": Kind({**_NGRAMS, "loss": "ova"}, {"cutoff": 500}),
}


def sentences(kind: Kind) -> list[str]:
    """Lines to train on; a label beyond those of WORDS gets words of its own."""
    source = random.Random(7)
    prefix = kind.train.get("label", "__label__")
    names = [*WORDS, *(f"x{number}" for number in range(kind.labels))][: kind.labels]
    lines = []
    for at, name in enumerate(names):
        own = WORDS.get(name) or [f"{name}{end}" for end in ("a", "b", "ø")]
        for _ in range(2 + 300 // (kind.labels + at)):
            picked = source.choices(own, k=source.randint(1, 7))
            lines.append(f"{prefix}{name} {' '.join(picked + source.choices(WORDS['en'], k=2))}\n")
    source.shuffle(lines)
    return lines


def train(name: str, folder: Path) -> Path:
    """Trains the model of a kind; returns its file."""
    import fasttext

    kind = KINDS[name]
    lines = folder / "lines.txt"
    lines.write_text("".join(sentences(kind)), "utf-8")
    settings = {"dim": 10, "epoch": 5, "lr": 0.5, "minCount": 1, "loss": "softmax", **kind.train}
    model = fasttext.train_supervised(str(lines), thread=1, seed=3, verbose=0, **settings)
    if kind.quantize is not None:
        model.quantize(str(lines), thread=1, verbose=0, **kind.quantize)
    path = folder / f"{name}.{'bin' if kind.quantize is None else 'ftz'}"
    model.save_model(str(path))
    return path


def handmade(loss: str, *, weight: float | None = None) -> bytes:
    """A model file that no library made: two words and a line end, three labels, ten buckets.

    `weight` takes the place of all weights of the words.
    """
    words, labels = ["en", "to", "</s>"], ["a", "b", "c"]
    settings = [5, 5, 1, 1, 5, 2, ["hs", "ns", "softmax", "ova"].index(loss) + 1, 3, 10, 1, 2, 100]
    parts = [struct.pack("<2i12id", 793712314, 12, *settings, 1e-4), struct.pack("<iiiqq", 6, 3, 3, 99, -1)]
    for kind, names in enumerate([words, [f"__label__{name}" for name in labels]]):
        parts += [name.encode() + struct.pack("<bqb", 0, 50 - at, kind) for at, name in enumerate(names)]
    for rows, scale in [(13, 1 / 70), (3, 1 / 30)]:
        values = [((at * 37) % 101 - 50) * scale for at in range(rows * 5)]
        if weight is not None and rows == 13:
            values = [weight] * len(values)
        parts.append(struct.pack(f"<bqq{rows * 5}f", 0, rows, 5, *values))
    return b"".join(parts)


TEXTS: list[bytes] = [
    b"",
    b" ",
    b" \t\v\f\r \0 ",
    b"\0",
    "hvad synes du, vi skal spise til aften når børnene kommer hjem?".encode(),
    "jag kommer inte ihåg vad hon heter".encode(),
    "ég man ekki hvað hún heitir".encode(),
    b"i cannot remember what her name is, but she lives just around the corner.",
    b"du\0du\tdu\vdu\fdu\rdu du",
    b"  du   du  ",
    b"</s>",
    b"du </s> ekki og \xc3\xa9g",
    b"</s> du",
    b"__label__da du",
    b"__label__da",
    b"__label__nobody __label__ du",
    b"__lang__da du",
    b"x__label__da",
    b"<du> < > <>",
    b"\x80",
    b"\x80\x80 \xbf",
    b"a\x80\x80b \xc3 \xc3\xa5\x80",
    b"\xff\xfe\xf5 \xe2\x80",
    "👩‍👩‍👧 日本語 日".encode(),
    "e\u0301 å å".encode(),
    b"x" * 300,
    "å".encode() * 300,
    b"\x80" * 300,
    b"\xc3" * 200 + b" du",
    b"abcdefgh abcdefghi abcdefghabcdefgh abcdefghabcdefghi " + b"y" * 64 + b" " + b"y" * 65,
    b"du hun " * 400,
    b" ".join(b"%d" % number for number in range(3000)),
]
"""Lines as fastText is given them, without line breaks."""
