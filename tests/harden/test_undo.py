"""A hardened root is put back as it was, entry for entry, or not touched."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from changed_root import FILES, drafted, lay, record, seen

from firmward.harden import undo as module
from firmward.harden.manifest import Manifest
from firmward.harden.undo import undo
from firmward.model.errors import InputError
from firmward.model.folder import FolderTree
from firmward.model.memory import MemoryTree
from firmward.model.tree import Kind


class Case:
    """An original, its hardened copy, and what undo is given."""

    def __init__(self, folder: Path) -> None:
        self.original = lay(MemoryTree(FILES), folder / "original")
        draft = drafted(below=FolderTree(self.original))
        self.root = lay(draft, folder / "hardened")
        for entry in draft.entries():  # what the command does with owners
            if entry.kind is Kind.FILE:
                assert (self.root / entry.path).stat().st_size == entry.size
        self.manifest: Manifest = record(draft)
        self.kept = folder / "before"
        self.kept.mkdir()
        for path in self.original.rglob("*"):
            if path.is_file() and not path.is_symlink():
                content = path.read_bytes()
                (self.kept / hashlib.sha256(content).hexdigest()).write_bytes(content)

    def undo(self) -> int:
        return undo(self.manifest, self.kept, self.root)


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def test_every_entry_is_as_it_was(case: Case) -> None:
    assert seen(case.root) != seen(case.original)
    assert case.undo() == len(case.manifest.changed)
    assert seen(case.root) == seen(case.original)


def test_what_is_back_already_is_left_alone(case: Case) -> None:
    case.undo()
    assert case.undo() == 0
    assert seen(case.root) == seen(case.original)


Mishap = Callable[[Case], object]


@pytest.mark.parametrize(
    ("mishap", "words"),
    [
        (lambda case: (case.root / "etc/passwd").write_text("mine\n"), "etc/passwd: is not as hardening left it"),
        (lambda case: (case.root / "etc/shadow").chmod(0o644), "etc/shadow: is not as hardening left it"),
        (lambda case: (case.root / "etc/empty").write_text("x"), "etc/empty: is there again"),
        (lambda case: (case.root / "srv/new/deep/mine").write_text("x"), "srv/new/deep: holds mine by now"),
        (lambda case: (case.root / "usr/sbin/telnetd").unlink(), "usr/sbin/telnetd: is not as hardening left it"),
        (lambda case: [path.unlink() for path in case.kept.iterdir()], "is lost; nothing was changed"),
        (lambda case: [path.write_text("x") for path in case.kept.iterdir()], "nothing was changed"),
    ],
)
def test_what_somebody_changed_meanwhile_is_refused_and_nothing_is_touched(
    case: Case, mishap: Mishap, words: str
) -> None:
    mishap(case)
    before = seen(case.root)
    with pytest.raises(InputError, match=words) as told:
        case.undo()
    assert "\n" not in str(told.value)
    assert seen(case.root) == before


@pytest.mark.parametrize("step", range(0, 20, 3))
def test_what_was_interrupted_can_be_done_again(case: Case, step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """At whatever place it ends, no hidden file is left and a second attempt comes to the end."""
    calls = iter(range(1000))
    dress, put = module.dress, module._put

    def limited(real: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            if next(calls) >= step:
                raise OSError(28, "No space left on device")
            real(*arguments)

        return call

    monkeypatch.setattr(module, "dress", limited(dress))
    monkeypatch.setattr(module, "_put", limited(put))
    with pytest.raises(InputError, match="the disk is full"):
        case.undo()
    assert [path.name for path in case.root.rglob(".firmward*")] == []
    monkeypatch.undo()
    case.undo()
    assert seen(case.root) == seen(case.original)


def test_no_link_is_followed_out_of_the_root(case: Case, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (case.root / "srv" / "new").rename(outside)
    (case.root / "srv" / "new").symlink_to(outside)
    before = seen(outside)
    with pytest.raises(InputError, match="srv/new: is not as hardening left it"):
        case.undo()
    assert seen(outside) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_owners_come_back(tmp_path: Path) -> None:
    original = lay(MemoryTree({"etc/app": "x\n"}), tmp_path / "original")
    os.chown(original / "etc/app", 7, 8)
    draft = drafted(lambda draft: draft.set_mode("etc/app", 0o600, 0, 0), FolderTree(original))
    root = lay(draft, tmp_path / "hardened")
    undo(record(draft), tmp_path, root)
    status = (root / "etc/app").stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o777) == (7, 8, 0o644)


def test_a_normal_user_is_told_what_only_root_gives_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = lay(MemoryTree({"etc/app": "x\n"}), tmp_path / "original")
    draft = drafted(lambda draft: draft.remove("etc/app"), FolderTree(original))
    root = lay(draft, tmp_path / "hardened")
    monkeypatch.setattr(os, "geteuid", lambda: 4711)
    (tmp_path / hashlib.sha256(b"x\n").hexdigest()).write_bytes(b"x\n")
    with pytest.raises(InputError, match="which only root can give back"):
        undo(record(draft), tmp_path, root)
    assert not (root / "etc/app").exists()
