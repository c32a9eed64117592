import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.doc import Doc, bare, has_letter, is_blank, ngrams


def test_words_are_whitespace_words_in_every_script():
    assert Doc("Hej,\tverden!\u2003日本語　テスト\u00a0x\u200by").words == [
        "Hej,",
        "verden!",
        "日本語",
        "テスト",
        "x\u200by",
    ]


def test_lines_keep_their_spaces_and_blank_ones_are_none():
    assert Doc(" a \n\n \t\n\u3000\nb\r\n").lines == [" a ", "b\r"]


def test_only_newlines_end_lines():
    assert Doc("a\x0bb\x0cc\u2028d\x85e").lines == ["a\x0bb\x0cc\u2028d\x85e"]


def test_paragraphs_are_separated_by_blank_lines_only():
    assert Doc("\n\na\nb\n \n\nc\n").paragraphs == ["a\nb", "c"]


@pytest.mark.parametrize("text", ["", " ", "\n", "\n \n\t"])
def test_nothing_in_nothing(text):
    doc = Doc(text)
    assert (doc.words, doc.lines, doc.paragraphs, list(doc.ngrams(1))) == ([], [], [], [])
    assert doc.characters == len(text)


def test_ngrams_cross_lines_and_end_with_the_text():
    doc = Doc("a b\nc d")
    assert list(doc.ngrams(3)) == [("a", "b", "c"), ("b", "c", "d")]
    assert list(doc.ngrams(4)) == [("a", "b", "c", "d")]
    assert list(doc.ngrams(5)) == []


def test_characters_are_code_points():
    assert Doc("e\u0301 👩‍👩‍👧").characters == 8


def test_has_letter_knows_letters_from_digits_and_signs():
    assert [has_letter(word) for word in ["a", "-ø", "Ⅷ", "५", "क", "ª", "_", "①", ""]] == [
        True, True, False, False, True, True, False, False, False,
    ]  # fmt: skip


@given(st.text(alphabet=st.sampled_from("ab \n\t\r\u2028é"), max_size=60))
def test_cuts_lose_nothing_but_blank_space(text):
    doc = Doc(text)
    assert "".join(doc.words) == "".join(text.split())
    assert [line for paragraph in doc.paragraphs for line in paragraph.split("\n")] == doc.lines
    assert not any(is_blank(line) for line in doc.lines)
    for n in range(1, 5):
        assert len(list(doc.ngrams(n))) == max(0, len(doc.words) - n + 1)


def test_bare_words_are_in_lower_case_and_without_special_characters_at_both_ends():
    doc = Doc("«ÅR» 1999 -- don't B2B! 🙂🙂x🙂 (ø) I\u2003❤\ufe0f 👩‍👩‍👧 ©Z² §1")
    assert doc.bare_words == ["år", "don't", "b2b", "x", "ø", "i", "z"]


def test_letters_are_never_special():
    assert [bare(word) for word in ["ø", "sø", "ı", "πr²", "İ", "ªº"]] == ["ø", "sø", "ı", "πr", "İ", "ªº"]


def test_bare_words_do_not_depend_on_what_a_word_is():
    text = "EU:s (e-post), don’t"
    assert Doc(text, words="unicode").bare_words == Doc(text).bare_words == ["eu:s", "e-post", "don’t"]
    assert Doc(text, words="unicode").words == ["EU:s", "e", "post", "don’t"]
    assert Doc(text, words="unicode").spaced_words == Doc(text).words


def test_stripped_lines_are_the_lines():
    doc = Doc(" a \n\n \t\n\u3000b\r\n")
    assert doc.stripped_lines == ["a", "b"]
    assert len(doc.stripped_lines) == len(doc.lines)


def test_ngrams_of_anything():
    assert list(ngrams("abc", 2)) == [("a", "b"), ("b", "c")]
    assert list(ngrams([], 2)) == []
