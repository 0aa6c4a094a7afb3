"""Hash trees of dm-verity as veritysetup makes them."""

import re
import struct
import subprocess
from pathlib import Path

import pytest

from firmward.formats import verity
from firmward.formats.malformed import Malformed

SHAPES = [
    ("sha256", 4096, 4096, 300, 1, "00ff10"),
    ("sha256", 4096, 4096, 1, 1, "-"),
    ("sha256", 1024, 4096, 129, 1, "ab" * 32),
    ("sha512", 4096, 1024, 70, 1, "aa"),
    ("sha1", 4096, 4096, 400, 1, "-"),
    ("sha1", 512, 512, 900, 0, "77"),
    ("sha256", 4096, 4096, 17000, 0, "77"),
]


def made(folder: Path, shape: tuple[str, int, int, int, int, str]) -> tuple[bytes, bytes, str]:
    """Data, hash device and root hash."""
    algorithm, data_block, hash_block, blocks, kind, salt = shape
    data = b"".join(number.to_bytes(8, "little") * (data_block // 8) for number in range(blocks))
    (folder / "data").write_bytes(data)
    (folder / "tree").write_bytes(b"")
    command = ["veritysetup", "format", f"--hash={algorithm}", f"--data-block-size={data_block}", f"--salt={salt}"]
    command += [f"--hash-block-size={hash_block}", f"--format={kind}", str(folder / "data"), str(folder / "tree")]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Root hash:\s+([0-9a-f]+)", said)
    assert found is not None
    return data, (folder / "tree").read_bytes(), found[1]


def reader(data: bytes, start: int = 0) -> verity.Read:
    return lambda offset, length: data[start + offset : start + offset + length]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape)))
def test_the_root_hash_is_that_of_veritysetup(shape: tuple[str, int, int, int, int, str], tmp_path: Path) -> None:
    data, tree, root_hash = made(tmp_path, shape)
    parsed = verity.parse_superblock(tree)
    assert (parsed.data_block, parsed.hash_block, parsed.data_blocks, parsed.format) == (*shape[1:4], shape[4])
    assert len(tree) == parsed.hash_block + parsed.tree_size
    assert verity.compute(parsed, reader(data), reader(tree, parsed.hash_block)) == verity.Computed(root_hash)


@pytest.mark.parametrize("place", [0, 4096 * 150 + 7, 4096 * 299 + 4095])
def test_a_changed_byte_is_found_where_it_is(place: int, tmp_path: Path) -> None:
    data, tree, root_hash = made(tmp_path, SHAPES[0])
    changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
    parsed = verity.parse_superblock(tree)
    found = verity.compute(parsed, reader(changed), reader(tree, 4096))
    assert found.root_hash == root_hash
    assert (found.differs or "").startswith(f"data block {place // 4096},")
    assert verity.covers_start(parsed, reader(changed), reader(tree, 4096)) is (place >= 4096)


def test_a_tree_that_was_made_anew_in_part_is_found(tmp_path: Path) -> None:
    """The digest of a changed block was put into the lowest level, the level above was not."""
    data, tree, _ = made(tmp_path, SHAPES[0])
    parsed = verity.parse_superblock(tree)
    changed = b"\xff" * 4096 + data[4096:]
    forged = bytearray(tree)
    forged[2 * 4096 : 2 * 4096 + 32] = parsed.digest(changed[:4096])
    found = verity.compute(parsed, reader(changed), reader(bytes(forged), 4096))
    assert (found.differs or "").startswith("hash block 0,")


def test_what_is_cut_off_is_told(tmp_path: Path) -> None:
    data, tree, _ = made(tmp_path, SHAPES[0])
    parsed = verity.parse_superblock(tree)
    with pytest.raises(Malformed, match="cut off"):
        verity.compute(parsed, reader(data[:-1]), reader(tree, 4096))


SUPERBLOCK = ("<8sII16s32sIIQH6x256s168x", b"verity\0\0", 1, 1, b"", b"sha256", 4096, 4096, 10, 2, b"\xaa\xbb")


@pytest.mark.parametrize(
    ("place", "value"),
    [(1, b"VERITY"), (2, 2), (3, 2), (5, b"md4"), (6, 0), (7, 4097), (8, 0), (8, 1 << 62), (9, 257)],
)
def test_superblocks_that_cannot_be_are_refused(place: int, value: int | bytes) -> None:
    assert verity.parse_superblock(struct.pack(*SUPERBLOCK)).salt == b"\xaa\xbb"
    with pytest.raises(Malformed):
        verity.parse_superblock(struct.pack(*SUPERBLOCK[:place], value, *SUPERBLOCK[place + 1 :]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 /dev/a /dev/b 4096 4096 10 11 sha256 aa",
        "1 /dev/a /dev/b 4096 4096 10 11 md4 aa -",
        "1 /dev/a /dev/b 4096 4095 10 11 sha256 aa -",
        "1 /dev/a /dev/b 4096 4096 0 11 sha256 aa -",
        "1 /dev/a /dev/b 4096 4096 99999999999999999999999 11 sha256 aa -",
        "1 /dev/a /dev/b 4096 4096 99999999999999999 11 sha256 aa -",
        "1 /dev/a /dev/b 0 4096 10 11 sha256 aa -",
        "1 /dev/a /dev/b 4096 4096 10 11 sha256 aa 0",
        "2 /dev/a /dev/b 4096 4096 10 11 sha256 aa -",
        "1 /dev/a /dev/b 4096 4096 10 11 sha256 zz -",
        "² /dev/a /dev/b 4096 4096 10 11 sha256 aa -",
    ],
)
def test_tables_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(Malformed):
        verity.parse_table(text)


