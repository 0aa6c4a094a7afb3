"""The header of an RPM package, as rpm's database keeps one for each that is installed.

Two numbers say how many entries there are and how long the data are; each entry of 16 bytes has a tag, a type, an
offset into the data and a count, all big-endian (rpm's manual, "RPM v4 file format"; lib/rpmtag.h has the numbers).
Read is what says which software it is and which files it brought.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from firmward.formats.malformed import Malformed

SIZE_LIMIT = 256 << 20
"""Bytes that rpm itself allows for the data of a header."""
ENTRIES_LIMIT, COUNT_LIMIT = 4096, 500_000
TEXT_LIMIT = 1024
"""Bytes of a text that is kept; names are shorter, descriptions are not read."""

NAME, VERSION, RELEASE, EPOCH = 1000, 1001, 1002, 1003
VENDOR, LICENCE, ARCHITECTURE, SOURCE = 1011, 1014, 1022, 1044
NEEDS, FOLDER_NUMBERS, FILE_NAMES, FOLDERS = 1049, 1116, 1117, 1118
TAGS = frozenset(
    (NAME, VERSION, RELEASE, EPOCH, VENDOR, LICENCE, ARCHITECTURE, SOURCE, NEEDS, FOLDER_NUMBERS, FILE_NAMES, FOLDERS)
)
INT32, STRING, STRINGS, INTERNATIONAL = 4, 6, 8, 9


@dataclass(frozen=True, slots=True)
class RpmHeader:
    """One package: `name`, `version` with `release` and `epoch` (None without one), `architecture`, who made it
    (`vendor`), its `licence`, the file name of the `source` package, what it `needs`, and its `files`."""

    name: str
    version: str
    release: str = ""
    epoch: int | None = None
    architecture: str = ""
    vendor: str = ""
    licence: str = ""
    source: str = ""
    needs: tuple[str, ...] = ()
    files: tuple[str, ...] = field(default=(), repr=False)

    @property
    def full_version(self) -> str:
        """As rpm compares it: epoch, version and release."""
        version = f"{self.version}-{self.release}" if self.release else self.version
        return version if self.epoch is None else f"{self.epoch}:{version}"


def read(blob: bytes) -> RpmHeader:
    """Raises Malformed when it is none, or has no name and version."""
    values = dict(_values(blob))
    name, version = _text(values, NAME), _text(values, VERSION)
    if not name or not version:
        raise Malformed("the header of an RPM package has no name or no version")
    epoch = values.get(EPOCH)
    return RpmHeader(
        name,
        version,
        _text(values, RELEASE),
        epoch[0] if epoch and isinstance(epoch[0], int) else None,
        _text(values, ARCHITECTURE),
        _text(values, VENDOR),
        _text(values, LICENCE),
        _text(values, SOURCE),
        tuple(str(one) for one in values.get(NEEDS, ())),
        tuple(_files(values)),
    )


Values = Mapping[int, tuple[str | int, ...]]


def _text(values: Values, tag: int) -> str:
    return str(values[tag][0]) if values.get(tag) else ""


def _files(values: Values) -> Iterator[str]:
    """Names, each with the number of its folder. Without a leading slash."""
    folders = values.get(FOLDERS, ())
    for name, number in zip(values.get(FILE_NAMES, ()), values.get(FOLDER_NUMBERS, ()), strict=False):
        if isinstance(number, int) and number < len(folders):
            yield f"{folders[number]}{name}".lstrip("/")


def _values(blob: bytes) -> Iterator[tuple[int, tuple[str | int, ...]]]:
    if len(blob) < 8:
        raise Malformed("the header of an RPM package is cut short")
    count, size = struct.unpack_from(">II", blob)
    start = 8 + 16 * count
    if not 0 < count <= ENTRIES_LIMIT or size > SIZE_LIMIT or start + size > len(blob):
        raise Malformed(f"the header of an RPM package claims {count} entries and {size} bytes")
    data = memoryview(blob)[start : start + size]
    for number in range(count):
        tag, kind, offset, length = struct.unpack_from(">IIII", blob, 8 + 16 * number)
        if tag in TAGS and offset < size and length <= COUNT_LIMIT:
            yield tag, _value(data, kind, offset, length)


def _value(data: memoryview, kind: int, offset: int, count: int) -> tuple[str | int, ...]:
    if kind == INT32:
        if offset + 4 * count > len(data):
            raise Malformed("a number of an RPM package's header lies outside of it")
        return struct.unpack_from(f">{count}I", data, offset)
    if kind not in (STRING, STRINGS, INTERNATIONAL):
        return ()
    content = bytes(data[offset:])
    texts = content.split(b"\0", 1 if kind == STRING else count)[: 1 if kind == STRING else count]
    return tuple(text[:TEXT_LIMIT].decode("utf-8", "replace") for text in texts)
