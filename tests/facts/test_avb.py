"""Android's vbmeta on a whole disk: what they cover, which chains lead to them, what of it holds."""

import hashlib
from pathlib import Path

import avb_disk
import pytest
import vbmeta_writer as writer
from avb_disk import Board
from efi_disk import collected
from mutated import mutated

from firmward.cli.verdicts import all_parts
from firmward.facts import avb
from firmward.facts.avb import Avb, FoundVbmeta, Standing
from firmward.facts.collection import Collection
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.verity import Verity
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.model.memory import MemoryTree
from firmward.model.parts import OpenPart, Parts
from firmward.model.report import Part


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("avb")


@pytest.fixture(scope="module")
def board(folder: Path) -> Board:
    root = folder / "root"
    for path, text in {"etc/passwd": "root:x:0:0:::/bin/sh\n", "usr/bin/x": "x", "bin/sh": "x" * 9000}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return avb_disk.made(folder, root)


@pytest.fixture(scope="module")
def key(folder: Path) -> Path:
    return writer.make_key(folder, 2048)


def found(partitions: dict[str, bytes], folder: Path) -> Avb:
    told = collected(avb_disk.disk(folder, partitions)).get(Avb)
    assert isinstance(told, Avb), told
    return told


def of(told: Avb, partition: str) -> FoundVbmeta:
    (one,) = (each for each in told.found if each.partition == partition)
    return one


def verity(partitions: dict[str, bytes], folder: Path) -> Verity:
    parts = Parts("image/system_a", all_parts(open_image(avb_disk.disk(folder, partitions))))
    tree = parts.own.tree
    told = Collection(tree or MemoryTree({}), parts=parts).get(Verity)
    assert isinstance(told, Verity), told
    return told


def test_a_vbmeta_covers_the_partitions_of_its_slot(board: Board, key: Path, folder: Path) -> None:
    vbmeta = writer.vbmeta([*board.hashes, board.hashtree, board.line], 1, key, rollback=7)
    told = found(avb_disk.contents(board, vbmeta), folder)
    assert told.unread == ()
    first = of(told, "vbmeta")
    assert (first.slot, first.standing, first.algorithm, first.rollback_index) == (
        "_a",
        Standing.SIGNED,
        "SHA256_RSA2048",
        7,
    )
    assert first.key == hashlib.sha256(writer.public_key(key)).hexdigest()
    assert (first.test_key, first.hashtree_disabled, first.verification_disabled) == (None, False, False)
    covered = [(one.partition, one.is_tree, one.at and one.at.part, one.holds) for one in first.covered]
    assert covered == [
        ("boot", False, "image/boot_a", True),
        ("dtbo", False, "image/dtbo_a", True),
        ("system", True, "image/system_a", True),
    ]
    assert first.covered[2].digest == board.root_hash.hex()
    assert board.root_hash.hex() in first.command_lines[0]
    behind = [one.standing for one in told.found if one.partition != "vbmeta"]
    assert behind == [Standing.UNCHAINED, Standing.UNCHAINED]


@pytest.mark.parametrize("name", ["boot_a", "dtbo_a", "system_a"])
def test_a_partition_that_was_changed_does_not_hold(name: str, board: Board, key: Path, folder: Path) -> None:
    vbmeta = writer.vbmeta([*board.hashes, board.hashtree], 1, key)
    partitions = avb_disk.contents(board, vbmeta)
    changed = bytearray(partitions[name])
    changed[60] ^= 1
    first = of(found(partitions | {name: bytes(changed)}, folder), "vbmeta")
    assert {f"{one.partition}_a": one.holds for one in first.covered if not one.holds} == {name: False}


def test_a_partition_that_is_not_in_the_image_is_not_compared(board: Board, key: Path, folder: Path) -> None:
    vbmeta = writer.vbmeta([writer.hashed(b"modem", b"x", b"")], 1, key)
    (one,) = of(found(avb_disk.contents(board, vbmeta), folder), "vbmeta").covered
    assert (one.at, one.is_compared, one.holds) == (None, False, None)


@pytest.mark.parametrize(
    ("algorithm", "flags", "standing", "in_force"),
    [
        (1, 0, Standing.SIGNED, True),
        (1, 1, Standing.SIGNED, False),
        (1, 2, Standing.DISABLED, False),
        (1, 3, Standing.DISABLED, False),
        (0, 0, Standing.UNSIGNED, False),
    ],
)
def test_what_a_vbmeta_is_worth_and_whether_its_tree_is_in_force(
    algorithm: int, flags: int, standing: Standing, in_force: bool, board: Board, key: Path, folder: Path
) -> None:
    vbmeta = writer.vbmeta([board.hashtree], algorithm, key if algorithm else None, flags=flags)
    partitions = avb_disk.contents(board, vbmeta)
    assert of(found(partitions, folder), "vbmeta").standing is standing
    assert verity(partitions, folder).in_force is in_force


