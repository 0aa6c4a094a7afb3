"""A signed image of the sample camera: what it costs beside the bare programs in a row, and how it starts beside its
unprotected twin."""

import filecmp
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from measure import Cost, best_in_turn, cost, table

PROJECT = Path(__file__).resolve().parents[1]
CAMERA = PROJECT / "build" / "camera-clean"
CACHE = PROJECT / "build" / "cache"
MARK = 10.0
"""CPU seconds that a build may take, from a root and a boot loader that are there."""
HEALTHY = 20.0
"""Seconds from power on to healthy."""
STARTS = 5
BARE = """
set -e
mksquashfs root/ root.img -quiet -no-progress -comp xz -all-root
size=$(stat -c %s root.img)
veritysetup format --hash-offset="$size" root.img root.img | sed -n 's/^Root hash:[[:space:]]*//p' >root.hash
(cd initramfs && find . | LC_ALL=C sort | cpio -o -H newc --quiet) | xz --check=crc32 >initramfs.xz
gzip -n -c Image >kernel.gz
mkimage -f image.its -K control.dtb -k keys -r boot.fit
mke2fs -q -t ext4 -d data data.ext4 16M
truncate -s 131M disk.img
sgdisk -n 1:0:+1M -n 2:0:+24M -n 3:0:+24M -n 4:0:+32M -n 5:0:+32M -n 6:0:+16M disk.img
at=2
for one in boot.fit boot.fit root.img root.img data.ext4; do
    start=$(sgdisk -i "$at" disk.img | sed -n 's/^First sector: \\([0-9]*\\).*/\\1/p')
    dd if="$one" of=disk.img bs=512 seek="$start" conv=notrunc,sparse status=none
    at=$((at + 1))
done
"""
SOURCE = """/dts-v1/;
/ {
    description = "camera"; #address-cells = <1>;
    images {
        kernel { data = /incbin/("kernel.gz"); type = "kernel"; os = "linux"; arch = "arm64"; compression = "gzip";
                 load = <0x40200000>; entry = <0x40200000>; hash { algo = "sha256"; }; };
        fdt { data = /incbin/("camera.dtb"); type = "flat_dt"; arch = "arm64"; compression = "none";
              load = <0x46000000>; hash { algo = "sha256"; }; };
        initramfs { data = /incbin/("initramfs.xz"); type = "ramdisk"; os = "linux"; arch = "arm64";
                    compression = "none"; load = <0x46200000>; hash { algo = "sha256"; }; };
    };
    configurations {
        default = "conf-a";
        conf-a { kernel = "kernel"; fdt = "fdt"; ramdisk = "initramfs"; signature { algo = "sha256,rsa2048";
                 key-name-hint = "boot"; sign-images = "kernel", "fdt", "ramdisk"; }; };
    };
};
"""


