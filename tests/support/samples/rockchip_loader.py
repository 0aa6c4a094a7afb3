from collections.abc import Iterator
from pathlib import Path

from rom import rockchip_image


def samples(_: Path) -> Iterator[bytes]:
    yield rockchip_image.loader()
    yield rockchip_image.loader(later=False)
    yield rockchip_image.loader(b"TOS     ", signature=b"s" * 256)
