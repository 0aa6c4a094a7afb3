"""When the power is cut."""

from hypothesis import given
from hypothesis import strategies as st

from firmward.lab.updating.moments import Stretch, moments

SEEN = st.sets(st.sampled_from(list(Stretch)))


@given(st.integers(0, 200), st.integers(), SEEN)
def test_the_same_seed_draws_the_same_moments(count: int, seed: int, seen: set[Stretch]) -> None:
    assert moments(count, seed, seen) == moments(count, seed, sorted(seen, reverse=True))


@given(st.integers(0, 200), st.integers(), SEEN)
def test_as_many_are_drawn_as_are_asked_for_and_none_where_nothing_was_seen(
    count: int, seed: int, seen: set[Stretch]
) -> None:
    found = moments(count, seed, seen)
    assert len(found) == (count if seen else 0)
    assert all(one.stretch in seen and 0 <= one.part < 1 for one in found)


def test_every_stretch_that_was_seen_is_cut_and_installing_most() -> None:
    found = [one.stretch for one in moments(600, 1, tuple(Stretch))]
    assert set(found) == set(Stretch)
    assert found.count(Stretch.INSTALLING) > 300


def test_other_seeds_draw_other_moments() -> None:
    assert len({moments(5, seed, tuple(Stretch)) for seed in range(50)}) == 50
