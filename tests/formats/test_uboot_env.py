"""U-Boot's environment as mkenvimage writes it."""

import random
import subprocess
import zlib
from pathlib import Path
from shutil import which

import pytest

from firmward.formats.malformed import Malformed
from firmward.formats.uboot_env import HEAD, Environment, active, may_begin, parse

VARIABLES = {
    "arch": "arm",
    "bootcmd": "run distro_bootcmd; bootm 0x80000000 - 0x83000000",
    "bootargs": "console=ttyS0,115200 root=/dev/mmcblk0p2",
    "empty_looking": " ",
    "ethaddr": "00:11:22:33:44:55",
}


def read(data: bytes):
    return lambda offset, length: data[offset : offset + length]


def make(folder: Path, *options: str, size: int = 0x4000, variables: dict[str, str] = VARIABLES) -> bytes:
    program = which("mkenvimage")
    if program is None:
        pytest.skip("mkenvimage is not installed")
    (folder / "text").write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
    subprocess.run([program, *options, "-s", hex(size), "-o", folder / "env", folder / "text"], check=True)
    return (folder / "env").read_bytes()


@pytest.mark.parametrize("size", [0x1000, 0x2000, 0x3000, 0x8000, 0x10000, 0x1E000, 0x20000, 0x40000])
@pytest.mark.parametrize("more", [(), ("-r",), ("-b",), ("-r", "-b"), ("-p", "0"), ("-r", "-p", "0x5a")])
def test_what_mkenvimage_writes(size: int, more: tuple[str, ...], tmp_path: Path) -> None:
    image = make(tmp_path, *more, size=size)
    found = parse(read(image + b"\xff" * 70_000))
    assert found == Environment(VARIABLES, size, 1 if "-r" in more else None, "big" if "-b" in more else "little")


def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    image = bytearray(make(tmp_path))
    image[0x3FFF] ^= 1
    with pytest.raises(Malformed, match="checksum"):
        parse(read(image))


def test_other_bytes_are_none() -> None:
    chance = random.Random(1)
    assert not may_begin(bytes(HEAD))
    assert not may_begin(b"\xff" * HEAD)
    for _ in range(50):
        with pytest.raises(Malformed, match=r"no name of a variable|without an end"):
            parse(read(chance.randbytes(300_000)))
    for data in (b"", b"xxxxname=", b"xxxxname=value\0\0" + bytes(9000), b"xxxxname=" + b"v" * 300_000):
        with pytest.raises(Malformed):
            parse(read(data))


def test_the_last_of_equal_names_counts_and_words_without_a_value_are_left_out() -> None:
    text = b"a=1\0word\0a=2\0b=\xff\0\0"
    body = text + bytes(4092 - len(text))
    found = parse(read(zlib.crc32(body).to_bytes(4, "little") + body))
    assert found.variables == {"a": "2", "b": "\udcff"}


def test_which_of_two_copies_counts() -> None:
    def copy(flag: int | None) -> Environment:
        return Environment({}, 4096, flag, "little")

    assert active(None, None) is None
    assert active(copy(1), None) == copy(1)
    assert active(None, copy(0)) == copy(0)
    assert active(copy(1), copy(0)) == copy(1)
    assert active(copy(7), copy(8)) == copy(8)
    assert active(copy(255), copy(0)) == copy(0)
    assert active(copy(0), copy(255)) == copy(0)
