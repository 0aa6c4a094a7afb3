"""Bad input: always an image with reasons, or an InputError; never another exception, a hang, or a written file."""

import bz2
import gzip
import io
import lzma
import os
import random
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmward.image import catalogue
from firmward.image.budget import Budget, Limits
from firmward.image.opening import Image, Opening, open_image
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind

SMALL = Limits(expanded_bytes=8 << 20, depth=8, parts=200, entries=20_000, seconds=5)


def opened(data: bytes, limits: Limits = SMALL) -> Image:
    """Open bytes, read every file of every tree, and see that nothing was an internal error."""
    image = Opening(Budget(limits), lambda _: None).file("test", Bytes(data))
    for part in image.parts:
        assert "internal error" not in (part.problem or ""), part
    for tree in image.trees:
        for entry in tree.tree.entries():
            if entry.kind is Kind.FILE and entry.size < 1 << 20:
                try:
                    for _ in tree.tree.chunks(entry):
                        pass
                except Unavailable:
                    pass
    return image


def newc(name: bytes, data: bytes = b"", mode: int = 0o100644, *, size: int | None = None, links: int = 1) -> bytes:
    numbers = (1, mode, 0, 0, links, 0, len(data) if size is None else size, 0, 0, 0, 0, len(name) + 1, 0)
    head = b"070701" + b"".join(b"%08X" % number for number in numbers) + name + b"\0"
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def cpio(*members: bytes) -> bytes:
    return b"".join(members) + newc(b"TRAILER!!!", mode=0)


