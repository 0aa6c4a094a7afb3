"""parts: a map to scale and a tree, for people and programs."""

import io
import json
import os
import struct
from pathlib import Path

import pytest
from command import Firmward
from device_image import system
from jsonschema import Draft202012Validator
from rich.console import Console

from firmward.audit.json_report import schema_document
from firmward.cli.layout_map import print_parts
from firmward.image.opening import open_image

MIB = 1 << 20


def device_tree(size: int) -> bytes:
    """An empty one, its block of strings filled up."""
    structure = struct.pack(">4I", 1, 0, 2, 9)
    head = struct.pack(">10I", 0xD00DFEED, size, 56, 72, 40, 17, 16, 0, size - 72, 16)
    return (head + bytes(16) + structure).ljust(size, b"t")


@pytest.fixture
def flash(tmp_path: Path) -> Path:
    """4 MiB of flash: device tree, random bytes, erased, another device tree, zeros."""
    image = tmp_path / "flash.bin"
    pieces = [device_tree(64 << 10), b"\xff" * MIB, device_tree(MIB), bytes(MIB)]
    image.write_bytes(b"".join(pieces) + os.urandom(512 << 10))
    return image


def printed(path: Path, width: int, encoding: str = "utf-8", color: bool = False) -> str:
    buffer = io.BytesIO()
    stream = io.TextIOWrapper(buffer, encoding=encoding, errors="strict")
    console = Console(file=stream, width=width, force_terminal=color, highlight=False, legacy_windows=False)
    print_parts(open_image(path), {}, {}, console, exact=False)
    stream.flush()
    return buffer.getvalue().decode(encoding)


def test_the_map_shows_parts_and_what_was_never_written(flash: Path) -> None:
    lines = printed(flash, 80).splitlines()
    cells = "".join(line[12:] for line in lines if line.lstrip().startswith("0x"))
    assert cells.startswith("a")
    for sign in "b░·c":
        assert sign in cells
    assert abs(cells.count("░") - cells.count("b")) <= 2  # both are a MiB
    assert any("erased (0xff)" in line and "zeros" in line for line in lines)


@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_is_wider_than_the_terminal(flash: Path, width: int) -> None:
    assert max(map(len, printed(flash, width).splitlines())) <= width


def test_it_needs_neither_colour_nor_unicode(flash: Path) -> None:
    assert "\x1b" not in printed(flash, 80)
    assert "\x1b[" in printed(flash, 80, color=True)
    plain = printed(flash, 80, encoding="ascii")
    assert "~ erased (0xff)" in plain


def test_the_command_says_what_is_inside(firmward: Firmward, tmp_path: Path) -> None:
    called = firmward("parts", system(tmp_path / "device.tar"))
    assert called.code == 0
    assert "tar, root, 10 files; Porch 1.2" in " ".join(called.out.split())


def test_sizes_are_exact_when_asked(firmward: Firmward, flash: Path) -> None:
    assert f"{flash.stat().st_size:,}" in firmward("parts", flash, "--bytes").out


def test_json_has_the_fields_of_a_report_and_more(firmward: Firmward, flash: Path) -> None:
    document = json.loads(firmward("parts", flash, "--json").out)
    assert document["schema"] == "firmward.parts/1"
    shape = schema_document()["$defs"]["part"]  # type: ignore[index]
    more = {"number", "start", "holds", "label"}
    for part in document["parts"]:
        Draft202012Validator({**shape}).validate({name: value for name, value in part.items() if name not in more})
        assert more <= set(part)
    assert [part["number"] for part in document["parts"]] == [1, 2, 3]
    assert {blank["fill"] for blank in document["parts"][0]["blank"]} == {"zero", "erased"}
    assert all(0 <= part["entropy"] <= 8 for part in document["parts"])


def test_a_hostile_name_does_nothing(firmward: Firmward, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "red\x1b[31m.bin").write_bytes(device_tree(8192))
    for words in (("parts", folder), ("parts", folder, "--color", "never"), ("ls", folder)):
        assert "\x1b[31m.bin" not in firmward(*words).out


def test_what_cannot_be_opened_gives_2(firmward: Firmward) -> None:
    assert firmward("parts", "nowhere.img").code == 2
