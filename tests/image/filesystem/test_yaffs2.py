import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from yaffs2_image import FILE, FOLDER, HARD_LINK, LOWEST, SPECIAL, SYMLINK, Image, written

from firmward.formats.yaffs2 import GAP, Yaffs2
from firmward.image import carve
from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem.yaffs2 import FORMAT, Yaffs2Tree
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Entry, Kind

SHAPES = (
    (2048, 64, "<", 0),
    (2048, 64, ">", 0),
    (2048, 64, "<", 2),
    (2048, 128, "<", 0),
    (4096, 128, ">", 2),
    (4096, 224, "<", 0),
    (4096, 256, "<", 0),
    (1024, 32, "<", 0),
    (512, 16, "<", 0),
    (512, 16, ">", 0),
    (8192, 448, "<", 2),
    (16384, 512, ">", 0),
)


def opened(data: bytes) -> Yaffs2Tree:
    tree = FORMAT.open(Bytes(data), Budget())
    assert isinstance(tree, Yaffs2Tree)
    return tree


def fit(root: list[Any], page: int) -> list[Any]:
    """Targets end after 159 bytes; attributes lie in what a page has left behind the header."""
    return [
        replace(item, target=item.target and item.target[:159], xattrs=item.xattrs if page > 1024 else {})
        for item in root
    ]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "{}+{}{}{}".format(*shape))
def test_what_went_in_comes_out(shape: Any, root: list[Any], check: Any) -> None:
    items = fit(root, shape[0])
    data = written(items, Image(*shape))
    assert FORMAT.measure(Bytes(data)) == len(data)
    tree = opened(data)
    geometry = tree.geometry
    assert (geometry.page, geometry.spare, geometry.order, geometry.tags - geometry.page) == shape
    assert tree.problems == ()
    check(tree, items)


