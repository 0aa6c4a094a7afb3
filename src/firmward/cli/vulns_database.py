"""Which database a command of `firmward vulns` asks."""

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firmward.model.errors import InputError

if TYPE_CHECKING:
    from firmward.facts.advisories import Advisories

DatabaseOption = Annotated[
    Path | None,
    typer.Option(
        "--db",
        metavar="FILE",
        help="The database; without it FIRMWARD_VULNS_DB, else firmward/vulns.sqlite in the user's data folder.",
        show_default=False,
    ),
]


AgeOption = Annotated[
    int | None,
    typer.Option(
        "--max-db-age",
        min=0,
        metavar="DAYS",
        help="Refuse a database of vulnerabilities whose oldest feed was looked at longer ago.",
        show_default=False,
    ),
]


def advisories(given: Path | None, oldest: int | None, today: date) -> "Advisories | None":
    """What the database says; None where there is none and nothing was said of one. Raises InputError where the one
    that was named is none, or is older than is allowed."""
    path = database_path(given)
    if not path.exists() and given is None and oldest is None:
        return None
    from firmward.vulns.advisories import DatabaseAdvisories
    from firmward.vulns.database import Database

    with Database(path) as database:
        age = database.status().age(today)
    if oldest is not None and (age is None or age > oldest):
        old = "has no data" if age is None else f"is {age} days old"
        raise InputError(f"{path}: {old}, and --max-db-age allows {oldest}: firmward vulns update renews it")
    return DatabaseAdvisories(path, today)


def database_path(given: Path | None) -> Path:
    from firmward.vulns.schema import default_path

    return default_path() if given is None else given
