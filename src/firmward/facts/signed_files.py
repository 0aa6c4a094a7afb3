"""Which files carry IMA's signature or digest, and whether the kernel is told to look at it.

Sources: Linux's security/integrity (integrity.h: the first byte of `security.ima` is 1 for a SHA-1, 4 for a digest with
its algorithm, 3 for a signature, 5 for fs-verity's) and its admin guide (`ima_policy=`, `ima_appraise=`); systemd loads
etc/ima/ima-policy. Whether a signature is right is not judged here: the key is the kernel's.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.model.facts import Unavailable, Unknown
from firmward.model.tree import Entry, Kind, Tree

XATTR = "security.ima"
POLICY = "etc/ima/ima-policy"
PLAIN_SHA1, SIGNATURE, DIGEST, VERITY_SIGNATURE = 1, 3, 4, 5
ALGORITHMS = {0: "md4", 1: "md5", 2: "sha1", 4: "sha256", 5: "sha384", 6: "sha512", 7: "sha224"}
"""The kernel's numbers of hash algorithms (include/uapi/linux/hash_info.h)."""
FOLDERS = ("bin/", "sbin/", "usr/", "lib/", "lib32/", "lib64/", "opt/", "etc/init.d/", "etc/rc.d/")
LIBRARY = re.compile(r".*\.(?:so(?:\.[\d.]+)?|ko(?:\.(?:gz|xz|zst))?)")
FILES_LIMIT = 200_000


@dataclass(frozen=True, slots=True)
class SignedFiles:
    """`uncovered` are the programs, libraries and modules without signature or digest, by path; `hashed` counts those
    with a digest and `signed` those with a signature; `changed` are the files that are not what their digest says.
    `is_enforced` is whether the kernel's command line or the policy has files appraised before they run; `unread` says
    what could not be worked out."""

    uncovered: tuple[str, ...]
    signed: int
    hashed: int
    changed: tuple[str, ...]
    is_enforced: bool
    unread: tuple[str, ...] = ()


def collect(tree: Tree, command_lines: KernelCommandLine | None | Unknown) -> SignedFiles | None:
    uncovered: list[str] = []
    changed: list[str] = []
    unread: list[str] = []
    signed = hashed = 0
    for entry in tree.entries():
        value = next((value for name, value in entry.xattrs if name == XATTR), b"")
        if entry.kind is not Kind.FILE or (not value and not runs(entry)):
            continue
        if not value:
            if len(uncovered) < FILES_LIMIT:
                uncovered.append(entry.path)
        elif value[0] in (SIGNATURE, VERITY_SIGNATURE):
            signed += 1
        else:
            hashed += 1
            try:
                if _is_changed(tree, entry, value):
                    changed.append(entry.path)
            except Unavailable as reason:
                unread.append(str(reason))
    enforced = signed + hashed > 0 and _is_enforced(tree, command_lines)
    if not uncovered and not signed and not hashed:
        return None
    return SignedFiles(tuple(uncovered), signed, hashed, tuple(changed), enforced, tuple(unread))


def runs(entry: Entry) -> bool:
    return entry.path.startswith(FOLDERS) and (entry.mode & 0o111 != 0 or LIBRARY.fullmatch(entry.name) is not None)


def _is_changed(tree: Tree, entry: Entry, value: bytes) -> bool:
    """Raises Unavailable for a digest that cannot be made here."""
    algorithm = ALGORITHMS.get(value[1], "") if len(value) > 1 else ""
    name, digest = ("sha1", value[1:]) if value[0] == PLAIN_SHA1 else (algorithm, value[2:])
    if value[0] not in (PLAIN_SHA1, DIGEST) or name not in hashlib.algorithms_guaranteed or not digest:
        raise Unavailable(f"{entry.path}: an IMA digest of a kind that is not known")
    state = hashlib.new(name, usedforsecurity=False)
    for piece in tree.chunks(entry):
        state.update(piece)
    return state.digest() != digest


def _is_enforced(tree: Tree, command_lines: KernelCommandLine | None | Unknown) -> bool:
    lines = command_lines.lines if isinstance(command_lines, KernelCommandLine) else ()
    modes = [value for line in lines for value in line.all("ima_appraise")]
    if any(mode in ("off", "log", "fix") for mode in modes):
        return False
    policies = [word for line in lines for value in line.all("ima_policy") for word in value.split("|")]
    return any(word in ("appraise_tcb", "secure_boot") for word in policies) or any(_rules(tree))


def _rules(tree: Tree) -> Iterator[str]:
    for line in (tree.text(POLICY) or "").split("\n"):
        if line.split()[:1] == ["appraise"]:
            yield line
