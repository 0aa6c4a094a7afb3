"""The twin's FIT: the kernel and the device tree of a build's, taken out of it, and put together again unsigned.

It has a checksum against bit rot, as most have that are found in the field, and nothing against an attacker.
"""

import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmward.build.program import run
from firmward.formats import fit
from firmward.formats.fit import Fit, Image
from firmward.formats.malformed import Malformed
from firmward.model.errors import InputError

CONFIGURATION = "conf-a"
ROLES = {"kernel": "kernel", "fdt": "flat_dt", "ramdisk": "ramdisk"}
"""What a configuration calls it, and what its image is."""
LARGEST = 512 << 20
"""Bytes of a FIT, which U-Boot has to find room for in memory."""
EPOCH = 0
"""Of the twin nothing depends on when it was made."""

SOURCE = """\
/dts-v1/;
/ {{
	description = "unsigned";
	#address-cells = <1>;
	images {{
{images}	}};
	configurations {{
		default = "{configuration}";
		{configuration} {{
{roles}		}};
	}};
}};
"""
IMAGE = """\
		{role} {{
			data = /incbin/("{role}");
			type = "{kind}";
			arch = "{architecture}";
			os = "linux";
			compression = "{compression}";
{addresses}			hash-1 {{
				algo = "crc32";
			}};
		}};
"""
WORDS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_")


@dataclass(frozen=True, slots=True)
class Piece:
    role: str
    image: Image
    content: bytes


def unsigned(signed: Path, work: Path, initramfs: Callable[[bytes], bytes]) -> Path:
    """Make it in the folder `work`; `initramfs` makes the twin's from the build's. Raises InputError for a FIT that is
    damaged, ToolError when mkimage is not installed."""
    pieces = [
        Piece(piece.role, piece.image, initramfs(piece.content)) if piece.role == "ramdisk" else piece
        for piece in taken(signed)
    ]
    for piece in pieces:
        (work / piece.role).write_bytes(piece.content)
    source, made = work / "plain.its", work / "plain.fit"
    source.write_text(_source(pieces), encoding="ascii")
    run(["mkimage", "-f", source.name, made.name], epoch=EPOCH, package="u-boot-tools", cwd=work)
    return made


def taken(signed: Path) -> list[Piece]:
    """What the configuration of the first slot starts."""
    with signed.open("rb") as file:
        if not 0 < signed.stat().st_size <= LARGEST:
            raise InputError(f"{signed}: is empty, or larger than {LARGEST >> 20} MiB")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                return [_piece(described, role, data) for described in (_fit(data),) for role in ROLES]
            except Malformed as problem:
                raise InputError(f"{signed}: {problem}; build again with `firmward build`") from problem


def _fit(data: mmap.mmap) -> Fit:
    return fit.parse(lambda offset, length: data[offset : offset + length], len(data))


def _piece(described: Fit, role: str, data: mmap.mmap) -> Piece:
    configuration = described.configuration(CONFIGURATION)
    components = () if configuration is None else configuration.components
    name = next((one.image for one in components if one.role == role), None)
    image = None if name is None else described.image(name)
    if image is None or image.place is None or image.place.end > len(data):
        raise Malformed(f"no FIT of a build: its {CONFIGURATION} has no {role}")
    if not WORDS.issuperset((image.architecture or "") + (image.compression or "")):
        raise Malformed(f"the {role} has an architecture or a compression that nobody knows")
    return Piece(role, image, data[image.place.offset : image.place.end])


def _source(pieces: list[Piece]) -> str:
    images = "".join(
        IMAGE.format(
            role=piece.role,
            kind=ROLES[piece.role],
            architecture=piece.image.architecture or "",
            compression=piece.image.compression or "none",
            addresses=_addresses(piece.image),
        )
        for piece in pieces
    )
    roles = "".join(f'\t\t\t{piece.role} = "{piece.role}";\n' for piece in pieces)
    return SOURCE.format(images=images, roles=roles, configuration=CONFIGURATION)


def _addresses(image: Image) -> str:
    given = {"load": image.load, "entry": image.entry}
    return "".join(f"\t\t\t{name} = <{value:#x}>;\n" for name, value in given.items() if value is not None)
