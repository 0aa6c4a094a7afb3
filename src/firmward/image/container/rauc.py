"""RAUC bundles: a squashfs, its hash tree (verity, crypt), a CMS message, and the message's size in the last 8 bytes.

In the plain format the message is a signature only and the manifest lies in the squashfs; in the others the message
carries the manifest. A bundle of the crypt format has no readable header, so that it is told by its end. Inside a dump,
where the end is not known, plain and verity bundles are told by the message that stands right behind.
Signatures and hash trees are not verified here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats import der, raucm, squashfs
from firmward.formats.malformed import Malformed
from firmward.image.budget import Budget, BudgetExceeded, Damaged
from firmward.image.filesystem.squashfs import measure as measure_squashfs
from firmward.image.filesystem.squashfs import open_squashfs
from firmward.image.format import About, Child, Format, Magic
from firmward.image.source import Bytes, Source
from firmward.model.facts import Unavailable

MANIFEST = "manifest.raucm"

TRAILER = 8
"""Bytes of the size at the end."""

BLOCK = 4096
HASHES = BLOCK // 32
"""SHA-256 hashes in a block of the hash tree."""

HEAD = 32
"""Bytes that say how long a CMS message is, and what it is."""

MESSAGE_LIMIT = 4 << 20
"""Bytes of a CMS message that are read; real ones have some thousand."""

MANIFEST_LIMIT = 1 << 20

ENCRYPTED = "encrypted (crypt format): only a device with the key can read it"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the CMS message stands, and how long it is; the bundle ends 8 bytes behind it."""

    message: int
    size: int

    @property
    def end(self) -> int:
        return self.message + self.size + TRAILER


def find_layout(source: Source) -> Layout | None:
    """By the end of the source, else by the squashfs it begins with."""
    size = int.from_bytes(source.read(source.size - TRAILER, TRAILER), "big")
    layout = _message_at(source, source.size - TRAILER - size) if 0 < size < source.size else None
    if layout is not None and layout.end == source.size and _is_bundle(source, layout):
        return layout
    content = measure_squashfs(source) if source.read(0, 4) == squashfs.MAGIC else None
    if content is None:
        return None
    content += -content % BLOCK
    places = (content, content + _tree_size(content))
    return next((found for place in places if (found := _message_at(source, place)) is not None), None)


def _is_bundle(source: Source, layout: Layout) -> bool:
    """Whether what ends like a bundle is one.

    It begins with a squashfs, or its message carries a manifest, or the message is encrypted for those who may read it.
    """
    if measure_squashfs(source) is not None and source.read(0, 4) == squashfs.MAGIC:
        return True
    if _is_sealed(source, layout):
        return True
    try:
        return _carried(source, layout) is not None
    except Malformed:
        return False


def _is_sealed(source: Source, layout: Layout) -> bool:
    """Whether the message is encrypted too, as `rauc encrypt` leaves it: then only the device sees the manifest."""
    return der.is_enveloped(source.read(layout.message, HEAD))


def _message_at(source: Source, offset: int) -> Layout | None:
    size = der.total_size(source.read(offset, HEAD))
    if size is None or int.from_bytes(source.read(offset + size, TRAILER), "big") != size:
        return None
    return Layout(offset, size)


def _tree_size(content: int) -> int:
    """Bytes of the hash tree over a content of so many: levels of hashes, up to one block."""
    blocks, tree = content // BLOCK, 0
    while blocks > 1:
        blocks = -(-blocks // HASHES)
        tree += blocks
    return tree * BLOCK


def _carried(source: Source, layout: Layout) -> bytes | None:
    """The manifest as the message carries it; None when it carries none. Raises Malformed."""
    if layout.size > MESSAGE_LIMIT:
        raise Malformed(f"a signature of {layout.size} bytes")
    text = der.encapsulated(source.read(layout.message, layout.size))
    return text if text is not None and b"[update]" in text else None


def measure(source: Source) -> int | None:
    layout = find_layout(source)
    return None if layout is None else layout.end


def open_rauc(source: Source, budget: Budget) -> Iterator[Child]:
    layout = find_layout(source)
    if layout is None:
        raise Damaged("no CMS message behind the content")
    if _is_sealed(source, layout):
        yield Child("content", None, 0, "encrypted", ENCRYPTED)
        yield Child("signature", None, layout.message, "encrypted", "encrypted with the manifest (crypt format)")
        return
    problem = None
    text = None
    try:
        text = _carried(source, layout)
        manifest = None if text is None else raucm.parse(text.decode("utf-8", "replace"))
    except Malformed as error:
        manifest, problem = None, str(error)
    if manifest is None:
        manifest, reason = _manifest_inside(source.slice(0, layout.message), budget)
        problem = problem or reason
    yield from content_of(source, layout, manifest)
    if text is not None:
        yield Child(MANIFEST, Bytes(text), None, "rauc-manifest")
    yield Child("signature", source.slice(layout.message, layout.size), layout.message, "cms-signature")
    if manifest is not None:
        yield from _elsewhere(manifest)
    if problem:
        raise Damaged(problem)


def content_of(source: Source, layout: Layout, manifest: raucm.Manifest | None) -> Iterator[Child]:
    """The squashfs and the hash tree behind it."""
    tree = 0 if manifest is None or manifest.format == "plain" else manifest.verity_size or 0
    size = layout.message - tree
    if size < 0:
        yield Child("content", None, 0, problem="the manifest states a hash tree larger than the bundle")
        return
    if manifest is not None and manifest.format == "crypt" and source.read(0, 4) != squashfs.MAGIC:
        yield Child("content", None, 0, "encrypted", ENCRYPTED)
    else:
        yield Child("content", source.slice(0, size), 0)
    if tree:
        yield Child("hash-tree", source.slice(size, tree), size, "verity-hashes")


def _manifest_inside(content: Source, budget: Budget) -> tuple[raucm.Manifest | None, str | None]:
    """The manifest in the squashfs of a plain bundle, or why there is none."""
    try:
        text = open_squashfs(content, budget).text(MANIFEST, MANIFEST_LIMIT)
        if text is not None:
            return raucm.parse(text), None
    except (Damaged, BudgetExceeded, Unavailable, Malformed) as error:
        return None, f"{MANIFEST} cannot be read: {error}"
    return None, f"there is no {MANIFEST}"


def _elsewhere(manifest: raucm.Manifest) -> Iterator[Child]:
    """Images of which the bundle has only casync's index."""
    for slot, filename in manifest.images.items():
        if filename.endswith(raucm.CASYNC):
            reason = f"{filename} is a casync index: the content for {slot} lies in a chunk store, not in the bundle"
            yield Child(f"chunks-of-{filename}", None, None, "casync-chunks", reason)


ABOUT = About(
    title="RAUC bundle",
    reads=(
        "Plain and verity: the squashfs with its images, the manifest (also from the CMS message), the signature as a "
        "part."
    ),
    limits=(
        "The content of crypt bundles is encrypted, which is told; so are images that are casync indexes. Neither "
        "signature nor hash tree is verified. A crypt bundle is found only where it is a file or part of its own."
    ),
    witness="rauc",
)

FORMAT = Format("rauc", (Magic(bytes(5), -TRAILER), Magic(squashfs.MAGIC)), measure, open_rauc, ABOUT)
