"""Solving mixes: what each method promises, by hand and over random corpora; and why a mix cannot be had."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus_kit.errors import PlanError
from corpus_kit.mixing.solve import Solved, solve
from corpus_kit.mixing.targets import Targets

SIZES = {("dan",): 900, ("swe",): 90, ("fao",): 10}
CELLS = {("dan", "web"): 600, ("dan", "books"): 200, ("swe", "web"): 150, ("swe", "books"): 50}

CORPUS = st.lists(st.integers(1, 10**12), min_size=1, max_size=12).map(
    lambda sizes: {(f"g{i}",): size for i, size in enumerate(sizes)}
)
ASKED = st.one_of(
    st.just({"method": "natural"}),
    st.floats(0, 1).map(lambda alpha: {"method": "temperature", "alpha": alpha}),
    st.floats(1, 8).map(lambda cap: {"method": "unimax", "max_epochs": cap}),
    st.tuples(st.floats(0, 1), st.floats(1, 8)).map(
        lambda both: {"method": "temperature", "alpha": both[0], "max_epochs": both[1]}
    ),
)


def solved(sizes=SIZES, **settings) -> Solved:
    return solve(sizes, Targets.model_validate(settings), unit="bytes")


def epochs(sizes=SIZES, **settings) -> dict[str, float]:
    found = solved(sizes, **settings)
    return {"/".join(group): float(one) for group, one in zip(found.groups, found.epochs, strict=True)}


def refusal(sizes=SIZES, **settings) -> str:
    with pytest.raises(PlanError) as caught:
        solved(sizes, **settings)
    return str(caught.value)


@given(CORPUS)
def test_natural_is_every_group_once_exactly(sizes):
    assert solved(sizes).epochs.tolist() == [1.0] * len(sizes)
    assert solved(sizes, method="temperature", alpha=1.0).epochs.tolist() == [1.0] * len(sizes)


@given(CORPUS, ASKED)
def test_shares_add_up_the_total_is_kept_and_caps_hold(sizes, settings):
    found = solved(sizes, **settings)
    for shares in (found.natural, found.asked, found.share):
        assert shares.sum() == pytest.approx(1)
    assert found.total == pytest.approx(sum(sizes.values()))
    assert found.epochs * found.size == pytest.approx(found.share * found.total)
    assert (found.epochs <= found.cap * (1 + 1e-9)).all()
    assert found.epochs[found.capped] == pytest.approx(found.cap[found.capped])


@given(CORPUS, ASKED, st.floats(0.1, 1))
def test_a_given_total_is_reached(sizes, settings, part):
    total = part * sum(sizes.values())
    assert solved(sizes, **settings, total=total).total == pytest.approx(total)


@given(CORPUS, ASKED, st.integers(2, 1000))
def test_the_scale_of_the_corpus_does_not_matter(sizes, settings, times):
    larger = {group: size * times for group, size in sizes.items()}
    assert solved(larger, **settings).epochs == pytest.approx(solved(sizes, **settings).epochs, rel=1e-9)


@given(CORPUS, st.floats(0, 1), st.floats(0, 1), st.none() | st.floats(1, 8))
def test_a_lower_alpha_never_takes_from_the_smallest_nor_gives_to_the_largest(sizes, one, other, cap):
    low, high = sorted((one, other))
    flat = solved(sizes, method="temperature", alpha=low, max_epochs=cap)
    steep = solved(sizes, method="temperature", alpha=high, max_epochs=cap)
    smallest, largest = int(np.argmin(flat.size)), int(np.argmax(flat.size))
    assert flat.share[smallest] >= steep.share[smallest] * (1 - 1e-9)
    assert flat.share[largest] <= steep.share[largest] * (1 + 1e-9)


@given(CORPUS, st.floats(0, 1))
def test_temperature_keeps_the_order_of_sizes(sizes, alpha):
    found = solved(sizes, method="temperature", alpha=alpha)
    order = np.argsort(found.size)
    assert (np.diff(found.share[order]) >= -1e-12).all()
    assert (np.diff(found.epochs[order]) <= 1e-9 * found.epochs.max()).all()


def test_temperature_by_hand():
    """Roots of .9, .09 and .01 are .948683, .3 and .1; they add up to 1.348683."""
    found = solved(method="temperature", alpha=0.5)
    assert found.share == pytest.approx([0.703414, 0.222439, 0.0741464], rel=1e-5)
    assert found.epochs == pytest.approx([0.781571, 2.471545, 7.41464], rel=1e-5)


def test_unimax_by_hand():
    # fao gives 40, then swe may have 360 of 480, and dan takes 600.
    assert epochs(method="unimax", max_epochs=4) == pytest.approx({"dan": 600 / 900, "swe": 4, "fao": 4})
    assert solved(method="unimax", max_epochs=4).capped.tolist() == [False, True, True]
    assert solved(method="unimax", max_epochs=4).asked == pytest.approx([1 / 3] * 3)


def test_shares_by_hand():
    shares = {"dan": 0.5, "swe": 0.4, "fao": 0.1}
    assert epochs(method="shares", shares=shares) == pytest.approx({"dan": 500 / 900, "swe": 400 / 90, "fao": 10})
    assert epochs(method="shares", shares=shares, total=100) == pytest.approx({"dan": 5 / 90, "swe": 4 / 9, "fao": 1})


def test_shares_of_many_groups_are_divided_as_they_are_found():
    shares = {"dan": {"books": 0.4, "rest": 0.2}, "rest": "remainder"}
    found = solved(CELLS, by=["lang", "category"], method="shares", shares=shares)
    assert dict(zip(found.groups, found.share, strict=True)) == pytest.approx(
        {("dan", "web"): 0.2, ("dan", "books"): 0.4, ("swe", "web"): 0.3, ("swe", "books"): 0.1}
    )


def test_weights_are_scaled_to_the_total_and_epochs_are_not():
    numbers = {"dan": 1, "swe": 4, "fao": 0}
    assert epochs(method="epochs", epochs=numbers) == pytest.approx({"dan": 1, "swe": 4, "fao": 0})
    assert solved(method="epochs", epochs=numbers).total == pytest.approx(1260)
    scale = 1000 / 1260
    assert epochs(method="weights", weights=numbers) == pytest.approx({"dan": scale, "swe": 4 * scale, "fao": 0})


def test_caps_by_group():
    asked = {"by": ["lang", "category"], "method": "natural", "total": 1500.0}
    caps = {"swe": {"books": 1}, "dan": 1.25}
    found = solved(CELLS, **asked, max_epochs=caps)
    assert found.cap.tolist() == [1.25, 1.25, np.inf, 1]
    # dan 1000 and swe/books 50 at most: swe/web takes the other 450.
    assert found.epochs == pytest.approx([1.25, 1.25, 3, 1])
    assert found.capped.tolist() == [True, True, False, True]


def test_empty_groups_take_part_in_nothing():
    sizes = {**SIZES, ("isl",): 0}
    for settings in (
        {"method": "natural"},
        {"method": "temperature", "alpha": 0},
        {"method": "unimax", "max_epochs": 9},
    ):
        found = solved(sizes, **settings)
        assert found.epochs[3] == 0
        assert found.share[3] == 0
        assert found.total == pytest.approx(1000)


def test_shares_that_cannot_be_had():
    text = refusal(method="shares", shares={"dan": 0.5, "swe": 0.1, "fao": 0.4}, max_epochs=4.0)
    assert text.splitlines() == [
        "these shares cannot be had at a total of 1,000 bytes",
        "  fao: 40.00% are 400; it has 10, and 4 epochs are 40",
        "  ask for a total of at most 100, for more epochs, or for `when_capped: spread`",
    ]


def test_a_total_that_cannot_be_had():
    text = refusal(method="unimax", max_epochs=2.0, total=5000.0)
    assert text.splitlines() == [
        "a total of 5,000 bytes cannot be had; the caps allow at most 2,000",
        "  dan has 900; 2 epochs are 1,800",
        "  swe has 90; 2 epochs are 180",
        "  fao has 10; 2 epochs are 20",
        "  ask for a total of at most 2,000, or for more epochs",
    ]
    assert solved(method="unimax", max_epochs=2.0, total=2000.0).epochs.tolist() == [2, 2, 2]
    assert "the caps allow at most 500" in refusal(max_epochs=0.5)


@given(CORPUS, st.floats(0.5, 8), st.integers(0, 2**32))
def test_the_total_that_a_refusal_names_can_be_had(sizes, cap, seed):
    sizes = {group: 1000 * size for group, size in sizes.items()}
    share = np.random.default_rng(seed).dirichlet(np.ones(len(sizes)))
    asked = {"method": "shares", "shares": {group[0]: float(one) for group, one in zip(sizes, share, strict=True)}}
    text = refusal(sizes, **asked, max_epochs=cap, total=1e20)
    named = text.partition("ask for a total of at most ")[2].partition(", for")[0]
    possible = float(named.replace(",", ""))
    assert solved(sizes, **asked, max_epochs=cap, total=possible).share == pytest.approx(share)
    refusal(sizes, **asked, max_epochs=cap, total=possible * 1.01)


def test_when_capped_spread_gives_the_rest_to_the_others():
    asked = {"method": "shares", "shares": {"dan": 0.5, "swe": 0.1, "fao": 0.4}, "max_epochs": 4.0}
    found = solved(**asked, when_capped="spread")
    assert found.share == pytest.approx([0.8, 0.16, 0.04])
    assert found.asked == pytest.approx([0.5, 0.1, 0.4])
    text = refusal(method="temperature", alpha=0.0, max_epochs=4.0, when_capped="refuse")
    assert "fao: 33.33% are 333; it has 10" in text


def test_many_groups_are_not_all_named():
    sizes = {(f"g{i:02}",): 10 for i in range(9)}
    text = refusal(sizes, max_epochs=0.5)
    assert text.count("g0") == 5
    assert "  and 4 smaller groups" in text
    shares = {f"g{i:02}": 0.1 for i in range(1, 9)} | {"g00": 0.2}
    text = refusal(sizes, method="shares", shares=shares, max_epochs=0.5, total=1000.0)
    assert text.splitlines()[1] == "  g00: 20.00% are 200; it has 10, and 0.5 epochs are 5"
    assert "  and 4 more groups" in text


def test_unknown_groups_get_a_suggestion():
    assert refusal(method="shares", shares={"dann": 1}) == "no group 'dann'; did you mean 'dan'?"
    assert refusal(max_epochs={"xx": 1}) == "no group 'xx'; valid names are dan, fao, swe"
    asked = {"by": ["lang", "category"], "method": "weights", "weights": {"dan": {"wbe": 1}, "rest": 1}}
    assert refusal(CELLS, **asked) == "no group 'dan/wbe'; in dan: did you mean 'web'?"


def test_absent_groups_may_be_skipped():
    shares = {"dan": 0.4, "swe": 0.3, "fao": 0.1, "isl": 0.2}
    found = solved(method="shares", shares=shares, absent="skip")
    assert found.share == pytest.approx([0.5, 0.375, 0.125])


def test_groups_without_a_number():
    assert refusal(method="epochs", epochs={"dan": 1}) == (
        "no number is given for group 'swe'; name it (0 leaves it out), or give `rest`"
    )


def test_empty_groups_cannot_be_asked_for():
    sizes = {**SIZES, ("isl",): 0}
    text = "group 'isl' is empty, so it cannot be seen; give it 0, or leave it to `rest`"
    assert refusal(sizes, method="shares", shares={"isl": 0.5, "rest": 0.5}) == text
    assert refusal(sizes, method="weights", weights={"isl": 1, "rest": 1}) == text
    assert refusal(sizes, method="epochs", epochs={"isl": 1, "rest": 1}) == text
    assert epochs(sizes, method="epochs", epochs={"isl": 0, "rest": 2})["isl"] == 0


def test_a_share_for_nobody():
    assert refusal(method="shares", shares={"dan": 0.5, "swe": 0.3, "fao": 0.1, "rest": 0.1}) == (
        "no group is left for 'rest'"
    )


def test_epochs_above_their_cap():
    text = refusal(method="epochs", epochs={"dan": 1, "rest": 5}, max_epochs={"fao": 4})
    assert text == "group 'fao' is asked for 5 epochs, above its cap of 4"


def test_nothing_to_mix():
    assert refusal({("dan",): 0}) == "there is nothing to mix: no group has any bytes"
    assert refusal(method="weights", weights={"rest": 0}) == "every group is left out, so there is no mix"
    assert refusal(method="epochs", epochs={"rest": 0}) == "every group is left out, so there is no mix"
