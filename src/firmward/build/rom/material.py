"""Which files of a build are material for the maker's tool, and on no device: an audit of the folder leaves them out.

One boot loader lies there up to four times: as it was given, ready to be signed, without its header for a tool that
wants to write that itself, and signed. The device gets the last; until it is there, the one that was given.
"""

from dataclasses import dataclass
from pathlib import Path

from firmward.build.built import CONTROL, LOADERS, ROM
from firmward.build.rom.record import RESULTS

SIGNED = frozenset(name for name in RESULTS if name.startswith("signed."))


@dataclass(frozen=True, slots=True)
class Material:
    """`paths` within the folder; `signed` is what the maker's tool made of them, None where it has not run."""

    paths: frozenset[str] = frozenset()
    signed: str | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        if self.signed is None:
            return ()
        given = ", ".join(sorted(path for path in self.paths if path.startswith(f"{LOADERS}/")))
        return (f"{self.signed} is what the boot ROM starts; left out was what it was made of: {given or ROM}",)


def material(folder: Path) -> Material:
    """Of a build's folder; nothing where no boot ROM asks for a signature."""
    rom = _files(folder, ROM)
    signed = next((path for path in rom if Path(path).name in SIGNED), None)
    given = () if signed is None else (path for path in _files(folder, LOADERS) if path != CONTROL)
    return Material(frozenset((*(path for path in rom if path != signed), *given)), signed)


def _files(folder: Path, name: str) -> tuple[str, ...]:
    try:
        return tuple(sorted(f"{name}/{path.name}" for path in (folder / name).iterdir() if path.is_file()))
    except OSError:
        return ()
