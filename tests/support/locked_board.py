"""A virtual device with firmward's own U-Boot, in QEMU: its disk, its flash, and payloads that say what started them.

The payload is a program of a few instructions in place of a kernel. It prints what its device tree says in
/chosen/bootargs on the serial line, and turns the machine off, so that a start takes a second or two.
"""

import os
import select
import shutil
import struct
import subprocess
import time
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import kept_keys
from partitioned import gpt
from program import find_program, run_program
from real.sources import FOLDER, unpacked_source

from firmward.build.board import board
from firmward.build.uboot import control, recipe
from firmward.formats import boot_state

PROGRAMS = (
    "qemu-system-aarch64", "mkimage", "dtc", "fdtput", "sfdisk", "openssl",
    "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-as", "aarch64-linux-gnu-objcopy", "bison", "flex", "bc", "xxd",
)  # fmt: skip
MISSING = [name for name in PROGRAMS if find_program(name) is None]
BOARD = board("qemu-arm64")
FLASH = 64 << 20
SECTOR = 512
PARTITIONS = {"state": (2048, 2048), "boot_a": (4096, 2048), "boot_b": (6144, 2048)}
"""First sector and sectors."""
DISK = 10240 * SECTOR
SECONDS = 60
"""For a machine, on a busy one."""
STOPPED = b"payload ends"

PAYLOAD = """
    .text
    b       begin
    .balign 64
begin:
    mov     x19, x0
    mov     x20, #0x09000000        // PL011 of the virt machine
    adr     x1, ran
    bl      say
    mov     x1, x19                 // the tree: what its bootargs say, up to the zero
    adr     x4, wanted
1:  mov     x2, #0
2:  ldrb    w5, [x4, x2]
    cbz     w5, 3f
    ldrb    w6, [x1, x2]
    add     x2, x2, #1
    cmp     w5, w6
    b.eq    2b
    add     x1, x1, #1
    b       1b
3:  bl      say
    adr     x1, ends
    bl      say
    ldr     w0, =0x84000008         // PSCI SYSTEM_OFF
    hvc     #0
4:  b       4b
say:
    ldrb    w5, [x1], #1
    cbz     w5, 5f
    strb    w5, [x20]
    b       say
5:  ret
ran:    .asciz "payload NAME ran with "
wanted: .asciz "firmward.slot="
ends:   .asciz "\\r\\npayload ends\\r\\n"
    .balign 8
    .ltorg
"""

TREE = '/dts-v1/; / {{ model = "device"; chosen {{ bootargs = "firmward.slot={slot} ro panic=5"; }}; }};'

FIT = """
/dts-v1/;
/ {{
    description = "test"; #address-cells = <1>;
    images {{
        kernel {{ data = /incbin/("payload"); type = "kernel"; os = "linux"; arch = "arm64"; compression = "none";
                 load = <{kernel:#x}>; entry = <{kernel:#x}>; hash {{ algo = "sha256"; }}; }};
        fdt-a {{ data = /incbin/("a.dtb"); type = "flat_dt"; arch = "arm64"; compression = "none";
                load = <{tree:#x}>; hash {{ algo = "sha256"; }}; }};
        fdt-b {{ data = /incbin/("b.dtb"); type = "flat_dt"; arch = "arm64"; compression = "none";
                load = <{tree:#x}>; hash {{ algo = "sha256"; }}; }};
    }};
    configurations {{
        default = "conf-a";
        conf-a {{ kernel = "kernel"; fdt = "fdt-a"; {index} {signature} }};
        conf-b {{ kernel = "kernel"; fdt = "fdt-b"; {index} {signature} }};
    }};
}};
"""
SIGNATURE = 'signature { algo = "sha256,rsa2048"; key-name-hint = "boot"; sign-images = "kernel", "fdt"; };'


@cache
def loader() -> recipe.BootLoader:
    """Made once in the project's cache. Raises NoPackagesError where its sources are out of reach."""
    unpacked_source("u-boot")
    return recipe.boot_loader(BOARD, "output-only", FOLDER.parent, lambda _: None)


@dataclass(frozen=True)
class Workshop:
    """A folder with keys and the control tree that requires ours."""

    folder: Path
    loader: recipe.BootLoader

    @classmethod
    def at(cls, folder: Path) -> "Workshop":
        made = cls(folder, loader())
        for owner in ("keys", "foreign"):
            (folder / owner).mkdir()
            key = folder / owner / "boot.key"
            shutil.copy(kept_keys.rsa_key(f"locked-{owner}", 2048), key)
            made.run("openssl", "req", "-batch", "-new", "-x509", "-key", str(key), "-out", f"{owner}/boot.crt")
        for slot in "ab":
            (folder / f"{slot}.dtb").write_bytes(made.run("dtc", "-q", "-p", "512", feed=TREE.format(slot=slot)))
        control.control_tree(BOARD, made.loader.binary, folder / "control.dtb", lambda _: None)
        shutil.copy(folder / "control.dtb", folder / "keyless.dtb")
        made.fit("first", options=("-K", "control.dtb", "-r"))
        return made

    def silent(self) -> "Workshop":
        """The same with a loader whose console is off."""
        return replace(self, loader=recipe.boot_loader(BOARD, "off", FOLDER.parent, lambda _: None))

    def run(self, *command: str, feed: str = "") -> bytes:
        done = run_program(command, feed=feed.encode(), cwd=self.folder)
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    def payload(self, name: str) -> bytes:
        (self.folder / "payload.s").write_text(PAYLOAD.replace("NAME", name))
        self.run("aarch64-linux-gnu-as", "-o", "payload.o", "payload.s")
        self.run("aarch64-linux-gnu-objcopy", "-O", "binary", "payload.o", "payload")
        return (self.folder / "payload").read_bytes()

    def fit(
        self, name: str, index: str | None = "0", *, keys: str = "keys", signature: str = SIGNATURE,
        options: Sequence[str] = (),
    ) -> bytes:  # fmt: skip
        """A signed image whose payload says this name."""
        self.payload(name)
        words = "" if index is None else f'rollback-index = "{index}";'
        place = BOARD.addresses
        source = FIT.format(kernel=place.kernel, tree=place.device_tree, index=words, signature=signature)
        (self.folder / "image.its").write_text(source)
        self.run("mkimage", "-f", "image.its", "-k", keys, *options, "image.fit")
        return (self.folder / "image.fit").read_bytes()


