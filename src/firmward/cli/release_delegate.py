"""`firmward release delegate PRODUCT CHANNEL`: who signs the releases of a channel."""

from pathlib import Path
from typing import Annotated

import typer

from firmward.cli import release_options as options

EPILOG = """
**Examples**

    firmward release delegate camera stable --store keys -o draft/

    firmward release delegate camera stable --store anna --store ben --threshold 2 -o draft/

    firmward release delegate camera beta --key carla.pem --drop 3fd2c0aa91 -o draft/

**Exit codes**: 0, or 2 where something is missing, wrong or refused; nothing was changed then.
"""


def add_to(group: typer.Typer) -> None:
    group.command("delegate", epilog=EPILOG)(delegate)


def delegate(
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="The product, as device.toml has it.")],
    channel: Annotated[str, typer.Argument(metavar="CHANNEL", help="The line of releases: stable, beta.")],
    output: options.OutputOption,
    repo: options.RepoOption = options.REPOSITORY,
    store: options.StoresOption = None,
    key: Annotated[
        list[Path] | None,
        typer.Option("--key", metavar="PEM", help="A public key of somebody else. Repeatable.", show_default=False),
    ] = None,
    threshold: Annotated[
        int | None, typer.Option("--threshold", metavar="N", help="How many of them have to sign.", show_default=False)
    ] = None,
    drop: options.DropOption = None,
    days: options.DaysOption = None,
    now: options.NowOption = None,
) -> None:
    """Draft a channel, or other keys for one that there is: keys of the role release, of a store or several.

    It is signed by the role targets; and by the channel's own keys where the channel is new, or what it has would stand
    no more.
    """
    from firmward.signing.release import changes, draft
    from firmward.signing.release.naming import naming
    from firmward.signing.role import Role
    from firmward.signing.tuf_repository import channel as named
    from firmward.signing.tuf_repository import existing

    draft.check_new(output)
    others = [options.public_key(path) for path in key or ()]
    how = naming(options.opened(store), Role.RELEASE, others, drop or (), threshold)
    made = changes.delegated(existing(repo), named(product, channel), how, options.terms(days), options.moment(now))
    options.write_draft(made, output)
