"""What is run from a stick: the ways in which products do it, and what is none of it."""

from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Outcome
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.policy import parse_policy
from firmward.model.remedy import Safety

ELF = executable(b"\x7fELF\x02\x01\x01")
CHECK = find_check("removable-media-executed")
FLASH = "/dev/mmcblk0p2 / ext4 ro 0 0\n"


def verdict(files: dict[str, Content], policy: str = "") -> Verdict:
    facts = Collection(MemoryTree(files)).facts("test", families([CHECK]))
    return judge(CHECK, facts, parse_policy(policy), Clock(date(2026, 11, 20)))


def script(*lines: str) -> Content:
    return executable("#!/bin/sh\n" + "".join(f"{line}\n" for line in lines))


def plugged(*lines: str) -> dict[str, Content]:
    """A stick comes, and mdev runs these lines."""
    return {
        "etc/inittab": "::sysinit:/sbin/mdev -s\n",
        "bin/busybox": ELF,
        "sbin/mdev": link("/bin/busybox"),
        "etc/mdev.conf": "sd[a-z][0-9] 0:6 660 @/lib/mdev/stick\n",
        "lib/mdev/stick": script(*lines),
    }


def booted(*lines: str, table: str = FLASH) -> dict[str, Content]:
    return {
        "etc/inittab": "::sysinit:/bin/mount -a\n::sysinit:/etc/init.d/rcS\n",
        "etc/fstab": table,
        "etc/init.d/rcS": script(*lines),
    }


MOUNTED = "mount /dev/$MDEV /mnt/m"


