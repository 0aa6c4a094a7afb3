"""A word goes onto a command line and off it again, and every other word stays as it is written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.boot_arguments import arguments
from firmward.harden.draft import Refused
from firmward.harden.words import is_written, removing, setting

SETTINGS = (
    ("ro quiet", "lockdown=integrity", "ro quiet lockdown=integrity"),
    ("", "lockdown=integrity", "lockdown=integrity"),
    ("ro lockdown=none quiet", "lockdown=integrity", "ro lockdown=integrity quiet"),
    ("pti=off ro pti=auto", "pti=on", "pti=on ro"),
    ("ro lockdown=integrity", "lockdown=integrity", "ro lockdown=integrity"),
    ("ro -- single", "pti=on", "ro pti=on -- single"),
    ("page-alloc.shuffle=0 ro", "page_alloc.shuffle=1", "page_alloc.shuffle=1 ro"),
    ('dyndbg="file a.c +p" ro', "pti=on", 'dyndbg="file a.c +p" ro pti=on'),
    ("my.pti=off", "pti=on", "my.pti=off pti=on"),
)
REMOVALS = (
    ("ro nokaslr quiet", "nokaslr", "ro quiet"),
    ("nokaslr", "nokaslr", ""),
    ("nokaslr ro", "nokaslr", "ro"),
    ("ro nokaslr", "nokaslr", "ro"),
    ("rw a rw", "rw", "a"),
    ("console=ttyS0,115200 console=tty1", "console=ttyS0,115200", "console=tty1"),
    ("ima-appraise=off ro", "ima_appraise=off", "ro"),
    ('kgdboc="ttyS0" ro', "kgdboc=ttyS0", "ro"),
    ("ro -- single", "single", "ro -- single"),
    ("nokaslr2 ro=1", "ro", "nokaslr2 ro=1"),
    ("ro\tnokaslr  quiet", "nokaslr", "ro  quiet"),
)


@pytest.mark.parametrize(("before", "word", "after"), SETTINGS)
def test_a_word_is_said_once_in_the_place_of_its_parameter(before: str, word: str, after: str) -> None:
    assert setting(word)([before]) == [after]


@pytest.mark.parametrize(("before", "word", "after"), REMOVALS)
def test_a_word_goes_as_it_stands_there(before: str, word: str, after: str) -> None:
    assert removing(word)([before]) == [after]


def test_pieces_of_one_line_are_one_line() -> None:
    assert setting("pti=on")(["ro", "pti=off quiet"]) == ["ro", "pti=on quiet"]
    assert setting("pti=on")(["ro", "quiet"]) == ["ro pti=on", "quiet"]
    assert setting("pti=on")(["pti=off", "pti=auto quiet"]) == ["pti=on", "quiet"]
    assert setting("pti=on")([]) == []


@pytest.mark.parametrize("word", ["a b", 'a="', "a;b", "$a", "a`b`", "", "a\nb", "-a", "a'b", "a&b", "a\\b", "a(b)"])
def test_no_word_touches_what_a_shell_reads(word: str) -> None:
    with pytest.raises(Refused):
        setting(word)


@pytest.mark.parametrize("word", ["", "a\n+init=/bin/sh", "a\x1b[2J", "a" * 5000])
def test_no_word_of_an_image_is_told_as_two(word: str) -> None:
    with pytest.raises(Refused):
        removing(word)


def test_what_is_too_long_to_be_known_is_refused() -> None:
    with pytest.raises(Refused):
        removing("ro")(["a " * 20_000])


WORD = st.from_regex(r"[a-z][a-z_.-]{0,6}(=[a-z0-9,]{0,5})?", fullmatch=True)


@given(st.lists(WORD, max_size=8), WORD)
def test_others_stay_and_twice_is_once(others: list[str], word: str) -> None:
    name = arguments(word)[0].name
    kept = [one for one in arguments(" ".join(others)) if one.name != name]
    (once,) = setting(word)([" ".join(others)])
    assert [one for one in arguments(once) if one.name != name] == kept
    assert is_written(word, once)
    assert setting(word)([once]) == [once]
    (gone,) = removing(word)([once])
    assert not is_written(word, gone)
    assert list(arguments(gone)) == kept
