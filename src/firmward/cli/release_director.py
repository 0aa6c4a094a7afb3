"""`firmward release director`: what one device is to have, said by keys that are not the channel's."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import keys_options
from firmward.cli import release_options as options
from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.signing.release.direction import Director

HELP = "Say which release a device is to have, by name: for devices whose policy has [update] director = true."
EPILOG = """
**Examples**

    firmward keys init --store director director-root director

    firmward release director root --store director

    firmward release director order camera SN-0017 --store director

    firmward release director renew --store director

A device is known by what stands in its `/var/lib/firmward/device-id`, which is written at the factory. It installs what
its channel offers and the director orders, byte for byte the same, and nothing else.
"""
EXIT_CODES = """
**Exit codes**: 0, or 2 where it is refused: devices see what they saw before.
"""
ROOT_EPILOG = f"""
**Examples**

    firmward release director root --store director

    firmward release director root --store safe --online server

    firmward build --director-root repository/director/metadata/1.root.json -o out/
{EXIT_CODES}"""
ORDER_EPILOG = f"""
**Examples**

    firmward release director order camera SN-0017 SN-0018 --version 1.5.0

    firmward release director order camera --devices first-ring.txt --board rpi4
{EXIT_CODES}"""
STAY_EPILOG = f"""
**Examples**

    firmward release director stay SN-0017 --store director
{EXIT_CODES}"""
RENEW_EPILOG = f"""
**Examples**

    firmward release director renew --store director

