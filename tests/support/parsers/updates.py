"""What a device is given to update by: metadata of TUF, manifests, orders, and what it knows of itself."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from played_repository import Played, target_file
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Delegations, SuccinctRoles
from update_made import BOOT, IDENTITY, MANIFEST, SECONDS, DirectorMade, manifest

from firmward.formats import canonical_json, json_table, utc_time
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError, TrustError
from firmward.trust import metadata
from firmward.trust import trusted as states
from firmward.trust.http import Answer
from firmward.trust.metadata import ROOT, SNAPSHOT, TARGETS, TIMESTAMP
from firmward.trust.trusted import Moment
from firmward.update import identity
from firmward.update.manifest import Blob, Payload, Source, Verity, encoded, parse
from parsers import Parser, refused

MOMENT = Moment(SECONDS, 1 << 30)


def played() -> Played:
    made = Played()
    made.timestamp.unrecognized_fields["x-firmward-signed"] = "2026-11-21T00:00:00Z"
    made.targets.targets["camera/a.json"] = target_file("camera/a.json")
    made.delegate("camera.stable", ["camera/stable/*"], terminating=True)
    made.publish("targets", "snapshot", "timestamp")
    return made


def binned() -> Played:
    made = Played()
    made.targets.delegations = Delegations({}, succinct_roles=SuccinctRoles([], 1, 4, "bin"))
    made.targets.add_key(CryptoSigner.generate_ecdsa().public_key)
    made.publish("targets")
    return made


def all_metadata(folder: Path) -> Iterator[bytes]:
    yield from (content for one in (played(), binned()) for content in one.published.values())
    directed = DirectorMade(folder / "repository")
    directed.orders()
    yield from (path.read_bytes() for path in sorted(directed.folder.rglob("*.json")))


def ask_metadata(data: bytes) -> None:
    """As each role, and as the next step of a client."""
    readers = {ROOT: metadata.root, TIMESTAMP: metadata.timestamp, SNAPSHOT: metadata.snapshot}
    for role in (ROOT, TIMESTAMP, SNAPSHOT, TARGETS):
        read = readers.get(role, lambda table: metadata.targets(table, "some"))
        refused(lambda role=role, read=read: read(metadata.opened(data, role)[1]))
    with suppress(TrustError):
        states.first_root(data)
    for step in (
        lambda: states.with_root(_KNOWN, data),
        lambda: states.with_timestamp(_KNOWN, data),
        lambda: states.with_snapshot(_KNOWN, data),
        lambda: states.with_targets(_KNOWN, TARGETS, ROOT, data, MOMENT),
    ):
        with suppress(TrustError):
            step()


_KNOWN = played().refreshed(MOMENT)


def manifests(_: Path) -> Iterator[bytes]:
    yield encoded(MANIFEST)
    root = Payload(
        "root", 8192, BOOT, (Source("blocks", Blob(7, "c" * 64), "e" * 64), Source("full", Blob(8192, BOOT)))
    )
    yield encoded(manifest(layout="verity", payloads=(*MANIFEST.payloads, root), verity=Verity("f" * 64, "5a" * 32)))


def ask_manifest(data: bytes) -> None:
    refused(lambda: list(parse(data).blobs()))


def identities(_: Path) -> Iterator[bytes]:
    said = {name: getattr(IDENTITY, name) for name in IDENTITY.__dataclass_fields__}
    more = {"grace": "30d", "floor": "tpm", "device": "SN-1", "server": "https://u.example"}
    yield json.dumps(said | more | {"health": {"commands": ["/usr/bin/test"], "seconds": 60}}).encode()


def ask_identity(data: bytes) -> None:
    with suppress(InputError):
        identity.parse(data)


def texts(_: Path) -> Iterator[bytes]:
    yield b'{"a":[1,2,{"b":"\\\\\\""}],"c":null,"d":true,"e":"00ff"}'
    yield b'{"at":"2031-06-30T23:59:59Z"}'


def ask_text(data: bytes) -> None:
    def whole() -> None:
        value = canonical_json.parse(data)
        if canonical_json.parse_canonical(canonical_json.encode(value)) != value:
            raise ValueError("another value comes back")
        _ask_table(json_table.Table(value, "it"))

    refused(whole)
    refused(lambda: utc_time.parse(data.decode(errors="replace")[7:27]))


def _ask_table(table: json_table.Table) -> None:
    for key in sorted(table.keys()):
        for question in (table.text, table.hexadecimal, table.whole, table.flag, table.table, table.is_null):
            refused(lambda key=key, question=question: question(key))
        refused(lambda key=key: list(table.tables(key, 9)))
        refused(lambda key=key: table.texts(key, 9))
    refused(lambda: list(table.items(9)))
    refused(lambda: table.allow("a"))


def http_answers(_: Path) -> Iterator[bytes]:
    """The first byte is where a file was asked for from, and how large the pieces are that come."""
    ok = b"HTTP/1.1 200 OK\r\n"
    yield b"\0" + ok + b"Server: nginx/1.22\r\nContent-Length: 7\r\nConnection: keep-alive\r\n\r\ncontent"
    yield b"\3HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 3-6/7\r\nContent-Length: 4\r\n\r\ntent"
    yield b"\0HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n" + ok + b"Connection: close\r\n\r\ncontent"
    yield b"\7" + ok + b"Transfer-Encoding: chunked\r\n\r\n3\r\ncon\r\n4;a=b\r\ntent\r\n0\r\nX: y\r\n\r\n"
    yield b"\0HTTP/1.0 404 Not Found\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"


def ask_http(data: bytes) -> None:
    """In pieces it is what it is at once; never is there more content than came."""
    offset, data = data[:1], data[1:]
    whole, parted = Answer(sum(offset)), Answer(sum(offset))
    size = sum(offset) + 1
    taken = _taken(whole, [data])
    if taken != _taken(parted, [data[at : at + size] for at in range(0, len(data), size)]):
        raise ValueError("in pieces it is another answer")
    if len(taken or b"") > len(data) or (taken is not None and whole.head != parted.head):
        raise ValueError("there is more than came")


def _taken(answer: Answer, pieces: list[bytes]) -> bytes | None:
    """None where it is refused."""
    try:
        return b"".join(answer.take(piece) for piece in pieces if not answer.is_whole and piece)
    except Malformed:
        return None


PARSERS = (
    Parser("canonical_json", ("canonical_json", "json_table", "utc_time"), texts, ask_text),
    Parser("device_identity", (), identities, ask_identity),
    Parser("http_answer", (), http_answers, ask_http),
    Parser("manifest", (), manifests, ask_manifest),
    Parser("tuf_metadata", (), all_metadata, ask_metadata),
)
