"""What a device may have when a release comes to it: the releases from which a delta is worth making.

A release goes from one channel to the next by its very bytes, deltas and all. So what the product's other channels give
now counts too: there a device goes on from that.

Nothing here is verified by keys: a base that is none makes a delta that no device can use, and nothing else.
"""

from collections.abc import Iterator, Sequence

from firmward.model.errors import FirmwardError, InputError
from firmward.signing.tuf_model import Targets
from firmward.signing.tuf_repository import Channel, State, channel_of, parsed_file
from firmward.update.manifest import Manifest

OF_CHANNEL = 2
"""Releases of the channel itself: the current one, and the one before."""
LIMIT = 4
"""Bases at most, unless they are named."""
NAMED_LIMIT = 12


def usual(state: State, one: Channel, board: str) -> tuple[Manifest, ...]:
    """The channel's own latest first."""
    found = _first(given(state, one, board), OF_CHANNEL)
    for other in _channels(state, one.product):
        if other != one:
            found += _first(given(state, other, board), 1)
    return _distinct(found)[:LIMIT]


def named(state: State, product: str, board: str, versions: Sequence[str]) -> tuple[Manifest, ...]:
    """Whichever channel gave them. Raises InputError for a version that none did."""
    if len(versions) > NAMED_LIMIT:
        raise InputError(f"--delta-from: {len(versions)} versions are named, and {NAMED_LIMIT} may be")
    known = [made for other in _channels(state, product) for made in given(state, other, board)]
    found = []
    for version in versions:
        of_version = [made for made in known if made.version == version]
        if not of_version:
            told = ", ".join(dict.fromkeys(made.version for made in known)) or "none"
            raise InputError(f"--delta-from {version}: no channel of {product} gave it to {board} (they gave: {told})")
        found += of_version
    return _distinct(found)


def given(state: State, one: Channel, board: str) -> Iterator[Manifest]:
    """All that a channel gave a board, the latest first, as far back as the repository still knows."""
    held, path = (state.channels or {}).get(one.role), one.path(board)
    if held is None:
        return
    before = None
    for version in range(held.signed.version, 0, -1):
        try:
            is_current = version == held.signed.version
            signed = held.signed if is_current else parsed_file(state.shelf, one.role, version, Targets).signed
            made = state.manifest(path, signed)
        except FirmwardError:
            return
        if made is not None and made != before:
            before = made
            yield made


def _first(found: Iterator[Manifest], count: int) -> list[Manifest]:
    return [made for made, _ in zip(found, range(count), strict=False)]


def _channels(state: State, product: str) -> list[Channel]:
    known = map(channel_of, sorted(state.channels or {}))
    return [one for one in known if one.product == product]


def _distinct(found: list[Manifest]) -> tuple[Manifest, ...]:
    """Of those with the same payloads the first."""
    by_payloads: dict[tuple[str, ...], Manifest] = {}
    for made in found:
        by_payloads.setdefault(tuple(payload.sha256 for payload in made.payloads), made)
    return tuple(by_payloads.values())
