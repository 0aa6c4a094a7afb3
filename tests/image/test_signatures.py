"""The search for magics: what is found does not depend on the engine, nor on where a piece ends."""

import gzip
import random
from pathlib import Path

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from firmward.image import carve, catalogue
from firmward.image.budget import Budget
from firmward.image.signatures import HITS, OneByOne, Signatures, Together
from firmward.image.source import Bytes, open_file

MAGICS = (b"hsqs", b"hs", b"\x53\xef", b"UBI#", b"\0\0\0\x01", b"\n.*", b"aba")
ENGINES = (Together, OneByOne)

pieces = st.lists(st.sampled_from([*MAGICS, b"\0", b"h", b"ab", b"a", b"\xff" * 9, b"\n"]), max_size=60).map(b"".join)


def every_place(data: bytes) -> list[tuple[int, int]]:
    return sorted(
        (place, index)
        for index, magic in enumerate(MAGICS)
        for place in range(len(data))
        if data.startswith(magic, place)
    )


@pytest.mark.parametrize("engine", ENGINES)
@given(data=pieces)
def test_every_place_of_every_magic_is_found(engine: type[Signatures], data: bytes) -> None:
    assert engine(MAGICS).find(data) == every_place(data)  # type: ignore[call-arg]


@pytest.mark.parametrize("engine", ENGINES)
def test_bytes_made_of_magics_cost_no_memory(engine: type[Signatures]) -> None:
    assert HITS <= len(engine(MAGICS).find(b"hs" * (1 << 20))) < HITS + len(MAGICS)  # type: ignore[call-arg]


def gzip_like(size: int) -> bytes:
    return gzip.compress(random.Random(size).randbytes(size))


@pytest.mark.parametrize("shift", [-40_000, -1000, -3, -1, 0, 1])
def test_a_part_is_found_wherever_a_piece_of_the_search_ends(shift: int, tmp_path: Path) -> None:
    path = tmp_path / "dump"
    place = 2 * carve.PIECE + shift
    path.write_bytes(b"\xfe" * place + gzip_like(5000) + b"\xfe" * carve.PIECE)
    assert [one.offset for one in carve.carve(open_file(path), Budget())] == [place]


def test_a_part_whose_first_bytes_are_the_last_zeros_of_a_piece_is_found(tmp_path: Path) -> None:
    (image, *_) = samples.samples("ext", tmp_path)
    place = 2 * carve.PIECE - 1024
    dump = bytes(place) + image
    assert [one.offset for one in carve.carve(Bytes(dump), Budget())] == [place]


@pytest.mark.parametrize(("name", "zeros"), [("ext", 1024), ("iso9660", 32 << 10)])
def test_a_part_that_begins_in_the_hole_of_a_sparse_file_is_found(name: str, zeros: int, tmp_path: Path) -> None:
    """An ext begins with 1,024 bytes of zeros, an ISO with 32 KiB: holes, when a tool wrote them."""
    try:
        image = next(iter(samples.samples(name, tmp_path)))
    except samples.NoProgramError as error:
        pytest.skip(str(error))
    assert not image[:zeros].strip(b"\0")
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(3 << 20)
        file.seek(1 << 20)
        file.seek((1 << 20) + zeros)
        file.write(image[zeros:])
        file.truncate(64 << 20)
    found = list(carve.carve(open_file(path), Budget()))
    assert [(one.kind.name, one.offset) for one in found] == [(name, 1 << 20)]


@pytest.mark.parametrize(("size", "count"), [(10, 0), (5000, 1)])
def test_what_is_too_small_to_be_a_part_is_passed_over(size: int, count: int) -> None:
    dump = b"\xfe" * 3000 + gzip_like(size) + b"\xfe" * 3000
    assert len(list(carve.carve(Bytes(dump), Budget()))) == count


def test_a_dump_made_of_magics_ends_and_says_so() -> None:
    magics = [magic.data for kind in catalogue.kinds() if kind.carve for magic in kind.magics]
    budget = Budget()
    list(carve.carve(Bytes(b"".join(magics) * 5_000), budget))
    assert any("signatures" in reason for reason in budget.exhausted)
