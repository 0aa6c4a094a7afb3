"""`firmward release`: the repository that devices update from. Each subcommand is a file of its own beside this one."""

import typer

HELP = "Make releases, have people sign them, and publish them for devices."
EPILOG = """
**Examples**

    firmward release new out/ --channel beta -o draft/

    firmward release sign draft/ --store keys

    firmward release publish draft/ --store server-keys

    firmward release verify repository/

Every change is a draft first: a folder that goes to whoever holds the keys, by stick where need be. The repository is a
plain folder of TUF metadata and files, for any web server, bucket or stick.
"""


def add_to(app: typer.Typer) -> None:
    from firmward.cli import (
        release_delegate,
        release_director,
        release_new,
        release_promote,
        release_publish,
        release_renew,
        release_root,
        release_sign,
        release_verify,
        release_withdraw,
    )

    group = typer.Typer(help=HELP, epilog=EPILOG, no_args_is_help=True, rich_markup_mode="markdown")
    made = (release_root, release_delegate, release_new, release_promote, release_withdraw, release_renew)
    for verb in (*made, release_sign, release_publish, release_verify, release_director):
        verb.add_to(group)
    app.add_typer(group, name="release")
