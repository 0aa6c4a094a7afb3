"""Bundles: what is exported is imported, and what does not hold is refused and changes nothing."""

import base64
import json
import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from feeds_made import affected, below, cve, kev, packed
from updating import NOW, Update

from firmward.formats import dsse
from firmward.model.errors import FirmwardError, InputError, TrustError
from firmward.vulns import bundle, envelope
from firmward.vulns.database import Database

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
FIRST = "CVE-2026-0001"


@pytest.fixture
def filled(run: Update, path: Path, tmp_path: Path) -> Path:
    files = {"cve": packed(cve(FIRST, affected("Maker", "app", below("1", "2")))), "kev": kev(FIRST)}
    for feed, content in files.items():
        place = tmp_path / f"{feed}-{FIRST}.json"
        place.write_bytes(content)
        run(given={feed: place})
    return path


@pytest.fixture
def file(filled: Path, tmp_path: Path) -> Path:
    output = tmp_path / "x.bundle"
    bundle.export(filled, output, [KEY], NOW)
    return output


def take(file: Path, database: Path, key: Ed25519PrivateKey | None = KEY, *, older: bool = False) -> bundle.Taken:
    return bundle.take(file, database, [key.public_key()] if key else [], older=older)


def rows(path: Path) -> tuple[object, ...]:
    with Database(path) as one:
        status = one.status()
        return one.claims([("maker", "app")]), one.about([FIRST]), [(feed.name, feed.checked) for feed in status.feeds]


def test_what_is_exported_is_imported(file: Path, filled: Path, tmp_path: Path) -> None:
    other = tmp_path / "other/vulns.sqlite"
    taken = take(file, other)
    assert taken.key == envelope.key_id(KEY.public_key())
    assert set(taken.manifest.feeds) == {"cve", "kev"}
    assert rows(other) == rows(filled)
    again = tmp_path / "again.bundle"
    bundle.export(other, again, [KEY], NOW)
    assert again.read_bytes() == file.read_bytes()


def changed(file: Path, place: int) -> None:
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(bytes(content))


def refused(file: Path, database: Path, key: Ed25519PrivateKey | None = KEY) -> str:
    before = rows(database)
    with pytest.raises(FirmwardError) as error:
        take(file, database, key)
    assert rows(database) == before
    return str(error.value)


def test_an_altered_byte_is_refused_wherever_it_is(file: Path, filled: Path) -> None:
    content = file.read_bytes()
    for place in [*range(0, len(content), 37), len(content) - 1]:
        changed(file, place)
        refused(file, filled)
        file.write_bytes(content)


def test_other_rows_below_the_same_first_line_are_refused(file: Path, filled: Path) -> None:
    head, _, packed_rows = file.read_bytes().partition(b"\n")
    lines = zstandard.ZstdDecompressor().decompressobj().decompress(packed_rows)
    others = (
        zstandard.compress(lines.replace(b"app", b"ap" + bytes([letter])), bundle.LEVEL) for letter in b"bcdefghi"
    )
    streamed = [other for other in map(_streamed, others) if len(other) == len(packed_rows)]
    assert streamed, "one of the same length"
    for other in streamed:
        file.write_bytes(head + b"\n" + other)
        assert "altered or cut off" in refused(file, filled)


def _streamed(packed_rows: bytes) -> bytes:
    """As the bundle writes them: without the length of what is packed."""
    lines = zstandard.decompress(packed_rows)
    writer = zstandard.ZstdCompressor(level=bundle.LEVEL).compressobj()
    return writer.compress(lines) + writer.flush()


def test_a_cut_is_refused(file: Path, filled: Path) -> None:
    content = file.read_bytes()
    for size in (0, 10, content.index(b"\n"), content.index(b"\n") + 1, len(content) - 1):
        file.write_bytes(content[:size])
        refused(file, filled)
    file.write_bytes(content + b"x")
    assert "altered or cut off" in refused(file, filled)


def test_another_key_is_refused(file: Path, filled: Path) -> None:
    assert "by a key that was given" in refused(file, filled, OTHER)


def test_an_unsigned_one_is_refused_where_a_key_is_asked_for(filled: Path, tmp_path: Path) -> None:
    bundle.export(filled, tmp_path / "u.bundle", [], NOW)
    assert "not signed" in refused(tmp_path / "u.bundle", filled)
    assert take(tmp_path / "u.bundle", tmp_path / "new.sqlite", None).key == ""


def test_an_older_one_is_refused(file: Path, filled: Path, run: Update, tmp_path: Path) -> None:
    place, later = tmp_path / f"kev-{FIRST}.json", NOW + timedelta(days=2)
    os.utime(place, (later.timestamp(), later.timestamp()))
    run(given={"kev": place}, now=later)
    assert "its kev is of 2026-11-21, and 2026-11-23 is there" in refused(file, filled)
    take(file, filled, older=True)
    with Database(filled) as one:
        assert max(feed.checked for feed in one.status().feeds) == NOW


def test_one_that_lacks_a_feed_is_older(file: Path, filled: Path, run: Update, tmp_path: Path) -> None:
    place = tmp_path / "eol.json"
    place.write_bytes(packed({"products": {"openssl": {"releases": [{"releaseCycle": "3.0", "eol": "2026-09-07"}]}}}))
    run(given={"eol": place})
    assert "has no eol" in refused(file, filled)


