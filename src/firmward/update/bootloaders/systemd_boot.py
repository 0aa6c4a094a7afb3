"""systemd-boot: one entry a slot on the EFI system partition, whose file's name says how often it may be tried.

Rules (systemd.io, "Automatic Boot Assessment"; UAPI.1, the Boot Loader Specification; systemd-boot(7) of 252):

- An entry is called `firmward-RANK-SLOT.conf`, or `firmward-RANK-SLOT+LEFT-DONE.conf` while it is on trial. Of those
  whose LEFT is not 0 the one with the highest RANK is started; one on trial is renamed before, and loses a try. Entries
  whose tries are used up come last.
- So activating is a higher rank with tries, being good is a name without tries, and an entry that is not to be started
  ends with `.off`, which systemd-boot does not read.
- On FAT, which the partition is, a rename can lose both names at a power cut. So nothing is renamed but drafts: what is
  new is written, synced and settled under its new name, and only then the old one is removed. The other slot's entry is
  not touched, so that each cut leaves one that starts.
- Entries are text (type 1). One names its kernel or its unified kernel image by `linux` or `efi`: a name of a whole
  image on FAT would be lost with it, while an entry that is lost is written anew from a record.
- `loader.conf` has to say `default firmward-*`, and the variable LoaderEntryDefault has to be empty: both would come
  before the order of the names.
- systemd-boot starts what it chose or stays where it is: a watchdog has to restart a device that hangs.
"""

from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import DeviceError, InputError
from firmward.trust.files import Files, FolderFiles
from firmward.trust.store import Store
from firmward.update.bootloaders.bootloader import OTHER, SLOTS, BootLoader, BootState, a_slot, to_disable, to_mark
from firmward.update.bootloaders.surroundings import Surroundings

PLACES = ("efi", "boot/efi", "boot")
VARIABLE = "sys/firmware/efi/efivars/LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
DEFAULT = "firmward-*"
DRAFT = "firmward.new"
TRIES = 3
RANK_LIMIT = 10**9
NAMES_LIMIT = 256
SIZE_LIMIT = 8 << 10
"""Bytes of an entry."""


def adapter(around: Surroundings) -> BootLoader:
    there = [path for path in (around.top / place for place in PLACES) if (path / "loader/entries").is_dir()]
    if not there:
        raise InputError(f"there is no loader/entries below any of /{', /'.join(PLACES)}: mount the EFI partition")
    if (around.top / VARIABLE).exists():
        raise InputError("the variable LoaderEntryDefault overrules the slots: bootctl set-default ''")
    _want_default(there[0] / "loader/loader.conf")
    return SystemdBoot(there[0] / "loader/entries", around.store, around.running)


@dataclass(frozen=True, slots=True)
class Entry:
    """`left` is None for an entry that is good."""

    rank: int
    slot: str
    left: int | None = None
    done: int = 0
    is_on: bool = True

    @property
    def file_name(self) -> str:
        counter = "" if self.left is None else f"+{self.left}-{self.done}" if self.done else f"+{self.left}"
        return f"firmward-{self.rank}-{self.slot}{counter}{'.conf' if self.is_on else '.off'}"

    @property
    def order(self) -> tuple[bool, int, str]:
        """The highest comes first."""
        return (self.left != 0, self.rank, self.slot)


def parsed(name: str) -> Entry | None:
    """None for what is none of ours."""
    stem, point, form = name.rpartition(".")
    words = stem.partition("+")
    parts = words[0].split("-")
    if not point or form not in ("conf", "off") or len(parts) != 3 or parts[0] != "firmward" or parts[2] not in SLOTS:
        return None
    left, dash, done = words[2].partition("-")
    counted = [parts[1], *([left] if words[1] else []), *([done] if dash else [])]
    if not all(_is_number(number) for number in counted):
        return None
    return Entry(int(parts[1]), parts[2], int(left) if words[1] else None, int(done) if dash else 0, form == "conf")


