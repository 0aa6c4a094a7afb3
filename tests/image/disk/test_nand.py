from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import samples
import yaffs2_image
from samples import yaffs2
from spared import spared

from firmward.formats.yaffs2 import SHAPES
from firmward.image import catalogue
from firmward.image.budget import Budget, Damaged
from firmward.image.disk.nand import FORMAT, Pages, find_layout
from firmward.image.opening import Image, open_image
from firmward.image.source import Bytes

FITTING = [shape for shape in SHAPES if shape[0] <= 8192]


@cache
def images(name: str) -> tuple[bytes, ...]:
    with TemporaryDirectory() as folder:
        try:
            return tuple(samples.samples(name, Path(folder)))
        except samples.NoProgramError as error:
            pytest.skip(str(error))


def opened(data: bytes, folder: Path) -> Image:
    path = folder / "dump"
    path.write_bytes(data)
    return open_image(path)


def ubi_of(page: int, folder: Path, subpage: int) -> bytes:
    content = folder / "squash"
    content.write_bytes(images("squashfs")[0])
    table = f"[rootfs]\nmode=ubi\nimage={content}\nvol_id=0\nvol_type=dynamic\nvol_name=rootfs\nvol_flags=autoresize\n"
    (folder / "table").write_text(table)
    options = ("-p", "128KiB", "-m", page, "-s", subpage)
    try:
        return samples.made(folder, ("ubinize", "-o", "OUT", *options, folder / "table"))
    except samples.NoProgramError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("shape", FITTING, ids=lambda shape: "{}+{}".format(*shape))
def test_a_squashfs_is_read_from_between_the_spares(shape: tuple[int, int], tmp_path: Path) -> None:
    plain = images("squashfs")[0]
    image = opened(spared(plain, *shape), tmp_path)
    kinds = {part.id: part.kind for part in image.parts}
    assert kinds["image"] == "nand-with-oob"
    assert kinds["image/data"] == "squashfs"
    assert image.parts[0].problem == (
        f"raw NAND, pages of {shape[0]} with {shape[1]} bytes of spare each; error correction is not applied"
    )
    assert image.trees[0].tree.read("etc/passwd") == samples.FILES["etc/passwd"]
    assert image.trees[0].tree.read("bin/tool") == samples.FILES["bin/tool"]


@pytest.mark.parametrize("page", [512, 2048, 4096])
@pytest.mark.parametrize("has_subpages", [True, False])
def test_a_ubi_is_read_from_between_the_spares(page: int, has_subpages: bool, tmp_path: Path) -> None:
    plain = ubi_of(page, tmp_path, 512 if has_subpages else page)
    layouts = [shape for shape in SHAPES if shape[0] == page]
    for shape in layouts:
        found = find_layout(Bytes(spared(plain, *shape)))
        assert found is not None
        assert (found.page, found.spare) == shape
    image = opened(spared(plain, *layouts[0]), tmp_path)
    assert [part.kind for part in image.parts[:2]] == ["nand-with-oob", "ubi"]
    assert image.trees[0].tree.read("bin/tool") == samples.FILES["bin/tool"]


@pytest.mark.parametrize("name", ["uimage", "fit"])
@pytest.mark.parametrize("shape", [(2048, 64), (4096, 256), (512, 16)])
def test_a_kernel_is_read_from_between_the_spares(name: str, shape: tuple[int, int], tmp_path: Path) -> None:
    plain = next(plain for plain in images(name) if name == "uimage" or b"data-size" not in plain)
    parts = opened(spared(plain, *shape), tmp_path).parts
    assert [part.kind for part in parts[:2]] == ["nand-with-oob", name]


def test_a_tree_that_fits_into_one_page_proves_nothing() -> None:
    plain = next(plain for plain in images("fit") if b"data-size" in plain)
    assert find_layout(Bytes(spared(plain, 4096, 256))) is None


def test_a_dump_that_begins_with_something_unknown(tmp_path: Path) -> None:
    loader = bytes(range(1, 256)) * 600
    plain = loader.ljust(1 << 18, b"\xff") + images("squashfs")[0]
    parts = opened(spared(plain, 2048, 64), tmp_path).parts
    assert [(part.kind, part.offset) for part in parts if part.kind in ("nand-with-oob", "squashfs")] == [
        ("nand-with-oob", None),
        ("squashfs", 1 << 18),
    ]


@pytest.mark.parametrize("shape", [(2048, 64), (512, 16)])
def test_a_yaffs2_behind_a_kernel_keeps_its_spares(shape: tuple[int, int], tmp_path: Path) -> None:
    kernel = images("uimage")[0].ljust(1 << 17, b"\xff")
    system = yaffs2.small(yaffs2_image.Image(*shape))
    image = opened(spared(kernel, *shape) + system, tmp_path)
    assert image.parts[0].kind == "nand-with-oob"
    tree = next(root.tree for root in image.trees if root.part.kind == "yaffs2")
    assert tree.read("etc/passwd") == samples.FILES["etc/passwd"]


def test_spares_full_of_codes_do_not_hide_what_has_its_own_magic() -> None:
    found = find_layout(Bytes(spared(images("squashfs")[0], 2048, 64, free=1)))
    assert found is not None
    assert (found.page, found.spare) == (2048, 64)


@pytest.mark.parametrize("name", sorted({name for _, name, _ in catalogue.modules()} - {"nand"}))
def test_no_other_image_is_taken_for_one(name: str) -> None:
    for plain in images(name):
        for data in (plain, plain.ljust(-(-len(plain) // 135168) * 135168, b"\xff"), b"\xff" * 4224 + plain):
            assert find_layout(Bytes(data)) is None


def test_what_is_damaged_with_and_without_spares_is_none() -> None:
    plain = bytearray(images("squashfs")[0])
    plain[len(plain) // 2 :] = bytes(len(plain) - len(plain) // 2)
    assert find_layout(Bytes(bytes(plain))) is None
    assert find_layout(Bytes(spared(bytes(plain), 2048, 64))) is None
    with pytest.raises(Damaged):
        list(FORMAT.open(Bytes(bytes(plain)), Budget()))  # type: ignore[arg-type]


def test_pages_read_as_what_was_put_into_them() -> None:
    plain = bytes(range(251)) * 40
    layout = next(layout for layout in (find_layout(Bytes(spared(images("squashfs")[0], 2048, 64))),) if layout)
    pages = Pages(Bytes(spared(plain, 2048, 64) + b"cut off"), layout)
    whole = plain.ljust(pages.size, b"\xff")
    assert pages.size == 5 * 2048
    for offset, length in ((0, 1), (0, 99999), (2047, 2), (2048, 2048), (5000, 4000), (10239, 9), (10240, 1), (-1, 5)):
        assert pages.read(offset, length) == (whole[offset : offset + length] if offset >= 0 else b"")
    assert pages.find(whole[2040:2060], 100) == whole.find(whole[2040:2060], 100)
    assert pages.find(b"not there") == -1
    assert b"".join(pages.chunks(3000)) == whole
