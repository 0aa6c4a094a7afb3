"""What is installed, what is refused, and what a bad line, a bad disk or a bad record may do."""

import errno
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from power.device import GRAIN, TWICE, Blobs, Device
from power.images import Image, image, payload
from power.timeline import Cut, Moment

from firmward.model.errors import DeviceError, InputError, TrustError
from firmward.trust.place import Steps, WholeFilesError
from firmward.trust.verified import Verified
from firmward.update import fallen, journal, slots
from firmward.update.install import (
    CHECKED,
    COMING,
    INSTALLED,
    RUNNING,
    USUAL,
    WAITING,
    Installed,
    Onto,
    Progress,
    install,
)
from firmward.update.manifest import Blob, Payload, Source, Verity
from firmward.update.offer import Offer
from firmward.update.sources import source as sources

OLD, NEW, NEWER, BEFORE = image("1.4.0"), image("1.4.1"), image("1.5.0"), image("1.3.0")
BASE = sha256(OLD.root).hexdigest()


def device(new: Image = NEW, **said: object) -> Device:
    made = Device(OLD, new, Random(0), before=BEFORE, **said)  # type: ignore[arg-type]
    made.disk.takes_little = 0.0
    return made


def offered(new: Image, **changes: object) -> Offer:
    """A release with other words in its manifest."""
    named = replace(new.manifest, **changes)  # type: ignore[arg-type]
    return Offer(Verified(named, frozenset()), sha256(repr(named).encode()).hexdigest())


def with_root_sources(*more: Source) -> Offer:
    return offered(NEW, payloads=(NEW.manifest.payloads[0], payload("root", NEW.root, *more)))


def install_of(one: Device, offer: Offer) -> Installed:
    return install(offer, one.onto, one.blobs, grain=GRAIN)


# ------------------------------------------------------------------------------------------------------- what is done


def test_a_release_is_installed_into_the_other_slot_and_is_what_starts_next() -> None:
    one = device()
    assert one.install() == Installed("b", "1.4.1", INSTALLED)
    assert one.holds("b") is NEW
    assert one.loader.state().next == "b"
    assert one.blobs.given == NEW.size
    held = slots.held(one.store, "b")
    assert held == slots.of_manifest(NEW.manifest, NEW.sha256)
    assert (held.version, held.rollback_index) == ("1.4.1", NEW.manifest.rollback_index)


def test_a_device_from_the_factory_remembers_what_it_ran() -> None:
    one = device()
    one.install()
    held = slots.held(one.store, "a")
    assert held is not None
    assert (held.version, held.sha256, held.payloads) == ("1.4.0", "", ())


def test_a_record_that_is_not_of_what_runs_counts_for_nothing() -> None:
    """Somebody put an image into the slot by other means."""
    one = device()
    slots.keep(one.store, "a", slots.of_manifest(NEW.manifest, NEW.sha256))
    assert one.install().standing == INSTALLED
    held = slots.held(one.store, "a")
    assert held is not None
    assert (held.version, held.sha256) == ("1.4.0", "")


def test_a_slot_that_somebody_wants_to_go_back_to_is_not_written_over() -> None:
    one = device()
    one.install()
    one.start()
    assert one.running == "b"
    one.loader.activate("a")
    one.cut_at(None)
    with pytest.raises(DeviceError, match="a restart begins with slot a"):
        install_of(one, NEWER.offer)
    assert one.timeline.places == []


def test_what_waits_for_a_restart_gives_way_to_a_newer_one() -> None:
    one = device()
    one.install()
    one.blobs.files = NEWER.blobs
    assert install_of(one, NEWER.offer) == Installed("b", "1.5.0", INSTALLED)
    one.new = NEWER
    assert one.holds("b") is NEWER


def test_a_forged_record_of_what_runs_holds_no_update_back() -> None:
    """The version is that of the running image, or the record would not count; the manifest's is another."""
    one = device()
    slots.keep(one.store, "a", replace(slots.of_manifest(NEW.manifest, NEW.sha256), version="1.4.0"))
    assert one.install() == Installed("b", "1.4.1", INSTALLED)
    assert one.holds("b") is NEW


@pytest.mark.parametrize("lost", ["journal", "installed-b"])
def test_it_waits_for_a_restart_though_a_record_is_lost(lost: str) -> None:
    one = device(is_new_healthy=False)
    one.install()
    one.store.drop(lost)
    assert one.install().standing == WAITING
    one.start()
    assert one.running == "a"
    with pytest.raises(TrustError, match="fell back"):
        one.install()


