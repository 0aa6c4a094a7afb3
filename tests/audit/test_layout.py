"""The layout of an image, to scale, whatever a report says of it."""

from hypothesis import given
from hypothesis import strategies as st

from firmward.audit.html import layout_maps
from firmward.audit.layout import LEVELS, enlarged, media
from firmward.model.report import Blank, Fill, Part, Role

TOP = Part("i", "gpt", size=1000)


def test_parts_stand_where_they_lie() -> None:
    (medium,) = media((TOP, Part("i/a", "fat", "i", 100, 300), Part("i/a/b", "x", "i/a", 50, 100)))
    assert [(box.part.id, box.start, box.size, box.level) for box in medium.boxes] == [
        ("i/a", 100, 300, 0),
        ("i/a/b", 150, 100, 1),
    ]


def test_what_was_expanded_has_a_map_of_its_own() -> None:
    parts = (Part("i", "gzip", size=10), Part("i/d", "gpt", "i", None, 500), Part("i/d/a", "fat", "i/d", 0, 100))
    assert [(medium.part.id, medium.size) for medium in media(parts)] == [("i", 10), ("i/d", 500)]


def test_one_part_is_a_map() -> None:
    (medium,) = media((Part("i", "unknown", size=9),))
    assert [(box.start, box.size) for box in medium.boxes] == [(0, 9)]


def test_a_folder_has_none() -> None:
    assert media((Part("i", "folder"), Part("i/f", "elf", "i", None, 5))) == ()


def test_parts_too_small_to_be_seen_are_enlarged() -> None:
    small = tuple(Part(f"i/{number}", "x", "i", number, 1) for number in range(5))
    (medium,) = media((TOP, *small, Part("i/big", "y", "i", 500, 500)))
    (piece,) = enlarged(medium)
    assert (piece.start, piece.size, len(piece.boxes)) == (0, 5, 5)


def test_thousands_of_parts_are_drawn_in_time_and_those_left_out_are_told() -> None:
    blank = tuple(Blank(number, 1, Fill.ZERO) for number in range(64))
    parts = [Part("i", "raw", size=4096 * 100)]
    parts += [Part(f"i/{number}", "unknown", "i", number * 100, 90, blank=blank) for number in range(4096)]
    one = layout_maps(parts)[0]
    assert one.title.endswith("without 3096 small parts")


def test_a_part_outside_its_medium_is_cut_or_left_out() -> None:
    (medium,) = media((TOP, Part("i/a", "x", "i", 900, 300), Part("i/b", "x", "i", 2000, 5)))
    assert [(box.start, box.size) for box in medium.boxes] == [(900, 100)]


def test_never_written_is_drawn_where_no_part_lies() -> None:
    parts = (
        Part("i", "gpt", size=1000, blank=(Blank(500, 500, Fill.ERASED),)),
        Part("i/a", "unknown", "i", 0, 400, blank=(Blank(100, 50, Fill.ZERO),)),
    )
    (one,) = layout_maps(parts)
    found = {cell.look: (cell.x, cell.width, cell.level) for cell in one.cells if cell.part is None}
    assert found == {"erased": (50.0, 50.0, 0), "zero": (10.0, 5.0, 0)}


NUMBERS = st.integers(0, 1 << 70) | st.integers(0, 2000) | st.none()
BLANKS = st.builds(Blank, st.integers(0, 1 << 70), st.integers(1, 1 << 70), st.sampled_from(Fill))
NAMES = st.sampled_from(["i", "i/a", "i/a/b", "i/a/b/c", "i/d", "x", "x/a"])
PARTS = st.lists(
    st.builds(
        Part,
        NAMES,
        st.sampled_from(["raw", "unknown", "fat"]),
        NAMES | st.none(),
        NUMBERS,
        NUMBERS,
        role=st.sampled_from(Role),
        blank=st.lists(BLANKS, max_size=3).map(tuple),
    ),
    max_size=12,
)


@given(PARTS)
def test_any_report_gives_a_map_in_bounds(parts: list[Part]) -> None:
    for one in layout_maps(parts):
        for cell in one.cells:
            assert 0 <= cell.x <= 100
            assert cell.width >= 0
            assert cell.x + cell.width <= 100.01
            assert 0 <= cell.level < one.levels <= LEVELS
