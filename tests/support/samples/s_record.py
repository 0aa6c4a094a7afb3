from collections.abc import Iterator
from pathlib import Path

from samples import FILES, run


def samples(folder: Path) -> Iterator[bytes]:
    (folder / "binary").write_bytes(FILES["bin/tool"][:9000])
    run("objcopy", "-I", "binary", "-O", "srec", folder / "binary", folder / "text")
    yield (folder / "text").read_bytes()
    holes = ("--exclude", "0x100", "0x200", "--offset", "0xff00")
    for size in ("3", "4"):
        form = ("-Motorola", f"-address-length={size}")
        run("srec_cat", folder / "binary", "-Binary", *holes, "-o", folder / "text", *form)
        yield (folder / "text").read_bytes()
