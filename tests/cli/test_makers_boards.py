"""Boards whose boot loader is the maker's, by the command: the first build gives the control tree with the key, the
second takes a boot loader that has it inside, and what the maker's tool signs is verified with the build.

Kernel, device trees and boot loaders are Debian's for armhf; the boot loaders get the control tree behind their code.
"""

import json
import os
import shutil
import struct
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import hab_tree
import pytest
import signed_camera
import stores
from command import Called, Firmward
from real.packages import kernel, unpacked
from real.roots import NoPackagesError
from rom import changed, mkimage, nxp, st

from firmward.build import built
from firmward.formats import uboot_control
from firmward.model.chain import FIRST_STAGE, State

pytestmark = pytest.mark.proof

LIBRARIES = ("libdevmapper1.02.1", "libc6", "libselinux1", "libudev1", "libpcre2-8-0", "libgcc-s1")
KEPT = ("drivers/mmc", "drivers/md", "drivers/dma", "fs/squashfs", "lib", "crypto", "arch")
POLICY = """
schema = 1
[device]
product = "meter"
version = "2.0"
board = "{board}"
architecture = "arm"
[boot]
console = "output-only"
[filesystem]
verified = "verity"
[build]
rootfs = "root"
tools = "tools"
kernel = "zImage"
device_tree = "{tree}"
boot_loader_tree = "{tree}"
compression = "gzip"
data_size = "1M"
"""


def debians(package: str) -> Path:
    try:
        return unpacked(package, "armhf")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")


@dataclass(frozen=True)
class Case:
    """A board, its device tree, and Debian's `loader` of a package, with what is told of it."""

    board: str
    tree: str
    package: str
    loader: str
    told: str


CASES = (
    Case("imx6ull", "imx6ull-14x14-evk.dtb", "u-boot-imx", "mx6qsabrelite/u-boot-dtb.imx", "CONFIG_IMX_HAB=y"),
    Case("stm32mp157", "stm32mp157c-dk2.dtb", "u-boot-stm32", "stm32mp157c-dk2/u-boot-spl.stm32", "does not require"),
    Case("am335x", "am335x-boneblack.dtb", "u-boot-omap", "am335x_boneblack/MLO", "does not require"),
)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root of BusyBox and the kernel's modules for these boards, and the programs of the initramfs."""
    folder = tmp_path_factory.mktemp("inputs")
    busybox = debians("busybox-static") / "bin" / "busybox"
    package = kernel("armmp", "armhf")
    (image,) = (package / "boot").glob("vmlinuz-*")
    release = image.name.removeprefix("vmlinuz-")
    shutil.copy(image, folder / "zImage")
    for name in ("root/bin", "root/sbin", "root/dev", "root/etc", "root/boot", "tools/bin"):
        (folder / name).mkdir(parents=True)
    for name in ("root", "tools"):
        shutil.copy(busybox, folder / name / "bin" / "busybox")
    (folder / "root/bin/sh").symlink_to("busybox")
    (folder / "root/sbin/init").symlink_to("../bin/busybox")
    shutil.copy(package / "boot" / f"config-{release}", folder / "root/boot")
    (folder / "root/etc/passwd").write_text("root:*:0:0:root:/:/bin/false\n")
    modules = Path("lib", "modules", release)
    for kept in KEPT:
        if (package / modules / "kernel" / kept).is_dir():
            shutil.copytree(package / modules / "kernel" / kept, folder / "root" / modules / "kernel" / kept)
    shutil.copy(package / modules / "modules.builtin", folder / "root" / modules)
    for name in ("dmsetup", *LIBRARIES):
        for part in ("sbin", "lib", "usr/lib"):
            if (debians(name) / part).is_dir():
                shutil.copytree(debians(name) / part, folder / "tools" / part, symlinks=True, dirs_exist_ok=True)
    for case in CASES:
        (tree,) = package.glob(f"usr/lib/linux-image-*/{case.tree}")
        shutil.copy(tree, folder)
    return folder


@dataclass(frozen=True)
class Maker:
    firmward: Firmward
    inputs: Path
    folder: Path
    case: Case

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def build(self, loader: Path | None = None) -> Called:
        policy = self.folder / "device.toml"
        text = POLICY.format(board=self.case.board, tree=self.case.tree)
        policy.write_text(text + ("" if loader is None else f"boot_loader = '{loader}'\n"))
        words = ("--inputs", self.inputs, "--keys", self.folder / "keys", "--quiet", "-o", self.out)
        return self.firmward("build", policy, *words, "--passphrase-file", self.folder / "passphrase")

    def verify(self, *rest: object) -> Called:
        return self.firmward("verify", self.out, "--keys", self.folder / "keys", *rest)

    def real_loader(self) -> Path:
        return debians(self.case.package) / "usr" / "lib" / "u-boot" / self.case.loader

    def loader_with_key(self) -> Path:
        """Debian's code with the control tree behind it, in the form that the ROM reads."""
        data, control = self.real_loader().read_bytes(), (self.out / "boot" / "control.dtb").read_bytes()
        place, work = self.folder / self.real_loader().name, self.folder / "work"
        work.mkdir(exist_ok=True)
        match self.case.board:
            case "imx6ull":
                made = nxp.plain(work, "CSF 0x2000", code=data[0xC00:] + control)
            case "stm32mp157":
                where = ("-a", "0x2ffc2500", "-e", "0x2ffc2500")
                made = mkimage(work, "-T", "stm32image", *where, code=data[256:] + control)
            case _:
                made = mkimage(work, "-T", "omapimage", "-a", "0x402f0400", code=data[520:] + control)
        place.write_bytes(made)
        return place


