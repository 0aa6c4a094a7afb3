"""What a channel has taken back, and why: said in the channel's own metadata, so that its keys stand for it.

TUF keeps fields that it does not know (section 4.1 of its specification: clients ignore them), and signs over them.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError
from firmward.signing.tuf_model import Targets

FIELD = "x-firmward-withdrawn"
LIMIT = 256


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """`sha256` of the manifest that `path` had; `rollback_index` as it said."""

    path: str
    version: str
    rollback_index: int
    sha256: str
    reason: str


def withdrawals(targets: Targets) -> tuple[Withdrawal, ...]:
    """Raises InputError for a list that firmward has not made."""
    found = targets.unrecognized_fields.get(FIELD, [])
    try:
        return tuple(
            Withdrawal(
                one.text("path", 256),
                one.text("version", 64),
                one.whole("rollback_index", most=2**31 - 1),
                one.hexadecimal("sha256", 64),
                one.text("reason", 300),
            )
            for one in Table({FIELD: found}, "targets").tables(FIELD, LIMIT)
        )
    except Malformed as error:
        raise InputError(str(error)) from error


def set_withdrawals(targets: Targets, found: Sequence[Withdrawal]) -> None:
    """The latest of them, where they become too many."""
    targets.unrecognized_fields[FIELD] = [asdict(one) for one in found[-LIMIT:]]
