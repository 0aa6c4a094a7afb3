"""Stock U-Boots in QEMU: their own `help`, `printenv` and `version` say what was read from their bytes."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from uboot_prompt import Machine

from firmward.formats import uboot_binary
from firmward.formats.uboot_binary import BootDelay, UBoot
from firmward.formats.uboot_commands import Commands
from real import packages, roots

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]

SECOND_LINE = ("-display", "none", "-monitor", "none", "-serial", "null", "-serial", "stdio")


@dataclass(frozen=True, slots=True)
class Board:
    """`file` is read, and started unless `started` names another of the folder; `at` says as what it is given."""

    package: str
    architecture: str
    file: str
    command: tuple[str, ...]
    at: str = "-bios"
    started: str | None = None
    line: tuple[str, ...] = ("-nographic",)


BOARDS = {
    "arm": Board("qemu", "all", "qemu_arm/u-boot.bin", ("arm", "-M", "virt")),
    "arm64": Board("qemu", "all", "qemu_arm64/u-boot.bin", ("aarch64", "-M", "virt", "-cpu", "cortex-a57")),
    "riscv64": Board("qemu", "all", "qemu-riscv64/u-boot.bin", ("riscv64", "-M", "virt")),
    "riscv64-smode": Board("qemu", "all", "qemu-riscv64_smode/u-boot.bin", ("riscv64", "-M", "virt"), "-kernel"),
    "x86": Board("qemu", "all", "qemu-x86/u-boot.rom", ("i386",)),
    "x86-64": Board("qemu", "all", "qemu-x86_64/u-boot.rom", ("x86_64",)),
    "ppc": Board("qemu", "all", "qemu-ppce500/u-boot.bin", ("ppc", "-M", "ppce500"), "-kernel", "uboot.elf"),
    "raspi3b": Board("rpi", "arm64", "rpi_3/u-boot.bin", ("aarch64", "-M", "raspi3b"), "-kernel", line=SECOND_LINE),
    "orangepi-pc": Board(
        "sunxi", "armhf", "orangepi_plus/u-boot-sunxi-with-spl.bin", ("arm", "-M", "orangepi-pc"), "-sd"
    ),
}


def card(binary: bytes, folder: Path) -> Path:
    """An SD card with a boot loader where Allwinner's boot ROM looks for it."""
    path = folder / "card"
    with path.open("wb") as file:
        file.truncate(64 << 20)
        file.seek(8 << 10)
        file.write(binary)
    return path


@pytest.fixture(params=BOARDS)
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], tuple[UBoot, Machine]]:
    board = BOARDS[request.param]
    program = f"qemu-system-{board.command[0]}"
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    try:
        folder = packages.unpacked(f"u-boot-{board.package}", board.architecture)
    except roots.NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")
    file = folder / "usr/lib/u-boot" / board.file
    given = file if board.started is None else file.with_name(board.started)
    given = card(file.read_bytes(), tmp_path) if board.at == "-sd" else given
    memory = () if board.at == "-sd" or "raspi3b" in board.command else ("-m", "256")
    extra = (*memory, *(("-drive", f"if=sd,format=raw,file={given}") if board.at == "-sd" else (board.at, str(given))))
    found = uboot_binary.parse(file.read_bytes())
    return lambda: (found, Machine((program, *board.command[1:], *board.line, *extra)))


def test_the_prompt_says_what_was_read(running: Callable[[], tuple[UBoot, Machine]]) -> None:
    found, machine = running()
    with machine:
        help_text = machine.ask("help")
        version = machine.ask("version")
        machine.ask("env default -f -a")
        variables = machine.ask("printenv")
    assert isinstance(found.commands, Commands)
    commands = sorted(found.commands.main.commands, key=lambda command: command.name)
    assert help_text == "".join(f"{command.name:<10}- {command.usage}\n" for command in commands)
    assert found.environment is not None
    told, _, _ = variables.rpartition("\nEnvironment size:")
    assert told.rstrip("\n").split("\n") == [
        f"{name}={value}" for name, value in sorted(found.environment.variables.items())
    ]
    assert isinstance(found.delay, BootDelay)
    assert machine.delay == found.delay.seconds
    assert any(version.startswith(f"U-Boot {one.number} ({one.built})") for one in found.versions)
    assert any(seen.text in version for seen in found.compilers)