def test_a_vbmeta_that_was_changed_is_broken(board: Board, key: Path, folder: Path) -> None:
    vbmeta = bytearray(writer.vbmeta([board.hashtree], 1, key, rollback=3))
    vbmeta[119] ^= 1
    partitions = avb_disk.contents(board, bytes(vbmeta))
    first = of(found(partitions, folder), "vbmeta")
    assert (first.standing, first.why) == (Standing.BROKEN, "header and auxiliary block are not what their hash says")
    assert not verity(partitions, folder).in_force


@pytest.mark.parametrize(
    ("chained", "flags", "standing", "in_force"),
    [
        ("own", 0, Standing.SIGNED, True),
        ("own", 1, Standing.SIGNED, False),
        ("own", 2, Standing.DISABLED, False),
        ("other", 0, Standing.BROKEN, False),
        ("none", 0, Standing.UNCHAINED, False),
    ],
)
def test_a_chain_leads_to_the_key_that_it_names(
    chained: str, flags: int, standing: Standing, in_force: bool, board: Board, key: Path, folder: Path
) -> None:
    other = writer.make_key(folder, 4096)
    named = {"own": key, "other": other}.get(chained)
    links = [writer.chain(b"system", 1, writer.public_key(named))] if named else []
    system = writer.vbmeta([board.hashtree], 1, key)
    partitions = avb_disk.contents(board, writer.vbmeta(links, 2, other, flags=flags), system=system)
    told = found(partitions, folder)
    assert of(told, "system").standing is standing
    assert len(of(told, "vbmeta").chained) == len(links)
    assert verity(partitions, folder).in_force is in_force


def test_a_partition_alone_leaves_open_what_leads_to_it(board: Board, key: Path, folder: Path) -> None:
    whole = avb_disk.contents(board, b"", system=writer.vbmeta([board.hashtree], 1, key))["system_a"]
    (folder / "system.img").write_bytes(whole)
    told = collected(folder / "system.img").get(Avb)
    assert isinstance(told, Avb)
    assert [one.standing for one in told.found] == [Standing.UNKNOWN]


def test_what_a_vbmeta_adds_to_the_command_line_is_given_by_its_flags(board: Board, key: Path, folder: Path) -> None:
    for flags, words in ((0, ["dm", "root"]), (1, ["off"]), (2, [])):
        added = [board.line, writer.command_line(b"off", 2)]
        vbmeta = writer.vbmeta([board.hashtree, *added], 1, key, flags=flags)
        path = avb_disk.disk(folder, avb_disk.contents(board, vbmeta))
        lines = collected(path).get(KernelCommandLine)
        assert isinstance(lines, KernelCommandLine)
        of_vbmeta = [line for line in lines.lines if line.at.part == "image/vbmeta_a"]
        assert [word.name for line in of_vbmeta for word in line.arguments] == words
        assert not any(line.is_whole for line in of_vbmeta)


def test_a_key_that_everybody_has_is_named_in_the_evidence(
    board: Board, key: Path, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    digest = hashlib.sha1(writer.public_key(key)).hexdigest()
    monkeypatch.setattr(avb, "TEST_KEYS", {digest: "AOSP's testkey_rsa2048"})
    first = of(found(avb_disk.contents(board, writer.vbmeta([], 1, key)), folder), "vbmeta")
    assert "AOSP's testkey_rsa2048" in first.evidence


@pytest.mark.parametrize("size", [0, 4, 100, 255, 300])
def test_one_that_is_cut_off_is_told(size: int, key: Path) -> None:
    data = writer.vbmeta([], 1, key)[:size]
    part = OpenPart(Part("image/vbmeta_a", "vbmeta", "image"), Bytes(data))
    told = avb.collect(Parts("image", {"image/vbmeta_a": part}))
    assert told is not None
    assert (told.found, len(told.unread)) == ((), 1)


def test_damage_is_told_and_raises_nothing(board: Board, key: Path) -> None:
    """Sizes that no medium has end at the bytes that are there."""
    vbmeta = writer.vbmeta([*board.hashes, board.hashtree, board.line, writer.chain(b"x", 1, bytes(64))], 1, key)
    system = OpenPart(Part("image/system_a", "squashfs", "image"), Bytes(board.system + board.tree))
    for damaged in mutated(vbmeta, 300, span=1200):
        part = OpenPart(Part("image/vbmeta_a", "vbmeta", "image"), Bytes(damaged))
        told = avb.collect(Parts("image/system_a", {"image/vbmeta_a": part, "image/system_a": system}))
        assert told is not None
        assert told.found or told.unread
