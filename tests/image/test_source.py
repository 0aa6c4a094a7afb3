import re
from pathlib import Path

from firmward.image.source import SEEN, open_file

SMALL = 4096
"""Bytes of a piece, as a file system's reader asks for them."""


def resident(path: Path) -> int:
    """Bytes of a mapped file that count as this process's memory."""
    maps = Path("/proc/self/smaps").read_text(encoding="utf-8", errors="replace")
    found = re.search(rf"{re.escape(str(path))}\n(?:\w+: .*\n)*?Rss: +(\d+) kB", maps)
    return int(found[1]) << 10 if found else 0


def test_many_small_pieces_of_a_large_file_do_not_add_up_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "image"
    size = 4 * SEEN
    path.write_bytes(bytes(range(256)) * (size // 256))
    source = open_file(path)
    for offset in range(0, size, SMALL):
        assert source.read(offset, SMALL)[:2] == b"\x00\x01"
    assert resident(path) <= SEEN + (1 << 20)
