"""What a signed FIT is made of, small: a kernel with the header of arm64, a board's tree, an initramfs; and keys."""

import random
from dataclasses import dataclass, field
from pathlib import Path

import kept_keys
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from program import find_program, run_program

from firmward.build.board import board
from firmward.build.fit import FitPieces
from firmward.signing.public_half import key_id
from firmward.signing.signing_key import Scheme

MISSING = [name for name in ("mkimage", "dtc", "openssl") if find_program(name) is None]
EPOCH = 1_700_000_000
TREE = """/dts-v1/; /memreserve/ 0x40000000 0x1000; / {
    model = "board"; compatible = "maker,board"; #address-cells = <2>; #size-cells = <2>;
    aliases { serial0 = "/pl011@9000000"; };
    chosen { rng-seed = [01 02 03]; kaslr-seed = <1 2>; stdout-path = "/pl011@9000000"; linux,initrd-start = <5>;
             bootargs = "init=/bin/sh"; own = "kept"; };
    memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x10000000>; };
    pl011@9000000 { compatible = "arm,pl011"; };
};"""


@dataclass(frozen=True)
class HeldKey:
    """A key in a file, as signing keys answer. `asked` are the messages it was asked to sign."""

    path: Path
    asked: list[bytes] = field(default_factory=list)

    @property
    def private(self) -> RSAPrivateKey:
        key = serialization.load_pem_private_key(self.path.read_bytes(), None)
        assert isinstance(key, RSAPrivateKey)
        return key

    @property
    def public(self) -> RSAPublicKey:
        return self.private.public_key()

    @property
    def id(self) -> str:
        return key_id(self.public)

    def sign(self, message: bytes, scheme: Scheme) -> bytes:
        self.asked.append(message)
        pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        how = {Scheme.RSA_PKCS1_SHA256: padding.PKCS1v15(), Scheme.RSA_PSS_SHA256: pss}[scheme]
        return self.private.sign(message, how, hashes.SHA256())


def held_key(name: str = "boot", bits: int = 2048) -> HeldKey:
    return HeldKey(kept_keys.rsa_key(f"build-{name}", bits))


def compiled(source: str) -> bytes:
    done = run_program(("dtc", "-q", "-I", "dts", "-O", "dtb"), feed=source.encode())
    assert done.returncode == 0, done.stderr
    return done.stdout


def kernel(size: int = 30_000) -> bytes:
    """An `Image` by its header, with a body that packs to about half."""
    body = bytes(one & 15 for one in random.Random(7).randbytes(size))
    head = bytes(16) + (size + 5000).to_bytes(8, "little") + bytes(32) + b"ARM\x64" + bytes(4)
    return head + body[len(head) :]


def pieces(folder: Path, board_name: str = "qemu-arm64", console: str = "off", **more: object) -> FitPieces:
    (folder / "Image").write_bytes(kernel())
    (folder / "board.dtb").write_bytes(compiled(TREE))
    (folder / "initramfs.cpio.gz").write_bytes(random.Random(8).randbytes(5003))
    paths = (folder / "Image", folder / "board.dtb", folder / "initramfs.cpio.gz")
    return FitPieces(*paths, board(board_name), console, **more)  # type: ignore[arg-type]


def control_tree(folder: Path) -> Path:
    path = folder / "control.dtb"
    path.write_bytes(compiled('/dts-v1/; / { model = "control"; signature { key-old { required = "conf"; }; }; };'))
    return path
