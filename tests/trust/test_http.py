"""HTTP/1.1 without a line: what is asked, and what answers say, in whatever pieces they come."""

import io
import itertools
import socket
import sys
from http.client import HTTPResponse
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.malformed import Malformed
from firmward.trust.http import AROUND_LIMIT, FIELDS_LIMIT, Answer, Head, request

OK = b"HTTP/1.1 200 OK\r\n"
SOUND = {
    "a length": (OK + b"Content-Length: 7\r\n\r\ncontent", b"content", Head(200, 7, False, True)),
    "nothing": (OK + b"content-length:0\r\n\r\n", b"", Head(200, 0, False, True)),
    "no reason": (b"HTTP/1.1 404\r\nContent-Length: 2\r\n\r\nno", b"no", Head(404, 2, False, True)),
    "no more after it": (OK + b"Connection: x, Close\r\nContent-Length: 1\r\n\r\na", b"a", Head(200, 1, False, False)),
    "an old server": (b"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", b"a", Head(200, 1, False, False)),
    "an old one that stays": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na",
        b"a",
        Head(200, 1, False, True),
    ),
    "chunks": (
        OK + b"Transfer-Encoding: Chunked\r\n\r\n3\r\ncon\r\n004 \t;a=b\r\ntent\r\n0\r\nX: y\r\n\r\n",
        b"content",
        Head(200, None, True, True),
    ),
    "a large chunk": (
        OK + b"Transfer-Encoding: chunked\r\n\r\nFFFF\r\n" + b"x" * 65535 + b"\r\n0\r\n\r\n",
        b"x" * 65535,
        Head(200, None, True, True),
    ),
    "words in between": (
        b"HTTP/1.1 103 Early Hints\r\nContent-Length: 3\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
        + OK
        + b"Content-Length: 1\r\n\r\na",
        b"a",
        Head(200, 1, False, True),
    ),
    "no content by its nature": (b"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", b"", Head(304, 0, False, True)),
    "odd fields": (
        OK + b"X!#$%&'*+-.^_`|~9: \xff\r\nContent-Length:  1\t\r\nServer:\r\n\r\na",
        b"a",
        Head(200, 1, False, True),
    ),
}
BROKEN = {
    "another protocol": b"SSH-2.0-OpenSSH\r\n",
    "another version": b"HTTP/2.0 200 OK\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n",
    "a status that is a number in words": b"HTTP/1.1 +20 OK\r\n",
    "a status below all": b"HTTP/1.1 099 OK\r\n",
    "a change of protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
    "a line feed alone": b"HTTP/1.1 200 OK\nContent-Length: 1\n\na",
    "a line feed alone, and nothing else to hold against it": b"HTTP/1.1 200 OK\nX: yz\n\n",
    "a carriage return within a line": OK + b"X: a\rb\r\n\r\n",
    "a zero byte": OK + b"X: a\0b\r\n\r\n",
    "a field that goes on": OK + b"X: a\r\n b\r\n\r\n",
    "a field that begins with a tab": OK + b"\tX: a\r\n\r\n",
    "a blank before the colon": OK + b"Content-Length : 1\r\n\r\na",
    "no colon": OK + b"Content-Length\r\n\r\n",
    "no name": OK + b": 1\r\n\r\n",
    "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\na",
    "one length twice": OK + b"Content-Length: 1\r\ncontent-length: 1\r\n\r\na",
    "a list of lengths": OK + b"Content-Length: 1, 1\r\n\r\na",
    "a negative length": OK + b"Content-Length: -1\r\n\r\na",
    "a length with a sign": OK + b"Content-Length: +1\r\n\r\na",
    "a length in hexadecimal": OK + b"Content-Length: 0x1\r\n\r\na",
    "a length beyond all": OK + b"Content-Length: 1" + b"0" * 15 + b"\r\n\r\n",
    "no length": OK + b"Content-Length:\r\n\r\n",
    "a length and chunks": OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    "another coding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "chunks of chunks": OK + b"Transfer-Encoding: chunked, chunked\r\n\r\n",
    "chunks twice": OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "chunks of an old server": b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "a chunk of no size": OK + b"Transfer-Encoding: chunked\r\n\r\n\r\n",
    "a chunk of size zz": OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk of size -1": OK + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n",
    "a chunk of size 0x1": OK + b"Transfer-Encoding: chunked\r\n\r\n0x1\r\n",
    "a chunk beyond all": OK + b"Transfer-Encoding: chunked\r\n\r\n1" + b"0" * 15 + b"\r\n",
    "a chunk longer than it says": OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
    "a trailer that is no field": OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nno field\r\n\r\n",
    "too many fields": OK + b"X: y\r\n" * (FIELDS_LIMIT + 1) + b"\r\n",
    "too many fields in interim answers": b"HTTP/1.1 100 Go\r\nX: y\r\n\r\n" * (FIELDS_LIMIT + 1),
    "a line without end": OK + b"X: " + b"y" * AROUND_LIMIT,
    "interim answers without end": b"HTTP/1.1 100 Go\r\n\r\n" * AROUND_LIMIT,
    "a chunk for each byte": OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * AROUND_LIMIT,
    "extensions without end": OK + b"Transfer-Encoding: chunked\r\n\r\n" + (b"1;" + b"x" * 99 + b"\r\nx\r\n") * 999,
    "a part that nobody places": b"HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\n",
}
PARTS = {
    "bytes 3-6/7": (4, True),
    "bytes 3-6/*": (4, True),
    "Bytes 3-6/100": (None, True),
    "bytes 3-6/6": (4, False),
    "bytes 2-6/7": (5, False),
    "bytes 4-6/7": (3, False),
    "bytes 2-6/8": (None, False),
    "bytes 4-6/8": (None, False),
    "bytes 3-6/7 ": (3, False),
    "bytes 3-2/7": (None, False),
    "bytes */7": (4, False),
    "lines 3-6/7": (4, False),
    "bytes 3-6": (4, False),
    "bytes 3-/7": (4, False),
    "": (4, False),
}


