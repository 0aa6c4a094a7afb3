"""Parts given by hand join the image, or make it up; what is not what it was said to be is refused."""

import gzip
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import kernel_samples
import pytest
from command import Firmward
from program import find_program
from real.packages import unpacked
from real.roots import NoPackagesError
from signed_fit import MISSING, Signing, Workshop
from uboot_made import COMMANDS, SAID, SHAPES, made

from firmward.cli.loose import Loose
from firmward.image.given import CLAIMS, Given
from firmward.image.opening import open_image

ANY_KEY = b"Hit any key to stop autoboot: %2d "
BOOTS = {"bootcmd": "load mmc 0:1 ${loadaddr} fitImage; bootm ${loadaddr}", "bootdelay": "2"}
KERNEL = (
    '#\n# Linux/arm64 6.1.55 Kernel Configuration\n#\nCONFIG_ARM64=y\nCONFIG_CMDLINE="{}"\nCONFIG_CMDLINE_FORCE=y\n'
)
U_BOOT = "#\n# Automatically generated file; DO NOT EDIT.\n# U-Boot 2023.01 Configuration\n#\nCONFIG_CMDLINE=y\n{}"
OPEN_U_BOOT = U_BOOT.format("CONFIG_AUTOBOOT=y\nCONFIG_BOOTDELAY=2\nCONFIG_CMD_GO=y\nCONFIG_ENV_IS_IN_MMC=y\n")
SHUT_U_BOOT = U_BOOT.format("CONFIG_AUTOBOOT=y\nCONFIG_BOOTDELAY=-2\nCONFIG_ENV_IS_NOWHERE=y\n")
FUSES = (
    "=> fuse read 0 6\nReading bank 0:\n\nWord 0x00000006: {:08x}\n"
    "=> fuse read 5 6\nReading bank 5:\n\nWord 0x00000006: 00000000\n"
)
PICTURE = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1" + bytes(range(256)) * 40
needs_fits = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


