"""The document that a device installs by."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.canonical_json import encode, parse_canonical
from firmward.formats.malformed import Malformed
from firmward.update.manifest import (
    SIZE_LIMIT,
    Accepted,
    Blob,
    Document,
    Health,
    Manifest,
    Payload,
    Source,
    Verity,
    encoded,
    parse,
)

BOOT, ROOT, DELTA, SBOM = ("a" * 64, "b" * 64, "c" * 64, "d" * 64)
MANIFEST = Manifest(
    product="camera",
    compatible="qemu-arm64",
    version="1.4.1",
    rollback_index=2,
    built=1764547200,
    layout="verity",
    health=Health(("/usr/bin/camera-selftest",), 120),
    payloads=(
        Payload("boot", 13_327_575, BOOT, (Source("full", Blob(13_327_575, BOOT)),)),
        Payload(
            "root",
            12_800_000,
            ROOT,
            (Source("blocks", Blob(70_000, DELTA), base="e" * 64), Source("full", Blob(12_800_000, ROOT))),
        ),
    ),
    verity=Verity("f" * 64, "5a" * 32),
    support_until="2031-06-30",
    documents=(Document("sbom", Blob(9000, SBOM)),),
    accepted=(Accepted("tls-weak[443]", "the recorder of 2019 knows no other", "product security"),),
)


def changed(*path: str | int, to: object) -> bytes:
    table: Any = parse_canonical(encoded(MANIFEST))
    inner = table
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return encode(table)


def test_what_is_written_is_read_back() -> None:
    assert parse(encoded(MANIFEST)) == MANIFEST


def test_a_system_in_the_initramfs_has_no_root() -> None:
    whole = replace(MANIFEST, layout="initramfs", verity=None, payloads=MANIFEST.payloads[:1])
    assert parse(encoded(whole)) == whole


def test_a_person_can_read_it() -> None:
    assert len(encoded(MANIFEST)) < 2048


def test_it_names_every_blob_once() -> None:
    assert [one.sha256 for one in MANIFEST.blobs()] == [BOOT, DELTA, ROOT, SBOM]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (encoded(MANIFEST) + b"\n", "canonical"),
        (b" " * (SIZE_LIMIT + 1), "more than"),
        (b"[]", "no table"),
        (changed("schema", to="firmward.manifest/2"), "another schema"),
        (changed("extra", to=1), "extra is not known"),
        (changed("product", to="Camera"), "no name"),
        (changed("product", to="../camera"), "no name"),
        (changed("compatible", to="a/b"), "no name"),
        (changed("version", to=""), "no version"),
        (changed("version", to="1 0"), "no version"),
        (changed("rollback_index", to=-1), "between"),
        (changed("rollback_index", to=True), "no whole number"),
        (changed("rollback_index", to=2**31), "between"),
        (changed("built", to=2**41), "between"),
        (changed("layout", to="raw"), "none of"),
        (changed("layout", to="initramfs"), "not those of the layout"),
        (changed("payloads", to=[]), "not those of the layout"),
        (changed("payloads", 0, "partition", to="root"), "not those of the layout"),
        (changed("payloads", 0, "size", to=0), "between"),
        (changed("payloads", 0, "size", to=7), "contradicts itself"),
        (changed("payloads", 0, "sha256", to="A" * 64), "hexadecimal"),
        (changed("payloads", 0, "sha256", to="a" * 62), "64 digits"),
        (changed("payloads", 1, "sources", 0, "base", to="zz"), "hexadecimal"),
        (changed("payloads", 1, "sources", to=[]), "no source that is whole"),
        (changed("payloads", 1, "sources", 0, "kind", to="full"), "contradicts itself"),
        (changed("payloads", to=[{}] * 17), "more than 16"),
        (changed("payloads", 1, "size", to=12_800_001), "contradicts itself"),
        (changed("verity", "root_hash", to="ff"), "64 digits"),
        (changed("health", "seconds", to=0), "between"),
        (changed("health", "commands", to=[1]), "more than texts"),
        (changed("support_until", to="soon"), "no day"),
        (changed("documents", 0, "kind", to="poem"), "none of"),
        (changed("accepted", 0, "owner", to=None), "no text"),
    ],
)
def test_what_is_not_quite_a_manifest_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        parse(content)


@pytest.mark.parametrize("name", [one.name for one in fields(Manifest) if one.name != "verity"])
def test_no_field_can_be_missing(name: str) -> None:
    table: Any = parse_canonical(encoded(MANIFEST))
    del table[name]
    with pytest.raises(Malformed):
        parse(encode(table))


def test_a_root_that_no_hash_tree_can_stand_behind_is_refused() -> None:
    root = Payload("root", 12_800_001, ROOT, (Source("full", Blob(12_800_001, ROOT)),))
    with pytest.raises(Malformed, match="no whole number of blocks"):
        encoded(replace(MANIFEST, payloads=(MANIFEST.payloads[0], root)))


def test_a_manifest_that_no_device_would_take_cannot_be_written() -> None:
    with pytest.raises(Malformed, match="no name"):
        encoded(replace(MANIFEST, product="a camera"))


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":,0 a', max_size=80).map(str.encode))
def test_any_bytes_are_a_manifest_or_malformed(content: bytes) -> None:
    with pytest.raises(Malformed):
        parse(content)
