"""What was made by hand to take the parsers of the chain of trust time, memory, or their patience."""

import struct
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import efi_store
import pytest
import samples
from bounded import Bounds, call
from parsers import Parser, made, parsers
from rom import nxp

pytestmark = pytest.mark.proof

PARSERS = {one.name: one for one in parsers()}
# every parser asks several questions, and the machine that runs this may be busy
BOUNDS = Bounds(seconds=20.0, memory=96 << 20)


# device trees, by hand: dtc would not make these


def tree(structure: bytes, strings: bytes = b"", *, behind: bytes = b"", reserved: bytes = bytes(16)) -> bytes:
    """With a structure without its end token."""
    structure += struct.pack(">I", 9)
    at = 40 + len(reserved)
    place = at + len(structure)
    total = place + len(strings)
    head = struct.pack(">10I", 0xD00DFEED, total, at, place, 40, 17, 16, 0, len(strings), len(structure))
    return head + reserved + structure + strings + behind


def node(name: bytes, *inside: bytes) -> bytes:
    return struct.pack(">I", 1) + (name + b"\0").ljust(len(name) + 4 & -4, b"\0") + b"".join(inside) + b"\0\0\0\2"


class Names:
    """The strings block."""

    def __init__(self) -> None:
        self.block = b""
        self._at: dict[bytes, int] = {}

    def property(self, name: bytes, value: bytes = b"") -> bytes:
        at = self._at.setdefault(name, len(self.block))
        if at == len(self.block):
            self.block += name + b"\0"
        return struct.pack(">3I", 3, len(value), at) + value + bytes(-len(value) % 4)


def nested(depth: int) -> bytes:
    return tree(struct.pack(">II", 1, 0) * depth + struct.pack(">I", 2) * depth)


