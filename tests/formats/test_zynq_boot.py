"""Boot images of Zynq as mkimage makes them."""

from collections.abc import Callable
from pathlib import Path

import pytest
import samples
from rom import CODE, changed, xilinx

from firmward.formats import zynq_boot
from firmward.formats.malformed import Malformed
from firmward.formats.rom_image import Signed


def parsed(data: bytes) -> zynq_boot.Image:
    return zynq_boot.parse(lambda offset, length: data[offset : offset + length], len(data))


@pytest.mark.parametrize("make", [xilinx.zynq, xilinx.zynqmp, xilinx.partitions])
def test_the_first_stage_lies_where_the_header_says(make: Callable[[Path], bytes], tmp_path: Path) -> None:
    try:
        data = make(tmp_path)
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    image = parsed(data)
    assert data[image.first.offset : image.first.offset + len(CODE)] == CODE
    assert image.ultrascale is (make is not xilinx.zynq)
    assert image.signing.signed is Signed.NO
    assert not image.is_encrypted
    with pytest.raises(Malformed, match="checksum"):
        parsed(changed(data, 0x30))


def test_partitions_are_followed_by_their_links(tmp_path: Path) -> None:
    try:
        data = xilinx.partitions(tmp_path)
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    image = parsed(data)
    assert [data[one.offset : one.offset + one.size] for one in image.payloads] == [CODE, CODE[::-1]]
