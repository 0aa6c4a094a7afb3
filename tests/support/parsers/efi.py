"""EFI: programs with what is signed of them, unified kernel images, variables, and what secure boot makes of them."""

import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path

import efi_store
import pe_image
import samples
from pe_image import built

from firmward.formats import (
    authenticode,
    efi_signature_list,
    efi_variables,
    pe,
    sbat,
    secure_boot,
    shim,
    uki,
    x509,
)
from firmward.formats.malformed import Malformed
from parsers import Parser, found_program, reader, refused, told

SBAT = b"sbat,1,SBAT Version,sbat,1,https://github.com/rhboot/shim\nshim,2,Maker,shim,15,https://example.org\n"
SECTIONS = {".text": b"\x90" * 1000, ".data": b"data" * 300, ".sbat": SBAT}


def certificate(name: str) -> bytes:
    found_program("openssl")
    return pe_image.certificate(name)


def vendor() -> bytes:
    allowed = certificate("leaf")
    revoked = efi_store.signature_list(efi_store.SHA256, bytes(32))
    places = (len(allowed), len(revoked), 16, 16 + len(allowed))
    return b"".join(place.to_bytes(4, "little") for place in places) + allowed + revoked


def programs(folder: Path) -> Iterator[bytes]:
    plain = built(SECTIONS | {".vendor_cert": vendor()})
    yield plain
    yield pe_image.renamed(plain, 1, ".a_long_name")
    yield built(
        {".text": b"\x90" * 100, ".linux": b"kernel" * 20, ".cmdline": b"quiet", ".profile": b"ID=x\nTITLE=y\n"}
    )
    yield from samples.samples("uki", folder)
    found_program("sbsign"), found_program("osslsigncode")
    once = pe_image.sbsigned(plain, folder, "leaf", "--addcert", pe_image.keys() / "middle.crt")
    yield once
    yield pe_image.sbsigned(once, folder, "stranger")
    yield pe_image.osslsigned(plain, folder, "elliptic", "-h", "sha384")
    (folder / "first.efi").write_bytes(pe_image.osslsigned(plain, folder))
    yield pe_image.osslsigned((folder / "first.efi").read_bytes(), folder, "small", "-nest")


def ask_program(data: bytes) -> None:
    read = reader(data)
    pe.may_begin(read)
    refused(lambda: _program(pe.parse(read, len(data)), data))


def _program(program: pe.Program, data: bytes) -> None:
    read = reader(data)
    told(program)
    for section in program.sections[:20]:
        told(section)
        refused(lambda section=section: sbat.parse(pe.content(program, section, read)))
    for question in (
        lambda: pe.certificates(program, read),
        lambda: (pe.hashed(program), pe.unhashed(program)),
        lambda: pe.digest(program, read),
        lambda: _pieces(program, data),
        lambda: shim.parse(program, read),
        lambda: _signatures(program, data),
    ):
        refused(question)
    state = _state(efi_variables.parse_volume(reader(_volume())))
    refused(lambda: secure_boot.admission(state, program, read))


def _pieces(program: pe.Program, data: bytes) -> None:
    found = uki.parse(program, reader(data))
    if found is not None:
        told(found)
        for number, profile in enumerate(found.profiles):
            profile.get("ID"), found.of("linux", number)
        for piece in found.pieces[:20]:
            refused(lambda piece=piece: uki.text(piece, reader(data)))


def _signatures(program: pe.Program, data: bytes) -> None:
    anchors = [x509.signed(certificate("root")), x509.signed(certificate("elliptic"))]
    for found in authenticode.signatures(program, reader(data), anchors):
        told(found)


def _volume() -> bytes:
    """A machine that enforces secure boot."""
    leaf = efi_store.signature_list(efi_store.X509, certificate("root"))
    digests = efi_store.signature_list(efi_store.SHA256, bytes(32), b"a" * 32)
    rows = [("PK", efi_store.GLOBAL, leaf, efi_store.ADDED), ("KEK", efi_store.GLOBAL, leaf, efi_store.ADDED),
            ("db", efi_store.SECURITY, leaf + digests, efi_store.ADDED),
            ("dbx", efi_store.SECURITY, digests, efi_store.ADDED),
            ("dbx", efi_store.SECURITY, digests, efi_store.DELETED)]  # fmt: skip
    return efi_store.volume(rows)


def _state(store: efi_variables.Store) -> secure_boot.SecureBoot:
    return secure_boot.decide(store)


def variables(_: Path) -> Iterator[bytes]:
    yield _volume()
    row = ("db", efi_store.SECURITY, efi_store.signature_list(efi_store.X509, certificate("leaf")))
    yield efi_store.volume([(*row, efi_store.ADDED)], authenticated=False)
    yield efi_store.uboot_file([row, ("Boot0000", efi_store.GLOBAL, b"entry")])


def ask_variables(data: bytes) -> None:
    for question in (
        lambda: efi_variables.parse_volume(reader(data)),
        lambda: efi_variables.parse_store(reader(data, 72), max(0, len(data) - 72)),
        lambda: efi_variables.parse_uboot(data),
        lambda: efi_variables.of_files([(f"PK-{efi_store.GLOBAL}", data), (f"x-{uuid.UUID(int=0)}", data)]),
    ):
        refused(lambda question=question: _decided(question()))


def _decided(store: efi_variables.Store) -> None:
    store.get("PK", efi_variables.GLOBAL)
    for one in store.variables[:100]:
        told(one)
    program = built({".text": b"\x90"})
    for is_built_in in (False, True):
        state = secure_boot.decide(store, is_built_in=is_built_in)
        behind = secure_boot.behind_shim(state, shim.Vendor(state.allowed, state.revoked))
        for one in (state, behind):
            secure_boot.admission(one, pe.parse(reader(program), len(program)), reader(program))


def mend_variables(data: bytearray) -> None:
    if data[40:44] == b"_FVH":
        data[50:52] = b"\0\0"
        total = sum(int.from_bytes(data[at : at + 2], "little") for at in range(0, 72, 2))
        data[50:52] = (-total & 0xFFFF).to_bytes(2, "little")
    elif data[8:16] == efi_variables.UBOOT_MAGIC and len(data) > 24:
        size = int.from_bytes(data[16:20], "little")
        data[20:24] = zlib.crc32(data[24:size]).to_bytes(4, "little")


def lists(_: Path) -> Iterator[bytes]:
    yield efi_store.signature_list(efi_store.X509, certificate("leaf"))
    yield efi_store.signature_list(efi_store.SHA256, bytes(32), b"b" * 32)
    yield efi_store.signature_list(efi_store.X509_SHA256, bytes(48))
    yield SBAT


def ask_lists(data: bytes) -> None:
    def questions() -> None:
        entries = efi_signature_list.parse(data)
        for kind in efi_signature_list.Kind:
            efi_signature_list.digests(entries, kind)
        secure_boot.certificates(entries)

    refused(questions)
    try:
        components = sbat.parse(data)
    except Malformed:
        return
    sbat.revoked(components, sbat.parse(SBAT))


PARSERS = (
    Parser("efi_program", ("authenticode", "pe", "shim", "uki"), programs, ask_program),
    Parser("efi_variables", ("efi_variables", "secure_boot"), variables, ask_variables, mend_variables),
    Parser("efi_signature_list", ("efi_signature_list", "sbat"), lists, ask_lists),
)
