from collections.abc import Iterator
from pathlib import Path

from samples import FILES, run


def samples(folder: Path) -> Iterator[bytes]:
    (folder / "binary").write_bytes(FILES["bin/tool"][:9000])
    address = ("--change-addresses", "0x8000000")
    run("objcopy", "-I", "binary", "-O", "ihex", *address, folder / "binary", folder / "text")
    yield (folder / "text").read_bytes()
    holes = ("--exclude", "0x100", "0x200", "--offset", "0xff00")
    for options in (("-Intel",), ("-Intel", "-address-length=3")):
        run("srec_cat", folder / "binary", "-Binary", *holes, "-o", folder / "text", *options)
        yield (folder / "text").read_bytes()
