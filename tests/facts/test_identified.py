import shutil
import subprocess
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from elf_made import Made, elf

from firmward.facts.collection import Collection
from firmward.facts.contents import Contents
from firmward.facts.identified import Identified
from firmward.formats import go_build_info
from firmward.image.budget import Budget
from firmward.image.filesystem.squashfs import open_squashfs
from firmward.image.source import Bytes
from firmward.image.words import FastWordSearch
from firmward.model.component import Witness
from firmward.model.facts import Unavailable, Unknown
from firmward.model.memory import MemoryTree
from firmward.model.tree import Entry
from firmward.model.words import Within, WordSearch

OPENSSL = b"\0OpenSSL 3.0.20 7 Apr 2026\0crypto/evp/evp_enc.c\0"


def identified(files: Mapping[str, bytes], words: WordSearch | None = None) -> Identified:
    found = Collection(MemoryTree(dict(files)), words=words or WordSearch()).get(Identified)
    assert isinstance(found, Identified)
    return found


def said(path: str, made: Made) -> list[tuple[str, str]]:
    return [(one.name, one.version) for one in identified({path: elf(made)}).products]


PROGRAMS = [
    ("busybox by its banner, whatever it is called", "bin/a", b"\0BusyBox v1.36.1 (2024)\0", ("busybox", "1.36.1")),
    ("dropbear", "usr/sbin/dropbear", b"\0SSH-2.0-dropbear_2022.83\r\n\0", ("dropbear_ssh", "2022.83")),
    ("dnsmasq", "usr/sbin/dnsmasq", b"\0dnsmasq-2.90\0", ("dnsmasq", "2.90")),
    ("lighttpd", "usr/sbin/lighttpd", b"\0lighttpd/1.4.69\0", ("lighttpd", "1.4.69")),
    ("a version alone", "sbin/ip", b"\0\xff6.1.0\0", ("iproute2", "6.1.0")),
    ("with what a distribution puts behind", "usr/sbin/uwsgi", b"\x002.0.21-debian\0", ("uwsgi", "2.0.21")),
    ("a letter behind the numbers", "usr/bin/openssl", b"\0OpenSSL 1.1.1w  11 Sep 2023\0", ("openssl", "1.1.1w")),
    ("a patch level", "usr/sbin/sshd", b"\0OpenSSH_9.2p1\0", ("openssh", "9.2p1")),
    ("a release before one", "usr/sbin/lighttpd", b"\0lighttpd/1.5.0-rc2\0", ("lighttpd", "1.5.0-rc2")),
]  # fmt: skip


@pytest.mark.parametrize(("path", "data", "wanted"), [pytest.param(*row[1:], id=row[0]) for row in PROGRAMS])
def test_a_program_is_known_by_its_words(path: str, data: bytes, wanted: tuple[str, str]) -> None:
    assert said(path, Made(data=data)) == [wanted]


SILENT = [
    ("two versions are no answer", "usr/sbin/lighttpd", b"\0lighttpd/1.4.69\0lighttpd/1.4.70\0"),
    ("nor are two alone", "sbin/ip", b"\x006.1.0\x005.10.0\0"),
    ("a number that goes on is another", "usr/sbin/dnsmasq", b"\0dnsmasq-2\0"),
    ("nor do letters belong to it", "usr/sbin/lighttpd", b"\0lighttpd/1.4.69foo\0"),
    ("words of a program in another", "usr/bin/agent", b"\0dnsmasq-2.90\0"),
    ("a version within words is not alone", "sbin/ip", b"\0since 6.1.0\0"),
    ("alone, and the word that must occur is missing", "bin/grep", b"\x003.8\0"),
]


@pytest.mark.parametrize(("path", "data"), [pytest.param(*row[1:], id=row[0]) for row in SILENT])
def test_what_is_not_said_is_not_claimed(path: str, data: bytes) -> None:
    found = identified({path: elf(Made(data=data))})
    assert found.products == ()
    assert [one.path for one in found.unclaimed] == [path]


