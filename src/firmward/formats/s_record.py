"""Motorola S-records: one record per line, `S`, a digit for its type, and bytes as hexadecimal digits.

A record holds the number of bytes that follow, an address of two to four bytes, data, and the complement of the sum of
all these. S1 to S3 carry data, S0 a title, S5 and S6 a count of records, S7 to S9 end the file.
"""

from dataclasses import dataclass

from firmward.formats.malformed import Malformed

LINE_LIMIT = 4 + 2 * 255
"""Characters of the longest record."""

_ADDRESS_SIZES = {0: 2, 1: 2, 2: 3, 3: 4, 5: 2, 6: 3, 7: 4, 8: 3, 9: 2}
_DATA = (1, 2, 3)
_END = (7, 8, 9)


@dataclass(frozen=True, slots=True)
class Record:
    type: int
    address: int
    data: bytes


def parse_record(line: bytes) -> Record:
    """The record in a line without its line ending. Raises Malformed."""
    if line[:1] != b"S" or not line[1:2].isdigit() or len(line) > LINE_LIMIT:
        raise Malformed("no record")
    size = _ADDRESS_SIZES.get(int(line[1:2]))
    try:
        raw = bytes.fromhex(line[2:].decode("ascii"))
    except ValueError:
        raise Malformed("digits that are not hexadecimal") from None
    if size is None or len(raw) < size + 2 or raw[0] != len(raw) - 1:
        raise Malformed("a record that is not as long as it says")
    if sum(raw) & 0xFF != 0xFF:
        raise Malformed("the checksum of a record is wrong")
    return Record(int(line[1:2]), int.from_bytes(raw[1 : 1 + size], "big"), raw[1 + size : -1])


class Reader:
    """Records in their order to addresses and data."""

    must_end = False
    """Writers that know no start address leave the last record out."""

    def read(self, line: bytes) -> tuple[int, bytes] | None:
        """Address and data of a line; None at the last record. Raises Malformed."""
        record = parse_record(line)
        if record.type in _END:
            return None
        return record.address, record.data if record.type in _DATA else b""
