"""SWUpdate's .swu: a cpio archive whose first member is `sw-description`.

The description says what each member is for; members that are encrypted are told, and so is one whose SHA-256 is not
the one stated. Signatures are not verified here.
"""

import hashlib
from collections.abc import Iterator

from firmward.formats import cpio, sw_description
from firmward.formats.malformed import Malformed
from firmward.image.archive import REFUSED, tree_path
from firmward.image.budget import Budget, Damaged
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Source

DESCRIPTION = b"sw-description"

DESCRIPTION_LIMIT = 1 << 20
"""Bytes of a description; real ones have a few thousand."""

SIGNATURES = ("sw-description.sig",)


def measure(source: Source) -> int | None:
    end = 0
    for member in cpio.members(source.read, 0):
        if not end and (member.name != DESCRIPTION or member.size == 0 or source.read(0, 6) not in MAGICS):
            return None
        end = member.end
    return min(end, source.size) or None


MAGICS = (cpio.NEWC, cpio.CRC)


def open_swu(source: Source, budget: Budget) -> Iterator[Child]:
    described, problem = _described(source)
    whole = False
    found: set[str] = set()
    for member in cpio.members(source.read, 0):
        whole = member.name == cpio.TRAILER
        name = tree_path(member.name)
        if whole or name in ("", REFUSED):
            continue
        budget.add_entry()
        yield _child(source, member, name, described.get(name), budget)
        found.add(name)
    for name in described:
        if name not in found:
            yield Child(name, None, problem="named by sw-description, and not in the bundle")
    if problem or not whole:
        raise Damaged(problem or "the archive is cut off or damaged")


def _described(source: Source) -> tuple[dict[str, sw_description.Image], str | None]:
    """The images by their file name, and why there are none. One named twice (for both copies) is the same member."""
    first = cpio.member_at(source.read, 0)
    if first is None or first.name != DESCRIPTION:
        return {}, "no sw-description"
    if first.size > DESCRIPTION_LIMIT:
        return {}, f"sw-description is larger than {DESCRIPTION_LIMIT} bytes"
    text = source.read(first.data, first.size).decode("utf-8", "surrogateescape")
    try:
        return {image.filename: image for image in sw_description.parse(text)}, None
    except Malformed as error:
        return {}, f"sw-description cannot be read (encrypted or damaged): {error}"


def _child(source: Source, member: cpio.Member, name: str, image: sw_description.Image | None, budget: Budget) -> Child:
    content = source.slice(member.data, member.size)
    problems = []
    if content.size < member.size:
        problems.append(f"cut off: {content.size} of {member.size} bytes are there")
    elif image is not None and image.sha256 is not None and _sha256(content, budget) != image.sha256:
        problems.append("its SHA-256 is not the one that sw-description states")
    if image is not None and image.encrypted:
        problems.append("encrypted: only a device with the key can read it")
        return Child(name, None, member.data, "encrypted", "; ".join(problems))
    return Child(name, content, member.data, _kind(name, image), "; ".join(problems) or None)


def _kind(name: str, image: sw_description.Image | None) -> str | None:
    if name == DESCRIPTION.decode():
        return name
    if name in SIGNATURES:
        return "signature"
    return "script" if image is not None and image.section == "scripts" else None


def _sha256(content: Source, budget: Budget) -> str:
    digest = hashlib.sha256()
    for piece in content.chunks():
        budget.check_time()
        digest.update(piece)
    return digest.hexdigest()


ABOUT = About(
    title="SWUpdate bundle",
    reads=(
        "The members by their names; `sw-description` in libconfig and in JSON; SHA-256 of images compared with the "
        "one stated; images that are named and missing."
    ),
    limits=(
        "Encrypted images are told, not read. Signatures are not verified. Devices and volumes that images go to are "
        "not reported."
    ),
    witness="GNU cpio",
)

FORMAT = Format("swu", (Magic(DESCRIPTION + b"\0", 110),), measure, open_swu, ABOUT)