def taken(data: bytes, offset: int = 0) -> tuple[Answer, bytes]:
    answer = Answer(offset)
    return answer, answer.take(data)


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_answer_is_read(name: str) -> None:
    data, content, head = SOUND[name]
    answer, came = taken(data)
    assert (came, answer.head) == (content, head)
    assert answer.is_whole
    assert answer.is_over


@given(st.sampled_from(sorted(SOUND)), st.data())
def test_it_is_the_same_in_whatever_pieces_it_comes(name: str, data: st.DataObject) -> None:
    whole, content, head = SOUND[name]
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=12))
    places = sorted({0, len(whole), *cuts})
    answer = Answer()
    came = [answer.take(whole[start:end]) for start, end in itertools.pairwise(places)]
    assert (b"".join(came), answer.head, answer.is_over) == (content, head, True)


@pytest.mark.parametrize("name", SOUND)
def test_a_byte_at_a_time_is_the_same_too(name: str) -> None:
    whole, content, head = SOUND[name]
    answer = Answer()
    assert b"".join(answer.take(whole[at : at + 1]) for at in range(len(whole))) == content
    assert answer.head == head


class Played(socket.socket):
    def __init__(self, data: bytes) -> None:
        self._data = data

    def makefile(self, *_: object, **__: object) -> io.BytesIO:  # type: ignore[override]
        return io.BytesIO(self._data)


@pytest.mark.parametrize("name", sorted(set(SOUND) - {"words in between"}))
def test_the_standard_library_reads_the_same(name: str) -> None:
    """It passes over interim answers of the status 100 alone."""
    data, content, head = SOUND[name]
    witness = HTTPResponse(cast(socket.socket, Played(data)))
    witness.begin()
    assert (witness.status, witness.read(), not witness.will_close) == (head.status, content, head.keeps)


