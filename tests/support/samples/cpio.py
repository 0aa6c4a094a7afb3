from collections.abc import Iterator
from pathlib import Path

from samples import lay_root, run


def samples(folder: Path) -> Iterator[bytes]:
    root = lay_root(folder)
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*"))).encode()
    for form in ("newc", "crc", "odc", "bin"):
        yield run("cpio", "-o", "-H", form, "--quiet", cwd=root, feed=names)
