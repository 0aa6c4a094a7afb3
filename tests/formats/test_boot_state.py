"""The state partition; U-Boot's own reading is compared in tests/build/uboot/test_boot_script.py."""

import subprocess
import zlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import find_program, run_program

from firmward.formats import boot_state
from firmward.formats.boot_state import REQUEST, SECTOR, SIZE, Records, Request, State

STATES = st.builds(
    State,
    st.integers(1, boot_state.SEQ_LIMIT - 1),
    st.sampled_from("ab"),
    st.sampled_from(("", "a", "b")),
    st.integers(0, 3),
    st.integers(0, 3),
    st.booleans(),
    st.booleans(),
)
REQUESTS = st.builds(Request, st.sampled_from((None, "a", "b")), st.sampled_from((None, "a", "b")))
GOOD = {"seq": "9", "active": "b", "last": "b", "a_left": "2", "b_left": "2", "a_good": "1", "b_good": "0"}


def copy(text: str | bytes) -> bytes:
    data = (text.encode("latin-1") if isinstance(text, str) else text).ljust(SECTOR - 4, b"\0")
    return zlib.crc32(data).to_bytes(4, "little") + data


def of(values: dict[str, str]) -> bytes:
    return copy("".join(f"{name}={value}\0" for name, value in values.items()))


@given(st.tuples(st.none() | STATES, st.none() | STATES), REQUESTS)
def test_what_is_written_is_read(copies: tuple[State | None, State | None], request: Request) -> None:
    records = Records(copies, request)
    assert len(records.to_bytes()) == SIZE
    assert boot_state.parse(records.to_bytes()) == records


@given(st.binary(max_size=SIZE + 9))
def test_any_bytes_are_answered(data: bytes) -> None:
    found = boot_state.parse(data)
    assert found.state is None
    assert found.request.good in (None, "a", "b")


@given(STATES, st.integers(0, SECTOR * 8 - 1))
def test_a_copy_with_one_bit_changed_does_not_count(state: State, bit: int) -> None:
    data = bytearray(state.to_bytes())
    data[bit // 8] ^= 1 << bit % 8
    assert boot_state.parse_copy(bytes(data)) is None


@given(STATES, STATES)
def test_the_higher_number_counts_and_the_first_of_equals(first: State, second: State) -> None:
    chosen = boot_state.choose(first, second)
    assert chosen is (second if second.seq > first.seq else first)
    assert boot_state.choose(None, second) is second
    assert boot_state.choose(first, None) is first
    assert boot_state.choose(None, None) is None


@pytest.mark.parametrize("value", ["", "0", "01", "0x9", "9 ", "A", "g", "-1", "f0000000", "100000009", "9" * 400])
def test_a_number_counts_in_the_one_way_it_is_written(value: str) -> None:
    assert boot_state.parse_copy(of({**GOOD, "seq": value})) is None
    assert boot_state.parse_copy(of({**GOOD, "seq": "efffffff"})) == State(0xEFFFFFFF, "b", "b", 2, 2, a_good=True)


@pytest.mark.parametrize("name", [name for name in GOOD if name != "last"])
def test_a_value_that_is_none_makes_the_copy_none(name: str) -> None:
    assert boot_state.parse_copy(of(GOOD)) is not None
    for value in ("", "c", "4", "-1", "a;b", "aa", "\x04"):
        expected = State(4, "b", "b", 2, 2, a_good=True) if (name, value) == ("seq", "4") else None
        expected = State(0xC, "b", "b", 2, 2, a_good=True) if (name, value) == ("seq", "c") else expected
        expected = State(0xAA, "b", "b", 2, 2, a_good=True) if (name, value) == ("seq", "aa") else expected
        assert boot_state.parse_copy(of({**GOOD, name: value})) == expected
    assert boot_state.parse_copy(of({key: value for key, value in GOOD.items() if key != name})) is None


def test_a_last_slot_that_is_none_is_as_if_nothing_was_started() -> None:
    for value in ("", "c", "ab", "$x"):
        found = boot_state.parse_copy(of({**GOOD, "last": value}))
        assert found is not None
        assert found.last == ""


def test_the_first_value_of_a_name_counts_and_others_are_passed_over() -> None:
    words = "".join(f"{name}={value}\0" for name, value in GOOD.items())
    plain = boot_state.parse_copy(copy(words))
    assert boot_state.parse_copy(copy(f"bootcmd=x\0# a\0 \t{words}active=a\0bare\0")) == plain
    assert boot_state.parse_copy(copy(f"active=\0{words}")) is None
    assert boot_state.parse_copy(copy(f"=x\0{words}")) is None
    assert boot_state.parse_copy(copy(f"first=1\0\0{words}")) is None


@pytest.mark.parametrize(
    ("text", "request_"),
    [
        (b"good=a\nactive=b\n", Request("a", "b")),
        (b"active=b", Request(None, "b")),
        (b"good=a\n\n\nactive=a\n\0active=b\n", Request("a", "a")),
        (b"good=a\ngood=b\n", Request("a")),
        (b"good=c\nactive=a;b\n", Request()),
        (b"good=\\a\n", Request("a")),
        (b"good=a\r\n", Request()),
        (b"\xff" * SECTOR, Request()),
        (b"", Request()),
    ],
)
def test_a_request_says_what_its_lines_say(text: bytes, request_: Request) -> None:
    assert boot_state.parse(bytes(REQUEST) + text).request == request_


def test_a_new_disk_starts_with_slot_a_and_two_copies() -> None:
    records = boot_state.fresh()
    assert records.state == State(2, "a", "", 3, 3)
    assert None not in records.copies


@pytest.mark.skipif(find_program("mkenvimage") is None, reason="mkenvimage is missing")
def test_a_copy_is_what_mkenvimage_makes(tmp_path: Path) -> None:
    state = State(0x1F, "b", "a", 1, 2, b_good=True)
    data = state.to_bytes()
    lines = data[4:].rstrip(b"\0").replace(b"\0", b"\n") + b"\n"
    (tmp_path / "text").write_bytes(lines)
    command = ["mkenvimage", "-s", str(SECTOR), "-p", "0", "-o", "OUT", "text"]
    done: subprocess.CompletedProcess[bytes] = run_program(command, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "OUT").read_bytes() == data
