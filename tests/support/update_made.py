"""A maker's update repository in a folder, made with python-tuf, a director beside it, and a device that asks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from played_repository import NOW, Played, target_file
from securesystemslib.signer import CryptoSigner

from firmward.signing import director
from firmward.trust.client import USUAL
from firmward.trust.folder import Folder
from firmward.trust.place import Place
from firmward.trust.workflow import Limits
from firmward.update.identity import Identity
from firmward.update.manifest import Blob, Health, Manifest, Payload, Source, encoded
from firmward.update.offer import Device
from firmward.update.question import Question, Reply, Roots, repository_at

SECONDS = int(NOW.timestamp())
DAY = 24 * 3600
BOOT = "a" * 64
MANIFEST = Manifest(
    product="camera",
    compatible="qemu-arm64",
    version="1.4.1",
    rollback_index=2,
    built=SECONDS - 2 * DAY,
    layout="initramfs",
    health=Health((), 120),
    payloads=(Payload("boot", 1000, BOOT, (Source("full", Blob(1000, BOOT)),)),),
)
IDENTITY = Identity("camera", "qemu-arm64", "stable", "1.4.0", 2, SECONDS - 90 * DAY)
PATH, CHANNEL = IDENTITY.target, "camera.stable"
NAME = "camera-0017"


def manifest(**changes: Any) -> Manifest:
    return replace(MANIFEST, **changes)


def signed_at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Maker:
    """`played` holds the keys and what is said; `folder` is what devices see. Nothing is seen before `publish`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.played = Played()
        self.played.delegate(CHANNEL, ["camera/stable/*"], terminating=True)
        self.publish("targets", CHANNEL)
        self.first_root = self.played.published["root", 1]

    def release(self, released: Manifest = MANIFEST, path: str = PATH) -> None:
        content = encoded(released)
        target = target_file(path, content)
        *folders, name = path.split("/")
        place = self.folder.joinpath("targets", *folders)
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{target.hashes['sha256']}.{name}").write_bytes(content)
        self.played.delegated[CHANNEL].targets[path] = target
        self.publish(CHANNEL)

    def publish(self, *roles: str) -> None:
        """Those, and snapshot and timestamp."""
        self.played.publish(*roles)
        self.renew()

    def renew(self) -> None:
        self.played.snapshot.expires = self.now + timedelta(days=7)
        self.played.timestamp.expires = self.now + timedelta(days=1)
        self.played.timestamp.unrecognized_fields["x-firmward-signed"] = signed_at(self.now)
        self.played.publish("snapshot", "timestamp")
        self.write()

    def replace_channel_key(self) -> None:
        del self.played.signers[CHANNEL]
        before = self.played.delegated[CHANNEL]
        self.played.delegate(CHANNEL, ["camera/stable/*"], terminating=True)
        self.played.delegated[CHANNEL] = before
        self.publish("targets", CHANNEL)

    def write(self) -> None:
        place = self.folder / "metadata"
        place.mkdir(parents=True, exist_ok=True)
        for (role, version), content in self.played.published.items():
            (place / (f"{role}.json" if version is None else f"{version}.{role}.json")).write_bytes(content)


@dataclass
class DirectorMade:
    folder: Path
    now: datetime = NOW
    signers: Mapping[str, list[CryptoSigner]] = field(
        default_factory=lambda: {
            role: [CryptoSigner.generate_ed25519()] for role in ("root", "targets", "snapshot", "timestamp")
        }
    )

    def __post_init__(self) -> None:
        self.root = director.root(self.signers, self.now)

    def orders(self, ordered: Manifest | None = MANIFEST, *, path: str = PATH, device: str = NAME, **said: Any) -> None:
        """`said` changes what the order says of itself; the device's own repository gets it, whoever it is for."""
        target = None if ordered is None else director.order(path, ordered, device)
        if target is not None:
            target.unrecognized_fields["custom"]["firmward"].update(said)
        place = self.folder / "director" / NAME / "metadata"
        director.publish(place, self.root, target, self.signers, self.now)


@dataclass
class Asker:
    """A device: `place` holds its image and its state."""

    place: Path
    roots: Roots
    device: Device
    wall: float = SECONDS

    def asks(self, folder: Path, wall: float | None = None) -> Reply:
        return self.asks_at(Folder(folder), wall)

    def asks_at(self, place: Place, wall: float | None = None, limits: Limits = USUAL) -> Reply:
        moment = self.wall if wall is None else wall
        asked = Question(self.device, self.roots, self.place / "state", lambda: moment, limits)
        return asked.ask(repository_at(place, NAME))

    def changed(self, **changes: Any) -> None:
        """What its image says."""
        self.device = replace(self.device, identity=replace(self.device.identity, **changes))


def asker(place: Path, maker: Maker, directed: DirectorMade | None = None, **changes: Any) -> Asker:
    roots = Roots(maker.first_root, None if directed is None else directed.root)
    identity = replace(IDENTITY, director=directed is not None, **changes)
    name = "" if directed is None else NAME
    return Asker(place, roots, Device(identity, name, "b", identity.rollback_index))


def image(folder: Path, maker: Maker, identity: Identity = IDENTITY, **more: object) -> Path:
    """As a build writes it."""
    folder.mkdir(parents=True, exist_ok=True)
    said = {
        "product": identity.product,
        "board": identity.board,
        "channel": identity.channel,
        "version": identity.version,
        "rollback_index": identity.rollback_index,
        "built": identity.built,
        "window": "02:00-04:00",
        "quota": None,
    }
    (folder / "device.json").write_text(json.dumps(said | more))
    (folder / "root.json").write_bytes(maker.first_root)
    return folder
