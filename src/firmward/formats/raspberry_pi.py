"""Raspberry Pi: `config.txt`, the EEPROM of Pi 4 and later, and what is signed (raspberrypi.com, "config.txt",
"Boot EEPROM", rpi-eeprom).

The rules this file holds:

- `config.txt` and `bootconf.txt` are lines `name=value`; `[…]` filters what follows: one of the same sort replaces the
  last, `[all]` takes all away, `[none]` hides what follows; `include` names another file. The last value counts, but
  for what adds up (dtoverlay, dtparam, initramfs, include).
- An EEPROM is sections of a magic and a length in big endian, eight bytes aligned; modifiable files have a name of
  twelve bytes. `pubkey.bin` is a modulus of 256 and an exponent of 8 bytes, little endian.
- `boot.sig`, `bootconf.sig`: the SHA-256 in hexadecimal, a time, and an RSA-2048 signature in hexadecimal.
- With SIGNED_BOOT=1 the loader takes `boot.img` with `boot.sig` alone; without the key in fuses (`program_pubkey`) who
  can write the EEPROM can also write another key.
"""

import hashlib
import re
import struct
from dataclasses import dataclass

from firmward.formats.malformed import Malformed
from firmward.formats.public_key import RsaKey
from firmward.formats.rom_image import Evidence, Extent, Held, Read, Signed, Signing, exactly

LINES, LINE_LIMIT = 20_000, 4096
COLLECTED = frozenset({"dtoverlay", "dtparam", "initramfs", "include", "device_tree_param"})
"""Names whose values add up."""
SOURCES = {
    0x0: "sd-detect", 0x1: "sd", 0x2: "network", 0x3: "rpiboot", 0x4: "usb", 0x5: "usb-device", 0x6: "nvme",
    0x7: "http", 0xE: "stop", 0xF: "restart",
}  # fmt: skip
DEFAULT_ORDER = 0xF41

MAGIC, PADDING, FILE = 0x55AAF00F, 0x55AAFEEF, 0x55AAF11F
MASK = 0xFFFFF00F
EEPROM_SIZES = (512 << 10, 2 << 20)
SECTIONS = 1024
NAME = 12
KEY_SIZE = 264
TEXT_LIMIT = 16 << 10


