"""Compiled fastText models give fastText's own labels and scores, for every kind of model and any bytes."""

import itertools
import os
import random
import re
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fasttext
import fasttext_models
import numpy as np
import pyarrow as pa
import pytest
from fasttext_models import KINDS, TEXTS
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.kernels import _lid, lid
from corpus_kit.kernels.folding import COMPOSED, LOWER_CASE
from corpus_kit.kernels.lid import Model
from corpus_kit.lid import text as definition
from corpus_kit.lid.identify import EMBEDDED

DATA = os.environ.get("CORPUS_KIT_DATA", "")


def make_array(texts):
    """A string array of any bytes: pyarrow itself would refuse those that are not UTF-8."""
    binary = pa.array(texts, pa.large_binary())
    return pa.Array.from_buffers(pa.large_string(), len(binary), binary.buffers())


def assert_as_fasttext(model, oracle, texts, *, best=2):
    """The same labels in the same order, and the same scores but for the last bits."""
    answers = model.predict(make_array(texts), best=best)
    expected = [oracle.f.predict(text + b"\n", best, 0.0, "strict") for text in texts]
    width = range(best)
    numbers = {label: number for number, label in enumerate(model.labels)}
    labels = [[numbers[row[i][1]] if i < len(row) else -1 for i in width] for row in expected]
    scores = np.array([[row[i][0] if i < len(row) else 0.0 for i in width] for row in expected])
    assert answers.label.tolist() == labels
    assert np.abs(answers.score - scores).max() <= 2e-7 * max(1.0, scores.max())
    return (answers.score == scores).mean()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Each kind of model: its file, and fastText's own reading of it. Made when it is first asked for."""
    made = {}

    def get(name):
        if name not in made:
            path = fasttext_models.train(name, tmp_path_factory.mktemp("model"))
            made[name] = path, fasttext.load_model(str(path))
        return made[name]

    return get


@pytest.fixture(scope="module")
def embedded():
    return Model(EMBEDDED.read_bytes())


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_model(trained, name):
    path, oracle = trained(name)
    model = Model(path.read_bytes())
    assert list(model.labels) == oracle.labels
    for best in (1, 2, len(model.labels), len(model.labels) + 1):
        assert_as_fasttext(model, oracle, TEXTS, best=best)


@pytest.mark.parametrize("name", ["words", "all", "dim 1", "dim 17", "dim 64", "dim 100", "quantized by 3", "pruned"])
def test_weights_read_from_the_file(trained, name):
    path, oracle = trained(name)
    model = Model(path.read_bytes(), table_bytes=0)
    assert_as_fasttext(model, oracle, TEXTS)
    shifted = memoryview(b"x" + path.read_bytes())[1:]  # floats at odd addresses
    assert_as_fasttext(Model(shifted, table_bytes=0), oracle, TEXTS)


def test_models_of_version_11_have_no_character_ngrams(trained, tmp_path):
    path, _ = trained("runs of words")
    old = bytearray(path.read_bytes())
    struct.pack_into("<i", old, 4, 11)
    struct.pack_into("<ii", old, 8 + 9 * 4, 2, 4)  # minn and maxn, which are not to be believed
    file = tmp_path / "old.bin"
    file.write_bytes(old)
    assert_as_fasttext(Model(file.read_bytes()), fasttext.load_model(str(file)), TEXTS)


ANY = st.binary(max_size=60) | st.lists(st.sampled_from(TEXTS[:24]), max_size=6).map(b" ".join)


@settings(max_examples=150)
@given(texts=st.lists(ANY.map(lambda text: text.replace(b"\n", b"")), min_size=1, max_size=5), data=st.data())
def test_any_bytes(trained, texts, data):
    path, oracle = trained(data.draw(st.sampled_from(["all", "hierarchical", "runs of words", "pruned"])))
    assert_as_fasttext(Model(path.read_bytes()), oracle, texts)


def test_the_embedded_model(embedded):
    oracle = fasttext.load_model(str(EMBEDDED))
    source = random.Random(8)
    words = [word for some in fasttext_models.WORDS.values() for word in some]
    texts = [" ".join(source.choices(words, k=source.randint(1, 40))).encode() for _ in range(200)]
    same_bits = assert_as_fasttext(embedded, oracle, TEXTS + texts, best=len(embedded.labels))
    assert same_bits > 0.99


