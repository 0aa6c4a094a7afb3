"""Intel HEX (Intel's specification of 1988, revision A): one record per line, a colon and bytes as hexadecimal digits.

A record holds its length, sixteen bits of address, its type, data, and a checksum that makes the sum of all its bytes
zero. Types 2 and 4 give the upper part of the address for the data that follow.
"""

from dataclasses import dataclass

from firmward.formats.malformed import Malformed

LINE_LIMIT = 1 + 2 * (255 + 5)
"""Characters of the longest record."""

DATA, END, SEGMENT, START_SEGMENT, LINEAR, START_LINEAR = range(6)
_LENGTHS = {END: 0, SEGMENT: 2, START_SEGMENT: 4, LINEAR: 2, START_LINEAR: 4}


@dataclass(frozen=True, slots=True)
class Record:
    type: int
    address: int
    data: bytes


def parse_record(line: bytes) -> Record:
    """The record in a line without its line ending. Raises Malformed."""
    if line[:1] != b":" or len(line) > LINE_LIMIT:
        raise Malformed("no record")
    try:
        raw = bytes.fromhex(line[1:].decode("ascii"))
    except ValueError:
        raise Malformed("digits that are not hexadecimal") from None
    if len(raw) < 5 or raw[0] != len(raw) - 5:
        raise Malformed("a record that is not as long as it says")
    if sum(raw) & 0xFF:
        raise Malformed("the checksum of a record is wrong")
    kind, data = raw[3], raw[4:-1]
    if kind > START_LINEAR or len(data) != _LENGTHS.get(kind, len(data)):
        raise Malformed(f"a record of type {kind} with {len(data)} bytes")
    return Record(kind, int.from_bytes(raw[1:3], "big"), data)


class Reader:
    """Records in their order to addresses and data; keeps the upper part of the address."""

    must_end = True
    """A file ends with a record that says so."""

    def __init__(self) -> None:
        self._base = 0

    def read(self, line: bytes) -> tuple[int, bytes] | None:
        """Address and data of a line; None at the last record. Raises Malformed."""
        record = parse_record(line)
        if record.type == END:
            return None
        if record.type in (SEGMENT, LINEAR):
            self._base = int.from_bytes(record.data, "big") << (4 if record.type == SEGMENT else 16)
        return self._base + record.address, record.data if record.type == DATA else b""