def test_it_is_installed_again_where_all_records_are_lost() -> None:
    one = device()
    one.install()
    for record in RECORDS:
        one.store.drop(record)
    assert one.install().standing == INSTALLED
    assert one.holds("b") is NEW


def test_what_is_written_over_is_neither_started_nor_told_of() -> None:
    """From before its first byte on."""
    one = device()
    one.install()
    assert one.loader.state().next == "b"
    one.new, one.before, one.blobs.files = NEWER, NEW, NEWER.blobs
    written = one.disk.write

    def looked(partition: str, offset: int, data: bytes) -> int:
        assert one.loader.state().next == "a"
        assert slots.held(one.store, "b") is None
        return written(partition, offset, data)

    one.disk.write = looked  # type: ignore[method-assign]
    one.install()
    assert one.loader.state().next == "b"


def test_nothing_is_written_while_it_waits_for_a_restart() -> None:
    one = device()
    one.install()
    one.cut_at(None)
    assert one.install() == Installed("b", "1.4.1", WAITING)
    assert one.timeline.places == []


def test_nothing_is_written_where_it_runs_already() -> None:
    one = device()
    one.install()
    one.start()
    one.cut_at(None)
    assert one.install() == Installed("b", "1.4.1", RUNNING)
    assert one.timeline.places == []


def test_the_next_release_goes_into_the_slot_before() -> None:
    one = device()
    one.install()
    one.start()
    one.new, one.old, one.before = NEWER, NEW, OLD
    one.blobs.files = NEWER.blobs
    assert one.install() == Installed("a", "1.5.0", INSTALLED)
    assert one.holds("a") is NEWER
    assert one.holds("b") is NEW


def test_a_release_that_is_all_in_boot_needs_no_root() -> None:
    one = device()
    offer = offered(NEW, layout="initramfs", payloads=NEW.manifest.payloads[:1], verity=None)
    assert install_of(one, offer).standing == INSTALLED
    assert one.disk.read("boot_b", 0, len(NEW.boot)) == NEW.boot
    assert one.disk.read("root_b", 0, len(BEFORE.root)) == BEFORE.root


def test_what_comes_is_told() -> None:
    one = device()
    told: list[Progress] = []
    install(NEW.offer, one.onto, one.blobs, told.append, GRAIN)
    assert [step.payload for step in told] == sorted((step.payload for step in told), reverse=True)
    root = [step for step in told if step.payload == "root"]
    assert [step.offset for step in root] == sorted(step.offset for step in root)
    assert {step.doing for step in root[:-1]} == {COMING}
    assert root[-1] == Progress("root", CHECKED, len(NEW.root), len(NEW.root))


def test_no_more_than_a_mebibyte_comes_twice() -> None:
    assert USUAL.journaled + USUAL.piece <= 1 << 20
    assert USUAL.journaled % USUAL.piece == 0
    assert USUAL.piece % USUAL.block == 0


# ---------------------------------------------------------------------------------------------------- what is refused


def test_nothing_is_installed_before_the_running_version_has_proved_itself() -> None:
    one = device()
    one.install()
    one.is_new_healthy = True
    one.start()
    one.boot.state = replace(one.boot.state, b_good=False)  # type: ignore[attr-defined]
    one.boot.request = replace(one.boot.request, good=None)  # type: ignore[attr-defined]
    one.cut_at(None)
    with pytest.raises(DeviceError, match="has not proved itself"):
        install_of(one, NEWER.offer)
    assert one.timeline.places == []


@pytest.mark.parametrize("partition", ["boot", "root"])
@pytest.mark.parametrize("more", [0, 1])
def test_a_release_has_to_fit_with_its_tree(partition: str, more: int) -> None:
    one = device()
    content = {"boot": NEW.boot, "root": NEW.whole_root}[partition]
    room = len(content) - more
    resized = one.disk._partitions[f"{partition}_b"]
    resized.seen[room:] = resized.stable[room:] = b""
    one.cut_at(None)
    if not more:
        assert one.install().standing == INSTALLED
        return
    with pytest.raises(TrustError, match="and the release needs"):
        one.install()
    assert one.timeline.places == []


