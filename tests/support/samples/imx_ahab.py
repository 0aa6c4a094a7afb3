from collections.abc import Iterator
from pathlib import Path

from rom import nxp


def samples(folder: Path) -> Iterator[bytes]:
    yield nxp.container(folder)
    yield nxp.signed_container(folder)
