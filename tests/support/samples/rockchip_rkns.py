from collections.abc import Iterator
from pathlib import Path

from rom import CODE, rockchip_image


def samples(folder: Path) -> Iterator[bytes]:
    yield rockchip_image.id_block(folder, "rk3568")
    yield rockchip_image.id_block(folder, "rk3568", boot=CODE)
    yield rockchip_image.signed_rkns(folder)
