"""A conversation travels as one text and comes back, whatever it says."""

from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.chat.turns import MARKS, ROLES, Turn, read_turns, write_turns
from corpus_kit.stages import Normalize

CONTENT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="".join(MARKS.values())), min_size=1)
TURNS = st.lists(st.builds(Turn, st.sampled_from(ROLES), CONTENT.map(str.strip)), min_size=1, max_size=6)


@given(TURNS)
def test_turns_come_back(turns):
    assert read_turns(write_turns(turns)) == turns


def test_a_mark_inside_a_turn_opens_no_other():
    [turn] = read_turns(write_turns([Turn("user", f"Hej{MARKS['assistant']}ja")]))
    assert turn == Turn("user", "Hej�ja")


def test_something_before_the_first_turn_is_no_conversation():
    assert read_turns(f"nej{MARKS['user']}Hej") == []
    assert read_turns(f"\n {MARKS['user']}Hej") == [Turn("user", "Hej")]
    assert read_turns("") == []


def test_normalizing_leaves_the_marks_where_they_are():
    turns = [
        Turn("system", "Du er venlig."),
        Turn("user", "Hvad\u00a0er\r\n\r\n\r\n\r\ndet?"),
        Turn("assistant", "Blå\u00adbær"),
    ]
    expected = [Turn("system", "Du er venlig."), Turn("user", "Hvad er\n\ndet?"), Turn("assistant", "Blåbær")]
    assert read_turns(Normalize().text(write_turns(turns))) == expected
