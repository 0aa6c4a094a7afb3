"""The Raspberry Pi's own loader: `autoboot.txt` on its first partition, and a restart that asks for a trial.

Rules (raspberrypi.com, "autoboot.txt" and "Fail-safe OS updates"):

- With `tryboot_a_b=1` the partition after `[all]` is started, and that after `[tryboot]` where the restart was asked
  with `0 tryboot`. The loader forgets that with the restart: a trial is one start, and whatever comes next is `[all]`.
- The file has at most 512 bytes. So it is one sector, and is written in place: both numbers change places, its length
  stays, and of the file system nothing changes. On FAT a renamed file could be lost with its old name and its new one.
- Of the two partitions the one with the lower number is slot a.
- Nothing lasting tells the loader of a trial, so that this keeps a record: how many restarts may still ask for one. A
  power cut before the restart costs nothing; one right behind it costs one of them.
- The slot after `[all]` is the good one: nothing else is ever put there.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from firmward.formats.canonical_json import encode, parse
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.model.errors import DeviceError, InputError
from firmward.trust.store import Store
from firmward.update.bootloaders.bootloader import SLOTS, BootLoader, BootState, a_slot, to_disable, to_mark
from firmward.update.bootloaders.surroundings import Surroundings
from firmward.update.disk import Disk

FILE = "autoboot.txt"
FOLDERS = ("boot/autoboot", "boot/firmware", "boot")
SIZE_LIMIT = 512
RECORD = "tryboot"
TRIES = 3
ARGUMENT = "0 tryboot"
_KEY = "boot_partition"


def adapter(around: Surroundings) -> BootLoader:
    for folder in (around.top / place for place in FOLDERS):
        if (folder / FILE).is_file():
            return Tryboot(FolderDisk(folder), around.store, around.running)
    raise InputError(f"there is no {FILE}: mount the first partition on one of /{', /'.join(FOLDERS)}")


@dataclass(frozen=True, slots=True)
class FolderDisk:
    """Files as a disk has partitions (disk.py): written in place, and never longer."""

    folder: Path

    def size(self, partition: str) -> int:
        return (self.folder / partition).stat().st_size

    def read(self, partition: str, offset: int, length: int) -> bytes:
        with (self.folder / partition).open("rb") as file:
            file.seek(offset)
            return file.read(length)

    def write(self, partition: str, offset: int, data: bytes) -> int:
        with (self.folder / partition).open("r+b", buffering=0) as file:
            file.seek(offset)
            return file.write(data)

    def sync(self, partition: str) -> None:
        descriptor = os.open(self.folder / partition, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@dataclass(frozen=True, slots=True)
class _Choice:
    """The lines of the file, and where the partitions of both cases stand in them."""

    lines: tuple[str, ...]
    always: int
    trial: int

    def number(self, line: int) -> int:
        return int(self.lines[line].partition("=")[2])

    @property
    def default(self) -> str:
        return "a" if self.number(self.always) < self.number(self.trial) else "b"

    def swapped(self) -> bytes:
        lines = list(self.lines)
        lines[self.always], lines[self.trial] = lines[self.trial], lines[self.always]
        return "\n".join(lines).encode()


class Tryboot:
    """A boot loader (bootloader.py) that is told of a trial by the restart (`Restarting` there)."""

    name = "the Raspberry Pi's loader"

    def __init__(self, disk: Disk, store: Store, running: str) -> None:
        """Raises InputError."""
        self._disk = disk
        self._store = store
        self._running = a_slot(running)

    def state(self) -> BootState:
        default = self._choice().default
        return BootState(self._running, self._on_trial(default) or default, frozenset({default}))

    def disable(self, slot: str) -> None:
        """Raises InputError too for the running slot."""
        to_disable(slot, self._running)
        if slot == self._choice().default:
            raise DeviceError(f"slot {slot} is what this device falls back to until slot {self._running} is good")
        self._store.drop(RECORD)

    def activate(self, slot: str) -> None:
        if a_slot(slot) == self._choice().default:
            self._store.drop(RECORD)
        else:
            self._keep(slot, TRIES)

    def mark_good(self, slot: str) -> None:
        """Raises InputError too for a slot that does not run."""
        to_mark(slot, self._running)
        choice = self._choice()
        if slot == choice.default:
            return
        self._write(choice.swapped())
        self._store.drop(RECORD)

    def restart_argument(self) -> str:
        default = self._choice().default
        slot = self._on_trial(default)
        if not slot:
            return ""
        self._keep(slot, self._record()[1] - 1)
        return ARGUMENT

    def _on_trial(self, default: str) -> str:
        """Empty where no restart may ask for one any more."""
        slot, left = self._record()
        return slot if left and slot != default else ""

    def _record(self) -> tuple[str, int]:
        content = self._store.recall(RECORD)
        try:
            table = Table(parse(content or b"{}"), RECORD)
            slot, left = table.text("slot"), table.whole("left", most=TRIES)
        except Malformed:
            return "", 0
        return (slot, left) if slot in SLOTS else ("", 0)

    def _keep(self, slot: str, left: int) -> None:
        self._store.keep(RECORD, encode({"left": left, "slot": slot}))

    def _choice(self) -> _Choice:
        """Raises DeviceError; InputError for a file that does not choose between two partitions."""
        try:
            content = self._disk.read(FILE, 0, SIZE_LIMIT + 1)
        except (KeyError, FileNotFoundError):
            raise InputError(f"{FILE}: is not there") from None
        except OSError as error:
            raise _failed("read", error) from error
        if len(content) > SIZE_LIMIT:
            raise InputError(f"{FILE}: has more than {SIZE_LIMIT} bytes, which the loader does not read")
        return _parsed(content)

    def _write(self, content: bytes) -> None:
        try:
            done = 0
            while done < len(content):
                taken = self._disk.write(FILE, done, content[done:])
                if taken < 1:
                    raise DeviceError(f"{FILE}: the disk takes no bytes; try again")
                done += taken
            self._disk.sync(FILE)
            found = self._disk.read(FILE, 0, SIZE_LIMIT + 1)
        except OSError as error:
            raise _failed("written", error) from error
        if found != content:
            raise DeviceError(f"{FILE}: does not hold what was written to it; try again")


def _failed(what: str, error: OSError) -> DeviceError:
    return DeviceError(f"{FILE}: cannot be {what}: {error.strerror or error}; try again")


def _parsed(content: bytes) -> _Choice:
    """Raises InputError for whatever is not the plain form: a condition more, and another partition might be meant."""
    lines = content.decode("latin-1").split("\n")
    places: dict[str, int] = {}
    section, is_two_fold = "[all]", False
    for number, line in enumerate(lines):
        text = line.strip()
        if text.startswith("["):
            section = text
        elif text.startswith(f"{_KEY}=") and section not in places:
            places[section] = number
        elif text == "tryboot_a_b=1" and section == "[all]":
            is_two_fold = True
        elif text and not text.startswith("#"):
            raise _not_plain(line)
    numbers = [lines[number].partition("=")[2].strip() for number in places.values()]
    if not is_two_fold or sorted(places) != ["[all]", "[tryboot]"] or len(set(numbers)) != len(SLOTS):
        raise _not_plain("tryboot_a_b=1 and two partitions")
    if not all(number.isascii() and number.isdecimal() and len(number) < 3 for number in numbers):
        raise _not_plain(f"the partitions {' and '.join(numbers)[:64]}")
    return _Choice(tuple(lines), places["[all]"], places["[tryboot]"])


def _not_plain(what: str) -> InputError:
    told = "".join(sign if sign.isprintable() else "?" for sign in what)
    return InputError(
        f"{FILE}: {told[:64]!r}: has to say [all], tryboot_a_b=1, {_KEY}= and [tryboot], {_KEY}=, and no more"
    )
