"""The tables of forms say what the functions say that define them."""

import re

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.stages.repeated_forms import CCNET_DELETED, form_table, formed
from corpus_kit.stages.sameness import folded, slug

ANY_TEXT = st.text(max_size=30) | st.text(st.sampled_from("aÅøß İǅ.-—½ﬃ℀①１٣²\t\n\u0301é日ᾳ…«»\x85\xa0"), max_size=30)


@given(ANY_TEXT)
def test_folded_is_that_of_whole_texts(text):
    assert formed(text, form_table("folded")) == folded(pa.array([text], pa.large_string()))[0].as_py()


@given(ANY_TEXT)
def test_slug_is_that_of_whole_texts(text):
    assert formed(text, form_table("slug")) == slug(text)


def normalize_for_dedup(line: str) -> str:
    """facebookresearch/cc_net, text_normalizer.py, in the same steps."""
    line = line.strip().lower()
    line = re.sub(r"\d", "0", line)
    return re.sub(f"[{re.escape(CCNET_DELETED)}]", "", line)


@given(ANY_TEXT.filter(lambda text: len(text.lower()) == len(text) and "Σ" not in text))
def test_ccnet_is_that_of_its_code(text):
    """But for capitals whose small form is several characters or depends on its neighbors."""
    assert formed(text.strip(), form_table("ccnet")) == normalize_for_dedup(text)


def test_what_forms_leave():
    assert formed("— 12. juli 2024 …", form_table("ccnet")) == " 00. juli 0000 "
    assert formed("***", form_table("folded")) == formed("øß日", form_table("slug")) == ""
    assert form_table("as_is") is None