def test_a_library_that_is_linked_in_is_a_copy_of_its_own() -> None:
    (product,) = identified({"usr/sbin/agent": elf(Made(data=OPENSSL, needed=("libc.so.6",)))}).products
    assert (product.name, product.version, product.is_static) == ("openssl", "3.0.20", True)
    assert product.purl == "pkg:generic/openssl@3.0.20"


@pytest.mark.parametrize("needed", ["libcrypto.so.3", "libssl.so.3"])
def test_words_that_came_in_with_a_library_are_that_librarys(needed: str) -> None:
    assert said("usr/sbin/agent", Made(data=OPENSSL, needed=(needed,))) == []


def test_a_header_that_writes_its_version_into_all_is_no_copy() -> None:
    assert said("usr/sbin/agent", Made(data=b"\0OpenSSL 3.0.20 7 Apr 2026\0")) == []


def test_zlibs_version_is_not_that_of_the_program_that_needs_it() -> None:
    assert said("usr/sbin/lxc-start", Made(data=b"\x005.0.2\x001.2.11\0", needed=("libz.so.1",))) == [("lxc", "5.0.2")]
    assert said("usr/bin/mkfs.erofs", Made(data=b"\x001.3.1\0", needed=("libz.so.1",))) == []


def test_a_library_itself_is_no_static_copy() -> None:
    (product,) = identified({"usr/lib/libcrypto.so.3": elf(Made(data=OPENSSL))}).products
    assert not product.is_static
    assert product.evidence.witness is Witness.TEXT


NAMED = [
    ("usr/lib/libmbedtls.so.2.28.3", "mbed_tls", "2.28.3"),
    ("usr/lib/libglib-2.0.so.0.7400.6", "glib", "2.74.6"),
    ("usr/lib/libcairo.so.2.11804.4", "cairo", "1.18.4"),
    ("usr/lib/libgstreamer-1.0.so.0.2200.0", "gstreamer", "1.22.0"),
]


@pytest.mark.parametrize(("path", "name", "version"), NAMED)
def test_a_name_that_carries_the_release_is_a_weaker_witness(path: str, name: str, version: str) -> None:
    (product,) = identified({path: elf(Made())}).products
    assert (product.name, product.version, product.evidence.witness) == (name, version, Witness.NAME)


def test_a_soname_is_no_version() -> None:
    assert said("usr/lib/libcurl.so.4.8.0", Made(soname="libcurl.so.4")) == []


def test_words_are_believed_before_the_name() -> None:
    made = Made(data=b"\0libarchive 3.6.3\0")
    (product,) = identified({"usr/lib/libarchive.so.13.6.2": elf(made)}).products
    assert (product.version, product.evidence.witness) == ("3.6.3", Witness.TEXT)


def test_the_evidence_says_what_was_read_and_where() -> None:
    data = elf(Made(data=b"\0Server: \x01lighttpd/1.4.69 (ssl)\0"))
    (product,) = identified({"usr/sbin/lighttpd": data}).products
    assert product.evidence.text == "Server:  lighttpd/1.4.69 (ssl)"
    at = product.evidence.at
    assert (at.path, at.offset) == ("usr/sbin/lighttpd", data.index(b"1.4.69"))


def test_every_program_is_listed_with_what_it_needs() -> None:
    made = Made(soname="libhome.so.1", needed=("libc.so.6",), build_id=b"\1\2", has_symbols=True)
    (program,) = identified({"usr/lib/libhome.so.1": elf(made)}).programs
    assert (program.elf.soname, program.elf.needed, program.elf.build_id) == ("libhome.so.1", ("libc.so.6",), "0102")
    assert not program.is_stripped


