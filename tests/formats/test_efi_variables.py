"""EFI variable stores: edk2's volumes, U-Boot's file, Linux's folder."""

import json
import subprocess
import time
import uuid
import zlib
from pathlib import Path

import program
import pytest
from efi_store import (
    ADDED,
    DELETED,
    GLOBAL,
    HEADER_ONLY,
    LEAVING,
    OWNER,
    SECURITY,
    uboot_file,
    volume,
    volume_header,
)
from mutated import mutated
from pe_image import put, reader, run
from real.packages import unpacked

from firmward.formats import efi_variables
from firmward.formats.efi_variables import Origin, Store
from firmward.formats.malformed import Malformed

ROWS = [
    ("Boot0000", GLOBAL, b"entry", ADDED),
    ("db", SECURITY, b"list", ADDED),
    ("Timeout", GLOBAL, b"\5\0", ADDED),
    ("odd", OWNER, b"abc", ADDED),
]
OVMF = sorted(Path("/usr/share/OVMF").glob("OVMF_VARS*.fd"))


def parsed(data: bytes) -> Store:
    return efi_variables.parse_volume(reader(data))


def values(store: Store) -> dict[str, bytes]:
    return {one.name: one.data for one in store.variables}


@pytest.mark.parametrize("authenticated", [True, False])
def test_both_forms_of_a_volume_are_read(authenticated: bool) -> None:
    data = volume(ROWS, authenticated=authenticated)
    found = parsed(data + b"code behind")
    assert found.origin is (Origin.EDK2_AUTHENTICATED if authenticated else Origin.EDK2)
    assert (found.size, found.problem) == (len(data), None)
    assert [(one.name, one.vendor, one.data) for one in found.variables] == [row[:3] for row in ROWS]
    assert all(one.is_authenticated for one in found.variables)
    assert found.get("db", SECURITY) is not None
    assert found.get("db", GLOBAL) is None


@pytest.mark.parametrize(
    ("states", "kept"),
    [
        ((ADDED, ADDED), b"1"),
        ((DELETED, ADDED), b"1"),
        ((LEAVING, ADDED), b"1"),
        ((ADDED, DELETED), b"0"),
        ((LEAVING, HEADER_ONLY), b"0"),
        ((LEAVING, DELETED), b"0"),
        ((DELETED, DELETED), None),
        ((HEADER_ONLY, 0x3C), None),
    ],
)
def test_the_value_that_counts_is_by_state(states: tuple[int, int], kept: bytes | None) -> None:
    rows = [("name", GLOBAL, b"%d" % number, state) for number, state in enumerate(states)]
    found = parsed(volume([*rows, ("after", GLOBAL, b"x", ADDED)]))
    assert values(found).get("name") == kept
    assert "after" in values(found)


def test_a_header_whose_sizes_were_not_written_takes_its_own_room() -> None:
    data = volume([("name", GLOBAL, b"", 0xFF), ("after", GLOBAL, b"x", ADDED)])
    start = 72 + 28
    name = len("name".encode("utf-16-le")) + 2
    head = put(put(data[start : start + 60], 36, 0xFFFFFFFF), 40, 0xFFFFFFFF)
    shorter = data[:start] + head + data[start + 60 + name + -name % 4 :]
    assert values(parsed(shorter.ljust(len(data), b"\xff"))) == {"after": b"x"}


def test_variables_before_one_that_cannot_be_are_kept_and_it_is_told() -> None:
    data = volume([ROWS[0], ("huge", GLOBAL, b"x", ADDED)])
    at = data.index("huge".encode("utf-16-le")) - 20
    found = parsed(put(data, at, 0x7FFFFFFF))
    assert values(found) == {"Boot0000": b"entry"}
    assert found.problem is not None
    assert "a variable of" in found.problem


@pytest.mark.parametrize(
    ("at", "value", "size"),
    [
        (40, 0, 4),
        (16, 0, 4),
        (32, 0, 8),
        (32, 1 << 40, 8),
        (48, 10, 2),
        (48, 0xFFFF, 2),
        (50, 0, 2),
        (72, 0, 4),
        (72 + 16, 0xFFFFFFFF, 4),
        (72 + 16, 4, 4),
        (72 + 20, 0, 1),
        (72 + 21, 0xFF, 1),
    ],
)
def test_volumes_that_cannot_be_are_refused(at: int, value: int, size: int) -> None:
    with pytest.raises(Malformed):
        parsed(put(volume(ROWS), at, value, size))


def test_a_volume_that_is_cut_off_is_refused() -> None:
    data = volume(ROWS)
    for size in (0, 40, 71, 72, 99, len(data) - 1):
        with pytest.raises(Malformed):
            parsed(data[:size])


def test_endless_variables_are_told() -> None:
    rows = [("n", GLOBAL, b"", ADDED)] * (efi_variables.VARIABLES_LIMIT + 1)
    found = parsed(volume(rows, room=1 << 20))
    assert found.problem == f"EFI: more than {efi_variables.VARIABLES_LIMIT} variables"


UBOOT = [row[:3] for row in ROWS]


