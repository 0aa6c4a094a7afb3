"""FITs that mkimage signs, the control trees it writes the keys to, and what an attacker does to them with fdtput."""

import hashlib
import re
import shutil
import struct
from dataclasses import dataclass
from pathlib import Path

import kept_keys
from program import find_program, run_program

from firmward.formats import fdt

PROGRAMS = ("mkimage", "dtc", "fdtput", "fdtget", "openssl")
MISSING = [name for name in PROGRAMS if find_program(name) is None]

SOURCE = """
/dts-v1/;
/ {
    description = "signed"; #address-cells = <1>;
    images {
        kernel-1 { data = /incbin/("kernel-1"); type = "kernel"; os = "linux"; arch = "arm64"; compression = "none";
                   load = <0x80000>; entry = <0x80000>; HASH };
        kernel-2 { data = /incbin/("kernel-2"); type = "kernel"; os = "linux"; arch = "arm64"; compression = "none";
                   load = <0x80000>; entry = <0x80000>; HASH };
        fdt-1 { data = /incbin/("fdt-1"); type = "flat_dt"; arch = "arm64"; compression = "none"; HASH };
        fdt-2 { data = /incbin/("fdt-2"); type = "flat_dt"; arch = "arm64"; compression = "none"; HASH };
        ramdisk-1 { data = /incbin/("ramdisk-1"); type = "ramdisk"; os = "linux"; arch = "arm64"; compression = "none";
                    load = <0x900000>; HASH };
    };
    configurations {
        default = "conf-1";
        conf-1 { description = "one"; kernel = "kernel-1"; fdt = "fdt-1"; ramdisk = "ramdisk-1"; SIGNATURE };
        conf-2 { description = "two"; kernel = "kernel-2"; fdt = "fdt-2"; SIGNATURE2 };
    };
};
"""


@dataclass(frozen=True)
class Signing:
    """How a FIT is signed; `roles` are what is signed of a configuration."""

    algorithm: str = "sha256,rsa2048"
    padding: str = "pkcs-1.5"
    key: str = "dev"
    roles: str = '"kernel", "fdt", "ramdisk"'
    hashes: str = 'hash-1 { algo = "sha256"; };'
    each_image: bool = False

    def source(self) -> str:
        node = f'signature-1 {{ algo = "{self.algorithm}"; padding = "{self.padding}"; key-name-hint = "{self.key}"; '
        of_configuration = node + f"sign-images = {self.roles}; }};" if self.roles else ""
        second = of_configuration.replace(', "ramdisk"', "")
        hashes = self.hashes + (node + "};" if self.each_image else "")
        return SOURCE.replace("SIGNATURE2", second).replace("SIGNATURE", of_configuration).replace("HASH", hashes)


