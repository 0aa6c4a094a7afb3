"""SWUpdate bundles packed by the recipe of its manual, checked by `swupdate` itself where it runs."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import samples
from samples import swu

from firmward.formats import libconfig, sw_description
from firmward.formats.malformed import Malformed
from firmward.image.opening import Image
from firmward.model.report import Part, Role

Only = Callable[[bytes], Image]


def part(image: Image, name: str) -> Part:
    return next(one for one in image.parts if one.id == f"image/{name}")


@pytest.fixture
def packed(tmp_path: Path) -> dict[str, bytes]:
    try:
        return swu.members(tmp_path)
    except samples.NoProgramError as error:
        pytest.skip(str(error))


def described(packed: dict[str, bytes]) -> str:
    return swu.described(hashlib.sha256(packed["rootfs.squashfs"]).hexdigest())


def test_its_images_are_parts_under_their_names(tmp_path: Path, packed: dict[str, bytes], only: Only) -> None:
    image = only(swu.pack(tmp_path, described(packed), packed))
    assert image.parts[0].kind == "swu"
    assert image.parts[0].problem is None
    root = part(image, "rootfs.squashfs")
    assert (root.kind, root.role, root.problem) == ("squashfs", Role.ROOT, None)
    assert part(image, "sw-description").kind == "sw-description"
    assert part(image, "update.sh").kind == "script"
    assert [one.part.id for one in image.roots] == ["image/rootfs.squashfs"]


def test_an_image_that_is_not_the_described_one_is_told_and_still_read(
    tmp_path: Path, packed: dict[str, bytes], only: Only
) -> None:
    image = only(swu.pack(tmp_path, swu.described("0" * 64), packed))
    root = part(image, "rootfs.squashfs")
    assert root.problem == "its SHA-256 is not the one that sw-description states"
    assert root.role is Role.ROOT


def test_an_encrypted_image_is_told(tmp_path: Path, packed: dict[str, bytes], only: Only) -> None:
    text = 'software = { images: ({ filename = "rootfs.squashfs"; encrypted = true; ivt = "00"; }); };'
    root = part(only(swu.pack(tmp_path, text, packed)), "rootfs.squashfs")
    assert root.kind == "encrypted"
    assert "only a device with the key" in (root.problem or "")


def test_an_image_that_is_named_and_missing_is_told(tmp_path: Path, packed: dict[str, bytes], only: Only) -> None:
    text = 'software = { board: { stable: { copy1: { images: ({ filename = "other.ext4"; }) } } } };'
    image = only(swu.pack(tmp_path, text, packed))
    assert part(image, "other.ext4").problem == "named by sw-description, and not in the bundle"
    assert part(image, "rootfs.squashfs").role is Role.ROOT


def test_an_unreadable_description_costs_only_itself(tmp_path: Path, packed: dict[str, bytes], only: Only) -> None:
    image = only(swu.pack(tmp_path, "\x01\x02 encrypted", packed))
    assert "sw-description cannot be read" in (image.parts[0].problem or "")
    assert part(image, "rootfs.squashfs").role is Role.ROOT


def test_a_plain_archive_is_none(tmp_path: Path, packed: dict[str, bytes], only: Only) -> None:
    whole = swu.pack(tmp_path, described(packed), packed)
    assert only(whole.replace(b"sw-description\0", b"sw-descriptiom\0", 1)).parts[0].kind == "cpio"


def test_swupdate_takes_the_same_bundle(tmp_path: Path, packed: dict[str, bytes]) -> None:
    program = shutil.which("swupdate")
    if program is None:
        pytest.skip("swupdate is not installed")
    bundle = tmp_path / "update.swu"
    text = described(packed).replace("/dev/mmcblk0p2", str(tmp_path / "target"))
    bundle.write_bytes(swu.pack(tmp_path, text, packed))
    (tmp_path / "target").touch()
    done = subprocess.run(
        [program, "-c", "-i", bundle, "-H", "board:1.0"], capture_output=True, check=False, timeout=30
    )
    output = (done.stdout + done.stderr).decode()
    if "hardware" in output or "signed" in output:
        pytest.skip("this swupdate wants signed bundles, or a board of its own")
    assert done.returncode == 0, output


def test_libconfig_in_all_its_forms() -> None:
    text = """
    # shell
    version = "1.0" " beta"; // C++
    sizes: [ 1, 0x10, -3L ], /* C */ ratio = 1.5e3
    nested = { list = ( "a", { b = TRUE; }, ( ) ); quote = "say \\"\\x41\\"\\n"; };
    """
    assert libconfig.parse(text) == {
        "version": "1.0 beta",
        "sizes": [1, 16, -3],
        "ratio": 1500.0,
        "nested": {"list": ["a", {"b": True}, []], "quote": 'say "A"\n'},
    }


@pytest.mark.parametrize(
    "text", ["a = ;}", "a = {", "= 1", "1", "a = b", "a = ( }", "a = " + "(" * 100, "\x00", 'a = "']
)
def test_broken_libconfig_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        libconfig.parse(text)


def test_json_nested_without_end_is_malformed() -> None:
    with pytest.raises(Malformed):
        sw_description.parse("{" + '"a":[' * 200_000)


def test_images_are_told_with_what_they_are_for() -> None:
    text = 'software = { images: ({ filename = "a.gz"; type = "ubivol"; volume = "root"; compressed = "zlib"; }); };'
    (image,) = sw_description.parse(text)
    assert (image.section, image.type, image.volume, image.compressed) == ("images", "ubivol", "root", True)
