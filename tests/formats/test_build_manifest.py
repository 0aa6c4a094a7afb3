"""Lists of packages of build systems, and what is none."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmward.formats.build_manifest import Build, Listed, parse
from firmward.formats.malformed import Malformed

LICENCES = (
    "PACKAGE NAME: busybox\nPACKAGE VERSION: 1.36.1\nRECIPE NAME: busybox\nLICENSE: GPL-2.0-only\n\n"
    "PACKAGE NAME: libssl3\nPACKAGE VERSION: 3.2.1\nRECIPE NAME: openssl\nLICENSE: Apache-2.0\n"
)
TABLE = (
    '"PACKAGE","VERSION","LICENSE","LICENSE FILES","SOURCE ARCHIVE","SOURCE SITE","DEPENDENCIES WITH LICENSES"\n'
    '"busybox","1.36.1","GPL-2.0, bzip2-1.0.4","LICENSE","busybox-1.36.1.tar.bz2","https://busybox.net",""\n'
    '"skeleton","undefined version","not saved","","","",""\n'
)
CPE = "cpe:2.3:a:busybox:busybox:1.36.1:*:*:*:*:*:*:*"
SHOWN = json.dumps(
    {
        "busybox": {"type": "target", "virtual": False, "version": "1.36.1", "licenses": "GPL-2.0", "cpe-id": CPE},
        "host-gcc": {"type": "host", "version": "12"},
        "jpeg": {"type": "target", "virtual": True},
        "rootfs": {"type": "rootfs"},
    }
)
LISTS = [
    ("busybox core2-64 1.36.1-r0\nlibssl3 core2-64 3.2.1-r0\n", Build.YOCTO,
        [Listed("busybox", "1.36.1-r0", architecture="core2-64"),
         Listed("libssl3", "3.2.1-r0", architecture="core2-64")]),
    (LICENCES, Build.YOCTO,
        [Listed("busybox", "1.36.1", "busybox", "GPL-2.0-only"), Listed("libssl3", "3.2.1", "openssl", "Apache-2.0")]),
    ("busybox - 1.36.1-1\nlibopenssl3 - 3.0.14-1\n", Build.OPENWRT,
        [Listed("busybox", "1.36.1-1"), Listed("libopenssl3", "3.0.14-1")]),
    (TABLE, Build.BUILDROOT, [Listed("busybox", "1.36.1", "busybox", "GPL-2.0, bzip2-1.0.4"),
        Listed("skeleton", "", "skeleton", "not saved")]),
    (SHOWN, Build.BUILDROOT, [Listed("busybox", "1.36.1", "busybox", "GPL-2.0", "", CPE)]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "build", "listed"), LISTS)
def test_each_list_is_known_by_its_form(text: str, build: Build, listed: list[Listed]) -> None:
    found = parse(text.encode())
    assert (found.build, list(found.listed)) == (build, listed)
    assert list(parse(text.replace("\n", "\r\n").encode()).listed) == listed


NONE = [b"", b"just words\n", b"\0\0\0", b"{}", b"{", b'{"a": 1}', b"a - b\nc\n", b"[" * 100_000, b"\xff\xfe - \x80\n"]


@pytest.mark.parametrize("data", NONE, ids=lambda data: str(data)[:20])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        parse(data)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"PACKAGE NAME: {text}\n\n".encode()))
def test_any_bytes_are_a_list_or_refused(data: bytes) -> None:
    with suppress(Malformed):
        assert parse(data).listed
