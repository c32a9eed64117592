"""Where a pull is, and which reader gets which document: all that is needed to go on, in a few integers.

The documents of a pull have one order, whatever the number of readers. A document is named by its wave (counted over
all rounds), its window in the wave, and its number in the window. Readers form teams: the teams take the waves in turn,
and inside a team the documents of a window are dealt out one by one. With few waves there is one team, so that every
reader gets its part of every window; with many, each reader reads only waves of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from corpus_kit.errors import PlanError

WAVES_A_TEAM = 8
"""No more teams than give each so many waves a round: readers of different teams are then about equally far."""

Place = tuple[int, int, int]
"""Wave, window, document: the next one to come."""

START: Place = (0, 0, 0)


class Deal(NamedTuple):
    """A number of readers, and how many teams they form."""

    world: int
    teams: int

    def mates(self) -> int:
        """Readers of a team."""
        return self.world // self.teams

    def owners(self, wave: int, documents: int) -> NDArray[np.int64]:
        """The reader of each document of a window of a wave."""
        return wave % self.teams + self.teams * (np.arange(documents) % self.mates())

    def team(self, wave: int) -> range:
        """The readers of a wave."""
        return range(wave % self.teams, self.world, self.teams)


def deal_of(world: int, waves_a_round: int) -> Deal:
    """The readers in as many teams as there are waves for, all of one size.

    >>> deal_of(8, 1), deal_of(8, 40), deal_of(8, 1000)
    (Deal(world=8, teams=1), Deal(world=8, teams=4), Deal(world=8, teams=8))
    """
    most = max(1, waves_a_round // WAVES_A_TEAM)
    return Deal(world, max(teams for teams in range(1, world + 1) if world % teams == 0 and teams <= most))


class Before(NamedTuple):
    """How far each reader of an earlier, differently large world had come."""

    deal: Deal
    places: tuple[Place, ...]

    def had_all(self, wave: int) -> bool:
        """Whether no document of a wave is left."""
        return all(self.places[reader][0] > wave for reader in self.deal.team(wave))

    def had(self, wave: int, window: int, documents: int) -> NDArray[np.bool_]:
        """Which documents of a window were had."""
        here = (wave, window)
        had = [documents if at[:2] > here else at[2] if at[:2] == here else 0 for at in self.places]
        return np.arange(documents) < np.array(had)[self.deal.owners(wave, documents)]


class State(NamedTuple):
    """Everything a pull must know to go on."""

    of: Mapping[str, Any]
    """What the order depends on: another pull has another order."""
    rank: int
    deal: Deal
    place: Place
    unit: str | None
    """What is counted for the limit."""
    reached: int
    """Units of all documents before this window, of all readers."""
    before: tuple[Before, ...]


def to_json(state: State) -> dict[str, Any]:
    """The state as plain data."""
    return {
        "pull": 1,
        "of": dict(state.of),
        "shard": [state.rank, state.deal.world],
        "teams": state.deal.teams,
        "at": list(state.place),
        "unit": state.unit,
        "reached": state.reached,
        "before": [
            {"world": one.deal.world, "teams": one.deal.teams, "at": [list(place) for place in one.places]}
            for one in state.before
        ],
    }


def from_json(value: Mapping[str, Any]) -> State:
    """The state `to_json` made. Raises PlanError if it is none."""
    try:
        if value["pull"] != 1:
            raise PlanError("the state is of another version of corpus-kit")
        rank, world = value["shard"]
        return State(
            of=dict(value["of"]),
            rank=int(rank),
            deal=Deal(int(world), int(value["teams"])),
            place=_place(value["at"]),
            unit=value["unit"],
            reached=int(value["reached"]),
            before=tuple(
                Before(Deal(int(one["world"]), int(one["teams"])), tuple(_place(at) for at in one["at"]))
                for one in value["before"]
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PlanError("this is not the state of a pull") from error


def _place(value: Sequence[int]) -> Place:
    wave, window, document = value
    return int(wave), int(window), int(document)


def resumed(states: Sequence[State], *, rank: int, deal: Deal) -> State:
    """Where reader `rank` goes on after one state (its own) or the states of all readers, who may have been others.

    Raises PlanError if the states do not belong together, or are not all there.
    """
    if not states:
        raise PlanError("no state was given")
    first, world = states[0], states[0].deal.world
    own = next((one for one in states if (one.rank, one.deal.world) == (rank, deal.world)), None)
    if own is not None:
        return own
    if any(
        (one.of, one.deal, one.unit, one.before) != (first.of, first.deal, first.unit, first.before) for one in states
    ):
        raise PlanError("the states are not of readers of one pull")
    ranks = sorted(one.rank for one in states)
    if ranks != list(range(world)):
        had = f"reader {ranks[0]} of {world}" if len(ranks) == 1 else f"readers {', '.join(map(str, ranks))} of {world}"
        raise PlanError(
            f"the state is of {had}, not of reader {rank} of {deal.world}\n"
            f"  to go on with another number of readers give the states of all {world}"
        )
    ordered = sorted(states, key=lambda one: one.rank)
    behind = min(states, key=lambda one: one.place)
    start: Place = (*behind.place[:2], 0)
    every = (*first.before, Before(first.deal, tuple(one.place for one in ordered)))
    before = tuple(one for one in every if max(one.places) > start)  # what all have left behind is of no use
    return State(first.of, rank, deal, start, first.unit, behind.reached, before)
