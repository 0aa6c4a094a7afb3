"""Building the locked U-Boot of a board: the source, patched, the board's defconfig, the fragment `locked.config`, the
boot script.

The rules this file holds:

- What was built is kept in the cache under the digest of all that it is made from, and is made beside it and renamed,
  so that an interrupted build leaves nothing that looks like one. One process builds at a time.
- The bytes depend on neither time nor place: the time is that of the source's changelog (SOURCE_DATE_EPOCH), the paths
  in texts are relative to the source.
- A fragment's line that Kconfig does not keep ends the build: an option that was renamed must not go unnoticed.
"""

import fcntl
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from firmward.build.board import Board
from firmward.build.program import require, run
from firmward.build.uboot.environment import environment, types
from firmward.build.uboot.patches import patched, patches
from firmward.build.uboot.source import SOURCES, Source, source
from firmward.model.errors import InputError, ToolError, TrustError

SECONDS = 1800
"""A build takes half a minute on two processors."""
CROSS = "aarch64-linux-gnu-"
PROGRAMS = {
    "make": "make",
    "gcc": "gcc",
    f"{CROSS}gcc": "gcc-aarch64-linux-gnu",
    f"{CROSS}ld": "binutils-aarch64-linux-gnu",
    "bison": "bison",
    "flex": "flex",
    "bc": "bc",
    "xxd": "xxd",
    "patch": "patch",
}
HEADERS = {"openssl/evp.h": "libssl-dev", "stdlib.h": "libc6-dev"}
CONSOLES = ("off", "output-only")
LOADERS = "boot-loaders"
OTHERS_WRITE = 0o002
"""A user's own group is no other: some distributions have new folders belong to it."""
BINARY, CONFIG, CHECKER = "u-boot.bin", "u-boot.config", "fit_check_sign"
ENVIRONMENT_PLACE = "boot.env"
LINE = re.compile(r"(CONFIG_\w+)=(\S+)\s+# \S.*")
RELEASE = re.compile(r"^\d{4}\.\d{2}")
SETTING = re.compile(r"^(CONFIG_\w+)=(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class BootLoader:
    """`config` is the whole configuration that `binary` was built with, `fit_check_sign` U-Boot's own program that says
    whether it would start an image."""

    binary: Path
    config: Path
    fit_check_sign: Path


def default_cache() -> Path:
    """The folder of the user's caches, as the XDG Base Directory Specification has it: a relative one counts not."""
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (given if given.is_absolute() else Path.home() / ".cache") / "firmward"


def boot_loader(board: Board, console: str, cache: Path, progress: Callable[[str], None]) -> BootLoader:
    """The boot loader, from the cache when it is there. `console` is the policy's word, `off` or `output-only`.

    Raises InputError for a board whose boot loader firmward does not build, ToolError where a program or the source is
    out of reach.
    """
    if board.defconfig is None:
        raise InputError(f"{board.name}: its boot loader is the maker's: give [build] boot_loader")
    if console not in CONSOLES:
        raise InputError(f"[boot] console: {console!r} is none of {', '.join(CONSOLES)}")
    require(PROGRAMS, HEADERS)
    cache = cache.absolute()  # the programs in it are started in other folders
    with _alone(cache):
        found = source(cache, progress)
        folder = cache / LOADERS / f"{board.name}-{console}-{_digest(board, console, found)[:16]}"
        if not folder.is_dir():
            progress(f"building U-Boot {found.version} for {board.name}")
            folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".building-") as place:
                whole = Path(place) / "whole"
                _build(board, console, found, Path(place), whole)
                whole.rename(folder)
    return BootLoader(folder / BINARY, folder / CONFIG, folder / CHECKER)


@contextmanager
def _alone(cache: Path) -> Iterator[None]:
    try:
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (cache / ".boot-loader.lock").open("a")
    except OSError as error:
        raise InputError(f"{cache}: cannot be written: {error.strerror}: give another cache") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for folder in (cache, cache / LOADERS, cache / SOURCES):
            _refuse_others(folder)
        yield


def _refuse_others(folder: Path) -> None:
    """What lies in the cache goes on devices, and one program of it is started here."""
    if not folder.exists():
        return
    found = folder.stat()
    if found.st_mode & OTHERS_WRITE:
        raise TrustError(f"{folder}: others may write to it, and what it holds goes on devices; give another cache")
    if found.st_uid not in (os.geteuid(), 0):
        raise TrustError(f"{folder}: belongs to another user ({found.st_uid}), who may change it; give another cache")


def fragment() -> dict[str, str]:
    """The options of `locked.config`."""
    text = files("firmward.build.uboot").joinpath("locked.config").read_text(encoding="utf-8")
    rows = [line for line in text.splitlines() if line and not line.startswith("#")]
    found = [LINE.fullmatch(row) for row in rows]
    return {match[1]: match[2] for match in found if match is not None}


def _digest(board: Board, console: str, found: Source) -> str:
    """Of all that decides on the bytes."""
    settings = [f"{name}={value}" for name, value in fragment().items()]
    parts = [found.version, str(found.epoch), str(board.defconfig), *_compilers(), *settings, types()]
    parts += patches().values()
    return hashlib.sha256("\0".join((*parts, environment(board, console))).encode()).hexdigest()


def _compilers() -> list[str]:
    """By what they say of themselves."""
    return [_run(0, name, "--version") for name in (f"{CROSS}gcc", f"{CROSS}ld", "gcc")]


def _build(board: Board, console: str, found: Source, place: Path, out: Path) -> None:
    """Patch, configure and build in the folder `place`, and leave in `out` what is asked for."""
    source, objects = place / "source", place / "objects"
    patched(found.folder, source)
    objects.mkdir()
    (objects / ENVIRONMENT_PLACE).write_text(environment(board, console), encoding="utf-8")
    settings = {
        **fragment(),
        "CONFIG_DEFAULT_ENV_FILE": f'"{ENVIRONMENT_PLACE}"',
        # which fixes of Debian's are in it, its banner says as Debian's own does
        "CONFIG_LOCALVERSION": f'"{RELEASE.sub("", found.version)}"',
    }
    base = (source / "configs" / str(board.defconfig)).read_text(encoding="utf-8")
    wanted = "".join(f"{name}={value}\n" for name, value in settings.items())
    (objects / ".config").write_text(base + wanted, encoding="utf-8")
    make = ["make", "-s", f"-j{os.cpu_count() or 1}", "-C", str(source), f"O={objects}", f"CROSS_COMPILE={CROSS}"]
    make.append(f"KCPPFLAGS=-DCONFIG_ENV_FLAGS_LIST_STATIC='\"{types()}\"'")
    _run(found.epoch, *make, "olddefconfig")
    _compare(settings, (objects / ".config").read_text(encoding="utf-8"))
    _run(found.epoch, *make, BINARY)
    out.mkdir()
    for made, kept in ((BINARY, BINARY), (".config", CONFIG), (f"tools/{CHECKER}", CHECKER)):
        shutil.copy(objects / made, out / kept)


def _run(epoch: int, *command: str) -> str:
    return run(command, epoch=epoch, package=PROGRAMS.get(command[0], "binutils"), seconds=SECONDS)


def _compare(settings: dict[str, str], config: str) -> None:
    """Raises ToolError for a setting that Kconfig has not kept."""
    came_out = dict(SETTING.findall(config))
    lost = [f"{name}={value}" for name, value in settings.items() if came_out.get(name, "n") != value]
    if lost:
        raise ToolError(f"this source of U-Boot does not take {', '.join(lost[:3])}: it cannot be locked")