def test_uboots_file_is_read() -> None:
    data = uboot_file(UBOOT)
    found = efi_variables.parse_uboot(data + bytes(100))
    assert (found.origin, found.size) == (Origin.UBOOT, len(data))
    assert [(one.name, one.vendor, one.data) for one in found.variables] == UBOOT


def test_a_changed_file_of_uboot_is_refused() -> None:
    data = uboot_file(UBOOT)
    for at in (0, 8, 16, 20, 24, len(data) - 1):
        with pytest.raises(Malformed):
            efi_variables.parse_uboot(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
    for size in (0, 23, len(data) - 1):
        with pytest.raises(Malformed):
            efi_variables.parse_uboot(data[:size])


def resealed(data: bytes) -> bytes:
    return put(put(data, 16, len(data)), 20, zlib.crc32(data[24:]))


def test_a_file_of_uboot_with_sizes_that_cannot_be_is_refused() -> None:
    data = uboot_file(UBOOT)
    for changed in (put(data, 24, 0xFFFFFFF0), data[: 24 + 32] + b"\1" * 5000):
        with pytest.raises(Malformed, match=r"a variable of|without an end"):
            efi_variables.parse_uboot(resealed(changed))


def test_linuxs_files_are_variables_by_their_names() -> None:
    found = efi_variables.of_files(
        [
            (f"SecureBoot-{GLOBAL}", b"\6\0\0\0\1"),
            (f"a-name-with-{OWNER}", b"\7\0\0\0value"),
            ("README", b"text"),
            (f"short-{GLOBAL}", b"\6\0"),
            (f"-{GLOBAL}", b"\6\0\0\0x"),
        ]
    )
    assert values(found) == {"SecureBoot": b"\1", "a-name-with": b"value"}
    assert found.variables[0].attributes == 6


def test_damage_gives_nothing_but_reasons() -> None:
    begun = time.process_time()
    file = uboot_file(UBOOT)
    for damaged in mutated(volume(ROWS), 2000, span=600):
        head = volume_header(len(damaged)) + damaged[72:]
        for each in (damaged, head):
            try:
                parsed(each)
            except Malformed:
                continue
    for damaged in mutated(file, 3000):
        try:
            efi_variables.parse_uboot(resealed(damaged) if len(damaged) > 24 else damaged)
        except Malformed:
            continue
    assert time.process_time() - begun < 30


@pytest.mark.skipif(not OVMF, reason="ovmf is not installed")
@pytest.mark.parametrize("path", OVMF, ids=lambda path: path.stem)
def test_every_store_of_ovmf_is_as_virt_fw_vars_reads_it(path: Path, tmp_path: Path) -> None:
    run("virt-fw-vars", "--input", path, "--output-json", tmp_path / "json")
    told = json.loads((tmp_path / "json").read_text())["variables"]
    expected = {(one["name"], uuid.UUID(one["guid"])): (one["attr"], bytes.fromhex(one["data"])) for one in told}
    found = parsed(path.read_bytes())
    assert found.problem is None
    assert {(one.name, one.vendor): (one.attributes, one.data) for one in found.variables} == expected


@pytest.mark.proof
def test_the_file_that_u_boot_writes_is_read(tmp_path: Path) -> None:
    """Debian's U-Boot in QEMU, told at its prompt to set a variable, leaves the file on its disk."""
    disk, log = tmp_path / "disk", tmp_path / "log"
    disk.write_bytes(bytes(40 << 20))
    run("sgdisk", "-n", "1:2048:+32M", "-t", "1:ef00", disk)
    run("mkfs.fat", "-F", "16", "--offset", "2048", disk, "32768")
    emulator = program.find_program("qemu-system-aarch64")
    if emulator is None:
        pytest.skip("qemu-system-arm is not installed")
    loader = unpacked("u-boot-qemu", "all") / "usr/lib/u-boot/qemu_arm64/u-boot.bin"
    command = [emulator, "-M", "virt", "-cpu", "cortex-a57", "-m", "256", "-nographic", "-nic", "none"]
    command += ["-bios", str(loader), "-drive", f"file={disk},format=raw,if=none,id=disk"]
    command += ["-device", "virtio-blk-device,drive=disk"]
    with log.open("wb") as output:
        machine = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT)
    assert machine.stdin is not None
    try:
        _await(log, b"autoboot")
        for line in (b"", f"setenv -e -nv -bs -rt -guid {OWNER} answer =0x2a".encode()):
            machine.stdin.write(line + b"\n")
            machine.stdin.flush()
            _await(log, line, b"=> ")
    finally:
        machine.kill()
        machine.wait()
        machine.stdin.close()
    data = run("mtype", "-i", f"{disk}@@1M", "::ubootefi.var")
    found = efi_variables.parse_uboot(data)
    answer = found.get("answer", OWNER)
    assert found.size == len(data)
    assert answer is not None
    assert (int.from_bytes(answer.data, "little"), answer.attributes) == (42, 7)


def _await(log: Path, text: bytes, prompt: bytes = b"") -> None:
    """Until a text was said and, where there is a prompt, the last thing said is this."""
    end = time.monotonic() + 60
    while text not in log.read_bytes() or not log.read_bytes().endswith(prompt):
        assert time.monotonic() < end, log.read_bytes()[-500:]
        time.sleep(0.1)
