"""Unified kernel images as objcopy makes them of systemd's stub, signed and not."""

from pathlib import Path

import pytest
from pe_image import sbsigned

from firmward.formats import authenticode, pe
from firmward.image.budget import Budget
from firmward.image.container.uki import FORMAT
from firmward.image.opening import open_image
from firmward.image.source import Bytes
from firmward.model.report import Role

STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
KERNEL = b"\0" * 64 + b"Linux version 6.1.0 (builder@host) #1\0" + bytes(range(256)) * 400
LINE = b"root=/dev/vda2 ro lockdown=confidentiality"
TREE = '/dts-v1/; / { model = "board"; };'


@pytest.fixture
def make(tmp_path: Path, tool):
    def call(**sections: bytes) -> bytes:
        if not STUB.is_file():
            pytest.skip("systemd-boot-efi is not installed")
        words: list[object] = []
        address = 0x40000
        for name, data in sections.items():
            (tmp_path / name).write_bytes(data)
            words += ["--add-section", f".{name}={tmp_path / name}", "--change-section-vma", f".{name}={address:#x}"]
            address += len(data) + -len(data) % 0x1000
        tool("objcopy", *words, STUB, tmp_path / "out.efi")
        return (tmp_path / "out.efi").read_bytes()

    return call


@pytest.fixture
def whole(make, rootfs: Path, tool) -> bytes:
    archive = tool("cpio", "-o", "-H", "newc", cwd=rootfs, stdin=tool("find", ".", cwd=rootfs))
    tree = tool("dtc", "-O", "dtb", "-", stdin=TREE.encode())
    return make(osrel=b"ID=board\n", cmdline=LINE + b"\0", dtb=tree, initrd=archive, linux=KERNEL)


def parts(data: bytes, folder: Path) -> dict[str, tuple[str, Role]]:
    (folder / "image").write_bytes(data)
    return {part.id.removeprefix("image/"): (part.kind, part.role) for part in open_image(folder / "image").parts}


def test_each_section_is_a_part(whole: bytes, tmp_path: Path) -> None:
    assert parts(whole, tmp_path) == {
        "image": ("uki", Role.OTHER),
        "sbat": ("sbat", Role.OTHER),
        "osrel": ("os-release", Role.OTHER),
        "cmdline": ("kernel-command-line", Role.OTHER),
        "dtb": ("device-tree", Role.DEVICE_TREE),
        "initrd": ("cpio", Role.INITRAMFS),
        "linux": ("kernel", Role.KERNEL),
    }


def test_a_signed_image_is_opened_and_its_signature_covers_the_parts(whole: bytes, tmp_path: Path) -> None:
    signed = sbsigned(whole, tmp_path)
    assert parts(signed, tmp_path) == parts(whole, tmp_path)
    for text in (LINE, b"Linux version", b"ID=board", b"root:x:0:0"):
        changed = signed.replace(text, text[:-1] + b"X")
        found = [
            authenticode.signatures(pe.parse(Bytes(data).read, len(data)), Bytes(data).read)
            for data in (signed, changed)
        ]
        assert [[one.holds for one in each] for each in found] == [[True], [False]]


def test_the_command_line_is_without_what_ends_it(whole: bytes) -> None:
    (line,) = (child for child in FORMAT.open(Bytes(whole), Budget()) if child.name == "cmdline")
    assert line.source is not None
    assert line.source.read(0, 1000) == LINE
    assert whole[line.offset :].startswith(LINE)


def test_the_command_line_of_an_addon_is_a_piece(make) -> None:
    (line,) = (child for child in FORMAT.open(Bytes(make(cmdline=b"quiet")), Budget()) if child.name == "cmdline")
    assert line.kind == "kernel-command-line-addon"


def test_what_stands_in_a_profile_bears_its_number(make, tmp_path: Path) -> None:
    image = make(linux=KERNEL, cmdline=LINE, profile=b"ID=reset\n", dtb=b"x" * 40)
    names = [child.name for child in FORMAT.open(Bytes(image), Budget())]
    assert names == ["sbat", "linux", "cmdline", "profile@0", "dtb@0"]


def test_a_program_without_pieces_is_none(tmp_path: Path, make) -> None:
    plain = make(other=b"x")
    assert FORMAT.measure(Bytes(plain)) is None
    assert parts(plain, tmp_path) == {"image": ("efi-program", Role.BOOT_LOADER)}


def test_of_an_image_that_is_cut_off_what_is_missing_is_told(whole: bytes) -> None:
    place = whole.index(b"Linux version")
    problems = {child.name: child.problem for child in FORMAT.open(Bytes(whole[: place + 100]), Budget())}
    assert problems["cmdline"] is None
    assert problems["linux"] == f"cut off: 164 of {len(KERNEL)} bytes are there"
    missing = FORMAT.open(Bytes(whole[: place - 64]), Budget())
    assert [child.problem is None for child in missing if child.name == "linux"] == [False]


def test_it_is_found_in_a_boot_partition(whole: bytes, tmp_path: Path, tool) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(16 << 20))
    (tmp_path / "uki.efi").write_bytes(whole)
    tool("mkfs.fat", "-F", "16", disk)
    tool("mmd", "-i", disk, "::/EFI", "::/EFI/Linux")
    tool("mcopy", "-i", disk, tmp_path / "uki.efi", "::/EFI/Linux/board.efi")
    found = {part.id: part.kind for part in open_image(disk).parts}
    assert found["image/EFI/Linux/board.efi"] == "uki"
    assert found["image/EFI/Linux/board.efi/cmdline"] == "kernel-command-line"
