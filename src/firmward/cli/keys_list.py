"""`firmward keys list`: every key of a store, its state, and what that means for devices."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.cli import keys_options as options
from firmward.cli.console import Color, ColorOption, make_console

if TYPE_CHECKING:
    from firmward.signing.key_store import KeyStore
    from firmward.signing.ledger import KeyRecord

SCHEMA = "firmward.keys/1"
STYLES = {"active": "bold green", "retired": "yellow", "revoked": "bold red"}
SHOWN = 16
"""Hexadecimal digits of an id that tell one key from another."""
EPILOG = """
**Examples**

    firmward keys list

    firmward keys list --json | jq '.keys[] | select(.state == "active") | .id'

**Exit codes**: 0, or 2 where there is no store or it cannot be trusted.
"""


def add_to(group: typer.Typer) -> None:
    group.command("list", epilog=EPILOG)(list_keys)


def list_keys(
    store: options.StoreOption = options.STORE,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    color: ColorOption = Color.AUTO,
) -> None:
    """List keys by role, with their state and what it means for devices in the field.

    The store is checked on the way: a private file that others may read or that is not encrypted, and a public one
    that is another key than the one listed, are refused.
    """
    from firmward.signing.key_store import KeyStore

    opened = KeyStore.open(store)
    if as_json:
        typer.echo(json.dumps(_record(opened), indent=2, ensure_ascii=False))
    else:
        _print(opened, color)


def _record(store: "KeyStore") -> dict[str, object]:
    roles = [{"name": one.name, "threshold": one.threshold} for one in store.ledger.role]
    keys = [_key(store, key) for key in _in_order(store)]
    return {"schema": SCHEMA, "roles": roles, "keys": keys, "unlisted": [path.name for path in store.unlisted()]}


def _key(store: "KeyStore", key: "KeyRecord") -> dict[str, object]:
    return {
        "name": key.name,
        "role": key.role,
        "id": key.id,
        "algorithm": key.algorithm,
        "custody": key.custody,
        "held": store.held(key),
        "created": key.created.isoformat(),
        "state": key.state,
        "since": None if key.since is None else key.since.isoformat(),
        "reason": key.reason,
        "spare": key.spare,
        "meaning": _meaning(store, key),
    }


def _print(store: "KeyStore", color: Color) -> None:
    from rich.table import Column, Table
    from rich.text import Text

    from firmward.cli.inside import shown

    console = make_console(color)
    whole = [Column(name, no_wrap=True) for name in ("Key", "State", "Since", "Algorithm", "Id")]
    table = Table(*whole, Column("Held", overflow="fold"), box=None, header_style="bold", padding=(0, 2, 0, 0))
    for key in _in_order(store):
        state = Text(f"{key.state}, spare" if key.spare else key.state, STYLES[key.state])
        since = str(key.since or key.created)
        table.add_row(key.name, state, since, key.algorithm, key.id[:SHOWN], Text(shown(_held(store, key))))
    console.print(table)
    console.print()
    for key in _in_order(store):
        reason = f" ({shown(key.reason)})" if key.reason else ""
        console.print(Text.assemble((key.name, "bold"), f"{reason}: {_meaning(store, key)}"), soft_wrap=True)
    for one in store.ledger.role:
        if one.threshold > 1:
            console.print(f"{one.name}: {one.threshold} keys have to sign", markup=False)
    for path in store.unlisted():
        words = f"{shown(path.name)}: no key of the list; left by a change that was interrupted, or put there"
        console.print(words, style="yellow", markup=False, soft_wrap=True)


def _held(store: "KeyStore", key: "KeyRecord") -> str:
    """The id's column has the name of its file already."""
    held = store.held(key)
    return key.custody if held.startswith("private/") else held


def _in_order(store: "KeyStore") -> "list[KeyRecord]":
    from firmward.signing.role import Role

    return [key for role in Role for key in store.keys(role)]


def _meaning(store: "KeyStore", key: "KeyRecord") -> str:
    from firmward.signing.role import Role
    from firmward.signing.stolen_key import meaning

    role = Role(key.role)
    return meaning(key, only_working=len(store.active(role)) == 1 and store.spare(role) is None)
