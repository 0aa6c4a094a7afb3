"""How much of a disk the twin's boot loader reads is what its environment says, and an attacker writes that."""

import pytest

from firmward.formats import uboot_env
from firmward.formats.malformed import Malformed
from firmward.lab.board import virtual
from firmward.lab.means.fit import that_reads
from firmward.lab.plain import twin
from firmward.lab.plain.environment import environment

STOCK = virtual("qemu-arm64").stock


def variables(flash: bytes) -> dict[str, str]:
    return dict(uboot_env.parse(lambda offset, length: flash[offset : offset + length]).variables)


@pytest.mark.parametrize(("size", "sectors"), [(512, 1), (513, 2), (20 << 20, 40960)])
def test_it_reads_as_much_as_the_attacker_has_put_there_and_is_the_same_else(size: int, sectors: int) -> None:
    before = environment(twin._variables(STOCK, 0x43000000, 4096, "ttyAMA0"), STOCK.environment_size)
    after = that_reads(before, size)
    assert len(after) == len(before)
    expected = twin._variables(STOCK, 0x43000000, sectors * 512, "ttyAMA0")
    assert variables(after) == expected


def test_an_environment_that_reads_nothing_is_told() -> None:
    with pytest.raises(Malformed):
        that_reads(environment({"bootcmd": "bootm"}, 4096), 512)
