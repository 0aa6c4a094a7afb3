"""A maker with 100,000 boards: in hashed bins a device loads one of them, and a list of all it refuses unread."""

import json
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Delegations, Metadata, MetaFile, SuccinctRoles, TargetFile, Targets
from update_made import MANIFEST, NOW, Maker, image

from firmward.update.manifest import encoded

SOURCE = Path(__file__).parents[2] / "src"
BOARDS = 100_000
BITS = 10
PROGRAM = f"""
import sys; sys.path.insert(0, {str(SOURCE)!r})
import json, time
from firmward.update.machine import Machine
from firmward.update.main import main
began = time.process_time()
code = main(sys.argv[1:], Machine(wall=lambda: {int(NOW.timestamp())}))
used = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([code, time.process_time() - began, used]))
"""


@dataclass(frozen=True)
class Asked:
    """`seconds` of the processor; `memory` in KiB, at its highest (getrusage would count the parent's too)."""

    said: str
    code: int
    seconds: float
    memory: int


def ask(place: Path, maker: Maker) -> Asked:
    image(place / "image", maker, floor="file")
    words = ["--image", str(place / "image"), "--state", str(place / "state"), "check", "--from", str(maker.folder)]
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", PROGRAM, *words], capture_output=True, text=True, check=True, env={}
    )
    said, figures = done.stdout.splitlines()
    return Asked(said, *json.loads(figures))


def targets() -> dict[str, TargetFile]:
    """The last one is what the device looks for; of the others only the names are looked at."""
    others = (f"camera/stable/board-{number:06}.json" for number in range(BOARDS - 1))
    made = {path: TargetFile(900, {"sha256": "0" * 64}, path) for path in others}
    path = "camera/stable/qemu-arm64.json"
    return {**made, path: TargetFile.from_data(path, encoded(MANIFEST), ["sha256"])}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    place = tmp_path_factory.mktemp("small")
    maker = Maker(place / "repository")
    maker.release()
    return ask(place, maker)


def test_a_device_loads_one_bin_of_a_hundred_thousand_targets(tmp_path: Path, small: Asked) -> None:
    maker = Maker(tmp_path / "repository")
    maker.release()
    place, signer = maker.folder / "metadata", CryptoSigner.generate_ed25519()
    bins = SuccinctRoles([], 1, BITS, "bin")
    maker.played.targets.delegations = Delegations({}, succinct_roles=bins)
    maker.played.targets.add_key(signer.public_key)
    by_bin: dict[str, dict[str, TargetFile]] = defaultdict(dict)
    for path, target in targets().items():
        by_bin[bins.get_role_for_target(path)][path] = target
    for name in bins.get_roles():
        metadata = Metadata(Targets(expires=maker.played.targets.expires, targets=by_bin[name]))
        metadata.sign(signer)
        (place / f"1.{name}.json").write_bytes(metadata.to_bytes())
        maker.played.snapshot.meta[f"{name}.json"] = MetaFile(1)
    maker.publish("targets")
    asked = ask(tmp_path, maker)
    assert (asked.code, asked.said) == (10, "update: version 1.4.1 is there")
    assert asked.memory < small.memory + (4 << 10)
    assert asked.seconds < small.seconds + 1


def test_a_list_of_all_is_refused_before_it_is_read(tmp_path: Path, small: Asked) -> None:
    maker = Maker(tmp_path / "repository")
    maker.release()
    maker.played.delegated["camera.stable"].targets = targets()
    maker.publish("camera.stable")
    asked = ask(tmp_path, maker)
    assert (asked.code, "has more than" in asked.said) == (1, True)
    assert asked.memory < small.memory + (4 << 10)
