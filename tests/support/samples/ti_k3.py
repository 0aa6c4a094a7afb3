from collections.abc import Iterator
from pathlib import Path

from rom import ti


def samples(_: Path) -> Iterator[bytes]:
    yield ti.single()
    yield ti.single(ti.degenerate_key())
    yield ti.combined()
