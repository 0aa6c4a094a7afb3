import random
from collections.abc import Iterator
from pathlib import Path

from samples import run

FAST = ("-q", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000")


def samples(folder: Path) -> Iterator[bytes]:
    """The payload is noise, as what a key makes of a file system."""
    for version, head in (("luks1", 2 << 20), ("luks2", 16 << 20)):
        image = folder / version
        image.write_bytes(bytes(head) + random.Random(7).randbytes(300_000))
        run("cryptsetup", "luksFormat", *FAST, "--type", version, image, feed=b"correct horse")
        yield image.read_bytes()
