"""Loadable kernel modules: what `.modinfo` says of them, and the signature that is appended.

`.modinfo` holds texts `NAME=VALUE`, each ended by a zero; names repeat (alias, parm). `vermagic` is the release of the
kernel and the settings that have to agree. A signature (scripts/sign-file, kernel/module/signing.c) stands behind the
module: its bytes, twelve bytes that describe it, and a marker. From Linux 4.3 on it is a PKCS#7 message without
content, whose describing bytes are zero but for the kind and the length; before, it came with the signer's name and a
key's identifier, and named the algorithms in numbers.

Compressed modules (.ko.gz, .ko.xz, .ko.zst) are expanded by the caller: the signature lies inside.
"""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from firmward.formats import elf_data, kernel_elf
from firmward.formats.malformed import Malformed

Read = Callable[[int, int], bytes]
"""Offset and length to bytes; fewer only at the end."""

MARKER = b"~Module signature appended~\n"
SECTION = b".modinfo"
INFO_LIMIT = 1 << 20
"""Bytes of `.modinfo`; that of amdgpu, the largest of Debian's, has 54 KiB."""
SIGNATURE_LIMIT = 1 << 20
PIECE = 1 << 20

_DESCRIPTION = struct.Struct(">5B3xI")
DIGESTS = ("md4", "md5", "sha1", "rmd160", "sha256", "sha384", "sha512", "sha224")
"""By the number in an old signature."""


class Kind(StrEnum):
    PGP = "pgp"
    X509 = "x509"
    PKCS7 = "pkcs7"


KINDS = (Kind.PGP, Kind.X509, Kind.PKCS7)


@dataclass(frozen=True, slots=True)
class Appended:
    """`signed` are the bytes of the module that the signature goes over, from its start. `signature` is the PKCS#7
    message, or the bare signature of an old one: only that has a `signer`, a `key` and a `digest` here."""

    kind: Kind
    signed: int
    signature: bytes
    signer: str = ""
    key: bytes = b""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Module:
    """`architecture` is Linux's name; `fields` are the texts of `.modinfo` in order. `problem` says why a signature
    whose marker is there is none."""

    architecture: str
    fields: tuple[tuple[str, str], ...]
    signature: Appended | None = None
    problem: str | None = None

    def get(self, name: str) -> str | None:
        """The first value; None where the name does not stand there."""
        return next((value for field, value in self.fields if field == name), None)

    @property
    def name(self) -> str:
        """Empty before Linux 4.10, where only the file's name said it."""
        return self.get("name") or ""

    @property
    def release(self) -> str:
        """The kernel's that it was built for."""
        return (self.get("vermagic") or "").partition(" ")[0]

    @property
    def depends(self) -> tuple[str, ...]:
        return tuple(name for name in (self.get("depends") or "").split(",") if name)

    @property
    def is_in_tree(self) -> bool:
        return self.get("intree") == "Y"


def parse(read: Read, size: int) -> Module:
    """An expanded module of so many bytes. Raises Malformed when it is none."""
    head = kernel_elf.parse(read)
    place = elf_data.section(SECTION, size, read)
    if place is None:
        raise Malformed("an ELF file without .modinfo is no module")
    texts = read(place[0], min(place[1] - place[0], INFO_LIMIT)).split(b"\0")
    fields = tuple(_field(text) for text in texts if b"=" in text)
    try:
        return Module(head.architecture, fields, appended(read, size))
    except Malformed as reason:
        return Module(head.architecture, fields, problem=str(reason))


def appended(read: Read, size: int) -> Appended | None:
    """The outermost signature; None where no marker ends the file. Raises Malformed when it contradicts itself."""
    end = size - len(MARKER)
    if end < 0 or read(end, len(MARKER)) != MARKER:
        return None
    end -= _DESCRIPTION.size
    if end < 0:
        raise Malformed("a module's signature that is cut off")
    algorithm, digest, kind, name, key, length = _DESCRIPTION.unpack(read(end, _DESCRIPTION.size))
    if kind >= len(KINDS) or not 0 < length <= min(SIGNATURE_LIMIT, end - name - key):
        raise Malformed(f"a module's signature of kind {kind} and {length} bytes")
    signature = read(end - length, length)
    if KINDS[kind] is Kind.PKCS7:
        if algorithm or digest or name or key:
            raise Malformed("a module's signature in PKCS#7 that names a signer beside it")
        return Appended(Kind.PKCS7, end - length, signature)
    signed = end - length - key - name
    said = read(signed, name).decode("utf-8", "replace")
    algorithm_name = DIGESTS[digest] if digest < len(DIGESTS) else ""
    return Appended(KINDS[kind], signed, signature, said, read(signed + name, key), algorithm_name)


def digest_of(signature: Appended, read: Read, name: str) -> bytes:
    """The digest of what was signed, by hashlib's name. Raises Malformed for one that is not known."""
    if name not in hashlib.algorithms_guaranteed or name.startswith("shake"):
        raise Malformed(f"the digest {name[:40]!r} is not known")
    state = hashlib.new(name, usedforsecurity=False)
    for start in range(0, signature.signed, PIECE):
        state.update(read(start, min(PIECE, signature.signed - start)))
    return state.digest()


def _field(text: bytes) -> tuple[str, str]:
    name, _, value = text.partition(b"=")
    return name.decode("utf-8", "replace"), value.decode("utf-8", "replace")
