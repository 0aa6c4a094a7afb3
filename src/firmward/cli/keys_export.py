"""`firmward keys export-public`: the public halves, for whoever verifies."""

from pathlib import Path
from typing import Annotated

import typer

from firmward.cli import keys_options as options
from firmward.model.errors import InputError

EPILOG = """
**Examples**

    firmward keys export-public fleet

    firmward keys export-public boot -o boot.pem

    firmward keys export-public boot-1 > old.pem

**Exit codes**: 0, or 2 where there is no such key.
"""


def add_to(group: typer.Typer) -> None:
    group.command("export-public", epilog=EPILOG)(export_public)


def export_public(
    name: Annotated[str, typer.Argument(metavar="ROLE|KEY", help="A role, or one key such as boot-1.")],
    store: options.StoreOption = options.STORE,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; else standard output.", metavar="FILE")
    ] = None,
) -> None:
    """Print public keys in PEM: those of a role that a verifier is to hold, or one key.

    Of a role these are the working keys and the spare; retired and revoked keys are given only by their own name.
    """
    from firmward.audit.writing import write_texts
    from firmward.signing.key_store import KeyStore
    from firmward.signing.public_half import to_pem
    from firmward.signing.role import Role

    opened = KeyStore.open(store)
    keys = opened.public(Role(name)) if name in tuple(Role) else (opened.public_of(opened.find(name)),)
    if not keys:
        raise InputError(f"{name}: has no key that a verifier is to hold; `firmward keys list` shows all")
    text = b"".join(to_pem(key) for key in keys).decode()
    if output is None:
        typer.echo(text, nl=False)
    else:
        write_texts([(output, text)])