def tar(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


SYSTEM = {"etc/passwd": b"root:x:0:0::/:/bin/sh\n" * 40, "bin/sh": bytes(range(256)) * 40, "usr/x": b"x"}

SEEDS = {
    "tar": tar(**SYSTEM),
    "zip": zipped(**SYSTEM),
    "cpio": cpio(*(newc(name.encode(), data) for name, data in SYSTEM.items())),
    "gzip": gzip.compress(tar(**SYSTEM)),
    "xz": lzma.compress(tar(**SYSTEM)),
    "lzma": lzma.compress(tar(**SYSTEM), lzma.FORMAT_ALONE),
    "bzip2": bz2.compress(tar(**SYSTEM)),
}
seeds = pytest.mark.parametrize("name", SEEDS)


@seeds
def test_cut_anywhere(name: str) -> None:
    data = SEEDS[name]
    for cut in sorted({*range(1, 600, 37), *range(600, len(data), max(1, len(data) // 20)), len(data) - 1}):
        opened(data[:cut])


@seeds
def test_bytes_changed_at_random(name: str) -> None:
    chance = random.Random(name)
    for _ in range(60):
        data = bytearray(SEEDS[name])
        for _ in range(chance.choice((1, 4, 30))):
            data[chance.randrange(len(data))] = chance.choice((0, 0xFF, 0x7F, 0x80, chance.randrange(256)))
        opened(bytes(data))


@given(st.binary(max_size=3000))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes(data: bytes) -> None:
    if data:
        opened(data)


@given(st.binary(max_size=700), st.integers(0, 200))
@settings(max_examples=120, deadline=None)
def test_any_bytes_behind_any_magic(data: bytes, choice: int) -> None:
    magics = [magic for kind in catalogue.kinds() for magic in kind.magics]
    magic = magics[choice % len(magics)]
    head = data[: magic.offset].ljust(magic.offset, b"\0") + magic.data
    opened(head + data[magic.offset :] + bytes(600))


def test_a_bomb_in_a_bomb() -> None:
    def blocks() -> Iterator[bytes]:
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        zeros = bytes(1 << 20)
        for _ in range(64):
            yield packer.compress(zeros)
        yield packer.flush()

    inner = b"".join(blocks())
    image = opened(gzip.compress(gzip.compress(inner)))
    assert image.budget.exhausted
    assert any("expands to more than" in (part.problem or "") for part in image.parts)


def test_a_bomb_does_not_cost_the_part_beside_it() -> None:
    image = opened(tar(**{"a.gz": gzip.compress(bytes(20 << 20), 1), "b.tar.gz": gzip.compress(tar(**SYSTEM))}))
    assert [root.part.id for root in image.roots] == ["image/b.tar.gz/content"] or image.roots == ()
    assert any("expands to more" in (part.problem or "") for part in image.parts)


def test_archives_within_archives_stop_at_the_depth() -> None:
    data = os.urandom(8000)
    for _ in range(20):
        data = tar(**{"inner.tar": data})
    image = opened(data)
    assert max(part.id.count("/") for part in image.parts) <= SMALL.depth + 1
    assert any("nested more than 8 deep" in (part.problem or "") for part in image.parts)


def test_more_parts_than_the_budget() -> None:
    files = {f"f{number}.gz": gzip.compress(os.urandom(5000)) for number in range(300)}
    image = opened(tar(**files))
    assert len(image.parts) <= SMALL.parts + 2
    assert image.budget.exhausted


def test_overlapping_members_of_a_zip_are_read_once() -> None:
    data = bytearray(zipped(one=b"A" * 100_000, two=b"B" * 100_000))
    place = data.rfind(b"PK\x01\x02")
    data[place + 42 : place + 46] = bytes(4)  # the second name leads to the first one's data
    image = opened(bytes(data))
    tree = image.trees[0].tree
    assert tree.read("one") == b"A" * 100_000
    with pytest.raises(Unavailable, match="overlaps"):
        tree.read("two")


def test_a_zip_that_expands_to_more_than_it_says() -> None:
    data = bytearray(zipped(one=b"A" * 100_000))
    place = data.rfind(b"PK\x01\x02")
    data[place + 24 : place + 28] = (10).to_bytes(4, "little")
    with pytest.raises(Unavailable, match="expands to more"):
        opened(bytes(data)).trees[0].tree.read("one")


def test_names_that_are_not_utf8_or_lead_out() -> None:
    image = opened(
        cpio(newc(b"init", b"x", 0o100755), newc(b"caf\xe9", b"y"), newc(b"../../evil", b"z"), newc(b"a/../b"))
    )
    (root,) = image.roots
    assert [entry.path for entry in root.tree.entries()] == ["caf\udce9", "init"]
    assert root.tree.refused == 2  # type: ignore[attr-defined]
    assert "2 names" in (root.part.problem or "")


def test_part_names_are_printable() -> None:
    inner = gzip.compress(os.urandom(6000))
    image = opened(cpio(newc(b"evil\x1b[2J\xff\n.gz", inner), newc(b"evil\x1b[2J\xff\n.gz/", inner)))
    for part in image.parts:
        assert part.id.isprintable()
        part.id.encode("utf-8")


def test_links_in_circles_and_device_nodes() -> None:
    members = (
        newc(b"etc", mode=0o40755), newc(b"bin", mode=0o40755), newc(b"etc/a", b"b", 0o120777),
        newc(b"etc/b", b"a", 0o120777), newc(b"dev/sda", mode=0o60660), newc(b"etc/fifo", mode=0o10644),
        newc(b"etc/self", b"/etc/self/x", 0o120777),
    )  # fmt: skip
    (root,) = opened(cpio(*members)).roots
    for path in ("etc/a", "etc/self", "etc/self/x", "dev/sda/x", "etc/fifo/x"):
        assert root.tree.resolve(path) is None
    assert root.tree.read("dev/sda") is None
    assert root.tree.read("etc/fifo") is None


def test_a_member_larger_than_the_archive() -> None:
    image = opened(newc(b"init", b"x", 0o100755) + newc(b"huge", b"x", size=0xFFFFFFFF))
    tree = image.trees[0].tree
    with pytest.raises(Unavailable):
        b"".join(tree.chunks(tree.lstat("huge")))  # type: ignore[arg-type]


def test_a_path_of_thousands_of_folders_does_not_eat_memory() -> None:
    deep = b"a/" * 2000 + b"x"
    image = opened(cpio(*(newc(b"%d/" % number + deep) for number in range(300))))
    assert image.budget.exhausted


def test_a_sparse_tar_of_a_petabyte() -> None:
    head = bytearray(tar(huge=b"data" * 128)[:1024])
    head[156] = ord("S")
    head[257:265] = b"ustar  \0"
    head[386:398], head[398:410] = b"00000000000\0", b"00000001000\0"
    head[483:495] = b"\x80" + (1 << 50).to_bytes(11, "big")
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head[:512])
    image = opened(bytes(head) + bytes(1024))
    tree = image.trees[0].tree
    entry = tree.lstat("huge")
    assert entry is not None
    assert entry.size == 1 << 50
    with pytest.raises(Unavailable):
        next(tree.chunks(entry))


def test_a_huge_sparse_file_ends_in_time(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(1 << 40)
        file.seek(1 << 39)
        file.write(tar(**SYSTEM))
    begin = time.monotonic()
    image = open_image(path, Limits(seconds=1))
    assert time.monotonic() - begin < 4
    assert image.budget.exhausted  # of a terabyte no digest can be had in a second
    assert [part.kind for part in image.parts] == ["raw", "tar"]


def test_wrappers_within_wrappers_stop_at_the_depth() -> None:
    data = SEEDS["gzip"]
    for _ in range(30):
        data = gzip.compress(data)
    assert any("nested more than" in (part.problem or "") for part in opened(data).parts)


def test_a_dump_made_of_signatures_ends() -> None:
    begin = time.process_time()
    opened(b"hsqs" * 20_000)
    opened(b"\x1f\x8b\x08" * 20_000)
    opened(b"070701" * 10_000)
    opened((b"\xd0\x0d\xfe\xed" + bytes(12)) * 8_000)
    assert time.process_time() - begin < 8


def test_unusual_files_in_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "build"
    folder.mkdir()
    os.mkfifo(folder / "fifo.img")
    (folder / "loop.img").symlink_to("loop.img")
    (folder / "out.img").symlink_to("/etc/passwd")
    (folder / "empty.img").touch()
    Path(os.fsdecode(bytes(folder) + b"/caf\xe9.tar")).write_bytes(SEEDS["tar"])
    before = sorted(folder.iterdir())
    image = open_image(folder)
    assert [part.kind for part in image.parts] == ["folder", "tar"]
    assert sorted(folder.iterdir()) == before


def test_a_gpt_with_absurd_numbers() -> None:
    for count, size in ((0xFFFFFFFF, 128), (128, 0xFFFFFF80), (0, 0), (1, 8)):
        fields = (b"EFI PART", b"\0\0\1\0", 92, 0, 0, 1, 2**64 - 1, 2**64 - 1, 2**64 - 1, bytes(16), 2**64 - 1, count)
        header = struct.pack("<8s4sIIIQQQQ16sQI", *fields) + struct.pack("<II", size, 0)
        header = header[:16] + struct.pack("<I", zlib.crc32(header)) + header[20:]
        opened(bytes(512) + header.ljust(512, b"\0") + bytes(20_000))


def test_two_bytes_of_magic_do_not_make_an_archive() -> None:
    """Noise with headers of the old binary cpio in it whose numbers hold by chance."""
    chance = random.Random(3)
    member = struct.pack("<13H", 0o070707, 1, 1, 0o100644, 0, 0, 1, 0, 0, 0, 2, 0, 4) + b"x\0data"
    noise = b"".join(chance.randbytes(997) + b"\1" + member for _ in range(50))
    assert [part.kind for part in opened(noise).parts] == ["unknown"]


def test_a_disk_that_is_its_own_partition_stops_at_the_depth() -> None:
    disk = bytearray(1 << 20)
    disk[446 + 4] = 0x83
    disk[446 + 8 : 446 + 16] = struct.pack("<II", 0, 2048)
    disk[510:512] = b"\x55\xaa"
    image = opened(bytes(disk))
    assert len(image.parts) <= SMALL.depth + 3


def test_an_archive_that_holds_itself_is_opened_a_few_times_only() -> None:
    """A hard link is no copy: the same bytes stand in the archive under a thousand names."""
    packed = gzip.compress(tar(**SYSTEM, noise=os.urandom(6000)))
    image = opened(cpio(newc(b"a.gz", packed), *(newc(b"f%d.gz" % number, packed) for number in range(1000))))
    assert len(image.parts) <= SMALL.parts + 2
    assert image.budget.exhausted


def test_many_small_bombs_share_one_budget() -> None:
    bomb = gzip.compress(bytes(5 << 20))
    image = opened(tar(**{f"f{number}.gz": bomb for number in range(50)}))
    kept = sum(part.size or 0 for part in image.parts if part.kind != "tar")
    assert any("expands to more" in (part.problem or "") for part in image.parts)
    assert kept <= SMALL.expanded_bytes + (1 << 20)


def test_folders_two_hundred_deep_are_listed() -> None:
    (image,) = opened(tar(**SYSTEM, **{"/".join(["d"] * 200) + "/end": b"x"})).roots
    assert image.tree.read("/".join(["d"] * 200) + "/end") == b"x"


def test_a_name_of_64_kib_is_refused_and_the_rest_read() -> None:
    image = opened(tar(**SYSTEM, **{"n" * 65536: b"x"}))
    (root,) = image.roots
    assert root.tree.read("etc/passwd")
    assert "left out" in (root.part.problem or "")


def test_more_members_than_the_budget_are_listed_in_part() -> None:
    data = b"".join(newc(b"f%06d" % number) for number in range(60_000))
    limits = replace(SMALL, seconds=60)
    image = opened(cpio(newc(b"etc", mode=0o40755), newc(b"bin", mode=0o40755), data), limits)
    assert any("more than 20000 files" in reason for reason in image.budget.exhausted)
    assert sum(1 for _ in image.trees[0].tree.entries()) > 19_000
