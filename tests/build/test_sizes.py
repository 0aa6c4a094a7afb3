"""Sizes of partitions: how they are written, and what is chosen where they are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.build import sizes
from firmward.build.built import BOOT, DATA, ROOT
from firmward.build.sizes import MIB
from firmward.model.errors import InputError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1M", MIB), ("128M", 128 * MIB), ("2G", 2048 * MIB), ("2 GiB", 2048 * MIB), ("64MB", 64 * MIB),
        ("1048576", MIB), ("2048K", 2 * MIB), (" 16M ", 16 * MIB),
    ],
)  # fmt: skip
def test_sizes_are_units_of_1024(text: str, size: int) -> None:
    assert sizes.parse(text, "slot_size") == size


@pytest.mark.parametrize(
    "text",
    ["", "M", "0", "0M", "-1M", "1.5M", "1T", "1000", "1500K", "4096G", "12 34M", "1m", "0x10M", "9" * 30, "²M"],
)
def test_what_is_no_size_is_refused_by_its_key(text: str) -> None:
    with pytest.raises(InputError, match=r"^\[build\] slot_size: "):
        sizes.parse(text, "slot_size")


@given(st.sampled_from((BOOT, ROOT, DATA)), st.integers(0, 1 << 33))
def test_without_a_size_the_content_may_double(purpose: str, content: int) -> None:
    found = sizes.room(purpose, None, content)
    assert found % (16 * MIB) == 0
    assert found >= 2 * content
    assert found < max(2 * content, 48 * MIB) + 16 * MIB + 1


def test_data_have_room_even_when_there_are_none() -> None:
    assert sizes.room(DATA, None, 0) == 64 * MIB


def test_what_was_declared_counts_as_long_as_the_content_fits() -> None:
    assert sizes.room(ROOT, 12 * MIB, 12 * MIB) == 12 * MIB
    with pytest.raises(InputError) as told:
        sizes.room(ROOT, 12 * MIB, 12 * MIB + 1)
    assert str(told.value) == (
        "[build] slot_size: the root file system has 12582913 bytes, the slot 12582912; make it at least 13M, "
        "better twice that"
    )
    with pytest.raises(InputError, match=r"\[build\] boot_size: the signed kernel has 2097153 bytes"):
        sizes.room(BOOT, MIB, 2 * MIB + 1)
