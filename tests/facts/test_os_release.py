"""os-release, as os-release(5) says."""

from datetime import date

from firmward.facts.collection import Collection
from firmward.facts.os_release import OsRelease
from firmward.model.memory import MemoryTree, link


def read(**files: str) -> OsRelease:
    found = Collection(MemoryTree({path.replace("_", "/"): text for path, text in files.items()})).get(OsRelease)
    assert isinstance(found, OsRelease)
    return found


def test_the_file_in_etc_goes_before_the_one_in_usr() -> None:
    tree = MemoryTree({"etc/os-release": "ID=own\n", "usr/lib/os-release": "ID=usr\n"})
    found = Collection(tree).get(OsRelease)
    assert isinstance(found, OsRelease)
    assert found.id == "own"


def test_a_link_from_etc_is_followed() -> None:
    tree = MemoryTree({"etc/os-release": link("../usr/lib/os-release"), "usr/lib/os-release": "ID=usr\n"})
    found = Collection(tree).get(OsRelease)
    assert isinstance(found, OsRelease)
    assert found.id == "usr"


def test_quotes_are_taken_off_and_the_last_assignment_counts() -> None:
    text = 'ID=first\nPRETTY_NAME="Board \\"X\\" 2"\nID=\'last\'\n#ID=comment\nID_LIKE="a b"\nIMAGE_VERSION=7\n'
    found = read(**{"etc_os-release": text})
    assert (found.id, found.name, found.like, found.image_version) == ("last", 'Board "X" 2', ("a", "b"), "7")


def test_a_day_that_is_none_is_told() -> None:
    assert read(**{"etc_os-release": "SUPPORT_END=2031-06-30\n"}).support_end == date(2031, 6, 30)
    unclear = read(**{"etc_os-release": "SUPPORT_END=next year\n"})
    assert (unclear.support_end, unclear.unclear) == (None, "next")


def test_rubbish_is_read_as_nothing() -> None:
    assert read(**{"etc_os-release": "\x00\xff=\n'''\nID='unclosed\n" + "X" * 100_000}).id == "unclosed"