@pytest.fixture(params=CASES, ids=[case.board for case in CASES])
def maker(request: pytest.FixtureRequest, firmward: Firmward, inputs: Path, tmp_path: Path) -> Maker:
    signed_camera.store(tmp_path / "keys")
    stores.secret_file(tmp_path)
    return Maker(firmward, inputs, tmp_path, request.param)


def test_from_the_first_build_to_a_boot_loader_that_holds(maker: Maker) -> None:
    first = maker.build()
    assert first.code == 0, first.err
    assert f"make EXT_DTB={maker.out}/boot/control.dtb" in first.out.splitlines()[-1]
    assert not (maker.out / "rom").exists()
    key = built.read(maker.out).boot_key
    (tree,) = uboot_control.find((maker.out / "boot" / "control.dtb").read_bytes())
    assert [(one.hint, one.required) for one in tree.keys or ()] == [(key, "conf")]

    refused = maker.build(maker.real_loader())
    assert refused.code == 2
    assert maker.case.told in refused.err
    assert not (maker.out / "rom").exists()  # the earlier build stands there yet

    second = maker.build(maker.loader_with_key())
    assert second.code == 0, second.err
    assert {path.name for path in (maker.out / "rom").iterdir()} >= {"README.md", "sign.sh", "boot-loader.bin"}
    assert os.access(maker.out / "rom" / "sign.sh", os.X_OK)
    assert "rom/README.md tells how the boot loader is signed" in second.out
    assert maker.verify().code == 0
    outcomes = audited(maker)
    assert (outcomes["fit-unsigned"], outcomes["rootfs-unverified"]) == ("pass", "pass")
    unsigned = maker.verify("--rom", maker.out / "rom" / "boot-loader.bin")
    assert unsigned.code in (1, 2), unsigned.out


def audited(maker: Maker) -> dict[str, str]:
    return {one["check"]: one["outcome"] for one in report(maker)["checks"]}


def report(maker: Maker) -> dict[str, Any]:
    written = maker.folder / "report.json"
    maker.firmward("audit", maker.out, "-o", written, "--quiet")
    return cast("dict[str, Any]", json.loads(written.read_text()))


def states(maker: Maker) -> dict[str, str]:
    """The first links of the chain, as an audit of the build draws them."""
    return {one["link"]: one["state"] for one in report(maker)["chain"]}


@pytest.mark.skipif(bool(hab_tree.MISSING), reason=f"{hab_tree.MISSING} missing")
@pytest.mark.parametrize("maker", CASES[:1], indirect=True, ids=["imx6ull"])
def test_what_nxps_tool_signs_is_verified_with_the_build(maker: Maker, tmp_path: Path) -> None:
    assert maker.build().code == 0
    assert maker.build(maker.loader_with_key()).code == 0
    assert states(maker)[FIRST_STAGE] == State.UNVERIFIED
    environment = {**os.environ, "CST": str(hab_tree.cst())}
    command = ["sh", maker.out / "rom" / "sign.sh", hab_tree.tree(tmp_path / "hab")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    signed = maker.out / "rom" / "signed.imx"
    called = maker.verify("--rom", signed)  # what the tool has left is no addition
    assert called.code == 0, called.out
    assert states(maker)[FIRST_STAGE] == State.VERIFIED
    assert [one for one in report(maker)["notes"] if "left out" in one]
    broken = tmp_path / "broken.imx"
    broken.write_bytes(changed(signed.read_bytes(), 0x1000))
    called = maker.verify("--rom", broken)
    assert called.code == 1
    assert "is not what was given out to be signed" in called.out
    again = maker.build(maker.loader_with_key())  # the signed one is not lost to the next build
    assert again.code == 2
    assert "rom/signed.imx" in again.err
    assert signed.exists()


@pytest.mark.parametrize("maker", CASES[1:2], indirect=True, ids=["stm32mp157"])
def test_what_is_signed_as_sts_tool_signs_is_verified_with_the_build(maker: Maker, tmp_path: Path) -> None:
    from rom import curve_key, point

    assert maker.build().code == 0
    assert maker.build(maker.loader_with_key()).code == 0
    image = bytearray((maker.out / "rom" / "boot-loader.bin").read_bytes())
    image[100:108] = struct.pack("<2I", 0, 1)
    image[108:172] = point(curve_key("stm32-prime256v1", "prime256v1"))
    assert states(maker)[FIRST_STAGE] == State.UNVERIFIED
    signed = maker.out / "rom" / "signed.stm32"
    signed.write_bytes(st.sign(bytes(image)))
    called = maker.verify("--rom", signed)
    assert called.code == 0, called.out
    assert states(maker)[FIRST_STAGE] == State.VERIFIED
    signed.write_bytes(changed(signed.read_bytes(), 5000))
    assert maker.verify("--rom", signed).code == 1
    assert states(maker)[FIRST_STAGE] == State.BROKEN
