"""A FIT of kernel, device trees and initramfs: put together by mkimage, signed, and read again before it is there.

The rules this file holds (U-Boot's doc/usage/fit/source_file_format):

- One configuration for each slot; they differ in the device tree alone. All that boots is covered: kernel, device tree
  and initramfs with their hashes, where they are loaded, and the index against rollback.
- The same inputs give the same bytes wherever they are built: mkimage works in a folder of its own on files with fixed
  names, and its source has no path in it, and no text that could be read as anything else than a value.
- Everything lies within the tree, where a signature's hashes reach it, and device trees are moved to an aligned place.
- What would be loaded over each other is refused here: U-Boot finds out when the kernel does not start.
- The FIT and the control tree come to their places last, when both hold; until then nothing is there or changed.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from shutil import which

from firmward.build import sizes, space
from firmward.build.board import Board
from firmward.build.built import BOOT, SLOTS
from firmward.build.kernel import Kernel, pack
from firmward.build.program import ProgramError, found, run
from firmward.build.slot_tree import slot_tree
from firmward.formats.device_tree import Node
from firmward.formats.fit import CONFIGURATIONS, IMAGES
from firmward.model.errors import InputError, TrustError
from firmward.signing import control_tree as control
from firmward.signing.fit import HASH, Padding, refuse_undeclared, sign, signature_node, strings, verify
from firmward.signing.signing_key import PublicKey, SigningKey

SOURCE, FIT, CONTROL = "image.its", "image.itb", "control.dtb"
KERNEL, INITRAMFS = "kernel", "initramfs"
ROLLBACK_INDEX = "rollback-index"
SIZE_LIMIT = 1 << 30
"""Bytes of all pieces; no board has as much memory to load them."""
TREE_LIMIT = 4 << 20
TREE_ROOM = 64 << 10
"""Bytes that U-Boot may add to the device tree it hands over."""
WITNESS = "fit_check_sign"
DATA = "data"


@dataclass(frozen=True, slots=True)
class FitPieces:
    """`device_tree` is the maker's; each slot's is made of it. `console` is the policy's word."""

    kernel: Path
    device_tree: Path
    initramfs: Path
    board: Board
    console: str = "off"
    rollback_index: int = 0
    description: str = "firmward"


def signed_fit(
    pieces: FitPieces,
    key: SigningKey,
    spares: Sequence[PublicKey],
    control_tree: Path | None,
    out: Path,
    epoch: int,
    *,
    declared: Sequence[PublicKey] = (),
    padding: Padding = Padding.PKCS1,
    witness: Path | None = None,
    limit: int | None = None,
) -> None:
    """Write the signed FIT to `out`, and the public keys into the control tree, which is replaced.

    `spares` are keys that the boot loader is to know besides the one that signs, `declared` those that the policy
    allows. `witness` is U-Boot's fit_check_sign, asked as well where it is given or installed. A FIT of more
    than `limit` bytes is not signed. Raises TrustError for a
    key that may not sign and for a FIT that does not hold, InputError and ToolError as the pieces and programs ask.
    """
    refuse_undeclared(key, declared)
    keys = [control.boot_key(one) for one in (key.public, *spares)]
    try:
        held = b"" if control_tree is None else control.with_keys(_content(control_tree), keys)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as name:
            folder = Path(name)
            _assemble(folder, pieces, key.public, padding, epoch)
            if limit is not None:
                sizes.check(BOOT, limit, (folder / FIT).stat().st_size)
            sign(folder / FIT, key)
            verify(folder / FIT, control.ring(keys))
            if control_tree is not None:
                _written(folder / CONTROL, held)
                _ask_witness(folder, witness, epoch)
                _put(folder / CONTROL, control_tree)
            _put(folder / FIT, out)
    except OSError as error:
        raise InputError(f"{error.filename or out}: {space.reason(error)}; nothing was signed") from error


def _assemble(folder: Path, pieces: FitPieces, public: PublicKey, padding: Padding, epoch: int) -> None:
    kernel = pack(pieces.kernel, folder / KERNEL)
    maker = _content(pieces.device_tree)
    for slot in SLOTS:
        tree = slot_tree(maker, pieces.board, pieces.console, slot)
        _written(folder / tree_name(slot), tree)
    (folder / INITRAMFS).symlink_to(pieces.initramfs.resolve(strict=True))
    if sum((folder / name).stat().st_size for name in _names()) > SIZE_LIMIT:
        raise InputError(f"kernel, device tree and initramfs have more than {SIZE_LIMIT} bytes together")
    root = _tree(pieces, kernel, public, padding)
    (folder / SOURCE).write_text("/dts-v1/;\n" + "".join(_source(root, "/")), encoding="ascii")
    found("dtc", "device-tree-compiler")  # mkimage starts it, and says little when it is not there
    run(("mkimage", "-f", SOURCE, FIT), epoch=epoch, package="u-boot-tools", cwd=folder)
    _refuse_overlaps(folder, pieces.board, kernel)


