"""A disk with an EFI system partition, and what firmware keeps beside it, as a build leaves them."""

from collections.abc import Mapping
from pathlib import Path

from efi_store import ADDED, GLOBAL, SECURITY, X509, Row, signature_list, volume
from partitioned import EFI_SYSTEM, SECTOR, gpt
from pe_image import built, certificate, run

from firmward.cli.verdicts import all_parts
from firmward.facts.collection import Collection
from firmward.image.opening import open_image
from firmward.model.memory import MemoryTree
from firmward.model.parts import Parts

START = 2048
SIZE = 8 << 20
FALLBACK = "EFI/BOOT/BOOTX64.EFI"
KERNEL = bytes(64) + b"Linux version 6.1.0 (builder@host) #1\0" + bytes(range(256)) * 16
SECTIONS = {
    ".text": b"\x90" * 100,
    ".osrel": b"ID=board\n",
    ".cmdline": b"root=/dev/vda2 ro",
    ".initrd": b"070701 stands for an archive" * 8,
    ".linux": KERNEL,
}
UKI = built(SECTIONS)
LOADER = built({".text": b"\x90" * 500})
GRUB = built({".text": b"\x90" * 500, "mods": b"mods of grub"})


def listed(*names: str) -> bytes:
    """A signature list of certificates, one list for each."""
    return b"".join(signature_list(X509, certificate(name)) for name in names)


def store(db: bytes = b"", dbx: bytes = b"", *, pk: bytes = b"", more: tuple[Row, ...] = ()) -> bytes:
    """A volume of variables; without a platform key it makes setup mode."""
    named = (("PK", GLOBAL, pk), ("KEK", GLOBAL, pk), ("db", SECURITY, db), ("dbx", SECURITY, dbx))
    return volume([*((name, vendor, data, ADDED) for name, vendor, data in named if data), *more])


def disk(folder: Path, files: Mapping[str, bytes]) -> Path:
    """A GPT disk whose first partition is a FAT with these files."""
    esp, image = folder / "esp", folder / "disk.img"
    esp.write_bytes(bytes(SIZE))
    run("mkfs.fat", "-F", "16", "-s", "1", esp)
    made: set[str] = set()
    for number, (path, content) in enumerate(files.items()):
        steps = path.split("/")[:-1]
        for depth in range(1, len(steps) + 1):
            if (place := "/".join(steps[:depth])) not in made:
                run("mmd", "-i", esp, f"::/{place}")
                made.add(place)
        (folder / f"file{number}").write_bytes(content)
        run("mcopy", "-i", esp, folder / f"file{number}", f"::/{path}")
        (folder / f"file{number}").unlink()
    image.write_bytes(bytes(START * SECTOR + SIZE + (1 << 20)))
    gpt(image, [("esp", START, SIZE)], EFI_SYSTEM)
    data = bytearray(image.read_bytes())
    data[START * SECTOR : START * SECTOR + SIZE] = esp.read_bytes()
    image.write_bytes(data)
    esp.unlink()
    return image


def build(folder: Path, files: Mapping[str, bytes], variables: bytes | None = None) -> Path:
    """A folder with the disk, and the firmware's variables beside it."""
    folder.mkdir(exist_ok=True)
    disk(folder, files)
    if variables is not None:
        (folder / "OVMF_VARS.fd").write_bytes(variables)
    return folder


def collected(path: Path) -> Collection:
    """The facts of an image."""
    return Collection(MemoryTree({}), parts=Parts("image", all_parts(open_image(path))))
