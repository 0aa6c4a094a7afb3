"""`firmward doctor`: what is missing on this machine, and what goes unknown for it."""

import ctypes.util
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from firmward.cli.console import Color, ColorOption, make_console

OPTION = "option"
"""The kind of what is not missed until it is asked for."""

UBOOT = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")

EPILOG = """
**Examples**

    firmward doctor

    firmward doctor --json
"""


@dataclass(frozen=True, slots=True)
class Need:
    """An outside thing: how to see whether it is here, how to get it, and what is lost without it."""

    name: str
    kind: str
    package: str
    without: str


NEEDS = (
    Need("lz4", "reader", "pip install lz4", "lz4 parts, and squashfs compressed with it, cannot be opened"),
    Need("lzallright", "reader", "pip install lzallright", "squashfs compressed with lzo cannot be opened"),
    Need(
        "zstandard", "reader", "pip install zstandard", "zstd parts, and squashfs compressed with it, cannot be opened"
    ),
    Need("hyperscan", "reader", "pip install hyperscan", "dumps are searched for parts a dozen times slower"),
    Need("isal", "reader", "pip install isal", "gzip parts, and squashfs compressed with it, are read more slowly"),
    Need("landlock", "kernel", "a kernel from 5.13 on with Landlock", "what reads images is not kept from other files"),
    Need(
        "seccomp", "kernel", "a kernel with seccomp, x86-64 or arm64", "what reads images is not kept from the network"
    ),
    Need("unblob", OPTION, "pip install 'firmward[unblob]'", "--unblob cannot open what firmward does not know"),
    Need("pkcs11", OPTION, "pip install 'firmward[hsm]'", "keys in tokens of PKCS#11 can be neither made nor used"),
    Need("tpm2_sign", OPTION, "apt-get install tpm2-tools", "keys in a TPM can be neither made nor used"),
    Need("mksquashfs", OPTION, "apt-get install squashfs-tools", "firmward build cannot make a root file system"),
    Need("mkimage", OPTION, "apt-get install u-boot-tools", "firmward build cannot put a signed kernel together"),
    Need("aarch64-linux-gnu-gcc", OPTION, "apt-get install gcc-aarch64-linux-gnu", "no boot loader for the lab"),
    Need("qemu-system-aarch64", OPTION, "apt-get install qemu-system-arm", "firmward lab has nothing to play a device"),
    Need("u-boot-qemu", OPTION, "apt-get install u-boot-qemu", "firmward lab cannot start the unprotected twin"),
    Need("crypt", "library", "apt-get install libcrypt1", "account-default-password is unknown: no hash can be tried"),
)


def add_to(app: typer.Typer) -> None:
    app.command("doctor", epilog=EPILOG)(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """Say which outside programs and readers are missing, and what goes unknown for it.

    Exit code 0 when nothing is missing but options, 1 otherwise.
    """
    missing = [need for need in NEEDS if not _is_here(need)]
    if as_json:
        typer.echo(json.dumps([{**asdict(need), "here": need not in missing} for need in NEEDS], indent=2))
    else:
        _print(missing, color)
    raise typer.Exit(1 if any(need.kind != OPTION for need in missing) else 0)


def _is_here(need: Need) -> bool:
    look: dict[str, Callable[[str], object]] = {
        "reader": find_spec,
        "library": ctypes.util.find_library,
        OPTION: _option,
        "kernel": _has_wall,
    }
    return look[need.kind](need.name) is not None


def _option(name: str) -> object:
    from firmward.cli.unblob import find
    from firmward.signing.tpm_tools import SEARCH_PATH

    if name == "unblob":
        return find()
    if name == "pkcs11":
        return find_spec(name)
    if name == "u-boot-qemu":  # a package without a program of that name
        return UBOOT if UBOOT.is_file() else None
    return shutil.which(name, path=SEARCH_PATH)


def _has_wall(name: str) -> bool:
    from firmward.image.cage import walls

    return bool(getattr(walls(), name))


def _print(missing: list[Need], color: Color) -> None:
    from rich.table import Table

    console = make_console(color)
    table = Table("", "What", "Kind", "Without it", "Get it", box=None, header_style="bold", padding=(0, 2, 0, 0))
    for need in NEEDS:
        if need in missing and need.kind == OPTION:
            table.add_row("[yellow]option[/]", need.name, need.kind, need.without, need.package)
        elif need in missing:
            table.add_row("[red]missing[/]", need.name, need.kind, need.without, need.package)
        else:
            table.add_row("[green]ok[/]", need.name, need.kind, f"[dim]{need.without}[/]", "")
    console.print(table)