@pytest.mark.parametrize("partition", ["boot_b", "root_b"])
def test_a_device_without_the_partition_says_so(partition: str) -> None:
    one = device()
    del one.disk._partitions[partition]
    with pytest.raises(InputError, match=f"no partition {partition}"):
        one.install()


def test_a_loader_that_names_no_slot_of_ours_says_so() -> None:
    one = device()
    one.running = "c"
    with pytest.raises(InputError, match="'c' runs"):
        one.install()


@pytest.mark.parametrize("said", [{"root_hash": "0" * 64}, {"salt": "0" * 64}], ids=str)
def test_a_root_hash_that_is_not_the_roots_is_refused(said: dict[str, str]) -> None:
    one = device()
    assert NEW.manifest.verity is not None
    verity: Verity = replace(NEW.manifest.verity, **said)
    with pytest.raises(TrustError, match="the root hash is"):
        install_of(one, offered(NEW, verity=verity))
    assert one.loader.state().next == "a"
    assert not any(one.disk.read("boot_b", 0, GRAIN.block))


# ------------------------------------------------------------------------------------------------- what fell back


def fallen_back() -> Device:
    one = device(is_new_healthy=False)
    one.install()
    one.start()
    assert one.running == "a"
    return one


def test_a_version_that_fell_back_is_refused_until_another_is_offered() -> None:
    one = fallen_back()
    for _ in range(2):
        with pytest.raises(TrustError, match=r"1\.4\.1 fell back"):
            one.install()
        assert fallen.is_remembered(one.store, NEW.sha256)
    one.blobs.files = NEWER.blobs
    install_of(one, NEWER.offer)
    assert not fallen.remembered(one.store)
    one.blobs.files = NEW.blobs
    assert one.install().standing == INSTALLED


def test_a_version_that_fell_back_is_remembered_without_the_journal() -> None:
    one = fallen_back()
    with pytest.raises(TrustError):
        one.install()
    one.store.drop(journal.FILE)
    with pytest.raises(TrustError, match="fell back"):
        one.install()


def test_a_version_that_fell_back_may_be_pardoned() -> None:
    one = fallen_back()
    with pytest.raises(TrustError):
        one.install()
    fallen.pardon(one.store)
    assert one.install().standing == INSTALLED
    assert one.loader.state().next == "b"
    assert one.blobs.given == NEW.size, "what is there does not come again"
    one.start()
    with pytest.raises(TrustError, match="fell back"):
        one.install()


def test_a_pardon_leaves_what_is_being_installed() -> None:
    one = interrupted()
    before = last(one)
    fallen.pardon(one.store)
    assert last(one) == before


def test_what_fell_back_writes_nothing_to_the_disk() -> None:
    one = fallen_back()
    one.cut_at(None)
    with pytest.raises(TrustError):
        one.install()
    assert not [place for place in one.timeline.places if place.startswith(("disk", "loader"))]


# ------------------------------------------------------------------------------------------------------ bad sources


@dataclass
class Line(Blobs):
    """A place that gives these bytes of a payload, each time the next ones."""

    answers: dict[str, list[bytes | Exception]] = field(default_factory=dict)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def stream(self, path: Steps, offset: int, limit: int) -> Iterator[bytes]:
        self.asked.append((path[-1], offset))
        answers = self.answers.get(path[-1])
        if not answers:
            yield from super().stream(path, offset, limit)
            return
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        yield from (answer[at : at + 1024] for at in range(0, len(answer), 1024))
        if len(answers) and isinstance(answers[0], Exception):
            raise answers.pop(0)


DIGEST = sha256(NEW.root).hexdigest()
AWAY = DeviceError("the line broke")


def over(one: Device, *answers: bytes | Exception) -> Line:
    line = Line(one.new.blobs, Random(0), answers={DIGEST: list(answers)})
    one.blobs = line
    return line


