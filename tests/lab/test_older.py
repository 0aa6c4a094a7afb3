"""An older build is of use when a device refuses it for its age alone."""

from dataclasses import replace
from pathlib import Path

import pytest
from played_pair import tiny_build

from firmward.build import built
from firmward.build.built import Built
from firmward.lab.older import unfit


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built.read(tiny_build(tmp_path_factory.mktemp("built") / "out", rollback_index=7))


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"rollback_index": 6}, None),
        ({"rollback_index": 6, "version": "1.3.0", "root_hash": "00"}, None),
        ({"rollback_index": 0, "product": "lock"}, "it is of lock, and this is camera"),
        ({"rollback_index": 0, "product": "lock\x1b[2J"}, "it is of lock?[2J, and this is camera"),
        ({"rollback_index": 0, "board": "imx6ull"}, "it is for imx6ull (verity), and this is for qemu-arm64 (verity)"),
        ({"rollback_index": 0, "boot_key": "ab" * 32}, "another key signed it: abababababababab, and here it was 5eed"),
        ({"rollback_index": 7}, "it is not older: its rollback index is 7, and here it is 7"),
        ({"rollback_index": 8}, "it is not older: its rollback index is 8, and here it is 7"),
    ],
)
def test_what_is_refused_for_another_reason_shows_nothing(
    newer: Built, other: dict[str, object], why: str | None
) -> None:
    found = unfit(replace(newer, **other), newer)  # type: ignore[arg-type]
    assert found == why or (why is not None and found is not None and found.startswith(why))


def test_the_folder_of_a_build_is_read(tmp_path: Path, newer: Built) -> None:
    past = tiny_build(tmp_path / "past", rollback_index=6, boot_key="ab" * 32)
    assert "another key signed it" in (unfit(built.read(past), newer) or "")
