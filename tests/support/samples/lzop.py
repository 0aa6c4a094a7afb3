from collections.abc import Iterator
from pathlib import Path

from samples import run
from samples.tar import samples as archives

OPTIONS = (("-1",), ("-9",), ("--crc32",), ("-F",), ("-CC",))


def samples(folder: Path) -> Iterator[bytes]:
    archive = next(archives(folder))
    for options in OPTIONS:
        yield run("lzop", "-c", *options, feed=archive)
    (folder / "named").write_bytes(archive)
    yield run("lzop", "-c", folder / "named", folder / "named")
