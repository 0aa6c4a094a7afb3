from collections.abc import Iterator
from pathlib import Path

from yaffs2_image import FILE, FIRST, FOLDER, SYMLINK, Image

from samples import FILES


def samples(folder: Path) -> Iterator[bytes]:
    for page, spare, order, tags in ((2048, 64, "<", 0), (2048, 64, ">", 2), (512, 16, "<", 0), (4096, 128, ">", 0)):
        yield small(Image(page, spare, order, tags))


def small(image: Image) -> bytes:
    image.root()
    numbers = {"": 1}
    number = FIRST
    for path, content in FILES.items():
        steps = path.split("/")
        for depth in range(1, len(steps)):
            inner = "/".join(steps[:depth])
            if inner not in numbers:
                numbers[inner] = number
                parent = numbers["/".join(steps[: depth - 1])]
                image.header(number, FOLDER, parent, steps[depth - 1].encode(), mode=0o40755)
                number += 1
        parent = numbers["/".join(steps[:-1])]
        image.header(number, FILE, parent, steps[-1].encode(), mode=0o100644, size=len(content))
        image.content(number, content)
        number += 1
    image.header(number, SYMLINK, numbers["bin"], b"sh", mode=0o120777, target=b"tool")
    return bytes(image.data)