@dataclass(frozen=True)
class Workshop:
    """A folder with keys and payloads. `keys` are ours, `foreign` somebody else's."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> "Workshop":
        made = cls(folder)
        for place, names in (
            ("keys", {"dev": 2048, "big": 4096, "middle": 3072, "small": 1024}),
            ("foreign", {"dev": 2048, "other": 2048}),
        ):
            (folder / place).mkdir()
            for name, bits in names.items():
                made._rsa(folder / place / name, bits)
            options = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:prime256v1")
            made.run("openssl", "genpkey", *options, "-out", f"{place}/curve.pem")
        for number, name in enumerate(("kernel-1", "kernel-2", "ramdisk-1")):
            (folder / name).write_bytes(bytes([number]) * 3001)
        for name in ("fdt-1", "fdt-2"):
            tree = f'/dts-v1/; / {{ model = "{name}"; chosen {{ }}; }};'
            (folder / name).write_bytes(made.run("dtc", "-q", "-O", "dtb", "-p", "512", feed=tree.encode()))
        return made

    def _rsa(self, path: Path, bits: int) -> None:
        shutil.copy(kept_keys.rsa_key(f"fit-{path.parent.name}-{path.name}", bits), f"{path}.key")
        self.run("openssl", "req", "-batch", "-new", "-x509", "-key", f"{path}.key", "-out", f"{path}.crt")

    def run(self, *command: str, feed: bytes = b"") -> bytes:
        done = run_program(command, feed=feed, cwd=self.folder)
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    def made(self, signing: Signing, *options: str) -> tuple[Path, bytes]:
        """The FIT's file, and the control tree with the key that it was signed with, required."""
        (self.folder / "image.its").write_text(signing.source())
        empty = b"/dts-v1/; / { signature { }; };"
        (self.folder / "control.dtb").write_bytes(self.run("dtc", "-q", "-O", "dtb", "-p", "4096", feed=empty))
        command = ("mkimage", *options, "-f", "image.its", "-k", "keys")
        if "ecdsa" in signing.algorithm:
            self._curve(signing)
            self.run(*command, "image.itb")
        else:
            self.run(*command, "-K", "control.dtb", "-r", "image.itb")
        return self.folder / "image.itb", (self.folder / "control.dtb").read_bytes()

    def _curve(self, signing: Signing) -> None:
        """mkimage writes the key of a curve once only, and does not say that it is required."""
        once = signing.source().rpartition("signature-1")
        (self.folder / "once.its").write_text(f"{once[0]} nothing {once[2]}")
        self.run("mkimage", "-f", "once.its", "-k", "keys", "-K", "control.dtb", "once.itb")
        self.put("control.dtb", f"/signature/{signing.key}", "required", "conf")

    def resigned(self, key: str) -> None:
        """Signed anew by somebody else, whose keys have the names of ours, and one of their own."""
        source = self.folder / "image.its"
        if key:
            source.write_text(re.sub(r'key-name-hint = "\w+"', f'key-name-hint = "{key}"', source.read_text()))
        self.run("mkimage", "-f", "image.its", "-k", "foreign", "image.itb")

    def put(self, path: Path | str, *words: str, options: tuple[str, ...] = ()) -> None:
        """Change the tree, by strings unless the options say otherwise; what lies behind it stays."""
        file = self.folder / path
        data = file.read_bytes()
        kind = () if {"-t", "-r", "-d"} & {*options} else ("-t", "s")
        self.run("fdtput", *options, *kind, str(file), *words)
        tree, behind = file.read_bytes(), int.from_bytes(data[4:8], "big") + 3 & -4
        file.write_bytes(tree + bytes(-len(tree) % 4) + data[behind:] if data[behind:] else tree)

    def get(self, path: Path, node: str, name: str) -> list[str]:
        return self.run("fdtget", "-t", "bx", str(path), node, name).decode().split()


def flipped(path: Path, what: bytes) -> None:
    """One bit of the first place that holds these bytes."""
    data = bytearray(path.read_bytes())
    data[data.index(what)] ^= 1
    path.write_bytes(data)


def inserted(data: bytes, at: int, more: bytes) -> bytes:
    """More tokens in the structure of a tree whose strings lie behind it."""
    head = list(struct.unpack(">10I", data[:40]))
    head[1] += len(more)
    head[3] += len(more)
    head[9] += len(more)
    return struct.pack(">10I", *head) + data[40:at] + more + data[at:]


SCHEMES = {
    "rsa2048": Signing(),
    "rsa2048 with pss": Signing(padding="pss"),
    "rsa3072": Signing("sha384,rsa3072", key="middle"),
    "rsa4096": Signing("sha512,rsa4096", key="big"),
    "rsa4096 with pss": Signing("sha256,rsa4096", "pss", "big"),
    "ecdsa": Signing("sha256,ecdsa256", key="curve"),
}


def flip_payload(workshop: Workshop, path: Path) -> None:
    flipped(path, bytes(3000))


def flip_hash(workshop: Workshop, path: Path) -> None:
    flipped(path, hashlib.sha256(bytes(3001)).digest())


def swap_payload_and_hash(workshop: Workshop, path: Path) -> None:
    data, evil = path.read_bytes(), b"E" * 3001
    data = data.replace(bytes(3001), evil).replace(hashlib.sha256(bytes(3001)).digest(), hashlib.sha256(evil).digest())
    path.write_bytes(data)


