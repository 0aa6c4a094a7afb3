"""Two copies of an environment, copies at any place, and environments as text."""

import random
import subprocess
import time
import zlib
from contextlib import suppress
from pathlib import Path
from shutil import which

import pytest

from firmward.formats.malformed import Malformed
from firmward.formats.uboot_env import Environment, Flags, Form, Order, active, find, parse, parse_text, unescaped


def blob(text: bytes, size: int = 4096, flag: int | None = None, order: Order = "little", fill: bytes = b"\0") -> bytes:
    head = b"" if flag is None else bytes([flag])
    body = (text + b"\0\0").ljust(size - 4 - len(head), fill)
    return zlib.crc32(body).to_bytes(4, order) + head + body


def read(data: bytes):
    return lambda offset, length: data[offset : offset + length]


def copies(first: int, second: int) -> tuple[Environment, Environment]:
    return tuple(parse(read(blob(b"bootcmd=a\0which=%d" % flag, flag=flag))) for flag in (first, second))


PAIRS = [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2), (254, 255), (255, 0), (0, 255), (255, 1), (1, 255), (7, 200)]


@pytest.mark.parametrize("flags", PAIRS)
def test_fw_printenv_takes_the_same_copy(flags: tuple[int, int], tmp_path: Path) -> None:
    program = which("fw_printenv")
    if program is None:
        pytest.skip("fw_printenv is not installed")
    (tmp_path / "flash").write_bytes(b"".join(blob(b"bootcmd=a\0which=%d" % flag, flag=flag) for flag in flags))
    (tmp_path / "config").write_text("".join(f"{tmp_path}/flash {offset:#x} 0x1000\n" for offset in (0, 0x1000)))
    command = [program, "-c", str(tmp_path / "config"), "which"]
    done = subprocess.run(command, capture_output=True, text=True)
    ours = active(*copies(*flags))
    assert done.returncode == 0, done.stderr
    assert ours is not None
    assert done.stdout.strip() == f"which={ours.variables['which']}"


@pytest.mark.parametrize(
    ("flags", "second"),
    [((1, 0), False), ((0, 1), True), ((1, 1), False), ((255, 0), False), ((0, 255), True), ((255, 255), False),
     ((7, 9), False), ((9, 255), True)],
)  # fmt: skip
def test_on_parallel_flash_one_copy_is_marked(flags: tuple[int, int], second: bool) -> None:
    pair = copies(*flags)
    assert active(*pair, Flags.ACTIVE) is pair[second]


def test_both_meanings_agree_on_what_mkenvimage_writes() -> None:
    for flags in ((0, 1), (1, 0)):
        assert active(*copies(*flags)) == active(*copies(*flags), Flags.ACTIVE)


def test_a_copy_is_found_wherever_it_begins() -> None:
    chance = random.Random(5)
    around = (
        lambda: chance.randbytes(chance.randrange(3000)),
        lambda: b"\xff" * chance.randrange(2000),
        lambda: bytes(chance.randrange(2000)),
        lambda: b"hello world foo=bar\n" * chance.randrange(9),
    )
    for number in range(200):
        text = (b"arch=arm\0baudrate=115200\0bootcmd=run a", b"baudrate=115200", b"bootcmd=run a\0x=y")[number % 3]
        order: Order = ("big", "little")[number % 2]
        image = blob(text, chance.choice((512, 4096, 0x20000, 0x40000)), (None, 1, 0)[number % 3], order)
        before = chance.choice(around)()
        data = before + image + chance.randbytes(5000)
        (found,) = find(read(data), len(data))
        assert (found.offset, found.environment.size) == (len(before), len(image))
        assert found.environment.order == order


def test_two_copies_are_found_in_their_order() -> None:
    data = bytes(700) + blob(b"bootcmd=x", flag=1) + b"\xff" * 333 + blob(b"bootcmd=y", flag=2) + bytes(99)
    found = list(find(read(data), len(data)))
    assert [(copy.offset, copy.environment.variables["bootcmd"]) for copy in found] == [(700, "x"), (5129, "y")]
    assert active(*(copy.environment for copy in found)) == found[1].environment


