"""Trust begins with the image, whatever lies on the storage."""

from pathlib import Path

import pytest
from played_repository import Played

from firmward.model.errors import TrustError
from firmward.trust.anchor import AnchoredStore
from firmward.trust.store import Store


def rotated(times: int) -> tuple[Played, list[bytes]]:
    """All roots, the first one first."""
    played = Played()
    for _ in range(times):
        old = played.rotate("root")
        played.publish("root", also=old)
    return played, [played.published["root", number + 1] for number in range(times + 1)]


def test_it_begins_with_the_image(tmp_path: Path) -> None:
    _, roots = rotated(0)
    assert AnchoredStore(tmp_path, roots[0]).recall("root") == roots[0]


def test_roots_that_followed_are_kept(tmp_path: Path) -> None:
    _, roots = rotated(3)
    for root in roots[1:]:
        AnchoredStore(tmp_path, roots[0]).keep("root", root)
    assert AnchoredStore(tmp_path, roots[0]).recall("root") == roots[3]


def test_a_newer_image_goes_on_where_it_stands(tmp_path: Path) -> None:
    _, roots = rotated(3)
    store = AnchoredStore(tmp_path, roots[0])
    store.keep("root", roots[1])
    assert AnchoredStore(tmp_path, roots[2]).recall("root") == roots[2]
    store.keep("root", roots[2])
    store.keep("root", roots[3])
    assert AnchoredStore(tmp_path, roots[2]).recall("root") == roots[3]


@pytest.mark.parametrize("name", ["root", "1.root", "2.root"])
def test_a_root_that_somebody_lays_on_the_storage_counts_for_nothing(tmp_path: Path, name: str) -> None:
    _, roots = rotated(0)
    _, others = rotated(1)
    Store(tmp_path).keep(name, others[1] if name == "2.root" else others[0])
    assert AnchoredStore(tmp_path, roots[0]).recall("root") == roots[0]


def test_a_damaged_root_ends_what_follows(tmp_path: Path) -> None:
    _, roots = rotated(2)
    store = AnchoredStore(tmp_path, roots[0])
    store.keep("root", roots[1])
    store.keep("root", roots[2])
    (tmp_path / "2.root.json").write_bytes(roots[1][:-9])
    assert store.recall("root") == roots[0]


def test_an_image_whose_root_is_none_trusts_nobody(tmp_path: Path) -> None:
    with pytest.raises(TrustError):
        AnchoredStore(tmp_path, b"{}").recall("root")
