"""The rollback floor in a counter of a TPM 2.0: it lies in the chip, and no command lowers it.

Rules (TCG TPM 2.0 Library, part 1 "NV Counters", part 2 for structures and codes, part 3 for commands):

- A counter is increased by one and never set. It begins above the highest value that any counter of this TPM ever had,
  deleted ones too: who deletes it and defines it anew has raised it.
- A counter cannot be read before it was increased once. So the floor is its value less one, and a space that is not
  there yet is defined, and increased once, when it is first asked for.
- A space under our number that is no counter, or may begin anew by itself, was put there by somebody else.
- Commands are big-endian: tag, size, code, handles, authorisations, parameters. The authorisation is the empty
  password, as the owner's has to be when the space is defined; with another one it is defined at the factory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import DeviceError, TrustError
from firmward.update.floors.floor import HIGHEST

DEVICE = Path("/dev/tpmrm0")
"""The kernel's resource manager."""
INDEX = 0x01800F17
"""Of the space: within the range that the registry of handles leaves to the owner, 0x01800000 to 0x01BFFFFF."""
ANSWER_LIMIT = 4096

Exchange = Callable[[bytes], bytes]
"""A command in, the answer out. Raises OSError."""

_PLAIN, _AUTHORISED = 0x8001, 0x8002
_NV_DEFINE_SPACE, _NV_INCREMENT, _NV_READ, _NV_READ_PUBLIC = 0x12A, 0x134, 0x14E, 0x169
_OWNER = 0x40000001
_EMPTY_PASSWORD = bytes.fromhex("40000009 0000 00 0000")
_SHA256 = 0x000B
_SIZE = 8
_NOT_THERE = 0x18B
"""TPM_RC_HANDLE, of the first handle."""

_TYPE, _COUNTER = 0xF0, 0x10
_AUTH_WRITE, _AUTH_READ, _NO_LOCKOUT = 1 << 2, 1 << 18, 1 << 25
_WRITTEN = 1 << 29
_ORDERLY, _CLEARED_AT_RESET = 1 << 26, 1 << 27
ATTRIBUTES = _COUNTER | _AUTH_WRITE | _AUTH_READ | _NO_LOCKOUT


class TpmFloor:
    """A floor (floor.py)."""

    name = "a counter of the TPM"
    is_kept_apart = True
    refused = ""

    def __init__(self, exchange: Exchange) -> None:
        self._tpm = _Tpm(exchange)

    def is_defined(self) -> bool:
        """Raises DeviceError."""
        return self._tpm.attributes() is not None

    def read(self) -> int:
        if self._attributes() & _WRITTEN == 0:
            self._tpm.increment()
        return self._tpm.value() - 1

    def raise_to(self, index: int) -> None:
        if index > HIGHEST:
            raise DeviceError(f"the rollback index {index} is above {HIGHEST}: the counter of the TPM is not raised")
        for _ in range(index - self.read()):
            self._tpm.increment()

    def _attributes(self) -> int:
        attributes = self._tpm.attributes()
        if attributes is None:
            self._tpm.define()
            return ATTRIBUTES
        if attributes & _TYPE != _COUNTER or attributes & (_ORDERLY | _CLEARED_AT_RESET):
            raise TrustError(f"the space {INDEX:#x} of the TPM is no counter that lasts: it was put there by others")
        return attributes


def at_device(command: bytes, device: Path = DEVICE) -> bytes:
    """An exchange with the TPM of this machine."""
    with device.open("r+b", buffering=0) as tpm:
        tpm.write(command)
        return tpm.read(ANSWER_LIMIT)


@dataclass(frozen=True, slots=True)
class _Tpm:
    exchange: Exchange

    def attributes(self) -> int | None:
        """Of the space, None where there is none."""
        code, rest = self._asked(_PLAIN, _NV_READ_PUBLIC, _number(INDEX))
        if code == _NOT_THERE:
            return None
        public = _Reader(_content(code, rest)).sized()
        index, _, attributes = public.number(4), public.number(2), public.number(4)
        public.sized()
        if index != INDEX or public.number(2) != _SIZE:
            raise TrustError(f"the space {INDEX:#x} of the TPM is no counter: it was put there by others")
        return attributes

    def define(self) -> None:
        public = _number(INDEX) + _number(_SHA256, 2) + _number(ATTRIBUTES) + _sized(b"") + _number(_SIZE, 2)
        self._authorised(_NV_DEFINE_SPACE, _number(_OWNER), _sized(b"") + _sized(public))

    def increment(self) -> None:
        self._authorised(_NV_INCREMENT, _number(INDEX) * 2, b"")

    def value(self) -> int:
        answer = self._authorised(_NV_READ, _number(INDEX) * 2, _number(_SIZE, 2) + _number(0, 2))
        answer.number(4)  # the size of the parameters
        value = answer.sized()
        number = value.number(_SIZE)
        if number < 1:
            raise DeviceError("the TPM answers with a counter that was never increased")
        return number

    def _authorised(self, command: int, handles: bytes, parameters: bytes) -> "_Reader":
        body = handles + _number(len(_EMPTY_PASSWORD)) + _EMPTY_PASSWORD + parameters
        return _Reader(_content(*self._asked(_AUTHORISED, command, body)))

    def _asked(self, tag: int, command: int, body: bytes) -> tuple[int, bytes]:
        """The code of the answer, and what stands behind it."""
        message = _number(tag, 2) + _number(10 + len(body)) + _number(command) + body
        try:
            answer = self.exchange(message)
        except OSError as error:
            raise DeviceError(f"the TPM cannot be used: {error.strerror or error}") from error
        header = _Reader(answer)
        _, size, code = header.number(2), header.number(4), header.number(4)
        if size != len(answer):
            raise DeviceError("the TPM answers with another size than it says")
        return code, header.rest()


def _content(code: int, rest: bytes) -> bytes:
    if code:
        raise DeviceError(f"the TPM refuses with the code {code:#x}; tpm2_rc_decode says what it means")
    return rest


class _Reader:
    """Reads an answer from its beginning, and never beyond its end: a TPM may be anybody's chip."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def number(self, size: int) -> int:
        return int.from_bytes(self._taken(size))

    def sized(self) -> "_Reader":
        return _Reader(self._taken(self.number(2)))

    def rest(self) -> bytes:
        return self._content

    def _taken(self, size: int) -> bytes:
        if len(self._content) < size:
            raise DeviceError("the TPM answers with too few bytes")
        taken, self._content = self._content[:size], self._content[size:]
        return taken


def _number(value: int, size: int = 4) -> bytes:
    return value.to_bytes(size)


def _sized(content: bytes) -> bytes:
    return _number(len(content), 2) + content