@pytest.mark.parametrize("size", [0x60000, 1 << 20, 16 << 20])
def test_a_large_one_is_found_at_a_sector(size: int) -> None:
    data = b"\xff" * 0x1000 + blob(b"bootcmd=run a", size)
    assert [(found.offset, found.environment.size) for found in find(read(data), len(data))] == [(0x1000, size)]


def test_larger_ones_and_long_texts_are_refused() -> None:
    with pytest.raises(Malformed):
        parse(read(blob(b"bootcmd=run a", (16 << 20) + 0x10000)))
    with pytest.raises(Malformed):
        parse_text("a=b\n" * 300_000, Form.PRINTED)


@pytest.mark.parametrize(
    "data",
    [
        b"bootcmd=" * 200_000,
        b"\xffbootcmd=x\0" * 100_000,
        b"\xff\xff\xff\xff\xffbootcmd=x\0\0" + b"\xff" * (16 << 20),
        b"\0\0bootargs=a=b=c=d" * 100_000,
        b"=" * (2 << 20),
    ],
)
def test_a_search_is_bounded(data: bytes) -> None:
    started = time.process_time()
    assert not list(find(read(data), len(data)))
    assert time.process_time() - started < 10


def test_hostile_bytes_give_malformed_alone() -> None:
    chance = random.Random(3)
    seed = blob(b"arch=arm\0bootcmd=run a\0bootargs=console=ttyS0", flag=1)
    for _ in range(500):
        data = bytearray(seed)
        for _ in range(chance.choice((1, 3))):
            data[chance.randrange(60)] = chance.randrange(256)
        piece = bytes(data[: chance.choice((len(data), 70, 600))])
        with suppress(Malformed):
            parse(read(piece))
        list(find(read(piece), len(piece)))


TEXT = "# comment\na=1\n\nlong=one\\\ntwo\nslash=a\\\\b\\$c\nempty=\nword\na=2\n"


def test_what_mkenvimage_makes_of_a_text(tmp_path: Path) -> None:
    program = which("mkenvimage")
    if program is None:
        pytest.skip("mkenvimage is not installed")
    (tmp_path / "text").write_text(TEXT)
    subprocess.run([program, "-s", "4096", "-o", tmp_path / "env", tmp_path / "text"], check=True)
    made = parse(read((tmp_path / "env").read_bytes()))
    assert made.variables == parse_text(TEXT, Form.MADE)
    assert made.variables == {"a": "2", "long": "one\ntwo", "slash": "a\\\\b\\$c", "empty": ""}


def test_what_u_boot_imports_loses_its_backslashes() -> None:
    text = "  #c\n a=1\nlong=one\\\ntwo\nslash=a\\\\b\\$c\ngone=1\ngone=\nword\r\nx=y\r\n"
    assert parse_text(text, Form.IMPORTED) == {"a": "1", "long": "one\ntwo", "slash": "a\\b$c", "x": "y"}
    assert unescaped("a\\\\b\\") == "a\\b\\"
    stored = parse(read(blob(b"bootcmd=echo a\\\\;b\0gone=")))
    assert stored.variables["bootcmd"] == "echo a\\\\;b"
    assert stored.imported == {"bootcmd": "echo a\\;b"}


def test_what_is_printed_is_taken_as_it_is() -> None:
    assert parse_text("#x=1\na=b=c\\\nnone\n", Form.PRINTED) == {"#x": "1", "a": "b=c\\"}


def test_fw_printenv_prints_what_is_read(tmp_path: Path) -> None:
    program = which("fw_printenv")
    if program is None:
        pytest.skip("fw_printenv is not installed")
    (tmp_path / "flash").write_bytes(bytes(0x200) + blob(b"bootcmd=run x; echo a\\;b\0bootdelay=2\0z=q=r"))
    (tmp_path / "config").write_text(f"{tmp_path}/flash 0x200 0x1000\n")
    command = [program, "-c", str(tmp_path / "config")]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    data = (tmp_path / "flash").read_bytes()
    (found,) = find(read(data), len(data))
    assert parse_text(printed, Form.PRINTED) == found.environment.variables
