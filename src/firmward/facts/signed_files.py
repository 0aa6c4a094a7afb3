"""Which files carry IMA's signature or digest, whether these hold, and whether the kernel is told to look at them.

Sources: Linux's admin guide (`ima_policy=`, `ima_appraise=`) and its description of IMA's policy; formats/ima.py has
the attributes. systemd loads etc/ima/ima-policy. A signature may be of the content, or of the file's fs-verity digest,
which the kernel then verifies block by block. With `appraise_type=imasig|modsig` one appended to a module, as the
kernel's build signs modules, counts as well. The kernel loads its own key from etc/keys/x509_ima.der; where that is in
the image, what names it is verified with it. Nothing on the medium says whether an HMAC of EVM is right.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.formats import fsverity, ima, x509
from firmward.formats.ima import Attribute
from firmward.formats.kernel_module import MARKER
from firmward.formats.malformed import Malformed
from firmward.formats.x509 import Signed
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Entry, Kind, Tree

POLICY = "etc/ima/ima-policy"
CERTIFICATES = ("etc/keys/x509_ima.der", "etc/keys/ima/*", "etc/keys/*.der")
FOLDERS = ("bin/", "sbin/", "usr/", "lib/", "lib32/", "lib64/", "opt/", "etc/init.d/", "etc/rc.d/")
LIBRARY = re.compile(r".*\.(?:so(?:\.[\d.]+)?|ko(?:\.(?:gz|xz|zst))?)")
FILES_LIMIT = 200_000
CERTIFICATES_LIMIT = 64
VERITY_SIZE_LIMIT = 256 << 20
"""Bytes of a file whose fs-verity digest is made in memory."""
UNKNOWN_DIGEST = "an IMA digest of a kind that is not known"


@dataclass(frozen=True, slots=True)
class SignedFiles:
    """`uncovered` are the programs, libraries and modules without signature or digest, by path; `hashed` counts those
    with a digest and `signed` those with a signature, of which `by_verity` are over the fs-verity digest, `appended`
    ones of modules, and `portable` have one of EVM over owner, mode and attributes besides. `changed` are the files
    that are not what their digest says, or their signature by a key of the image; `keys` the identifiers that
    signatures name, in hexadecimal, and `verified` counts those that were worked out with a key of the image.
    `is_enforced` is whether the kernel's command line or the policy has files appraised before they run; `unread` says
    what could not be worked out."""

    uncovered: tuple[str, ...]
    signed: int
    hashed: int
    changed: tuple[str, ...]
    is_enforced: bool
    unread: tuple[str, ...] = ()
    by_verity: int = 0
    appended: int = 0
    portable: int = 0
    verified: int = 0
    keys: tuple[str, ...] = ()


@dataclass(slots=True)
class _Count:
    """What is seen of a tree, file by file."""

    certificates: Mapping[bytes, Signed]
    uncovered: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    keys: dict[str, None] = field(default_factory=dict)
    signed: int = 0
    hashed: int = 0
    by_verity: int = 0
    appended: int = 0
    portable: int = 0
    verified: int = 0


def collect(tree: Tree, command_lines: KernelCommandLine | None | Unknown) -> SignedFiles | None:
    rules = tuple(_rules(tree))
    takes_appended = any("modsig" in rule for rule in rules)
    count = _Count({})
    count.certificates = dict(_certificates(tree, count))
    for entry in tree.entries():
        values = dict(entry.xattrs)
        value = values.get(ima.IMA, b"")
        if entry.kind is not Kind.FILE or (not value and not runs(entry)):
            continue
        try:
            if value:
                _count(count, tree, entry, value, values.get(ima.EVM, b""))
            elif takes_appended and _is_appended(tree, entry):
                count.signed += 1
                count.appended += 1
            elif len(count.uncovered) < FILES_LIMIT:
                count.uncovered.append(entry.path)
        except Unavailable as reason:
            count.unread.append(str(reason))
    if not count.uncovered and not count.signed and not count.hashed and not count.unread:
        return None
    enforced = count.signed + count.hashed > 0 and _is_enforced(rules, command_lines)
    return SignedFiles(
        tuple(count.uncovered),
        count.signed,
        count.hashed,
        tuple(count.changed),
        enforced,
        tuple(count.unread),
        count.by_verity,
        count.appended,
        count.portable,
        count.verified,
        tuple(count.keys),
    )


def runs(entry: Entry) -> bool:
    return entry.path.startswith(FOLDERS) and (entry.mode & 0o111 != 0 or LIBRARY.fullmatch(entry.name) is not None)


def _count(count: _Count, tree: Tree, entry: Entry, value: bytes, evm: bytes) -> None:
    """Raises Unavailable for a value that says nothing here."""
    try:
        found = ima.parse(value)
    except Malformed as reason:
        raise Unavailable(f"{entry.path}: {_words(value, reason)}") from reason
    if found.kind is ima.Kind.DIGEST:
        count.hashed += 1
        if _digest(tree, entry, found.algorithm) != found.value:
            count.changed.append(entry.path)
    elif found.kind in (ima.Kind.SIGNATURE, ima.Kind.VERITY_SIGNATURE):
        count.signed += 1
        count.by_verity += found.kind is ima.Kind.VERITY_SIGNATURE
        count.portable += _is_portable(evm)
        if found.key:
            count.keys.setdefault(found.key.hex())
        _verify(count, tree, entry, found)
    else:
        raise Unavailable(f"{entry.path}: {UNKNOWN_DIGEST}")


def _words(value: bytes, reason: Malformed) -> str:
    return str(reason) if value[0] in (3, 6) else UNKNOWN_DIGEST


def _is_portable(evm: bytes) -> bool:
    try:
        return bool(evm) and ima.parse(evm).kind is ima.Kind.PORTABLE_SIGNATURE
    except Malformed:
        return False


def _digest(tree: Tree, entry: Entry, algorithm: str) -> bytes:
    """Raises Unavailable for a digest that cannot be made here."""
    if algorithm not in ima.SIZES:
        raise Unavailable(f"{entry.path}: {UNKNOWN_DIGEST}")
    state = hashlib.new(algorithm.replace("-", "_"), usedforsecurity=False)
    for piece in tree.chunks(entry):
        state.update(piece)
    return state.digest()


def _verify(count: _Count, tree: Tree, entry: Entry, found: Attribute) -> None:
    """With the certificate that the signature names, where it is in the image."""
    certificate = count.certificates.get(found.key)
    if certificate is None or certificate.key is None:
        return
    try:
        is_of_tree = found.kind is ima.Kind.VERITY_SIGNATURE
        digest = _verity(tree, entry, found) if is_of_tree else _digest(tree, entry, found.algorithm)
        if ima.verify(found, digest, certificate.key):
            count.verified += 1
        elif is_of_tree:  # blocks of another size or a salt give another digest
            raise Unavailable(f"{entry.path}: the fs-verity digest that was signed is not the usual one")
        else:
            count.changed.append(entry.path)
    except Malformed as reason:
        raise Unavailable(f"{entry.path}: {reason}") from reason


def _verity(tree: Tree, entry: Entry, found: Attribute) -> bytes:
    if entry.size > VERITY_SIZE_LIMIT:
        raise Unavailable(f"{entry.path} is larger than {VERITY_SIZE_LIMIT} bytes")
    data = b"".join(tree.chunks(entry))
    return fsverity.compute(lambda at, length: data[at : at + length], len(data), found.algorithm).digest


def _is_appended(tree: Tree, entry: Entry) -> bool:
    """Whether a module ends as signed ones do; one that is packed is taken for unsigned."""
    if not entry.name.endswith(".ko"):
        return False
    tail = b""
    for piece in tree.chunks(entry):
        tail = (tail + piece)[-len(MARKER) :]
    return tail == MARKER


def _certificates(tree: Tree, count: _Count) -> Iterator[tuple[bytes, Signed]]:
    """By what a signature names them with."""
    paths = dict.fromkeys(path for pattern in CERTIFICATES for path in tree.glob(pattern))
    for path in list(paths)[:CERTIFICATES_LIMIT]:
        try:
            found = x509.signed(tree.read(path, x509.SIZE_LIMIT) or b"")
        except Malformed:  # another file of that folder
            continue
        except Unavailable as reason:
            count.unread.append(str(reason))
            continue
        key = ima.key_of(found)
        if key is not None:
            yield key, found


def _is_enforced(rules: tuple[str, ...], command_lines: KernelCommandLine | None | Unknown) -> bool:
    lines = command_lines.lines if isinstance(command_lines, KernelCommandLine) else ()
    modes = [value for line in lines for value in line.all("ima_appraise")]
    if any(mode in ("off", "log", "fix") for mode in modes):
        return False
    policies = [word for line in lines for value in line.all("ima_policy") for word in value.split("|")]
    return any(word in ("appraise_tcb", "secure_boot") for word in policies) or bool(rules)


def _rules(tree: Tree) -> Iterator[str]:
    for line in (tree.text(POLICY) or "").split("\n"):
        if line.split()[:1] == ["appraise"]:
            yield line