class Audit:
    """The audit of given parts, by the names of files in one folder."""

    def __init__(self, firmward: Firmward, folder: Path) -> None:
        self.firmward, self.folder = firmward, folder

    def put(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def __call__(self, *words: object) -> dict[str, Any]:
        output = self.folder / "report.json"
        output.unlink(missing_ok=True)
        called = self.firmward("audit", "-q", "-o", output, *words)
        assert called.code in (0, 3), called.err
        report: dict[str, Any] = json.loads(output.read_text())
        return report


@pytest.fixture
def audit(firmward: Firmward, tmp_path: Path) -> Audit:
    return Audit(firmward, tmp_path)


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.at(tmp_path_factory.mktemp("fit"))


def outcomes(report: dict[str, Any]) -> dict[str, str]:
    return {check["check"]: check["outcome"] for check in report["checks"]}


def kinds(report: dict[str, Any]) -> dict[str, str]:
    return {part["id"]: part["kind"] for part in report["parts"]}


def fingerprints(report: dict[str, Any], check: str) -> set[str]:
    return {one["fingerprint"] for one in report["findings"] if one["check"] == check}


def binary(**environment: str) -> bytes:
    return made(SHAPES["arm"], environment={**BOOTS, **environment}, said=(*SAID, ANY_KEY), commands=COMMANDS)


def packed(folder: Path) -> bytes:
    """A folder as gzipped cpio, as an initramfs is."""
    listed = subprocess.run(["find", "."], cwd=folder, capture_output=True, check=True).stdout
    done = subprocess.run(["cpio", "-o", "-H", "newc"], cwd=folder, input=listed, capture_output=True, check=True)
    return gzip.compress(done.stdout)


def compiled(source: str) -> bytes:
    if find_program("dtc") is None:
        pytest.skip("dtc is not installed")
    return subprocess.run(["dtc", "-q", "-O", "dtb"], input=source.encode(), capture_output=True, check=True).stdout


def test_a_boot_loader_alone_is_an_image(audit: Audit) -> None:
    report = audit("--uboot", audit.put("u-boot.bin", binary()), "--only", "boot")
    assert report["subject"]["name"] == "given parts"
    assert kinds(report) == {"image": "given", "given/uboot": "u-boot"}
    assert report["parts"][1]["digest"].startswith("sha256:")
    assert outcomes(report)["uboot-shell-reachable"] == "fail"


def test_a_boot_loader_beside_an_image_leaves_the_image_as_it_is(audit: Audit, root: Path) -> None:
    alone, joined = audit(root), audit(root, "--uboot", audit.put("u-boot.bin", binary()))
    assert outcomes(alone)["uboot-shell-reachable"] == "notapplicable"
    assert outcomes(joined)["uboot-shell-reachable"] == "fail"
    assert joined["subject"]["name"] == "rootfs"
    mine = {finding["fingerprint"] for finding in alone["findings"]}
    assert mine < {finding["fingerprint"] for finding in joined["findings"]}


def test_fingerprints_know_no_file_names(audit: Audit) -> None:
    one = audit("--uboot-config", audit.put("one.config", OPEN_U_BOOT))
    with gzip.open(audit.folder / "another name.gz", "wb") as file:
        file.write(OPEN_U_BOOT.encode())
    other = audit("--uboot-config", audit.folder / "another name.gz")
    assert fingerprints(one, "uboot-shell-reachable") == fingerprints(other, "uboot-shell-reachable") != set()


def test_a_configuration_alone_is_judged_as_its_binary_would_be(audit: Audit) -> None:
    found = outcomes(audit("--uboot-config", audit.put(".config", OPEN_U_BOOT)))
    failing = {check for check, outcome in found.items() if outcome == "fail"}
    assert failing == {
        "debug-uart-enabled",
        "firmware-end-of-life",
        "uboot-environment-writable",
        "uboot-risky-command",
        "uboot-shell-reachable",
    }
    found = outcomes(audit("--uboot-config", audit.put(".config", SHUT_U_BOOT)))
    assert found["uboot-shell-reachable"] == found["uboot-environment-writable"] == "pass"


def test_a_defconfig_is_taken_by_the_word_of_who_gives_it(audit: Audit) -> None:
    text = "CONFIG_BOOTDELAY=2\nCONFIG_AUTOBOOT=y\n" + "".join(f"CONFIG_OPTION_{n}=y\n" for n in range(12))
    report = audit("--uboot-config", audit.put("board_defconfig", text))
    assert kinds(report)["given/uboot-config"] == "u-boot-config"
    assert outcomes(report)["uboot-shell-reachable"] == "unknown"
    packed = audit("--uboot-config", audit.put("board_defconfig.gz", gzip.compress(text.encode())))
    assert kinds(packed)["given/uboot-config/uboot-config"] == "u-boot-config"


def test_another_build_s_configuration_is_told_as_one(audit: Audit) -> None:
    words = ("--uboot", audit.put("u-boot.bin", binary(bootdelay="-2")), "--only", "uboot-shell-reachable")
    assert outcomes(audit(*words)) == {"uboot-shell-reachable": "pass"}
    (check,) = audit(*words, "--uboot-config", audit.put(".config", OPEN_U_BOOT))["checks"]
    assert check["outcome"] == "unknown"
    assert "not the configuration of given/uboot" in check["reason"]


def test_a_kernel_configuration_goes_with_the_only_root(audit: Audit, root: Path) -> None:
    config = audit.put("config-6.1", KERNEL.format("mitigations=off"))
    report = audit(root, "--kernel-config", config, "--only", "kernel-cmdline")
    assert next(part for part in report["parts"] if part["id"] == "given/kernel-config")["belongs_to"] == "image"
    assert "mitigations-off" in {finding["key"] for finding in report["findings"]}
    again = audit("--rootfs", root, "--kernel-config", config, "--only", "kernel-cmdline")
    assert {one["id"]: one["belongs_to"] for one in again["parts"]}["given/kernel-config"] == "given/rootfs"
    assert {finding["key"] for finding in again["findings"]} == {finding["key"] for finding in report["findings"]}


def test_a_kernel_configuration_alone_is_judged(audit: Audit) -> None:
    lines = "CONFIG_DEVMEM=y\n# CONFIG_STRICT_KERNEL_RWX is not set\n"
    text = f"# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.12.9 Kernel Configuration\n{lines}"
    filler = "".join(f"CONFIG_FILLER_{number}=y\n" for number in range(120))
    report = audit("--kernel-config", audit.put("whole", (text + filler).encode()), "--only", "kernel-config")
    assert {check["check"]: check["outcome"] for check in report["checks"]} == {"kernel-config": "fail"}
    assert {"devmem", "strict_kernel_rwx"} <= {finding["key"] for finding in report["findings"]}
    (standing,) = report["kernels"]
    assert (standing["name"], standing["architecture"], standing["unknown"]) == ("6.12.9", "arm64", 0)


def test_a_kernel_may_hold_its_configuration(audit: Audit) -> None:
    options = "".join(f"CONFIG_{random.Random(number).randbytes(9).hex()}=y\n" for number in range(400))
    config = (
        f"# Linux/arm 6.1.55 Kernel Configuration\n{options}".encode()
    )  # as large, packed, as a kernel's is at least
    kernel = audit.put("zImage", kernel_samples.zimage(gzip.compress(kernel_samples.vmlinux(config))))
    assert "kernel-config" in kinds(audit("--kernel-config", kernel)).values()
    without = audit.put("zImage", kernel_samples.zimage(gzip.compress(kernel_samples.vmlinux(None))))
    called = audit.firmward("audit", "--kernel-config", without, "-q")
    assert (called.code, "a zimage" in called.err) == (2, True)


def test_a_root_is_a_folder_or_an_image(audit: Audit, root: Path) -> None:
    folder = audit("--rootfs", root)
    tar = audit.folder / "root.tar"
    subprocess.run(["tar", "-C", root, "-cf", tar, "."], check=True)
    image = audit("--rootfs", tar)
    assert outcomes(folder)["telnet-enabled"] == outcomes(image)["telnet-enabled"] == "fail"
    assert fingerprints(folder, "telnet-enabled") == fingerprints(image, "telnet-enabled")
    assert {part["id"]: part["role"] for part in folder["parts"]}["given/rootfs"] == "root"


def test_an_initramfs_goes_with_the_root_and_may_be_one_of_several(audit: Audit, root: Path) -> None:
    system = audit.folder / "system"
    for name in ("early", "main"):
        place = system / name
        place.mkdir(parents=True)
        (place / "init").write_text("#!/bin/sh\nmount /dev/mmcblk0p2 /mnt\nexec switch_root /mnt /sbin/init\n")
        (place / "init").chmod(0o755)
        (place / name).write_text(name)
    words = [audit.put(f"{name}.cpio.gz", packed(system / name)) for name in ("early", "main")]
    report = audit(root, "--initramfs", words[0], "--initramfs", words[1], "--only", "storage")
    told = {part["id"]: (part["role"], part["belongs_to"]) for part in report["parts"]}
    assert told["given/initramfs/initramfs"] == told["given/initramfs~2/initramfs~2"] == ("initramfs", "image")


def test_an_environment_is_bytes_or_text(audit: Audit) -> None:
    text = audit.put("env.txt", "bootcmd=run mmcboot\nbootargs=root=/dev/mmcblk0p2\nethaddr=02:00:00:00:00:01\n")
    assert outcomes(audit("--env", text))["uboot-environment-on-media"] == "fail"
    pasted = audit.put("pasted", "=> printenv\nbootcmd=run mmcboot\n\nEnvironment size: 20/65532 bytes\n")
    assert outcomes(audit("--env", pasted))["uboot-environment-on-media"] == "fail"
    harmless = audit.put("harmless", "ethaddr=02:00:00:00:00:01\n")
    assert outcomes(audit("--env", harmless))["uboot-environment-on-media"] == "pass"


@pytest.mark.skipif(find_program("mkenvimage") is None, reason="mkenvimage is not installed")
@pytest.mark.parametrize("options", [(), ("-r",)], ids=["single", "redundant"])
def test_an_environment_that_was_made_is_read_by_its_checksum(audit: Audit, options: tuple[str, ...]) -> None:
    text = audit.put("env.txt", "bootcmd=run mmcboot\nbaudrate=115200\n")
    command = ["mkenvimage", "-s", "0x4000", *options, "-o", audit.folder / "env.bin", text]
    subprocess.run(command, check=True, capture_output=True)
    data = (audit.folder / "env.bin").read_bytes()
    report = audit("--env", audit.put("env.bin", data * (2 if options else 1)))
    assert kinds(report)["given/env"] == "u-boot-env"
    assert outcomes(report)["uboot-environment-on-media"] == "fail"


@needs_fits
def test_a_signature_is_verified_with_the_key_that_is_given(audit: Audit, workshop: Workshop) -> None:
    fit, control = workshop.made(Signing())
    good, bad = workshop.folder / "keys/dev.crt", workshop.folder / "foreign/dev.crt"
    found = outcomes(audit("--fit", fit))
    assert found["fit-signature-invalid"] == "unknown"
    found = outcomes(audit("--fit", fit, "--public-key", good))
    assert (found["fit-signature-invalid"], found["fit-key-not-required"]) == ("pass", "notapplicable")
    assert outcomes(audit("--fit", fit, "--public-key", bad))["fit-signature-invalid"] == "fail"
    assert outcomes(audit("--fit", fit, "--public-key", bad, "--public-key", good))["fit-signature-invalid"] == "pass"
    tree = audit.put("u-boot.dtb", control)
    found = outcomes(audit("--fit", fit, "--dtb", tree, "--public-key", bad))
    assert (found["fit-signature-invalid"], found["fit-key-not-required"]) == ("pass", "pass")


@needs_fits
def test_a_tree_with_keys_is_the_boot_loader_s(audit: Audit, workshop: Workshop) -> None:
    fit, control = workshop.made(Signing())
    tree, board = audit.put("u-boot.dtb", control), audit.put("board.dtb", compiled('/dts-v1/; / { model = "b"; };'))
    report = audit("--fit", fit, "--dtb", board, "--dtb", tree)
    assert {"given/dtb", "given/dtb~2", "given/fit"} < {*kinds(report)}
    assert outcomes(report)["fit-signature-invalid"] == "pass"


def test_fuses_are_read_for_the_chip_that_the_device_tree_names(audit: Audit) -> None:
    tree = audit.put("board.dtb", compiled('/dts-v1/; / { compatible = "maker,board", "fsl,imx6ull"; };'))
    opened, closed = (audit.put(name, FUSES.format(word)) for name, word in (("open", 0x10), ("closed", 0x12)))
    assert outcomes(audit("--fuses", opened, "--dtb", tree))["chip-open"] == "fail"
    assert outcomes(audit("--fuses", closed, "--dtb", tree))["chip-open"] == "pass"
    assert outcomes(audit("--fuses", closed))["chip-open"] == "unknown"
    policy = audit.put("device.toml", '[device]\nproduct = "gateway"\nboard = "imx6ull"\n')
    assert outcomes(audit("--fuses", closed, "-p", policy))["chip-open"] == "pass"
    assert outcomes(audit("--dtb", tree))["chip-open"] == "notapplicable"


def test_all_parts_together_are_one_image(audit: Audit, root: Path) -> None:
    words = (
        ("--kernel-config", audit.put("config", KERNEL.format("quiet"))),
        ("--dtb", audit.put("board.dtb", compiled('/dts-v1/; / { compatible = "fsl,imx6ull"; };'))),
        ("--uboot", audit.put("u-boot.bin", binary())),
        ("--uboot-config", audit.put("u-boot.config", OPEN_U_BOOT)),
        ("--env", audit.put("env.txt", "bootcmd=run mmcboot\n")),
        ("--rootfs", root),
        ("--fuses", audit.put("otp.txt", FUSES.format(0x12))),
    )
    report = audit(*(word for pair in words for word in pair))
    given = {name.removeprefix("--") for name, _ in words}
    assert {part["id"] for part in report["parts"]} == {"image", *(f"given/{name}" for name in given)}
    assert {part["parent"] for part in report["parts"][1:]} == {"image"}
    assert [part["problem"] for part in report["parts"]] == [None] * len(report["parts"])
    assert report["budget"]["complete"]


@pytest.mark.proof
@pytest.mark.parametrize("package", ["u-boot-imx:armhf", "u-boot-sunxi:arm64", "u-boot-stm32:armhf", "u-boot-qemu:all"])
def test_every_boot_loader_that_debian_ships_is_taken_for_one(package: str) -> None:
    name, _, architecture = package.partition(":")
    try:
        folder = unpacked(name, architecture) / "usr/lib/u-boot"
    except NoPackagesError as reason:
        pytest.skip(f"packages are out of reach: {reason}")
    files = [file for file in sorted(folder.glob("*/u-boot*")) if file.suffix in (".bin", ".img", ".imx", ".itb")]
    assert files
    for file in files:
        image = open_image(None, given=(Given("uboot", file),))
        assert "u-boot" in {part.kind for part in image.parts}, file


WRONG = [
    ("dtb", PICTURE, "is not a device tree (--dtb); it looks like a JPEG picture"),
    ("dtb", b"\xd0\x0d\xfe\xed" + bytes(40), "a device tree that is damaged or cut off"),
    ("dtb", OPEN_U_BOOT.encode(), "it looks like a u-boot-config"),
    ("fit", PICTURE, "is not a FIT"),
    ("uboot", PICTURE, "is not a U-Boot"),
    ("uboot", b"just words\n" * 400, "it looks like a text"),
    ("uboot", bytes(9000), "it looks like blank flash"),
    ("uboot-config", KERNEL.encode(), "it looks like a kernel-config"),
    ("kernel-config", OPEN_U_BOOT.encode(), "it looks like a u-boot-config"),
    ("env", b"CONFIG_A=y\nCONFIG_B=y\n", "it looks like a text of options"),
    ("env", b"no variable in here\n", "it looks like a text"),
    ("initramfs", PICTURE, "is not an initramfs"),
    ("rootfs", PICTURE, "is not a root file system"),
    ("fuses", PICTURE, "is not a dump of fuses"),
    ("fuses", b"nothing was read\n", "it looks like a text"),
    ("public-key", PICTURE, "is not a public key"),
    ("public-key", b"-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\n", "a private key"),
    ("manifest", b"nothing was built\n", "is not a build's list of packages"),
    ("fuses", b"", "the file is empty"),
]


@pytest.mark.parametrize(("option", "content", "message"), WRONG, ids=lambda value: str(value)[:30])
def test_what_is_not_what_it_is_said_to_be_is_refused(audit: Audit, option: str, content: bytes, message: str) -> None:
    path = audit.put("given", content)
    called = audit.firmward("audit", f"--{option}", path, "-q")
    assert called.code == 2
    assert message in called.err
    assert str(path) in called.err
    assert "Traceback" not in called.err


@pytest.mark.parametrize("option", CLAIMS)
def test_what_is_not_there_is_refused(audit: Audit, option: str) -> None:
    called = audit.firmward("audit", f"--{option}", audit.folder / "nowhere", "-q")
    assert (called.code, "No such file" in called.err) == (2, True)


@pytest.mark.parametrize("option", [option for option in CLAIMS if option != "rootfs"])
def test_a_folder_is_no_file(audit: Audit, option: str) -> None:
    called = audit.firmward("audit", f"--{option}", audit.folder, "-q")
    assert (called.code, "is a folder" in called.err) == (2, True)


def test_a_running_machine_takes_no_parts(audit: Audit) -> None:
    called = audit.firmward("audit", "--live", "--uboot", audit.put("u-boot.bin", binary()), "-q")
    assert (called.code, "--live" in called.err) == (2, True)


def test_no_report_is_written_over_a_part(audit: Audit) -> None:
    part = audit.put("env.json", "bootcmd=run mmcboot\n")
    assert audit.firmward("audit", "--env", part, "-o", part, "-q").code == 2
    assert part.read_text() == "bootcmd=run mmcboot\n"


def test_every_claim_has_its_option() -> None:
    here = Path(__file__)
    several = {"dtb", "fit", "initramfs", "public_key"}
    names = {claim.replace("-", "_") for claim in CLAIMS}
    given = Loose(**{name: (here,) if name in several else here for name in names}).gathered()
    assert [one.claim for one in given] == [*CLAIMS]
