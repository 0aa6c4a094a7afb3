"""The unprotected twin: made of a build's pieces, and started for real."""

import gzip
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from built_device import camera_build, images, small_build
from lasting import lasting_folder

from firmward.formats import cpio, uboot_env
from firmward.lab.board import virtual
from firmward.lab.boot import Limits, boot
from firmward.lab.device import Device, Kind, opened
from firmward.lab.media import passing
from firmward.lab.plain import fit, initramfs, twin
from firmward.lab.plain.environment import environment
from firmward.lab.plain.initramfs import Start
from firmward.lab.shell import Left, fed
from firmward.lab.stages import Mishap, Sign, Stage, read_line
from firmward.model.errors import InputError

HEALTH = ("pidof lighttpd", "test -e '/data/settings/camera.conf'")
NASTY = ("echo '$(reboot)'", 'printf "%s" "it\'s `id`"; true', "# not a comment'", "a && b || c")


@pytest.fixture(scope="session")
def build() -> Path:
    return camera_build(lasting_folder("firmward-lab-test-") / "out", HEALTH)


def small_fit(folder: Path, **changes: str) -> Path:
    """One with a few bytes in each image."""
    text = fit.SOURCE.format(
        images="".join(
            fit.IMAGE.format(
                role=role,
                kind=kind,
                architecture=changes.get("architecture", "arm64"),
                compression="none",
                addresses="\t\t\tload = <0x1000>;\n" if role == "kernel" else "",
            )
            for role, kind in fit.ROLES.items()
        ),
        roles="".join(f'\t\t\t{role} = "{role}";\n' for role in fit.ROLES if role != changes.get("without")),
        configuration=changes.get("configuration", fit.CONFIGURATION),
    )
    for role in fit.ROLES:
        (folder / role).write_bytes(role.encode())
    (folder / "signed.its").write_text(text)
    subprocess.run(["mkimage", "-f", "signed.its", "signed.fit"], cwd=folder, check=True, capture_output=True)
    return folder / "signed.fit"


