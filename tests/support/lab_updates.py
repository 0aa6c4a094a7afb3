"""Builds and repositories for updates in the lab, made by tools/update-proof, and devices in trouble."""

import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import signed_camera
from tuf.api.serialization.json import JSONSerializer

from firmward.build.built import DATA
from firmward.lab import boot
from firmward.lab.boot import Limits
from firmward.lab.device import Device, opened
from firmward.lab.means.network import declared
from firmward.lab.updating import offered, way
from firmward.lab.updating.report import Report, Setting, rounds
from firmward.lab.updating.rounds import Order, Rounds
from firmward.lab.updating.seen import Ending
from firmward.lab.updating.slots import built_version, released_version
from firmward.lab.updating.way import FromServer
from firmward.signing.key_store import KeyStore
from firmward.signing.role import Role
from firmward.signing.tuf_keys import signature
from firmward.signing.tuf_model import Metadata, MetaFile, Snapshot, TargetFile, Targets, Timestamp
from firmward.signing.tuf_repository import channel, existing, target_file
from firmward.signing.unlock import usual_unlock
from firmward.trust.metadata import SIGNED_AT
from firmward.update.manifest import encoded

PROJECT = Path(__file__).resolve().parents[2]
KEPT = "FIRMWARD_UPDATE_PROOF"
"""A folder that tools/update-proof has made before, so that nothing is made anew while a test is written."""
LIMIT = 900.0


def tool() -> ModuleType:
    """tools/update-proof, whose name is none of a module."""
    loader = importlib.machinery.SourceFileLoader("update_proof", str(PROJECT / "tools/update-proof"))
    spec = importlib.util.spec_from_loader("update_proof", loader)
    assert spec is not None
    found = importlib.util.module_from_spec(spec)
    sys.modules["update_proof"] = found
    loader.exec_module(found)
    return found


@dataclass(frozen=True)
class Made:
    """`work` is the folder of tools/update-proof."""

    work: Path

    @property
    def build(self) -> Path:
        return self.work / "builds/older"

    def offer(self, name: str) -> Path:
        return self.work / "offers" / name


def made(folder: Path) -> Made:
    """Called in the project's folder."""
    if os.environ.get(KEPT):
        return Made(Path(os.environ[KEPT]).absolute())
    program = tool()
    program.FIRMWARD = str(Path(sys.executable).with_name("firmward"))
    program.CAMERA = signed_camera.camera()
    phrase = folder / "passphrase"
    phrase.write_text("a passphrase for a test\n")
    phrase.chmod(0o600)
    command = (program.FIRMWARD, "keys", "init", "boot", "rootfs", "--store", folder / "keys")
    subprocess.run([*command, "--passphrase-file", phrase], check=True, capture_output=True)
    program.Maker(folder / "work", folder / "keys", phrase).all()
    return Made(folder / "work")


@dataclass(frozen=True)
class Trial:
    """An update of the older build. `base` is the folder of media that were changed before, None for those as built."""

    made: Made
    offer: str
    expected: Ending = Ending.UPDATED
    cuts: int = 0
    seed: int = 1
    by_stick: bool = False
    base: Path | None = None

    def report(self, work: Path, repository: Path | None = None) -> Report:
        device = replace(opened(self.made.build), keep=self.base or work)
        with boot.written_to(device):
            pass
        found = offered.manifest(device, offered.policy_of(device), self.made.offer(self.offer))
        base = built_version(device)
        told = offered.told(found, base)
        place = repository or self.made.offer(self.offer)
        on_way = way.stick(place, work) if self.by_stick else FromServer(place, frozenset(told.kinds))
        order = Order(
            *(device, self.base or work, on_way, (base, released_version(found)), found.version, self.expected),
            *(self.cuts, self.seed, LIMIT, declared(device.folder)),
        )
        said = device.said
        setting = Setting(
            *("", said.product, said.version, said.board, "", "", "", on_way.name),
            *(self.cuts, self.seed, self.expected),
        )
        return Report(setting, told, *rounds(Rounds(order).events()))


def for_another_board(made: Made, offer: str, folder: Path) -> Path:
    """A repository whose maker has signed, by mistake, what is for another board where this board looks."""
    shutil.copytree(made.offer(offer), folder)
    phrase = usual_unlock(made.work / "updates-passphrase", None)
    office, server = (KeyStore.open(made.work / name) for name in ("office", "server"))
    state, one = existing(folder), channel("camera", "stable")
    path, held = one.path("qemu-arm64"), state.of_channel(one)
    found = state.manifest(path, held.signed)
    assert found is not None
    assert state.snapshot is not None
    assert state.timestamp is not None
    content = encoded(replace(found, compatible="imx6ull", version="1.9.0", rollback_index=9))
    until = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    named = TargetFile.from_data(path, content, ["sha256"])
    targets = deepcopy(held.signed)
    targets.version, targets.targets = targets.version + 1, {path: named}
    meta = {**state.snapshot.signed.meta, f"{one.role}.json": MetaFile(targets.version)}
    number = state.timestamp.signed.version + 1
    snapshot = Snapshot(state.snapshot.signed.version + 1, expires=until, meta=meta)
    timestamp = Timestamp(number, expires=until, snapshot_meta=MetaFile(snapshot.version))
    timestamp.unrecognized_fields[SIGNED_AT] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"

    def write(name: str, signed: Targets | Snapshot | Timestamp, store: KeyStore, role: Role) -> None:
        metadata = Metadata(signed)
        for key in store.signers(role, phrase):
            made_one = signature(key, metadata.signed_bytes)
            metadata.signatures[made_one.keyid] = made_one
        place = folder / "metadata" / name
        place.unlink(missing_ok=True)
        place.write_bytes(metadata.to_bytes(JSONSerializer(compact=True)))

    write(f"{targets.version}.{one.role}.json", targets, office, Role.RELEASE)
    write(f"{snapshot.version}.snapshot.json", snapshot, server, Role.SNAPSHOT)
    write("timestamp.json", timestamp, server, Role.TIMESTAMP)
    place = folder / target_file(path, named.hashes["sha256"])
    place.write_bytes(content)
    return folder


def filled(made: Made, base: Path, *, spare: int) -> Path:
    """Media of a device that has served once, whose data partition then took all it could, but for `spare` bytes."""
    device: Device = replace(opened(made.build), keep=base)
    assert boot.boot(device, Limits(LIMIT, 3), lambda _step: None).healthy
    place, image = device.partition(DATA), base / "data.ext4"
    disk = base / "disk.img"
    with disk.open("rb") as file:
        file.seek(place.start)
        image.write_bytes(file.read(place.size))
    subprocess.run(["e2fsck", "-fy", image], check=False, capture_output=True)
    said = subprocess.run(["dumpe2fs", "-h", image], check=True, capture_output=True, text=True).stdout
    fields = dict(line.split(":", 1) for line in said.splitlines() if ":" in line)
    free = int(fields["Free blocks"]) * int(fields["Block size"])
    filler = base / "filler"
    filler.write_bytes(os.urandom(1 << 16) * (free // (1 << 16) + 1))
    os.truncate(filler, max(free - spare, 0))
    subprocess.run(["debugfs", "-w", "-R", f"write {filler} filler", image], check=True, capture_output=True)
    filler.unlink()
    with disk.open("r+b") as file:
        file.seek(place.start)
        file.write(image.read_bytes())
    return base
