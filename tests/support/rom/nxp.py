"""i.MX: tables by mkimage; CSF and AHAB signature blocks by NXP's published layouts, root keys by srktool."""

import struct
from pathlib import Path

from samples import run

from rom import CODE, certificate, der_of, mkimage, rsa_key, shop, signed

CSF_ROOM = 0x2000
CODE_AT = 0xC00
SRKS = ("srk1", "srk2", "srk3", "srk4")


def plain(folder: Path, *lines: str, code: bytes = CODE) -> bytes:
    """An image for i.MX 6; `lines` are more of imximage's configuration."""
    (folder / "imx.cfg").write_text("\n".join(("IMAGE_VERSION 2", "BOOT_FROM sd", *lines, "")))
    return mkimage(folder, "-n", "imx.cfg", "-T", "imximage", "-e", "0x17800000", code=code)


def root_table(folder: Path, *options: str) -> tuple[bytes, bytes]:
    """A table of four root keys, and what is fused, as srktool writes them."""
    names = ",".join(str(certificate(name)) for name in SRKS)
    run("srktool", *options, "-t", folder / "srk", "-e", folder / "fuses", "-c", names)
    return (folder / "srk").read_bytes(), (folder / "fuses").read_bytes()


def hab_table(folder: Path) -> tuple[bytes, bytes]:
    return root_table(folder, "-h", "4", "-d", "sha256")


def cms(data: bytes, name: str) -> bytes:
    """A signature as NXP's tool makes it."""
    path = shop() / "to-sign"
    path.write_bytes(data)
    by = ("-signer", certificate(name, "srk1"), "-inkey", rsa_key(name))
    how = ("-sign", "-binary", "-nocerts", "-nosmimecap", "-md", "sha256", "-outform", "DER", "-in", path)
    return run("openssl", "cms", *how, *by)


def blob(tag: int, content: bytes) -> bytes:
    return struct.pack(">BHB", tag, 4 + len(content), 0x40) + content


def csf(
    folder: Path, image: bytes, blocks: tuple[tuple[int, int], ...], *, unlock: bool = True, start: int | None = None
) -> bytes:
    """Commands, root keys, certificates and signatures for blocks of (offset in the image, size), each behind the
    other. The image begins with its table, or is loaded to `start`."""
    itself = int.from_bytes(image[20:24], "little") if start is None else start
    places = b"".join(struct.pack(">2I", itself + offset, size) for offset, size in blocks)
    covered = b"".join(image[offset : offset + size] for offset, size in blocks)
    parts = [
        hab_table(folder)[0],
        blob(0xD7, der_of(certificate("csf", "srk1"))),
        blob(0xD8, cms(b"", "csf")),  # as long as the one that is made when the commands are known
        blob(0xD7, der_of(certificate("img", "srk1"))),
        blob(0xD8, cms(covered, "img")),
    ]
    ends = [0]
    for part in parts:
        ends.append(ends[-1] + len(part) + -len(part) % 4)
    size = 4 + 12 * 4 + 12 + len(places) + 8 * unlock
    srk, csfk, csf_signature, img, signature = (size + end for end in ends[:-1])
    commands = b"".join((
        struct.pack(">BHB", 0xD4, size, 0x42),
        struct.pack(">BHB4BI", 0xBE, 12, 0, 0x03, 0x17, 0, 0, srk),
        struct.pack(">BHB4BI", 0xBE, 12, 0x02, 0x09, 0, 0, 1, csfk),
        struct.pack(">BHB4BI", 0xCA, 12, 0, 1, 0xC5, 0, 0, csf_signature),
        struct.pack(">BHBI", 0xB2, 8, 0x1D, 1) if unlock else b"",
        struct.pack(">BHB4BI", 0xBE, 12, 0, 0x09, 0, 0, 2, img),
        struct.pack(">BHB4BI", 0xCA, 12 + len(places), 0, 2, 0xC5, 0x1D, 0, signature) + places,
    ))  # fmt: skip
    parts[2] = blob(0xD8, cms(commands, "csf"))
    return (commands + b"".join(part + bytes(-len(part) % 4) for part in parts)).ljust(CSF_ROOM, b"\0")


def signed_image(folder: Path, blocks: tuple[tuple[int, int], ...] | None = None) -> bytes:
    """An image whose CSF covers all before it, or the blocks given."""
    image = plain(folder, f"CSF {CSF_ROOM:#x}")
    end = csf_at(image)
    image = image[:end].ljust(end, b"\0")
    return image + csf(folder, image, blocks or ((0, end),))


def signed_behind(folder: Path, data: bytes, covered: int | None = None) -> bytes:
    """A file with the table and the commands behind it, over all of it or the first bytes of it."""
    start, place = 0x12000000, len(data) + -len(data) % 0x1000
    itself = start + place
    table = struct.pack(">BHB", 0xD1, 32, 0x41) + struct.pack("<7I", start, 0, 0, 0, itself, itself + 32, 0)
    image = data.ljust(place, b"\0") + table
    return image + csf(folder, image, ((0, covered or len(image)),), unlock=False, start=start)


def csf_at(image: bytes) -> int:
    itself, pointer = struct.unpack_from("<2I", image, 20)
    return pointer - itself


def container(folder: Path) -> bytes:
    """An unsigned AHAB container with two images."""
    lines = ("BOOT_FROM sd", "SOC_TYPE IMX8QM", "CONTAINER", "IMAGE A35 code 0x80000000", "IMAGE A35 code 0x80100000")
    (folder / "imx8.cfg").write_text("\n".join((*lines, "")))
    return mkimage(folder, "-n", "imx8.cfg", "-T", "imx8image", "-e", "0x80000000")


def ahab_table(folder: Path) -> tuple[bytes, bytes]:
    return root_table(folder, "-a", "-d", "sha512", "-s", "sha256")


PSS = ("rsa_padding_mode:pss", "rsa_pss_saltlen:-1")


def signed_container(folder: Path, key: int = 0, options: tuple[str, ...] = PSS) -> bytes:
    """A container whose header and digests one of the root keys signs."""
    image = bytearray(container(folder))
    table, _ = ahab_table(folder)
    block = int.from_bytes(image[12:14], "little")
    place = 16 + len(table) + -len(table) % 8
    size = 8 + 256
    struct.pack_into("<BHB", image, 0, 0, block + place + size, 0x87)
    struct.pack_into("<I", image, 4, 2 | key << 4)
    struct.pack_into("<BHB4HI", image, block, 0, place + size, 0x90, 0, 16, place, 0, 0)
    image[block + 16 : block + 16 + len(table)] = table
    struct.pack_into("<BHBI", image, block + place, 0, size, 0xD8, 0)
    covered = bytes(image[: block + place])
    image[block + place + 8 : block + place + size] = signed(rsa_key(SRKS[key]), covered, *options)
    return bytes(image)
