"""HAB4's command sequence file: what an i.MX ROM is told to verify (NXP's HAB4 API Reference Manual, sections 4.3, 6).

A header D4, commands up to its length, then the data they point to, all offsets counting from the header: the table of
super root keys, certificates (D7 before an X.509 in DER), signatures (D8 before a CMS SignedData). Big endian.
The fuse value is the SHA-256 of the SHA-256 of each key record, one after the other. `Authenticate Data` without blocks
signs the commands themselves; with blocks it signs runs of memory, and nothing else of the image is verified: what the
commands leave out is loaded all the same.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats import der, rsa_certificate
from firmward.formats.imx_ivt import CSF_TAG, IMAGE_LIMIT, VERSIONS, Ivt
from firmward.formats.malformed import Malformed
from firmward.formats.public_key import RsaKey
from firmward.formats.rom_image import Evidence, Extent, Held, Read, Signed, Signing, exactly, left_out, pieces

INSTALL_KEY, AUTHENTICATE, UNLOCK = 0xBE, 0xCA, 0xB2
COMMANDS = {
    INSTALL_KEY: "install key",
    AUTHENTICATE: "authenticate data",
    UNLOCK: "unlock",
    0xB1: "set",
    0xB4: "initialise",
    0xC0: "nop",
    0xCC: "write data",
    0xCF: "check data",
}
SRK, X509, CMS, BLOB, AEAD = 0x03, 0x09, 0xC5, 0xBB, 0xA3
PROTOCOLS = {SRK: "SRK", X509: "X.509", CMS: "CMS", BLOB: "blob", AEAD: "AEAD"}
ENGINES = {
    0x00: "any", 0x03: "SCC", 0x05: "RTIC", 0x06: "SAHARA", 0x0A: "CSU", 0x0C: "SRTC", 0x1B: "DCP", 0x1D: "CAAM",
    0x1E: "SNVS", 0x21: "OCOTP", 0x22: "DTCP", 0x24: "HDCP", 0x36: "ROM", 0xFF: "software",
}  # fmt: skip
CERTIFICATE_TAG, SIGNATURE_TAG, MAC_TAG, KEY_TAG, HASH_TAG = 0xD7, 0xD8, 0xAC, 0xE1, 0xEE
PKCS1 = 0x21
"""The kind of a key record that is RSA."""
SRK_INDEX, CSF_KEY, FIRST_IMAGE_KEY = 0, 1, 2
"""Slots of the ROM's key store: the super root key, the one that signs the commands, those that sign data."""
ABSOLUTE = 0x01
"""A flag: the pointer is an address, not an offset into the CSF."""
SIZE_LIMIT = 64 << 10
COMMANDS_LIMIT = 256
BLOCKS_LIMIT = IMAGE_LIMIT
"""Bytes of all blocks that are verified: each lies in the image, and none has to be told twice."""
SET = 0x31
MESSAGE_DIGEST = bytes.fromhex("2a864886f70d010904")

_HEADER = struct.Struct(">BHB")


@dataclass(frozen=True, slots=True)
class InstallKey:
    """`location` counts from the CSF's start unless `absolute`; `source` and `target` are slots of the key store, the
    source of an SRK its place in the table."""

    offset: int
    protocol: str
    algorithm: int
    source: int
    target: int
    location: int
    absolute: bool


@dataclass(frozen=True, slots=True)
class Authenticate:
    """`key` is the slot that verifies; `blocks` are (address, size), none for the commands themselves."""

    offset: int
    key: int
    protocol: str
    engine: str
    location: int
    blocks: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Unlock:
    """Features of an engine that stay open after the ROM: `features` are the bits of the first word."""

    offset: int
    engine: str
    features: int


@dataclass(frozen=True, slots=True)
class Other:
    """A command that neither installs a key nor verifies."""

    offset: int
    name: str


Command = InstallKey | Authenticate | Unlock | Other


