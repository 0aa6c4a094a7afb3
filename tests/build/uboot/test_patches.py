"""What is mended in U-Boot's source: patches that go in as they stand, and a source in the cache that stays as it came.

What a FIT may have is asked of U-Boot's own fit_check_sign, which the build makes with the same patch.
"""

import struct
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from locked_board import MISSING, loader
from program import run_program
from real.roots import NoPackagesError

from firmward.build.uboot import patches
from firmward.formats import fdt_writer
from firmward.formats.device_tree import Node, Tree
from firmward.lab.attack.fit_nested_nodes import nested
from firmward.lab.means import fit_tree
from firmward.model.errors import ToolError

LINES = [f"line {number}" for number in range(12)]
CHANGE = """\
Say why.

--- a/file.c
+++ b/file.c
@@ -4,5 +4,5 @@
 line 3
 line 4
-line 5
+another
 line 6
 line 7
"""
REFUSED = "Bad FIT image format"
SOON = 10
"""Seconds, for all that a FIT within the bounds can ask of one that looks through it, on a busy machine."""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A source of one file, and one patch for it."""
    folder, own = tmp_path / "source", tmp_path / "patches"
    for made in (folder, own, folder / ".pc"):
        made.mkdir()
    (folder / "file.c").write_text("\n".join(LINES) + "\n")
    (own / "change.patch").write_text(CHANGE)
    monkeypatch.setattr(patches, "files", lambda _: own)
    return folder


def test_a_patch_goes_into_the_copy_alone(source: Path, tmp_path: Path) -> None:
    patches.patched(source, tmp_path / "copy")
    assert "another" in (tmp_path / "copy" / "file.c").read_text().splitlines()
    assert (source / "file.c").read_text().splitlines() == LINES
    assert [one.name for one in (tmp_path / "copy").iterdir()] == ["file.c"]


@pytest.mark.parametrize("line", [3, 5, 6])
def test_a_source_that_it_was_not_made_for_is_refused(source: Path, tmp_path: Path, line: int) -> None:
    (source / "file.c").write_text("\n".join([*LINES[:line], "other", *LINES[line + 1 :]]) + "\n")
    with pytest.raises(ToolError, match=r"this source of U-Boot does not take change\.patch"):
        patches.patched(source, tmp_path / "copy")


def test_every_patch_says_why_and_under_which_licence() -> None:
    assert list(patches.patches()) == ["fit-bounds.patch"]
    for text in patches.patches().values():
        head = text.partition("\n--- a/")[0]
        assert "SPDX-License-Identifier: GPL-2.0+" in head
        assert len(head.splitlines()) > 3


# ---------------------------------------------------------------------- what a FIT may have


@pytest.fixture(scope="module")
def check(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], str]:
    """What fit_check_sign says of an image, with a control tree that requires no key."""
    if MISSING:
        pytest.skip(f"{MISSING} missing")
    try:
        program = str(loader().fit_check_sign)
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")
    folder = tmp_path_factory.mktemp("check")
    image, control = folder / "image.fit", folder / "control.dtb"
    control.write_bytes(fdt_writer.write(Tree(Node(""))))

    def ask(made: bytes) -> str:
        image.write_bytes(made)
        begun = time.monotonic()
        done = run_program([program, "-f", str(image), "-k", str(control), "-c", "conf-a"])
        assert done.returncode >= 0, done
        assert time.monotonic() - begun < SOON
        return (done.stdout + done.stderr).decode()

    return ask


def text(value: str) -> bytes:
    return value.encode() + b"\0"


KERNEL = {
    "description": text("kernel"), "type": text("kernel"), "os": text("linux"), "arch": text("arm64"),
    "compression": text("none"), "load": struct.pack(">I", 0x40000000), "entry": struct.pack(">I", 0x40000000),
    "data": bytes(1 << 20),
}  # fmt: skip
ROOT = Node(
    "",
    {"description": text("test"), "timestamp": bytes(4)},
    (
        Node("images", {}, (Node("kernel", KERNEL),)),
        Node("configurations", {"default": text("conf-a")}, (Node("conf-a", {"kernel": text("kernel")}),)),
    ),
)
CONFIGURATION, IMAGE = ("configurations", "conf-a"), ("images", "kernel")


def made(root: Node = ROOT) -> bytes:
    return fdt_writer.write(Tree(root))


def with_value(path: tuple[str, ...], **values: bytes) -> bytes:
    return made(fit_tree.changed(ROOT, lambda node: fit_tree.with_properties(node, **values), *path))


def with_nodes(count: int, name: str = "n") -> bytes:
    more = tuple(Node(f"{name}{number}") for number in range(count))
    return made(fit_tree.changed(ROOT, lambda node: replace(node, children=(*node.children, *more)), "images"))


def with_version(version: int) -> bytes:
    found = bytearray(made())
    struct.pack_into(">I", found, 20, version)
    return bytes(found)


def many(count: int) -> dict[str, bytes]:
    return {f"p{number}": b"" for number in range(count)}


WITHIN = {
    "as it is": made(),
    "a MiB of an image": with_value(IMAGE, data=bytes(2 << 20)),
    "four levels more": nested(made(), 7),
    "many nodes": with_nodes(200),
    "all names are signed": with_value(CONFIGURATION, hashed_strings=struct.pack(">2I", 0, 90)),
    "a long value": with_value(CONFIGURATION, value=bytes(1024)),
    "many strings": with_value(CONFIGURATION, loadables=bytes(1024), standalone=bytes(1024), **many(80)),
}
BEYOND = {
    "nine levels": nested(made(), 8),
    "a hundred thousand levels": nested(made(), 100_000),
    "too many nodes": with_nodes(300),
    "a million nodes": with_nodes(1_000_000, ""),
    "too many properties": with_value(CONFIGURATION, **many(500)),
    "a long name of a node": with_nodes(1, "n" * 60),
    "a long name of a property": with_value(CONFIGURATION, **{"n" * 64: b""}),
    "many names of properties": with_value(IMAGE, **{f"{number:02}" * 25: b"" for number in range(50)}),
    "a value of a million strings": with_value(CONFIGURATION, loadables=bytes(1 << 20)),
    "content of what is no image": with_value(CONFIGURATION, data=bytes(1 << 20)),
    "content of no image, but beside them": with_value(("images",), data=bytes(1 << 20)),
    "values that are too many together": with_value(IMAGE, **{f"v{number}": bytes(1000) for number in range(5)}),
    "contents elsewhere": with_value(IMAGE, data_offset=bytes(4)),
    "contents anywhere": with_value(IMAGE, data_position=bytes(4)),
    "more names signed than there are": with_value(CONFIGURATION, hashed_strings=struct.pack(">2I", 0, 1 << 30)),
    "half of what says how many names": with_value(CONFIGURATION, hashed_strings=bytes(4)),
    "an older version": with_version(16),
}


@pytest.mark.parametrize("name", WITHIN)
def test_what_makers_build_is_within_the_bounds(check: Callable[[bytes], str], name: str) -> None:
    said = check(WITHIN[name])
    assert REFUSED not in said
    assert "Verified OK" in said


@pytest.mark.parametrize("name", BEYOND)
def test_what_keeps_a_loader_busy_or_leads_it_astray_is_refused(check: Callable[[bytes], str], name: str) -> None:
    assert REFUSED in check(BEYOND[name])