def signed(payload: dict[str, object], lines: bytes, kind: str = bundle.TYPE) -> bytes:
    """A bundle by somebody who has the key and does not keep to the form."""
    import hashlib

    packed_rows = zstandard.compress(lines)
    said = {"sha256": hashlib.sha256(packed_rows).hexdigest(), "size": len(packed_rows), **payload}
    made = envelope.sign(dsse.Envelope(kind, json.dumps(said).encode()), [KEY])
    return dsse.to_json(made) + b"\n" + packed_rows


GOOD: dict[str, object] = {"schema": bundle.SCHEMA, "made": "2030-01-01T00:00:00+00:00", "rows": 1, "feeds": {}}
LATE = {"cve": "2030-01-01T00:00:00+00:00", "kev": "2030-01-01T00:00:00+00:00"}


@pytest.mark.parametrize(
    ("payload", "lines", "why"),
    [
        ({"feeds": LATE}, b'["nosuch", 1]', "of no table"),
        ({"feeds": LATE}, b'["packed", "ids", "x"]', "of no table"),
        ({"feeds": LATE}, b'["sqlite_master", 1]', "of no table"),
        ({"feeds": LATE}, b'["skipped", "a", "b"]', "2 values"),
        ({"feeds": LATE}, b'["skipped", "a", "b", 3]', "is none"),
        ({"feeds": LATE}, b'["skipped", "a", "b", "\\ud800"]', "no text"),
        ({"feeds": LATE}, b'["feed", "a", "b", "c", "d", "e", 99999999999999999999]', "is none"),
        ({"feeds": LATE}, b"[" * 10_000, "nested"),
        ({"feeds": LATE}, b'["skipped", "a", "b", "c"]', "its feeds are not those"),
        ({"feeds": LATE, "rows": 7}, b'["skipped", "a", "b", "c"]', "1 rows"),
        ({"feeds": LATE, "schema": "x/2"}, b"", "its form"),
        ({"feeds": {"cve": "soon"}}, b"", "no moment"),
        ({"feeds": {"cve": "2030-01-01"}}, b"", "no moment"),
        ({"feeds": []}, b"", "no table"),
        ({"made": 3}, b"", "no text"),
        ({"rows": "x"}, b"", "no number"),
    ],
)
def test_a_signed_one_that_breaks_the_form_changes_nothing(
    filled: Path, tmp_path: Path, payload: dict[str, object], lines: bytes, why: str
) -> None:
    (tmp_path / "x").write_bytes(signed({**GOOD, **payload}, lines))
    assert why in refused(tmp_path / "x", filled)


def test_a_signature_over_something_else_is_none(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(signed(GOOD, b"", kind="application/vnd.other+json"))
    assert "of the type" in refused(tmp_path / "x", filled)


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"x", b'{"payload": "!", "payloadType": "", "signatures": []}'])
def test_what_is_no_bundle_is_told(filled: Path, tmp_path: Path, line: bytes) -> None:
    (tmp_path / "x").write_bytes(line + b"\n")
    assert "is no bundle" in refused(tmp_path / "x", filled)


def test_dsse_signs_type_and_payload_with_their_lengths() -> None:
    """The example of the specification (secure-systems-lab/dsse, protocol.md)."""
    assert dsse.Envelope("http://example.com/HelloWorld", b"hello world").signed == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_openssl_holds_the_signature_for_good(file: Path, tmp_path: Path) -> None:
    head = json.loads(file.read_bytes().partition(b"\n")[0])
    payload = base64.b64decode(head["payload"])
    over = b"DSSEv1 %d %s %d %s" % (len(bundle.TYPE), bundle.TYPE.encode(), len(payload), payload)
    (tmp_path / "over").write_bytes(over)
    (tmp_path / "sig").write_bytes(base64.b64decode(head["signatures"][0]["sig"]))
    from cryptography.hazmat.primitives import serialization

    public = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "pub.pem").write_bytes(public)
    words = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "pub.pem", "-in", "over", "-sigfile", "sig"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_keys_that_are_none_are_told(tmp_path: Path) -> None:
    words = {"rsa": ["genrsa", "1024"], "ec": ["genpkey", "-algorithm", "x25519"]}
    for name, command in words.items():
        (tmp_path / name).write_bytes(subprocess.run(["openssl", *command], capture_output=True, check=True).stdout)
    (tmp_path / "noise").write_bytes(b"\xff" * 100)
    readers: tuple[Callable[[Path], object], ...] = (envelope.read_private_key, envelope.read_public_key)
    for name in (*words, "noise", "absent"):
        for read in readers:
            with pytest.raises(InputError):
                read(tmp_path / name)


def test_nothing_is_exported_of_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="firmward vulns update"):
        bundle.export(tmp_path / "none.sqlite", tmp_path / "x", [KEY], NOW)


def test_an_error_of_trust_is_told_as_one(file: Path, filled: Path) -> None:
    with pytest.raises(TrustError, match="refused"):
        take(file, filled, OTHER)
