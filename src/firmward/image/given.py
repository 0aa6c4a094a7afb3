"""Parts that somebody gives by hand, beside an image or without one: the boot loader that lies in another flash, the
configuration it was built with, a dump of the fuses.

Who gives a part says what it is. Its bytes are opened as those of any other; where they show nothing themselves (a
text of options, a dump of fuses) the word counts, as far as they can be read as that. What shows itself to be
something else is refused: a file that was mixed up would be judged as something that the device does not have.
"""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from firmward.formats import build_manifest, fdt, fuses, uboot_config, uboot_env, verification_key
from firmward.formats.malformed import Malformed
from firmward.image import blob
from firmward.image.source import SNIFFED, Source
from firmward.model.errors import InputError
from firmward.model.report import Part, Role

GIVEN = "given"
"""The step under which ids of such parts stand, and the kind of an image that is made of them alone."""

SYSTEMS = (Role.ROOT, Role.INITRAMFS)

TEXT_LIMIT = uboot_config.SIZE_LIMIT
"""Bytes of a configuration, an environment as text, a key."""


@dataclass(frozen=True, slots=True)
class Given:
    """A file, or for a root file system a folder, and what it is said to be: a key of CLAIMS."""

    claim: str
    path: Path


@dataclass(frozen=True, slots=True)
class Claim:
    """What a part is said to be. `wants` names it in messages; `kind` is the one that shows it, and the part's where
    nothing else does; `reads` whether bytes without a magic can be read as this. One of `any_bytes` may be unreadable,
    a `system` is a file system.
    """

    wants: str
    kind: str
    role: Role = Role.OTHER
    reads: Callable[[Source], bool] | None = None
    any_bytes: bool = False
    system: bool = False


def _parses(parse: Callable[[bytes], object], limit: int) -> Callable[[Source], bool]:
    def reads(source: Source) -> bool:
        if source.size > limit:
            return False
        try:
            parse(source.read(0, source.size))
        except Malformed:
            return False
        return True

    return reads


LINUX = re.compile(rb"^# Linux/\S+ .*Kernel Configuration", re.MULTILINE)
U_BOOT = re.compile(rb"^# .*U-Boot .*Configuration", re.MULTILINE)


def _configuration_without(foreign: re.Pattern[bytes]) -> Callable[[bytes], object]:
    """A text of options whose title does not name the other program."""

    def parse(data: bytes) -> object:
        if not blob.is_text(data[: blob.HEAD]) or foreign.search(data[: blob.HEAD]):
            raise Malformed("a configuration of something else")
        return uboot_config.parse(data)

    return parse


def _environment(data: bytes) -> object:
    if blob.OPTION_LINE.search(data[: blob.HEAD]):
        raise Malformed("a configuration")
    return uboot_env.of_text(data)


CLAIMS: Mapping[str, Claim] = MappingProxyType(
    {
        "kernel-config": Claim(
            "a kernel configuration, or a kernel with one inside",
            "kernel-config",
            Role.KERNEL_CONFIG,
            _parses(_configuration_without(U_BOOT), TEXT_LIMIT),
        ),
        "dtb": Claim("a device tree", "device-tree", Role.DEVICE_TREE),
        "uboot": Claim("a U-Boot", "u-boot", Role.BOOT_LOADER, any_bytes=True),
        "uboot-config": Claim(
            "a U-Boot configuration", "u-boot-config", reads=_parses(_configuration_without(LINUX), TEXT_LIMIT)
        ),
        "env": Claim("a U-Boot environment", "u-boot-env", reads=_parses(_environment, TEXT_LIMIT)),
        "fit": Claim("a FIT", "fit"),
        "initramfs": Claim("an initramfs", "cpio", Role.INITRAMFS, system=True),
        "rootfs": Claim("a root file system", "folder", Role.ROOT, system=True),
        "fuses": Claim("a dump of fuses", "fuses", reads=_parses(fuses.parse, fuses.SIZE_LIMIT)),
        "public-key": Claim(
            "a public key or a certificate", "public-key", reads=_parses(verification_key.read, TEXT_LIMIT)
        ),
        "manifest": Claim(
            "a build's list of packages",
            "build-manifest",
            reads=_parses(build_manifest.parse, build_manifest.SIZE_LIMIT),
        ),
    }
)