For cron, several times in the life of an order: with a day of life, every six hours.
{EXIT_CODES}"""
SLOTS = ("a", "b", "inactive")
LIST_LIMIT = 16 << 20

NamesArgument = Annotated[
    list[str] | None, typer.Argument(metavar="[DEVICE...]", help="Devices, by their names.", show_default=False)
]
ListOption = Annotated[
    Path | None,
    typer.Option("--devices", metavar="FILE", help="More devices, a name to a line.", show_default=False),
]
DaysOption = Annotated[
    int,
    typer.Option(
        "--days", min=1, max=365, metavar="N", help="How long it counts: no device takes what has expired, whatever "
        "its policy's grace."
    ),
]  # fmt: skip


def add_to(group: typer.Typer) -> None:
    director = typer.Typer(help=HELP, epilog=EPILOG, no_args_is_help=True, rich_markup_mode="markdown")
    director.command("root", epilog=ROOT_EPILOG)(root)
    director.command("order", epilog=ORDER_EPILOG)(order)
    director.command("stay", epilog=STAY_EPILOG)(stay)
    director.command("renew", epilog=RENEW_EPILOG)(renew)
    group.add_typer(director, name="director")


def root(
    repo: options.RepoOption = options.REPOSITORY,
    store: keys_options.StoreOption = keys_options.STORE,
    online: Annotated[
        Path | None,
        typer.Option(
            "--online",
            metavar="DIR",
            help="The store with the director keys, of which the public halves are read; else the same.",
            show_default=False,
        ),
    ] = None,
    passphrase_file: keys_options.PassphraseOption = None,
    pin_file: keys_options.PinOption = None,
    days: DaysOption = 365,
    now: options.NowOption = None,
) -> None:
    """Sign the director's root with the keys director-root: the first one, which goes into images, or the next one.

    The next one follows a rotation. Devices get it with what they are told next: renew.
    """
    from firmward.signing.key_store import KeyStore
    from firmward.signing.release import direction
    from firmward.signing.unlock import usual_unlock

    owners = KeyStore.open(store)
    unlock = usual_unlock(passphrase_file, pin_file)
    version = direction.next_root(
        repo, owners, owners if online is None else KeyStore.open(online), unlock, options.moment(now), days
    )
    options.say(f"{repo / direction.root_file(version)}: signed")
    if version == 1:
        options.say(f"Next: firmward build --director-root {repo / direction.root_file(1)}")


def order(
    product: Annotated[str, typer.Argument(metavar="PRODUCT", help="The product, as device.toml has it.")],
    devices: NamesArgument = None,
    list_of_devices: ListOption = None,
    channel: Annotated[str, typer.Option("--channel", metavar="NAME", help="The channel that devices follow.")] = (
        "stable"
    ),
    board: Annotated[
        str | None,
        typer.Option(
            "--board",
            metavar="NAME",
            help="The board, as the build names it; may be left out where the channel has one alone.",
            show_default=False,
        ),
    ] = None,
    version: Annotated[
        str | None,
        typer.Option(
            "--version", metavar="VERSION", help="Refuse unless the channel offers this one.", show_default=False
        ),
    ] = None,
    slot: Annotated[
        str,
        typer.Option(
            "--slot", metavar="SLOT", help="a or b: refused by a device on which that slot runs; or inactive."
        ),
    ] = "inactive",
    repo: options.RepoOption = options.REPOSITORY,
    store: keys_options.StoreOption = keys_options.STORE,
    passphrase_file: keys_options.PassphraseOption = None,
    pin_file: keys_options.PinOption = None,
    days: DaysOption = 1,
    now: options.NowOption = None,
) -> None:
    """Have devices install what their channel offers now.

    An order names the very bytes. When the channel goes on to another release, a device that runs what was ordered
    stays with it as long as the order is renewed, and any other installs nothing until it has a new order.
    """
    from firmward.signing.release import direction
    from firmward.signing.tuf_repository import channel as named

    names, by = _names(devices, list_of_devices), _director(store, passphrase_file, pin_file, days, now)
    keys_options.one_of(slot, SLOTS, "slot")
    one = named(product, channel)
    given = direction.order(repo, names, one, board or direction.only_board(repo, one), version, slot, by)
    options.say(f"{given}: ordered for {_counted(names)}, for {days} day{'s' if days > 1 else ''}")


def stay(
    devices: NamesArgument = None,
    list_of_devices: ListOption = None,
    repo: options.RepoOption = options.REPOSITORY,
    store: keys_options.StoreOption = keys_options.STORE,
    passphrase_file: keys_options.PassphraseOption = None,
    pin_file: keys_options.PinOption = None,
    days: DaysOption = 1,
    now: options.NowOption = None,
) -> None:
    """Have devices stay with what they run, whatever it is and whatever their channel offers."""
    from firmward.signing.release import direction

    names, by = _names(devices, list_of_devices), _director(store, passphrase_file, pin_file, days, now)
    direction.stay(repo, names, by)
    options.say(f"Nothing is to be installed by {_counted(names)}")


def renew(
    devices: NamesArgument = None,
    list_of_devices: ListOption = None,
    repo: options.RepoOption = options.REPOSITORY,
    store: keys_options.StoreOption = keys_options.STORE,
    passphrase_file: keys_options.PassphraseOption = None,
    pin_file: keys_options.PinOption = None,
    days: DaysOption = 1,
    now: options.NowOption = None,
) -> None:
    """Say the same once more with a later date: to these devices, or to all that were ever told anything."""
    from firmward.signing.release import direction

    is_all = not devices and list_of_devices is None
    names = direction.devices(repo) if is_all else _names(devices, list_of_devices)
    direction.renew(repo, names, _director(store, passphrase_file, pin_file, days, now))
    options.say(f"Renewed for {_counted(names)}")


def _names(devices: list[str] | None, path: Path | None) -> tuple[str, ...]:
    """In their order, each once. Raises InputError where there is none."""
    from firmward.build import regular

    text = "" if path is None else regular.linked_content(path, LIST_LIMIT).decode("utf-8", "replace")
    found = dict.fromkeys([*(devices or ()), *(line.strip() for line in text.splitlines() if line.strip())])
    if not found:
        raise InputError("say which devices: their names, or a file with them (--devices)")
    return tuple(found)


def _counted(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} devices"


def _director(
    store: Path, passphrase_file: Path | None, pin_file: Path | None, days: int, now: str | None
) -> "Director":
    from datetime import timedelta

    from firmward.signing.director import Lasting
    from firmward.signing.key_store import KeyStore
    from firmward.signing.release.direction import Director
    from firmward.signing.unlock import usual_unlock

    unlock = usual_unlock(passphrase_file, pin_file)
    return Director(KeyStore.open(store), unlock, Lasting(order=timedelta(days=days)), options.moment(now))
