"""What a release is, to the byte: the document that a channel's keys stand for and a device installs by.

It is canonical JSON (formats/canonical_json.py), so that there is one way to write it and a digest of it means its
content. Everything else that belongs to a release is named here by size and SHA-256.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from firmward.formats.canonical_json import Json, encode, parse_canonical
from firmward.formats.json_table import Table
from firmward.formats.malformed import Malformed

SCHEMA = "firmward.manifest/1"
SIZE_LIMIT = 64 << 10
"""Bytes of a manifest."""
PAYLOADS_LIMIT = 16
SOURCES_LIMIT = 16
DOCUMENTS_LIMIT = 32
ACCEPTED_LIMIT = 64
BLOB_SIZE_LIMIT = 1 << 40
VERITY_BLOCK = 4096
"""Bytes of a block of data and of its hash tree."""
PARTITIONS = ("boot", "root")
LAYOUTS = ("verity", "initramfs")
DOCUMENTS = ("build", "facts", "policy", "proof", "report", "sbom", "triage", "vex")
FULL = "full"


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes by digest: `size` in bytes, `sha256` in hexadecimal. They lie in `targets/blobs/<sha256>`."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """One way to come by a payload. `kind` is `full`, where the blob is the payload, or that of a delta, which starts
    from what the payload was in the release whose payload has the digest `base`."""

    kind: str
    blob: Blob
    base: str | None = None


@dataclass(frozen=True, slots=True)
class Payload:
    """What is written to a partition of the slot, `boot` or `root`, from its first byte on: `size` bytes with this
    SHA-256. `sources` in the order in which they are to be tried."""

    partition: str
    size: int
    sha256: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Verity:
    """The hash tree that the device itself makes behind the root's payload (formats/verity_tree.py), which has whole
    blocks for it: `salt` and `root_hash` in hexadecimal, as the signed initramfs has them too."""

    root_hash: str
    salt: str


@dataclass(frozen=True, slots=True)
class Health:
    """Each of `commands` has to end well within `seconds`, or the device returns to the slot it came from."""

    commands: tuple[str, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Document:
    """What was said of the release: `kind` is one of DOCUMENTS."""

    kind: str
    blob: Blob


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the report of this release has worse than its predecessor's, and who took it upon himself."""

    finding: str
    reason: str
    owner: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """`compatible` is the board that it starts on. `version` is for people; what counts is `rollback_index`: a device
    installs nothing below its floor. `built` in seconds since 1970, UTC: no clock is right that is before it.
    `support_until` as in 2031-06-30, empty where the maker names no day."""

    product: str
    compatible: str
    version: str
    rollback_index: int
    built: int
    layout: str
    health: Health
    payloads: tuple[Payload, ...]
    verity: Verity | None = None
    support_until: str = ""
    documents: tuple[Document, ...] = ()
    accepted: tuple[Accepted, ...] = ()

    def blobs(self) -> Iterator[Blob]:
        """All that the manifest names."""
        for payload in self.payloads:
            yield from (source.blob for source in payload.sources)
        yield from (document.blob for document in self.documents)


def encoded(manifest: Manifest) -> bytes:
    """Its canonical form. Raises Malformed for one that `parse` would refuse."""
    verity, health = manifest.verity, manifest.health
    table: dict[str, Json] = {
        "schema": SCHEMA,
        "product": manifest.product,
        "compatible": manifest.compatible,
        "version": manifest.version,
        "rollback_index": manifest.rollback_index,
        "built": manifest.built,
        "layout": manifest.layout,
        "support_until": manifest.support_until,
        "health": {"commands": list(health.commands), "seconds": health.seconds},
        "payloads": [
            {
                "partition": one.partition,
                "size": one.size,
                "sha256": one.sha256,
                "sources": [_source_table(source) for source in one.sources],
            }
            for one in manifest.payloads
        ],
        "documents": [{"kind": one.kind, **_blob_table(one.blob)} for one in manifest.documents],
        "accepted": [{"finding": one.finding, "reason": one.reason, "owner": one.owner} for one in manifest.accepted],
    }
    if verity is not None:
        table["verity"] = {"root_hash": verity.root_hash, "salt": verity.salt}
    content = encode(table)
    parse(content)
    return content


