"""HTTP/1.1 as far as a file is fetched by it (RFC 9110, 9112): what is asked, and what an answer says. Bytes in, bytes
out; web.py has the line. The standard library's own client takes three quarters of the time of a whole look at a
repository to load (docs/adr/017).

An answer can be read in one way or is refused. Refused is what RFC 9112 lets a recipient guess: a line that ends in a
line feed alone, a field that goes on in the next line, a space before its colon, a length said twice, or beside chunks.
So are a transfer coding other than chunked, and a part of a file that begins elsewhere than was asked. Other fields
mean nothing here: what they say of the content is not believed anyway.

All that stands around the content is bounded together: heads, interim answers, sizes of chunks and what follows them.
So nobody is kept busy with a chunk for each byte.
"""

from collections.abc import Callable
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

PART = 206
AROUND_LIMIT = 32 << 10
"""Bytes around the content, to which its chunks add a sixteenth of theirs."""
FIELDS_LIMIT = 100
"""Of all heads of an answer, and behind its chunks."""
SIZE_DIGITS = 15
"""Of the size of anything, decimal or hexadecimal."""

_TOKEN = frozenset(b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_HEXADECIMAL = frozenset(b"0123456789abcdefABCDEF")
_CONTROLS = bytes({*range(32), 127} - {9})
_BLANK = b" \t"
_EMPTY = (204, 304)
"""Answers that have no content, whatever their fields say."""


@dataclass(frozen=True, slots=True)
class Head:
    """`length` is that of the content in bytes, None where chunks or the end of the line tell it. `keeps` tells whether
    another file may be asked for over the same line."""

    status: int
    length: int | None
    is_chunked: bool
    keeps: bool


def request(host: str, target: str, offset: int = 0) -> bytes:
    """For a file from `offset` on. Raises Malformed where an address would be more than one line."""
    if not (host + target).isascii() or not target.startswith("/"):
        raise Malformed("is no address")
    if any(letter <= " " or letter == "\x7f" for letter in host + target):
        raise Malformed("the address has a blank or a control character")
    fields = [f"Host: {host}", "User-Agent: firmward", "Accept-Encoding: identity"]
    if offset:
        fields.append(f"Range: bytes={offset}-")
    return "\r\n".join([f"GET {target} HTTP/1.1", *fields, "", ""]).encode("ascii")


class Answer:
    """One answer, as it comes in. `head` is None until it is there; `is_whole` when all of it came. `offset` is where
    the file was asked for from."""

    def __init__(self, offset: int = 0) -> None:
        self.head: Head | None = None
        self.is_whole = False
        self._offset = offset
        self._waiting = bytearray()
        self._searched = 0
        self._around = AROUND_LIMIT
        self._fields_left = FIELDS_LIMIT
        self._version, self._status = b"", 0
        self._fields: dict[bytes, bytes] = {}
        self._left = 0
        self._step: Callable[[], bytes | None] = self._status_line

    @property
    def is_over(self) -> bool:
        """Whole, and nothing came behind it: the line may be used again."""
        return self.is_whole and not self._waiting

    def take(self, data: bytes) -> bytes:
        """The content in what came; no bytes mean that the line ended. Raises Malformed."""
        if not data:
            self._ended()
            return b""
        self._waiting += data
        pieces = []
        while not self.is_whole and (piece := self._step()) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    def _ended(self) -> None:
        if self._step == self._until_the_end:
            self.is_whole = True
        if not self.is_whole:
            missing = f"{self._left} bytes are missing" if self._step == self._counted else "it breaks off"
            raise Malformed(missing)

    # each step gives the content that it took, None where it needs more to go on

    def _status_line(self) -> bytes | None:
        line = self._line()
        if line is None:
            return None
        version, _, rest = line.partition(b" ")
        status = rest.partition(b" ")[0]
        if version not in (b"HTTP/1.1", b"HTTP/1.0") or len(status) != 3 or not status.isdigit() or status < b"100":
            raise Malformed("what comes is no HTTP/1.1")
        self._version, self._status, self._fields = version, int(status), {}
        self._step = self._field
        return b""

    def _field(self) -> bytes | None:
        line = self._line()
        if line is None:
            return None
        if line:
            self._keep(*self._parted(line))
        elif self._status == 101:
            raise Malformed("the server changes to another protocol")
        elif self._status < 200:
            self._step = self._status_line  # an interim answer
        else:
            self._begin()
        return b""

    def _begin(self) -> None:
        self.head = head = self._head()
        self._left = head.length or 0
        if head.is_chunked:
            self._step = self._chunk
        elif head.length is None:
            self._step = self._until_the_end
        else:
            self._step = self._counted
            self.is_whole = head.length == 0

    def _counted(self) -> bytes | None:
        piece = self._content()
        self.is_whole = not self._left
        return piece

    def _until_the_end(self) -> bytes | None:
        self._left = len(self._waiting)
        return self._content()

    def _chunk(self) -> bytes | None:
        line = self._line()
        if line is None:
            return None
        digits = line.partition(b";")[0].rstrip(_BLANK)  # an extension means nothing
        if not 0 < len(digits) <= SIZE_DIGITS or not _HEXADECIMAL.issuperset(digits):
            raise Malformed("a chunk has no size")
        self._left = int(digits, 16)
        self._step = self._in_chunk if self._left else self._trailer
        return b""

    def _in_chunk(self) -> bytes | None:
        piece = self._content()
        self._around += len(piece or b"") // 16
        if not self._left:
            self._step = self._behind_chunk
        return piece

    def _behind_chunk(self) -> bytes | None:
        line = self._line()
        if line:
            raise Malformed("a chunk is longer than its size")
        self._step = self._step if line is None else self._chunk
        return line

    def _trailer(self) -> bytes | None:
        line = self._line()
        if line:
            self._parted(line)
            return b""
        self.is_whole = line is not None
        return line

    # ------------------------------------------------------------------ parts

    def _content(self) -> bytes | None:
        """What came of the bytes that are left."""
        piece = bytes(self._waiting[: self._left])
        del self._waiting[: self._left]
        self._left -= len(piece)
        return piece or None

    def _line(self) -> bytes | None:
        """Without its end; None where that did not come yet."""
        end = self._waiting.find(b"\n", self._searched)
        used = end + 1 or len(self._waiting)
        if used > self._around:
            raise Malformed(f"has more than {AROUND_LIMIT} bytes around its content")
        self._searched = 0 if end >= 0 else used
        if end < 0:
            return None
        line = bytes(self._waiting[:used])
        del self._waiting[:used]
        self._around -= used
        if not line.endswith(b"\r\n") or line[:-2].translate(None, _CONTROLS) != line[:-2]:
            raise Malformed("a line has a control character, or ends in a line feed alone")
        return line[:-2]

    def _parted(self, line: bytes) -> tuple[bytes, bytes]:
        """A field's name, in lower case, and its value."""
        self._fields_left -= 1
        if self._fields_left < 0:
            raise Malformed(f"has more than {FIELDS_LIMIT} fields")
        name, colon, value = line.partition(b":")
        if not colon or not name or not _TOKEN.issuperset(name):
            raise Malformed("a line of its head is no field")
        return name.lower(), value.strip(_BLANK)

    def _keep(self, name: bytes, value: bytes) -> None:
        """A list where it is said twice, which is no length, no coding and no part."""
        known = self._fields.get(name)
        self._fields[name] = value if known is None else known + b"," + value

    def _head(self) -> Head:
        length, is_chunked = self._length(), self._is_chunked()
        if is_chunked and length is not None:
            raise Malformed("says both a length and chunks")
        if self._status == PART:
            self._check_part(length)
        if self._status in _EMPTY:
            length, is_chunked = 0, False
        options = {option.strip(_BLANK).lower() for option in self._fields.get(b"connection", b"").split(b",")}
        is_kept = b"close" not in options and (self._version == b"HTTP/1.1" or b"keep-alive" in options)
        return Head(self._status, length, is_chunked, is_kept)

    def _length(self) -> int | None:
        value = self._fields.get(b"content-length")
        return None if value is None else _whole(value)

    def _is_chunked(self) -> bool:
        coding = self._fields.get(b"transfer-encoding")
        if coding is not None and (coding.lower() != b"chunked" or self._version != b"HTTP/1.1"):
            raise Malformed("has a transfer coding other than chunked")
        return coding is not None

    def _check_part(self, length: int | None) -> None:
        """RFC 9110, section 14.4: `bytes 3-6/7`; a star where the file's length is not known."""
        unit, _, value = self._fields.get(b"content-range", b"").partition(b" ")
        places, slash, complete = value.partition(b"/")
        first, _, last = places.partition(b"-")
        if unit.lower() != b"bytes" or not slash or (complete != b"*" and _whole(complete) <= _whole(last)):
            raise Malformed("does not say which part of the file it is")
        size = _whole(last) + 1 - self._offset
        if _whole(first) != self._offset or size < 1 or length not in (None, size):
            raise Malformed("is another part of the file than was asked for")


def _whole(digits: bytes) -> int:
    if not 0 < len(digits) <= SIZE_DIGITS or not digits.isdigit():
        raise Malformed("says a size that is none")
    return int(digits)
