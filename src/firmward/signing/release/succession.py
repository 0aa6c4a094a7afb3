"""Which manifest may follow which in a channel: held when a draft is made, and once more when it is published.

A device never goes back (ADR 016): what it would refuse is not offered. A version means one thing for ever, since
people, reports and VEX documents speak of it by that name.
"""

from collections.abc import Sequence

from firmward.model.errors import TrustError
from firmward.signing.release.withdrawals import Withdrawal
from firmward.update.manifest import Manifest


def check_successor(path: str, now: Manifest, before: Manifest | None, withdrawn: Sequence[Withdrawal]) -> None:
    """Raises TrustError."""
    if before is not None:
        _check_floor(path, now, before.rollback_index, before.version)
        if now.version == before.version and _bytes(now) != _bytes(before):
            raise TrustError(
                f"{path}: {now.version} is published with other bytes; a version means one thing, so give it another"
            )
    for one in withdrawn:
        if one.path == path:
            _check_floor(path, now, one.rollback_index, f"{one.version}, which was withdrawn")


def check_not_withdrawn(path: str, sha256: str, withdrawn: Sequence[Withdrawal]) -> None:
    """Raises TrustError."""
    for one in withdrawn:
        if (one.path, one.sha256) == (path, sha256):
            raise TrustError(f"{path}: {one.version} was withdrawn ({one.reason}); make a release that follows it")


def _check_floor(path: str, now: Manifest, floor: int, what: str) -> None:
    if now.rollback_index < floor:
        raise TrustError(
            f"{path}: {now.version} has rollback index {now.rollback_index}, below the {floor} of {what}: devices "
            "that have that refuse it"
        )


def _bytes(manifest: Manifest) -> list[tuple[str, str]]:
    return [(one.partition, one.sha256) for one in manifest.payloads]
