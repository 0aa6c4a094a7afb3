"""`firmward verify OUT`: whether a build is the one that was signed, whole."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli.console import Color, ColorOption
from firmward.cli.keys_options import STORE
from firmward.model.errors import InputError, TrustError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import Console

    from firmward.build.built import Built
    from firmward.signing.signing_key import PublicKey

EXIT_DIFFERS = 1
KEY_LIMIT = 64 << 10
EPILOG = """
**Examples**

    firmward verify out/

    firmward verify out/ --public-key rootfs-1.pem

    firmward verify out/ --rom u-boot-signed.imx

Keys come from the key store, or from files: whoever checks needs no private half, and no store.

**Exit codes**: 0 when it is what was signed; 1 when it differs, or a signature does not hold; 2 where nothing can be
compared.
"""


def add_to(app: typer.Typer) -> None:
    app.command("verify", epilog=EPILOG)(verify)


def verify(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="The folder that a build was written to.")],
    keys: Annotated[Path, typer.Option("--keys", envvar="FIRMWARD_KEYS", metavar="DIR", help="The key store.")] = STORE,
    public_key: Annotated[
        list[Path] | None,
        typer.Option(
            "--public-key",
            metavar="PEM",
            help="A public key of the role rootfs, instead of the store; of several, all must have signed.",
            show_default=False,
        ),
    ] = None,
    rom: Annotated[
        Path | None,
        typer.Option(
            "--rom", metavar="FILE", help="The boot loader that the maker's tool has signed.", show_default=False
        ),
    ] = None,
    color: ColorOption = Color.AUTO,
) -> None:
    """Say whether a build is the one that was signed: its record, and every file in it.

    With --rom also whether what the maker's tool signed is what was given out, and whether its signature holds.
    """
    from rich.markup import escape

    from firmward.build import statement
    from firmward.cli.console import make_console
    from firmward.cli.inside import shown

    console = make_console(color)
    found, threshold = (_files(public_key), len(public_key)) if public_key else _store(keys)
    try:
        made = statement.read(out, found, threshold)
    except TrustError as error:
        _refuse(console, str(error))
        raise typer.Exit(EXIT_DIFFERS) from None
    told = [*statement.differences(out, made), *(_of_rom(out, made, rom) if rom else ())]
    for line in told:
        _refuse(console, line)
    if told:
        raise typer.Exit(EXIT_DIFFERS)
    words = f"{shown(str(out))}: {shown(made.product)} {shown(made.version)} for {shown(made.board)}"
    told_of = f"{escape(words)}, {len(made.files)} files as they were signed"
    console.print(f"[bold green]✓[/] {told_of}", soft_wrap=True)


def _refuse(console: "Console", why: str) -> None:
    from rich.markup import escape

    from firmward.cli.inside import shown

    console.print(f"[bold red]✗[/] {escape(shown(why))}", soft_wrap=True)


def _store(folder: Path) -> "tuple[tuple[PublicKey, ...], int]":
    from firmward.signing.key_store import KeyStore
    from firmward.signing.role import Role

    store = KeyStore.open(folder)
    return store.public(Role.ROOTFS), store.ledger.threshold(Role.ROOTFS)


def _files(paths: list[Path]) -> "tuple[PublicKey, ...]":
    from firmward.build import regular
    from firmward.signing.public_half import from_pem

    found = []
    for path in paths:
        content = regular.linked_content(path, KEY_LIMIT)
        try:
            found.append(from_pem(content, str(path)))
        except TrustError as error:
            raise InputError(str(error)) from error
    return tuple(found)


def _of_rom(out: Path, made: "Built", rom: Path) -> "Iterator[str]":
    from firmward.build.board import board
    from firmward.build.built import ROM
    from firmward.build.rom import roms
    from firmward.build.rom.record import State

    found = roms.check(board(made.board), rom, out / ROM)
    if found.state is not State.HOLDS:
        yield from (f"{rom}: {says}" for says in found.says)