def deep_and_wide(size: int) -> bytes:
    """Paths with names of so many bytes before the last, many times."""
    leaves = b"".join(node(b"%d" % number) for number in range(10_000))
    for _ in range(size // 250):
        leaves = node(b"n" * 250, leaves)
    return tree(node(b"", leaves))


def phandles(wide: int) -> bytes:
    """All with phandles, and long paths to them."""
    names = Names()
    inside = b"".join(
        node(b"%d" % number, names.property(b"phandle", struct.pack(">I", number + 1))) for number in range(wide)
    )
    for _ in range(4):
        inside = node(b"n" * 250, inside)
    return tree(node(b"", inside), names.block)


def cycles() -> bytes:
    """Nodes whose interrupt parents are each other, and themselves."""
    names = Names()
    pairs = [(1, 2), (2, 1), (3, 3)]
    inside = b"".join(
        node(
            b"n%d" % own,
            names.property(b"phandle", struct.pack(">I", own)),
            names.property(b"interrupt-parent", struct.pack(">I", other)),
        )
        for own, other in pairs
    )
    return tree(node(b"", inside), names.block)


def overlay(content: bytes, fixups: bytes, names: Names, more: bytes = b"") -> bytes:
    fragment = node(b"f", names.property(b"target-path", b"/\0"), node(b"__overlay__", content))
    return tree(node(b"", fragment, more, fixups), names.block)


def overlay_of_one_large_value() -> bytes:
    """60,000 references into one value of 12 MiB."""
    names = Names()
    value = names.property(b"v", bytes(12 << 20))
    places = names.property(b"v", struct.pack(">I", 8) * 60_000)
    fixups = node(b"__local_fixups__", node(b"f", node(b"__overlay__", places)))
    return overlay(value, fixups, names)


def overlay_of_many_names() -> bytes:
    """Nodes that are looked for by a name without an address, among as many."""
    names = Names()
    inside = b"".join(node(b"a%d@1" % number) for number in range(7000))
    asked = b"".join(node(b"b%d" % number) for number in range(7000))
    return overlay(inside + asked, b"", names)


def overlay_of_many_paths() -> bytes:
    """Fixups whose paths are looked for among many nodes without the address."""
    names = Names()
    inside = b"".join(node(b"a%d@1" % number, names.property(b"v", bytes(4))) for number in range(7000))
    places = b"".join(b"/f/__overlay__/a%d:v:0\0" % (number % 7000) for number in range(60_000))
    return overlay(inside, node(b"__fixups__", names.property(b"clock", places)), names)


def strings_outside() -> bytes:
    return tree(node(b"", struct.pack(">3I", 3, 0, 0x7FFFFFFF)), b"x\0")


def reservations_without_end() -> bytes:
    return tree(node(b""), reserved=b"\1" * (16 << 10))


# FITs


def fit(images: bytes, configurations: bytes, names: Names, behind: bytes = b"") -> bytes:
    default = names.property(b"default", b"c0\0")
    whole = node(b"", node(b"images", images), node(b"configurations", default, configurations))
    return tree(whole, names.block, behind=behind)


def image(names: Names, name: bytes, *more: bytes) -> bytes:
    digest = node(b"hash-1", names.property(b"algo", b"sha256\0"), names.property(b"value", bytes(32)))
    return node(name, names.property(b"type", b"kernel\0"), digest, *more)


def overlapping() -> bytes:
    """5,000 images with the same bytes outside, and hashes of each by five digests."""
    names = Names()
    hashes = b"".join(
        node(b"hash-%d" % number, names.property(b"algo", name + b"\0"), names.property(b"value", bytes(20)))
        for number, name in enumerate((b"md5", b"sha1", b"sha256", b"sha384", b"sha512"))
    )
    images = b"".join(
        node(
            b"i%d" % number,
            names.property(b"data-size", struct.pack(">I", (4 << 20) - number)),
            names.property(b"data-offset", struct.pack(">I", number)),
            hashes,
        )
        for number in range(1000)
    )
    return fit(images, node(b"c0", names.property(b"kernel", b"i0\0")), names, bytes(4 << 20))


def missing_images() -> bytes:
    names = Names()
    words = b"".join(b"none%d\0" % number for number in range(6000))
    configurations = b"".join(node(b"c%d" % number, names.property(b"loadables", words)) for number in range(40))
    return fit(image(names, b"i0", names.property(b"data", b"x")), configurations, names)


def signatures(wide: int, components: int, places: bytes = b"/\0") -> bytes:
    """Many signatures of one configuration that boots many images."""
    names = Names()
    words = b"".join(b"i%d\0" % (number % 500) for number in range(components))
    boots = names.property(b"kernel", words)
    made = b"".join(
        node(
            b"signature-%d" % number,
            names.property(b"algo", b"sha256,rsa2048\0"),
            names.property(b"value", struct.pack(">I", number + 1) * 64),
            names.property(b"hashed-nodes", places),
        )
        for number in range(wide)
    )
    images = b"".join(image(names, b"i%d" % number, names.property(b"data", b"x")) for number in range(500))
    return fit(images, node(b"c0", boots, made), names)


def control(names: Names, *keys: bytes) -> bytes:
    return tree(node(b"", node(b"signature", names.property(b"required-mode", b"any\0"), *keys)), names.block)


def rsa_key(names: Names, modulus: int, exponent: int, bits: int, name: bytes = b"key-dev") -> bytes:
    size = max(1, (modulus.bit_length() + 7) // 8)
    return node(
        name,
        names.property(b"algo", b"sha256,rsa2048\0"),
        names.property(b"required", b"conf\0"),
        names.property(b"rsa,modulus", modulus.to_bytes(size, "big")),
        names.property(b"rsa,exponent", exponent.to_bytes(max(8, (exponent.bit_length() + 7) // 8), "big")),
        names.property(b"rsa,num-bits", struct.pack(">I", bits)),
    )


def odd_keys() -> bytes:
    names = Names()
    modulus = (1 << 2048) - 1
    numbers = [(0, 3, 0), (1, 3, 1), (modulus + 1, 65537, 2049), (modulus, 0, 2048), (modulus, 1, 2048),
               (modulus, (1 << 64) - 1, 2048), (modulus, (1 << 4096) - 1, 2048), ((1 << 8192) - 1, 3, 8192),
               (modulus, 65537, 0xFFFFFFFF)]  # fmt: skip
    return control(names, *(rsa_key(names, *row, b"key-%d" % place) for place, row in enumerate(numbers)))


def odd_points() -> bytes:
    names = Names()
    keys = [
        node(
            b"key-%d" % place,
            names.property(b"algo", b"sha256,ecdsa256\0"),
            names.property(b"ecdsa,curve", curve),
            names.property(b"ecdsa,x-point", x),
            names.property(b"ecdsa,y-point", y),
        )
        for place, (curve, x, y) in enumerate(
            (curve, x, y)
            for curve in (b"prime256v1\0", b"secp521r1\0", b"none\0")
            for x, y in ((bytes(32), bytes(32)), (b"\xff" * 66, b"\xff" * 66), (b"\1", b""), (b"\1" * 200, b"\1"))
        )
    ]
    return control(names, *keys)


def many_keys() -> bytes:
    names = Names()
    modulus = (1 << 8192) - 1
    keys = (rsa_key(names, modulus - 2 * number, (1 << 64) - 1, 8192, b"key-%d" % number) for number in range(2000))
    return control(names, *keys)


# U-Boot


def environment(text: bytes, size: int, head: int = 4) -> bytes:
    body = bytearray(size)
    body[head : head + len(text)] = text
    body[:4] = zlib.crc32(body[head:]).to_bytes(4, "little")
    return bytes(body)


def large_environment() -> bytes:
    return environment(b"bootcmd=run a\0" + b"".join(b"a%d=b\0" % n for n in range(60_000)), 16 << 20)


def many_beginnings() -> bytes:
    return (b"bootcmd=" + b"x" * 500 + b"\0bootdelay=3\0bootargs=a\0\0") * 8000


def magics(size: int) -> bytes:
    """A header of a tree at each few bytes, all with names of a megabyte."""
    head = struct.pack(">10I", 0xD00DFEED, 2 << 20, 40, 56, 40, 17, 16, 0, 1 << 20, 8) + struct.pack(">II", 3, 0)
    return b"U-Boot 2023.01 (Jan 09 2023 - 16:07:33 +0000)\0" + head * (size // len(head))


def many_texts() -> bytes:
    """Records that may be commands, and as many texts as are looked at."""
    texts = b"".join(b"\0text%d" % number for number in range(70_000)) + b"\0"
    base = 0x40000000
    rows = b""
    for row in range(12):
        rows += b"".join(
            struct.pack("<7I", base + 8 * n + row, 1 + n % 3, 0, base + 4 * n, base + 99 * n, 0, 0) for n in range(40)
        )
        rows += bytes(64)
    return b"U-Boot 2023.01 (Jan 09 2023 - 16:07:33 +0000)\0\0\0" + texts + bytes(-len(texts) % 4) + rows


def relocations() -> bytes:
    rows = b"".join(struct.pack("<3Q", 8 * number, 1027, number) for number in range(300_000))
    return b"U-Boot 2023.01 (Jan 09 2023 - 16:07:33 +0000)\0\0\0" + rows


SCRIPTS = {
    "blocks": "if a; then " * 20_000,
    "arms": "if a; then b; " + "elif c; then d; " * 16_000 + "fi",
    "different arms": "if a; then b; " + "".join(f"elif c{n}; then d; " for n in range(12_000)) + "fi",
    "a row": "a" + " && b" * 50_000,
    "a different row": "a" + "".join(f" && b{n}" for n in range(25_000)),
    "loops in loops": "for i in 1 2 3 4 5 6 7 8; do " * 25 + "echo $i; " + "done; " * 25,
    "a value that doubles": "setenv x " + "a" * 60 + "; " + "setenv x $x$x; " * 10_000,
    "values that part": "if a; then setenv x 1; else setenv x 2; fi; " * 4000 + "echo $x$x$x$x$x$x",
    "run itself": "run n; run n",
    "run the others": "\n".join(f"run v{n} v{n + 1}; run v{(n * 7) % 200}" for n in range(200)),
    "signs that end nothing": "a \x0b b \x0c c \x1c \x85 \u2003 d\n" * 1000,
    "quotes": "'\"" * 60_000,
    "variables": "${" * 100_000,
    "variables that end": "${a" * 60_000 + "}",
    "many names": "".join(f"setenv a{n} b; if c; then d; fi; " for n in range(6000)),
    "words of for": "for i in " + " ".join(map(str, range(40_000))) + "; do run n; done",
    "said in full": "if " + "x" * 2000 + "; then " + "echo a; " * 20_000 + "fi",
}


KCONFIGS = {
    "a million lines": "config A\n" + "\n" * 1_000_000,
    "many options": "".join(f"config A{n}\n\tbool\n\tdefault A{n - 1}\n" for n in range(60_000)),
    "many options backwards": "".join(f"config A{n}\n\tbool\n\tdefault A{n + 1}\n" for n in range(30_000)),
    "one option often": "config A\n\tbool\n\tdefault y if A\n" * 60_000,
    "brackets": "config A\n\tbool\n\tdepends on " + "(" * 60_000,
    "nots": "config A\n\tbool\n\tdepends on " + "!" * 60_000 + "A",
    "a long row": "config A\n\tbool\n\tdepends on " + " && ".join(["A"] * 12_000),
    "selects": "".join(f"config A{n}\n\tbool\n\tselect A{n + 1}\n\tselect A{n + 2}\n" for n in range(10_000)),
    "all select one": "".join(f"config A{n}\n\tbool\n\tselect A0\n" for n in range(20_000)),
    "menus": "menu a\n\tdepends on B\n" * 5000,
    "ifs": "if A\n" * 50_000 + "config A\n\tbool\n",
    "ifs around many": "".join(f"if A{n}\n" for n in range(200)) + "config B\n\tbool\n" * 5000,
    "itself": 'source "Kconfig"\n' * 5000,
    "macros": "a = $(a)$(a)\n" * 2000 + "b := $(a)\n" * 2000,
    "macros that double": "a0 = xx\n" + "".join(f"a{n + 1} = $(a{n})$(a{n})\n" for n in range(40)) + "b := $(a39)\n",
    "one long line": "config A\n\tstring\n\tdefault \"" + "x" * 3_000_000,
    "a line that goes on": "config A\n\tdepends on A && \\\n" * 100_000,
    "choices": "choice\n\tprompt \"a\"\nconfig A\n\tbool \"a\"\n" * 4000,
    "a wide choice": "choice\n" + "".join(f"config A{n}\n\tbool \"a\"\n" for n in range(20_000)) + "endchoice\n",
    "ranges": "".join(f"config A{n}\n\tint\n\trange A{n + 1} A{n + 2}\n\tdefault 1\n" for n in range(5000)),
    "wildcards": 'source "*/*/*/*"\n' * 300,
}  # fmt: skip


# DER


def der(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([tag, size]) + content
    return bytes([tag, 0x84]) + size.to_bytes(4, "big") + content


def nested_der(depth: int) -> bytes:
    data = b""
    for _ in range(depth):
        data = b"\x30\x84" + len(data).to_bytes(4, "big") + data
    return data


def rsa_info(modulus: int, exponent: int) -> bytes:
    numbers = (number.to_bytes(number.bit_length() // 8 + 1, "big") for number in (modulus, exponent))
    key = der(0x30, b"".join(der(2, number) for number in numbers))
    return der(0x30, der(0x30, bytes.fromhex("06092a864886f70d0101010500")) + der(3, b"\0" + key))


def signed_by(modulus: int, exponent: int, value: int) -> bytes:
    """A certificate that names itself, with such a key and such a signature."""
    algorithm = der(0x30, bytes.fromhex("06092a864886f70d01010b0500"))
    name = der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403") + der(12, b"a"))))
    times = der(0x30, der(23, b"200101000000Z") + der(23, b"400101000000Z"))
    body = der(0x30, der(2, b"\1") + algorithm + name + times + name + rsa_info(modulus, exponent))
    size = max(1, (modulus.bit_length() + 7) // 8)
    return der(0x30, body + algorithm + der(3, b"\0" + (value % (1 << 8 * size)).to_bytes(size, "big")))


NUMBERS = {
    "a large exponent": ((1 << 4096) - 1, (1 << 4096) - 1),
    "the largest": ((1 << 16384) - 1, (1 << 256) - 1),
    "too large": ((1 << 200_000) - 1, (1 << 200_000) - 1),
    "even": (1 << 2048, 65537),
    "nothing": (0, 0),
    "one": (1, 1),
}


def many_certificates() -> bytes:
    """A message whose certificates all have one name, with the largest of keys."""
    body = b"".join(signed_by((1 << 16384) - 1 - 2 * number, (1 << 256) - 1, 5) for number in range(60))
    signer = der(0x30, der(2, b"\1"))
    parts = der(2, b"\1") + der(0x31, b"") + der(0x30, bytes.fromhex("06092a864886f70d010701")) + der(0xA0, body)
    return der(0x30, bytes.fromhex("06092a864886f70d010702") + der(0xA0, der(0x30, parts + der(0x31, signer))))


# boot ROMs


def csf_of_many_blocks() -> bytes:
    """Each block of a signed image is all of it, thousands of times."""
    with tempfile.TemporaryDirectory() as folder:
        whole = nxp.plain(Path(folder), f"CSF {nxp.CSF_ROOM:#x}")
        end = nxp.csf_at(whole)
        image = whole[:end].ljust(end, b"\0") + bytes(4 << 20)
        start = int.from_bytes(image[20:24], "little")
    blocks = struct.pack(">2I", start, len(image)) * 8000
    command = struct.pack(">BHB4BI", 0xCA, 12 + len(blocks), 0, 2, 0xC5, 0x1D, 0, 4 + 12 + len(blocks)) + blocks
    csf = struct.pack(">BHB", 0xD4, 4 + len(command), 0x42) + command
    place = len(image)
    message = der(0x30, bytes.fromhex("06092a864886f70d010702") + der(0xA0, der(0x30, b"")))
    return image[:24] + (start + place).to_bytes(4, "little") + image[28:] + csf + nxp.blob(0xD8, message)


def containers_of_one_image() -> bytes:
    """Every image of every container is nearly all that there is."""
    one = b"".join(
        struct.pack("<IIQQII64s32x", number, (24 << 20) - number, 0, 0, 3, 0, b"d" * 64) for number in range(32)
    )
    length = 16 + len(one)
    assert length > 1024
    head = struct.pack("<BHBIHBBHH", 0, length, 0x87, 0, 0, 0, 32, 0, 0)
    return (head + one).ljust(24 << 20, b"\0")


# EFI


def small_variables() -> bytes:
    rows = ((f"v{number}", efi_store.GLOBAL, b"x", efi_store.ADDED) for number in range(20_000))
    return efi_store.volume(rows, room=3 << 20)


ATTACKS: dict[str, tuple[str, Callable[[], bytes]]] = {
    "a device tree of 10,000 levels": ("device_tree", lambda: nested(10_000)),
    "a device tree of 10,000 levels that is a FIT's": ("fit", lambda: nested(10_000)),
    "paths too long, many times": ("device_tree", lambda: deep_and_wide(15_000)),
    "long paths, many times": ("device_tree", lambda: deep_and_wide(1000)),
    "phandles with long paths": ("device_tree", lambda: phandles(6000)),
    "phandles in circles": ("device_tree", cycles),
    "a name outside": ("device_tree", strings_outside),
    "reservations without an end": ("device_tree", reservations_without_end),
    "an overlay of one large value": ("device_tree", overlay_of_one_large_value),
    "an overlay of many names": ("device_tree", overlay_of_many_names),
    "an overlay of many paths": ("device_tree", overlay_of_many_paths),
    "images that overlap": ("fit", overlapping),
    "configurations of images that are not there": ("fit", missing_images),
    "signatures of much": ("fit", lambda: signatures(2000, 12_000)),
    "signatures with long lists": ("fit", lambda: signatures(600, 1, b"/a\0" * 20_000)),
    "odd keys": ("fit_keys", odd_keys),
    "odd points": ("fit_keys", odd_points),
    "many large keys": ("fit_keys", many_keys),
    "an environment of 16 MiB": ("uboot_env", large_environment),
    "many beginnings of environments": ("uboot_env", many_beginnings),
    "an environment of a letter": ("uboot_env", lambda: environment(b"a=" + b"b" * (1 << 20), 2 << 20)),
    "trees over trees": ("uboot_binary", lambda: magics(3 << 20)),
    "many texts": ("uboot_binary", many_texts),
    "many relocations": ("uboot_binary", relocations),
    "words without an end": ("uboot_binary", lambda: b"U-Boot 2023.01\0" + b"bootcmd=" * 300_000),
    **{f"a script: {name}": ("uboot_script", text.encode) for name, text in SCRIPTS.items()},
    **{f"a Kconfig: {name}": ("kconfig", text.encode) for name, text in KCONFIGS.items()},
    **{f"a key: {name}": ("x509", lambda row=row: signed_by(*row, 7)) for name, row in NUMBERS.items()},
    **{f"a bare key: {name}": ("public_key", lambda row=row: rsa_info(*row)) for name, row in NUMBERS.items()},
    "DER of 10,000 levels": ("cms", lambda: nested_der(10_000)),
    "a certificate of 10,000 levels": ("x509", lambda: nested_der(10_000)),
    "keys of 10,000 levels": ("private_key", lambda: nested_der(10_000)),
    "DER side by side": ("cms", lambda: der(0x30, b"\5\0" * 1_000_000)),
    "an absurd length": ("x509", lambda: b"\x30\x84\xff\xff\xff\xff" + bytes(100)),
    "certificates of one name": ("cms", many_certificates),
    "a CSF of many blocks": ("imx_ivt", csf_of_many_blocks),
    "containers of one image": ("imx_ahab", containers_of_one_image),
    "many variables": ("efi_variables", small_variables),
}


@cache
def ready(name: str) -> Parser:
    """With what it makes once, such as keys."""
    try:
        with tempfile.TemporaryDirectory() as folder:
            for data in made(PARSERS[name], Path(folder))[:2]:
                PARSERS[name].ask(data)
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    return PARSERS[name]


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_is_answered_in_time_and_memory(attack: str) -> None:
    name, write = ATTACKS[attack]
    call(ready(name).ask, write(), BOUNDS)