@dataclass(frozen=True, slots=True)
class Setting:
    """`name` as written in lower case; `filters` are in force there, as they stand between the brackets."""

    name: str
    value: str
    filters: tuple[str, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Config:
    settings: tuple[Setting, ...]

    def values(self, name: str) -> tuple[Setting, ...]:
        """All of a name, in order, whatever their filters."""
        return tuple(one for one in self.settings if one.name == name.lower())

    def value(self, name: str, model: str | None = None) -> str | None:
        """The last one that is in force: without filters, or with none but the model's (`pi4`)."""
        found = [one.value for one in self.values(name) if all(one_filter == model for one_filter in one.filters)]
        return found[-1] if found else None

    def is_on(self, name: str, model: str | None = None) -> bool:
        value = self.value(name, model)
        return value is not None and value.strip() not in ("", "0")

    def boot_order(self, model: str | None = None) -> tuple[str, ...]:
        """From where the loader boots, first to last."""
        text = self.value("BOOT_ORDER", model)
        try:
            number = DEFAULT_ORDER if text is None else int(text, 0)
        except ValueError:
            return ()
        return tuple(SOURCES.get(int(digit, 16), f"mode-{digit}") for digit in reversed(f"{number & 0xFFFFFFFF:x}"))


_FILTER = re.compile(r"\[([^\[\]]{1,64})\]")
_WORDS = re.compile(r"(initramfs|include)\s+(.+)", re.IGNORECASE)


def parse_config(text: str) -> Config:
    """`config.txt` or `bootconf.txt`. Raises Malformed for what is too long for one."""
    lines = text.splitlines()
    if len(lines) > LINES:
        raise Malformed(f"config.txt: more than {LINES} lines")
    settings: list[Setting] = []
    filters: dict[str, str] = {}
    for number, raw in enumerate(lines, 1):
        line = raw[:LINE_LIMIT].partition("#")[0].strip() if not raw.lstrip().startswith("#") else ""
        found = _FILTER.fullmatch(line)
        if found is not None:
            filters = _filtered(filters, found[1].strip())
            continue
        setting = _setting(line, number, tuple(filters.values()))
        if setting is not None:
            settings.append(setting)
    return Config(tuple(settings))


def _filtered(filters: dict[str, str], word: str) -> dict[str, str]:
    """The filters after another one; those of a sort exclude each other."""
    low = word.lower()
    if low == "all":
        return {}
    if low.startswith("gpio"):
        sort = "gpio"
    elif low.startswith("edid"):
        sort = "edid"
    elif low.startswith("0x"):
        sort = "serial"
    elif low == "tryboot" or low.startswith(("partition", "boot_")):
        sort = "boot"
    else:
        sort = "model"
    return filters | {sort: low}


def _setting(line: str, number: int, filters: tuple[str, ...]) -> Setting | None:
    if not line:
        return None
    words = _WORDS.fullmatch(line)
    if words is not None:
        return Setting(words[1].lower(), words[2].strip(), filters, number)
    name, equals, value = line.partition("=")
    return Setting(name.strip().lower(), value.strip(), filters, number) if equals and name.strip() else None


@dataclass(frozen=True, slots=True)
class DetachedSignature:
    """`boot.sig` or `bootconf.sig`; `signature` is empty where there is only a digest."""

    digest: bytes
    time: int | None
    signature: bytes

    def verify(self, data: bytes, key: RsaKey | None = None) -> tuple[Held, ...]:
        held = [Held("digest", 0, hashlib.sha256(data).digest() == self.digest)]
        if key is not None and self.signature:
            held.append(Held("signature", 0, key.signed("sha256", data, self.signature)))
        return tuple(held)


def parse_signature(text: str) -> DetachedSignature:
    """Raises Malformed."""
    digest, time, signed = b"", None, b""
    for line in text[:TEXT_LIMIT].replace("\0", "").splitlines():
        name, colon, value = line.strip().partition(":")
        try:
            if not colon and len(name) == 64 and not digest:
                digest = bytes.fromhex(name)
            elif name == "ts":
                time = int(value.strip()[:20])
            elif name == "rsa2048":
                signed = bytes.fromhex(value.strip())
        except ValueError:
            raise Malformed(f"boot.sig: {name[:20]!r} is no number") from None
    if not digest:
        raise Malformed("boot.sig: no digest of SHA-256")
    return DetachedSignature(digest, time, signed)


def parse_public_key(data: bytes) -> RsaKey:
    """`pubkey.bin`. Raises Malformed."""
    if len(data) != KEY_SIZE:
        raise Malformed(f"pubkey.bin: {len(data)} bytes, not {KEY_SIZE}")
    return RsaKey(int.from_bytes(data[:256], "little"), int.from_bytes(data[256:], "little"))


@dataclass(frozen=True, slots=True)
class Section:
    """`name` is the file's, or `bootcode`, `padding`, or the magic; `extent` is the content's."""

    magic: int
    name: str
    extent: Extent


@dataclass(frozen=True, slots=True)
class Eeprom:
    """`config` is None without a `bootconf.txt`; `public_key` and `signature` as the files hold them."""

    size: int
    sections: tuple[Section, ...]
    config: Config | None
    config_text: bytes
    public_key: RsaKey | None
    signature: DetachedSignature | None

    @property
    def payloads(self) -> tuple[Extent, ...]:
        return tuple(one.extent for one in self.sections if one.magic != PADDING and one.extent.size)

    def section(self, name: str) -> Section | None:
        return next((one for one in self.sections if one.name == name), None)

    @property
    def asks(self) -> bool:
        """Whether the loader takes a signed boot image alone."""
        return self.config is not None and self.config.is_on("SIGNED_BOOT")

    @property
    def signing(self) -> Signing:
        evidence = []
        for name in ("bootconf.txt", "bootconf.sig", "pubkey.bin"):
            found = self.section(name)
            at = found.extent.offset if found is not None else 0
            says = f"{name}: {found.extent.size} bytes" if found is not None else f"there is no {name}"
            evidence.append(Evidence(at, b"", says))
        evidence.append(Evidence(0, b"", "SIGNED_BOOT=1" if self.asks else "SIGNED_BOOT is not set"))
        conf = self.section("bootconf.txt")
        covered = (conf.extent,) if conf is not None else ()
        signed = self.signature is not None and bool(self.signature.signature) and self.public_key is not None
        if signed and self.asks:
            return Signing(Signed.YES, tuple(evidence), covered)
        return Signing(Signed.UNKNOWN if signed else Signed.NO, tuple(evidence), uncovered=covered)


def parse_eeprom(read: Read, size: int) -> Eeprom:
    """An image for the EEPROM of `size` bytes. Raises Malformed."""
    sections: list[Section] = []
    at = 0
    while at + 8 <= size and len(sections) < SECTIONS:
        magic, length = struct.unpack(">2I", exactly(read, at, 8, "EEPROM section"))
        if magic in (0, 0xFFFFFFFF):
            break
        if magic & MASK != MAGIC or at + 8 + length > size:
            raise Malformed(f"EEPROM: no section at byte {at}")
        sections.append(_section(read, magic, at, length))
        at += 8 + length
        at += -at % 8
    if not sections or sections[0].magic != MAGIC:
        raise Malformed("no EEPROM image of Raspberry Pi")
    texts = {one.name: _text(read, one) for one in sections if one.magic == FILE}
    conf = texts.get("bootconf.txt")
    key = texts.get("pubkey.bin", b"")
    signed = texts.get("bootconf.sig", b"").strip(b"\0\xff")
    whole = next((one for one in EEPROM_SIZES if at <= one <= size), at)
    return Eeprom(
        min(whole, size),
        tuple(sections),
        parse_config(conf.decode("utf-8", "replace")) if conf is not None else None,
        conf or b"",
        parse_public_key(key) if len(key) == KEY_SIZE and any(key) else None,
        parse_signature(signed.decode("ascii", "replace")) if signed else None,
    )


def _section(read: Read, magic: int, at: int, length: int) -> Section:
    if magic != FILE:
        name = {MAGIC: "bootcode", PADDING: "padding"}.get(magic, f"{magic:#010x}")
        return Section(magic, name, Extent(name, at + 8, length))
    if length < NAME + 4:
        raise Malformed(f"EEPROM: a file without a name at byte {at}")
    raw = exactly(read, at + 8, NAME, "EEPROM file").partition(b"\0")[0]
    name = raw.decode("ascii", "replace") if raw else "file"
    return Section(magic, name, Extent(name, at + 8 + NAME + 4, length - NAME - 4))


def _text(read: Read, section: Section) -> bytes:
    extent = section.extent
    return exactly(read, extent.offset, min(extent.size, TEXT_LIMIT), section.name)


def verify(eeprom: Eeprom) -> tuple[Held, ...]:
    """The signature of `bootconf.txt` with the key in the image."""
    if eeprom.signature is None:
        return ()
    found = eeprom.section("bootconf.sig")
    at = found.extent.offset if found is not None else 0
    held = eeprom.signature.verify(eeprom.config_text, eeprom.public_key)
    return tuple(Held(f"{one.what} of bootconf.txt", at, one.holds) for one in held)
