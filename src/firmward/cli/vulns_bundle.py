"""`firmward vulns export` and `import`: the database as a signed file, for machines that reach no network."""

from pathlib import Path
from typing import Annotated

import typer

from firmward.cli.vulns_database import DatabaseOption, database_path
from firmward.model.errors import InputError, TrustError

EXPORT_EPILOG = """
**Examples**

    openssl genpkey -algorithm ed25519 -out feeds.pem

    firmward vulns export --key feeds.pem vulns-2026-11-21.bundle

The public half, for those who import: `openssl pkey -in feeds.pem -pubout -out feeds.pub.pem`.

**Exit codes**: 0, or 2 where there is no database or the file cannot be written.
"""
IMPORT_EPILOG = """
**Examples**

    firmward vulns import --public-key feeds.pub.pem vulns-2026-11-21.bundle

**Exit codes**: 0, or 2 where it is refused; the database is then as it was.
"""
UnsignedOption = Annotated[bool, typer.Option("--allow-unsigned", help="Do without a signature.")]


def add_to(group: typer.Typer) -> None:
    group.command("export", epilog=EXPORT_EPILOG)(export)
    group.command("import", epilog=IMPORT_EPILOG)(import_)


def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write the bundle.")],
    key: Annotated[
        Path | None, typer.Option("--key", metavar="PEM", help="An Ed25519 private key.", show_default=False)
    ] = None,
    unsigned: UnsignedOption = False,
    database: DatabaseOption = None,
) -> None:
    """Write all that the database holds into one dated and signed file."""
    from firmward.cli.vulns_moment import moment
    from firmward.vulns import bundle
    from firmward.vulns.envelope import key_id, read_private_key

    if key is None and not unsigned:
        raise InputError("name the key that signs: --key feeds.pem; --allow-unsigned writes a bundle without one")
    keys = () if key is None else (read_private_key(key),)
    if file.is_dir() or not file.parent.is_dir():
        raise InputError(f"{file}: is a folder, or lies in none")
    made = bundle.export(database_path(database), file, keys, moment())
    by = f"signed by key {key_id(keys[0].public_key())[:16]}" if keys else "unsigned"
    typer.echo(f"{file}: {made.rows} rows of {', '.join(made.feeds)}, {by}")


def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The bundle.")],
    public_key: Annotated[
        list[Path] | None,
        typer.Option(
            "--public-key",
            metavar="PEM",
            help="The Ed25519 key that must have signed it; of several, any.",
            show_default=False,
        ),
    ] = None,
    unsigned: UnsignedOption = False,
    older: Annotated[bool, typer.Option("--allow-older", help="Take one that is older than what is there.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Replace what the database holds by a bundle: all of it, or nothing.

    Refused are a bundle that nobody signed, that another key signed, that was altered, or that is older than what is
    there.
    """
    from firmward.vulns import bundle
    from firmward.vulns.envelope import read_public_key

    if not public_key and not unsigned:
        raise TrustError(f"{file}: refused: --public-key names who must have signed it; --allow-unsigned takes any")
    keys = tuple(read_public_key(one) for one in public_key or ())
    taken = bundle.take(file, database_path(database), keys, older=older)
    by = f"signed by key {taken.key[:16]}" if taken.key else "from nobody known"
    manifest = taken.manifest
    typer.echo(f"{manifest.rows} rows of {', '.join(manifest.feeds)}, made {manifest.made}, {by}")
