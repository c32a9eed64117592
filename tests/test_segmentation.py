import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_kit.doc import Doc
from corpus_kit.kernels.characters import DIGITS, LETTERS, WORD_BREAKS, ends, pattern
from corpus_kit.segmentation import boundaries, unicode_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" - … 🙂\n", []),
        ("Hej, verden!", ["Hej", "verden"]),
        ("EU:s FN:n kl 10:30", ["EU:s", "FN:n", "kl", "10", "30"]),
        ("don't don’t 'sitat' dagens'", ["don't", "don’t", "sitat", "dagens"]),
        ("f.eks. 3.14 1,5 2. a.b 1.a a.1", ["f.eks", "3.14", "1,5", "2", "a.b", "1", "a", "a", "1"]),
        ("e-post nord-norsk", ["e", "post", "nord", "norsk"]),
        ("x_1 __init__ _ 2nd B2B", ["x_1", "__init__", "2nd", "B2B"]),
        ("e\u0301 a\u00adb zero\u200bwidth", ["e\u0301", "a\u00adb", "zero", "width"]),
        ("日本語テキスト ไทย", ["日", "本", "語", "テキスト", "ไ", "ท", "ย"]),
        ("한국어 العربية हिन्दी", ["한국어", "العربية", "हिन्दी"]),
        ("צה\"ל ג'ירפה", ['צה"ל', "ג'ירפה"]),
        ("👩‍👩‍👧 🇩🇰🇸🇪 m² ½ Ⅷ", ["m", "²"]),
    ],
)
def test_words_by_hand(text, words):
    assert unicode_words(text) == words


RULES = [
    ("\r\n", [0]),  # WB3
    ("\n\u0308a", [0, 1, 2]),  # WB3a: nothing joins a line end
    ("👩\u200d👧", [0]),  # WB3c
    ("a\u200d👧", [0]),
    ("  \u2003", [0]),  # WB3d
    (" \u0308 ", [0, 2]),  # but not behind an ignored character
    ("\u0308a", [0, 1]),  # WB4 has nothing to join it to
    ("a\u0308\u0308b", [0]),
    ("a.b", [0]),  # WB6, WB7
    ("a..b", [0, 1, 2, 3]),
    ("a.\u0308b", [0]),
    ("א'", [0]),  # WB7a
    ('א"א', [0]),  # WB7b, WB7c
    ('a"a', [0, 1, 2]),
    ("1a1", [0]),  # WB8 to WB10
    ("1,1", [0]),  # WB11, WB12
    ("1,a", [0, 1, 2]),
    ("アア", [0]),  # WB13
    ("ああ", [0, 1]),
    ("a_1_ア", [0]),  # WB13a, WB13b
    ("🇦🇧🇨🇩🇪", [0, 2, 4]),  # WB15, WB16: by pairs
    ("🇦\u0308🇧🇨", [0, 3]),
]


@pytest.mark.parametrize(("text", "begins"), RULES)
def test_each_rule(text, begins):
    assert list(boundaries(text)) == begins


@settings(max_examples=200)
@given(
    st.text(
        alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("aø1 ._:'\"\n\u0308\u200d🇩👩アא")), max_size=40
    )
)
def test_segments_make_up_the_text(text):
    begins = list(boundaries(text))
    assert begins == sorted(set(begins))
    assert (begins[:1] or [0]) == [0]
    assert all(begin < len(text) for begin in begins)
    holds = pattern(LETTERS, DIGITS)
    words = unicode_words(text)
    assert all(holds.search(word) and not any(each.isspace() for each in word) for word in words)
    found = [each for each in text if holds.match(each)]
    assert [each for word in words for each in word if holds.match(each)] == found
    assert Doc(text, words="unicode").words == words


def test_all_rules_agree_with_another_implementation():
    wordbreak = pytest.importorskip("uniseg.wordbreak")
    pools = [[chr(code) for a, b in ends(table) for code in range(a, b + 1)] for table in WORD_BREAKS.values()]
    pools.append(["🙂", "👩", "Ⓜ", "ℹ", "!", "-", "あ", "漢", "ก"])
    rng = random.Random(1)
    for _ in range(20_000):
        text = "".join(rng.choice(rng.choice(pools)) for _ in range(rng.randint(1, 7)))
        assert list(boundaries(text)) == list(wordbreak.word_boundaries(text)), [hex(ord(each)) for each in text]
