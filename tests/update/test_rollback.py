"""Back to the other slot, where there is something to go back to."""

from dataclasses import replace
from random import Random

import pytest
from power.device import Device
from power.images import image
from power.timeline import Cut, Moment

from firmward.model.errors import DeviceError, InputError, TrustError
from firmward.update import fallen, journal, rollback, slots
from firmward.update.install import INSTALLED, Onto
from firmward.update.rollback import standing
from firmward.update.slots import Holding

OLD, NEW = image("1.4.0"), image("1.4.1")
INDEX = NEW.manifest.rollback_index


def updated() -> Device:
    """Runs what was installed, with what it ran before in the other slot."""
    one = Device(OLD, NEW, Random(0))
    one.install()
    one.start()
    assert one.running == "b"
    return one


def test_the_version_before_starts_next() -> None:
    one = updated()
    assert rollback.rollback(one.onto, INDEX) == "a"
    one.start()
    assert one.holds(one.running) is OLD


def test_what_was_gone_back_from_is_not_installed_again_by_itself() -> None:
    one = updated()
    rollback.rollback(one.onto, INDEX)
    one.start()
    with pytest.raises(TrustError, match="fell back"):
        one.install()
    fallen.pardon(one.store)
    assert one.install().standing == INSTALLED


def test_nothing_below_the_floor_is_gone_back_to() -> None:
    one = updated()
    with pytest.raises(TrustError, match=f"below the rollback floor: {INDEX}, {INDEX + 1}"):
        rollback.rollback(one.onto, INDEX + 1)
    assert one.loader.state().next == "b"


def test_half_a_slot_is_nothing_to_go_back_to() -> None:
    one = Device(OLD, NEW, Random(0), before=image("1.3.0"))
    one.cut_at(Cut(60, Moment.FAILS))
    with pytest.raises(DeviceError):
        one.install()
    one.cut_at(None)
    with pytest.raises(InputError, match="only half there"):
        rollback.rollback(one.onto, 0)
    one.store.drop(journal.FILE)
    with pytest.raises(InputError, match="has nothing that starts"):
        rollback.rollback(one.onto, 0)


def test_a_slot_of_which_nothing_is_known_is_not_started() -> None:
    one = updated()
    slots.drop(one.store, "a")
    with pytest.raises(InputError, match="not known what slot a holds"):
        rollback.rollback(one.onto, 0)


def test_as_they_came_from_the_factory_both_may_start() -> None:
    one = Device(OLD, NEW, Random(0), before=OLD)
    assert rollback.rollback(Onto(one.disk, one.store, one.loader), INDEX) == "b"
    assert one.loader.state().next == "b"


def test_what_starts_next_already_is_not_asked_for_again() -> None:
    one = updated()
    rollback.rollback(one.onto, INDEX)
    one.cut_at(None)
    assert rollback.rollback(one.onto, INDEX) == "a"
    assert one.timeline.places == []


def test_the_standing_is_told_while_something_is_installed() -> None:
    one = Device(OLD, NEW, Random(0), before=image("1.3.0"))
    one.cut_at(Cut(60, Moment.FAILS))
    with pytest.raises(DeviceError):
        one.install()
    one.cut_at(None)
    found = standing(one.onto)
    assert (found.state.running, found.state.next) == ("a", "a")
    assert found.last is not None
    assert (found.last.version, found.last.slot, found.last.payload) == ("1.4.1", "b", "root")
    assert 0 < found.last.offset < found.last.size == len(NEW.root)
    holding = dict(found.holdings)
    assert holding["b"] is None
    assert holding["a"] == Holding("1.4.0", "", OLD.manifest.rollback_index)


def test_the_standing_tells_what_fell_back() -> None:
    one = Device(OLD, NEW, Random(0), is_new_healthy=False)
    one.install()
    one.start()
    with pytest.raises(TrustError):
        one.install()
    assert standing(one.onto).fell_back == NEW.sha256


@pytest.mark.parametrize(
    "holding",
    [
        Holding("1.4.0", "", 0),
        Holding("1.4.0~rc1+b", "a" * 64, 2**31 - 1, (("boot", "b" * 64), ("root", "c" * 64))),
        Holding("1", "a" * 64, 7, (("root", "c" * 64),)),
    ],
)
def test_what_a_slot_holds_is_kept_as_it_is(holding: Holding) -> None:
    store = Device(OLD, NEW, Random(0)).store
    slots.keep(store, "a", holding)
    assert slots.held(store, "a") == holding
    assert slots.held(store, "b") is None
    slots.keep(store, "b", replace(holding, version="2"))
    slots.drop(store, "a")
    assert slots.held(store, "a") is None
