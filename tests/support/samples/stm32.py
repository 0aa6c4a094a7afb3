from collections.abc import Iterator
from pathlib import Path

from rom import st


def samples(folder: Path) -> Iterator[bytes]:
    yield st.plain(folder)
    yield st.signed_version_1(folder)
    yield st.version_2()
    yield st.signed_version_2()
