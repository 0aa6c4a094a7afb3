import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmward.image.budget import Budget, BudgetExceeded, Damaged, Limits
from firmward.image.filesystem.fat import FORMAT, FatTree
from firmward.image.source import Bytes
from firmward.model.facts import Unavailable
from firmward.model.tree import Kind

SHAPES = (
    "-F 12 -C 2048",
    "-F 12 -s 1 -C 1440",
    "-F 12 -S 4096 -C 8192",
    "-F 16 -C 16384",
    "-F 16 -s 2 -f 1 -C 20480",
    "-F 16 -s 16 -C 65536",
    "-F 32 -C 40000",
    "-F 32 -s 1 -R 64 -C 40000",
)

CONTENTS = {
    "UPPER.TXT": b"short name",
    "lower.txt": b"short name in lower case",
    "Mixed.Case": b"a long name for its case",
    "no suffix": b"x",
    "config.txt": b"dtparam=audio=on\n" * 50,
    "a long name with many letters that needs several slots.device-tree-blob": bytes(range(256)) * 40,
    "gr\u00fc\u00dfe \u4f60\u597d.txt": b"not ASCII",
    "n" * 255: b"the longest name",
    "empty": b"",
    "folder/inner/deep.bin": b"\xe5" * 70_000,
    "folder/overlays/one.dtbo": b"\xd0\x0d\xfe\xed" * 300,
    "kernel8.img": bytes((number * 7) & 0xFF for number in range(300_001)),
    **{f"many/file number {number:03}": b"%d" % number for number in range(120)},
}


