"""The card that an attacker plugs in."""

from pathlib import Path

from firmward.formats import gpt
from firmward.lab.challenge import Challenge
from firmward.lab.means.boot_card import PLACE, SCRIPT, SIZE, made, plugged

ASKED = Challenge(1 << 20, (1 << 20) + 7)


def test_it_has_one_partition_with_a_script_that_asks_the_challenge(tmp_path: Path) -> None:
    image = made(tmp_path, ASKED)
    data = image.read_bytes()
    assert len(data) == SIZE
    header = gpt.parse_header(data[512:1024])
    assert header is not None
    (partition,) = gpt.parse_table(data[1024 : 1024 + header.table_size], header)
    assert (partition.first * 512, (partition.last + 1) * 512) == (PLACE.start, PLACE.start + PLACE.size)
    assert ASKED.uboot.encode() in data[PLACE.start :]
    assert not ASKED.is_answered(data.decode("latin-1"))
    assert SCRIPT.encode() in data[PLACE.start :]


def test_it_is_made_once_for_both_devices(tmp_path: Path) -> None:
    first = made(tmp_path, ASKED)
    inode = first.stat().st_ino
    assert made(tmp_path, Challenge(2 << 20, 3 << 20)).stat().st_ino == inode


def test_the_machine_cannot_write_to_it(tmp_path: Path) -> None:
    assert "readonly=on" in " ".join(plugged(tmp_path / "card.img"))
