"""GRUB with RAUC's convention in its environment block: `grub-editenv`.

Rules (RAUC's integration manual, "GRUB", and its contrib/grub.conf; GRUB's manual, "environment block"):

- `ORDER` names the slots, `A` and `B`; the first with `A_OK=1` and `A_TRY=0` is started, and gets `A_TRY=1` before. So
  a slot is tried once, and being good is `A_TRY=0` again. Where no slot is left, GRUB clears those marks and starts its
  default entry.
- The block is a file of 1,024 bytes. `grub-editenv` empties it and writes it anew, so that a power cut leaves nothing
  of it, and GRUB forgets every mark. Here it works on a draft, which is synced and takes the file's name.
- A renamed file is whole where the file system's renames are, as ext4's; on FAT the name itself may be lost. So GRUB's
  configuration has to give the variables values of its own, and the default entry has to be one that starts.
- GRUB writes its marks in place, into the sectors that it finds the file in. Compressed files, LVM and RAID are out.
- A block that is lost or damaged is as GRUB sees it: no variables.
"""

from dataclasses import dataclass
from pathlib import Path

from firmward.model.errors import DeviceError, InputError
from firmward.trust.files import Files, FolderFiles
from firmward.update.bootloaders.bootloader import SLOTS, BootLoader, BootState, a_slot, to_disable, to_mark
from firmward.update.bootloaders.surroundings import Surroundings
from firmward.update.program import Run

PLACES = ("boot/grub/grubenv", "boot/grub2/grubenv", "grubenv/grubenv", "boot/efi/EFI/BOOT/grubenv")
MAGIC = b"# GRUB Environment Block\n"
SIZE_LIMIT = 64 << 10
DRAFT = ".grubenv.new"


def adapter(around: Surroundings) -> BootLoader:
    """The block's folder has to be there; a link is followed, or a rename would replace it."""
    there = [path for path in (around.top / place for place in PLACES) if path.exists()]
    if not there:
        raise InputError(f"there is no environment block of GRUB: none of /{', /'.join(PLACES)}")
    path = there[0].resolve()
    return Grub(around.run, around.running, path)


@dataclass(frozen=True, slots=True)
class _Found:
    """`order` are the words of ORDER; the others are those slots whose variable is 1."""

    order: tuple[str, ...]
    enabled: frozenset[str]
    tried: frozenset[str]


class Grub:
    """A boot loader (bootloader.py). `files` are those of the block's folder, where others do not stand for them."""

    name = "GRUB, by grub-editenv"

    def __init__(self, run: Run, running: str, path: Path, files: Files | None = None) -> None:
        """Raises InputError."""
        self._run = run
        self._running = a_slot(running)
        self._path = path
        self._files = FolderFiles(path.parent) if files is None else files

    def state(self) -> BootState:
        found = self._found()
        following = _next(found)
        served = found.enabled - found.tried
        return BootState(self._running, following, served - ({following} - {self._running}))

    def disable(self, slot: str) -> None:
        """Raises InputError too for the running slot."""
        to_disable(slot, self._running)
        found = self._found()
        order = (*(word for word in found.order if word != slot.upper()), slot.upper())
        self._say(found, _Found(order, found.enabled - {slot}, found.tried - {slot}))

    def activate(self, slot: str) -> None:
        found = self._found()
        others = [word for word in found.order if word != a_slot(slot).upper()]
        if slot != self._running and self._running.upper() not in others:
            others.append(self._running.upper())
        self._say(found, _Found((slot.upper(), *others), found.enabled | {slot}, found.tried - {slot}))

    def mark_good(self, slot: str) -> None:
        """Raises InputError too for a slot that does not run."""
        to_mark(slot, self._running)
        found = self._found()
        order = found.order if slot.upper() in found.order else (*found.order, slot.upper())
        self._say(found, _Found(order, found.enabled | {slot}, found.tried - {slot}))

    def _found(self) -> _Found:
        """Raises DeviceError."""
        try:
            content = self._files.read(self._path.name, SIZE_LIMIT)
        except OSError as error:
            raise self._failed("read", error) from error
        if content is None or not content.startswith(MAGIC):
            return _found({})
        said = self._run(("grub-editenv", str(self._path), "list"))
        return _found(dict(line.split("=", 1) for line in said.split("\n") if "=" in line))

    def _say(self, before: _Found, wanted: _Found) -> None:
        """Raises DeviceError. What holds already is not written again, which spares the storage."""
        if wanted == before:
            return
        words = [f"ORDER={' '.join(wanted.order)}"]
        for slot in SLOTS:
            words.append(f"{slot.upper()}_OK={int(slot in wanted.enabled)}")
            words.append(f"{slot.upper()}_TRY={int(slot in wanted.tried)}")
        try:
            self._write(tuple(words))
        except OSError as error:
            raise self._failed("written", error) from error
        if self._found() != wanted:
            raise DeviceError(f"{self._path}: does not hold what was written to it; try again")

    def _write(self, words: tuple[str, ...]) -> None:
        files, draft = self._files, str(self._path.with_name(DRAFT))
        content = files.read(self._path.name, SIZE_LIMIT)
        if content is not None and content.startswith(MAGIC):
            files.write(DRAFT, content)
        else:
            self._run(("grub-editenv", draft, "create"))
        self._run(("grub-editenv", draft, "set", *words))
        files.sync(DRAFT)
        files.rename(DRAFT, self._path.name)
        files.settle()

    def _failed(self, what: str, error: OSError) -> DeviceError:
        return DeviceError(f"{self._path}: cannot be {what}: {error.strerror or error}; try again")


def _found(values: dict[str, str]) -> _Found:
    order = tuple(dict.fromkeys((values.get("ORDER") or "A B").split()))
    enabled, tried = (
        frozenset(slot for slot in SLOTS if values.get(f"{slot.upper()}_{word}") == "1") for word in ("OK", "TRY")
    )
    return _Found(order, enabled, tried)


def _next(found: _Found) -> str:
    """As the configuration begins. Where no slot is left that is GRUB's default entry, taken to be the first slot."""
    ours = [word.lower() for word in found.order if word in ("A", "B")]
    left = [slot for slot in ours if slot in found.enabled - found.tried]
    return (left or ["a"])[0]
