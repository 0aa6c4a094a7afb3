"""An update of 60 MB installed in the camera, from a stick: by its own client, into its own slot, told to its own boot
loader; and what that takes there."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

import attacked
import pytest
import signed_camera
from attacked import Kept
from locked_board import MISSING
from played_repository import NOW
from real.roots import NoPackagesError
from update_made import Maker, manifest

from firmward.build import image
from firmward.build.client.put_in import put_in
from firmward.build.client.trusted_root import TrustedRoot
from firmward.formats.verity import shape
from firmward.formats.verity_tree import hash_tree
from firmward.lab import boot as lab
from firmward.lab.means import memory_card
from firmward.lab.serial_log import SerialLog
from firmward.update.manifest import Blob, Payload, Source, Verity

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing"),
    pytest.mark.timeout(1500),
    pytest.mark.proof,
]
MEMORY_LIMIT = 32 << 10
"""KiB, with the interpreter."""
ROOT, BOOT = 60_000_000 // 4096 * 4096, 4 << 20
SALT = "5a" * 32
LABEL = "BIG"
"""Not the one that the device looks for by itself."""
PROBE = """
import sys
sys.path.append("/usr/lib")
from time import monotonic, process_time
from firmward.update.main import main
begun = monotonic()
code = main(["--state", "/data/firmward", "install", "--progress", "/run/stick"])
memory = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(f"PROBE {code} {memory} {process_time():.1f} {monotonic() - begun:.1f}")
sys.exit(code)
"""
SCRIPT = f"""#!/bin/sh
[ "$1" = start ] || exit 0
(
    mkdir -p /run/stick
    mount -t ext4 -o ro LABEL={LABEL} /run/stick || echo "no stick"
    for turn in 1 2 3 4 5 6 7 8 9 10 11 12; do
        python3 -ISB /usr/share/probe.py
        [ $? = 11 ] && break
        sleep 10
    done
    /usr/bin/firmward-update --state /data/firmward status
    sync
    echo PROBE-END
) >/dev/console 2>&1 &
"""


@dataclass(frozen=True)
class Done:
    """`memory` in KiB, `cpu` and `took` in seconds of the guest's."""

    memory: int
    cpu: float
    took: float
    said: str
    device: Kept
    root: bytes
    boot: bytes


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Done]:
    folder = tmp_path_factory.mktemp("guest")
    try:
        yield _done(folder)
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")
    finally:
        shutil.rmtree(folder)


def _done(folder: Path) -> Done:
    root, boot = (Random(seed).randbytes(size) for seed, size in ((1, ROOT), (2, BOOT)))
    maker = Maker(folder / "repository")
    _publish(maker, root, boot)
    kept = _built(folder, maker)
    said = _started(kept, _stick(folder))
    found = re.search(r"^PROBE 11 (\d+) (\S+) (\S+)$", said, re.M)
    assert found is not None, said[-3000:]
    return Done(int(found[1]), float(found[2]), float(found[3]), said, kept, root, boot)


def _publish(maker: Maker, root: bytes, boot: bytes) -> None:
    formed = shape(1, "sha256", 4096, 4096, ROOT // 4096, bytes.fromhex(SALT))
    root_hash, _ = hash_tree(formed, list(formed.digests(root, 4096)))
    payloads = tuple(_payload(name, content) for name, content in (("boot", boot), ("root", root)))
    said = manifest(layout="verity", payloads=payloads, verity=Verity(root_hash.hex(), SALT))
    maker.release(said)
    blobs = maker.folder / "targets/blobs"
    blobs.mkdir()
    for content in (root, boot):
        (blobs / sha256(content).hexdigest()).write_bytes(content)


def _payload(partition: str, content: bytes) -> Payload:
    digest = sha256(content).hexdigest()
    return Payload(partition, len(content), digest, (Source("full", Blob(len(content), digest)),))


def _built(folder: Path, maker: Maker) -> Kept:
    root = attacked.unpacked(folder / "root")
    (root / "usr/share").mkdir(exist_ok=True)
    (root / "usr/share/probe.py").write_text(PROBE)
    script = root / "etc/init.d/S99probe"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    text = signed_camera.with_words(rootfs=f'"{root}"', slot_size='"96M"')
    order = signed_camera.order(signed_camera.store(folder / "keys"), text)
    trusted = TrustedRoot("root.json", maker.first_root)
    inputs, _ = put_in(order.inputs, order.policy, trusted, int((NOW - timedelta(days=90)).timestamp()))
    image.build(replace(order, inputs=inputs), folder / "build", signed_camera.quiet)
    return Kept.of(folder / "build", folder / "kept")


def _stick(folder: Path) -> Path:
    made = folder / "stick.img"
    words = ["mke2fs", "-q", "-t", "ext4", "-L", LABEL, "-d", folder / "repository", made, "96M"]
    subprocess.run(list(map(str, words)), check=True)
    return made


def _started(kept: Kept, stick: Path) -> str:
    said = b""
    fresh = ("-rtc", f"base={NOW + timedelta(hours=1):%Y-%m-%dT%H:%M:%S}")
    with (
        kept.media() as media,
        lab.started(kept.device, media, SerialLog(), attached=(*memory_card.plugged(stick), *fresh)) as machine,
    ):
        for _ in range(6000):
            said += machine.hear(0.2).serial
            if b"PROBE-END" in said:
                break
    return said.decode("utf-8", "replace").replace("\r", "")


def test_it_is_installed_in_the_memory_of_a_small_device(done: Done) -> None:
    assert done.memory < MEMORY_LIMIT, done


def test_what_was_signed_lies_in_the_slot_that_did_not_run(done: Done) -> None:
    assert done.device.read("root_b", ROOT) == done.root
    assert done.device.read("boot_b", BOOT) == done.boot


def test_the_boot_loader_is_told_and_people_too(done: Done) -> None:
    assert done.device.records().request.active == "b"
    assert "is in slot b: restart to use it" in done.said
    assert re.search(r"^slot a: .*runs, good$", done.said, re.M)
    assert re.search(r"^slot b: 1\.4\.1, starts next", done.said, re.M)