WRONG: dict[str, bytes | Exception] = {
    "ends short": NEW.root[:-1],
    "is empty": b"",
    "sends more": NEW.root + b"x",
    "sends much more": NEW.root * 3,
    "lies": bytes(len(NEW.root)),
    "has a bit turned over": bytes([NEW.root[0] ^ 1]) + NEW.root[1:],
    "says itself that it is wrong": TrustError("no"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_source_that_is_wrong_is_given_up_and_the_next_begins_anew(wrong: str) -> None:
    one = device()
    line = over(one, WRONG[wrong])
    assert install_of(one, with_root_sources(NEW.manifest.payloads[1].sources[0])).standing == INSTALLED
    assert one.holds("b") is NEW
    assert [offset for digest, offset in line.asked if digest == DIGEST] == [0, 0]


@pytest.mark.parametrize("wrong", WRONG)
def test_where_no_source_is_right_the_release_is_refused_and_the_next_call_begins_anew(wrong: str) -> None:
    one = device()
    over(one, WRONG[wrong])
    with pytest.raises(TrustError, match="root: no source gives it: full: "):
        one.install()
    assert one.loader.state().next == "a"
    assert not any(one.disk.read("boot_b", 0, GRAIN.block))
    assert one.install().standing == INSTALLED
    assert one.holds("b") is NEW


@pytest.mark.parametrize("came", [0, 100, 512, 2048, 5000, 40960])
def test_what_came_over_a_line_that_breaks_does_not_come_again(came: int) -> None:
    one = device()
    line = over(one, NEW.root[:came], AWAY)
    with pytest.raises(DeviceError, match="the line broke"):
        one.install()
    assert one.install().standing == INSTALLED
    assert one.holds("b") is NEW
    whole_blocks = came // GRAIN.block * GRAIN.block
    assert [offset for digest, offset in line.asked if digest == DIGEST][-1] == whole_blocks


def test_what_came_of_a_lie_is_begun_anew_by_the_same_source() -> None:
    one = device()
    over(one, bytes(8192), AWAY)
    with pytest.raises(DeviceError):
        one.install()
    assert one.install().standing == INSTALLED
    assert one.holds("b") is NEW


def test_a_source_in_use_is_gone_on_with() -> None:
    """The first one lied, the line of the second one breaks: the first is not asked again."""
    one = device()
    delta = Source("full", Blob(len(NEW.root), "d" * 64))
    line = over(one, NEW.root[:4096], AWAY)
    line.files["d" * 64] = bytes(len(NEW.root))
    offer = offered(NEW, payloads=(NEW.manifest.payloads[0], payload("root", NEW.root, delta)))
    with pytest.raises(DeviceError):
        install_of(one, offer)
    del line.asked[:]
    assert install_of(one, offer).standing == INSTALLED
    assert line.asked[0] == (DIGEST, 4096)


def test_a_server_that_knows_nothing_of_ranges_is_asked_for_all_of_it() -> None:
    one = device()
    over(one, NEW.root[:4096], AWAY, WholeFilesError("the server answers 200"))
    with pytest.raises(DeviceError, match="the line broke"):
        one.install()
    assert one.install().standing == INSTALLED
    assert one.holds("b") is NEW


def test_a_line_that_breaks_at_once_does_not_make_all_come_again() -> None:
    one = device()
    line = over(one, NEW.root[:4096], AWAY, AWAY)
    for _ in range(2):
        with pytest.raises(DeviceError, match="the line broke"):
            one.install()
    one.install()
    assert [offset for digest, offset in line.asked if digest == DIGEST] == [0, 4096, 4096]


@pytest.mark.parametrize("kind", ["xdelta", "../full", "source", "__init__", "", "full.opened", "os"])
def test_a_kind_that_is_not_known_is_passed_over(kind: str) -> None:
    one = device()
    assert install_of(one, with_root_sources(Source(kind, Blob(9, "e" * 64), BASE))).standing == INSTALLED


def test_a_file_that_is_not_there_is_given_up_and_one_that_cannot_be_had_now_is_not() -> None:
    one = device()
    first = Source("full", Blob(len(NEW.root), "f" * 64))
    offer = with_root_sources(first)
    line = over(one)
    line.files["f" * 64] = NEW.root
    line.answers["f" * 64] = [AWAY]
    with pytest.raises(DeviceError, match="the line broke"):
        install_of(one, offer)
    del line.files["f" * 64]
    assert install_of(one, offer).standing == INSTALLED


class Delta:
    """A source of its own kind: what the running slot holds, turned over."""

    opened = 0

    def __init__(self, material: sources.Material) -> None:
        Delta.opened += 1
        self.material = material

    def pieces(self, offset: int) -> Iterator[bytes]:
        assert self.material.base(0, 16) == OLD.root[:16]
        yield NEW.root[offset:]


@pytest.fixture
def deltas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "opened", Delta, raising=False)
    Delta.opened = 0


@pytest.mark.usefixtures("deltas")
@pytest.mark.parametrize(("known", "opened"), [(BASE, 1), ("c" * 64, 0), ("", 1)])
def test_a_delta_is_used_unless_the_running_slot_is_known_to_hold_something_else(known: str, opened: int) -> None:
    one = device()
    held = slots.Holding("1.4.0", "a" * 64, 1, (("root", known),) if known else ())
    slots.keep(one.store, "a", held)
    assert install_of(one, with_root_sources(Source("source", Blob(9, "e" * 64), BASE))).standing == INSTALLED
    assert Delta.opened == opened
    assert one.holds("b") is NEW


# ------------------------------------------------------------------------------------------------------ bad disks

STEPS = range(240)


def test_a_medium_that_fails_at_any_step_costs_a_call_and_nothing_else() -> None:
    failed = 0
    for step in STEPS:
        one = device()
        one.cut_at(Cut(step, Moment.FAILS))
        failed += _fails(one)
        one.cuts += 1  # what may come again is the same
        one.cut_at(None)
        one.check()
        assert one.install().standing in (INSTALLED, WAITING)
        one.check()
        assert one.holds("b") is NEW
        assert one.loader.state().next == "b"
    assert failed > 200


def _fails(one: Device) -> bool:
    """Raises what no caller is told of."""
    try:
        one.install()
    except DeviceError as error:
        return "the medium fails" in str(error)
    return False


@dataclass
class Unreadable:
    """A disk's `read`, which works some times and then no more."""

    read: Callable[[str, int, int], bytes]
    times: int

    def __call__(self, partition: str, offset: int, length: int) -> bytes:
        self.times -= 1
        if self.times < 0:
            raise OSError(errno.EIO, "the medium fails")
        return self.read(partition, offset, length)


def test_a_disk_that_cannot_be_read_costs_a_call_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    for times in range(6):
        one = device()
        with monkeypatch.context() as patch:
            patch.setattr(one.disk, "read", Unreadable(one.disk.read, times))
            assert _fails(one)
        one.check()
        assert one.install().standing in (INSTALLED, WAITING)
        assert one.holds("b") is NEW


def test_a_disk_that_gives_less_than_it_has_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    one = device()
    read = one.disk.read
    monkeypatch.setattr(one.disk, "read", lambda *words: read(*words)[:-1])
    with pytest.raises(DeviceError, match="511 bytes can be read at 0, and not 512"):
        one.install()


TAKES: dict[str, Callable[[int], int]] = {
    "nothing": lambda _: 0,
    "less than nothing": lambda _: -1,
    "more than it is given": lambda length: length + 1,
}


@pytest.mark.parametrize("takes", TAKES)
def test_a_disk_that_takes_what_it_cannot_is_told(takes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = device()
    monkeypatch.setattr(one.disk, "write", lambda _partition, _offset, data: TAKES[takes](len(data)))
    with pytest.raises(DeviceError, match="cannot be written: the disk took"):
        one.install()


@pytest.mark.parametrize("partition", ["boot_b", "root_b"])
@pytest.mark.parametrize("place", [0, 700, 3000, 8999])
def test_a_disk_that_does_not_keep_what_it_takes_is_found_out(partition: str, place: int) -> None:
    one = device()
    write = one.disk.write

    def lossy(name: str, offset: int, data: bytes) -> int:
        if name == partition and offset <= place < offset + len(data) and any(data):
            data = data[: place - offset] + bytes([data[place - offset] ^ 1]) + data[place - offset + 1 :]
        return write(name, offset, data)

    one.disk.write = lossy  # type: ignore[method-assign]
    with pytest.raises(DeviceError, match=r"is not what is read|cannot be read back"):
        one.install()
    assert one.loader.state().next == "a"
    one.disk.write = write  # type: ignore[method-assign]
    one.blobs.given = 0
    assert one.install().standing == INSTALLED
    assert one.holds("b") is NEW


def test_a_tree_that_the_disk_does_not_keep_is_found_out() -> None:
    one = device()
    write, start = one.disk.write, len(NEW.root)
    for spoilt in (start + 5, start + 4096 + 40):

        def lossy(name: str, offset: int, data: bytes, spoilt: int = spoilt) -> int:
            if name == "root_b" and offset <= spoilt < offset + len(data):
                data = data[: spoilt - offset] + bytes([data[spoilt - offset] ^ 1]) + data[spoilt - offset + 1 :]
            return write(name, offset, data)

        one.disk.write = lossy  # type: ignore[method-assign]
        with pytest.raises(DeviceError, match="is not what is read"):
            one.install()
        assert one.loader.state().next == "a"


# ------------------------------------------------------------------------------------------------------ bad records

RECORDS = ("journal", "boot-head", "installed-a", "installed-b", "fell-back")


def interrupted() -> Device:
    """With all of root, and some of boot."""
    one = device()
    one.cut_at(Cut(_step_in_boot(), Moment.FAILS))
    with pytest.raises(DeviceError):
        one.install()
    one.cut_at(None)
    assert (last(one).payload, last(one).offset) == ("boot", 8192)
    return one


def _step_in_boot() -> int:
    one = device()
    one.cut_at(None)
    one.install()
    return max(step for step, place in enumerate(one.timeline.places) if place == "disk: write boot") - 3


@given(st.sampled_from(RECORDS), st.binary(max_size=200) | st.sampled_from([b"{}", b"[" * 99, b"\xff" * 600, b"null"]))
def test_a_damaged_record_stops_nothing(record: str, content: bytes) -> None:
    one = interrupted()
    one.store.keep(record, content)
    assert one.install().standing == INSTALLED
    assert one.holds("b") is NEW


def last(one: Device) -> journal.Journal:
    found = journal.kept(one.store)
    assert found is not None
    return found


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "manifest": st.sampled_from(["0" * 64, NEW.sha256]),
            "slot": st.sampled_from("ab"),
            "payload": st.sampled_from(["boot", "root"]),
            "size": st.sampled_from([len(NEW.boot), len(NEW.root), 1 << 40]),
            "source": st.integers(0, 16),
            "offset": st.integers(0, len(NEW.boot)),
            "prefix": st.sampled_from(["0" * 64, journal.EMPTY]),
        },
    )
)
def test_a_journal_that_lies_costs_bytes_and_nothing_else(said: dict[str, object]) -> None:
    one = interrupted()
    journal.keep(one.store, replace(last(one), **said))  # type: ignore[arg-type]
    assert one.install().standing == INSTALLED
    assert one.holds("b") is NEW


