"""The boot script as U-Boot runs it, in QEMU: the slots' state machine, what is refused, and an attacker's disk.

What is started is a program of a few instructions, so that a start takes a second. U-Boot's script is compared with
the contract as tests/support/boot_contract.py says it.
"""

import random
import re
import struct
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from boot_contract import expected
from locked_board import DISK, MISSING, PARTITIONS, SECTOR, SIGNATURE, Device, Workshop, sector
from real.roots import NoPackagesError

from firmward.formats.boot_state import COPIES, REQUEST, Request, State, parse, parse_request
from firmward.lab.attack.fit_nested_nodes import nested

pytestmark = [pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing"), pytest.mark.timeout(600)]
proof = pytest.mark.proof
SLOT = re.compile(r"^firmward: slot ([ab]), (\d) tries left$", re.MULTILINE)
REFUSED = re.compile(r"^firmward: slot ([ab]) refused: (.+)$", re.MULTILINE)
PROMPT = re.compile(r"^=> ?", re.MULTILINE)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    try:
        return Workshop.at(tmp_path_factory.mktemp("board"))
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")


@cache
def image(workshop: Workshop, name: str = "plain", index: str | None = "0") -> bytes:
    return workshop.fit(name, index)


def device(workshop: Workshop, folder: Path, a: bytes | None = None, b: bytes | None = None) -> Device:
    good = image(workshop)
    return Device.new(workshop, folder, good if a is None else a, good if b is None else b)


def started(said: str) -> str:
    """The slot whose payload ran, by the bootargs of the signed tree."""
    found = re.search(r"payload \w+ ran with firmward\.slot=([ab]) ro panic=5", said)
    return found[1] if found else ""


def test_a_signed_image_starts_with_the_words_of_its_signed_tree(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path)
    said = board.start()
    assert started(said) == "a"
    assert SLOT.findall(said) == [("a", "2")]
    assert "U-Boot 2023.01" in said
    assert "Starting kernel" in said
    assert board.state() == State(3, last="a", a_left=2)


def test_an_unsigned_image_is_refused_and_the_other_slot_starts(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path, a=workshop.fit("unsigned", signature=""))
    said = board.start()
    assert started(said) == "b"
    assert REFUSED.findall(said) == [("a", "it is not signed by the required key")]
    assert board.state() == State(5, "b", "b", a_left=0, b_left=2)


def test_an_image_of_nodes_without_end_is_refused_at_once(workshop: Workshop, tmp_path: Path) -> None:
    # as many as fit into the slot: before it was mended, U-Boot was not done with them in minutes
    board = device(workshop, tmp_path, a=nested(image(workshop), 80_000))
    said = board.start()
    assert started(said) == "b"
    assert REFUSED.findall(said) == [("a", "it is not signed by the required key")]


def test_keys_pressed_all_the_while_give_no_prompt(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path, a=b"nothing")
    said = board.start(keys=b"\x03\x03 \r\nq\x1b")
    assert started(said) == "b"
    assert not PROMPT.search(said)
    assert "<INTERRUPT>" not in said


@proof
def test_keys_pressed_while_nothing_starts_give_no_prompt(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path, a=b"nothing", b=b"nothing")
    said = board.start(keys=b"\x03\r\n", seconds=6)
    assert said.count("U-Boot 2023.01") > 3
    assert not PROMPT.search(said)


@proof
def test_the_disk_may_be_a_pci_device(workshop: Workshop, tmp_path: Path) -> None:
    assert started(device(workshop, tmp_path).start(pci=True)) == "a"


@proof
def test_with_the_console_off_the_loader_says_nothing_whatever_the_disk_holds(
    workshop: Workshop, tmp_path: Path
) -> None:
    board = device(workshop, tmp_path, a=b"nothing")
    board.workshop = workshop.silent()
    board.write("state", sector({**GOOD, b"seq": b"9;x", b"active": b"zz"}), COPIES[0])
    board.request(b"good=;;;\n")
    assert board.start().split("\n")[:2] == ["payload plain ran with firmward.slot=b ro panic=5", "payload ends"]


@proof
def test_nothing_starts_where_the_control_tree_requires_no_key(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path)
    board.control = "keyless.dtb"
    said = board.start(seconds=4)
    assert "the control tree requires no key" in said
    assert "Starting kernel" not in said
    assert not PROMPT.search(said)


@proof
def test_a_device_without_a_disk_goes_on_trying(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path)
    board.disk.write_bytes(bytes(DISK))
    said = board.start(seconds=4)
    assert said.count("no disk with a state partition") > 1
    assert not PROMPT.search(said)


# --- the state machine ------------------------------------------------------------------------------------------------


def compare(board: Device, state: State, request: Request, starts: str) -> None:
    said = board.start()
    tried, after = expected(state, request, starts)
    assert [(slot, int(number)) for slot, number in SLOT.findall(said)] == tried
    assert started(said) == tried[-1][0]
    assert board.state() == after
    numbers = {copy.seq for copy in parse(board.sectors()).copies if copy is not None}
    assert numbers == {after.seq, after.seq - 1} - {0}, "the older copy is written, so that a cut leaves the other"
    assert not any(board.sectors()[REQUEST:]), "the request is cleared"


MACHINE = (
    (State(7), Request(), "ab"),
    (State(7, a_left=0), Request(), "ab"),
    (State(7, "b", "b", b_left=0, a_good=True), Request(), "ab"),
    (State(7, a_left=0, b_left=0), Request(), "ab"),
    (State(7, a_left=0, b_left=0, b_good=True), Request(), "ab"),
    (State(7, "b", "b", a_left=0, b_left=0, a_good=True), Request(), "ab"),
    (State(7, "b", "b", a_left=0, b_left=0, a_good=True, b_good=True), Request(), "ab"),
    (State(7, "a", "a", a_left=1), Request(good="a"), "ab"),
    (State(7, "a", "b", a_left=1), Request(good="a"), "ab"),
    (State(7, "a", "", a_left=1), Request(good="a"), "ab"),
    (State(7, "a", "a", a_left=1, b_left=0, b_good=True), Request(active="b"), "ab"),
    (State(7, "a", "a", a_left=1, b_left=0), Request(good="a", active="b"), "ab"),
    (State(7, "a", "a", a_left=1, b_left=0), Request(good="a", active="b"), "a"),
    (State(7, "a", "a", a_left=0, b_left=1), Request(), "a"),
    (State(7, "a", "a", a_left=0, b_left=0), Request(), "b"),
)


@proof
@pytest.mark.parametrize("number", range(len(MACHINE)))
def test_the_script_does_what_the_contract_says(number: int, workshop: Workshop, tmp_path: Path) -> None:
    state, request, starts = MACHINE[number]
    board = device(workshop, tmp_path, *(None if slot in starts else b"nothing" for slot in "ab"))
    board.write("state", state.to_bytes(), COPIES[number % 2])
    board.write("state", replace(state, seq=6).to_bytes(), COPIES[(number + 1) % 2])
    board.request(request.to_bytes())
    compare(board, state, request, starts)


@proof
def test_any_state_and_request_lead_where_the_contract_says(workshop: Workshop, tmp_path: Path) -> None:
    drawn = random.Random(8)
    board = device(workshop, tmp_path)
    images = {"a": image(workshop), "b": image(workshop)}
    for _ in range(40):
        rest = [drawn.randrange(4), drawn.randrange(4), drawn.random() < 0.5, drawn.random() < 0.5]
        seq = drawn.choice((1, 9, 15, 16, 255, 4095, 0x7FFFFFFF, 0xEFFFFFF0))
        state = State(seq, drawn.choice("ab"), drawn.choice(("", "a", "b")), *rest)
        request = Request(drawn.choice((None, "a", "b")), drawn.choice((None, "a", "b")))
        starts = drawn.choice(("ab", "a", "b"))
        for slot in "ab":
            board.write(f"boot_{slot}", images[slot] if slot in starts else bytes(4096))
        board.write("state", bytes(REQUEST + SECTOR))
        board.write("state", state.to_bytes(), drawn.choice(COPIES))
        board.request(request.to_bytes())
        compare(board, state, request, starts)


@proof
def test_a_bad_update_is_tried_three_times_and_the_old_system_stays(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path)
    board.put(active="a", last="a", a_good=True)
    board.request(Request(active="b").to_bytes())
    assert [started(board.start()) for _ in range(6)] == ["b", "b", "b", "a", "a", "a"]


@proof
@pytest.mark.parametrize("damaged", [(0,), (1,), (0, 1)], ids=str)
def test_a_damaged_copy_does_not_count(damaged: tuple[int, ...], workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path)
    states = (State(7, "b", "b", b_left=1), State(6, "b", "b", b_left=2))
    for number, (place, state) in enumerate(zip(COPIES, states, strict=True)):
        data = bytearray(state.to_bytes())
        data[300] ^= number in damaged
        board.write("state", data, place)
    left_over = [state for number, state in enumerate(states) if number not in damaged]
    state = left_over[0] if left_over else State(0)
    compare(board, state, Request(), "ab")


@proof
def test_a_copy_half_written_leaves_the_other(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path)
    for cut in (0, 1, 4, 5, 60, 100, 256, 511, 512):
        old, new, kept = (State(seq, "b", "b", b_left=tries) for seq, tries in ((5, 3), (7, 1), (6, 2)))
        torn = new.to_bytes()[:cut] + old.to_bytes()[cut:]
        board.write("state", torn, COPIES[0])
        board.write("state", kept.to_bytes(), COPIES[1])
        state = new if torn == new.to_bytes() else kept
        compare(board, state, Request(), "ab")


@proof
def test_a_device_whose_power_is_cut_at_any_moment_starts_again(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path, a=image(workshop, "raised", "9"))
    board.put(active="a", last="a", a_good=True)
    drawn = random.Random(1)
    for _ in range(25):
        board.request(Request(good="a", active=drawn.choice((None, "a", "b"))).to_bytes())
        board.start(seconds=drawn.uniform(0.02, 0.5))
    board.request(Request(active="a").to_bytes())
    assert started(board.start()) == "a"


# --- what an attacker writes on the disk ------------------------------------------------------------------------------

GOOD = {
    b"seq": b"9",
    b"active": b"b",
    b"last": b"b",
    b"a_left": b"2",
    b"b_left": b"2",
    b"a_good": b"1",
    b"b_good": b"0",
}
HOSTILE = (
    b"a\x04;echo PWNED;\x04", b"\x04;echo PWNED;#", b"b;echo PWNED", b"b\x04 || echo PWNED\x04", b"$(echo PWNED)",
    b"${bootcmd}", b"b\necho PWNED", b'b" ; echo PWNED ; "', b"b'; echo PWNED; '", b"b\\;echo PWNED", b"b" * 440,
    b"1" * 440, b"-o", b"-z", b"!", b"b b", b"\xff\xfe", b"0x1", b"01", b"", b"4", b"f0000000", b"-1",
    b"10000000000000002", b"*40000000", b"\x03bootcmd\x03",
)  # fmt: skip


@proof
@pytest.mark.parametrize("name", GOOD, ids=bytes.decode)
def test_a_value_that_is_none_reaches_no_interpreter(name: bytes, workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path)
    for number in range(0, len(HOSTILE), 2):
        for place, value in zip(COPIES, HOSTILE[number : number + 2], strict=True):
            board.write("state", sector({**GOOD, name: value}), place)
        found = parse(board.sectors()).state
        slot = "a" if found is None else found.active
        said = board.start()
        assert "PWNED" not in said
        assert started(said) == slot, HOSTILE[number : number + 2]


@proof
def test_a_request_that_is_none_reaches_no_interpreter(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path)
    lines = [(b"good=%s\nactive=%s\n" % (one, one)) for one in HOSTILE if one != b"4"]
    for text in (
        *lines,
        b"\xff" * 512,
        b"good" * 128,
        b"=" * 512,
        b"#" * 512,
        b"good=b\nbootcmd=echo PWNED\nstdin=serial\n",
    ):
        board.put(active="a", last="b")
        board.request(text[:512])
        tried, _ = expected(State(7, "a", "b"), parse_request(text[:512]), "ab")
        said = board.start()
        assert "PWNED" not in said
        assert started(said) == tried[-1][0], text
        assert not any(board.sectors()[REQUEST:]), "the request is cleared"


@proof
def test_other_variables_in_a_state_change_nothing(workshop: Workshop, tmp_path: Path) -> None:
    more = {
        b"bootcmd": b"echo PWNED", b"start": b"echo PWNED", b"boot": b"echo PWNED", b"bootargs": b"init=/bin/sh",
        b"stdin": b"serial", b"verify": b"no", b"fdt_high": b"0", b"fit": b"0", b"floor": b"40000000", b"slot": b"a",
        b"mute": b"1", b"fdtcontroladdr": b"0", b".flags": b"seq:s",
    }  # fmt: skip
    board = device(workshop, tmp_path, b=workshop.fit("unsigned", signature=""))
    text = b"".join(b"%s=%s\0" % one for one in {**more, **GOOD}.items())
    for place in COPIES:
        board.write("state", sector(text), place)
    said = board.start()
    assert "PWNED" not in said
    assert REFUSED.findall(said) == [("b", "it is not signed by the required key")]
    assert started(said) == "a"


@proof
def test_the_first_value_of_a_name_counts(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path)
    text = b"".join(b"%s=%s\0" % one for one in GOOD.items())
    board.write("state", sector(text + b"active=a\0"), COPIES[0])
    board.write("state", bytes(SECTOR), COPIES[1])
    assert started(board.start()) == "b"


def torn_table(board: Device, partition: str, first: int, last: int) -> None:
    """The partition's row in the table says anything, with checksums that hold."""
    data = bytearray(board.disk.read_bytes()[: 34 * SECTOR])
    row = 2 * SECTOR + list(PARTITIONS).index(partition) * 128
    data[row + 32 : row + 48] = struct.pack("<QQ", first, last)
    data[SECTOR + 88 : SECTOR + 92] = zlib.crc32(data[2 * SECTOR : 34 * SECTOR]).to_bytes(4, "little")
    data[SECTOR + 16 : SECTOR + 20] = bytes(4)
    data[SECTOR + 16 : SECTOR + 20] = zlib.crc32(data[SECTOR : SECTOR + 92]).to_bytes(4, "little")
    with board.disk.open("r+b") as disk:
        disk.write(data)


@proof
@pytest.mark.parametrize(
    ("first", "last"),
    [(4096, (1 << 64) - 1), (4096, 1 << 63), (4096, 4096 + (1 << 32)), (1 << 63, 4096), (0, 0), (9000, 99999)],
)
def test_a_partition_of_any_size_is_read_within_bounds(
    first: int, last: int, workshop: Workshop, tmp_path: Path
) -> None:
    board = device(workshop, tmp_path)
    torn_table(board, "boot_a", first, last)
    said = board.start()
    assert started(said) in ("a", "b")
    assert not PROMPT.search(said)
    assert started(said) == "a" or REFUSED.findall(said)[0][0] == "a"


# --- what is refused --------------------------------------------------------------------------------------------------


def flipped(data: bytes, at: bytes) -> bytes:
    place = data.index(at)
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def legacy(workshop: Workshop) -> bytes:
    workshop.payload("legacy")
    options = ("-A", "arm64", "-O", "linux", "-T", "kernel", "-C", "none", "-a", "40200000", "-e", "40200000")
    for number in range(4000):  # until its checksum stands where a FIT has a size that is not too large
        workshop.run("mkimage", *options, "-n", str(number), "-d", "payload", "legacy.img")
        data = (workshop.folder / "legacy.img").read_bytes()
        if data[4] < 3:
            return data
    raise AssertionError("no legacy image has such a checksum")


def of_another_index(workshop: Workshop) -> bytes:
    (workshop.folder / "image.fit").write_bytes(image(workshop))
    workshop.run("fdtput", "-t", "s", "image.fit", "/configurations/conf-a", "rollback-index", "9")
    return (workshop.folder / "image.fit").read_bytes()


def bare(workshop: Workshop) -> bytes:
    """With the magic number of an arm64 Image, for which U-Boot would know where it begins."""
    data = bytearray(workshop.payload("bare"))
    data[56:60] = b"ARM\x64"
    return bytes(data)


def of_any_size(workshop: Workshop) -> bytes:
    data = image(workshop)
    return data[:4] + b"\x7f\xff\xff\xff" + data[8:]


REFUSALS: dict[str, tuple[Callable[[Workshop], bytes], str]] = {
    "changed payload": (lambda shop: flipped(image(shop), b"payload plain"), "not signed"),
    "changed bootargs": (lambda shop: flipped(image(shop), b"ro panic=5"), "not signed"),
    "changed index": (of_another_index, "not signed"),
    "no signature": (lambda shop: shop.fit("unsigned", signature=""), "not signed"),
    "other key": (lambda shop: shop.fit("foreign", keys="foreign"), "not signed"),
    "other key by another name": (
        lambda shop: shop.fit("foreign", keys="foreign", signature=SIGNATURE.replace('"boot"', '"other"')),
        "not signed",
    ),
    "legacy image": (legacy, "not signed"),
    "bare kernel": (bare, "cannot be read"),
    "zeros": (lambda _: bytes(4096), "not signed"),
    "any size": (of_any_size, "cannot be read"),
    "cut short": (lambda shop: image(shop)[:2000], "not signed"),
    "no index": (lambda shop: image(shop, "unindexed", None), "rollback index cannot be read"),
    "index of words": (lambda shop: image(shop, "worded", "one"), "rollback index cannot be read"),
    "hostile index": (lambda shop: image(shop, "hostile", "1;echo PWNED"), "rollback index cannot be read"),
    "index too high": (lambda shop: image(shop, "high", "4096"), "rollback index cannot be read"),
}


@proof
@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_not_ours_is_refused(name: str, workshop: Workshop, tmp_path: Path) -> None:
    make, why = REFUSALS[name]
    (workshop.folder / "foreign" / "other.key").write_bytes((workshop.folder / "foreign" / "boot.key").read_bytes())
    (workshop.folder / "foreign" / "other.crt").write_bytes((workshop.folder / "foreign" / "boot.crt").read_bytes())
    board = device(workshop, tmp_path, a=make(workshop))
    board.put(active="a", last="a", a_good=True)
    said = board.start()
    (refused,) = REFUSED.findall(said)
    assert refused[0] == "a"
    assert why in refused[1]
    assert started(said) == "b"
    assert said.count("payload plain ran") == 1
    assert not re.search(r"^PWNED", said, re.MULTILINE)
    assert set(board.floor_words(16)) == {0xFFFFFFFF}
    assert board.state().a_left == 0


# --- the rollback floor -----------------------------------------------------------------------------------------------


@proof
@pytest.mark.parametrize("index", [1, 5, 9, 10, 99, 100, 1234, 4095])
def test_a_good_slot_raises_the_floor_to_its_index(index: int, workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path, a=image(workshop, "raised", str(index)))
    board.put(active="a", last="a", a_good=True)
    assert started(board.start()) == "a"
    assert board.floor_words(4096) == [0] * index + [0xFFFFFFFF] * (4096 - index)
    begin = time.monotonic()
    assert started(board.start()) == "a"
    assert time.monotonic() - begin < 20


@proof
def test_an_older_image_is_refused_after_a_restart_too(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path, a=image(workshop, "raised", "9"), b=image(workshop, "older", "8"))
    board.put(active="a", last="a", a_good=True)
    assert started(board.start()) == "a"
    for _ in range(2):
        board.request(Request(active="b").to_bytes())
        said = board.start()
        assert REFUSED.findall(said) == [("b", "it is older than what this device has confirmed")]
        assert started(said) == "a"


@proof
def test_a_slot_that_was_never_good_raises_nothing(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path, a=image(workshop, "raised", "9"))
    assert started(board.start()) == "a"
    assert set(board.floor_words(16)) == {0xFFFFFFFF}


@proof
def test_a_floor_half_raised_is_raised_to_its_end(workshop: Workshop, tmp_path: Path) -> None:
    board = device(workshop, tmp_path, a=image(workshop, "raised", "9"))
    with board.floor.open("r+b") as flash:
        flash.write(bytes(4 * 3) + b"\xff\xff\x00\x00")
    board.put(active="a", last="a", a_good=True)
    assert started(board.start()) == "a"
    assert board.floor_words(10) == [0] * 9 + [0xFFFFFFFF]