def test_the_twins_fit_has_the_builds_pieces_with_another_initramfs(tmp_path: Path) -> None:
    made = fit.unsigned(small_fit(tmp_path), tmp_path, lambda archive: archive + b" and more")
    pieces = {piece.role: piece for piece in fit.taken(made)}
    assert {role: piece.content for role, piece in pieces.items()} == {
        "kernel": b"kernel",
        "fdt": b"fdt",
        "ramdisk": b"ramdisk and more",
    }
    assert pieces["kernel"].image.load == 0x1000
    assert all(not piece.image.signatures for piece in pieces.values())


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"without": "fdt"}, "conf-a has no fdt"),
        ({"configuration": "conf-b"}, "conf-a has no kernel"),
        ({"architecture": 'arm64"; description = "x'}, "nobody knows"),
    ],
)
def test_a_fit_that_is_no_builds_is_told(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    if "architecture" in changes:
        path = small_fit(tmp_path)
        path.write_bytes(path.read_bytes().replace(b"arm64\0", b'ar";x\0'))
    else:
        path = small_fit(tmp_path, **changes)
    with pytest.raises(InputError, match=words):
        fit.taken(path)


@pytest.mark.parametrize("content", [b"", b"no FIT", b"\xd0\x0d\xfe\xed" * 20])
def test_what_is_no_fit_is_told(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "boot.fit"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"boot\.fit"):
        fit.taken(path)


def test_a_fit_that_was_cut_off_is_told(tmp_path: Path) -> None:
    path = small_fit(tmp_path)
    os.truncate(path, 200)
    with pytest.raises(InputError, match=r"signed\.fit"):
        fit.taken(path)


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_the_program_stands_in_an_archive_behind_the_first(size: int, tmp_path: Path) -> None:
    archive = initramfs.with_program(b"x" * size, b"#!/bin/sh\n")
    start = archive.index(b"070701")
    assert start % 4 == 0
    members = list(cpio.members(lambda offset, length: archive[offset : offset + length], start))
    told = [(one.name, one.mode, one.size) for one in members]
    assert told == [(b"firmward-plain", 0o100755, 10), (cpio.TRAILER, 0, 0)]
    subprocess.run(["cpio", "-id", "--quiet"], input=archive[start:], cwd=tmp_path, check=True)
    assert (tmp_path / "firmward-plain").read_bytes() == b"#!/bin/sh\n"


@pytest.mark.parametrize("shell", [True, False])
def test_the_script_is_one_whatever_the_health_commands_are(shell: bool) -> None:
    text = initramfs.script(Start("verity", NASTY, "ttyAMA0", shell))
    assert "@" not in text.replace('"$@"', "")
    for program in (["busybox", "sh"], ["dash"]):
        subprocess.run([*program, "-n"], input=text.encode(), check=True)


def test_health_commands_come_through_as_they_were_declared() -> None:
    """The part that runs beside the system, in a shell where the commands are told instead of run."""
    text = initramfs.script(Start("verity", NASTY, "ttyAMA0", False))
    beside = text[text.index("beside='") : text.index("prompt='")]
    body = beside + '\nprintf "%s" "$beside"'
    inner = subprocess.run(["dash"], input=body.encode(), capture_output=True, check=True).stdout.decode()
    healthy = inner[inner.index("healthy() {") : inner.index("until healthy")]
    told = f'sh() {{ printf "%s\\n" "$2"; }}\n{healthy}\nhealthy'
    assert subprocess.run(["dash", "-c", told], capture_output=True, check=True).stdout.decode() == "".join(
        f"{command}\n" for command in NASTY
    )


def test_health_is_told_on_a_line_of_its_own_whatever_a_login_left_before_it() -> None:
    script = initramfs.script(Start("verity", (), "ttyAMA0", shell=False))
    said = re.findall(r'^echo "(.+)" >/dev/kmsg$', script, re.MULTILINE)
    told = said.index("firmward: slot a is healthy")
    heard = "Please press Enter. " + "".join(f"[   40.000001] {one}\n" for one in said[max(0, told - 1) : told + 1])
    assert Sign(Stage.HEALTHY, "", "a") in [read_line(line) for line in heard.splitlines()]


def test_the_environment_is_read_as_u_boot_reads_it() -> None:
    data = environment({"bootcmd": "run it", "bootdelay": "2"}, 4096)
    found = uboot_env.parse(lambda offset, length: data[offset : offset + length])
    assert dict(found.variables) == {"bootcmd": "run it", "bootdelay": "2"}
    assert found.size == 4096


def test_an_environment_that_is_too_large_is_told() -> None:
    with pytest.raises(InputError):
        environment({"bootcmd": "x" * 600}, 512)


def test_a_twin_that_finds_no_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def large(signed: Path, work: Path, change: object) -> Path:
        (work / "plain.fit").write_bytes(bytes(3 << 20))
        return work / "plain.fit"

    monkeypatch.setattr(fit, "unsigned", large)
    device = opened(small_build(tmp_path / "out"), Kind.PLAIN)
    with (
        pytest.raises(InputError, match="3145728 bytes, and the disk has 2097152"),
        passing(device.folder, 1 << 20, twin.preparation(device, virtual("qemu-arm64"))),
    ):
        pass


def test_the_twin_has_its_own_boot_partition_and_the_builds_root(build: Path) -> None:
    device = opened(build, Kind.PLAIN)
    root, upper = device.partition("root_a"), device.partition("root_b")
    with passing(build, 1 << 20, twin.preparation(device, virtual("qemu-arm64"))) as written:
        written.disk.seek(root.start)
        squashfs = (images() / "rootfs.squashfs").read_bytes()
        assert written.disk.read(len(squashfs)) == squashfs
        written.disk.seek(upper.start + 1080)
        assert written.disk.read(2) == b"\x53\xef"
        written.disk.seek(device.partition("boot_a").start)
        assert written.disk.read(4) == b"\xd0\x0d\xfe\xed"
        written.flash.seek(0)
        assert b"bootdelay=2\0" in written.flash.read(4096)


def test_the_twin_starts_for_real_and_is_healthy(build: Path) -> None:
    outcome = boot(opened(build, Kind.PLAIN), Limits(seconds=100, starts=1), lambda step: None)
    assert outcome.healthy, outcome.log
    assert outcome.slot == "a"
    assert {Stage.LOADER, Stage.KERNEL, Stage.SYSTEM, Stage.HEALTHY} <= outcome.stages().keys()
    assert not [step for step in outcome.steps if isinstance(step.sign.what, Mishap)]


def session(device: Device, folder: Path, *lines: str) -> str:
    """What the shell showed; the system starts beside it, and writes its own lines between."""
    screen = folder / "screen"
    with screen.open("wb") as file:
        assert fed(device, (f"{line}\n".encode() for line in lines), file.fileno(), 100) is Left.INPUT
    return screen.read_text()


@pytest.mark.proof
def test_what_root_writes_in_the_twin_is_there_after_the_next_start(build: Path, tmp_path: Path) -> None:
    device = opened(build, Kind.SHELL, tmp_path / "kept")
    first = session(
        device,
        tmp_path,
        "id -u",
        "echo planted > /etc/planted; sync",
        "cat /proc/cmdline",
        "grep SigIgn /proc/self/status",
    )
    assert "0" in first.splitlines()
    assert "console=ttyAMA0" in first
    ignored = re.search(r"SigIgn:\s+(\w+)", first)
    assert ignored is not None
    assert not int(ignored[1], 16) & 1 << signal.SIGINT - 1, "Ctrl-C ends no program"
    assert "planted" in session(device, tmp_path, "cat /etc/planted").splitlines()


@pytest.mark.proof
def test_a_twin_whose_kernel_has_no_overlay_is_writable_all_the_same(tmp_path: Path) -> None:
    """The same root without its modules, and an initramfs that has none for writing."""
    members, bare = tmp_path / "members", tmp_path / "initramfs"
    members.mkdir()
    unpacked = gzip.decompress((images() / "initramfs.cpio.gz").read_bytes())
    subprocess.run(["cpio", "-id", "--quiet", "--no-preserve-owner"], input=unpacked, cwd=members, check=False)
    names = [str(path.relative_to(members)) for path in sorted(members.rglob("*"))]
    kept = "\n".join(name for name in names if Path(name).stem not in ("overlay", "ext4", "jbd2")).encode()
    packed = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=kept, cwd=members, capture_output=True)
    bare.write_bytes(packed.stdout)
    root = tmp_path / "root"
    subprocess.run(["unsquashfs", "-q", "-n", "-d", root, images() / "rootfs.squashfs"], check=True)
    shutil.rmtree(root / "usr/lib/modules")
    image = tmp_path / "bare.squashfs"
    subprocess.run(["mksquashfs", root, image, "-quiet", "-no-progress", "-comp", "gzip"], check=True)
    device = opened(camera_build(tmp_path / "out", initramfs=bare, root=image), Kind.SHELL)
    told = session(device, tmp_path, "echo here > /etc/planted; cat /etc/planted", "grep ' / ' /proc/mounts")
    assert "here" in told.splitlines()
    assert "tmpfs / tmpfs rw" in told