@pytest.mark.parametrize(
    "lines",
    [
        ("sh /mnt/m/autorun.sh",),
        ("/mnt/m/autorun",),
        ("cd /mnt/m", "./autorun"),
        ("cd /mnt/m && . ./settings",),
        (". /mnt/m/settings",),
        ("source /mnt/m/settings",),
        ("python3 /mnt/m/update.py",),
        ("sh < /mnt/m/autorun.sh",),
        ("cat /mnt/m/autorun.sh | sh",),
        ('eval "$(cat /mnt/m/settings)"',),
        ("insmod /mnt/m/wifi.ko",),
        ("dpkg -i /mnt/m/*.deb",),
        ("opkg install /mnt/m/app.ipk",),
        ("apk add --allow-untrusted /mnt/m/app.apk",),
        ("rpm -Uvh /mnt/m/app.rpm",),
        ("tar -xzf /mnt/m/update.tgz -C /",),
        ("tar xzf /mnt/m/update.tgz",),
        ("tar xzf /mnt/m/update.tgz -C /usr/bin",),
        ("unzip -o /mnt/m/update.zip -d /opt",),
        ("gunzip -c /mnt/m/u.tgz | tar -x -C /",),
        ("cp /mnt/m/app /usr/bin/app",),
        ("cp -r /mnt/m/root/* /",),
        ("cp /mnt/m/S99x /etc/init.d/",),
        ("cp /mnt/m/authorized_keys /root/.ssh/",),
        ("cp /mnt/m/run.sh /tmp/run.sh", "chmod +x /tmp/run.sh", "/tmp/run.sh"),
        ("cp /mnt/m/run.sh /tmp", "sh /tmp/run.sh"),
        ("tar xf /mnt/m/u.tar -C /tmp/u", "cd /tmp/u", "./install"),
        ("mount -o loop /mnt/m/u.img /tmp/loop", "/tmp/loop/run"),
        ("dd if=/mnt/m/fw.bin of=/dev/mmcblk0p2",),
        ("sysupgrade -n /mnt/m/fw.bin",),
        ("flashcp -v /mnt/m/fw.bin /dev/mtd3",),
        ("cat /mnt/m/fw.bin > /dev/mtdblock2",),
        ("sha256sum -c /mnt/m/sum && sh /mnt/m/run.sh",),
        ("openssl enc -d -aes-256-cbc -k secret -in /mnt/m/u.enc -out /tmp/u.sh", "sh /tmp/u.sh"),
        ("openssl dgst -verify /mnt/m/key.pem -signature /mnt/m/s /mnt/m/run.sh", "sh /mnt/m/run.sh"),
        ("openssl dgst -verify /etc/key.pem -signature /mnt/m/s /mnt/m/other", "sh /mnt/m/run.sh"),
        ("for f in /mnt/m/*.sh; do sh $f; done",),
        ("nohup /mnt/m/run &",),
        ("find /mnt/m -name 'setup*.sh' | sort | while read -r step; do sh \"$step\"; done",),
        ('ls -d /mnt/m/*.sh | while IFS= read -r step; do . "$step"; done',),
        ("grep -l signed /mnt/m/*.sh | while read step; do chmod +x $step; $step; done",),
        ("for step in $(find /mnt/m -name '*.sh' | sort); do sh $step; done",),
        ("find /mnt/m -name '*.sh' -exec sh {} \\;",),
        ("find /mnt/m -name '*.sh' | sort | xargs -n 1 sh",),
        ("start-stop-daemon -S -x /mnt/m/run",),
        ("run() { sh $1/run.sh; }", "run /mnt/m"),
        ("D=/mnt/m", "[ -e $D/run.sh ] && sh $D/run.sh"),
    ],
    ids=" ; ".join,
)
def test_it_is_run(lines: tuple[str, ...]) -> None:
    assert verdict(plugged(MOUNTED, *lines)).outcome is Outcome.FAIL


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("cp /mnt/m/logo.png /usr/share/logo.png",),
        ("cp /mnt/m/wifi.conf /data/wifi.conf",),
        ("cp /var/log/messages /mnt/m/",),
        ("tar -czf /mnt/m/logs.tgz /var/log",),
        ("tar -xzf /mnt/m/data.tgz -C /data/import",),
        ("dd if=/dev/mmcblk0 of=/mnt/m/backup.img",),
        ("cat /mnt/m/settings > /data/settings",),
        ("sh /usr/bin/import.sh /mnt/m",),
        ("/usr/bin/player --dir /mnt/m",),
        ("python3 /usr/bin/import.py /mnt/m/a.py",),
        ("find /mnt/m -name '*.png' | while read -r picture; do cp $picture /data/pictures/; done",),
        ("find /usr/lib/steps -name '*.sh' | while read -r step; do sh $step; done",),
        ("find /mnt/m -name '*.png' -exec sha256sum {} \\;",),
        ("find /mnt/m -name '*.png' | xargs sha256sum",),
        ("grep -q yes /mnt/m/flag && reboot",),
        ("rauc install /mnt/m/u.raucb",),
        ("umount /mnt/m", "rm -rf /mnt/m"),
        ("openssl dgst -verify /etc/k.pem -signature /mnt/m/s /mnt/m/run.sh || exit 1", "sh /mnt/m/run.sh"),
        ("usign -V -m /mnt/m/u.tar -p /etc/k.pub || exit 1", "tar xf /mnt/m/u.tar -C /tmp/u", "sh /tmp/u/run.sh"),
        ("cp /mnt/m/u /tmp/u", "gpgv --keyring /etc/k.gpg /mnt/m/u.sig /tmp/u || exit 1", "sh /tmp/u"),
        ("if minisign -V -p /etc/k.pub -m /mnt/m/fw.bin; then sysupgrade /mnt/m/fw.bin; fi",),
    ],
    ids=" ; ".join,
)
def test_it_is_not_run(lines: tuple[str, ...]) -> None:
    found = verdict(plugged(MOUNTED, *lines))
    assert found.outcome is Outcome.PASS, (found.reason, found.findings)


