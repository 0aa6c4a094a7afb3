"""Device trees, overlays, and FITs with their keys."""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import samples
import signed_fit

from firmward.formats import device_tree, fdt, fdt_writer, fit, fit_check, fit_keys, fit_regions, overlay
from firmward.formats.malformed import Malformed
from parsers import Parser, reader, refused, told

BASE = """/dts-v1/; /memreserve/ 0x1000 0x2000; / {
    model = "base"; compatible = "maker,board", "maker,family"; #address-cells = <1>; #size-cells = <1>;
    aliases { serial0 = &uart0; bus = "/soc"; }; chosen { stdout-path = "serial0:115200n8"; };
    soc: soc { #address-cells = <1>; #size-cells = <1>; ranges;
        intc: interrupt-controller@1000 { reg = <0x1000 0x100>; #interrupt-cells = <1>; };
        uart0: serial@2000 { reg = <0x2000 0x100>; status = "okay"; interrupt-parent = <&intc>; };
        uart1: serial@3000 { reg = <0x3000 0x100>; status = "disabled"; clocks = <&clock 1>, <&clock 2>; }; };
    clock: clock { #clock-cells = <1>; }; };"""
OVERLAY = """/dts-v1/; /plugin/;
&uart1 { status = "okay"; all = <&intc 1 &clock 2>; mux: mux@70 { reg = <0x70>; a: one { }; }; };
&soc { link = <&mux &a &clock 7>; serial { first; }; };
&{/soc/serial@2000} { dev@1 { reg = <1>; }; };"""


@cache
def compiled(source: str) -> bytes:
    return samples.run("dtc", "-q", "-@", "-I", "dts", "-O", "dtb", feed=source.encode())


@cache
def signed() -> dict[str, tuple[bytes, bytes]]:
    """FITs by how they are signed, each with the control tree whose key it is signed with."""
    if signed_fit.MISSING:
        raise samples.NoProgramError(f"{signed_fit.MISSING[0]} is not installed")
    found = {}
    with TemporaryDirectory() as folder:
        workshop = signed_fit.Workshop.at(Path(folder))
        for name, options in (
            ("rsa2048", ()), ("rsa2048", ("-E",)), ("rsa4096 with pss", ("-E", "-p", "0x8000")), ("ecdsa", ()),
            ("images", ()),
        ):  # fmt: skip
            signing = signed_fit.SCHEMES.get(name, signed_fit.Signing(each_image=True))
            path, control = workshop.made(signing, *options)
            found[f"{name}{options}"] = path.read_bytes(), control
    return found


def trees(_: Path) -> Iterator[bytes]:
    yield compiled(BASE)
    yield compiled(OVERLAY)
    yield next(iter(signed().values()))[1]


def ask_tree(data: bytes) -> None:
    refused(lambda: _frame(data))
    refused(lambda: _tree(device_tree.parse(data)))
    refused(lambda: _written(data))


def _frame(data: bytes) -> None:
    tree = fdt.DeviceTree(reader(data))
    refused(lambda: fdt.reservations(reader(data), tree.header))
    waiting = [tree.root]
    while waiting:
        node = waiting.pop()
        waiting += node.children
        for one in node.properties:
            refused(lambda one=one: tree.value(one))
            tree.texts(node, one.name)
            tree.text(node, one.name)
            tree.number(node, one.name)
    tree.node("soc/serial@2000")


def _written(data: bytes) -> None:
    tree = device_tree.parse(data)
    written = fdt_writer.write(tree, processor=fdt_writer.processor_of(data))
    try:
        again = device_tree.parse(written)
    except Malformed:
        return  # letters that are no UTF-8 are longer when they are written: too long, perhaps
    assert fdt_writer.write(again, processor=fdt_writer.processor_of(written)) == written


def _tree(tree: device_tree.Tree) -> None:
    told(tree)
    for path, node in islice(tree.root.walk(), 200):
        tree.node(path)
        told(node)
        for name in node.properties:
            node.texts(name), node.cells(name), node.number(name), node.text(name)
    for name in tree.aliases:
        tree.node(f"{name}/x:115200")
    for _ in tree.enabled():
        pass
    tree.phandles(), overlay.is_overlay(tree)
    base, over = device_tree.parse(compiled(BASE)), device_tree.parse(compiled(OVERLAY))
    refused(lambda: overlay.merge(tree, over))
    refused(lambda: overlay.merge(base, tree))
    refused(lambda: overlay.merge(tree, tree))


def fits(folder: Path) -> Iterator[bytes]:
    for data, _ in signed().values():
        yield data
    yield from samples.samples("fit", folder)


def ask_fit(data: bytes) -> None:
    read = reader(data)
    refused(lambda: fit.parse(read, len(data)))
    rings = [fit_keys.of_control_tree(device_tree.parse(control)) for _, control in signed().values()]
    first = rings[0].keys[0].public if rings[0] else None
    given = fit_keys.given(*([first] if first else []))
    for ring in (None, given, rings[0], rings[2], rings[3]):
        refused(lambda ring=ring: _checked(data, ring))
    refused(lambda: _regions(data))


def _checked(data: bytes, ring: fit_keys.KeyRing | None) -> None:
    found = fit_check.check(reader(data), len(data), ring)
    told(found)
    found.image("kernel-1"), found.fit.image("kernel-1")
    for one in found.configurations:
        found.fit.configuration(one.configuration.name), one.is_signed, one.is_verified
    for image in found.images:
        told(image)
        for each in image.hashes:
            told(each)


def _regions(data: bytes) -> None:
    header = fdt.parse_header(data[: fdt.HEADER_SIZE])
    nodes = ("/", "/images/kernel-1", "/configurations/conf-1")
    for strings in (None, 10, header.strings_size):
        refused(lambda strings=strings: list(fit_regions.regions(reader(data), header, nodes, strings)))


def controls(_: Path) -> Iterator[bytes]:
    for _, control in signed().values():
        yield control


def ask_keys(data: bytes) -> None:
    """A loader's keys may be an attacker's too: what it would believe is asked with a FIT that is good."""
    try:
        ring = fit_keys.of_control_tree(device_tree.parse(data))
    except Malformed:
        return
    if ring is not None:
        ring.required("conf")
        fit_keys.given(*(key.public for key in ring.keys if key.public is not None))
        for made, _ in list(signed().values())[:4]:
            fit_check.check(reader(made), len(made), ring)


PARSERS = (
    Parser("device_tree", ("fdt", "fdt_writer", "device_tree", "overlay"), trees, ask_tree),
    Parser("fit", ("fit", "fit_check", "fit_regions", "signature"), fits, ask_fit),
    Parser("fit_keys", ("fit_keys",), controls, ask_keys),
)