def test_a_kernel_module_is_no_program_and_a_text_neither() -> None:
    module = elf(Made(data=b"\0BusyBox v1.36.1 \0", kind=1))
    files = {"lib/modules/6.1.0/usb.ko": module, "bin/tool": b"#!/bin/sh\necho BusyBox v1.36.1\n"}
    assert Collection(MemoryTree(files)).get(Identified) is None


def test_go_and_rust_tell_what_they_were_built_of() -> None:
    place = go_build_info.MAGIC + bytes((8, 2)) + bytes(16) + b"\x08go1.21.5\0"
    crates = zlib.compress(b'{"packages": [{"name": "adler", "version": "0.2.3", "source": "crates.io"}]}')
    found = identified(
        {
            "usr/bin/exporter": elf(Made(sections={".go.buildinfo": place})),
            "usr/bin/tool": elf(Made(sections={".dep-v0": crates})),
            "usr/bin/torn": elf(Made(sections={".dep-v0": crates[:-4]})),
        }
    )
    exporter, tool, torn = found.programs
    assert exporter.go is not None
    assert exporter.go.go == "1.21.5"
    assert [(one.name, one.version) for one in tool.crates] == [("adler", "0.2.3")]
    assert found.unclaimed == (torn,)


def test_a_host_that_searches_faster_says_the_same() -> None:
    files = {path: elf(Made(data=data)) for _, path, data, _ in PROGRAMS} | {"usr/bin/a": elf(Made(data=OPENSSL))}
    assert identified(files, FastWordSearch()) == identified(files)


def test_what_cannot_be_read_is_told() -> None:
    class Torn(MemoryTree):
        def chunks(self, entry: Entry) -> Iterator[bytes]:
            yield b"\x7fELF"
            raise Unavailable(f"{entry.path} is damaged")

    found = Collection(Torn({"bin/busybox": elf(Made(data=b"\0BusyBox v1.36.1 \0"))})).get(Identified)
    assert found == Identified((), ("bin/busybox is damaged",))


def test_each_run_of_a_program_is_searched_once_for_all() -> None:
    asked: list[bytes] = []

    class Counted(WordSearch):
        def prepare(self, words: Sequence[bytes]) -> Within:
            within = super().prepare(words)

            def counted(data: bytes) -> frozenset[bytes]:
                asked.append(data)
                return within(data)

            return counted

    program = elf(Made(data=b"\0BusyBox v1.36.1 \0" + bytes(100)))
    contents = Collection(MemoryTree({"bin/a": program, "etc/motd": b"hello\n"}), words=Counted()).get(Contents)
    assert isinstance(contents, Contents)
    assert len(asked) == len(set(asked))
    assert sum(b"BusyBox" in data for data in asked) == 1


def test_a_word_repeated_without_end_is_not_tried_without_end() -> None:
    data = b"lighttpd/x" * 200_000
    assert said("usr/sbin/lighttpd", Made(data=data)) == []


def test_nothing_known_of_the_contents_is_unknown_here_too() -> None:
    collection = Collection(MemoryTree({}))
    collection.expect(Contents, lambda: Unknown("gone"))
    assert collection.get(Identified) == Unknown("gone")


def test_of_a_real_program_in_a_squashfs_the_same_is_read(tmp_path: Path) -> None:
    program = Path(shutil.which("bash") or "")
    if shutil.which("mksquashfs") is None or not program.is_file():
        pytest.skip("mksquashfs or bash is not installed")
    command = ["mksquashfs", program.resolve(), tmp_path / "image", "-noappend", "-quiet", "-no-progress"]
    subprocess.run(command, check=True, capture_output=True)
    tree = open_squashfs(Bytes((tmp_path / "image").read_bytes()), Budget())
    found = Collection(tree).get(Identified)
    assert isinstance(found, Identified)
    (program_found,) = found.programs
    (plain,) = identified({program.name: program.read_bytes()}).programs
    assert program_found == replace(plain, path=program_found.path)
    assert [one.name for one in plain.products] == ["bash"]
    assert "libc.so.6" in plain.elf.needed
