"""The sample camera, built and signed, its media kept in a folder, and what an attacker makes to put on them."""

import io
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import signed_camera
from signed_camera import camera, order, quiet, with_words

from firmward.build import image
from firmward.build.board import board
from firmward.build.built import BOOT, ROOT, STATE
from firmward.build.fit import FitPieces, signed_fit
from firmward.build.verity import write_verity
from firmward.formats import boot_state, uboot_env
from firmward.formats.boot_state import Records
from firmward.lab import boot as lab
from firmward.lab import media
from firmward.lab.board import virtual
from firmward.lab.boot import Limits, Outcome
from firmward.lab.device import Device, Kind, opened
from firmward.lab.machine import Machine
from firmward.lab.media import Media
from firmward.lab.plain import fit, twin
from firmward.lab.plain.environment import environment
from firmward.lab.serial_log import SerialLog

SECONDS = 150.0
"""For all starts of one boot, on a busy machine."""
MARK = "attacker: was here"
PROGRAM = f"""#!/bin/busybox sh
/bin/busybox mount -t devtmpfs devtmpfs /dev
echo "{MARK}" >/dev/console
exec /bin/busybox sleep 1000
"""
SCRIPT = f'#!/bin/sh\necho "{MARK}" >/dev/console\n'
BREAK = b'{"execute": "chardev-send-break", "arguments": {"id": "serial0"}}\n'
"""QEMU's way to hold the serial line down, which a kernel takes for the SysRq key."""


@dataclass(frozen=True, slots=True)
class Told:
    """How a boot went, and all that the serial line said."""

    outcome: Outcome
    said: str

    @property
    def refused(self) -> list[tuple[str, str]]:
        return re.findall(r"^firmward: slot ([ab]) refused: (.+)$", self.said, re.MULTILINE)

    @property
    def tried(self) -> list[tuple[str, int]]:
        found = re.findall(r"^firmward: slot ([ab]), (\d) tries left$", self.said, re.MULTILINE)
        return [(slot, int(left)) for slot, left in found]


@dataclass(frozen=True)
class Kept:
    """A device whose disk and flash stay in a folder, so that they can be changed between its starts."""

    device: Device

    @classmethod
    def of(cls, build: Path, folder: Path, kind: Kind = Kind.PROTECTED) -> "Kept":
        return cls(opened(build, kind, folder))

    @contextmanager
    def media(self) -> Iterator[Media]:
        keep, own = self.device.keep, virtual(self.device.said.board)
        assert keep is not None
        is_twin = self.device.kind is not Kind.PROTECTED
        prepare = twin.preparation(self.device, own) if is_twin else media.as_built
        prefix = twin.PREFIX if is_twin else ""
        with media.kept(keep, self.device.folder, own.flash_size, prepare, prefix=prefix) as written:
            yield written

    def write(self, partition: str, data: bytes, at: int = 0) -> None:
        with self.media() as written:
            written.disk.seek(self.device.partition(partition).start + at)
            written.disk.write(data)

    def read(self, partition: str, size: int) -> bytes:
        with self.media() as written:
            written.disk.seek(self.device.partition(partition).start)
            return written.disk.read(size)

    def install(self, build: Path, slot: str) -> None:
        """Kernel and root of a build, as an update would put them into a slot."""
        self.write(f"{BOOT}_{slot}", (build / image.FIT).read_bytes())
        self.write(f"{ROOT}_{slot}", (build / image.ROOT_IMAGE).read_bytes())

    def ask(self, request: boot_state.Request) -> None:
        self.write(STATE, request.to_bytes(), boot_state.REQUEST)

    def records(self) -> Records:
        return boot_state.parse(self.read(STATE, boot_state.SIZE))

    def state(self) -> boot_state.State:
        found = self.records().state
        assert found is not None, "neither copy of the state holds"
        return found

    def variables(self, **changes: str) -> bytes:
        """The environment in the twin's flash with other values."""
        with self.media() as written:
            size = virtual(self.device.said.board).stock.environment_size
            written.flash.seek(0)
            data = written.flash.read(size)
        found = uboot_env.parse(lambda offset, length: data[offset : offset + length])
        return environment({**dict(found.variables), **changes}, size)

    def write_flash(self, data: bytes) -> None:
        with self.media() as written:
            written.flash.seek(0)
            written.flash.write(data)

    def boot(self, starts: int = 8) -> Told:
        """Until it is healthy, or has started that often."""
        log = io.BytesIO()
        outcome = lab.boot(self.device, Limits(SECONDS, starts), lambda step: None, log)
        return Told(outcome, log.getvalue().decode("utf-8", "replace").replace("\r", ""))

    def healthy(self, slot: str = "a") -> Told:
        told = self.boot()
        assert told.outcome.healthy, told.outcome.log
        assert told.outcome.slot == slot
        return told

    def listen(
        self, until: str, seconds: float = SECONDS, meanwhile: Callable[[Machine, str], None] | None = None
    ) -> str:
        """What the serial line says until a line has `until` in it, or the time is over. `meanwhile` is called
        up to ten times a second, with what was said so far. The power is cut in the end."""
        said, begun, did = "", time.monotonic(), 0.0
        with lab.running(self.device, SerialLog()) as machine:
            while until not in said and (now := time.monotonic() - begun) < seconds:
                said += machine.hear(min(0.1, seconds - now)).serial.decode("utf-8", "replace").replace("\r", "")
                if meanwhile is not None and now - did > 0.1:
                    did = now
                    meanwhile(machine, said)
        return said