@pytest.mark.parametrize("name", BROKEN)
def test_what_can_be_read_in_two_ways_is_refused(name: str) -> None:
    with pytest.raises(Malformed):
        taken(BROKEN[name])


@pytest.mark.parametrize("name", BROKEN)
def test_it_is_refused_in_small_pieces_too_and_little_of_it_is_held(name: str) -> None:
    answer, data, most = Answer(), BROKEN[name], 0

    def take_all() -> None:
        nonlocal most
        for at in range(0, len(data), 7):
            answer.take(data[at : at + 7])
            most = max(most, sys.getsizeof(answer._waiting))

    with pytest.raises(Malformed):
        take_all()
    assert most <= 4 * AROUND_LIMIT


@pytest.mark.parametrize("name", SOUND)
def test_what_breaks_off_is_never_whole(name: str) -> None:
    whole, _, _ = SOUND[name]
    for size in {0, 1, 20, len(whole) // 2, len(whole) - 1}:
        answer = Answer()
        if size:
            answer.take(whole[:size])
        assert not answer.is_whole
        with pytest.raises(Malformed):
            answer.take(b"")


def test_without_a_length_the_end_of_the_line_is_the_end() -> None:
    answer = Answer()
    assert answer.take(OK + b"\r\nfirst") + answer.take(b" second") == b"first second"
    assert not answer.is_whole
    answer.take(b"")
    assert answer.is_over


def test_what_comes_behind_an_answer_is_none_of_its_content() -> None:
    answer, content = taken(OK + b"Content-Length: 1\r\n\r\na" + OK)
    assert (content, answer.is_whole, answer.is_over) == (b"a", True, False)


def test_many_chunks_of_a_usual_size_are_no_burden() -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    answer = Answer()
    assert len(answer.take(OK + b"Transfer-Encoding: chunked\r\n\r\n")) == 0
    for _ in range(9_000):
        assert len(answer.take(chunk)) == 1024
    answer.take(b"0\r\n\r\n")
    assert answer.is_over


@pytest.mark.parametrize("said", PARTS)
def test_a_part_is_taken_only_where_it_was_asked_from(said: str) -> None:
    length, is_sound = PARTS[said]
    head = f"HTTP/1.1 206 Partial Content\r\nContent-Range: {said}\r\n"
    head += "" if length is None else f"Content-Length: {length}\r\n"
    if is_sound:
        assert taken(f"{head}\r\ntent".encode(), 3)[1] == b"tent"
    else:
        with pytest.raises(Malformed):
            taken(f"{head}\r\ntent".encode(), 3)


def test_a_request_says_what_is_wanted() -> None:
    lines = request("[::1]:8080", "/a%20b", 7).split(b"\r\n")
    assert lines[:2] == [b"GET /a%20b HTTP/1.1", b"Host: [::1]:8080"]
    assert b"Range: bytes=7-" in lines
    assert lines[-2:] == [b"", b""]
    assert b"Range" not in request("a", "/")


@pytest.mark.parametrize("blank", [" ", "\r", "\n", "\r\nX: y", "\t", "\0", "\x7f", "é", "\u2028"])
def test_no_address_makes_a_second_line(blank: str) -> None:
    for host, target in ((f"a{blank}", "/"), ("a", f"/{blank}"), ("a", f"{blank}/")):
        with pytest.raises(Malformed):
            request(host, target)


@given(st.text(), st.text(), st.integers(0, 2**60))
def test_whatever_is_asked_is_one_request(host: str, target: str, offset: int) -> None:
    try:
        made = request(host, f"/{target}", offset)
    except Malformed:
        return
    assert made.count(b"\r\n\r\n") == 1
    assert made.count(b"\n") == made.count(b"\r") == (6 if offset else 5)
    assert made.split(b"\r\n")[0].count(b" ") == 2
