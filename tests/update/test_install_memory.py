"""An image of 60 MB is installed in the memory of a small device: by the client as it lies there."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from random import Random

import pytest
from update_made import SECONDS, Maker, image, manifest
from update_server import serving

from firmward.build.client import modules
from firmward.formats.verity import shape
from firmward.formats.verity_tree import hash_tree
from firmward.update.manifest import Blob, Payload, Source, Verity

LIMIT = 32 << 10
"""KiB."""
ROOT, BOOT = 60_000_000 // 4096 * 4096, 4 << 20
SLOT = 64 << 20
SIZES = {"root": ROOT, "boot": BOOT}
SALT = "5a" * 32
PROGRAM = """
import sys
sys.path.append(sys.argv[1])
from pathlib import Path
from firmward.update.bootloaders.bootloader import BootState
from firmward.update.machine import Machine
from firmward.update.main import main
from firmward.update.partitions import Partitions

class Loader:
    name = "a boot loader of tests"
    def state(self): return BootState("a", "a", frozenset("ab"))
    def disable(self, slot): pass
    activate = mark_good = disable

place, wall = Path(sys.argv[2]), float(sys.argv[3])
files = {name: (place / f"{name}.img",) for name in ("boot_a", "boot_b", "root_a", "root_b")}
machine = Machine(lambda: wall, command_line=place / "cmdline", disk=lambda: Partitions(files),
                  loader=lambda *_: Loader())
code = main(sys.argv[4:], machine)
memory = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(code, memory)
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its library as a root has it."""
    folder = tmp_path_factory.mktemp("lib")
    for path, text in modules.sources().items():
        (folder / "firmward" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "firmward" / path).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Maker]:
    made = Maker(tmp_path_factory.mktemp("maker") / "repository")
    root, boot = (Random(seed).randbytes(size) for seed, size in ((1, ROOT), (2, BOOT)))
    formed = shape(1, "sha256", 4096, 4096, ROOT // 4096, bytes.fromhex(SALT))
    root_hash, _ = hash_tree(formed, list(formed.digests(root, 4096)))
    payloads = (payload("boot", boot), payload("root", root))
    made.release(manifest(layout="verity", payloads=payloads, verity=Verity(root_hash.hex(), SALT)))
    blobs = made.folder / "targets/blobs"
    blobs.mkdir()
    for content in (root, boot):
        (blobs / sha256(content).hexdigest()).write_bytes(content)
    yield made
    for path in blobs.iterdir():
        path.unlink()


def payload(partition: str, content: bytes) -> Payload:
    digest = sha256(content).hexdigest()
    return Payload(partition, len(content), digest, (Source("full", Blob(len(content), digest)),))


@pytest.fixture
def place(tmp_path: Path, maker: Maker) -> Iterator[Path]:
    """A device whose slots have 64 MiB."""
    image(tmp_path / "image", maker, floor="file", window=None, quota="100M/month", rate="100M/s")
    (tmp_path / "cmdline").write_text("firmward.slot=a\n")
    disks = [tmp_path / f"{name}_{slot}.img" for name in ("boot", "root") for slot in "ab"]
    for disk in disks:
        with disk.open("wb") as file:
            file.truncate(SLOT)
    yield tmp_path
    for disk in disks:
        disk.unlink()


@pytest.mark.parametrize("line", ["stick", "web"])
def test_sixty_megabytes_are_installed_within_the_memory_of_a_small_device(
    client: Path, maker: Maker, place: Path, line: str
) -> None:
    with ExitStack() as stack:
        source = str(maker.folder) if line == "stick" else stack.enter_context(serving(maker.folder)).url
        words = ["--image", place / "image", "--state", place / "state", "install", source]
        command = [sys.executable, "-I", "-S", "-B", "-c", PROGRAM, client, place, str(SECONDS), *words]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=100)
    assert done.stderr == ""
    code, memory = map(int, done.stdout.splitlines()[-1].split())
    assert code == 11, done.stdout
    assert memory < LIMIT
    for name in ("root", "boot"):
        wanted = next(one for one in (maker.folder / "targets/blobs").iterdir() if one.stat().st_size == SIZES[name])
        assert starts_with(place / f"{name}_b.img", wanted.read_bytes())


def starts_with(path: Path, content: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(content)) == content