def as_claimed(claim: Claim, source: Source) -> bool:
    """Whether bytes that have no magic are what they are said to be."""
    return claim.reads is not None and named(source) is None and claim.reads(source)


def settled(
    given: Given, parts: Sequence[Part], trees: Collection[str], sources: Mapping[str, Source]
) -> Iterator[Part]:
    """Of the parts that were found in what was given, itself first, those whose kind or role the word for it decides.

    Raises InputError when none is what it was said to be.
    """
    claim = CLAIMS[given.claim]
    if claim.system:
        found = tuple(_system(claim, parts, trees))
    else:
        found = tuple(_as_said(claim, parts, sources))
        if any(part.kind == claim.kind for part in parts):
            yield from found
            return
    if not found:
        raise InputError(
            f"{given.path}: is not {claim.wants} (--{given.claim}); it looks like {_looks(parts, sources)}"
        )
    yield from found


def _system(claim: Claim, parts: Sequence[Part], trees: Collection[str]) -> Iterator[Part]:
    """The systems that lie in no other; the only file system there is, whatever is in it."""
    there = [part for part in parts if part.id in trees]
    outer = [part for part in there if not any(part.id.startswith(f"{other.id}/") for other in there)]
    systems = [part for part in outer if part.role in SYSTEMS]
    only = outer if len(outer) == 1 and claim.role is Role.INITRAMFS else []
    for part in systems or only:
        yield replace(part, role=claim.role)


def _as_said(claim: Claim, parts: Sequence[Part], sources: Mapping[str, Source]) -> Iterator[Part]:
    """Parts of other kinds, or none, whose bytes can be read as what is claimed."""
    for part in parts:
        source = sources.get(part.id)
        if source is None or part.kind == claim.kind:
            continue
        mistaken = part.kind == "unknown" or (part.kind == "kernel-config" and claim.kind == "u-boot-config")
        if mistaken and (as_claimed(claim, source) or (claim.any_bytes and _may_be_code(source))):
            yield replace(part, kind=claim.kind, role=claim.role)


def _may_be_code(source: Source) -> bool:
    head = source.read(0, SNIFFED)
    return named(source) is None and not blob.is_text(head) and source.first_written(0) is not None


NAMES = (
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"\x7fELF", "an ELF program"),
    (fdt.MAGIC, "a device tree that is damaged or cut off"),
    (b"\x1f\x8b", "damaged gzip"),
)
"""How files begin that a hand takes for another."""
PRIVATE = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----")


def named(source: Source) -> str | None:
    """What bytes are that no part is made of; None where they may be anything."""
    head = source.read(0, SNIFFED)
    if PRIVATE.search(head):
        return "a private key, which belongs nowhere near a report"
    return next((name for magic, name in NAMES if head.startswith(magic)), None)


def _looks(parts: Sequence[Part], sources: Mapping[str, Source]) -> str:
    first = parts[0]
    source = sources.get(first.id)
    if first.kind not in ("unknown", "raw"):
        inner = [part.kind for part in parts[1:] if part.kind not in ("unknown", "raw", first.kind)]
        held = f" with {', '.join(dict.fromkeys(inner))} in it" if inner else ""
        return f"{_a(first.kind)}{held}"
    if source is None:
        return "nothing that is known"
    if (name := named(source)) is not None:
        return name
    if source.first_written(0) is None:
        return "blank flash"
    head = source.read(0, SNIFFED)
    if not blob.is_text(head):
        return "nothing that is known"
    return "a text of options" if blob.OPTION_LINE.search(head) else "a text"


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"