@pytest.mark.parametrize(
    ("files", "runs"),
    [
        (booted("sh /media/usb/autorun.sh"), True),
        (booted("mount /dev/sda1 /mnt", "[ -f /mnt/run.sh ] && sh /mnt/run.sh"), True),
        (booted("mount /dev/sda3 /mnt", "/mnt/app/run", table="/dev/sda2 / ext4 ro 0 0\n"), False),
        (booted("/media/data/run", table=FLASH + "/dev/mmcblk0p3 /media/data ext4 rw 0 0\n"), False),
        (booted("/media/data/run", table=FLASH + "/dev/sda1 /media/data vfat rw 0 0\n"), True),
        (booted("mount /dev/mmcblk0p3 /data", "/data/app/run"), False),
        (booted("mount -t tmpfs tmpfs /mnt", "cp /usr/share/x /mnt/x", "sh /mnt/x"), False),
        ({**booted(), "etc/profile.d/x.sh": "[ -f /media/usb/p ] && . /media/usb/p\n"}, True),
        ({**booted(), "etc/cron.daily/x": script("/mnt/usb/job")}, True),
        ({**booted(), "etc/usbmount/mount.d/10x": script('sh "$UM_MOUNTPOINT/run.sh"')}, True),
        ({**booted(), "etc/hotplug.d/usb/10-x": 'case "$ACTION" in add) sh /mnt/usb/x.sh ;; esac\n'}, True),
        ({**booted(), "etc/udev/rules.d/9.rules": "RUN+=\"/bin/sh -c 'mount /dev/%k /mnt; /mnt/run'\"\n"}, True),
        ({**booted(), "etc/udev/rules.d/9.rules": 'KERNEL=="sd*", \\\n  RUN+="/bin/sh /media/x.sh"\n'}, True),
        ({**booted(), "etc/udev/rules.d/9.rules": 'RUN+="own %k"\n', "lib/udev/own": script("/media/$1/x")}, True),
        (
            {
                **booted(),
                "etc/udev/rules.d/9.rules": "\n",
                "usr/lib/udev/rules.d/9.rules": 'RUN+="/bin/sh /media/x.sh"\n',
            },
            False,
        ),
    ],
)
def test_where_it_comes_from_and_what_starts_it(files: dict[str, Content], runs: bool) -> None:
    found = verdict(files)
    assert found.outcome is (Outcome.FAIL if runs else Outcome.PASS), (found.reason, found.findings)


CARD = "/dev/mtdblock3 / squashfs ro 0 0\n"


@pytest.mark.parametrize(
    "lines",
    [
        ("mcopy -i /dev/$MDEV ::setup.sh /tmp/", "sh /tmp/setup.sh"),
        ("work=$(mktemp -d)", 'mcopy -i "/dev/$MDEV" ::a.json ::setup.sh "$work/"', 'sh "$work/setup.sh"'),
        ("mcopy -i /dev/$MDEV ::setup.sh - | sh",),
        ("mtype -i /dev/$MDEV ::setup.sh | sh -s",),
        ("mcopy s:setup.sh /tmp", ". /tmp/setup.sh"),
        ("dd if=/dev/$MDEV of=/dev/mtdblock4 bs=64k",),
        ("cat /dev/sda > /dev/mtdblock4",),
        ("dd if=/dev/sda1 of=/tmp/fw skip=1", "flashcp /tmp/fw /dev/mtd4"),
        ("bsdtar -xf /dev/sda1 -C /tmp/u", "sh /tmp/u/setup.sh"),
        ("tar -x -f /dev/$MDEV -C /opt/app",),
        ("tar -xO setup.sh -f /dev/$MDEV | sh",),
        ("7z x -o/tmp/u /dev/$MDEV", "/tmp/u/setup"),
        ("unsquashfs -d /tmp/u /dev/$MDEV", "/tmp/u/setup"),
        ("cd /tmp/u && cpio -i < /dev/$MDEV", "sh /tmp/u/setup.sh"),
        ("debugfs -R 'dump /setup.sh /tmp/s' /dev/$MDEV", "sh /tmp/s"),
        ("e2cp /dev/sda1:/setup.sh /tmp/s", "sh /tmp/s"),
        ("isoinfo -i /dev/sr0 -x /SETUP.SH > /tmp/s", "sh /tmp/s"),
        ("losetup /dev/loop7 /dev/$MDEV", "mount /dev/loop7 /mnt/l", "/mnt/l/setup"),
        ("ntfs-3g /dev/$MDEV /mnt/n", "/mnt/n/setup"),
        ("systemd-run /bin/sh -c 'mount /dev/$MDEV /mnt/n; sh /mnt/n/setup.sh'",),
    ],
)
def test_it_is_read_without_a_mount(lines: tuple[str, ...]) -> None:
    assert verdict(plugged(*lines)).findings


