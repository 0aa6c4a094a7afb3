"""What each initramfs does on its way to the root."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from beside import around
from real.packages import unpacked
from real.roots import NoPackagesError

from firmward.facts.collection import Collection
from firmward.facts.initramfses import Anchor, FoundInitramfs, Initramfses, Verdict
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.parts import OpenPart
from firmward.model.report import Part, Role

HASH = "4392712ba01368efdf14b05c76f9e4df0d53664630b5d48632ed17a137f39076"
OPEN = f"veritysetup open /dev/a v /dev/b {HASH}"
MOUNT = "mount /dev/mapper/v /n\n"
PLAIN = "mount /dev/a /n\n"
GO = "exec switch_root /n /sbin/init\n"
ELF = executable(b"\x7fELF")
BESIDE: dict[str, Content] = {
    "bin/busybox": ELF,
    "sbin/init": link("../bin/busybox"),
    "usr/bin/camera": ELF,
    "etc/key.pub": "key",
    "etc/list": "list",
    "etc/ima/policy": "appraise func=BPRM_CHECK appraise_type=imasig\n",
    "etc/ima/measure": "measure func=BPRM_CHECK\n",
    "roothash": HASH,
}
SIGNED = "openssl dgst -verify /etc/key.pub -signature /b/i.sig /b/i"
WORDS = "for word in $(cat /proc/cmdline); do case $word in "


def initramfs(files: Mapping[str, Content], id: str = "image/initramfs", problem: str | None = None) -> OpenPart:
    return OpenPart(Part(id, "cpio", "image", role=Role.INITRAMFS, problem=problem), None, MemoryTree(files))


def collected(*ones: OpenPart) -> Initramfses:
    found = Collection(MemoryTree({}), parts=around(*ones)).get(Initramfses)
    assert isinstance(found, Initramfses)
    return found


def told(files: Mapping[str, Content], problem: str | None = None) -> FoundInitramfs:
    return collected(initramfs(files, problem=problem)).found[0]


def script(text: str, **more: Content) -> FoundInitramfs:
    return told({"init": executable("#!/bin/sh\n" + text), **BESIDE, **more})


VERIFIED = {
    "failure starts anew": f"{OPEN} || reboot -f\n{MOUNT}{GO}",
    "failure ends the first process": f"{OPEN} || exit 1\n{MOUNT}{GO}",
    "failure waits for ever": f"{OPEN} || while :; do sleep 9; done\n{MOUNT}{GO}",
    "the kernel is told to panic": f"{OPEN} || echo c > /proc/sysrq-trigger\n{MOUNT}{GO}",
    "a volume that is not open cannot be mounted": f"{OPEN}\n{MOUNT}{GO}",
    "set -e": f"set -e\n{OPEN}\n{MOUNT}{GO}",
    "a function": f"die() {{ echo $1; reboot; }}\nroot() {{ {OPEN} || return 1; }}\nroot || die no\n{MOUNT}{GO}",
    "the status is asked": f"{OPEN}\nif [ $? -ne 0 ]; then reboot; fi\n{MOUNT}{GO}",
    "the volume is asked for": f"{OPEN}\n[ -e /dev/mapper/v ] || {{ {PLAIN} }}\n"
    f"[ -e /dev/mapper/v ] || exit\n{MOUNT}{GO}",
    "sh -c": f'sh -c "{OPEN}" || exit 1\n{MOUNT}{GO}',
    "sourced": f". /lib/open\n{MOUNT}{GO}",
    "busybox": f"{OPEN} || busybox reboot -f\nbusybox {MOUNT}exec busybox {GO[5:]}",
    "the old order": f"veritysetup create v /dev/a /dev/b {HASH} || exit\n{MOUNT}{GO}",
    "a file with the hash": f"veritysetup open /dev/a v /dev/b $(cat /roothash) || exit\n{MOUNT}{GO}",
    "read": f"read hash < /roothash\nveritysetup open /dev/a v /dev/b $hash || exit\n{MOUNT}{GO}",
    "a hash on the command line": f"{WORDS} roothash=*) hash=${{word#roothash=}};; esac; done\n"
    f"veritysetup open /dev/a v /dev/b $hash || exit\n{MOUNT}{GO}",
    "a signature of the hash": "mount /dev/c /boot\nveritysetup open /dev/a v /dev/b $(cat /boot/hash)"
    f" --root-hash-signature=/boot/hash.p7s || exit\n{MOUNT}{GO}",
    "dmsetup": f"echo '0 8 verity 1 /dev/a /dev/b 4096 4096 1 1 sha256 {HASH} -' | dmsetup create v || exit\n"
    f"{MOUNT}{GO}",
    "below an overlay": f"{OPEN} || exit\nmount /dev/mapper/v /l\nmount -t tmpfs t /rw\n"
    f"mount -t overlay -o lowerdir=/l,upperdir=/rw/u,workdir=/rw/w o /n\n{GO}",
    "moved": f"{OPEN} || exit\nmount /dev/mapper/v /x\nmount --move /x /n\n{GO}",
    "pivot_root": f"{OPEN} || exit\n{MOUNT}cd /n\npivot_root . old\nexec chroot . /sbin/init\n",
    "a signed list": f"{PLAIN}cd /n\nopenssl dgst -sha256 -verify /etc/key.pub -signature list.sig list || reboot\n"
    f"sha256sum -c list || reboot\n{GO}",
    "a list of its own": f"{PLAIN}sha256sum -c /etc/list || reboot\n{GO}",
    "a digest": f'{PLAIN}[ "$(sha256sum /dev/a | cut -d" " -f1)" = {HASH} ] || reboot\n{GO}',
    "a signed image": "mount /dev/b /b\nopenssl dgst -verify /etc/key.pub -signature /b/i.sig /b/i || reboot\n"
    f"mount -o loop /b/i /n\n{GO}",
    "set -e and a signature": f"set -e\nmount /dev/b /b\n{SIGNED}\nmount -o loop /b/i /n\n{GO}",
    "an IMA policy": f"{PLAIN}cat /etc/ima/policy > /sys/kernel/security/ima/policy\n{GO}",
    "either slot": f"{WORDS} slot=*) slot=${{word#slot=}};; esac; done\n"
    "case $slot in b) d=/dev/b;; *) d=/dev/a;; esac\n"
    f"veritysetup open $d v $d {HASH} || exit\n{MOUNT}{GO}",
    "a reset that waits": f"(sleep 60; reboot -f) &\n{OPEN}\n{MOUNT}{GO}",
}
UNVERIFIED = {
    "nothing": f"{PLAIN}{GO}",
    "it waits": f"while ! mount /dev/a /n; do sleep 1; done\n{GO}",
    "klibc": f"{PLAIN}exec run-init /n /sbin/init\n",
    "the hash lies beside": "mount /dev/c /boot\nveritysetup open /dev/a v /dev/b $(cat /boot/hash) || exit\n"
    f"{MOUNT}{GO}",
    "the list lies beside": f"{PLAIN}cd /n\nsha256sum -c list || reboot\n{GO}",
    "the key lies beside": "mount /dev/b /b\nopenssl dgst -verify /b/key -signature /b/i.sig /b/i || reboot\n"
    f"mount -o loop /b/i /n\n{GO}",
    "the policy lies beside": f"{PLAIN}cat /n/etc/ima/policy > /sys/kernel/security/ima/policy\n{GO}",
    "another volume": f"{OPEN} || exit\nmount /dev/mapper/w /n\n{GO}",
    "another device": f"{OPEN} || exit\n{PLAIN}{GO}",
    "encrypted only": f"cryptsetup open /dev/a c\nmount /dev/mapper/c /n\n{GO}",
    "a table whose hash lies beside": "mount /dev/c /boot\nhash=$(cat /boot/hash)\n"
    'echo "0 8 verity 1 /dev/a /dev/b 4096 4096 1 1 sha256 $hash -" | dmsetup create v || exit\n'
    f"{MOUNT}{GO}",
    "another table": f"echo '0 8 linear /dev/a 0' | dmsetup create v || exit\n{MOUNT}{GO}",
}
SKIPPED = {
    "when veritysetup fails": f"{OPEN} && {MOUNT.strip()} || {PLAIN}{GO}",
    "when openssl fails": f"mount /dev/b /b\n{SIGNED}\nmount -o loop /b/i /n\n{GO}",
    "with verity=0 on the command line": f"{WORDS} verity=0) skip=1;; esac; done\n"
    f'if [ "$skip" = 1 ]; then mount /dev/a /n; else {OPEN} || exit; {MOUNT} fi\n{GO}',
    "with noverity on the command line": "if grep -q noverity /proc/cmdline; then\n"
    f"mount /dev/a /n; else {OPEN} || exit\n{MOUNT}fi\n{GO}",
}
UNCLEAR = {
    "a program of the maker's": (f"/bin/prepare /dev/a\n{PLAIN}{GO}", "prepare"),
    "a program that may verify": (f"verify_root /dev/a || reboot\n{PLAIN}{GO}", "verify_root"),
    "a policy that appraises nothing": (
        f"{PLAIN}cat /etc/ima/measure > /sys/kernel/security/ima/policy\n{GO}",
        "measure",
    ),
    "in memory": (f"mount -t tmpfs t /n\ntar -C /n -xf /etc/list\nsha256sum /etc/list\n{GO}", "memory"),
    "the other of two devices": (
        f"d=/dev/a\n[ -e /run/x ] && d=/dev/mapper/v\n{OPEN} || exit\nmount $d /n\n{GO}",
        "which device",
    ),
    "a program that only the device knows": (
        f"read tool < /run/tool\n$tool\n{OPEN} || exit\n{MOUNT}{GO}",
        "run time only",
    ),
    "one of two devices": (
        f"d=/dev/mapper/v\n[ -e /run/x ] && d=/dev/a\n{OPEN} || exit\nmount $d /n\n{GO}",
        "which device",
    ),
    "another kernel": ("kexec -l /boot/vmlinuz\nkexec -e\n", "kernel"),
}


@pytest.mark.parametrize("name", VERIFIED)
def test_a_root_that_is_verified_on_every_way(name: str) -> None:
    found = script(VERIFIED[name], **{"lib/open": f"{OPEN} || exit 1\n"})
    assert found.verdict is Verdict.VERIFIED, found
    assert found.is_whole_system is False


@pytest.mark.parametrize("name", UNVERIFIED)
def test_a_root_that_nothing_verifies(name: str) -> None:
    found = script(UNVERIFIED[name])
    assert found.verdict is Verdict.UNVERIFIED, found
    assert not found.skipped
    assert all(one.anchor is Anchor.MEDIUM for one in found.verifies if "beside" in name)


@pytest.mark.parametrize("how", SKIPPED)
def test_how_one_gets_past_what_verifies(how: str) -> None:
    found = script(SKIPPED[how])
    assert (found.verdict, found.skipped) == (Verdict.UNVERIFIED, (how,))


@pytest.mark.parametrize("name", UNCLEAR)
def test_what_cannot_be_told_is_not(name: str) -> None:
    text, why = UNCLEAR[name]
    found = script(text, **{"bin/prepare": ELF})
    assert found.verdict is Verdict.UNCLEAR, found
    assert why in found.why


def test_the_hash_of_a_medium_that_may_not_be_there_lies_on_the_medium() -> None:
    found = script(UNVERIFIED["the hash lies beside"])
    assert [one.anchor for one in found.verifies] == [Anchor.MEDIUM]


def test_what_is_mounted_is_told_with_its_options() -> None:
    (mount,) = script("mount -t proc p /proc\nmount -t squashfs -o ro,nodev /dev/a /n\n" + GO).mounts
    assert (mount.device, mount.target, mount.type, mount.options) == ("/dev/a", "/n", "squashfs", ("ro", "nodev"))
    assert mount.at.line == 3


# shells

SHELLS = {
    "setsid cttyhack sh": "sh",
    "exec /bin/sh": "sh",
    "sh -i </dev/console >/dev/console 2>&1": "sh",
    'setsid sh -c "exec sh -i <>/dev/tty1 1>&0 2>&1"': "sh",
    "busybox ash -l": "ash",
    "sulogin -e": "sulogin -e",
    "getty -n -l /bin/sh 115200 ttyS0": "getty -l /bin/sh",
    "openvt -c 2 sh": "sh",
    "telnetd -l /bin/sh": "telnetd -l /bin/sh",
    "trap 'exec sh' EXIT": "sh",
}


@pytest.mark.parametrize("command", SHELLS)
def test_a_shell_is_told(command: str) -> None:
    (way,) = script(f"{OPEN} || {{ {command}; }}\n{MOUNT}{GO}").ways_out
    assert (way.program, way.at.line, way.words) == (SHELLS[command], 2, ())


@pytest.mark.parametrize(
    "command",
    ["sh /lib/open", 'sh -c "echo"', "echo ls | sh", "sh < /lib/open", "sulogin", "getty 115200 ttyS0", "echo sh"],
)
def test_a_shell_that_nobody_sits_before_is_none(command: str) -> None:
    assert not script(f"{command}\n{OPEN}\n{MOUNT}{GO}", **{"lib/open": "echo\n"}).ways_out


def test_a_shell_behind_what_never_returns_is_none() -> None:
    assert not script(f"{OPEN} || reboot\n{MOUNT}{GO}exec sh\n").ways_out


def test_the_word_that_opens_a_shell_is_told() -> None:
    (way,) = script(f"{WORDS} debug) shell=y;; esac; done\n[ -z $shell ] || sh\n{OPEN}\n{MOUNT}{GO}").ways_out
    assert way.words == ("debug",)
    assert [{(one.word, one.holds) for one in each} for each in way.conditions] == [{("debug", True)}]


def test_a_shell_that_opens_on_any_failure_needs_no_word() -> None:
    (way,) = script(
        f"rescue() {{ sh; }}\ngrep -q debug /proc/cmdline && rescue\n{OPEN} || rescue\n{MOUNT}{GO}"
    ).ways_out
    assert (way.conditions, way.words) == ((frozenset(),), ("debug",))


def test_each_of_two_words_opens_a_shell() -> None:
    (way,) = script(f"if getargbool 1 rd.shell || getarg rd.break; then sh; fi\n{OPEN}\n{MOUNT}{GO}").ways_out
    assert {one.word for each in way.conditions for one in each} == {"rd.shell", "rd.break"}


# what else is an initramfs


@pytest.mark.parametrize(
    ("files", "is_whole"),
    [
        ({"init": link("bin/busybox"), "bin/busybox": ELF}, True),
        ({"init": ELF, "etc/inittab": "::sysinit:/bin/true\n"}, True),
        ({"init": ELF}, None),
        ({"init": link("usr/lib/systemd/systemd"), "usr/lib/systemd/systemd": ELF}, True),
        ({"init": executable("#!/bin/sh\nexec /sbin/init\n"), **BESIDE}, True),
        ({"init": executable("#!/bin/sh\nexec /usr/bin/camera\n"), **BESIDE}, True),
        ({"init": executable("#!/bin/sh\nexec /usr/bin/gone\n")}, None),
        ({"init": executable("#!/bin/sh\nexec /usr/bin/camera\n"), **BESIDE, "bin/x": f"{GO}"}, None),
        ({"bin/x": "x"}, None),
    ],
)
def test_a_system_that_stays_in_memory_is_told(files: dict[str, Content], is_whole: bool | None) -> None:
    found = told(files)
    assert found.is_whole_system is is_whole, found
    assert (found.verdict is None) is (is_whole is True)


SYSTEMD: dict[str, Content] = {
    "init": link("usr/lib/systemd/systemd"),
    "usr/lib/systemd/systemd": ELF,
    "etc/initrd-release": "ID=x\n",
}
GENERATOR = "usr/lib/systemd/system-generators/systemd-veritysetup-generator"


def test_systemd_verifies_what_it_is_told_to() -> None:
    assert told(SYSTEMD).verdict is Verdict.UNVERIFIED
    asked = told({**SYSTEMD, GENERATOR: ELF})
    assert (asked.verdict, [one.needs for one in asked.verifies]) == (Verdict.UNCLEAR, ["roothash"])
    listed = told({**SYSTEMD, "etc/veritytab": f"root /dev/a /dev/b {HASH}\n"})
    assert (listed.verdict, [one.anchor for one in listed.verifies]) == (Verdict.UNCLEAR, [Anchor.INITRAMFS])


def test_systemd_gives_a_shell_where_a_setting_says_so() -> None:
    forced = "usr/lib/systemd/system/emergency.service"
    debug: dict[str, Content] = {
        "usr/lib/systemd/system/debug-shell.service": "[Service]\n",
        "usr/lib/systemd/system-generators/systemd-debug-generator": ELF,
    }
    assert not told(SYSTEMD).ways_out
    (way,) = told({**SYSTEMD, forced: "[Service]\nEnvironment=SYSTEMD_SULOGIN_FORCE=1\n"}).ways_out
    assert (way.at.path, way.at.line) == (forced, 2)
    assert [one.words for one in told({**SYSTEMD, **debug}).ways_out] == [("systemd.debug_shell",)]


def test_one_that_was_read_in_part_is_not_judged() -> None:
    found = told({"init": executable("#!/bin/sh\n" + PLAIN + GO)}, problem="cut off")
    assert found.verdict is Verdict.UNCLEAR
    assert "cut off" in found.why


def test_copies_count_once_and_those_that_are_not_at_hand_are_told() -> None:
    files: dict[str, Content] = {"init": executable("#!/bin/sh\n" + PLAIN + GO)}
    copy = OpenPart(Part("image/copy", "cpio", "image", role=Role.INITRAMFS, same_as="image/initramfs"), None, None)
    closed = OpenPart(Part("image/closed", "gzip", "image", role=Role.INITRAMFS, problem="damaged"), None, None)
    wrapper = OpenPart(Part("image/w", "gzip", "image", role=Role.INITRAMFS), None, None)
    found = collected(initramfs(files), copy, closed, wrapper, initramfs(files, "image/w/content"))
    assert [one.at.part for one in found.found] == ["image/initramfs", "image/w/content"]
    assert found.unread == ("image/closed: damaged",)


def test_without_an_initramfs_there_are_none() -> None:
    assert Collection(MemoryTree({}), parts=around()).get(Initramfses) is None


# as Yocto's initramfs-framework lays them out: an init that sources modules, which its functions are called of

FRAMEWORK = """#!/bin/sh
fatal() {
    echo "$1"
    [ -n "$bootparam_init_fatal_sh" ] && sh
    while true; do sleep 3600; done
}
mount -t proc proc /proc
for parameter in $(cat /proc/cmdline); do
    name=${parameter%%=*}
    value=${parameter#*=}
    eval "bootparam_${name}=\\"${value}\\""
done
for module in /init.d/*; do
    . $module
    run=$(basename $module | cut -d- -f2)
    ${run}_enabled && ${run}_run
done
"""
MODULES: dict[str, Content] = {
    "init.d/90-rootfs": "rootfs_enabled() {\n    return 0\n}\n"
    "rootfs_run() {\n    mount $bootparam_root /rootfs || fatal 'no root'\n}\n",
    "init.d/99-finish": "finish_enabled() {\n    return 0\n}\n"
    "finish_run() {\n    exec switch_root /rootfs ${bootparam_init:-/sbin/init}\n}\n",
}


def test_modules_in_the_way_of_yocto_are_judged() -> None:
    found = told({"init": executable(FRAMEWORK), **BESIDE, **MODULES})
    assert (found.verdict, found.at.path) == (Verdict.UNVERIFIED, "init.d/99-finish")
    assert [one.at.path for one in found.mounts] == ["init.d/90-rootfs"]
    assert [(one.at.path, one.words) for one in found.ways_out] == [("init", ("init_fatal_sh",))]


# as Debian makes them

PACKAGE = "usr/share/initramfs-tools"


def debian(*packages: str) -> dict[str, Content]:
    """The scripts of packages as mkinitramfs(8) lays them out: each folder has the order in which they are sourced."""
    core = _unpacked("initramfs-tools-core")
    files: dict[str, Content] = {
        "init": executable((core / PACKAGE / "init").read_text(encoding="utf-8")),
        "conf/arch.conf": "DPKG_ARCH=amd64\n",
        "conf/initramfs.conf": (core / "etc/initramfs-tools/initramfs.conf").read_text(encoding="utf-8"),
        "bin/busybox": ELF,
    }
    for folder in (core, *map(_unpacked, packages)):
        scripts = folder / PACKAGE / "scripts"
        for path in sorted(scripts.rglob("*")):
            if path.is_file():
                files[f"scripts/{path.relative_to(scripts)}"] = executable(path.read_text(encoding="utf-8"))
    for folder_name in {name.rpartition("/")[0] for name in files if name.count("/") == 2}:
        names = sorted(name for name in files if name.startswith(folder_name + "/"))
        files[f"{folder_name}/ORDER"] = "".join(f'/{name} "$@"\n' for name in names)
    return files


def _unpacked(package: str) -> Path:
    try:
        return unpacked(package, "amd64")
    except NoPackagesError:
        pytest.skip("Debian's archive is out of reach")


@pytest.mark.proof
@pytest.mark.parametrize("packages", [(), ("cryptsetup-initramfs",)])
def test_what_debian_makes_mounts_the_root_and_gives_a_shell_unless_told_to_panic(packages: tuple[str, ...]) -> None:
    found = told(debian(*packages))
    assert found.verdict is Verdict.UNVERIFIED
    assert {one.at.path for one in found.mounts} == {"scripts/local", "scripts/nfs"}
    assert {one.at.path for one in found.ways_out} == {"scripts/functions"}
    for way in found.ways_out:
        assert "break" in way.words
        assert all(("panic", False) in {(one.word, one.holds) for one in each} for each in way.conditions)


@pytest.mark.proof
def test_what_dracut_makes_mounts_the_root_and_gives_a_shell_unless_forbidden() -> None:
    modules = _unpacked("dracut-core") / "usr/lib/dracut/modules.d"
    places = {
        "init": "99base/init.sh",
        "lib/dracut-lib.sh": "99base/dracut-lib.sh",
        "lib/dracut-dev-lib.sh": "99base/dracut-dev-lib.sh",
        "lib/fs-lib.sh": "99fs-lib/fs-lib.sh",
        "lib/dracut/hooks/cmdline/95-parse-block.sh": "95rootfs-block/parse-block.sh",
        "lib/dracut/hooks/mount/99-mount-root.sh": "95rootfs-block/mount-root.sh",
    }
    found = told({path: executable((modules / name).read_text(encoding="utf-8")) for path, name in places.items()})
    assert found.verdict is Verdict.UNVERIFIED
    shells = [one for one in found.ways_out if one.program == "emergency_shell"]
    assert {one.word for way in shells for each in way.conditions for one in each} == {"rd.shell", "rd.break"}


@pytest.mark.proof
def test_dracut_with_systemd_gives_a_shell_unless_forbidden() -> None:
    module = _unpacked("dracut-core") / "usr/lib/dracut/modules.d"
    emergency = executable((module / "98dracut-systemd/dracut-emergency.sh").read_text(encoding="utf-8"))
    library = (module / "99base/dracut-lib.sh").read_text(encoding="utf-8")
    (way,) = told({**SYSTEMD, "usr/bin/dracut-emergency": emergency, "lib/dracut-lib.sh": library}).ways_out
    assert way.program == "sulogin -e"
    assert {one.word for each in way.conditions for one in each} == {"rd.shell", "rd.break"}
