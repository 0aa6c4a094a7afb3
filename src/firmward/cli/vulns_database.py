"""Which database a command of `firmward vulns` asks."""

from pathlib import Path
from typing import Annotated

import typer

DatabaseOption = Annotated[
    Path | None,
    typer.Option(
        "--db",
        metavar="FILE",
        help="The database; without it FIRMWARD_VULNS_DB, else firmward/vulns.sqlite in the user's data folder.",
        show_default=False,
    ),
]


def database_path(given: Path | None) -> Path:
    from firmward.vulns.schema import default_path

    return default_path() if given is None else given