@dataclass(frozen=True)
class Maker:
    """Who builds cameras: a folder with keys and builds, each made when it is first asked for."""

    folder: Path

    @cached_property
    def store(self) -> Path:
        self.folder.mkdir(exist_ok=True)
        return signed_camera.store(self.folder / "keys")

    @cached_property
    def build(self) -> Path:
        return self._built("build")

    @cached_property
    def newer(self) -> Path:
        """Its index against rollback is one higher."""
        return self._built("newer", rollback_index="2")

    @cached_property
    def sick(self) -> Path:
        """Its root has a self-test that fails."""
        root = unpacked(self.folder / "sick-root")
        (root / "usr/bin/camera-selftest").write_text("#!/bin/sh\nexit 1\n")
        return self._built("sick", rootfs=f'"{root}"', health_seconds="10")

    def _built(self, name: str, **words: str) -> Path:
        image.build(order(self.store, with_words(**words)), self.folder / name, quiet)
        return self.folder / name

    def signed(self, initramfs: Path, out: Path) -> Path:
        """A FIT with the camera's kernel and another initramfs, signed by this maker."""
        pieces = FitPieces(
            kernel=camera() / "images" / "Image",
            device_tree=camera() / "images" / "camera.dtb",
            initramfs=initramfs,
            board=board("qemu-arm64"),
            console="output-only",
            rollback_index=1,
        )
        signed_fit(pieces, signed_camera.keys(self.store).key, (), None, out, signed_camera.EPOCH)
        return out


def unpacked(folder: Path) -> Path:
    """The camera's root as a folder."""
    image_ = camera() / "images" / "rootfs.squashfs"
    subprocess.run(["unsquashfs", "-q", "-n", "-d", folder, image_], check=True, capture_output=True)
    return folder


def initramfs(folder: Path) -> Path:
    """The attacker's: it says that it runs, as the build's first program and as the twin's."""
    members = folder / "members"
    for name in ("bin", "dev"):
        (members / name).mkdir(parents=True)
    shutil.copy(camera() / "tools/usr/bin/busybox", members / "bin/busybox")
    for name in ("init", "firmward-plain"):
        (members / name).write_text(PROGRAM)
        (members / name).chmod(0o755)
    names = "\n".join(str(path.relative_to(members)) for path in sorted(members.rglob("*"))).encode()
    done = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=names, cwd=members, capture_output=True)
    made = folder / "attack.cpio"
    made.write_bytes(done.stdout)
    return made


def unsigned(build: Path, folder: Path) -> Path:
    """A FIT with the build's kernel and the attacker's initramfs, with checksums alone."""
    own = initramfs(folder).read_bytes()
    return fit.unsigned(build / image.FIT, folder, lambda archive: own)


def root(folder: Path) -> Path:
    """The camera's root with a script of the attacker's, and a hash tree of its own behind it."""
    tree = unpacked(folder / "tree")
    script = tree / "etc/init.d/S00attacker"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    bare, made = folder / "bare.squashfs", folder / "root.img"
    subprocess.run(["mksquashfs", tree, bare, "-quiet", "-no-progress", "-comp", "gzip", "-all-root"], check=True)
    write_verity(bare, made, product="camera", version="1.4.0")
    return made


def hold_break(machine: Machine) -> None:
    assert machine._monitor is not None
    machine._monitor.line.send(BREAK)
