"""What keeps the rollback floor, and who can lower it. The TPM is swtpm: a real one, made of software."""

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tokens import soft_tpm
from update_made import IDENTITY

from firmward.model.errors import DeviceError, TrustError
from firmward.trust.anchor import AnchoredStore
from firmward.trust.store import Store
from firmward.update.floors import tpm_nv
from firmward.update.floors.best import floor_of
from firmward.update.floors.file import FileFloor
from firmward.update.floors.floor import RollbackFloor
from firmward.update.floors.tpm_nv import INDEX, Exchange, TpmFloor
from firmward.update.floors.uboot import UbootFloor


@pytest.fixture(scope="module")
def tcti(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with soft_tpm(tmp_path_factory.mktemp("tpm")) as found:
        if found is None:
            pytest.skip("swtpm is not installed")
        yield found


@pytest.fixture
def tpm(tcti: str) -> Exchange:
    """With no space of ours in it."""
    tool(tcti, "tpm2_nvundefine", f"{INDEX:#x}", may_fail=True)
    port = int(tcti.rpartition("=")[2])

    def exchange(command: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
            line.sendall(command)
            return line.recv(tpm_nv.ANSWER_LIMIT)

    return exchange


def tool(tcti: str, *words: str, may_fail: bool = False) -> str:
    done = subprocess.run(words, env={"TPM2TOOLS_TCTI": tcti, "PATH": "/usr/bin"}, capture_output=True, text=True)
    assert may_fail or done.returncode == 0, done.stderr
    return done.stdout


def value(tcti: str) -> int:
    return int.from_bytes(
        subprocess.run(
            ["tpm2_nvread", f"{INDEX:#x}"], env={"TPM2TOOLS_TCTI": tcti, "PATH": "/usr/bin"}, capture_output=True
        ).stdout
    )


def test_a_new_chip_keeps_a_floor_that_only_goes_up(tpm: Exchange, tcti: str) -> None:
    """And tpm2-tools, which firmward did not write, reads the same counter."""
    first = TpmFloor(tpm).read()
    assert value(tcti) == first + 1
    for index, expected in ((first + 3, first + 3), (first + 1, first + 3), (first + 4, first + 4)):
        TpmFloor(tpm).raise_to(index)
        assert TpmFloor(tpm).read() == expected
    assert value(tcti) == first + 5


def test_whoever_deletes_the_counter_has_raised_the_floor(tpm: Exchange, tcti: str) -> None:
    floor = TpmFloor(tpm)
    floor.raise_to(floor.read() + 2)
    before = floor.read()
    tool(tcti, "tpm2_nvundefine", f"{INDEX:#x}")
    assert floor.read() >= before


def test_a_power_cut_between_defining_and_increasing_is_healed(tpm: Exchange, tcti: str) -> None:
    tool(tcti, "tpm2_nvdefine", f"{INDEX:#x}", "-C", "o", "-s", "8", "-a", "nt=1|authread|authwrite|no_da")
    floor = TpmFloor(tpm)
    assert floor.read() == floor.read() >= 0


@pytest.mark.parametrize(
    ("size", "attributes"),
    [
        (8, "authread|authwrite|ownerwrite"),
        (4, "authread|authwrite"),
        (8, "nt=1|authread|authwrite|orderly"),
        (8, "nt=2|authread|authwrite"),
    ],
)
def test_a_space_that_could_be_lowered_is_no_floor(tpm: Exchange, tcti: str, size: int, attributes: str) -> None:
    tool(tcti, "tpm2_nvdefine", f"{INDEX:#x}", "-C", "o", "-s", str(size), "-a", attributes)
    with pytest.raises(TrustError, match="by others"):
        TpmFloor(tpm).read()


def test_a_chip_whose_owner_has_a_password_says_so(tpm: Exchange, tcti: str) -> None:
    tool(tcti, "tpm2_changeauth", "-c", "owner", "secret")
    try:
        with pytest.raises(DeviceError, match="refuses with the code"):
            TpmFloor(tpm).read()
    finally:
        tool(tcti, "tpm2_changeauth", "-c", "owner", "-p", "secret")


def test_a_counter_is_not_raised_for_hours(tpm: Exchange) -> None:
    with pytest.raises(DeviceError, match="above 4095"):
        TpmFloor(tpm).raise_to(2**31 - 1)


def public(body: bytes) -> bytes:
    return b"\x80\x01" + (10 + len(body)).to_bytes(4) + bytes(4) + body


OURS = b"\x00\x0e" + INDEX.to_bytes(4) + b"\x00\x0b\x02\x04\x00\x14\x00\x00\x00\x08"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "too few bytes"),
        (b"\x80\x01", "too few bytes"),
        (b"\x80\x01\x00\x00\x00\x0a\x00\x00\x01\x01", "the code 0x101"),
        (b"\x80\x01\xff\xff\xff\xff\x00\x00\x00\x00" + OURS, "another size"),
        (public(b""), "too few bytes"),
        (public(b"\xff\xff\x00"), "too few bytes"),
        (public(b"\x00\x02\x01\x80"), "too few bytes"),
        (public(OURS.replace(b"\x00\x00\x00\x08", b"\xff\xff\x00\x08")), "too few bytes"),
        (public(OURS.replace(b"\x00\x08", b"\x00\x09")), "by others"),
        (public(OURS.replace(b"\x01\x80", b"\x01\x81")), "by others"),
    ],
)
def test_a_chip_that_answers_nonsense_is_no_floor(answer: bytes, why: str) -> None:
    with pytest.raises((DeviceError, TrustError), match=why):
        TpmFloor(lambda _: answer).read()


def test_a_chip_that_cannot_be_used_is_told() -> None:
    with pytest.raises(DeviceError, match="cannot be used"):
        TpmFloor(lambda command: tpm_nv.at_device(command, Path("/nowhere/tpm"))).read()


def gone(_: bytes) -> bytes:
    raise FileNotFoundError(2, "no TPM")


def chosen(place: Path, exchange: Exchange, floor: str = "") -> RollbackFloor:
    """By a device that has kept nothing yet."""
    return floor_of(replace(IDENTITY, floor=floor), Store(place), AnchoredStore(place, b"{}"), exchange)


def test_the_boot_loader_keeps_one_that_what_runs_has_passed() -> None:
    floor = UbootFloor(7)
    floor.raise_to(9)
    assert (floor.read(), floor.is_kept_apart, floor.refused) == (7, True, "")


@pytest.mark.parametrize(
    ("named", "kind"), [("", FileFloor), ("file", FileFloor), ("boot-loader", UbootFloor), ("tpm", TpmFloor)]
)
def test_the_image_says_which_floor_counts(tmp_path: Path, named: str, kind: type) -> None:
    assert isinstance(chosen(tmp_path, gone, floor=named), kind)


def test_a_counter_that_is_there_counts_and_none_is_made_unasked(tmp_path: Path, tpm: Exchange) -> None:
    assert isinstance(chosen(tmp_path, tpm), FileFloor)
    TpmFloor(tpm).read()
    assert isinstance(chosen(tmp_path, tpm), TpmFloor)


def test_a_named_chip_that_fails_is_no_reason_to_take_a_file(tmp_path: Path) -> None:
    with pytest.raises(DeviceError):
        chosen(tmp_path, gone, floor="tpm").read()