def tree_name(slot: str) -> str:
    return f"fdt-{slot}"


def configuration_name(slot: str) -> str:
    return f"conf-{slot}"


def _names() -> tuple[str, ...]:
    return (KERNEL, *map(tree_name, SLOTS), INITRAMFS)


def _tree(pieces: FitPieces, kernel: Kernel, public: PublicKey, padding: Padding) -> Node:
    """All but the data, which the source takes from files."""
    places, architecture = pieces.board.addresses, strings(pieces.board.uboot_architecture)
    start = {"load": _cell(places.kernel), "entry": _cell(places.kernel)}
    linux = {"os": strings("linux"), "arch": architecture}
    bare = {"compression": strings("none")}
    packed = {"compression": strings(kernel.compression)}
    trees = [
        _image(tree_name(slot), "flat_dt", {"arch": architecture, **bare, "load": _cell(places.device_tree)})
        for slot in SLOTS
    ]
    images = (
        _image(KERNEL, "kernel", {**linux, **packed, **start}),
        *trees,
        _image(INITRAMFS, "ramdisk", {**linux, **bare, "load": _cell(places.initramfs)}),
    )
    chosen = tuple(_configuration(pieces, slot, public, padding) for slot in SLOTS)
    configurations = Node(CONFIGURATIONS, {"default": strings(configuration_name(SLOTS[0]))}, chosen)
    about = {"description": strings(pieces.description), "#address-cells": _cell(1)}
    return Node("", about, (Node(IMAGES, {}, images), configurations))


def _image(name: str, kind: str, properties: dict[str, bytes]) -> Node:
    hashed = Node(HASH, {"algo": strings("sha256"), "value": bytes(32)})
    return Node(name, {DATA: name.encode(), "type": strings(kind), **properties}, (hashed,))


def _configuration(pieces: FitPieces, slot: str, public: PublicKey, padding: Padding) -> Node:
    name, tree = configuration_name(slot), tree_name(slot)
    properties = {
        "kernel": strings(KERNEL),
        "fdt": strings(tree),
        "ramdisk": strings(INITRAMFS),
        ROLLBACK_INDEX: strings(str(pieces.rollback_index)),
    }
    return Node(name, properties, (signature_node(public, name, (KERNEL, tree, INITRAMFS), padding),))


def _cell(number: int) -> bytes:
    return number.to_bytes(4, "big")


def _source(node: Node, name: str) -> Iterator[str]:
    """As dtc reads it: values as bytes, so that no word of them is taken for syntax."""
    yield f"{name} {{\n"
    for key, value in node.properties.items():
        yield f'{key} = /incbin/("{value.decode()}");\n' if key == DATA else f"{key} = [{value.hex()}];\n"
    for child in node.children:
        yield from _source(child, child.name)
    yield "};\n"


def _refuse_overlaps(folder: Path, board: Board, kernel: Kernel) -> None:
    places = board.addresses
    tree = max((folder / tree_name(slot)).stat().st_size for slot in SLOTS)
    areas = sorted((
        (places.fit, (folder / FIT).stat().st_size, "the FIT"),
        (places.kernel, kernel.memory, "the kernel"),
        (places.device_tree, tree + TREE_ROOM, "the device tree"),
        (places.initramfs, (folder / INITRAMFS).stat().st_size, "the initramfs"),
    ))  # fmt: skip
    for (start, size, what), (behind, _, other) in pairwise(areas):
        if start + size > behind:
            words = f"{what} has {size} bytes in memory from {start:#x}, and {other} is loaded to {behind:#x}"
            raise InputError(f"[device] board {board.name}: {words}; make {what} smaller")


def _ask_witness(folder: Path, witness: Path | None, epoch: int) -> None:
    """U-Boot's own program, built from its sources, is not packaged by Debian."""
    program = witness or which(WITNESS)
    if program is None:
        return
    for slot in SLOTS:
        command = (program, "-f", FIT, "-k", CONTROL, "-c", configuration_name(slot))
        try:
            run(command, epoch=epoch, package="u-boot", cwd=folder)
        except ProgramError as error:
            raise TrustError(f"{WITNESS} refuses {configuration_name(slot)}: {error.said}") from error


def _content(path: Path) -> bytes:
    if path.stat().st_size > TREE_LIMIT:
        raise InputError(f"{path}: is larger than {TREE_LIMIT} bytes: no device tree")
    return path.read_bytes()


def _written(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _put(made: Path, place: Path) -> None:
    """Into its place at once, also where that is on another disk."""
    if made.stat().st_dev == place.parent.stat().st_dev:
        made.replace(place)
        return
    beside = place.with_name(f".{place.name}.new")
    try:
        _written(beside, made.read_bytes())
        beside.replace(place)
    finally:
        beside.unlink(missing_ok=True)
