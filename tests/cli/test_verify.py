"""`firmward verify`, and what the lab does with a folder that somebody else has made: nothing is believed before its
signature, and no name leads out of the folder."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import signed_camera
from built_device import small_build
from command import Firmward
from played_qemu import play

from firmward.build import built, statement
from firmward.model.errors import InputError
from firmward.signing.key_store import KeyStore
from firmward.signing.role import Role


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signed_camera.store(tmp_path_factory.mktemp("store") / "keys")


@pytest.fixture
def out(tmp_path: Path, store: Path) -> Path:
    """A small build, signed as a large one is."""
    folder = small_build(tmp_path / "out")
    statement.write(folder, signed_camera.keys(store).witnesses)
    return folder


def test_a_build_that_is_as_it_was_signed_is_told_in_a_line(firmward: Firmward, out: Path, store: Path) -> None:
    called = firmward("verify", out, "--keys", store)
    assert (called.code, called.err) == (0, "")
    assert called.out == f"✓ {out}: camera 1.4.0 for qemu-arm64, 4 files as they were signed\n"


def test_who_verifies_needs_no_store(firmward: Firmward, out: Path, store: Path, tmp_path: Path) -> None:
    public = store / "public" / "rootfs-1.pem"
    assert firmward("verify", out, "--keys", tmp_path / "none", "--public-key", public).code == 0
    other = signed_camera.store(tmp_path / "other") / "public" / "rootfs-1.pem"
    called = firmward("verify", out, "--public-key", other)
    assert called.code == 1
    assert "0 of the keys that may sign it have, and 1 must" in called.out
    assert firmward("verify", out, "--public-key", public, "--public-key", other).code == 1


def grown(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"\0")


def as_link(path: Path) -> None:
    """The same bytes, but elsewhere."""
    elsewhere = path.parents[2] / f"elsewhere-{path.name}"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)


def marked_up(out: Path) -> None:
    folder = out / "["
    folder.mkdir()
    (folder / "b]\x1b[2J").write_text("x")


CHANGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "a byte more": (lambda out: grown(out / "boot/u-boot.bin"), "boot/u-boot.bin was changed"),
    "a file gone": (lambda out: (out / "slot/boot.fit").unlink(), "slot/boot.fit is gone"),
    "a file more": (lambda out: (out / "slot/more").write_text("x"), "slot/more was added"),
    "a link more": (lambda out: (out / "more").symlink_to("/etc/passwd"), "more was added"),
    "a pipe more": (lambda out: os.mkfifo(out / "pipe"), "pipe was added"),
    "a link for a file": (lambda out: as_link(out / "slot/boot.fit"), "slot/boot.fit was changed"),
    "a link for a folder": (lambda out: as_link(out / "slot"), "slot/boot.fit is gone"),
    "markup in a name": (marked_up, r"[/b]\x1b[2J was added"),
    "no statement": (lambda out: (out / statement.FILE).unlink(), "the build was not signed"),
    "an empty statement": (lambda out: (out / statement.FILE).write_text(""), "it is no signed statement"),
    "another record": (lambda out: changed(out, version="9.9.9"), "is not the record that was signed"),
}


def changed(out: Path, **values: object) -> None:
    path = out / built.FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_is_otherwise_is_told_and_gives_1(firmward: Firmward, out: Path, store: Path, name: str) -> None:
    change, words = CHANGES[name]
    change(out)
    called = firmward("verify", out, "--keys", store)
    assert called.code == 1, (called.out, called.err)
    assert words in called.out
    assert "\x1b" not in called.out


def test_what_the_makers_tool_leaves_in_its_folder_is_no_addition(out: Path, store: Path) -> None:
    made = built.read(out)
    (out / "rom").mkdir()
    (out / "rom/signed.imx").write_text("signed")
    assert list(statement.differences(out, made)) == ["rom/signed.imx was added"]
    (out / "rom/README.md").write_text("how it is signed")
    listed = (*made.files, built.File("rom/README.md", 16, built.digest(out / "rom/README.md")))
    changed(out, files=[{"path": one.path, "size": one.size, "sha256": one.sha256} for one in listed])
    assert list(statement.differences(out, built.read(out))) == []


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def linked(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


BROKEN: dict[str, tuple[Callable[[Path], object], str]] = {
    "no record": (lambda record: record.unlink(), "is no folder that `firmward build` has written"),
    "a record without end": (lambda record: linked(record, "/dev/zero"), "is a link; put the file itself there"),
    "a record elsewhere": (lambda record: linked(record, "device.toml"), "is no folder that|is a link"),
    "a pipe": (piped, "is no regular file"),
    "too large": (lambda record: record.write_bytes(b" " * (2 << 20)), "larger than 1048576 bytes"),
    "no JSON": (lambda record: record.write_bytes(b"\xff{"), "cannot be read"),
    "too deep": (lambda record: record.write_text("[" * 100_000), "cannot be read"),
    "no table": (lambda record: record.write_text("[]"), "is not of schema firmward.build/1"),
    "another schema": (lambda record: changed(record.parent, schema="firmward.build/2"), "is not of schema"),
    "a wrong type": (lambda record: changed(record.parent, epoch="now"), "epoch: expected a whole number"),
    "a truth": (lambda record: changed(record.parent, epoch=True), "epoch: expected a whole number"),
    "nothing": (lambda record: changed(record.parent, board=None), "board: expected a text"),
    "a key more": (lambda record: changed(record.parent, more=1), "more: unknown key"),
    "a list in it": (lambda record: changed(record.parent, partitions=[1]), "expected a table"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_record_that_cannot_be_read_is_one_line(firmward: Firmward, out: Path, store: Path, name: str) -> None:
    import re

    change, words = BROKEN[name]
    change(out / built.FILE)
    for command in (("verify", out, "--keys", store), ("lab", "boot", out)):
        called = firmward(*command)
        assert called.code == 2, (called.out, called.err)
        assert len(called.err.splitlines()) == 1
        assert re.search(words, called.err)


def test_a_key_that_is_none_is_told(firmward: Firmward, out: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pem")
    for name, words in {"/dev/zero": "is no regular file", str(tmp_path / "pipe.pem"): "is no regular file"}.items():
        called = firmward("verify", out, "--public-key", name)
        assert called.code == 2
        assert words in called.err


@pytest.mark.parametrize("name", ["disk.img", "boot/u-boot.bin", "boot/control.dtb", "boot"])
def test_the_lab_starts_nothing_from_outside_the_folder(
    firmward: Firmward, out: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    (out.parent / "far").mkdir()
    elsewhere = out.parent / "far" / "secret"
    (out / name).rename(elsewhere)
    (out / name).symlink_to(elsewhere)
    monkeypatch.setenv("PATH", str(play(out.parent / "programs", "open(sys.argv[0] + '.started', 'w')")))
    for rest in ((), ("--as-is",)):
        called = firmward("lab", "boot", out, *rest)
        assert called.code == 2
        assert "is no regular file in that folder" in called.err
    assert [path.name for path in (out.parent / "programs").iterdir()] == ["qemu-system-aarch64"]


def test_a_device_writes_nowhere_else(firmward: Firmward, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = out.parent / "kept"
    kept.mkdir()
    (out.parent / "thesis").write_text("mine")
    (kept / "disk.img").symlink_to(out.parent / "thesis")
    monkeypatch.setenv("PATH", str(play(out.parent / "programs", "say('U-Boot 2023.01')")))
    called = firmward("lab", "boot", out, "--keep", kept)
    assert called.code == 2
    assert "disk.img: is a link" in called.err
    assert (out.parent / "thesis").read_text() == "mine"


HOSTILE = ({"board": "[/b]"}, {"board": "../../x"}, {"board": "qemu_arm64"}, {"board": "x\x1b[2J"})


@pytest.mark.parametrize("values", HOSTILE, ids=[repr(one["board"]) for one in HOSTILE])
def test_a_board_is_looked_for_by_its_whole_name(firmward: Firmward, out: Path, values: dict[str, str]) -> None:
    changed(out, **values)
    for command in (("lab", "boot", out, "--as-is"), ("lab", "shell", out, "--as-is")):
        called = firmward(*command)
        assert called.code == 2
        assert "no virtual device plays this board" in called.err
        assert "\x1b" not in called.err


def test_a_name_moves_no_cursor(firmward: Firmward, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    changed(out, product="\x1b[2J[/bold]", version="1\n2\ud800")
    monkeypatch.setenv("PATH", str(play(out.parent / "programs", "say('U-Boot 2023.01')\ntime.sleep(60)")))
    called = firmward("lab", "boot", out, "--as-is", "--seconds", "1")
    assert called.code == 1, called.err
    assert called.out.startswith("?[2J[/bold] 1?2? on a virtual qemu-arm64")
    assert "\x1b" not in called.out


@pytest.mark.parametrize(("start", "size"), [(-1, 4096), (1 << 62, 4096), (0, 1 << 62), (0, -(1 << 62))])
def test_a_partition_has_to_lie_on_the_disk(firmward: Firmward, out: Path, start: int, size: int) -> None:
    partitions = json.loads((out / built.FILE).read_text())["partitions"]
    changed(out, partitions=[{**one, "start": start, "size": size} for one in partitions])
    called = firmward("lab", "boot", out, "--as-is", "--seconds", "1")
    assert called.code == 2
    assert "does not lie on the disk" in called.err


def test_an_older_record_signed_by_the_same_key_is_found_out(out: Path, store: Path, tmp_path: Path) -> None:
    older = tmp_path / "older"
    shutil.copytree(out, older)
    changed(older, version="1.3.0")
    statement.write(older, signed_camera.keys(store).witnesses)
    shutil.copy(older / statement.FILE, out / statement.FILE)
    keys = KeyStore.open(store).public(Role.ROOTFS)
    with pytest.raises(Exception, match="is not the record that was signed"):
        statement.read(out, keys, 1)
    with pytest.raises(InputError, match="is no folder that"):
        statement.read(tmp_path, keys, 1)
