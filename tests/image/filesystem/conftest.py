"""What the file system tests share: one root with everything that a root can hold, and the ways to look at a tree."""

import hashlib
import io
import random
import subprocess
import tarfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import program
import pytest

from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.format import Format
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, IndexedTree, Kind

CAPABILITY = bytes.fromhex("0100000200200000000000000000000000000000")
"""cap_net_raw=ep, as setcap writes it."""

READ_LIMIT = 512 << 10
"""Bytes of a file of a damaged image."""
SECONDS = 5.0
"""A damaged image is done with in far less; the rest is for a busy machine."""


@dataclass(frozen=True)
class Item:
    """What goes into an image, and what must come out of it."""

    path: str
    kind: Kind = Kind.FILE
    content: bytes = b""
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    mtime: int = 1_700_000_000
    target: str | None = None
    device: tuple[int, int] | None = None
    xattrs: dict[str, bytes] = field(default_factory=dict)
    hard_link: str | None = None

    def entry(self) -> Entry:
        size = len(self.content) if self.kind is Kind.FILE else len((self.target or "").encode())
        xattrs = tuple(sorted(self.xattrs.items()))
        return Entry(
            self.path, self.kind, self.mode, self.uid, self.gid, size, self.mtime, self.target, self.device, xattrs
        )


def _noise(length: int, seed: int = 1) -> bytes:
    return random.Random(seed).randbytes(length)