@dataclass
class Device:
    """A disk, a flash bank and what the serial line said when it ran last."""

    workshop: Workshop
    folder: Path
    control: str = "control.dtb"
    said: str = ""

    @classmethod
    def new(cls, workshop: Workshop, folder: Path, a: bytes | None = None, b: bytes | None = None) -> "Device":
        device = cls(workshop, folder)
        with device.disk.open("wb") as disk:
            disk.truncate(DISK)
        gpt(device.disk, ((name, start, size * SECTOR) for name, (start, size) in PARTITIONS.items()))
        with device.floor.open("wb") as flash:
            for _ in range(FLASH >> 20):
                flash.write(b"\xff" * (1 << 20))
        device.write("state", boot_state.fresh().to_bytes())
        for name, image in (("boot_a", a), ("boot_b", b)):
            device.write(name, image or b"")
        return device

    @property
    def disk(self) -> Path:
        return self.folder / "disk.img"

    @property
    def floor(self) -> Path:
        return self.folder / "floor.img"

    def write(self, partition: str, data: bytes, at: int = 0) -> None:
        with self.disk.open("r+b") as disk:
            disk.seek(PARTITIONS[partition][0] * SECTOR + at)
            disk.write(data)

    def sectors(self) -> bytes:
        with self.disk.open("rb") as disk:
            disk.seek(PARTITIONS["state"][0] * SECTOR)
            return disk.read(boot_state.SIZE)

    def state(self) -> boot_state.State:
        found = boot_state.parse(self.sectors()).state
        assert found is not None, "neither copy is valid"
        return found

    def put(self, **values: object) -> None:
        """Both copies with a state that the loader may have written."""
        state = boot_state.State(**{"seq": 7, **values})  # type: ignore[arg-type]
        self.write("state", state.to_bytes(), boot_state.COPIES[0])
        self.write("state", boot_state.State(**{**values, "seq": 6}).to_bytes(), boot_state.COPIES[1])  # type: ignore[arg-type]

    def request(self, text: bytes) -> None:
        self.write("state", text.ljust(SECTOR, b"\0"), boot_state.REQUEST)

    def floor_words(self, count: int) -> list[int]:
        return list(struct.unpack(f"<{count}I", self.floor.read_bytes()[: 4 * count]))

    def start(self, *, keys: bytes = b"", until: bytes = STOPPED, seconds: float = SECONDS, pci: bool = False) -> str:
        """Run it until the payload turns it off or a text is said; keys are pressed all the while."""
        kind = "virtio-blk-pci" if pci else "virtio-blk-device"
        command = [
            "qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57", "-m", "128", "-nographic", "-nodefaults",
            "-serial", "stdio", "-monitor", "none", "-bios", str(self.workshop.loader.binary),
            "-dtb", str(self.workshop.folder / self.control),
            "-drive", f"if=pflash,unit=1,format=raw,file={self.floor}",
            "-drive", f"if=none,id=disk,format=raw,file={self.disk}", "-device", f"{kind},drive=disk",
        ]  # fmt: skip
        self.said = b"".join(spoken(command, keys, until, seconds)).decode("latin-1").replace("\r", "")
        return self.said


def spoken(command: Sequence[str], keys: bytes, until: bytes, seconds: float) -> Iterator[bytes]:
    """What the machine says until it ends, says the text, or the time is over."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdin is not None
    assert process.stdout is not None
    end, tail = time.monotonic() + seconds, b""
    try:
        while time.monotonic() < end and until not in tail:
            if keys:
                process.stdin.write(keys)
                process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], 0.05 if keys else 0.5)
            block = os.read(process.stdout.fileno(), 65536) if ready else None
            if block == b"":
                return
            if block:
                tail = tail[-256:] + block
                yield block
        if until == STOPPED and until in tail:
            process.wait(10)  # it turns itself off, and its files are written by then
    except BrokenPipeError:
        pass
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def sector(variables: Mapping[bytes, bytes] | bytes) -> bytes:
    """A copy of the state with any bytes in it, and a checksum that holds."""
    data = variables if isinstance(variables, bytes) else b"".join(b"%s=%s\0" % one for one in variables.items())
    data = data.ljust(SECTOR - 4, b"\0")
    assert len(data) == SECTOR - 4
    return zlib.crc32(data).to_bytes(4, "little") + data
