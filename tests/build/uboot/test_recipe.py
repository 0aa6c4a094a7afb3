"""Building the boot loader: what it is configured with, what the cache keeps, the same bytes each time."""

import fcntl
import os
import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from locked_board import BOARD, MISSING, loader
from program import run_program
from real.roots import NoPackagesError
from real.sources import unpacked_source

from firmward.build.uboot import recipe
from firmward.build.uboot.environment import environment
from firmward.build.uboot.source import Source
from firmward.formats import uboot_binary, uboot_default_env, uboot_traits
from firmward.model.errors import InputError, ToolError, TrustError

EPOCH = 1700000000
needs_programs = pytest.mark.skipif(bool(MISSING), reason=f"{MISSING} missing")


def quiet(_: str) -> None:
    pass


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Source:
    """A machine that has all programs, and sources that are never built."""
    found = Source(tmp_path / "source", "2023.01-1", EPOCH)
    monkeypatch.setattr(recipe, "require", lambda *_: None)
    monkeypatch.setattr(recipe, "source", lambda *_: found)
    monkeypatch.setattr(recipe, "_compilers", lambda: ["gcc 12"])
    return found


def builder(calls: list[str], end: Callable[[], None] = lambda: None) -> Callable[..., None]:
    def build(board: object, console: str, found: Source, place: Path, out: Path) -> None:
        calls.append(console)
        out.mkdir()
        (out / recipe.BINARY).write_text("half")
        end()
        (out / recipe.BINARY).write_text("whole")

    return build


def test_every_line_of_the_fragment_says_its_reason() -> None:
    text = (Path(recipe.__file__).parent / "locked.config").read_text()
    rows = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert [row for row in rows if recipe.LINE.fullmatch(row) is None] == []
    names = [row.partition("=")[0] for row in rows]
    assert len(names) == len(set(names)) == len(recipe.fragment())


