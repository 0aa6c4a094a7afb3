"""`firmward keys`: the keys of a product by role. Each subcommand is a file of its own beside this one."""

import typer

HELP = "The keys of a product by role: make, list, rotate and revoke them."
EPILOG = """
**Examples**

    firmward keys init

    firmward keys list

    firmward keys rotate targets

A key is held in an encrypted file, in a token of PKCS#11 or in a TPM. Its passphrase or PIN is asked for on the
terminal, or read from the file that `--passphrase-file` or `FIRMWARD_PASSPHRASE_FILE` names.
"""


def add_to(app: typer.Typer) -> None:
    from firmward.cli import keys_export, keys_init, keys_list, keys_revoke, keys_rotate

    group = typer.Typer(help=HELP, epilog=EPILOG, no_args_is_help=True, rich_markup_mode="markdown")
    for verb in (keys_init, keys_list, keys_rotate, keys_revoke, keys_export):
        verb.add_to(group)
    app.add_typer(group, name="keys")