@dataclass(frozen=True, slots=True)
class RootKey:
    """A super root key: `digest` is the SHA-256 of its record; `key` is None where the table has the digest only, and
    for one that is not RSA.

    `authority` says that it signs other keys; without it the key signs code itself (fast authentication).
    """

    digest: bytes
    key: RsaKey | None = None
    authority: bool = False


@dataclass(frozen=True, slots=True)
class Csf:
    """`length` is that of header and commands, in bytes; `offset` from the vector table."""

    offset: int
    version: int
    length: int
    commands: tuple[Command, ...]
    root_keys: tuple[RootKey, ...] = ()

    @property
    def fuses(self) -> bytes | None:
        """The SRK hash that a device's fuses must hold; None without a table."""
        joined = b"".join(key.digest for key in self.root_keys)
        return hashlib.sha256(joined).digest() if joined else None

    @property
    def authenticates(self) -> tuple[Authenticate, ...]:
        return tuple(one for one in self.commands if isinstance(one, Authenticate))

    def signing(self, table: Ivt) -> Signing:
        """What of the image the commands have verified. Offsets count from the vector table."""
        blocks = [block for one in self.authenticates for block in one.blocks]
        covered = tuple(Extent("authenticated", table.offset(address), size) for address, size in blocks)
        where = self.offset
        evidence = [Evidence(where, _HEADER.pack(CSF_TAG, self.length, self.version), self._words())]
        missing = self._missing()
        if missing is not None:
            evidence.append(Evidence(where, b"", missing))
        vector = Extent("vector table", 0, 32)
        loaded = (vector, *_device_data(table), *table.payloads)
        signed = Signed.NO if missing is not None else Signed.YES
        return Signing(signed, tuple(evidence), covered, left_out(loaded, covered))

    def _words(self) -> str:
        names = [
            COMMANDS[INSTALL_KEY] + f" ({one.protocol})"
            if isinstance(one, InstallKey)
            else COMMANDS[AUTHENTICATE] + f" ({len(one.blocks)} blocks)"
            if isinstance(one, Authenticate)
            else COMMANDS[UNLOCK] + f" {one.engine}"
            if isinstance(one, Unlock)
            else one.name
            for one in self.commands
        ]
        return "CSF: " + ", ".join(names)

    def _missing(self) -> str | None:
        """What the commands lack for anything to be verified."""
        keys = [one for one in self.commands if isinstance(one, InstallKey)]
        if not any(one.protocol == PROTOCOLS[SRK] for one in keys) or not self.root_keys:
            return "no super root key is installed"
        if not any(not one.blocks for one in self.authenticates):
            return "the commands themselves are not signed"
        if not any(one.blocks for one in self.authenticates):
            return "no data are authenticated"
        return None


def _device_data(table: Ivt) -> Iterator[Extent]:
    if table.boot_data:
        yield Extent("boot data", table.offset(table.boot_data), 12)


def is_empty(read: Read, table: Ivt) -> bool:
    """Whether the place that the table keeps for a CSF was never written: a boot loader as its build leaves it ends
    there, or has zeros or erased flash."""
    head = read(table.offset(table.csf), 4)
    return not head.strip(b"\0") or not head.strip(b"\xff")


def parse(read: Read, table: Ivt) -> Csf:
    """The CSF that a vector table points to; `read` counts from the table. Raises Malformed."""
    if not table.csf:
        raise Malformed("the vector table has no CSF")
    start = table.offset(table.csf)
    tag, length, version = _HEADER.unpack(exactly(read, start, 4, "CSF"))
    if tag != CSF_TAG or version not in VERSIONS or not 4 <= length <= SIZE_LIMIT:
        raise Malformed(f"no CSF where the table points, {start} bytes on")
    data = exactly(read, start, length, "CSF")
    commands = tuple(_commands(data))
    return Csf(start, version, length, commands, tuple(_root_keys(read, start, commands)))


def _commands(data: bytes) -> Iterator[Command]:
    at = 4
    for _ in range(COMMANDS_LIMIT):
        if at + 4 > len(data):
            return
        tag, length, flags = _HEADER.unpack_from(data, at)
        if tag not in COMMANDS or length < 4 or at + length > len(data):
            raise Malformed(f"CSF: no command at byte {at}")
        yield _command(data[at : at + length], tag, flags, at)
        at += length
    raise Malformed(f"CSF: more than {COMMANDS_LIMIT} commands")