def test_a_journal_of_another_manifest_is_none() -> None:
    one = interrupted()
    one.blobs = Blobs(NEWER.blobs, Random(0))
    one.new = NEWER
    assert one.install().standing == INSTALLED
    assert one.holds("b") is NEWER
    assert one.blobs.given == NEWER.size


def test_what_the_journal_tells_of_is_not_fetched_again() -> None:
    one = interrupted()
    before = one.blobs.given
    one.install()
    assert one.blobs.given - before <= NEW.size - before + TWICE


def test_a_disk_that_changed_behind_the_journal_is_begun_anew() -> None:
    one = interrupted()
    one.disk.spoil("root_b", 0, len(NEW.root))
    one.blobs.given = 0
    assert one.install().standing == INSTALLED
    assert one.holds("b") is NEW
    assert one.blobs.given >= len(NEW.root)


def test_an_image_that_changed_while_another_was_offered_is_whole() -> None:
    """Half of one release, then all of another, then the first one again."""
    one = interrupted()
    one.blobs = Blobs(NEWER.blobs | NEW.blobs, Random(0))
    install_of(one, NEWER.offer)
    assert install_of(one, NEW.offer).standing == INSTALLED
    assert one.holds("b") is NEW


def test_a_store_that_cannot_be_written_stops_before_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    one = device()
    one.cut_at(None)

    def full(_name: str, _content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(one.files, "write", full)
    with pytest.raises(DeviceError, match="No space left on device"):
        one.install()
    assert not [place for place in one.timeline.places if place.startswith(("disk", "loader"))]


def test_payloads_are_those_of_the_manifest_alone() -> None:
    """A manifest's order of payloads is its own: root comes first all the same."""
    one = device()
    names = [one.partition for one in NEW.manifest.payloads]
    assert names == ["boot", "root"]
    one.cut_at(None)
    one.install()
    places = one.timeline.places
    assert places.index("disk: write root") < places.index("file: write boot-head")


def test_onto_is_all_that_an_installer_gets() -> None:
    one = device()
    assert Onto(one.disk, one.store, one.loader).runs is None
    assert isinstance(NEW.manifest.payloads[0], Payload)