@pytest.mark.parametrize("shape", [(2048, 64, "<", 0), (4096, 128, "<", 2), (8192, 448, "<", 0)])
def test_the_sleuth_kit_reads_the_same(shape: Any, root: list[Any], run: Callable[..., str], work: Path) -> None:
    """It reads little-endian images only, and none with 16 bytes of spare."""
    page, spare, _, tags = shape
    image = Image(*shape)
    written(fit(root, page), image)
    image.erased(-(len(image.data) // (page + spare)) % 64)
    data = bytes(image.data)
    path = work / "image"
    path.write_bytes(data)
    (work / "image-yaffs2.config").write_text(
        f"flash_page_size = {page}\nflash_spare_size = {spare}\nspare_seq_num_offset = {tags}\n"
        f"spare_obj_id_offset = {tags + 4}\nspare_chunk_id_offset = {tags + 8}\n"
    )
    tree = opened(data)
    listed = {}
    for line in run("fls", "-r", "-p", "-u", "-f", "yaffs2", path).splitlines():
        found = re.match(r"\S+ (\d+)[^:]*:\t(.*?)(#\d+,\d+)?$", line)
        assert found, line
        listed[found[2]] = found[1]
    entries = {entry.path: entry for entry in tree.entries()}
    names = {entry.path if len(entry.name) < 255 else entry.path[:-1] for entry in tree.entries()}  # it keeps 254
    assert names - set(listed) == set()
    assert set(listed) - names <= {"<lost+found>", "<unlinked>", "<deleted>", "$OrphanFiles"}
    for name in ("bin/busybox", "etc/sshd_config", "opt/holes", "opt/tail", "many/file-123"):
        run("sh", "-c", f"icat -f yaffs2 {path} {listed[name]} > {work}/out")
        assert (work / "out").read_bytes() == b"".join(tree.chunks(entries[name])), name


def small(**shape: Any) -> Image:
    image = Image(**shape)
    image.root()
    return image


def test_the_highest_sequence_number_counts_wherever_it_lies() -> None:
    image = small()
    image.sequence = LOWEST + 5
    image.header(300, FILE, 1, b"new", mode=0o100644, size=3000)
    image.content(300, b"N" * 2048)
    image.sequence = LOWEST + 2
    image.header(300, FILE, 1, b"old", mode=0o100600, size=4000)
    image.content(300, b"o" * 4000)
    tree = opened(bytes(image.data))
    assert [entry.path for entry in tree.entries()] == ["new"]
    assert tree.read("new") == b"N" * 2048 + b"o" * 952
    assert tree.lstat("new") == Entry("new", Kind.FILE, 0o644, size=3000)


def test_of_equal_sequence_numbers_the_later_chunk_counts() -> None:
    image = small()
    image.header(300, FILE, 1, b"a", mode=0o100644, size=4)
    image.content(300, b"old!")
    image.content(300, b"new!")
    assert opened(bytes(image.data)).read("a") == b"new!"


def test_what_was_deleted_or_unlinked_is_left_out() -> None:
    image = small()
    for number, parent in ((300, 3), (301, 4)):
        image.header(number, FILE, 1, b"gone%d" % number, mode=0o100644, size=1)
        image.header(number, FILE, parent, b"unlinked", mode=0o100644, size=0)
    image.header(302, FILE, 1, b"kept", mode=0o100644, size=0)
    image.header(303, HARD_LINK, 1, b"link", mode=0xFFFFFFFF, equivalent=300)
    tree = opened(bytes(image.data))
    assert [entry.path for entry in tree.entries()] == ["kept"]
    assert tree.problems == ("link cannot be read: a hard link to object 300, which was deleted",)


def test_a_shrunk_and_grown_file_has_a_hole_where_it_was_cut() -> None:
    image = small()
    image.header(300, FILE, 1, b"log", mode=0o100644, size=0)
    image.content(300, b"a" * 8192)
    image.header(300, FILE, 1, b"log", mode=0o100644, size=2048, shrinks=1)
    image.content(300, b"z" * 100, first=4)
    image.header(300, FILE, 1, b"log", mode=0o100644, size=6244)
    assert opened(bytes(image.data)).read("log") == b"a" * 2048 + bytes(4096) + b"z" * 100


def test_content_written_after_the_header_makes_the_file_longer() -> None:
    image = small()
    image.header(300, FILE, 1, b"log", mode=0o100644, size=0)
    image.content(300, b"a" * 3000)
    assert opened(bytes(image.data)).read("log") == b"a" * 3000


def test_headers_with_their_facts_in_the_tags_are_headers() -> None:
    image = Image()
    image.header(1, FOLDER, 1, b"", mode=0o40755, extra=True)
    image.header(300, FOLDER, 1, b"etc", mode=0o40755, extra=True)
    image.header(301, FILE, 300, b"passwd", mode=0o100644, size=5, extra=True)
    image.content(301, b"root\n")
    image.header(302, HARD_LINK, 300, b"passwd-", mode=0, equivalent=301, extra=True)
    tree = opened(bytes(image.data))
    assert tree.problems == ()
    assert tree.read("etc/passwd") == tree.read("etc/passwd-") == b"root\n"


def test_a_header_shadows_what_had_its_name() -> None:
    image = small()
    image.header(300, FILE, 1, b"conf", mode=0o100644, size=0)
    image.header(301, FILE, 1, b"conf", mode=0o100600, size=0, shadows=300)
    tree = opened(bytes(image.data))
    assert tree.problems == ()
    assert tree.lstat("conf") == Entry("conf", Kind.FILE, 0o600)


def test_what_was_found_again_has_its_folder() -> None:
    image = small()
    image.header(300, FILE, 2, b"obj300", mode=0o100644, size=0)
    assert [entry.path for entry in opened(bytes(image.data)).entries()] == ["lost+found", "lost+found/obj300"]


def test_checkpoints_summaries_and_erased_blocks_are_passed_over() -> None:
    image = small()
    image.sequence = 0x21
    image.chunk(b"checkpoint", 0x20, 1, 2048)
    image.sequence = LOWEST
    image.chunk(b"summary", 0x10, 1, 2048)
    image.erased(1000)
    image.header(300, SYMLINK, 1, b"link", mode=0o120777, target=b"somewhere")
    tree = opened(bytes(image.data))
    assert tree.problems == ()
    assert tree.lstat("link") == Entry("link", Kind.SYMLINK, 0o777, size=9, target="somewhere")


def test_an_image_without_a_header_of_its_root_is_one() -> None:
    image = Image()
    image.header(257, FOLDER, 1, b"etc", mode=0o40755)
    assert opened(bytes(image.data)).names("") == ("etc",)


def test_damaged_chunks_cost_themselves_only_and_are_told() -> None:
    image = small()
    image.header(300, FILE, 1, b"a", mode=0o100644, size=1)
    image.content(300, b"a")
    image.header(301, FILE, 1, b"b", mode=0o040644, size=1)
    image.content(301, b"b")
    image.chunk(b"", 302, 1, 5000)
    image.header(303, FILE, 999, b"lost", mode=0o100644, size=0)
    image.header(304, SPECIAL, 1, b"tty", mode=0o020600, device=0x0405)
    tree = opened(bytes(image.data))
    assert tree.names("") == ("a", "tty")
    assert tree.lstat("tty") == Entry("tty", Kind.CHARACTER, 0o600, device=(4, 5))
    assert tree.problems == (
        "2 chunks were left out since their tags or headers do not hold",
        "1 files have content and no header, and were left out",
        "1 names stand in folders that are not there, and were left out",
    )


def test_many_names_of_one_long_file_are_not_many_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    image = Image(512, 16)
    image.root()
    image.header(300, FILE, 1, b"long", mode=0o100644, size=0)
    image.content(300, bytes(512 * 500))
    for number in range(301, 801):
        image.header(number, HARD_LINK, 1, b"name%d" % number, equivalent=300)
    tags = Yaffs2._tags
    read: list[int] = []
    monkeypatch.setattr(Yaffs2, "_tags", lambda self, key: read.append(key) or tags(self, key))
    tree = opened(bytes(image.data))
    assert {entry.size for entry in tree.entries()} == {512 * 500}
    assert len(read) == 500


def test_a_folder_in_itself_is_never_listed_and_a_hard_link_to_a_link_is_told() -> None:
    image = small()
    image.header(300, FOLDER, 301, b"a", mode=0o40755)
    image.header(301, FOLDER, 300, b"b", mode=0o40755)
    image.header(302, HARD_LINK, 1, b"c", equivalent=303)
    image.header(303, HARD_LINK, 1, b"d", equivalent=302)
    tree = opened(bytes(image.data))
    assert list(tree.entries()) == []
    assert "2 names stand in folders" in tree.problems[-1]
    assert len(tree.problems) == 3


def test_a_file_of_impossible_size_is_told() -> None:
    image = small()
    image.header(300, FILE, 1, b"a", mode=0o100644, size=0)
    at = len(image.data) - 2112 + 496
    image.data[at : at + 4] = b"\xff\xff\xff\x00"
    assert "more than chunks can be numbered" in opened(bytes(image.data)).problems[0]


def test_it_ends_before_something_else_and_before_another_one() -> None:
    image = small()
    image.header(300, FILE, 1, b"a", mode=0o100644, size=1)
    image.content(300, b"a")
    data = bytes(image.data)
    other = b"something else " * (GAP // 8)
    assert FORMAT.end is not None
    assert FORMAT.end(Bytes(data + other), Budget()) == len(data)
    assert opened(data + other).problems == (f"what follows from {len(data):#x} on is no yaffs2 and was not read",)
    twice = data + b"\xff" * 2112 * 64 + data
    found = list(carve.carve(Bytes(twice), Budget()))
    assert [(one.offset, one.size) for one in found] == [(0, len(data)), (len(data) + 2112 * 64, len(data))]


def test_two_chunks_among_other_bytes_are_none() -> None:
    image = Image()
    image.root()
    image.header(257, FOLDER, 1, b"etc", mode=0o40755)
    few = bytes(image.data)
    assert FORMAT.measure(Bytes(few))
    assert FORMAT.measure(Bytes(few + b"other bytes" * 2000)) is None


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, b"\x09"),
        (4, b"\x02"),
        (268, b"\0\0\0\0"),
        (10, b"x"),
        (10, b"\xff"),
        (270, b"\x01"),
        (2048, b"\0\0\0\0"),
        (2048, b"\xff\xff\xff\xff"),
        (2052, b"\0\0\0\0"),
        (2056, b"\x01"),
    ],
)
def test_a_first_header_that_contradicts_itself_is_none(at: int, value: bytes) -> None:
    image = small()
    image.data[at : at + len(value)] = value
    assert FORMAT.measure(Bytes(bytes(image.data))) is None
    with pytest.raises(Damaged):
        opened(bytes(image.data))


def test_too_many_entries_end_it(root: list[Any]) -> None:
    with pytest.raises(BudgetExceeded):
        FORMAT.open(Bytes(written(fit(root, 2048), Image())), Budget(Limits(entries=100)))


def test_what_is_no_file_is_not_read() -> None:
    tree = opened(bytes(small().data))
    with pytest.raises(Unavailable):
        next(tree.chunks(Entry("nothing", Kind.FILE)))


def test_mutations_end_in_words(root: list[Any], exercise: Callable[..., str], mutations: Callable[..., Any]) -> None:
    items = [item for item in fit(root, 2048) if len(item.content) < 6000][:60]
    data = written(items, Image())
    regions = [
        (chunk * 2112 + start, chunk * 2112 + end) for chunk in range(60) for start, end in ((0, 512), (2048, 2064))
    ]
    ends = [exercise(FORMAT, hurt) for hurt in mutations(data, regions, 300)]
    assert ends.count("partly") > 50
    for step in range(30):
        exercise(FORMAT, data[: len(data) * step // 30])