def _command(data: bytes, tag: int, flags: int, at: int) -> Command:
    if tag == INSTALL_KEY:
        protocol, algorithm, source, target, location = struct.unpack(">4BI", _part(data, 4, 12, at))
        return InstallKey(at, _protocol(protocol), algorithm, source, target, location, bool(flags & ABSOLUTE))
    if tag == AUTHENTICATE:
        key, protocol, engine, _, location = struct.unpack(">4BI", _part(data, 4, 12, at))
        if (len(data) - 12) % 8:
            raise Malformed(f"CSF: half a block at byte {at}")
        blocks = tuple(struct.iter_unpack(">2I", data[12:]))
        return Authenticate(at, key, _protocol(protocol), _engine(engine), location, blocks)
    if tag == UNLOCK:
        features = int.from_bytes(data[4:8], "big")
        return Unlock(at, _engine(flags), features)
    return Other(at, COMMANDS[tag])


def _part(data: bytes, start: int, end: int, at: int) -> bytes:
    if len(data) < end:
        raise Malformed(f"CSF: a command cut off at byte {at}")
    return data[start:end]


def _protocol(number: int) -> str:
    return PROTOCOLS.get(number, f"{number:#04x}")


def _engine(number: int) -> str:
    return ENGINES.get(number, f"{number:#04x}")


def _root_keys(read: Read, start: int, commands: tuple[Command, ...]) -> Iterator[RootKey]:
    table = next((one for one in commands if isinstance(one, InstallKey) and one.protocol == PROTOCOLS[SRK]), None)
    if table is None or table.absolute:
        return
    yield from root_keys(_blob(read, start + table.location, CERTIFICATE_TAG, "table of super root keys"))


def _blob(read: Read, offset: int, wanted: int, what: str) -> bytes:
    """What stands behind a header with the wanted tag, with the header."""
    tag, length, version = _HEADER.unpack(exactly(read, offset, 4, what))
    if tag != wanted or length < 4 or version not in VERSIONS:
        raise Malformed(f"no {what} at byte {offset}")
    return exactly(read, offset, length, what)


def root_keys(table: bytes) -> Iterator[RootKey]:
    """The keys of a table as srktool writes it. Raises Malformed."""
    at = 4
    while at < len(table):
        if at + 4 > len(table):
            raise Malformed(f"SRK table: cut off at byte {at}")
        tag, length, _ = _HEADER.unpack_from(table, at)
        record = table[at : at + length]
        if length < 8 or len(record) < length:
            raise Malformed(f"SRK table: a record of {length} bytes at byte {at}")
        yield _root_key(record, tag, at)
        at += length


def _root_key(record: bytes, tag: int, at: int) -> RootKey:
    if tag == HASH_TAG:
        return RootKey(record[4:36])
    if tag != KEY_TAG or len(record) < 12:
        raise Malformed(f"SRK table: no key at byte {at}")
    authority = bool(record[7] & 0x80)
    size, more = struct.unpack_from(">2H", record, 8)
    if record[3] != PKCS1 or 12 + size + more > len(record):
        return RootKey(hashlib.sha256(record).digest(), None, authority)
    modulus, exponent = record[12 : 12 + size], record[12 + size : 12 + size + more]
    key = RsaKey(int.from_bytes(modulus, "big"), int.from_bytes(exponent, "big"))
    return RootKey(hashlib.sha256(record).digest(), key, authority)


