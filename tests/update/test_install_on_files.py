"""The installer as a device has it, written out, over real files: what it takes, and that it survives being killed."""

import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from power.images import BLOCK, Image, image, payload
from program import find_program, run_program

from firmward.build.client import modules
from firmward.formats.verity import Shape
from firmward.update.hash_tree import shape_of, whole_size
from firmward.update.manifest import Verity, encoded

MEBIBYTE = 1 << 20
MEMORY_LIMIT = 32 * 1024
"""KiB, with the interpreter and all."""
PROGRAM = """
import json, os, resource, sys
sys.path.append(sys.argv[1])
from hashlib import sha256
from pathlib import Path
from firmward.trust.folder import Folder
from firmward.trust.store import Store
from firmward.trust.verified import Verified
from firmward.update.bootloaders.bootloader import BootState
from firmward.update.install import Onto, install
from firmward.update.manifest import parse
from firmward.update.offer import Offer

place = Path(sys.argv[2])

class Disk:
    def __init__(self):
        self.opened = {path.name: os.open(path, os.O_RDWR) for path in (place / "disk").iterdir()}
    def size(self, name):
        return os.lseek(self.opened[name], 0, os.SEEK_END)
    def read(self, name, offset, length):
        return os.pread(self.opened[name], length, offset)
    def write(self, name, offset, data):
        return os.pwrite(self.opened[name], data, offset)
    def sync(self, name):
        os.fdatasync(self.opened[name])

class Loader:
    name = "a file"
    def state(self):
        slot = (place / "next").read_text()
        return BootState("a", slot, frozenset("a"))
    def disable(self, slot):
        (place / "next").write_text("a")
    def activate(self, slot):
        (place / "next").write_text(slot)
    def mark_good(self, slot):
        pass

content = (place / "manifest").read_bytes()
offer = Offer(Verified(parse(content), frozenset()), sha256(content).hexdigest())
print(flush=True)
done = install(offer, Onto(Disk(), Store(place / "state"), Loader()), Folder(place / "blobs"))
# what getrusage says was its parent's before it was its own
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
cpu = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
print(json.dumps([done.standing, peak, cpu]))
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("client")
    for path, text in modules.sources().items():
        (folder / "firmward" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "firmward" / path).write_text(text, encoding="utf-8")
    return folder


def laid(place: Path, manifest: bytes, blobs: dict[str, bytes], root_size: int) -> None:
    for folder in ("disk", "state", "blobs"):
        (place / folder).mkdir()
    for name, content in blobs.items():
        (place / "blobs" / name).write_bytes(content)
    for slot in "ab":
        (place / "disk" / f"boot_{slot}").write_bytes(b"\xaa" * 64 * 1024)
        with (place / "disk" / f"root_{slot}").open("wb") as file:
            file.truncate(root_size)
    (place / "manifest").write_bytes(manifest)
    (place / "next").write_text("a")


def started(client: Path, place: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-I", "-S", "-B", "-c", PROGRAM, str(client), str(place)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(client: Path, place: Path) -> tuple[str, int, float]:
    """Standing, KiB and seconds of a processor."""
    process = started(client, place)
    out, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    standing, peak, seconds = json.loads(out)
    return standing, peak, seconds


def test_a_root_of_60_mib_takes_less_than_32_mib_of_memory(client: Path, tmp_path: Path) -> None:
    size = 60 * MEBIBYTE
    root, boot = bytes(size), random.Random(0).randbytes(50_000)
    digest = hashlib.sha256(root).hexdigest()
    named = payload("root", root)
    shape = shape_of(named, Verity("", "00" * 32))
    manifest = replace(
        image("1.4.1").manifest,
        payloads=(payload("boot", boot), named),
        verity=Verity(_root_hash_of_zeros(shape), "00" * 32),
    )
    laid(tmp_path, encoded(manifest), {hashlib.sha256(boot).hexdigest(): boot, digest: root}, whole_size(shape))
    try:
        standing, peak, _ = ended(client, tmp_path)
        assert standing == "installed"
        assert peak < MEMORY_LIMIT
        assert (tmp_path / "disk" / "boot_b").read_bytes()[: len(boot)] == boot
        witness = find_program("veritysetup")
        if witness is not None:
            path = str(tmp_path / "disk" / "root_b")
            command = [witness, "verify", path, path, manifest.verity.root_hash, f"--hash-offset={size}"]  # type: ignore[union-attr]
            assert run_program(command).returncode == 0
    finally:
        for path in (*(tmp_path / "disk").iterdir(), tmp_path / "blobs" / digest):
            path.unlink()


def _root_hash_of_zeros(shape: Shape) -> str:
    """Each level is of blocks that are alike, but for the last one of it."""
    blocks = [(shape.digest(bytes(BLOCK)), shape.data_blocks)]
    while sum(count for _, count in blocks) > 1:
        digests = b"".join(digest * count for digest, count in blocks)
        level = [digests[at : at + BLOCK].ljust(BLOCK, b"\0") for at in range(0, len(digests), BLOCK)]
        whole = shape.digest(level[0])
        blocks = [(whole, len(level) - 1), (shape.digest(level[-1]), 1)]
        blocks = [one for one in blocks if one[1]]
    return blocks[0][0].hex()


def test_one_that_is_killed_again_and_again_comes_to_its_end(client: Path, tmp_path: Path) -> None:
    """SIGKILL at any moment: what the kernel took stays, so this proves less than a power cut, but of real files."""
    new: Image = image("1.4.1", blocks=4000, boot=50_000)
    laid(tmp_path, encoded(new.manifest), new.blobs, len(new.whole_root) + 100)
    chance = random.Random(0)
    killed = 0
    for _ in range(8):
        process = started(client, tmp_path)
        assert process.stdout is not None
        assert process.stdout.readline() == "\n"
        time.sleep(chance.uniform(0, 0.06))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        killed += process.returncode == -signal.SIGKILL
        disk = tmp_path / "disk"
        header = (disk / "boot_b").read_bytes()[:BLOCK]
        if header == new.boot[:BLOCK]:
            assert (disk / "root_b").read_bytes()[: len(new.whole_root)] == new.whole_root
        assert (disk / "boot_a").read_bytes() == b"\xaa" * 64 * 1024
    assert killed
    standing, _, _ = ended(client, tmp_path)
    assert standing in ("installed", "waiting")
    assert (tmp_path / "disk" / "boot_b").read_bytes()[: len(new.boot)] == new.boot
    assert (tmp_path / "disk" / "root_b").read_bytes()[: len(new.whole_root)] == new.whole_root
    assert (tmp_path / "next").read_text() == "b"