def swap_component(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/configurations/conf-1", "kernel", "kernel-2")


def choose_the_other(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/configurations", "default", "conf-2")


def strip(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/configurations/conf-1/signature-1", options=("-r",))


def empty(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/configurations/conf-1/signature-1", "value", options=("-d",))


def flip_signature(workshop: Workshop, path: Path) -> None:
    value = workshop.get(path, "/configurations/conf-1/signature-1", "value")
    flipped(path, bytes(int(one, 16) for one in value))


def foreign(workshop: Workshop, path: Path) -> None:
    workshop.resigned("")


def foreign_by_name(workshop: Workshop, path: Path) -> None:
    workshop.resigned("other")


def copied(workshop: Workshop, path: Path, source: str, target: str) -> None:
    """The signature of one configuration as that of another."""
    for name in ("value", "hashed-nodes", "hashed-strings", "algo", "padding"):
        value = workshop.get(path, f"/configurations/{source}/signature-1", name)
        workshop.put(path, f"/configurations/{target}/signature-1", name, *value, options=("-p", "-t", "bx"))


def mix(workshop: Workshop, path: Path) -> None:
    for role, name in (("kernel", "kernel-1"), ("fdt", "fdt-2")):
        workshop.put(path, "/configurations/conf-3", role, name, options=("-p",))
    copied(workshop, path, "conf-1", "conf-3")
    nodes = bytes(int(one, 16) for one in workshop.get(path, "/configurations/conf-1/signature-1", "hashed-nodes"))
    names = nodes.replace(b"conf-1", b"conf-3").decode().rstrip("\0").split("\0")
    workshop.put(path, "/configurations/conf-3/signature-1", "hashed-nodes", *names)
    workshop.put(path, "/configurations", "default", "conf-3")


def borrow(workshop: Workshop, path: Path) -> None:
    copied(workshop, path, "conf-2", "conf-1")


def unsigned_default(workshop: Workshop, path: Path) -> None:
    for role, name in (("kernel", "kernel-1"), ("fdt", "fdt-2")):
        workshop.put(path, "/configurations/conf-3", role, name, options=("-p",))
    workshop.put(path, "/configurations", "default", "conf-3")


def narrow(workshop: Workshop, path: Path) -> None:
    nodes = ("/", "/configurations/conf-1", "/images/kernel-1", "/images/kernel-1/hash-1")
    workshop.put(path, "/configurations/conf-1/signature-1", "hashed-nodes", *nodes)


def edit_names(workshop: Workshop, path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\0entry\0", b"\0empty\0"))


def sign_fewer_names(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/configurations/conf-1/signature-1", "hashed-strings", options=("-d",))


def sign_no_such_names(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/configurations/conf-1/signature-1", "hashed-strings", "0", "fffff", options=("-t", "x"))


def add_to_configuration(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/configurations/conf-1", "loadables", "kernel-2")


def add_to_image(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/images/kernel-1", "entry-more", "1", options=("-t", "x"))


def change_the_root(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/", "description", "other!")


def change_load(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/images/kernel-1", "load", "90000", options=("-t", "x"))


def remove_component(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/images/ramdisk-1", options=("-r",))


def same_name_with_address(workshop: Workshop, path: Path) -> None:
    workshop.put(path, "/images/kernel-1@1", "type", "kernel", options=("-p",))


def decoy(workshop: Workshop, path: Path) -> None:
    """The signed nodes are kept where nobody boots from, and the list leads there."""
    nodes = bytes(int(one, 16) for one in workshop.get(path, "/configurations/conf-1/signature-1", "hashed-nodes"))
    names = nodes.replace(b"/images/kernel-1", b"/images/decoy/kernel-1").decode().rstrip("\0").split("\0")
    workshop.put(path, "/configurations/conf-1/signature-1", "hashed-nodes", *names)
    data = path.read_bytes()
    tree = fdt.DeviceTree(lambda offset, size: data[offset : offset + size])
    node = tree.node("images/kernel-1")
    assert node is not None
    behind = b"\0\0\0\1end\0\0\0\0\2"  # straight behind what is listed, U-Boot counts the decoy's own end as well
    more = b"\0\0\0\1decoy\0\0\0" + data[node.start : node.end] + behind + b"\0\0\0\2"
    data = inserted(data, node.start, more)
    first = data.index(bytes(3001)) + 3001  # the decoy stays as it was signed
    path.write_bytes(data[:first])
    old, evil = hashlib.sha256(bytes(3001)).digest(), b"E" * 3001
    kept = data.index(old) + 32
    head, rest = data[:kept], data[kept:]
    path.write_bytes(head + rest.replace(bytes(3001), evil, 1).replace(old, hashlib.sha256(evil).digest(), 1))


ATTACKS = (
    flip_payload,
    flip_hash,
    swap_payload_and_hash,
    swap_component,
    choose_the_other,
    strip,
    empty,
    flip_signature,
    foreign,
    foreign_by_name,
    mix,
    borrow,
    unsigned_default,
    narrow,
    edit_names,
    sign_fewer_names,
    sign_no_such_names,
    add_to_configuration,
    add_to_image,
    change_the_root,
    change_load,
    remove_component,
    same_name_with_address,
    decoy,
)
