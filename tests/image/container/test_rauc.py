"""RAUC bundles of every format, as `rauc bundle` writes them."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import samples
from samples import rauc

from firmward.formats import der
from firmward.formats.malformed import Malformed
from firmward.formats.raucm import parse
from firmward.image.budget import Budget
from firmward.image.carve import carve
from firmward.image.container.rauc import Layout, content_of
from firmward.image.opening import Image
from firmward.image.source import Bytes
from firmward.model.report import Part, Role

Only = Callable[[bytes], Image]
Bundle = Callable[..., bytes]


def part(image: Image, name: str) -> Part:
    return next(one for one in image.parts if one.id == f"image/{name}")


@pytest.fixture
def root(tmp_path: Path) -> bytes:
    return made(lambda: rauc.root_image(tmp_path))


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return lambda form, **images: made(
        lambda: rauc.bundle(tmp_path, form, {name.replace("_", "."): data for name, data in images.items()})
    )


def made(step: Callable[[], bytes]) -> bytes:
    try:
        return step()
    except samples.NoProgramError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("form", ["plain", "verity"])
def test_its_images_and_its_signature_are_parts(form: str, bundle: Bundle, root: bytes, only: Only) -> None:
    image = only(bundle(form, rootfs_img=root))
    assert (image.parts[0].kind, image.parts[0].problem) == ("rauc", None)
    assert part(image, "content").kind == "squashfs"
    assert part(image, "content/rootfs.img").role is Role.ROOT
    assert part(image, "signature").kind == "cms-signature"
    assert all(one.problem is None for one in image.parts)


def test_an_image_under_any_name_is_opened(bundle: Bundle, root: bytes, only: Only) -> None:
    image = only(bundle("plain", system_slot=root))
    assert part(image, "content/system.slot").role is Role.ROOT


def test_a_verity_bundle_has_its_manifest_and_its_hash_tree(bundle: Bundle, root: bytes, only: Only) -> None:
    image = only(bundle("verity", rootfs_img=root))
    assert part(image, "manifest.raucm").kind == "rauc-manifest"
    content, tree, message = part(image, "content"), part(image, "hash-tree"), part(image, "signature")
    assert tree.kind == "verity-hashes"
    assert (content.offset, (tree.offset or 0) + (tree.size or 0)) == (0, message.offset)


def test_an_encrypted_bundle_is_told(bundle: Bundle, root: bytes, only: Only) -> None:
    image = only(bundle("crypt", rootfs_img=root))
    if image.parts[0].kind == "rauc" and part(image, "content").kind == "squashfs":
        pytest.skip("this rauc leaves the encryption to a later step")
    assert image.parts[0].kind == "rauc"
    assert part(image, "content").kind == "encrypted"
    assert "only a device with the key" in (part(image, "content").problem or "")
    assert part(image, "manifest.raucm").kind == "rauc-manifest"


def test_an_image_that_is_only_an_index_is_told(root: bytes, only: Only, tmp_path: Path) -> None:
    image = only(made(lambda: rauc.casync_bundle(tmp_path, {"rootfs.img": root})))
    assert (image.parts[0].kind, image.roots) == ("rauc", ())
    assert "lies in a chunk store" in (part(image, "chunks-of-rootfs.img.caibx").problem or "")


@pytest.mark.parametrize("form", ["plain", "verity"])
def test_it_is_found_inside_a_dump(form: str, bundle: Bundle, root: bytes) -> None:
    data = bundle(form, rootfs_img=root)
    (found,) = carve(Bytes(b"\xff" * 0x10000 + data + bytes(0x5000)), Budget())
    assert (found.kind.name, found.offset, found.size) == ("rauc", 0x10000, len(data))


def test_a_squashfs_alone_is_none(root: bytes, only: Only) -> None:
    assert only(root).parts[0].kind == "squashfs"


def test_a_bundle_without_its_end_is_a_squashfs(bundle: Bundle, root: bytes, only: Only) -> None:
    assert only(bundle("plain", rootfs_img=root)[:-1]).parts[0].kind == "squashfs"


def test_a_manifest_that_states_too_large_a_tree_is_told() -> None:
    manifest = parse("[bundle]\nformat=verity\nverity-size=5000\n")
    (content,) = content_of(Bytes(bytes(5000)), Layout(4096, 10), manifest)
    assert content.problem == "the manifest states a hash tree larger than the bundle"


def test_a_manifest_as_rauc_has_it() -> None:
    found = parse(
        "# c\n[update]\ncompatible=b\n[bundle]\nformat=verity\nverity-size=12\n[image.a.b]\nfilename = x.img\n"
    )
    assert (found.compatible, found.format, found.verity_size) == ("b", "verity", 12)
    assert found.images == {"a.b": "x.img"}
    assert parse("[bundle]\nverity-size=-1\n").verity_size is None


def test_der_that_lies_is_malformed() -> None:
    chance = random.Random(3)
    for _ in range(3000):
        message = b"\x30" + chance.randbytes(chance.randrange(40))
        assert der.total_size(message) is None
        try:
            der.encapsulated(message)
        except Malformed:
            continue
