"""The program that needs nothing below it: it runs on a machine that has nothing else."""

import shutil
import time
from pathlib import Path

import pytest

from firmward.lab.board import virtual
from firmward.lab.challenge import Challenge
from firmward.lab.machine import Machine, program
from firmward.lab.means import bare_program
from firmward.lab.serial_log import SerialLog

SERIAL = 0x9000000
BOARD = virtual("qemu-arm64")


@pytest.mark.skipif(shutil.which(BOARD.program) is None, reason=f"{BOARD.program} missing")
@pytest.mark.parametrize("factors", [(1 << 20, 1 << 20), ((1 << 24) - 1, (1 << 24) - 3), (0xABCDEF, 0x123457)])
def test_it_multiplies_with_nothing_below_it(factors: tuple[int, int], tmp_path: Path) -> None:
    asked = Challenge(*factors)
    kernel = tmp_path / "kernel"
    kernel.write_bytes(bare_program.as_kernel(asked, SERIAL))
    options = ("-nodefaults", "-nographic", "-serial", "stdio", "-kernel", str(kernel))
    said, limit = "", time.monotonic() + 60
    with Machine((program(BOARD), *BOARD.arguments, *options), SerialLog()) as machine:
        while not asked.is_answered(said) and time.monotonic() < limit:
            said += machine.hear(0.2).serial.decode("ascii", "replace")
    assert said == f"{factors[0] * factors[1]:016x}"


def test_it_holds_no_product() -> None:
    asked = Challenge(0xABCDEF, 0x123457)
    made = bare_program.as_kernel(asked, SERIAL)
    product = asked.first * asked.second
    for form in (product.to_bytes(8, "little"), product.to_bytes(8, "big"), *(one.encode() for one in asked.answers)):
        assert form not in made