def test_a_table_tells_all() -> None:
    table = verity.parse_table("1 /dev/sda2 /dev/sda2 4096 4096 300 301 sha256 AB12 00ff 1 ignore_corruption")
    assert (table.data_device, table.hash_start, table.root_hash) == ("/dev/sda2", 301, "ab12")
    assert table.shape.salt == b"\0\xff"
    assert table.options == ("ignore_corruption",)


TABLE = "1 /dev/sda2 /dev/sda3 4096 4096 300 0 sha256 ab12 00ff"


def test_error_correction_and_the_signature_of_the_root_hash_are_told() -> None:
    words = "9 use_fec_from_device /dev/sda3 fec_roots 2 fec_blocks 310 fec_start 310 root_hash_sig_key_desc"
    table = verity.parse_table(f"{TABLE} {words} maker:root")
    assert table.correction == verity.Correction("/dev/sda3", 2, 310, 310)
    assert table.signature_key == "maker:root"
    bare = verity.parse_table(TABLE)
    assert (bare.correction, bare.signature_key) == (None, "")
    assert verity.parse_table(f"{TABLE} 1 use_fec_from_device").correction is None


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: "-".join(map(str, shape)))
def test_a_tree_without_a_superblock_is_told_by_its_command(
    shape: tuple[str, int, int, int, int, str], tmp_path: Path
) -> None:
    algorithm, data_block, hash_block, blocks, kind, salt = shape
    data = bytes(range(256)) * (data_block // 256 * blocks)
    start = -(-len(data) // hash_block) * hash_block
    (tmp_path / "image").write_bytes(data.ljust(start, b"\0"))
    settings = [f"--hash={algorithm}", f"--data-block-size={data_block}", "--hash-block-size", str(hash_block)]
    settings += [f"--format={kind}", f"--data-blocks={blocks}", f"--hash-offset={start}", "--no-superblock"]
    settings += [f"--salt={salt}"]
    command = ["veritysetup", "format", "image", "image", *settings]
    said = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Root hash:\s+([0-9a-f]+)", said)
    assert found is not None
    image = (tmp_path / "image").read_bytes()
    table = verity.parse_command(["open", "/dev/sda2", "root", "/dev/sda2", found[1], *settings])
    assert (table.data_device, table.hash_device, table.root_hash) == ("/dev/sda2", "/dev/sda2", found[1])
    tree = reader(image, table.hash_start * hash_block)
    assert verity.compute(table.shape, reader(image), tree) == verity.Computed(found[1])
    checked = ["veritysetup", "verify", "image", "image", found[1], *settings]
    assert subprocess.run(checked, cwd=tmp_path, capture_output=True).returncode == 0
    assert verity.parse_command(checked[1:]).shape == table.shape


def test_a_command_tells_signature_correction_and_what_happens() -> None:
    words = "open /dev/a root /dev/b ab12 --no-superblock --data-blocks=8 --fec-device /dev/c --fec-offset=40960"
    words += " --root-hash-signature=/etc/root.p7s --ignore-corruption"
    table = verity.parse_command(words.split())
    assert table.correction == verity.Correction("/dev/c", 2, 0, 10)
    assert table.signature_key == "/etc/root.p7s"
    assert "ignore_corruption" in table.options


@pytest.mark.parametrize(
    "words",
    [
        "",
        "open /dev/a root /dev/b ab12",
        "open /dev/a root /dev/b ab12 --no-superblock",
        "open /dev/a root /dev/b --no-superblock --data-blocks=8",
        "open /dev/a root /dev/b ab12 --no-superblock --data-blocks=8 --hash-offset=5",
        "open /dev/a root /dev/b ab12 --no-superblock --data-blocks=8 --hash-block-size=0",
        "open /dev/a root /dev/b $HASH --no-superblock --data-blocks=8",
        "format /dev/a /dev/b x y z --no-superblock --data-blocks=8",
    ],
)
def test_commands_that_leave_the_tree_open_are_refused(words: str) -> None:
    with pytest.raises(Malformed):
        verity.parse_command(words.split())


def test_words_that_hold_several_do_not_shift_the_table() -> None:
    words = ["open", "/dev/a", "root", "/dev/b", "ab12", "--no-superblock", "--data-blocks=8"]
    for place in (1, 3, 4):
        for odd in ("/dev/a 4096", "ab12 00ff", ""):
            with pytest.raises(Malformed):
                verity.parse_command([*words[:place], odd, *words[place + 1 :]])