@pytest.fixture(scope="module")
def make(run: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    base = tmp_path_factory.mktemp("fat")
    folder = base / "root"
    for name, content in CONTENTS.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    (folder / "void").mkdir()

    def make_image(*options: str) -> bytes:
        image = base / "image"
        image.unlink(missing_ok=True)
        run("mkfs.fat", "-n", "BOOT", *options[:-1], image, options[-1])
        run("mcopy", "-s", "-i", image, *sorted(folder.iterdir()), "::/")
        run("mattrib", "+r", "-i", image, "::/config.txt")
        run("mcopy", "-i", image, folder / "empty", "::/gone and forgotten")
        run("mdel", "-i", image, "::/gone and forgotten")
        return image.read_bytes()

    return make_image


@pytest.fixture(scope="module")
def plain(make: Callable[..., bytes]) -> bytes:
    return make("-F", "12", "-C", "1024")


def opened(data: bytes) -> FatTree:
    tree = FORMAT.open(Bytes(data), Budget())
    assert isinstance(tree, FatTree)
    return tree


@pytest.mark.parametrize("options", SHAPES)
def test_what_went_in_comes_out(options: str, make: Callable[..., bytes]) -> None:
    image = make(*options.split())
    assert FORMAT.measure(Bytes(image + bytes(100))) == len(image)
    tree = opened(image)
    assert tree.problems == ()
    assert (tree.geometry.bits, tree.geometry.label) == (int(options.split()[1]), "BOOT")
    folders = {"folder", "folder/inner", "folder/overlays", "many", "void"}
    assert {entry.path for entry in tree.entries()} == set(CONTENTS) | folders
    for entry in tree.entries():
        assert (entry.uid, entry.gid) == (0, 0)
        assert entry.mtime > 1_500_000_000
        if entry.path in folders:
            assert (entry.kind, entry.mode, entry.size) == (Kind.DIRECTORY, 0o755, 0)
        else:
            content = b"".join(tree.chunks(entry))
            assert content == CONTENTS[entry.path], entry.path
            mode = 0o555 if entry.path == "config.txt" else 0o755
            assert (entry.kind, entry.mode, entry.size) == (Kind.FILE, mode, len(content))


def test_a_file_in_pieces_over_the_disk(run: Callable[..., str], work: Path) -> None:
    image = work / "image"
    run("mkfs.fat", "-F", "16", "-s", "1", "-C", image, "16384")
    for number in range(40):
        (work / f"{number}").write_bytes(bytes([number]) * 600)
        run("mcopy", "-i", image, work / f"{number}", "::/")
    run("mdel", "-i", image, *(f"::/{number}" for number in range(0, 40, 2)))
    large = bytes(range(251)) * 400
    (work / "large").write_bytes(large)
    run("mcopy", "-i", image, work / "large", "::/")
    assert opened(image.read_bytes()).read("large") == large


def test_mdir_lists_the_same(plain: bytes, run: Callable[..., str], work: Path) -> None:
    image = work / "image"
    image.write_bytes(plain)
    listed = {line.removeprefix("::/").rstrip("/") for line in run("mdir", "-/", "-b", "-i", image, "::").splitlines()}
    assert {entry.path for entry in opened(plain).entries() if entry.path.isascii()} == {
        path for path in listed if path.isascii() and "?" not in path and "_" not in path
    }


@pytest.mark.parametrize(
    ("at", "value"),
    [
        (0, b"\0"),
        (2, b"\0"),
        (11, b"\x01\x02"),
        (13, b"\x03"),
        (14, b"\0\0"),
        (16, b"\0"),
        (16, b"\x09"),
        (17, b"\x01\0"),
        (19, b"\x05\0"),
        (21, b"\x12"),
        (22, b"\x01\0"),
        (22, b"\0\0"),
        (510, b"\0\0"),
    ],
)
def test_a_boot_sector_that_contradicts_itself_is_none(plain: bytes, at: int, value: bytes) -> None:
    data = bytearray(plain)
    data[at : at + len(value)] = value
    assert FORMAT.measure(Bytes(bytes(data))) is None
    with pytest.raises(Damaged):
        opened(bytes(data))


def test_a_table_that_does_not_repeat_the_media_byte_is_none(plain: bytes) -> None:
    data = bytearray(plain)
    data[opened(plain).geometry.table] = 0xAB
    assert FORMAT.measure(Bytes(bytes(data))) is None


def test_a_partition_table_is_no_fat() -> None:
    sector = bytearray(512)
    sector[0:3] = b"\xeb\x63\x90"
    sector[446:462] = bytes.fromhex("80202100 0c feffff 00080000 00000800".replace(" ", ""))
    sector[510:512] = b"\x55\xaa"
    assert FORMAT.measure(Bytes(bytes(sector) * 4)) is None


def test_a_chain_in_a_circle_ends(plain: bytes) -> None:
    """What turns back to its first cluster is unreadable; a folder that does so is listed as far as it goes."""
    tree = opened(plain)
    data = bytearray(plain)
    for path in ("kernel8.img", "many"):
        cluster = tree._references[path].cluster
        at = tree.geometry.table + cluster * 12 // 8
        old = int.from_bytes(data[at : at + 2], "little")
        new = old & 0x000F | cluster << 4 if cluster & 1 else old & 0xF000 | cluster
        data[at : at + 2] = struct.pack("<H", new)
    hurt = opened(bytes(data))
    assert hurt.problems == ("many cannot be listed in full: a chain of clusters runs in a circle",)
    assert 0 < len(hurt.names("many")) < 120
    with pytest.raises(Unavailable, match="circle"):
        hurt.read("kernel8.img")
    assert hurt.read("lower.txt") == CONTENTS["lower.txt"]


def test_a_file_without_clusters_is_unreadable(plain: bytes) -> None:
    data = bytearray(plain)
    at = data.index(b"UPPER   TXT")
    data[at + 26 : at + 28] = b"\0\0"
    tree = opened(bytes(data))
    with pytest.raises(Unavailable, match="cluster 0"):
        tree.read("UPPER.TXT")


def test_a_folder_in_itself_is_listed_once(plain: bytes) -> None:
    tree = opened(plain)
    data = bytearray(plain)
    at = data.index(b"INNER      \x10")
    data[at + 26 : at + 28] = struct.pack("<H", tree._references["folder"].cluster)
    hurt = opened(bytes(data))
    assert hurt.problems == ("folder/inner is a folder that stands elsewhere too",)
    assert hurt.names("folder") == ("overlays",)


def test_too_many_entries_end_it(plain: bytes) -> None:
    with pytest.raises(BudgetExceeded):
        FORMAT.open(Bytes(plain), Budget(Limits(entries=100)))


def test_every_cut_ends_in_words(plain: bytes, exercise: Callable[..., str]) -> None:
    ends = {exercise(FORMAT, plain[: len(plain) * step // 50]) for step in range(50)}
    assert ends >= {"Damaged", "partly"}


def test_mutations_end_in_words(plain: bytes, exercise: Callable[..., str], mutations: Callable[..., Any]) -> None:
    geometry = opened(plain).geometry
    regions = [(0, 64), (geometry.table, geometry.table + 1200), (geometry.root, geometry.root + 2000)]
    regions += [(geometry.table, geometry.table + 1200), (geometry.data, geometry.data + 4000)]
    ends = [exercise(FORMAT, data) for data in mutations(plain, regions, 300)]
    assert ends.count("partly") > 50
    assert ends.count("Damaged") > 20
