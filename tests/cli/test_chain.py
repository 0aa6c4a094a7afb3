"""The chain of trust of a device that is whole, and of the same with one thing changed: which link that breaks."""

import gzip
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
import rom
from command import Firmward
from rom import nxp
from signed_fit import Signing, Workshop
from whole_device import FEW, INIT, LEGACY, MISSING, Device, device

from firmward.audit.chain_words import headline
from firmward.cli.judging import Question, Reading, audit_target
from firmward.image.budget import Limits
from firmward.model.chain import LINKS, Link
from firmward.model.clock import Clock

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


@pytest.fixture(scope="module")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    return Workshop.at(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def whole(workshop: Workshop, tmp_path: Path) -> Device:
    return device(tmp_path, workshop)


def drawn(target: Path) -> tuple[Link, ...]:
    from firmward.audit.chain import CHECKS

    question = Question(tuple(CHECKS), None, Clock(date(2026, 11, 20)))
    return audit_target(target, question, Reading(Limits()), lambda message: None).chain


def states(chain: tuple[Link, ...]) -> dict[str, str]:
    return {link.link: link.state.value for link in chain}


WHOLE = {
    "boot-rom": "unknown",
    "first-stage": "verified",
    "boot-loader": "verified",
    "kernel": "verified",
    "root": "verified",
    "plug-ins": "verified",
    "updates": "unknown",
}


def test_a_device_that_verifies_everything_has_a_whole_chain(whole: Device) -> None:
    chain = drawn(whole.write())
    assert tuple(link.link for link in chain) == LINKS
    assert states(chain) == WHOLE
    assert [link.by for link in chain[1:6]] == [
        "HAB",
        "HAB",
        "the boot loader's key, sha256,rsa2048",
        "dm-verity",
        "the root file system",
    ]


def unsigned_first_stage(one: Device) -> None:
    one.is_signed = False


def key_not_required(one: Device) -> None:
    one.is_required = False


def legacy_images(one: Device) -> None:
    one.said = (*one.said, LEGACY)


def prompt(one: Device) -> None:
    one.environment["bootdelay"] = "2"


def stored_environment(one: Device) -> None:
    one.drivers, one.said = ("MMC",), tuple(text for text in one.said if b"aroc" not in text)


def boot_from_usb(one: Device) -> None:
    one.environment["bootcmd"] = "usb start; load usb 0:1 ${loadaddr} fitImage; bootm ${loadaddr}"
    one.commands = (*FEW, "usb", "load")


def bare_kernel_instead(one: Device) -> None:
    one.environment["bootcmd"] = "mmc read ${loadaddr} 0x800 0x8000; bootm ${loadaddr} || booti ${loadaddr}"
    one.commands = (*FEW, "booti")


def unsigned_fit(one: Device) -> None:
    one.signing = Signing(roles="")


def ramdisk_left_out(one: Device) -> None:
    one.signing = Signing(roles='"kernel", "fdt"')


def weak_hash(one: Device) -> None:
    one.signing = Signing(hashes='hash-1 { algo = "sha1"; };')


def no_verity(one: Device) -> None:
    one.init = "#!/bin/sh\nmount -o ro /dev/mmcblk0p2 /mnt\nexec switch_root /mnt /sbin/init\n"


def ignored_corruption(one: Device) -> None:
    one.init = INIT.replace("--hash-offset", "--ignore-corruption --hash-offset")


def wrong_root_hash(one: Device) -> None:
    one.init = INIT.replace("HASH", "5c" * 32)


def skipped_on_request(one: Device) -> None:
    plain = "grep -q noverity /proc/cmdline && mount -o ro /dev/mmcblk0p2 /mnt && exec switch_root /mnt /sbin/init\n"
    one.init = INIT.replace("veritysetup", plain + "veritysetup")


def rescue_shell(one: Device) -> None:
    one.init = INIT.replace("|| reboot -f\nmount", "|| exec sh\nmount")


BROKEN: dict[Callable[[Device], None], dict[str, str]] = {
    unsigned_first_stage: {"boot-rom": "unverified", "first-stage": "unverified", "boot-loader": "unverified"},
    key_not_required: {"kernel": "broken", "root": "broken", "plug-ins": "unverified"},
    legacy_images: {"kernel": "broken"},
    prompt: {"kernel": "broken"},
    stored_environment: {"kernel": "broken"},
    boot_from_usb: {"kernel": "broken"},
    bare_kernel_instead: {"kernel": "broken"},
    unsigned_fit: {"kernel": "unverified", "root": "broken", "plug-ins": "unverified"},
    ramdisk_left_out: {"kernel": "broken", "root": "broken", "plug-ins": "unverified"},
    weak_hash: {"kernel": "broken", "root": "broken", "plug-ins": "unverified"},
    no_verity: {"root": "unverified", "plug-ins": "unverified"},
    ignored_corruption: {"root": "broken", "plug-ins": "unverified"},
    skipped_on_request: {"root": "broken", "plug-ins": "unverified"},
    rescue_shell: {"root": "broken", "plug-ins": "unverified"},
    wrong_root_hash: {"root": "broken", "plug-ins": "unverified"},
}


@pytest.mark.parametrize("change", BROKEN, ids=lambda change: change.__name__)
def test_one_change_breaks_the_link_that_it_is_about(change: Callable[[Device], None], whole: Device) -> None:
    change(whole)
    assert states(drawn(whole.write())) == WHOLE | BROKEN[change]


def flipped(path: Path, at: int) -> None:
    path.write_bytes(rom.changed(path.read_bytes(), at))


@pytest.mark.parametrize(
    ("name", "at", "broken"),
    [
        ("u-boot.imx", 0x1000, {"first-stage": "broken", "boot-loader": "broken"}),
        ("fitImage", 0x100, {"kernel": "broken"}),
        ("rootfs.squashfs", 200, {"root": "broken", "plug-ins": "unverified"}),
    ],
)
def test_one_flipped_bit_breaks_its_link(name: str, at: int, broken: dict[str, str], whole: Device) -> None:
    flipped(whole.write() / name, at)
    assert states(drawn(whole.output)) == WHOLE | broken


def test_a_hook_directory_that_can_be_written_breaks_the_last_link(whole: Device) -> None:
    whole.root["etc/fstab"] += "/dev/mmcblk0p4 /etc/udev ext4 nosuid,nodev 0 2\n"
    whole.root |= {"sbin/udevd": "\x7fELF", "etc/udev/rules.d/90-cam.rules": 'RUN+="/usr/bin/camera"\n'}
    assert states(drawn(whole.write())) == WHOLE | {"plug-ins": "broken"}


def test_signed_by_somebody_else_is_broken(whole: Device) -> None:
    whole.write()
    whole.workshop.resigned("dev")
    shutil.copy(whole.workshop.folder / "image.itb", whole.output / "fitImage")
    assert states(drawn(whole.output))["kernel"] == "broken"


def test_a_root_hash_beside_its_data_breaks_the_root(whole: Device) -> None:
    whole.init = "#!/bin/sh\nmount /dev/mmcblk0p1 /boot\nexec switch_root /mnt /sbin/init\n"
    output = whole.write()
    root_hash = (whole.folder / "hash").read_text().split()[0]
    (output / "extlinux").mkdir()
    line = f"LABEL a\n  APPEND root=/dev/dm-0 ro roothash={root_hash}\n"
    (output / "extlinux/extlinux.conf").write_text(line)
    assert states(drawn(output))["root"] == "broken"


def test_what_a_build_leaves_beside_the_signed_fit_breaks_nothing(whole: Device, workshop: Workshop) -> None:
    output = whole.write()
    shutil.copy(workshop.folder / "fdt-1", output / "board.dtb")
    (output / "initramfs.cpio").write_bytes(gzip.decompress((workshop.folder / "ramdisk-1").read_bytes()))
    assert states(drawn(output)) == WHOLE


def test_a_kernel_beside_the_signed_fit_breaks_the_kernel(whole: Device, workshop: Workshop) -> None:
    output = whole.write()
    (output / "board.dtb").write_bytes((workshop.folder / "fdt-1").read_bytes().replace(b"fdt-1", b"fdt-9"))
    found = {link.link: link for link in drawn(output)}["kernel"]
    assert found.state.value == "broken"
    assert found.evidence[0].says == "image/board.dtb is loaded on its own, and bears no signature"


def test_without_the_boot_loader_nobody_is_known_to_ask(whole: Device) -> None:
    output = whole.write()
    (output / "u-boot.imx").unlink()
    shutil.copy(whole.workshop.folder / "control.dtb", output / "u-boot.dtb")
    found = states(drawn(output))
    assert (found["first-stage"], found["boot-loader"], found["kernel"]) == ("unknown", "unknown", "unknown")


@pytest.fixture
def pieces(whole: Device) -> Path:
    """The same device with kernel and device tree in files of their own, no FIT, and a U-Boot that asks HAB."""
    whole.commands = (*FEW, "hab_auth_img")
    output = whole.write()
    (output / "fitImage").unlink()
    return output


@pytest.mark.parametrize(("covered", "state"), [(None, "verified"), (0x100, "broken")])
def test_pieces_that_hab_verifies_one_by_one_are_verified(
    covered: int | None, state: str, pieces: Path, whole: Device
) -> None:
    tree = (whole.workshop.folder / "fdt-1").read_bytes()
    ramdisk = (whole.workshop.folder / "ramdisk-1").read_bytes()
    (pieces / "board.dtb").write_bytes(nxp.signed_behind(whole.folder, tree, covered))
    (pieces / "initrd.gz").write_bytes(nxp.signed_behind(whole.folder, ramdisk))
    found = {link.link: link for link in drawn(pieces)}
    assert (found["kernel"].state.value, found["kernel"].by) == (state, "HAB")
    assert found["root"].state.value == "verified"


def test_what_hab_signed_and_u_boot_does_not_ask_for_is_broken(pieces: Path, whole: Device) -> None:
    tree = (whole.workshop.folder / "fdt-1").read_bytes()
    (pieces / "board.dtb").write_bytes(nxp.signed_behind(whole.folder, tree))
    whole.commands = FEW
    whole.write()
    (whole.output / "fitImage").unlink()
    assert states(drawn(pieces))["kernel"] == "broken"


@pytest.mark.parametrize(("signed", "state"), [(True, "verified"), (False, "unverified")])
def test_a_system_in_the_initramfs_ends_the_chain_there(signed: bool, state: str, whole: Device) -> None:
    whole.init = "\x7fELF"
    whole.more = {"etc/inittab": (0o100644, "::respawn:/usr/bin/camera\n")}
    if not signed:
        whole.signing = Signing(roles="")
    output = whole.write()
    (output / "rootfs.squashfs").unlink()
    chain = drawn(output)
    assert [link.link for link in chain] == [name for name in LINKS if name != "root"]
    assert states(chain)["kernel"] == states(chain)["plug-ins"] == state


def test_a_root_that_is_elsewhere_is_unknown(whole: Device) -> None:
    output = whole.write()
    (output / "rootfs.squashfs").unlink()
    chain = {link.link: link for link in drawn(output)}
    assert chain["root"].state.value == "unknown"
    assert chain["root"].evidence[0].says == "the root file system that the initramfs goes on to is not in the image"


# the command


def test_the_command_draws_it_and_fails_where_it_is_told_to(firmward: Firmward, whole: Device) -> None:
    whole.init = "#!/bin/sh\nmount -o ro /dev/mmcblk0p2 /mnt\nexec switch_root /mnt /sbin/init\n"
    output = whole.write()
    called = firmward("chain", output)
    assert called.code == 0
    assert "The first link of the chain of trust that does not hold is the root file system" in called.out
    assert "boot ROM before it is unknown" in " ".join(called.out.split())
    assert firmward("chain", output, "--fail-on", "unverified").code == 1
    assert firmward("chain", output, "--fail-on", "broken").code == 0
    document = json.loads(firmward("chain", output, "--json").out)
    assert document["schema"] == "firmward.chain/1"
    assert [link["link"] for link in document["chain"]] == list(LINKS)


FUSES = (
    "=> fuse read 0 6\nReading bank 0:\n\nWord 0x00000006: {:08x}\n"
    "=> fuse read 5 6\nReading bank 5:\n\nWord 0x00000006: 00000000\n"
)


@pytest.mark.parametrize(("word", "state"), [(0x2, "verified"), (0x0, "unverified")])
def test_a_dump_of_the_fuses_says_whether_the_boot_rom_asks(
    word: int, state: str, firmward: Firmward, whole: Device, tmp_path: Path
) -> None:
    (tmp_path / "otp.txt").write_text(FUSES.format(word))
    board = b'/dts-v1/; / { compatible = "maker,board", "fsl,imx6q"; };'
    (tmp_path / "board.dtb").write_bytes(whole.workshop.run("dtc", "-q", "-O", "dtb", feed=board))
    output = whole.write()
    said = firmward("chain", output, "--fuses", tmp_path / "otp.txt", "--dtb", tmp_path / "board.dtb", "--json")
    found = {link["link"]: link for link in json.loads(said.out)["chain"]}
    assert found["boot-rom"]["state"] == state, said.out


def test_loose_parts_alone_make_a_chain(firmward: Firmward, whole: Device) -> None:
    output = whole.write()
    words = ("--uboot", output / "u-boot.imx", "--fit", output / "fitImage", "--rootfs", output / "rootfs.squashfs")
    said = firmward("chain", *words, "--json")
    assert {link["link"]: link["state"] for link in json.loads(said.out)["chain"]} == WHOLE
    assert firmward("chain").code == 2


def test_of_nothing_no_chain_is_drawn(firmward: Firmward, tmp_path: Path) -> None:
    (tmp_path / "noise").write_bytes(bytes(range(256)) * 400)
    called = firmward("chain", tmp_path / "noise")
    assert called.code == 3
    assert "there is nothing here that a chain of trust could be drawn of" in called.err


def test_a_root_alone_is_judged_and_what_starts_it_is_unknown(firmward: Firmward, root: Path) -> None:
    document = json.loads(firmward("chain", root, "--json").out)
    found = {link["link"]: link["state"] for link in document["chain"]}
    assert [found[name] for name in LINKS[:4]] == ["unknown"] * 4


def test_a_difference_names_the_links_that_changed(firmward: Firmward, whole: Device, tmp_path: Path) -> None:
    reports = [tmp_path / "old.json", tmp_path / "new.json"]
    assert firmward("audit", whole.write(), "-q", "-o", reports[0]).code == 0
    whole.init = "#!/bin/sh\nmount -o ro /dev/mmcblk0p2 /mnt\nexec switch_root /mnt /sbin/init\n"
    assert firmward("audit", whole.write(), "-q", "-o", reports[1]).code == 0
    worse, better = (
        json.loads(firmward("diff", *pair, "--format", "json").out)["chain"] for pair in (reports, reversed(reports))
    )
    assert [(one["link"], one["was"], one["now"], one["direction"]) for one in worse] == [
        ("root", "verified", "unverified", "worse"),
        ("plug-ins", "verified", "unverified", "worse"),
    ]
    assert {one["direction"] for one in better} == {"better"}
    said = " ".join(firmward("diff", *reports).out.split())
    assert "chain of trust: 2 links" in said
    assert "verified → unverified: the initramfs: its scripts mount the root and verify nothing" in said


def test_a_report_of_a_few_checks_has_no_chain(firmward: Firmward, whole: Device, tmp_path: Path) -> None:
    output = whole.write()
    assert firmward("audit", output, "-q", "-o", tmp_path / "r.json", "--only", "boot").code == 0
    assert json.loads((tmp_path / "r.json").read_text())["chain"] == []


def test_words_of_a_whole_chain(whole: Device) -> None:
    chain = drawn(whole.write())
    assert headline(chain) == "No link of the chain of trust is known to be open; not judged: boot ROM, updates"
    assert headline(chain[1:6]) == "The chain of trust is whole, from the first stage to the scripts and plug-ins"
