"""Boot images of Zynq by mkimage."""

from pathlib import Path

from samples import run

from rom import CODE, mkimage


def zynq(folder: Path) -> bytes:
    return mkimage(folder, "-T", "zynqimage")


def zynqmp(folder: Path) -> bytes:
    return mkimage(folder, "-T", "zynqmpimage")


def partitions(folder: Path) -> bytes:
    """With an image header table and partitions, as bootgen makes them too."""
    (folder / "first").write_bytes(CODE)
    (folder / "second").write_bytes(CODE[::-1])
    rows = ("[bootloader, destination_cpu=a53-0] first", "[destination_cpu=a53-0, exception_level=el-3] second")
    (folder / "boot.bif").write_text("\n".join(("image : {", *rows, "}", "")))
    out = folder / "out"
    out.unlink(missing_ok=True)
    run("mkimage", "-T", "zynqmpbif", "-d", "boot.bif", out, cwd=folder)
    return out.read_bytes()
