"""rpm's own database of packages, `Packages.db` ("ndb", lib/backend/ndb/rpmpkg.c of rpm).

All numbers are little-endian. The file begins with `RpmP`, a version (0), a generation and the number of pages of 4096
bytes that slots lie on; the first two places of 16 bytes are this head, every further one is a slot: `Slot`, the
package's number (0: free), where its blob begins in blocks of 16 bytes, and how many it takes. A blob begins with
`BlbS`, the package's number again, a generation and its length, and is the header of the package (rpm_header).
"""

import struct
from collections.abc import Iterator

from firmward.formats.malformed import Malformed

MAGIC, SLOT, BLOB = b"RpmP", b"Slot", b"BlbS"
PAGE, BLOCK = 4096, 16
PAGES_LIMIT = 1024
"""Of slots: each page has 256 packages."""


def blobs(data: bytes) -> Iterator[bytes]:
    """The headers of all packages. Raises Malformed when it is no such database, or a slot leads out of it."""
    if len(data) < 2 * BLOCK or data[:4] != MAGIC:
        raise Malformed("no database of packages of rpm: it does not begin with RpmP")
    version, _, pages = struct.unpack_from("<III", data, 4)
    if version != 0 or not 0 < pages <= PAGES_LIMIT:
        raise Malformed(f"a database of packages of rpm of version {version} with {pages} pages of slots")
    for place in range(2 * BLOCK, min(pages * PAGE, len(data) - BLOCK + 1), BLOCK):
        magic, number, start, count = struct.unpack_from("<4sIII", data, place)
        if magic != SLOT:
            raise Malformed(f"a slot of rpm's database at {place} is none")
        if number:
            yield _blob(data, number, start * BLOCK, count * BLOCK)


def _blob(data: bytes, number: int, start: int, room: int) -> bytes:
    if start + BLOCK > len(data):
        raise Malformed(f"package {number} of rpm's database lies outside of it")
    magic, own, _, length = struct.unpack_from("<4sIII", data, start)
    if magic != BLOB or own != number or length > room or start + BLOCK + length > len(data):
        raise Malformed(f"package {number} of rpm's database is not where its slot says")
    return data[start + BLOCK : start + BLOCK + length]
