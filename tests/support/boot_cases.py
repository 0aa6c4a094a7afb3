"""The images of which U-Boot takes some and refuses others, with a kernel that says that it runs, and the trees that
hold the key or none.

The kernel is a dozen instructions for QEMU's `virt`: it writes a text to the serial line at 0x09000000.
"""

import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

import kept_keys
from program import run_program

from firmward.cli.verdicts import all_parts
from firmward.facts.acceptance import Acceptance, acceptance, control_keys
from firmward.facts.bare_images import BareImages, BareKernel, LegacyImage
from firmward.facts.boot_keys import BootKeys
from firmward.facts.collection import Collection
from firmward.facts.fits import Fits, FoundFit
from firmward.facts.uboots import Uboots
from firmward.image.opening import open_image
from firmward.model.facts import Unknown
from firmward.model.memory import MemoryTree
from firmward.model.parts import Parts

RUNS = "THE KERNEL RUNS"
PLACE = 0x50000000
"""Where the tests put an image in memory; the kernel is at home elsewhere."""
HOME = 0x40400000
CONTROLS = ("required key", "no key")
REFUSED = {
    ("flipped", "required key"),
    ("flipped", "no key"),
    ("unsigned", "required key"),
    ("foreign", "required key"),
}
"""What U-Boot does not boot (seen under QEMU); it boots all others."""
BOOTED = {
    "good": f"bootm {PLACE:x}",
    "flipped": f"bootm {PLACE:x}",
    "unsigned": f"bootm {PLACE:x}",
    "foreign": f"bootm {PLACE:x}",
    "legacy": f"bootm {PLACE:x} - ${{fdtcontroladdr}}",
    "raw": f"booti {PLACE:x} - ${{fdtcontroladdr}}",
}
"""The images with the command that boots each."""

_CODE = (
    0xD2A12000,  # movz x0, #0x900, lsl #16
    0x100000C1,  # adr x1, the text
    0x38401422,  # ldrb w2, [x1], #1
    0x34000062,  # cbz w2, the end
    0x39000002,  # strb w2, [x0]
    0x17FFFFFD,  # b, the next sign
    0x14000000,  # the end: b .
)
_SOURCE = """
/dts-v1/;
/ {
    description = "case"; #address-cells = <1>;
    images {
        kernel { data = /incbin/("Image"); type = "kernel"; os = "linux"; arch = "arm64"; compression = "none";
                 load = <HOME>; entry = <HOME>; hash-1 { algo = "sha256"; }; };
        fdt { data = /incbin/("board.dtb"); type = "flat_dt"; arch = "arm64"; compression = "none";
              hash-1 { algo = "sha256"; }; };
    };
    configurations {
        default = "conf";
        conf { kernel = "kernel"; fdt = "fdt"; SIGNATURE };
    };
};
"""
_SIGNATURE = 'signature-1 { algo = "sha256,rsa2048"; key-name-hint = "dev"; sign-images = "kernel", "fdt"; };'


def kernel() -> bytes:
    """An arm64 Image that says so and shows what looks like a prompt."""
    body = struct.pack(f"<{len(_CODE)}I", *_CODE) + f"\r\n{RUNS}\r\n\r\n=> \0".encode()
    size = 4096
    head = struct.pack("<IIQQQQQQ4sI", 0x14000010, 0, 0, size, 0xA, 0, 0, 0, b"ARM\x64", 0)
    return (head + body).ljust(size, b"\x5a")


@dataclass(frozen=True)
class Cases:
    """A folder with the images and control trees by name."""

    folder: Path

    @classmethod
    def made(cls, folder: Path, board: bytes) -> "Cases":
        """`board` is the tree of the machine, to which the key is added."""
        cases = cls(folder)
        (folder / "Image").write_bytes(kernel())
        (folder / "board.dtb").write_bytes(board)
        for place in ("ours", "theirs"):
            (folder / place).mkdir()
            key = f"{place}/dev.key"
            shutil.copy(kept_keys.rsa_key(f"boot-{place}"), folder / key)
            cases._run("openssl", "req", "-batch", "-new", "-x509", "-key", key, "-out", f"{place}/dev.crt")
        cases._fits()
        uimage = ("-A", "arm64", "-O", "linux", "-T", "kernel", "-C", "none", "-a", hex(HOME), "-e", hex(HOME))
        cases._run("mkimage", *uimage, "-d", "Image", "legacy")
        (folder / "raw").write_bytes(kernel())
        return cases

    def image(self, name: str) -> Path:
        return self.folder / name

    def control(self, name: str) -> Path:
        return self.folder / ("control.dtb" if name == "required key" else "board.dtb")

    def _fits(self) -> None:
        for name, signature in (("signed.its", _SIGNATURE), ("unsigned.its", "")):
            text = _SOURCE.replace("SIGNATURE", signature).replace("HOME", hex(HOME))
            (self.folder / name).write_text(text, encoding="ascii")
        self._run("dtc", "-q", "-I", "dtb", "-O", "dtb", "-p", "4096", "-o", "control.dtb", "board.dtb")
        self._run("mkimage", "-f", "signed.its", "-k", "ours", "-K", "control.dtb", "-r", "good")
        self._run("mkimage", "-f", "signed.its", "-k", "theirs", "foreign")
        self._run("mkimage", "-f", "unsigned.its", "unsigned")
        data = self.image("good").read_bytes()
        last = data.index(kernel()) + len(kernel()) - 1  # what fills the kernel up: it would run all the same
        self.image("flipped").write_bytes(data[:last] + b"\x5b" + data[last + 1 :])

    def _run(self, *command: str) -> None:
        done = run_program(command, cwd=self.folder)
        assert done.returncode == 0, (command, done.stderr)


def told(loader: bytes, control: Path | None, image: Path, folder: Path) -> Acceptance:
    """What is said of an image that lies beside a loader and its control tree."""
    folder.mkdir()
    (folder / "u-boot.bin").write_bytes(loader.ljust(1 << 17, b"\0"))  # a binary of that size is looked into
    shutil.copy(image, folder / "boot.img")
    if control is not None:
        shutil.copy(control, folder / "control.dtb")
    parts = Parts("image", all_parts(open_image(folder)))
    collection = Collection(MemoryTree({}), parts=parts)
    loaders, bare, fits = collection.get(Uboots), collection.get(BareImages), collection.get(Fits)
    assert isinstance(loaders, Uboots)
    (found,) = loaders.found
    images: list[FoundFit | LegacyImage | BareKernel] = list(fits.found) if isinstance(fits, Fits) else []
    images += (*bare.legacy, *bare.kernels) if isinstance(bare, BareImages) else ()
    keys = collection.get(BootKeys)
    assert keys is None or isinstance(keys, BootKeys | Unknown)
    (wanted,) = images
    return acceptance(found, control_keys(found, keys, parts), wanted)
