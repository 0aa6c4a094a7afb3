"""RAUC's `manifest.raucm`: a key file (as of GLib) that says what a bundle is for and which images it has.

Pure: text to records. Keys of unknown groups are left aside. Numbers that cannot be one are None.
"""

from dataclasses import dataclass

from firmward.formats.malformed import Malformed

LINES_LIMIT = 10_000
CASYNC = (".caibx", ".caidx")
"""Indexes of casync: the file's content is chunks in a store outside."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """`format` is `plain`, `verity` or `crypt`; `verity_size` bytes of the hash tree; `images` file names by slot."""

    compatible: str | None
    version: str | None
    format: str
    verity_size: int | None
    verity_hash: str | None
    verity_salt: str | None
    images: dict[str, str]


def parse(text: str) -> Manifest:
    """Raises Malformed."""
    groups = _groups(text)
    bundle, update = groups.get("bundle", {}), groups.get("update", {})
    size = bundle.get("verity-size", "")
    images = {
        name.partition(".")[2]: keys["filename"]
        for name, keys in groups.items()
        if name.startswith("image.") and "filename" in keys
    }
    return Manifest(
        update.get("compatible"),
        update.get("version"),
        bundle.get("format", "plain"),
        int(size) if size.isascii() and size.isdigit() and len(size) < 19 else None,
        bundle.get("verity-hash"),
        bundle.get("verity-salt"),
        images,
    )


def _groups(text: str) -> dict[str, dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    keys: dict[str, str] | None = None
    for number, line in enumerate(text.splitlines()[:LINES_LIMIT], 1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        if words.startswith("[") and words.endswith("]"):
            keys = groups.setdefault(words[1:-1], {})
            continue
        name, equals, value = words.partition("=")
        if keys is None or not equals:
            raise Malformed(f"line {number} of the manifest is neither group nor key")
        keys[name.strip()] = value.strip()
    return groups
