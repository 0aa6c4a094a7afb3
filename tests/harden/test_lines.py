"""Lines of a file keep what they are, and are found by what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.harden.draft import Draft, Refused
from firmward.harden.lines import Lines
from firmward.model.memory import MemoryTree


def lines(text: str | bytes) -> Lines:
    return Lines.of(Draft(MemoryTree({"file": text})), "file")


@given(st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line), max_size=12))
def test_what_is_not_changed_is_written_as_it_was(parts: list[bytes]) -> None:
    content = b"".join(part + b"\n" for part in parts)
    draft = Draft(MemoryTree({"file": content}))
    Lines.of(draft, "file").write()
    assert draft.read("file") == content


def test_a_last_line_without_an_end_gets_one() -> None:
    found = lines("a\nb")
    assert found.all == ["a", "b"]
    found.write()
    assert found._draft.text("file") == "a\nb\n"


@pytest.mark.parametrize(
    ("line", "index"),
    [(1, 0), (2, 0), (3, 3), (4, 3), (5, 3), (99, 5)],
)
def test_of_lines_alike_the_one_nearest_to_its_place_is_meant(line: int, index: int) -> None:
    assert lines("x\n1\n2\n x\n3\nx\n").find(line, "x ") == index


def test_a_line_that_is_gone_is_refused() -> None:
    with pytest.raises(Refused, match="does not have the line any more: y"):
        lines("x\n").find(1, "y")


@pytest.mark.parametrize("name", ["roo", "root:x", "", "#root"])
def test_a_record_is_known_by_its_whole_first_field(name: str) -> None:
    with pytest.raises(Refused, match="has no record of"):
        lines("root:x:0\nnocolon\n").record(name)


def test_a_record_is_found() -> None:
    assert lines("# comment\nroot:x:0\n").record("root") == 1


def test_a_file_that_is_not_there_is_refused_unless_it_may_begin() -> None:
    draft = Draft(MemoryTree({}))
    with pytest.raises(Refused, match="etc/none is not there"):
        Lines.of(draft, "etc/none")
    assert Lines.of(draft, "etc/none", absent="").all == []
