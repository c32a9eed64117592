"""Places, readers, and going on."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.errors import PlanError
from corpus_kit.pull.place import START, Before, Deal, State, deal_of, from_json, resumed, to_json


@given(st.integers(1, 64), st.integers(1, 2000))
def test_teams_are_of_one_size_and_have_waves_enough(world, waves):
    deal = deal_of(world, waves)
    assert deal.teams * deal.mates() == world
    assert deal.teams == 1 or waves / deal.teams >= 8


@pytest.mark.parametrize("deal", [Deal(1, 1), Deal(8, 1), Deal(8, 4), Deal(6, 6)])
def test_every_document_has_one_owner_of_the_team_of_its_wave(deal):
    for wave in range(2 * deal.teams):
        owners = deal.owners(wave, 20)
        assert set(owners.tolist()) == set(deal.team(wave))
        assert np.bincount(owners, minlength=deal.world)[list(deal.team(wave))].min() >= 20 // deal.mates()
    assert sorted(one for wave in range(deal.teams) for one in deal.team(wave)) == list(range(deal.world))


def state(rank=0, world=1, place=START, **more):
    given = {"of": {"seed": 1}, "unit": None, "reached": 0, "before": ()} | more
    return State(rank=rank, deal=Deal(world, 1), place=place, **given)


def test_a_state_survives_json():
    before = Before(Deal(2, 1), ((1, 0, 4), (1, 1, 2)))
    one = state(1, 3, (1, 2, 3), unit="bytes", reached=99, before=(before,))
    plain = to_json(one)
    assert plain == {
        "pull": 1,
        "of": {"seed": 1},
        "shard": [1, 3],
        "teams": 1,
        "at": [1, 2, 3],
        "unit": "bytes",
        "reached": 99,
        "before": [{"world": 2, "teams": 1, "at": [[1, 0, 4], [1, 1, 2]]}],
    }
    assert from_json(json.loads(json.dumps(plain))) == one


@pytest.mark.parametrize("broken", [{}, {"pull": 2}, {"pull": 1, "shard": 3}])
def test_what_is_no_state(broken):
    with pytest.raises(PlanError):
        from_json(broken)


def test_a_reader_goes_on_from_its_own_state():
    states = [state(rank, 3, (rank, 0, 1)) for rank in range(3)]
    assert resumed(states[1:2], rank=1, deal=Deal(3, 1)) == states[1]
    assert resumed(states, rank=2, deal=Deal(3, 1)) == states[2]


def test_other_readers_begin_where_the_last_was_and_know_what_was_had():
    states = [state(0, 2, (1, 0, 5), reached=70), state(1, 2, (0, 3, 2), reached=40)]
    found = resumed(states, rank=4, deal=Deal(5, 1))
    assert (found.place, found.reached, found.rank, found.deal) == ((0, 3, 0), 40, 4, Deal(5, 1))
    (before,) = found.before
    assert before.had(0, 2, 4).tolist() == [True] * 4
    assert before.had(0, 3, 4).tolist() == [True, True, True, False]  # 0 and 2 are the first reader's
    assert before.had(1, 0, 8).tolist() == [True, False, True, False, True, False, False, False]
    assert not before.had(1, 1, 3).any()
    assert not before.had_all(0)
    assert before._replace(places=((1, 0, 0), (1, 0, 0))).had_all(0)


def test_what_all_have_left_behind_is_forgotten():
    old = Before(Deal(1, 1), ((0, 1, 3),))
    found = resumed([state(place=(2, 0, 4), before=(old,))], rank=0, deal=Deal(2, 1))
    assert [one.places for one in found.before] == [((2, 0, 4),)]


@pytest.mark.parametrize(
    ("states", "message"),
    [
        ([], "no state was given"),
        ([state(0, 3)], "the state is of reader 0 of 3, not of reader 1 of 2"),
        ([state(0, 3), state(2, 3)], "the state is of readers 0, 2 of 3, not of reader 1 of 2"),
        ([state(0, 3), state(1, 3, of={"seed": 2}), state(2, 3)], "the states are not of readers of one pull"),
    ],
)
def test_states_that_do_not_do(states, message):
    with pytest.raises(PlanError) as caught:
        resumed(states, rank=1, deal=Deal(2, 1))
    assert str(caught.value).partition("\n")[0] == message