def verify(read: Read, table: Ivt, csf: Csf) -> tuple[Held, ...]:
    """Certificates, and signatures over what they speak for; `read` counts from the table. Raises Malformed.

    The key in a slot signs what names the slot, the super root key certificates first; keys that are not RSA verify
    nothing here, and their signatures are told by the digest alone.
    """
    size = sum(size for one in csf.authenticates for _, size in one.blocks)
    if size > BLOCKS_LIMIT:
        raise Malformed(f"CSF: blocks of {size} bytes in all")
    keys: dict[int, RsaKey] = {}
    held: list[Held] = []
    for one in csf.commands:
        if isinstance(one, InstallKey):
            held += _install(read, csf, one, keys)
        elif isinstance(one, Authenticate) and one.protocol == PROTOCOLS[CMS]:
            # encrypted data bear a code instead, which only the device can compute
            held += _authenticate(read, table, csf, one, keys)
    return tuple(held)


def _install(read: Read, csf: Csf, command: InstallKey, keys: dict[int, RsaKey]) -> Iterator[Held]:
    """Put a key in its slot, and say whether its certificate is signed by the key of the source slot."""
    if command.protocol == PROTOCOLS[SRK] and command.source < len(csf.root_keys):
        root = csf.root_keys[command.source].key
        if root is not None:
            keys[SRK_INDEX] = root
    elif command.protocol == PROTOCOLS[X509] and not command.absolute:
        at = csf.offset + command.location
        certificate = rsa_certificate.parse(_blob(read, at, CERTIFICATE_TAG, "certificate")[4:])
        if certificate.key is not None:
            keys[command.target] = certificate.key
        signer = keys.get(command.source)
        holds = certificate.is_signed_by(signer) if signer is not None else None
        if holds is not None:
            yield Held(f"the certificate of key {command.target}", at, holds)


def _authenticate(read: Read, table: Ivt, csf: Csf, command: Authenticate, keys: dict[int, RsaKey]) -> Iterator[Held]:
    at = csf.offset + command.location
    message = _blob(read, at, SIGNATURE_TAG, "signature")[4:]
    digest = hashlib.sha256()
    what = "the authenticated blocks" if command.blocks else "the commands of the CSF"
    for address, size in command.blocks:
        for piece in pieces(read, table.offset(address), size, "authenticated block"):
            digest.update(piece)
    if not command.blocks:
        digest.update(exactly(read, csf.offset, csf.length, "CSF"))
    signer = _signer(message)
    yield Held(f"the digest of {what}", at, signer.digest == digest.digest())
    # the first key of a CSF that has no other signs the commands too: fast authentication
    key = keys.get(command.key, keys.get(SRK_INDEX) if command.key == CSF_KEY else None)
    if key is not None:
        yield Held(f"the signature of {what}", at, key.signed("sha256", signer.attributes, signer.signature))


@dataclass(frozen=True, slots=True)
class _Signer:
    """Of a CMS SignedData: the digest that its signed attributes hold, these as they are signed, and the signature."""

    digest: bytes
    attributes: bytes
    signature: bytes


def _signer(message: bytes) -> _Signer:
    body = _nth(message, _nth(message, der.value_at(message, 0), 1), 0)
    fields = list(der.inside(message, body))
    parts = list(der.inside(message, _nth(message, fields[-1], 0))) if fields else []
    for place, part in enumerate(parts):
        if part.tag == der.CONTEXT_0 and place + 2 < len(parts):
            start = parts[place - 1].end
            signed = parts[place + 2]
            digest = _attribute(message, part, MESSAGE_DIGEST)
            attributes = bytes((SET,)) + message[start + 1 : part.end]  # signed as a SET, sent as [0]
            return _Signer(digest, attributes, message[signed.start : signed.end])
    raise Malformed("CMS: no signed attributes")


def _attribute(message: bytes, attributes: der.Value, wanted: bytes) -> bytes:
    for attribute in der.inside(message, attributes):
        kind, values = _nth(message, attribute, 0), _nth(message, attribute, 1)
        if message[kind.start : kind.end] == wanted:
            value = _nth(message, values, 0)
            return message[value.start : value.end]
    raise Malformed("CMS: no digest among the signed attributes")


def _nth(data: bytes, outer: der.Value, number: int) -> der.Value:
    for place, value in enumerate(der.inside(data, outer)):
        if place == number:
            return value
    raise Malformed("DER: a value is missing")
