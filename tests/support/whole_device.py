"""A device whose chain of trust is whole, in small, as a build's output: a first stage and U-Boot signed for HAB, a
signed FIT with its initramfs, and a root on dm-verity whose hash stands in that. And the ways to break it.
"""

import gzip
import io
import re
from dataclasses import dataclass, field
from pathlib import Path

from program import find_program, run_program
from rom import nxp
from signed_fit import MISSING as FIT_MISSING
from signed_fit import Signing, Workshop
from uboot_made import SAID, SHAPES, made

PROGRAMS = ("mksquashfs", "veritysetup", "srktool")
MISSING = [*FIT_MISSING, *(name for name in PROGRAMS if find_program(name) is None)]

LOCKED = {"bootcmd": "mmc read ${loadaddr} 0x800 0x8000; bootm ${loadaddr}", "bootdelay": "-2"}
FEW = ("base", "boot", "bootm", "echo", "help", "mmc", "printenv", "reset", "run", "version")
ANY_KEY = b"Hit any key to stop autoboot: %2d "
LISTED = (b"aroc\0", b"arocw\0", b"sdxbima\0")
VERIFIES = (b"required-mode", b"Failed to verify required signature '%s'", b"## Loading %s from FIT Image at %08lx ...")
LEGACY = b"## Booting kernel from Legacy Image at %08lx ..."

INIT = """#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs dev /dev
veritysetup open /dev/mmcblk0p2 root /dev/mmcblk0p2 HASH --hash-offset=SIZE || reboot -f
mount -o ro /dev/mapper/root /mnt || reboot -f
exec switch_root /mnt /sbin/init
"""
INITTAB = "::sysinit:/bin/mount -a\n::respawn:/usr/bin/camera\n"
ROOT = {
    "etc/inittab": INITTAB,
    "etc/fstab": "/dev/mapper/root / squashfs ro 0 0\ntmpfs /run tmpfs nosuid,nodev,noexec 0 0\n",
    "etc/passwd": "root:x:0:0::/root:/bin/false\n",
    "etc/shadow": "root:*:19000:0:::::\n",
    "usr/bin/camera": "#!/bin/sh\nexec sleep 100000\n",
}


@dataclass
class Device:
    """Its parts in a folder, and what each is made of. Change a field, and `write` makes the whole anew."""

    folder: Path
    workshop: Workshop
    environment: dict[str, str]
    commands: tuple[str, ...] = FEW
    said: tuple[bytes, ...] = (*VERIFIES, ANY_KEY, *LISTED)
    drivers: tuple[str, ...] = ("nowhere",)
    signing: Signing = field(default_factory=Signing)
    init: str = INIT
    root: dict[str, str] = field(default_factory=lambda: dict(ROOT))
    more: dict[str, tuple[int, str]] = field(default_factory=dict)
    is_required: bool = True
    is_signed: bool = True

    @property
    def output(self) -> Path:
        return self.folder / "deploy"

    def write(self) -> Path:
        """The folder with everything. The root comes first, since its hash stands in the FIT, and that one's key in
        U-Boot."""
        self.output.mkdir(exist_ok=True)
        root_hash, size = self._root()
        init = self.init.replace("HASH", root_hash).replace("SIZE", str(size))
        (self.workshop.folder / "ramdisk-1").write_bytes(
            gzip.compress(cpio({"init": (0o100755, init), **self.more}), mtime=0)
        )
        fit, control = self.workshop.made(self.signing)
        if not self.is_required:
            self.workshop.put("control.dtb", "/signature/key-dev", "required", options=("-d",))
            control = (self.workshop.folder / "control.dtb").read_bytes()
        (self.output / "fitImage").write_bytes(fit.read_bytes())
        (self.output / "u-boot.imx").write_bytes(self._first_stage(control))
        return self.output

    def _first_stage(self, control: bytes) -> bytes:
        code = made(
            SHAPES["arm"],
            environment=self.environment,
            commands=sorted(self.commands),
            said=(*SAID, *self.said),
            drivers=self.drivers,
            tree=control,
        )
        if not self.is_signed:
            return nxp.plain(self.folder, code=code)
        image = nxp.plain(self.folder, f"CSF {nxp.CSF_ROOM:#x}", code=code)
        end = nxp.csf_at(image)
        image = image[:end].ljust(end, b"\0")
        return image + nxp.csf(self.folder, image, ((0, end),), unlock=False)

    def _root(self) -> tuple[str, int]:
        """A squashfs with its hash tree behind it: the root hash, and where the tree begins."""
        image = self.output / "rootfs.squashfs"
        if not image.exists():
            tree = self.folder / "root"
            for path, text in self.root.items():
                (tree / path).parent.mkdir(parents=True, exist_ok=True)
                (tree / path).write_text(text)
                (tree / path).chmod(0o755 if path.startswith(("usr/bin", "sbin")) else 0o644)
            for name in ("sbin", "bin"):
                (tree / name).mkdir(exist_ok=True)
            _run("mksquashfs", tree, image, "-quiet", "-no-progress", "-noappend", "-all-root")
            size = -(-image.stat().st_size // 4096) * 4096
            with image.open("ab") as file:
                file.truncate(size)
            said = _run(
                "veritysetup", "format", image, image, f"--hash-offset={size}", f"--data-blocks={size // 4096}",
                "--salt=00ff",
            )  # fmt: skip
            (self.folder / "hash").write_text(f"{_hash(said)} {size}")
        root_hash, _, offset = (self.folder / "hash").read_text().partition(" ")
        return root_hash, int(offset)


def device(folder: Path, workshop: Workshop) -> Device:
    return Device(folder, workshop, dict(LOCKED))


def cpio(files: dict[str, tuple[int, str]]) -> bytes:
    """An archive in the form that the kernel takes."""
    out = io.BytesIO()
    for number, (name, (mode, text)) in enumerate((*files.items(), ("TRAILER!!!", (0, ""))), 1):
        data = text.encode()
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0)
        out.write(b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0")
        out.write(bytes(-out.tell() % 4))
        out.write(data + bytes(-len(data) % 4))
    return out.getvalue()


def _hash(said: str) -> str:
    found = re.search(r"Root hash:\s+(\w+)", said)
    assert found is not None, said
    return found[1]


def _run(*command: object) -> str:
    done = run_program(tuple(map(str, command)), feed=b"", cwd=Path.cwd())
    assert done.returncode == 0, (command, done.stderr)
    return done.stdout.decode()