def test_line_breaks_are_spaces(trained):
    model = Model(trained("all")[0].read_bytes())
    one, other = model.predict(pa.array(["hvad\nsynes\r\ndu", "hvad synes du"])).score
    assert one == other


@pytest.mark.parametrize("word", [b"x", b"du ", b"\x80", "å".encode(), b" "])
def test_a_million_bytes(trained, word):
    path, oracle = trained("all")
    assert_as_fasttext(Model(path.read_bytes()), oracle, [word * (1_000_000 // len(word))])


@pytest.mark.long
@pytest.mark.parametrize("word", [b"x", b"du ", b"\x80", "å".encode(), b" "])
def test_ten_million_bytes(embedded, word):
    assert_as_fasttext(embedded, fasttext.load_model(str(EMBEDDED)), [word * (10_000_000 // len(word))])


def test_words_without_end_fill_the_memory(embedded):
    """More different words than are remembered at once, some of them again and again."""
    source = random.Random(5)
    words = ["".join(source.choices("abcdefghijklmnoprstuvyæøå", k=source.randint(1, 20))) for _ in range(60_000)]
    text = " ".join(words + words[:500] + words).encode()
    assert_as_fasttext(embedded, fasttext.load_model(str(EMBEDDED)), [text, b"det er godt", text[:1000]])


LETTERS = st.sampled_from("aåæøßÅİǅΣσςд日½²_7 \t\n.-'\u0301\u030a\u0323\u0302\u0308ệḀẞKÅﬀ") | st.characters(
    codec="utf-8"
)


def words_of(array):
    """Words of the lines a model reads; between them may be several spaces."""
    return [" ".join(line.split(" ")).split() for line in array.to_pylist()]


@settings(max_examples=400)
@given(texts=st.lists(st.text(LETTERS, max_size=60), min_size=1, max_size=4), most=st.sampled_from([0, 9, 12, 30]))
def test_folding_is_as_defined(embedded, texts, most):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(definition, "SAMPLE_CHARS", most or 10**9)
        samples = [definition.sample(text) for text in texts]
    folded = [definition.fold(text) for text in samples]
    array = pa.array(texts, pa.large_string())
    assert words_of(lid.lines(array, folds=True, sample_chars=most)) == [text.split() for text in folded]
    one_line = [re.sub("[\0\t\v\f\r]", " ", definition.one_line(text)) for text in samples]
    assert lid.lines(array, folds=False, sample_chars=most).to_pylist() == one_line
    answers = embedded.predict(array, folds=True, sample_chars=most)
    assert answers.letters.tolist() == [len(text.replace(" ", "")) for text in folded]
    shares = answers.latin / np.maximum(answers.letters, 1)
    assert shares.tolist() == [definition.latin_share(text) for text in folded]


def test_every_character_is_folded_as_defined():
    codes = [code for code in range(0x31400) if not 0xD800 <= code < 0xE000]  # all letters, and then some
    codes += range(0x31400, sys.maxunicode, 97)
    texts = [
        " ".join(f"x{chr(code)}y {chr(code)}" for code in codes[at : at + 256]) for at in range(0, len(codes), 256)
    ]
    assert words_of(lid.lines(pa.array(texts), folds=True)) == [definition.fold(text).split() for text in texts]


def test_every_pair_of_letter_and_mark_is_composed():
    letters = {pair[0] for pair in COMPOSED}
    marks = sorted({pair[1] for pair in COMPOSED} | {"\u0303", "\u0489"})
    texts = ["".join(f"{letter}{mark} " for mark in marks) for letter in sorted(letters | {"и", "x", " "})]
    assert words_of(lid.lines(pa.array(texts), folds=True)) == [definition.fold(text).split() for text in texts]
    assert definition.fold("A\u030aE\u0301e\u0323\u0302") == "åéệ"


def test_lower_case_is_pythons_but_for_one_letter():
    assert [chr(code) for code, low in LOWER_CASE.items() if chr(code).lower() != chr(low)] == ["İ"]


def sampled(data: bytes, most: int) -> bytes:
    """`definition.sample` of bytes, where a character begins at every byte that does not continue one."""
    begins = [at for at, byte in enumerate(data) if byte & 0xC0 != 0x80]
    if len(begins) <= most:
        return data
    size = most // 3 - 1
    ends = [0, *begins[1:], len(data)]
    windows = [(0, size), ((len(begins) - size) // 2, (len(begins) + size) // 2), (len(begins) - size, len(begins))]
    windows[1] = windows[1][0], windows[1][0] + size
    parts = []
    for first, last in windows:
        begin, end = (begins[first] if first else 0), ends[last] if last else begins[0]
        window = data[begin:end]
        if begin and data[begin - 1] not in b" \t\n\v\f\r":
            cut = re.search(rb"[ \t\n\v\f\r]", window)
            window = (window[cut.end() :] if cut else window) or window
        if end < len(data) and data[end] not in b" \t\n\v\f\r":
            cuts = [cut.start() for cut in re.finditer(rb"[ \t\n\v\f\r]", window)]
            window = (window[: cuts[-1]] if cuts else window) or window
        parts.append(window)
    return b" ".join(parts)


@settings(max_examples=300)
@given(text=st.binary(max_size=200) | st.lists(st.sampled_from(TEXTS[:24]), max_size=20).map(b" ".join))
def test_what_is_not_utf8_is_read_as_python_replaces_it(text):
    for most in (0, 9, 21, 60):
        shown = sampled(text, most or 10**9)
        line = lid.lines(make_array([text]), folds=True, sample_chars=most)
        assert words_of(line) == [definition.fold(shown.decode(errors="replace")).split()]


def test_windows_far_apart():
    words = [f"w{number}" for number in range(40_000)]
    text = " ".join(words) + " å" * 3000
    found = lid.lines(pa.array([text]), folds=False, sample_chars=3000)[0].as_py()
    assert found == definition.sample(text)
    assert set(found.split()) <= set(words) | {"å"}


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()])
def test_any_string_array_sliced_chunked_and_with_nulls(trained, kind):
    model = Model(trained("hierarchical")[0].read_bytes())
    texts = ["hvad synes du om det, som vi spiser", None, "", "ég man ekki", "x", None, "jag kommer inte"]
    whole = model.predict(pa.array(texts, pa.large_string()), best=2)
    assert whole.label[[1, 5]].tolist() == [[-1, -1]] * 2
    assert whole.score[[1, 5]].tolist() == [[0, 0]] * 2
    array = pa.array(texts, kind)
    for begin, end in itertools.combinations(range(len(texts) + 1), 2):
        part = model.predict(array[begin:end], best=2)
        for column, expected in zip(part, whole, strict=True):
            assert (column == expected[begin:end]).all()
    chunks = pa.chunked_array([array[:2], array[2:2], array[2:]], kind)
    assert all((a == b).all() for a, b in zip(model.predict(chunks, best=2), whole, strict=True))
    assert model.predict(pa.chunked_array([], kind), best=2).label.shape == (0, 2)
    assert lid.lines(pa.chunked_array([], kind), folds=True).to_pylist() == []


def test_other_arrays_are_refused(embedded):
    with pytest.raises(TypeError, match="texts must be string or large_string, not int64"):
        embedded.predict(pa.array([1]))


def test_order_company_and_threads_change_nothing(embedded):
    source = random.Random(2)
    words = [word for some in fasttext_models.WORDS.values() for word in some]
    texts = [" ".join(source.choices(words, k=source.randint(0, 300))) for _ in range(400)]
    expected = embedded.predict(pa.array(texts, pa.large_string()), best=2, folds=True)
    order = source.sample(range(len(texts)), len(texts))

    def ask(_):
        fresh = embedded.predict(pa.array([texts[i] for i in order], pa.large_string()), best=2, folds=True)
        return all((column == before[order]).all() for column, before in zip(fresh, expected, strict=True))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(ask, range(12)))
    alone = Model(EMBEDDED.read_bytes())
    for text, label, score in zip(texts[:20], expected.label, expected.score, strict=False):
        found = alone.predict(pa.array([text]), best=2, folds=True)
        assert found.label[0].tolist() == label.tolist()
        assert found.score[0].tolist() == score.tolist()


GOLDEN = {
    "hs": [
        "3f00eb64 3e8b0e58 3e663d9d",
        "3f19205c 3e591e56 3e426797",
        "3efe1c0a 3e93e4ba 3e5c065b",
        "3f12edde 3e9376f6 3e0d645f",
    ],
    "ns": [
        "3efc0165 3ef801f9 3ee41dc3",
        "3ef006a3 3eccb56c 3eccb56c",
        "3f0000a8 3ef801f9 3ed853d7",
        "3f66e4ee 3f5c1394 3ea7c574",
    ],
    "softmax": [
        "3eb6be0d 3eafcd7a 3e997867",
        "3ecb91fb 3e9bb1f8 3e98bffe",
        "3ec03675 3eb2ec93 3e8ce0e7",
        "3f14c61d 3ec681a1 3cff6145",
    ],
    "ova": [
        "3efc0165 3ef801f9 3ee41dc3",
        "3ef006a3 3eccb56c 3eccb56c",
        "3f0000a8 3ef801f9 3ed853d7",
        "3f66e4ee 3f5c1394 3ea7c574",
    ],
}


@pytest.mark.parametrize(("loss", "bits"), GOLDEN.items(), ids=GOLDEN)
def test_scores_never_change(loss, bits):
    """The same on any processor and with any C library, to the last bit."""
    model = Model(fasttext_models.handmade(loss))
    texts = pa.array(["en to tre", "å" * 50, "fire en to to tre", ""])
    scores = model.predict(texts, best=3).score
    assert [" ".join(f"{one:x}" for one in row) for row in scores.view(np.uint32).tolist()] == bits


def test_few_latin_letters_get_no_label(embedded):
    texts = pa.array(["det er да", "дом er", "12 ½", "å", None])
    answers = embedded.predict(texts, folds=True, least_latin=0.6)
    assert answers.letters.tolist() == [7, 5, 0, 1, 0]
    assert answers.latin.tolist() == [5, 2, 0, 1, 0]
    assert (answers.label[:, 0] >= 0).tolist() == [True, False, False, True, False]
    as_it_stands = embedded.predict(texts)
    assert as_it_stands.letters.tolist() == [1, 1, 0, 1, 0]


def parts_of(data):
    """Where each part of a dense, unpruned file begins."""
    size = struct.unpack_from("<i", data, 64)[0]
    at = 64 + 28
    for _ in range(size):
        at = data.index(b"\0", at) + 1 + 9
    rows, columns = struct.unpack_from("<qq", data, at + 1)
    return {"dictionary": 64, "entries": 92, "matrix": at, "output": at + 17 + rows * columns * 4}


def test_a_file_cut_anywhere_is_refused(trained):
    for name in ("hierarchical", "pruned", "quantized labels"):
        data = trained(name)[0].read_bytes()
        for size in [*range(400), *range(400, len(data), 997), *range(len(data) - 30, len(data))]:
            with pytest.raises(ValueError, match=r"it ends too early|it is not a fastText model|is damaged"):
                Model(data[:size])


@pytest.mark.parametrize(
    ("where", "layout", "value", "reason"),
    [
        (0, "<i", 1, "it is not a fastText model"),
        (4, "<i", 13, "it is not a fastText model"),
        (4, "<i", 10, "it is not a fastText model"),
        (8, "<i", 0, "its settings are damaged"),  # dim
        (8, "<i", 11, "its matrix is damaged"),
        (28, "<i", 10**6, "its settings are damaged"),  # wordNgrams
        (32, "<i", 0, "its settings are damaged"),  # loss
        (32, "<i", 5, "its settings are damaged"),
        (36, "<i", 1, "it holds word vectors, not a classifier"),
        (36, "<i", 9, "its settings are damaged"),
        (40, "<i", -1, "its settings are damaged"),  # bucket
        (40, "<i", 0, "its settings are damaged"),
        (40, "<i", 2**31 - 1, "its matrix is damaged"),
        (44, "<i", -1, "its settings are damaged"),  # minn
        (48, "<i", 2**31 - 1, "its settings are damaged"),  # maxn
        (64, "<i", -5, "its dictionary is damaged"),  # entries
        (64, "<iii", (2**31 - 1, 2**31 - 2, 1), "it ends too early"),
        (64, "<iii", (5, 5, 0), "it has no labels"),
        (84, "<q", 5, "it ends too early|its matrix is damaged|its dictionary is damaged"),  # pruned
        (84, "<q", 2**62, "it ends too early"),
        (84, "<q", -2, "its dictionary is damaged"),
        ("matrix", "<b", 2, "its matrix is damaged"),
        ("matrix", "<bqq", (0, 2**62, 2**62), "its matrix is damaged|it ends too early"),
        ("matrix", "<bqq", (0, -1, 10), "its matrix is damaged"),
        ("matrix", "<bqq", (0, 10, 2**33), "its matrix is damaged"),
        ("output", "<b", 3, "its matrix is damaged"),
        ("output", "<bqq", (0, 3, 10), "it goes on after its end"),
    ],
)
def test_absurd_numbers_are_named(trained, where, layout, value, reason):
    data = bytearray(trained("characters")[0].read_bytes())
    at = parts_of(data)[where] if isinstance(where, str) else where
    struct.pack_into(layout, data, at, *(value if isinstance(value, tuple) else (value,)))
    with pytest.raises(ValueError, match=f"^({reason})$"):
        Model(bytes(data))


def test_other_damage_is_named(trained):
    data = trained("characters")[0].read_bytes()
    parts = parts_of(data)
    with pytest.raises(ValueError, match="it goes on after its end"):
        Model(data + b"\0")
    entry = data.index(b"\0", parts["entries"])
    places = {entry + 9: "its dictionary is damaged", parts["output"] + 17: "its weights are not numbers"}
    for at, reason in places.items():
        with pytest.raises(ValueError, match=reason):
            Model(data[:at] + b"\xff" * 4 + data[at + 4 :])
    label = data.index(b"__label__")
    with pytest.raises(ValueError, match="its labels are not text"):
        Model(data[:label] + b"\xff" + data[label + 1 :])
    hierarchical = bytearray(trained("hierarchical")[0].read_bytes())
    struct.pack_into("<q", hierarchical, hierarchical.index(b"\0", hierarchical.index(b"__label__")) + 1, 2**61)
    with pytest.raises(ValueError, match="its dictionary is damaged"):
        Model(bytes(hierarchical))


def test_kept_buckets_that_are_not_there_are_refused(trained):
    data = trained("pruned")[0].read_bytes()
    size, _, _, _, pruned = struct.unpack_from("<iiiqq", data, 64)
    at = 92
    for _ in range(size):
        at = data.index(b"\0", at) + 1 + 9
    assert pruned > 0
    for offset, value in [(0, 700), (0, -1), (4, -1), (4, 2**30)]:
        broken = bytearray(data)
        struct.pack_into("<i", broken, at + offset, value)
        with pytest.raises(ValueError, match=r"its dictionary is damaged|its matrix is damaged"):
            Model(bytes(broken))


def test_weights_that_are_no_numbers_are_found_at_the_latest_when_they_are_used():
    model = Model(fasttext_models.handmade("softmax", weight=float("nan")))
    with pytest.raises(ArithmeticError, match="its weights are not numbers"):
        model.predict(pa.array(["en"]))


def test_flipped_bytes_never_crash(trained):
    source = random.Random(1)
    texts = make_array(TEXTS[:20])
    refused = 0
    for name in ("words", "hierarchical", "pruned", "quantized labels"):
        data = trained(name)[0].read_bytes()
        for _ in range(150):
            broken = bytearray(data)
            for _ in range(source.choice([1, 1, 3, 20])):
                broken[min(int(source.expovariate(1 / 3000)), len(data) - 1)] ^= 1 << source.randrange(8)
            try:
                Model(bytes(broken)).predict(texts, best=3)
            except (ValueError, ArithmeticError):
                refused += 1
    assert 50 < refused < 600


def test_wrong_arguments_are_refused(embedded):
    model = _lid.Model(EMBEDDED.read_bytes(), 0)
    offsets = struct.pack("<2q", 0, 1)
    one = np.empty((1, 1), np.int32), np.empty((1, 1), np.float32), np.empty(1, np.int64), np.empty(1, np.int64)
    with pytest.raises(ValueError, match="at least 1 label"):
        embedded.predict(pa.array(["a"]), best=0)
    with pytest.raises(ValueError, match="9 characters"):
        embedded.predict(pa.array(["a"]), sample_chars=5)
    with pytest.raises(ValueError, match="9 characters"):
        lid.lines(pa.array(["a"]), folds=True, sample_chars=-1)
    for bounds in [(0, 4), (-1, 2), (2, 1), (2**62, 2**63 - 1)]:
        with pytest.raises(ValueError, match="offsets do not fit"):
            model.predict(None, struct.pack("<2q", *bounds), b"abc", 0, 1, 1, 0, False, 0.0, *one)
    with pytest.raises(ValueError, match="offsets buffer"):
        model.predict(None, offsets[:-1], b"abc", 0, 1, 1, 0, False, 0.0, *one)
    with pytest.raises(ValueError, match="validity buffer"):
        model.predict(b"\xff", offsets * 9, b"abc", 8, 1, 1, 0, False, 0.0, *one)
    with pytest.raises(ValueError, match="non-negative"):
        model.predict(None, offsets, b"abc", 0, -1, 1, 0, False, 0.0, *one)
    for wrong in range(4):
        out = [column if at != wrong else column[:0].copy() for at, column in enumerate(one)]
        with pytest.raises(ValueError, match="wrong size"):
            model.predict(None, offsets, b"abc", 0, 1, 1, 0, False, 0.0, *out)
    with pytest.raises(TypeError):
        _lid.Model(file=b"", table_bytes=0)  # pyright: ignore[reportCallIssue]


LARGE = """
import mmap, sys
import pyarrow as pa
from corpus_kit.kernels.lid import Model

with open(sys.argv[1], "rb") as file:
    model = Model(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
print(model.predict(pa.array(["hvad synes du om " + "alle de mange ord " * 1000]), best=2).score.tolist())
with open("/proc/self/status") as file:
    print(next(line.split()[1] for line in file if line.startswith("VmHWM")))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux how much memory was used")
def test_a_large_file_stays_on_disk(trained, tmp_path):
    """1.6 GB of zeros, most of which no disk ever holds."""
    data = trained("words")[0].read_bytes()
    parts = parts_of(data)
    head = bytearray(data[: parts["matrix"] + 1])
    struct.pack_into("<i", head, 8, 256)
    struct.pack_into("<iii", head, 40, 1_600_000, 2, 5)
    rows = 1_600_000 + struct.unpack_from("<i", data, 68)[0]
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.write(bytes(head) + struct.pack("<qq", rows, 256))
        file.seek(rows * 1024, 1)
        file.write(struct.pack("<bqq", 0, 4, 256) + bytes(4 * 256 * 4))
    assert path.stat().st_size > 1_600_000_000
    done = subprocess.run([sys.executable, "-c", LARGE, str(path)], capture_output=True, text=True, check=True)
    scores, memory = done.stdout.splitlines()
    assert scores == "[[0.25001001358032227, 0.25001001358032227]]"
    assert int(memory) < 400_000


def test_missing_extension_says_how_to_build_it():
    code = "import sys; sys.modules['corpus_kit.kernels._lid'] = None; import corpus_kit.kernels.lid"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ImportError: the compiled language identification of corpus_kit is missing" in done.stderr
    assert "python setup.py build_ext --inplace" in done.stderr


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="CORPUS_KIT_DATA is not set")
def test_lid176(embedded):
    path = Path(DATA) / "lid" / "lid.176.ftz"
    model, oracle = Model(path.read_bytes()), fasttext.load_model(str(path))
    texts = [text for text in TEXTS if b"\n" not in text]
    for file in sorted((Path(DATA) / "lid" / "udhr").iterdir()):
        texts += [line for line in file.read_bytes().splitlines() if line.strip()]
    assert len(texts) > 500
    assert_as_fasttext(model, oracle, texts, best=3)


@pytest.mark.long
def test_random_bytes_and_files_under_sanitizers():
    script = Path(__file__).with_name("fuzz_lid.py")
    done = subprocess.run([sys.executable, script, "--seconds", "30"], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr[-4000:]
    assert "no errors" in done.stdout
