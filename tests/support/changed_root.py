"""A root with changes of every kind, and the record of them, as the command makes it."""

import os
from collections.abc import Callable
from pathlib import Path

from firmward.cli.harden_work import changes
from firmward.harden import manifest
from firmward.harden.draft import Draft
from firmward.model.finding import Severity
from firmward.model.hardening import Hardening
from firmward.model.memory import Content, MemoryTree, Node, executable, link
from firmward.model.report import Budget, Subject
from firmward.model.tree import Kind, Tree

FILES: dict[str, Content] = {
    "etc/passwd": "root:x:0:0::/root:/bin/sh\nguest::1:1::/:/bin/sh\n",
    "etc/shadow": Node("root:*:1::::::\n", 0o640),
    "etc/no-end": "a\nb",
    "etc/long": "".join(f"{number}\n" for number in range(60)),
    'etc/odd "näme"\t': "old\n",
    "etc/empty": "",
    "etc/motd": link("passwd"),
    "etc/app/a.conf": "a\n",
    "etc/app/b.conf": "b\n",
    "etc/app/link": link("../../../outside"),
    "usr/sbin/telnetd": executable(b"\x7fELF\0\1"),
    "usr/bin/tool": executable("#!/bin/sh\n"),
    "usr/lib/dir/inner/file": "x\n",
    "srv/dir": Node("", 0o777, kind=Kind.DIRECTORY),
}


def change(draft: Draft) -> None:
    """Something of every kind."""
    draft.write("etc/passwd", "root:x:0:0::/root:/bin/sh\n")
    draft.set_mode("etc/shadow", 0o600)
    draft.write("etc/no-end", "a\nc")
    draft.write("etc/long", "".join(f"{number}\n" for number in range(60) if number not in (3, 40)) + "end")
    draft.write('etc/odd "näme"\t', "new\n")
    draft.remove("etc/empty")
    draft.remove("etc/motd")
    draft.write("etc/motd", "hello\n")
    draft.remove("etc/app")
    draft.remove("usr/sbin/telnetd")
    draft.link("usr/sbin/telnetd", "true")
    draft.set_mode("usr/bin/tool", 0o644)
    draft.remove("usr/lib/dir")
    draft.write("usr/lib/dir", "now a file\n")
    draft.set_mode("srv/dir", 0o755)
    draft.write("srv/new/deep/file", "x\n", 0o600)
    draft.link("srv/new/link", "deep/file")


def drafted(make: Callable[[Draft], None] = change, below: Tree | None = None) -> Draft:
    draft = Draft(below or MemoryTree(FILES))
    make(draft)
    return draft


def hardening(draft: Draft) -> Hardening:
    none = tuple((severity, 0) for severity in Severity)
    subject = Subject("root", None, "image")
    return Hardening(subject, "image", none, none, (), (), (), 0, 0, 0, (), tuple(changes(draft)), (), Budget(True))


def record(draft: Draft) -> manifest.Manifest:
    """What is written of the changes, and read back."""
    return manifest.parse(manifest.render(hardening(draft), "overlay"), "manifest.json")


def lay(tree: Tree, place: Path, *, owners: bool = False) -> Path:
    """A tree as a folder on this machine, with its modes, and its owners where they are wanted."""
    place.mkdir(parents=True, exist_ok=True)
    entries = list(tree.entries())
    for entry in entries:
        path = place / entry.path
        if entry.kind is Kind.DIRECTORY:
            path.mkdir()
        elif entry.kind is Kind.SYMLINK:
            path.symlink_to(entry.target or "")
        elif entry.kind is Kind.FILE:
            path.write_bytes(b"".join(tree.chunks(entry)))
    for entry in reversed(entries):
        if owners:
            os.lchown(place / entry.path, entry.uid, entry.gid)
        if entry.kind in (Kind.FILE, Kind.DIRECTORY):
            (place / entry.path).chmod(entry.mode)
    return place


def seen(place: Path) -> dict[str, tuple[object, ...]]:
    """All that stands in a folder: kind, mode, owner, content or target."""
    found: dict[str, tuple[object, ...]] = {}
    for path in sorted(place.rglob("*")):
        status = path.lstat()
        holds = str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else ""
        found[str(path.relative_to(place))] = (oct(status.st_mode), status.st_uid, status.st_gid, holds)
    return found
