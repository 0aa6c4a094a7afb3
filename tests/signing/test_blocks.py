"""Deltas as the maker makes them: they make the target, and they are small where little has changed."""

import random
import shutil
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from delta_made import applied, delta_of
from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.formats.block_delta import RUN_LIMIT
from firmward.signing import blocks
from firmward.signing.blocks import KEY, LEAST, delta, matches

CHANCE = random.Random(3)
NOISE = CHANCE.randbytes(200_000)
WORDS = b" ".join(CHANCE.choice((b"alpha", b"beta", b"Reiner", b"neither", b"seiten", b"0")) for _ in range(30_000))
MATERIAL = (NOISE, WORDS, bytes(50_000), b"ei" * 3_000, b"\x05\x09" * 40, b"", b"x")
CUTS = st.tuples(st.integers(0, len(MATERIAL) - 1), st.integers(0, 250_000), st.integers(0, 250_000))


def joined(cuts: Sequence[tuple[int, int, int]]) -> bytes:
    return b"".join(MATERIAL[number][min(first, last) : max(first, last)] for number, first, last in cuts)


MADE = st.lists(CUTS, max_size=5).map(joined)


@given(MADE, MADE.filter(bool), st.floats(0, 1))
@settings(max_examples=150)
def test_any_target_is_made_of_any_base_and_from_any_place(base: bytes, target: bytes, place: float) -> None:
    made = delta_of(base, target)
    assert applied(base, made, len(target)) == target
    offset = int(place * len(target))
    assert applied(base, made, len(target), offset) == target[offset:]


@given(MADE, MADE)
@settings(max_examples=60)
def test_matches_are_the_same_in_both_and_as_long_as_they_can_be(base: bytes, target: bytes) -> None:
    found = list(matches(base, target))
    for one in found:
        end, last = one.at + one.length, one.offset + one.length
        assert target[one.at : end] == base[one.offset : last]
        assert one.length >= LEAST
        assert end == len(target) or last == len(base) or target[end] != base[last]
    assert all(before.at + before.length <= one.at for before, one in pairwise(found))


def test_what_was_moved_by_any_number_of_bytes_is_found() -> None:
    for moved in (1, 3, 511, 4097):
        made = delta_of(NOISE, CHANCE.randbytes(moved) + NOISE[:-moved])
        assert len(made) < moved + 100


def test_what_is_longer_than_a_run_is_cut() -> None:
    base, new = CHANCE.randbytes(2 * RUN_LIMIT + 7), CHANCE.randbytes(RUN_LIMIT + 7)
    assert applied(base, delta_of(base, new + base), len(new + base)) == new + base


def test_of_two_places_the_one_that_goes_on_is_taken() -> None:
    block = CHANCE.randbytes(5_000)
    base = block + NOISE[:50_000] + block + NOISE[50_000:]
    target = bytearray(base[5_000:])
    target[52_000] ^= 1
    assert len(list(matches(base, bytes(target)))) == 2


def test_noise_is_stored_and_text_is_made_smaller() -> None:
    noise, text = CHANCE.randbytes(300_000), b"".join(b"%d\n" % number for number in range(60_000))
    assert len(noise) < len(delta_of(b"", noise)) < len(noise) + 100
    assert len(delta_of(b"", text)) < len(text) / 3


def test_a_delta_that_would_be_larger_than_wanted_is_none() -> None:
    target = CHANCE.randbytes(500_000)
    size = len(delta_of(NOISE, target))
    assert delta(NOISE, target, size) is not None
    assert delta(NOISE, target, size - 1) is None
    asked: list[float] = []
    assert delta(NOISE, target, 1000, asked.append) is None
    assert asked == [0.0], "nothing more is made of it"


def test_an_index_keeps_the_longest_matches_where_it_cannot_hold_all(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [NOISE[at : at + 1_000 + at // 20] for at in range(0, 100_000, 5_000)]
    target = b"".join(part + CHANCE.randbytes(10) for part in parts)
    monkeypatch.setattr(blocks, "MATCHES_LIMIT", 5)
    made = delta_of(NOISE, target)
    assert applied(NOISE, made, len(target)) == target
    assert len(made) < sum(map(len, parts[:-5])) + 20 * 10 + 500


def test_the_most_matches_that_are_kept_fit_into_an_index() -> None:
    """Each with something before it, in the largest target, cut into runs and chunks."""
    runs = 2 * blocks.MATCHES_LIMIT + 1 + blocks.SIZE_LIMIT // RUN_LIMIT
    chunks = blocks.SIZE_LIMIT // blocks.CHUNK + 1
    assert runs * 16 + chunks * 4 <= 1 << 20


def test_keys_are_found_in_noise_and_in_text_and_not_in_empty_space() -> None:
    def each(data: bytes) -> float:
        return len(data) / max(len(blocks._ANCHOR.findall(data)), 1)

    assert 200 < each(NOISE) < 320
    assert each(Path(blocks.__file__).read_bytes()) < 2_000
    assert not blocks._ANCHOR.findall(bytes(10_000) + b"\xff" * 10_000)
    assert KEY < LEAST


@pytest.mark.skipif(shutil.which("mksquashfs") is None, reason="mksquashfs is not installed")
def test_a_file_system_with_one_changed_file_costs_little_more_than_its_block(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    for number in range(30):
        (root / f"program-{number:02}").write_bytes(CHANCE.randbytes(70_000) * 2)
    (root / "etc").mkdir()
    images = []
    for version in ("1.4.0", "1.4.1 of the twenty-second"):
        (root / "etc/os-release").write_text(f"VERSION={version}\n")
        image = tmp_path / f"{len(images)}.squashfs"
        command = ["mksquashfs", root, image, "-quiet", "-no-progress", "-comp", "xz", "-all-time", "1"]
        subprocess.run(command, check=True, capture_output=True)
        images.append(image.read_bytes())
    made = delta_of(*images)
    assert len(images[1]) > 2_000_000
    assert len(made) < 5_000
    assert applied(images[0], made, len(images[1])) == images[1]