def _text(length: int) -> bytes:
    line = b"PermitRootLogin no # as the manual says\n"
    return (line * (length // len(line) + 1))[:length]


def _root() -> list[Item]:
    folder = Kind.DIRECTORY
    many = [Item(f"many/file-{number:03}", content=b"%d\n" % number) for number in range(300)]
    capable = {"security.capability": CAPABILITY}
    return [
        Item("bin", folder, mode=0o755),
        Item("bin/busybox", content=_noise(300_001), mode=0o4755, xattrs=capable),
        Item("bin/ping", content=_text(5000), mode=0o755, xattrs=capable),
        Item("bin/sh", Kind.SYMLINK, mode=0o777, target="busybox"),
        Item("bin/twin", content=_noise(300_001), mode=0o4755, hard_link="bin/busybox", xattrs=capable),
        Item("dev", folder, mode=0o755),
        Item("dev/console", Kind.CHARACTER, mode=0o600, device=(5, 1)),
        Item("dev/mmcblk0p300", Kind.BLOCK, mode=0o660, gid=6, device=(179, 300)),
        Item("dev/log", Kind.FIFO, mode=0o600),
        Item("empty", folder, mode=0o1777),
        Item("etc", folder, mode=0o755),
        Item("etc/empty", content=b""),
        Item("etc/long", Kind.SYMLINK, mode=0o777, target="/".join(["usr"] * 250)),
        Item("etc/middle", Kind.SYMLINK, mode=0o777, target="x" * 80),
        Item("etc/sshd_config", content=_text(777), mode=0o640, uid=70000, gid=100001, mtime=1),
        Item("etc/tagged", content=b"x", xattrs={"user.long": _noise(3000).replace(b"\0", b"!").hex().encode()[:700]}),
        Item("etc/" + "n" * 255, content=b"long name"),
        Item("etc/gr\u00fc\u00dfe", content=b"utf-8"),
        Item("many", folder, mode=0o700),
        *many,
        Item("opt", folder, mode=0o755),
        Item("opt/exact", content=_text(131_072)),
        Item("opt/holes", content=bytes(200_000) + b"end" + bytes(300_000)),
        Item("opt/large", content=_text(1_500_000) + _noise(70_000, 2)),
        Item("opt/nothing-but-hole", content=bytes(262_144)),
        Item("opt/tail", content=_text(131_073)),
        *[Item("/".join(["deep"] * depth), folder, mode=0o755) for depth in range(1, 21)],
    ]


@pytest.fixture(scope="session")
def root() -> list[Item]:
    return _root()


@pytest.fixture(scope="session")
def archive(root: list[Item]) -> bytes:
    """The root as a tar, which needs no privilege to hold owners, devices and capabilities."""
    kinds = {
        Kind.FILE: tarfile.REGTYPE,
        Kind.DIRECTORY: tarfile.DIRTYPE,
        Kind.SYMLINK: tarfile.SYMTYPE,
        Kind.CHARACTER: tarfile.CHRTYPE,
        Kind.BLOCK: tarfile.BLKTYPE,
        Kind.FIFO: tarfile.FIFOTYPE,
    }
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for item in root:
            info = tarfile.TarInfo(item.path)
            info.type = tarfile.LNKTYPE if item.hard_link else kinds[item.kind]
            info.mode, info.uid, info.gid, info.mtime = item.mode, item.uid, item.gid, item.mtime
            info.linkname = item.hard_link or item.target or ""
            info.devmajor, info.devminor = item.device or (0, 0)
            info.size = len(item.content) if info.type == tarfile.REGTYPE else 0
            info.pax_headers = {f"SCHILY.xattr.{name}": value.decode() for name, value in item.xattrs.items()}
            tar.addfile(info, io.BytesIO(item.content) if info.size else None)
    return stream.getvalue()


@pytest.fixture(scope="session")
def run() -> Callable[..., str]:
    def run_program(*command: object, feed: bytes = b"", fine: tuple[int, ...] = (0,)) -> str:
        name = str(command[0])
        path = program.find_program(name)
        if path is None:
            pytest.skip(f"{name} is not installed")
        done = program.run_program([path, *map(str, command[1:])], feed=feed)
        if done.returncode < 0:
            raise subprocess.CalledProcessError(done.returncode, name)
        assert done.returncode in fine, (done.stdout + done.stderr).decode(errors="replace")
        return done.stdout.decode("utf-8", "surrogateescape")

    return run_program


def _digest(pieces: Iterator[bytes]) -> str:
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


@pytest.fixture(scope="session")
def check() -> Callable[[IndexedTree, list[Item]], None]:
    """Holds a tree against what went into the image, entry by entry."""

    def compare(tree: IndexedTree, items: list[Item]) -> None:
        expected = {item.path: item for item in items}
        assert [entry.path for entry in tree.entries()] == sorted(expected, key=lambda path: path.split("/"))
        for entry in tree.entries():
            item = expected[entry.path]
            assert entry == item.entry()
            if entry.kind is Kind.FILE:
                assert _digest(tree.chunks(entry)) == _digest(iter([item.content])), entry.path

    return compare


@pytest.fixture(scope="session")
def exercise() -> Callable[[Format, bytes], str]:
    """Does everything with an image that may be hostile; gives how it ended. Any other exception fails the test."""

    def try_all(form: Format, data: bytes) -> str:
        started = time.monotonic()
        source = Bytes(data)
        length = form.measure(source)
        assert length is None or 0 <= length <= len(data)
        try:
            tree = form.open(source, Budget(Limits(entries=5000, expanded_bytes=32 << 20, seconds=SECONDS)))
        except (Damaged, BudgetExceeded) as error:
            ended = type(error).__name__
        else:
            assert isinstance(tree, IndexedTree)
            ended = "partly" if _read_everything(tree) + len(tree.problems) else "whole"  # type: ignore[attr-defined]
        assert time.monotonic() - started < SECONDS
        return ended

    def _read_everything(tree: IndexedTree) -> int:
        lost = 0
        for entry in tree.entries():
            assert not {"", ".", ".."} & set(entry.path.split("/"))
            if entry.kind is not Kind.FILE:
                continue
            length = 0
            try:
                for piece in tree.chunks(entry):
                    length += len(piece)
                    if length > READ_LIMIT:
                        break
                else:
                    assert length == entry.size
            except Unavailable:
                lost += 1
        return lost

    return try_all


@pytest.fixture(scope="session")
def mutations() -> Callable[[bytes, list[tuple[int, int]], int], Iterator[bytes]]:
    """Copies of an image with some bytes changed, the same every time; `regions` are where it matters."""

    def mutate(data: bytes, regions: list[tuple[int, int]], count: int) -> Iterator[bytes]:
        chance = random.Random(20)
        for _ in range(count):
            copy = bytearray(data)
            for _ in range(chance.choice((1, 1, 2, 8, 32))):
                start, end = chance.choice(regions)
                at = chance.randrange(start, end)
                width = chance.choice((1, 1, 2, 4, 8))
                values = (b"\xff" * width, bytes(width), chance.randbytes(width), b"\x7f" * width)
                copy[at : at + width] = chance.choice(values)[: len(data) - at]
            yield bytes(copy[: len(data)])

    return mutate


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path