@pytest.mark.proof
def test_a_system_that_is_its_initramfs_has_a_twin_too(tmp_path: Path) -> None:
    root = tmp_path / "root"
    subprocess.run(["unsquashfs", "-q", "-n", "-d", root, images() / "rootfs.squashfs"], check=True)
    (root / "init").write_text("#!/bin/sh\nfalse || exec /sbin/started\n exec  /sbin/own --as-built\n")
    (root / "init").chmod(0o755)
    (root / "usr/sbin/own").write_text('#!/bin/sh\necho "$@" >/told\nexec /sbin/init\n')
    (root / "usr/sbin/own").chmod(0o755)
    (root / ".firmward/bin").mkdir(parents=True)
    names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*"))).encode()
    packed = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=names, cwd=root, capture_output=True)
    whole = tmp_path / "whole.cpio.gz"
    whole.write_bytes(gzip.compress(packed.stdout, 1, mtime=0))
    out = camera_build(tmp_path / "out", initramfs=whole)
    record = out / "build.json"
    record.write_text(record.read_text().replace('"layout": "verity"', '"layout": "initramfs"'))
    told = session(opened(out, Kind.SHELL), tmp_path, "grep rootfs /proc/mounts", "cat /told")
    assert "rootfs / rootfs rw" in told
    assert "--as-built" in told.splitlines()
