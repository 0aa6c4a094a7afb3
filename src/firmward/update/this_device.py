"""The device that this runs on: what its verified image says, and what its own folder and its kernel add.

| where | what |
| --- | --- |
| `device.json` in the image | what it is (identity.py) |
| `root.json`, `director.root.json` in the image | where trust begins |
| `device-id` in the state | the name that a director knows it by, where the image names none |
| `installed-a.json`, `installed-b.json` in the state | which manifest a slot was installed by (slots.py) |
| `firmward.slot=` on the kernel's command line | which slot runs |
"""

from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import InputError
from firmward.trust import spare
from firmward.trust.anchor import AnchoredStore
from firmward.trust.store import Store
from firmward.update import identity, slots
from firmward.update.floors.best import floor_of
from firmward.update.floors.floor import RollbackFloor
from firmward.update.identity import Identity
from firmward.update.offer import Device
from firmward.update.question import CHANNEL, DIRECTOR, Roots

IMAGE, STATE = Path("/usr/share/firmward"), Path("/var/lib/firmward")
COMMAND_LINE = Path("/proc/cmdline")
_ROOT_LIMIT = 128 << 10
_OTHER = {"a": "b", "b": "a"}


@dataclass(frozen=True, slots=True)
class ThisDevice:
    image: Path = IMAGE
    state: Path = STATE
    command_line: Path = COMMAND_LINE

    def identity(self) -> Identity:
        """Raises InputError."""
        return identity.parse(_wanted(self.image / "device.json", identity.SIZE_LIMIT))

    def roots(self) -> Roots:
        """Raises InputError."""
        return Roots(
            _wanted(self.image / "root.json", _ROOT_LIMIT), _content(self.image / "director.root.json", _ROOT_LIMIT)
        )

    def channel(self) -> AnchoredStore:
        """The metadata that was accepted, under the newest root. Raises InputError."""
        return AnchoredStore(self.state / CHANNEL, self.roots().channel)

    def prepare(self, known: Identity) -> None:
        """From here on there is room for what is kept about updates, whoever fills the rest of the disk."""
        spare.prepare(self.state)
        for folder in (CHANNEL, DIRECTOR) if known.director else (CHANNEL,):
            spare.prepare(self.state / folder)

    def floor(self, known: Identity) -> RollbackFloor:
        """Raises InputError."""
        return floor_of(known, Store(self.state), self.channel())

    def device(self, known: Identity, floor: int) -> Device:
        """Raises InputError."""
        words = self._words()
        return Device(known, self._name(known), inactive_slot(words), floor, self._installed(words, known.version))

    def inactive(self) -> str:
        """The slot that is not running, empty where that is not known. Raises InputError."""
        return inactive_slot(self._words())

    def _name(self, known: Identity) -> str:
        name = known.device or (_content(self.state / "device-id", 256) or b"").decode(errors="replace").strip()
        if name and not identity.is_device(name):
            raise InputError(f"{self.state / 'device-id'}: no device may be called so: {name[:64]!r}")
        return name

    def _words(self) -> str:
        return (_content(self.command_line, 1 << 16) or b"").decode(errors="replace")

    def _installed(self, command_line: str, version: str) -> str:
        """Empty where it is not known which slot runs, and where its record is of something else."""
        slot = _OTHER.get(inactive_slot(command_line), "")
        holding = slots.held(Store(self.state), slot) if slot else None
        return holding.sha256 if holding is not None and holding.version == version else ""


def inactive_slot(command_line: str) -> str:
    """Empty where the command line names no slot, or two."""
    slots = {word.removeprefix("firmward.slot=") for word in command_line.split() if word.startswith("firmward.slot=")}
    return _OTHER.get(slots.pop(), "") if len(slots) == 1 else ""


def _wanted(path: Path, limit: int) -> bytes:
    content = _content(path, limit)
    if content is None:
        raise InputError(f"{path}: is not there; the image was not built for updates")
    return content


def _content(path: Path, limit: int) -> bytes | None:
    try:
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(content) > limit:
        raise InputError(f"{path}: has more than {limit} bytes")
    return content