@pytest.mark.parametrize(
    "lines",
    [
        ("mcopy -i /dev/$MDEV ::list.json /data/list.json",),
        ("mcopy -i /usr/share/disk.img ::setup.sh /tmp/", "sh /tmp/setup.sh"),
        (
            "mcopy -i /dev/$MDEV ::a.sh ::a.sig /tmp/",
            "openssl dgst -sha256 -verify /etc/k.pem -signature /tmp/a.sig /tmp/a.sh || exit",
            "sh /tmp/a.sh",
        ),
        ("dd if=/dev/$MDEV of=/tmp/head count=1", "grep -q MAGIC /tmp/head"),
        ("mcopy -i /dev/$MDEV /var/log/messages ::log.txt",),
        ("nandwrite -p /dev/$MDEV /usr/share/fw.bin",),
        ("unsquashfs -l /dev/$MDEV",),
        ("fsck -a /dev/$MDEV", "blkid /dev/$MDEV"),
    ],
)
def test_it_is_read_without_a_mount_and_not_run(lines: tuple[str, ...]) -> None:
    assert verdict(plugged(*lines)).outcome is Outcome.PASS


def test_one_signed_file_of_a_disk_does_not_vouch_for_another() -> None:
    lines = (
        "mcopy -i /dev/$MDEV ::a.json ::a.sig ::setup.sh /tmp/",
        "openssl dgst -sha256 -verify /etc/k.pem -signature /tmp/a.sig /tmp/a.json || exit",
        "sh /tmp/setup.sh",
    )
    assert verdict(plugged(*lines)).findings


def test_a_card_that_a_start_script_mounts_is_one_where_the_system_is_on_flash() -> None:
    lines = ("mount -t vfat /dev/mmcblk1p1 /mnt", "dd if=/mnt/fw.img of=/dev/mtdblock4")
    assert verdict(booted(*lines, table=CARD)).findings
    own = CARD + "/dev/mmcblk1p2 /data ext4 nosuid 0 0\n"
    assert verdict(booted(*lines, table=own)).outcome is Outcome.PASS
    assert verdict(booted("dd if=/dev/sda of=/dev/mtdblock4", table=CARD)).findings
    assert (
        verdict(booted("dd if=/dev/sda of=/dev/mtdblock4", table="/dev/sda2 / ext4 ro 0 0\n")).outcome is Outcome.PASS
    )


@pytest.mark.parametrize(
    ("options", "is_foreign"),
    [("defaults", False), ("noauto", False), ("noauto,users,exec", True), ("user", True), ("nofail", True)],
)
def test_what_any_user_may_mount_is_no_part_of_the_system(options: str, is_foreign: bool) -> None:
    table = FLASH + f"/dev/vdb1 /media/sd vfat {options} 0 0\n"
    found = verdict(booted("mount /media/sd", "[ -f /media/sd/f.sh ] && sh /media/sd/f.sh", table=table))
    assert bool(found.findings) == is_foreign


@pytest.mark.parametrize(
    ("policy", "safety"),
    [
        ("", Safety.UNSAFE),
        ('[update]\nmechanism = "rauc"\n', Safety.UNSAFE),
        ('[modes]\nadvanced = "button"\n', Safety.UNSAFE),
        ('[update]\nmechanism = "rauc"\n[modes]\nadvanced = "button"\n', Safety.SAFE),
        ('[update]\nmechanism = "other"\n[modes]\nadvanced = "none"\n', Safety.UNSAFE),
    ],
)
def test_the_line_is_safely_taken_out_where_other_ways_are_declared(policy: str, safety: Safety) -> None:
    (finding,) = verdict(plugged(MOUNTED, "[ -f /mnt/m/a.sh ] && sh /mnt/m/a.sh"), policy).findings
    assert finding.remedy is not None
    assert finding.remedy.safety is safety


def test_the_finding_names_script_medium_and_cause() -> None:
    (finding,) = verdict(plugged(MOUNTED, "sh /mnt/m/autorun.sh")).findings
    assert finding.key == "lib/mdev/stick runs /mnt/m/autorun.sh"
    assert str(finding.at) == "lib/mdev/stick:3"
    assert "when a device comes (by etc/mdev.conf:1)" in finding.message


def test_many_events_come_to_an_end() -> None:
    rules = "".join(f'KERNEL=="a{n}", RUN+="/lib/mdev/stick"\n' for n in range(2000))
    found = verdict({**plugged("for i in 1 2 3 4 5 6 7 8 9; do echo $i; done"), "etc/udev/rules.d/1.rules": rules})
    assert found.outcome is Outcome.UNKNOWN
    assert "not followed" in (found.reason or "")
