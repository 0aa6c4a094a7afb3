"""What a medium may hold when the power went while a program wrote its files: each torn at any place."""

from collections.abc import Iterator
from pathlib import Path


def torn(before: bytes, after: bytes, step: int = 1) -> Iterator[bytes]:
    """The first bytes new and the rest old, and the other way round, at every `step` from the first change to the
    last."""
    changed = [place for place, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
    if not changed:
        return
    for place in range(changed[0], changed[-1] + 2, step):
        yield after[:place] + before[place:]
        yield before[:place] + after[place:]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def lay(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)