def parse(content: bytes) -> Manifest:
    """Raises Malformed for anything but one manifest of this schema in its canonical form."""
    if len(content) > SIZE_LIMIT:
        raise Malformed(f"the manifest has more than {SIZE_LIMIT} bytes")
    table = Table(parse_canonical(content), "manifest")
    if table.text("schema") != SCHEMA:
        raise Malformed(f"the manifest is of another schema than {SCHEMA}: {table.text('schema')[:80]!r}")
    table.allow(*_FIELDS)
    manifest = Manifest(
        product=_name(table, "product"),
        compatible=_name(table, "compatible"),
        version=_version(table),
        rollback_index=table.whole("rollback_index", most=2**31 - 1),
        built=table.whole("built", most=2**40),
        layout=_one_of(table, "layout", LAYOUTS),
        health=_health(table.table("health")),
        payloads=tuple(_payload(one) for one in table.tables("payloads", PAYLOADS_LIMIT)),
        verity=_verity(table.table("verity")) if "verity" in table else None,
        support_until=_day(table, "support_until"),
        documents=tuple(_document(one) for one in table.tables("documents", DOCUMENTS_LIMIT)),
        accepted=tuple(_accepted(one) for one in table.tables("accepted", ACCEPTED_LIMIT)),
    )
    _check_whole(manifest)
    return manifest


_FIELDS = (
    *("schema", "product", "compatible", "version", "rollback_index", "built", "layout", "support_until", "health"),
    *("payloads", "documents", "accepted", "verity"),
)
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?", re.ASCII)
_VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+~-]{0,63}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}|", re.ASCII)


def is_name(word: str) -> bool:
    """Whether a product, a channel or a board may be called so: lower case, digits and hyphens within."""
    return _NAME.fullmatch(word) is not None


def _check_whole(manifest: Manifest) -> None:
    wanted = PARTITIONS if manifest.layout == "verity" else ("boot",)
    if tuple(one.partition for one in manifest.payloads) != wanted:
        raise Malformed(f"manifest.payloads are not those of the layout {manifest.layout}: {' and '.join(wanted)}")
    if (manifest.verity is not None) != (manifest.layout == "verity"):
        raise Malformed("manifest.verity and manifest.layout contradict each other")
    if manifest.verity is not None and manifest.payloads[-1].size % VERITY_BLOCK:
        raise Malformed(f"the payload root is no whole number of blocks of {VERITY_BLOCK} bytes")


def _payload(table: Table) -> Payload:
    table.allow("partition", "size", "sha256", "sources")
    blob = _blob(table)
    sources = tuple(_source(one) for one in table.tables("sources", SOURCES_LIMIT))
    for source in sources:
        if (source.kind == FULL) != (source.base is None) or (source.kind == FULL and source.blob != blob):
            raise Malformed(f"a source of the payload {_one_of(table, 'partition', PARTITIONS)} contradicts itself")
    if not any(source.kind == FULL for source in sources):
        raise Malformed("a payload has no source that is whole")
    return Payload(_one_of(table, "partition", PARTITIONS), blob.size, blob.sha256, sources)


def _source(table: Table) -> Source:
    table.allow("kind", "size", "sha256", "base")
    kind = table.text("kind", 32)
    return Source(kind, _blob(table), table.hexadecimal("base", 64) if "base" in table else None)


def _source_table(source: Source) -> dict[str, Json]:
    base: dict[str, Json] = {} if source.base is None else {"base": source.base}
    return {"kind": source.kind, **_blob_table(source.blob), **base}


def _blob(table: Table) -> Blob:
    return Blob(table.whole("size", least=1, most=BLOB_SIZE_LIMIT), table.hexadecimal("sha256", 64))


def _blob_table(blob: Blob) -> dict[str, Json]:
    return {"size": blob.size, "sha256": blob.sha256}


def _verity(table: Table) -> Verity:
    table.allow("root_hash", "salt")
    return Verity(table.hexadecimal("root_hash", 64), table.hexadecimal("salt", 64))


def _health(table: Table) -> Health:
    table.allow("commands", "seconds")
    return Health(table.texts("commands", 16), table.whole("seconds", least=1, most=3600))


def _document(table: Table) -> Document:
    table.allow("kind", "size", "sha256")
    return Document(_one_of(table, "kind", DOCUMENTS), _blob(table))


def _accepted(table: Table) -> Accepted:
    table.allow("finding", "reason", "owner")
    return Accepted(table.text("finding", 256), table.text("reason", 512), table.text("owner", 128))


def _one_of(table: Table, key: str, words: tuple[str, ...]) -> str:
    word = table.text(key)
    if word not in words:
        raise Malformed(f"manifest: {key} is {word[:40]!r}, none of {', '.join(words)}")
    return word


def _name(table: Table, key: str) -> str:
    word = table.text(key)
    if not is_name(word):
        raise Malformed(f"manifest.{key} is no name of lower case, digits and hyphens: {word[:64]!r}")
    return word


def _version(table: Table) -> str:
    word = table.text("version")
    if not _VERSION.fullmatch(word):
        raise Malformed(f"manifest.version is no version: {word[:64]!r}")
    return word


def _day(table: Table, key: str) -> str:
    word = table.text(key)
    if not _DAY.fullmatch(word):
        raise Malformed(f"manifest.{key} is no day such as 2031-06-30: {word[:40]!r}")
    return word