def test_a_built_loader_is_taken_from_the_cache(ready: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[str] = []
    monkeypatch.setattr(recipe, "_build", builder(calls))
    first = recipe.boot_loader(BOARD, "off", tmp_path, quiet)
    assert recipe.boot_loader(BOARD, "off", tmp_path, quiet) == first
    assert recipe.boot_loader(BOARD, "output-only", tmp_path, quiet) != first
    assert calls == ["off", "output-only"]
    assert first.binary.read_text() == "whole"


def test_what_lies_in_a_cache_near_by_can_be_started_from_anywhere(
    ready: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(recipe, "_build", builder([]))
    monkeypatch.chdir(tmp_path)
    assert recipe.boot_loader(BOARD, "off", Path("cache"), quiet).fit_check_sign.is_absolute()


@pytest.mark.parametrize("what", ["version", "epoch", "compiler", "environment", "fragment", "types", "patch"])
def test_whatever_the_bytes_are_made_from_makes_another_one(
    what: str, ready: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calls: list[str] = []
    monkeypatch.setattr(recipe, "_build", builder(calls))
    recipe.boot_loader(BOARD, "off", tmp_path, quiet)
    other = replace(ready, version="2023.01-2") if what == "version" else ready
    other = replace(other, epoch=EPOCH + 1) if what == "epoch" else other
    monkeypatch.setattr(recipe, "source", lambda *_: other)
    changed = {
        "compiler": ("_compilers", ["gcc 13"]),
        "environment": ("environment", "bootcmd=reset\n"),
        "fragment": ("fragment", {"CONFIG_X": "y"}),
        "types": ("types", "seq:s"),
        "patch": ("patches", {"fit-bounds.patch": "--- a/boot/image-fit.c"}),
    }
    if what in changed:
        name, value = changed[what]
        monkeypatch.setattr(recipe, name, lambda *_: value)
    recipe.boot_loader(BOARD, "off", tmp_path, quiet)
    assert len(calls) == 2


def test_what_is_built_is_the_patched_copy(ready: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def patch(source: Path, into: Path) -> None:
        assert source == ready.folder
        (into / "configs").mkdir(parents=True)
        (into / "configs" / str(BOARD.defconfig)).write_text("CONFIG_ARM=y\n")

    def make(_: int, *command: str) -> str:
        copy = Path(command[command.index("-C") + 1])
        assert (copy / "configs").is_dir()
        assert copy != ready.folder
        objects = Path(next(one for one in command if one.startswith("O=")).removeprefix("O="))
        (objects / "tools").mkdir(exist_ok=True)
        for name in (recipe.BINARY, f"tools/{recipe.CHECKER}"):
            (objects / name).write_text("made")
        return ""

    monkeypatch.setattr(recipe, "patched", patch)
    monkeypatch.setattr(recipe, "_run", make)
    built = recipe.boot_loader(BOARD, "off", tmp_path / "cache", quiet)
    assert built.binary.read_text() == "made"
    assert "CONFIG_ARM=y" in built.config.read_text()


@pytest.mark.parametrize("error", [ToolError("make failed"), KeyboardInterrupt()])
def test_an_interrupted_build_leaves_nothing(
    error: BaseException, ready: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(recipe, "_build", builder([], fail))
    with pytest.raises(type(error)):
        recipe.boot_loader(BOARD, "off", tmp_path, quiet)
    assert list((tmp_path / "boot-loaders").iterdir()) == []


def test_one_process_builds_at_a_time(ready: Source, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[str] = []
    monkeypatch.setattr(recipe, "_build", builder(calls))
    with (tmp_path / ".boot-loader.lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        waiting = threading.Thread(target=recipe.boot_loader, args=(BOARD, "off", tmp_path, quiet), daemon=True)
        waiting.start()
        waiting.join(0.3)
        assert waiting.is_alive()
        assert calls == []
        fcntl.flock(other, fcntl.LOCK_UN)
    waiting.join(10)
    assert calls == ["off"]


def test_missing_programs_are_told_at_once_in_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("shutil.which", lambda name, **_: None if name in ("bison", "flex") else name)
    with pytest.raises(ToolError, match=r"^programs are missing; on Debian: apt install bison flex$"):
        recipe.boot_loader(BOARD, "off", tmp_path, quiet)


def test_a_board_whose_loader_is_the_makers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="boot_loader"):
        recipe.boot_loader(replace(BOARD, defconfig=None), "off", tmp_path, quiet)
    with pytest.raises(InputError, match="none of off, output-only"):
        recipe.boot_loader(BOARD, "on", tmp_path, quiet)


def test_a_cache_that_cannot_be_written_is_told(ready: Source, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="give another cache"):
        recipe.boot_loader(BOARD, "off", tmp_path / "file", quiet)


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert recipe.default_cache() == tmp_path / "firmward"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/home/somebody")
    assert recipe.default_cache() == Path("/home/somebody/.cache/firmward")


@pytest.mark.parametrize("config", ["CONFIG_NET=y\n", "CONFIG_NET=m\n"])
def test_an_option_that_kconfig_does_not_keep_ends_the_build(config: str) -> None:
    recipe._compare({"CONFIG_NET": "n", "CONFIG_FIT": "y"}, "# CONFIG_NET is not set\nCONFIG_FIT=y\n")
    with pytest.raises(ToolError, match="CONFIG_NET=n"):
        recipe._compare({"CONFIG_NET": "n"}, config)
    with pytest.raises(ToolError, match="CONFIG_FIT=y"):
        recipe._compare({"CONFIG_FIT": "y"}, "# CONFIG_FIT is not set\n")


@pytest.fixture(scope="module")
def built() -> recipe.BootLoader:
    if MISSING:
        pytest.skip(f"{MISSING} missing")
    try:
        return loader()
    except NoPackagesError as reason:
        pytest.skip(f"Debian's archive is out of reach: {reason}")


COMMANDS = frozenset(
    (
        "base", "boot", "bootd", "bootm", "cmp", "cp", "echo", "env", "exit", "false", "fdt", "itest", "loop", "md",
        "mm", "mw", "nm", "part", "printenv", "qfw", "reset", "run", "setenv", "setexpr", "showvar", "test", "true",
        "version", "virtio", "panic", "help", "?",
    )
)  # fmt: skip


def test_its_binary_is_locked_as_the_audit_sees_it(built: recipe.BootLoader) -> None:
    data = built.binary.read_bytes()
    found = uboot_binary.parse(data)
    assert found.commands is not None
    assert frozenset(found.commands.main.names) <= COMMANDS
    assert uboot_traits.fit_signature(data)
    assert uboot_traits.legacy_image(data) is None
    (variables,) = [one.variables for one in uboot_default_env.find(data)]
    wanted = dict(line.split("=", 1) for line in environment(BOARD, "output-only").splitlines())
    assert {name: variables[name] for name in wanted} == wanted


def test_its_checker_runs(built: recipe.BootLoader) -> None:
    assert b"fit_check_sign" in run_program([str(built.fit_check_sign)]).stderr


@pytest.mark.proof
@pytest.mark.timeout(900)
@needs_programs
def test_two_builds_in_two_folders_are_the_same_bytes(built: recipe.BootLoader, tmp_path: Path) -> None:
    made = []
    for name in ("one", "a-longer-name"):
        cache = tmp_path / name
        (cache / "sources").mkdir(parents=True)
        (cache / "sources" / "u-boot").symlink_to(unpacked_source("u-boot"))
        made.append(recipe.boot_loader(BOARD, "output-only", cache, quiet))
    for kind in ("binary", "config"):
        first, second = (getattr(one, kind).read_bytes() for one in made)
        assert first == second == getattr(built, kind).read_bytes()
    assert not re.search(rb"/(?:tmp|home|work)/", made[0].binary.read_bytes())


@pytest.mark.parametrize("name", ["", "boot-loaders", "sources"])
def test_a_cache_that_others_may_write_to_is_refused(ready: Source, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "cache" / name
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
    with pytest.raises(TrustError, match="others may write to it, and what it holds goes on devices"):
        recipe.boot_loader(BOARD, "off", tmp_path / "cache", quiet)


def test_a_cache_of_somebody_else_is_refused(ready: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if tmp_path.stat().st_uid == 0:
        os.chown(tmp_path, 4711, -1)
    else:
        monkeypatch.setattr("os.geteuid", lambda: 4711)
    with pytest.raises(TrustError, match="belongs to another user"):
        recipe.boot_loader(BOARD, "off", tmp_path, quiet)