class Workshop:
    """A folder with a key store, the camera's root unpacked, and what the bare programs need."""

    def __init__(self, folder: Path) -> None:
        subprocess.run(
            [sys.executable, "examples/camera/build.py", "-o", CAMERA, "--clean"],
            cwd=PROJECT,
            check=True,
            capture_output=True,
        )
        self.folder = folder
        self.bare = folder / "bare"
        secret = folder / "passphrase"
        secret.touch(0o600)
        secret.write_text("correct horse battery\n")
        self.passphrase = ("--passphrase-file", str(secret))
        firmward("keys", "init", "boot", "rootfs", "--store", str(folder / "keys"), *self.passphrase)
        self.policy = PROJECT / "examples" / "camera" / "device.toml"
        root = folder / "root"
        subprocess.run(["unsquashfs", "-q", "-n", "-d", root, CAMERA / "images/rootfs.squashfs"], check=True)
        self.unpacked = folder / "device.toml"
        self.unpacked.write_text(self.policy.read_text().replace('"images/rootfs.squashfs"', f'"{root}"'))

    def build(self, policy: Path, out: str) -> Cost:
        named = ("-o", str(self.folder / out), "--inputs", str(CAMERA), "--cache", str(CACHE))
        return firmward("build", str(policy), *named, "--keys", str(self.folder / "keys"), *self.passphrase, "-q")

    def lay_out(self) -> None:
        """The same pieces for the bare programs; the initramfs is the one of a build."""
        from firmward.build.initramfs.packing import expanded
        from firmward.lab.plain.fit import taken

        place = self.bare
        for name in ("keys", "initramfs", "data"):
            (place / name).mkdir(parents=True)
        packed = place / "packed"
        packed.write_bytes(
            next(one.content for one in taken(self.folder / "one/slot/boot.fit") if one.role == "ramdisk")
        )
        members = ["cpio", "-id", "--quiet", "--no-absolute-filenames"]
        subprocess.run(members, input=expanded(packed), cwd=place / "initramfs", check=False, stderr=subprocess.DEVNULL)
        for name, target in {"root": self.folder / "root", "Image": CAMERA / "images/Image"}.items():
            (place / name).symlink_to(target)
        for name in ("camera.dtb", "control.dtb"):
            (place / name).write_bytes((CAMERA / "images/camera.dtb").read_bytes())
        (place / "image.its").write_text(SOURCE)
        key = ["openssl", "req", "-batch", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=boot"]
        named = ["-keyout", "keys/boot.key", "-out", "keys/boot.crt"]
        subprocess.run([*key, *named], cwd=place, check=True, capture_output=True)

    def by_hand(self) -> Cost:
        for made in ("root.img", "disk.img", "data.ext4", "boot.fit"):
            (self.bare / made).unlink(missing_ok=True)
        path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
        found = cost(["env", f"PATH={path}", "sh", "-c", f"cd '{self.bare}'; {BARE}"])
        own = (self.folder / "one/slot/root.img").stat().st_size
        if abs((self.bare / "root.img").stat().st_size - own) > own // 10:
            raise SystemExit("the bare programs packed another root than the build")
        return found


def firmward(*words: str) -> Cost:
    return cost([sys.executable, "-m", "firmward", *words])


def costs(shop: Workshop, rounds: int) -> str:
    jobs = (
        shop.by_hand,
        lambda: shop.build(shop.unpacked, "folder"),
        lambda: shop.build(shop.policy, "one"),
    )
    found = best_in_turn(jobs, rounds)
    names = (
        "mksquashfs, veritysetup, cpio, xz, gzip, mkimage, mke2fs, sgdisk, dd in a row",
        "`firmward build`, its root a folder",
        "`firmward build`, its root a squashfs, which is taken as it is",
    )
    rows = [[name, *_figures(one, found[0])] for name, one in zip(names, found, strict=True)]
    measured = table(["job", "CPU s", "ratio", "wall s", "ratio", "peak MiB"], rows)
    words = "From a root, a kernel and a boot loader that are there, to a signed disk with two slots; the mark is"
    return f"{words} {MARK:g} s CPU:\n\n{measured}"


def _figures(found: Cost, base: Cost) -> list[str]:
    shares = (f"{found.cpu:.2f}", f"{found.cpu / base.cpu:.2f}", f"{found.wall:.2f}", f"{found.wall / base.wall:.2f}")
    return [*shares, str(found.memory)]


def sameness(shop: Workshop) -> str:
    """Two builds in two folders, from two working directories' point of view, byte by byte."""
    shop.build(shop.policy, "a folder/two")
    first, second = shop.folder / "one", shop.folder / "a folder/two"
    names = [sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file()) for one in (first, second)]
    _, different, unread = filecmp.cmpfiles(first, second, names[0], shallow=False)
    size = sum((first / name).stat().st_size for name in names[0])
    if names[0] != names[1] or different or unread:
        return f"Two builds in two folders differ in {', '.join(different or unread or ['their names'])}."
    return f"Two builds in two folders: {len(names[0])} files, {size / 1e6:.0f} MB, the same byte by byte."


def starts(shop: Workshop) -> str:
    """In turn, so that a slow minute of the machine meets both."""
    seconds: dict[str, list[dict[str, float]]] = {"protected": [], "plain": []}
    for _ in range(STARTS):
        for kind, words in (("plain", ["--plain"]), ("protected", [])):
            seconds[kind].append(_start(shop.folder / "one", words))
    middle = {kind: {stage: _median(rounds, stage) for stage in rounds[0]} for kind, rounds in seconds.items()}
    base = middle["plain"]["healthy"]
    rows = [
        [
            name,
            f"{middle[kind]['kernel started']:.1f}",
            f"{middle[kind]['system']:.1f}",
            f"{whole:.1f}",
            f"{whole / base:.2f}",
        ]
        for kind, name in (("plain", "its unprotected twin"), ("protected", "the build"))
        for whole in (middle[kind]["healthy"],)
    ]
    words = (
        f"In QEMU, without the processor's help; median of {STARTS} first starts; the mark is {HEALTHY:g} s. The twin's"
    )
    rest = "boot loader waits 2 s for a key:"
    header = ["seconds after power on", "kernel started", "system", "healthy", "ratio"]
    return f"{words} {rest}\n\n{table(header, rows)}"


def _start(out: Path, words: list[str]) -> dict[str, float]:
    command = [sys.executable, "-m", "firmward", "lab", "boot", str(out), "--json", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)["medians"]
    return found


def _median(rounds: list[dict[str, float]], stage: str) -> float:
    return sorted(one[stage] for one in rounds)[len(rounds) // 2]


def section(rounds: int) -> str:
    with tempfile.TemporaryDirectory(prefix="firmward-bench-") as name:
        shop = Workshop(Path(name))
        shop.build(shop.policy, "one")
        shop.lay_out()
        parts = (costs(shop, rounds), sameness(shop), starts(shop))
        return "\n\n".join(("## Build", *parts))
