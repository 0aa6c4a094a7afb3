"""`firmward release sign DRAFT`: what a draft changes, and the signatures of a key store under it."""

from typing import Annotated

import typer

from firmward.cli import keys_options
from firmward.cli import release_options as options

EPILOG = """
**Examples**

    firmward release sign draft/ --store keys

    firmward release sign /media/stick/draft --store keys --pin-file pin

    firmward release sign draft/ --dry-run

The repository is not needed: the draft goes to whoever has keys, and back.

**Exit codes**

- 0: signed, or signed before; whether others still have to is said
- 2: the store has no key for this draft, or what is to be signed cannot be shown
"""


def add_to(group: typer.Typer) -> None:
    group.command("sign", epilog=EPILOG)(sign)


def sign(
    draft: options.DraftArgument,
    store: keys_options.StoreOption = keys_options.STORE,
    passphrase_file: keys_options.PassphraseOption = None,
    pin_file: keys_options.PinOption = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Sign without asking on the terminal.")] = False,
    dry_run: keys_options.DryRunOption = False,
) -> None:
    """Show in plain words what a draft changes, and sign it with the keys that this store has for it.

    What is shown is read from the bytes that are signed. Signing again changes nothing.
    """
    import sys

    from firmward.signing.key_store import KeyStore
    from firmward.signing.release.signatures import sign as add
    from firmward.signing.unlock import usual_unlock

    if dry_run:
        options.tell_draft(draft)
        return
    opened = KeyStore.open(store)
    _tell(draft)
    if not yes and sys.stdin is not None and sys.stdin.isatty():
        typer.confirm("Sign this?", abort=True)
    signed = add(draft, opened, usual_unlock(passphrase_file, pin_file))
    for name, role in signed.added:
        options.say(f"{name} has signed {role}")
    if not signed.added and not signed.left:
        options.say("Nothing more was to be signed with this store.")
    for reason in signed.left:
        typer.echo(f"firmward: {reason}", err=True)
    options.tell_standings(signed.standings, draft)


def _tell(folder: "options.DraftArgument") -> None:
    from firmward.signing.release.draft import read
    from firmward.signing.release.words import words
    from firmward.signing.shelf import Shelf

    for line in words(read(folder), Shelf(folder)):
        options.say(line)
