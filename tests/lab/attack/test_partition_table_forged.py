"""The table that an attacker writes."""

import pytest

from firmward.build.built import Partition
from firmward.formats import gpt
from firmward.lab.attack.partition_table_forged import ENDLESS, forged
from firmward.lab.attacks import Unseen

MIB = 1 << 20
TRUE = (
    Partition("state", MIB, MIB),
    Partition("boot_a", 2 * MIB, 4 * MIB),
    Partition("boot_b", 6 * MIB, 4 * MIB),
    Partition("data", 10 * MIB, 5 * MIB),
)
SIZE = 16 * MIB


def read(table: bytes, header: bytes) -> list[tuple[str, int, int]]:
    found = gpt.parse_header(header)
    assert found is not None
    assert gpt.table_holds(table, found)
    return [(one.name, one.first * 512, one.last) for one in gpt.parse_table(table, found)]


def test_both_copies_hold_and_his_places_come_first() -> None:
    made = forged(TRUE, SIZE)
    first = read(made.start[1024:], made.start[512:1024])
    second = read(made.end[:-512], made.end[-512:])
    assert first == second
    assert [name for name, _, _ in first] == ["boot_a", "boot_b", "state", "boot_a", "boot_b", "data"]
    assert [start for _, start, _ in first[:2]] == [10 * MIB, 10 * MIB]
    assert first[1][2] > ENDLESS // 512 - 1


def test_the_true_places_stay_behind_them() -> None:
    made = forged(TRUE, SIZE)
    kept = read(made.start[1024:], made.start[512:1024])[2:]
    assert kept == [(one.name, one.start, (one.start + one.size) // 512 - 1) for one in TRUE]


def test_without_a_place_for_his_kernel_nothing_can_be_told() -> None:
    with pytest.raises(Unseen, match="no partition data"):
        forged(TRUE[:-1], SIZE)