class SystemdBoot:
    """A boot loader (bootloader.py). `files` are those of the entries' folder, where others do not stand for them."""

    name = "systemd-boot"

    def __init__(self, folder: Path, store: Store, running: str, files: Files | None = None) -> None:
        """Raises InputError."""
        self._folder = folder
        self._store = store
        self._running = a_slot(running)
        self._files = FolderFiles(folder) if files is None else files

    def state(self) -> BootState:
        on = [entry for entry in self._entries() if entry.is_on]
        following = max(on, key=lambda entry: entry.order).slot if on else self._running
        good = {slot for slot in SLOTS if (one := _of(on, slot)) is not None and one.left is None}
        return BootState(self._running, following, frozenset(good))

    def disable(self, slot: str) -> None:
        """Raises InputError too for the running slot."""
        to_disable(slot, self._running)
        found = self._entries()
        if any(entry.is_on for entry in found if entry.slot == slot):
            self._replace(found, Entry(_rank(found, slot), slot, is_on=False))

    def activate(self, slot: str) -> None:
        found = self._entries()
        others = max((entry.rank for entry in found if entry.slot == OTHER[a_slot(slot)]), default=0)
        rank = max(_rank(found, slot), others + 1)
        if rank >= RANK_LIMIT:
            raise InputError(f"{self._folder}: the ranks are used up; name the entries anew, from 1 on")
        self._replace(found, Entry(rank, slot, TRIES))

    def mark_good(self, slot: str) -> None:
        """Raises InputError too for a slot that does not run."""
        to_mark(slot, self._running)
        found = self._entries()
        self._replace(found, Entry(_rank(found, slot), slot))

    def _entries(self) -> list[Entry]:
        try:
            names = [path.name for path, _ in zip(self._folder.iterdir(), range(NAMES_LIMIT), strict=False)]
        except FileNotFoundError:
            raise InputError(f"{self._folder}: is not there; mount the EFI partition") from None
        except OSError as error:
            raise self._failed("read", error) from error
        return sorted((one for name in names if (one := parsed(name)) is not None), key=lambda one: one.order)

    def _replace(self, found: list[Entry], wanted: Entry) -> None:
        """One entry in place of whatever the slot has. Raises DeviceError, InputError."""
        old = {entry.file_name for entry in found if entry.slot == wanted.slot} - {wanted.file_name}
        try:
            if wanted not in found:
                self._write(wanted.file_name, self._content(found, wanted.slot))
            for name in sorted(old):
                self._files.remove(name)
            if old:
                self._files.settle()
        except OSError as error:
            raise self._failed("written", error) from error

    def _write(self, name: str, content: bytes) -> None:
        self._files.write(DRAFT, content)
        self._files.sync(DRAFT)
        self._files.rename(DRAFT, name)
        self._files.settle()

    def _content(self, found: list[Entry], slot: str) -> bytes:
        """What the slot's entry says; it is kept beside, for one that is lost later."""
        record = f"entry-{slot}"
        kept = self._store.recall(record)
        for entry in reversed([entry for entry in found if entry.slot == slot]):
            content = self._files.read(entry.file_name, SIZE_LIMIT + 1)
            if content and len(content) <= SIZE_LIMIT and _is_entry(content):
                if content != kept:
                    self._store.keep(record, content)
                return content
        if kept is None:
            raise InputError(f"{self._folder}: has no entry of slot {slot}, such as firmward-1-{slot}.conf")
        return kept

    def _failed(self, what: str, error: OSError) -> DeviceError:
        return DeviceError(f"{self._folder}: cannot be {what}: {error.strerror or error}; try again")


def _of(entries: list[Entry], slot: str) -> Entry | None:
    """The one that is started of a slot's."""
    return max((entry for entry in entries if entry.slot == slot), key=lambda entry: entry.order, default=None)


def _rank(entries: list[Entry], slot: str) -> int:
    return max((entry.rank for entry in entries if entry.slot == slot), default=1)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10 and (text == "0" or text[0] != "0")


def _is_entry(content: bytes) -> bool:
    keys = {line.split()[0] for line in content.split(b"\n") if line.strip() and not line.startswith(b"#")}
    return bool(keys & {b"linux", b"efi", b"uki"})


def _want_default(path: Path) -> None:
    try:
        with path.open("rb") as file:
            lines = file.read(SIZE_LIMIT).decode("utf-8", "replace").split("\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    named = [words[1:] for line in lines if (words := line.split()) and words[0] == "default"]
    if named[-1:] != [[DEFAULT]]:
        raise InputError(f"{path}: has to say: default {DEFAULT}")
