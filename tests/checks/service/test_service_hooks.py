"""What privileged programs run, and who may change it: what the checks say beyond their own examples."""

from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.model.clock import Clock
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content, MemoryTree, Node, executable, link
from firmward.model.policy import parse_policy
from firmward.model.tree import Kind

ELF = executable(b"\x7fELF\x02\x01\x01")
READ_ONLY = "/dev/mmcblk0p2 / ext4 ro 0 0\n/dev/mmcblk0p4 /data ext4 nosuid,nodev 0 2\n"
PASSWD = "root:x:0:0::/root:/bin/sh\nwww:x:33:33::/var/www:/bin/false\n"
GROUP = "root:x:0:\nwww:x:33:\nstaff:x:50:\nadm:x:4:www\n"
INIT: dict[str, Content] = {
    "etc/inittab": "::sysinit:/bin/mount -a\n::sysinit:/etc/init.d/rcS\n",
    "etc/init.d/rcS": executable("#!/bin/sh\n"),
    "etc/passwd": PASSWD,
    "etc/group": GROUP,
}
SYSTEMD: dict[str, Content] = {"usr/lib/systemd/systemd": ELF, "sbin/init": link("../usr/lib/systemd/systemd")}
PPP: dict[str, Content] = {**INIT, "usr/sbin/pppd": ELF, "etc/ppp/ip-up.d/dns": executable("#!/bin/sh\n")}


def folder(mode: int = 0o755, uid: int = 0, gid: int = 0) -> Node:
    return Node(kind=Kind.DIRECTORY, mode=mode, uid=uid, gid=gid)


def verdict(check: str, files: dict[str, Content]) -> Verdict:
    found = find_check(check)
    facts = Collection(MemoryTree(files)).facts("test", families([found]))
    return judge(found, facts, parse_policy(""), Clock(date(2026, 11, 20)))


def keys(check: str, files: dict[str, Content]) -> list[str]:
    return [finding.key for finding in verdict(check, files).findings]


# the inventory


def test_a_writable_root_is_one_inventory_and_no_flood() -> None:
    found = verdict("privileged-hooks", {**PPP, "etc/fstab": "/dev/mmcblk0p2 / ext4 rw 0 0\n"})
    assert [(finding.key, finding.severity) for finding in found.findings] == [("inventory", Severity.INFO)]
    assert "pppd" in found.findings[0].message
    assert "which is writable" in found.findings[0].message


def test_a_root_of_which_nothing_is_said_is_told_so() -> None:
    found = verdict("privileged-hooks", PPP).findings
    assert [finding.key for finding in found] == ["inventory"]
    assert "nothing here says whether" in found[0].message


def test_a_program_that_is_not_there_has_no_hooks() -> None:
    files = {path: node for path, node in PPP.items() if path != "usr/sbin/pppd"}
    assert "pppd" not in verdict("privileged-hooks", files).findings[0].message


BOUND = "/data/etc/ppp /etc/ppp none bind 0 0\n"
OVERLAID = "overlay /etc overlay lowerdir=/etc,upperdir={},workdir=/w 0 0\n"


@pytest.mark.parametrize(
    ("table", "outside"),
    [
        (READ_ONLY, False),
        (READ_ONLY + BOUND, True),
        (READ_ONLY + BOUND.replace("bind", "bind,ro"), True),
        (READ_ONLY + BOUND.replace("/data/", "/usr/"), False),
        (READ_ONLY + OVERLAID.format("/data/etc"), True),
        (READ_ONLY + "tmpfs /run tmpfs nosuid 0 0\n" + OVERLAID.format("/run/etc"), False),
        (READ_ONLY + "overlay /etc overlay lowerdir=/etc:/usr/etc 0 0\n", False),
        (READ_ONLY + "tmpfs /etc tmpfs nosuid 0 0\n", False),
        (READ_ONLY + "/dev/mmcblk0p5 /etc ext4 ro 0 0\n", False),
        (READ_ONLY + "/dev/mmcblk0p5 /etc ext4 noauto 0 0\n", False),
        (READ_ONLY + "server:/etc /etc nfs ro 0 0\n", True),
    ],
)
def test_a_mount_decides_what_a_hook_stands_on(table: str, outside: bool) -> None:
    assert ("pppd" in keys("privileged-hooks", {**PPP, "etc/fstab": table})) is outside
    assert bool(keys("hook-directory-writable", {**PPP, "etc/fstab": table})) is outside


@pytest.mark.parametrize(
    "files",
    [
        {"etc/ppp": link("/data/ppp")},
        {"etc/ppp/ip-up": link("../../data/up")},
        {"etc/ppp/ip-up": link("/usr/up"), "usr/up": link("/data/up"), "data/up": executable("#!/bin/sh\n")},
        {"etc/sysctl.d/9.conf": "kernel.core_pattern=|/data/core %p\n"},
        {"etc/pam.d/sshd": "session optional pam_exec.so quiet /data/login\n"},
        {"etc/ld.so.preload": "/usr/lib/a.so:/data/b.so\n"},
        {"etc/ld.so.conf.d/app.conf": "/data/lib\n"},
        {"etc/modprobe.d/wifi.conf": "install wifi /data/wifi.sh\n"},
        {"etc/udev/rules.d/9.rules": 'KERNEL=="ttyUSB*", RUN+="/data/modem.sh %k"\n'},
        {"etc/mdev.conf": "ttyUSB[0-9] 0:0 660 @/data/modem.sh\n"},
        {"usr/share/dbus-1/system-services/a.service": "[D-BUS Service]\nName=a\nExec=/data/a\nUser=root\n"},
        {"etc/network/interfaces": "iface eth0 inet dhcp\n    post-up /data/up.sh\n"},
        {"etc/samba/smb.conf": "[data]\n   root preexec = /data/pre.sh %u\n"},
        {"etc/dnsmasq.d/lease.conf": "dhcp-script=/data/lease.sh\n"},
        {"etc/openvpn/client.conf": "script-security 2\nup /data/up.sh\n"},
        {"etc/apt/apt.conf.d/9": 'DPkg::Post-Invoke { "/data/after.sh"; };\n'},
        {"etc/rauc/system.conf": "[handlers]\npost-install=/data/after.sh\n"},
    ],
    ids=lambda files: next(iter(files)),
)
def test_what_a_setting_or_a_link_names_is_a_hook(files: dict[str, Content]) -> None:
    base = {path: node for path, node in PPP.items() if not path.startswith("etc/ppp")}
    assert keys("privileged-hooks", {**base, "etc/fstab": READ_ONLY, **files})
    assert not keys("privileged-hooks", {**base, "etc/fstab": READ_ONLY})


def test_what_is_only_a_comment_is_no_hook() -> None:
    files: dict[str, Content] = {
        "etc/pam.d/sshd": "# session optional pam_exec.so /data/login\n",
        "etc/sysctl.conf": "#kernel.core_pattern=|/data/core\n",
        "etc/mdev.conf": "# ttyUSB 0:0 660 @/data/modem.sh\n",
        "etc/udev/rules.d/9.rules": '# RUN+="/data/modem.sh"\n',
    }
    assert not keys("privileged-hooks", {**INIT, "etc/fstab": READ_ONLY, **files})


# who may write


@pytest.mark.parametrize(
    ("node", "who"),
    [
        (folder(), None),
        (folder(uid=33), "the user www"),
        (folder(0o555, uid=33), None),
        (folder(0o775, gid=33), "the group www"),
        (folder(0o755, gid=33), None),
        (folder(0o775, gid=4), "the group adm"),
        (folder(0o2775, gid=50), None),
        (folder(0o775, gid=77), None),
        (folder(uid=1000), None),
        (folder(0o777), "everybody"),
        (folder(0o1777), "everybody"),
    ],
)
def test_owner_and_group_count_when_somebody_is_behind_them(node: Node, who: str | None) -> None:
    found = verdict("hook-directory-writable", {**PPP, "etc/ppp/ip-up.d": node})
    assert [finding.message.partition(" may ")[0] for finding in found.findings] == ([who] if who else [])


def test_a_sticky_folder_above_protects_what_is_there() -> None:
    assert not keys("hook-directory-writable", {**PPP, "etc/ppp": folder(0o1777), "etc": folder()})[1:]
    files = {**INIT, "etc/init.d/rcS": executable("#!/bin/sh\n/srv/run\n"), "srv": folder(0o1777), "srv/run": ELF}
    assert not keys("init-script-writable", files)
    assert keys("init-script-writable", {**files, "srv": folder(0o777)}) == ["srv"]


def test_a_users_own_jobs_and_polkits_own_rules_are_theirs() -> None:
    files: dict[str, Content] = {
        **INIT,
        "etc/passwd": PASSWD + "polkitd:x:990:990::/:/bin/false\n",
        "usr/sbin/cron": ELF,
        "var/spool/cron/crontabs/www": Node("@daily true\n", 0o600, uid=33),
        "usr/lib/polkit-1/polkitd": ELF,
        "etc/polkit-1/rules.d": folder(0o700, uid=990),
    }
    assert verdict("hook-directory-writable", files).outcome is Outcome.PASS
    assert keys("hook-directory-writable", {**files, "etc/polkit-1/rules.d": folder(0o700, uid=33)})


def test_a_tree_that_a_user_unpacked_says_nothing_of_owners() -> None:
    files: dict[str, Content] = {
        path: Node(node.content if isinstance(node, Node) else node, 0o755, uid=33) for path, node in PPP.items()
    }
    files["etc"] = folder(uid=33)
    found = verdict("hook-directory-writable", files)
    assert (found.outcome, found.findings) == (Outcome.UNKNOWN, ())
    assert "were not kept" in (found.reason or "")


def test_a_mount_over_a_folder_hides_its_mode() -> None:
    files = {**PPP, "etc/ppp": folder(0o777), "etc/fstab": READ_ONLY + "/dev/mmcblk0p5 /etc/ppp ext4 ro 0 0\n"}
    assert not keys("hook-directory-writable", files)


# init


def rcs(*lines: str, **files: Content) -> dict[str, Content]:
    script = executable("#!/bin/sh\n" + "".join(f"{line}\n" for line in lines))
    return {**INIT, "etc/fstab": READ_ONLY, "etc/init.d/rcS": script, **files}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("/data/app/start.sh", "data/app/start.sh"),
        ("sh /data/start", "data/start"),
        ("[ -r /data/env ] && . /data/env", "data/env"),
        ("/data/app/camd -d &", "data/app/camd"),
        ("cat /data/serial > /tmp/serial", None),
        ("/usr/bin/camd -c /data/cam.conf", None),
        ("mkdir -p /data/log; rm -f /data/log/old; cp /data/a /tmp/a", None),
    ],
)
def test_what_a_start_script_runs_from_a_writable_file_system_is_told(line: str, key: str | None) -> None:
    assert keys("init-script-writable", rcs(line)) == ([key] if key else [])


def test_what_a_unit_starts_from_a_writable_file_system_need_not_be_in_the_image() -> None:
    files: dict[str, Content] = {
        "usr/lib/systemd/systemd": ELF,
        "sbin/init": link("../usr/lib/systemd/systemd"),
        "etc/fstab": READ_ONLY,
        "etc/systemd/system/default.target": "[Unit]\nWants=cam.service\n",
        "etc/systemd/system/cam.service": "[Service]\nExecStart=/data/cam\n",
        "etc/systemd/system/spare.service": "[Service]\nExecStart=/data/spare\n",
    }
    assert keys("init-script-writable", files) == ["data/cam"]


def test_with_a_writable_root_a_data_partition_is_milder_and_one_of_the_system_is_no_worse() -> None:
    files = {**rcs("/data/start.sh"), "etc/fstab": READ_ONLY.replace("ro", "rw", 1)}
    assert [finding.severity for finding in verdict("init-script-writable", files).findings] == [Severity.MEDIUM]
    files = {**rcs("/opt/start.sh"), "etc/fstab": READ_ONLY.replace("ro", "rw", 1).replace("/data", "/opt")}
    assert verdict("init-script-writable", files).outcome is Outcome.PASS


def test_a_service_of_another_user_is_milder_and_its_own_files_are_its_own() -> None:
    files = {
        **SYSTEMD,
        "etc/fstab": READ_ONLY,
        "etc/passwd": "root:x:0:0::/root:/bin/sh\nwww:x:33:33::/:/bin/false\n",
        "etc/systemd/system/default.target": "[Unit]\nWants=cam.service web.service\n",
        "etc/systemd/system/cam.service": "[Service]\nUser=www\nExecStart=/data/cam\n",
        "etc/systemd/system/web.service": "[Service]\nUser=www\nExecStart=/opt/web\n",
        "opt/web": Node(b"\x7fELF", 0o755, uid=33),
    }
    found = verdict("init-script-writable", files).findings
    assert [(finding.key, finding.severity) for finding in found] == [("data/cam", Severity.MEDIUM)]


def test_a_start_link_that_leads_to_the_data_partition_is_told() -> None:
    files = {
        "etc/inittab": "::sysinit:/bin/mount -a\n::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable("#!/bin/sh\nfor s in /etc/rc.d/S*; do $s start; done\n"),
        "etc/fstab": READ_ONLY,
        "etc/rc.d/S96extra": link("/data/init.d/extra"),
    }
    assert "etc/rc.d/S96extra" in keys("init-script-writable", files)


UDHCPC: dict[str, Content] = {
    "etc/inittab": "::sysinit:/bin/mount -a\n",
    "etc/fstab": READ_ONLY,
    "bin/busybox": executable(b"\x7fELF"),
    "sbin/udhcpc": link("/bin/busybox"),
}


@pytest.mark.parametrize(
    "files",
    [
        {"etc/udhcpc/post-bound": link("/data/post-bound")},
        {"etc/udhcpc.d/50default": executable("#!/bin/sh\nfor h in /data/hooks/*; do . $h; done\n")},
        {"etc/udhcpc.d/50default": executable("#!/bin/sh\ncase $1 in bound) /data/hooks/bound ;; esac\n")},
        {"etc/logrotate.conf": "weekly\ninclude /data/hooks\n"},
    ],
)
def test_hooks_that_lie_on_the_data_partition_are_found_behind_links_scripts_and_includes(
    files: dict[str, Content],
) -> None:
    for check in ("hook-directory-writable", "privileged-hooks"):
        assert any("/data" in finding.message for finding in verdict(check, {**UDHCPC, **files}).findings)


def test_a_daemon_that_starts_has_hooks_even_if_its_program_is_not_in_this_part() -> None:
    files = {
        **SYSTEMD,
        "etc/fstab": READ_ONLY,
        "etc/systemd/system/default.target": "[Unit]\nWants=nm.service\n",
        "etc/systemd/system/nm.service": "[Service]\nExecStart=/usr/sbin/NetworkManager -n\n",
        "etc/NetworkManager/dispatcher.d": link("/data/dispatcher.d"),
    }
    assert "mount /data" in keys("hook-directory-writable", files)


def test_what_the_image_has_below_a_data_partition_shows_its_modes() -> None:
    files = {
        "etc/inittab": "::sysinit:/bin/mount -a\n::respawn:/usr/sbin/crond -c /etc/cron/crontabs\n",
        "etc/fstab": READ_ONLY.replace("ro", "rw", 1),
        "etc/cron/crontabs/root": "* * * * * /data/job.sh\n",
        "data/job.sh": executable("#!/bin/sh\n", 0o777),
    }
    assert keys("cron-unneeded", files) == ["data/job.sh"]


def test_with_an_unknown_root_a_data_partition_may_be_worse() -> None:
    files = {**rcs("/data/start.sh"), "etc/fstab": READ_ONLY.partition("\n")[2]}
    assert verdict("init-script-writable", files).reason is not None
    assert verdict("init-script-writable", {**files, "etc/init.d/rcS": executable("#!/bin/sh\n")}).outcome is (
        Outcome.PASS
    )


def test_a_script_that_nothing_starts_is_milder() -> None:
    files = {**INIT, "etc/init.d/spare": Node("#!/bin/sh\n", 0o755, uid=33)}
    severities = {finding.key: finding.severity for finding in verdict("init-script-writable", files).findings}
    assert severities == {"etc/init.d/spare": Severity.MEDIUM}


def test_a_service_without_rights_may_own_its_program() -> None:
    unit = "[Service]\nUser={}\nExecStart=/opt/cam\n"
    files: dict[str, Content] = {
        "usr/lib/systemd/systemd": ELF,
        "sbin/init": link("../usr/lib/systemd/systemd"),
        "etc/passwd": PASSWD,
        "etc/systemd/system/default.target": "[Unit]\nWants=cam.service\n",
        "opt/cam": Node(b"\x7fELF\x02\x01\x01", 0o755, uid=33),
    }
    assert not keys("init-script-writable", {**files, "etc/systemd/system/cam.service": unit.format("www")})
    assert keys("init-script-writable", {**files, "etc/systemd/system/cam.service": unit.format("root")})


# jobs


def job(line: str, **files: Content) -> dict[str, Content]:
    return {
        **INIT,
        "etc/inittab": "::sysinit:/bin/mount -a\n::respawn:/usr/sbin/crond -f\n",
        "usr/sbin/crond": ELF,
        "etc/fstab": READ_ONLY,
        "etc/crontab": line + "\n",
        **files,
    }


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("1 * * * * root /srv/a.sh", ["srv/a.sh"]),
        ("1 * * * * root sh /srv/a.sh", ["srv/a.sh"]),
        ("1 * * * * root /srv/b.sh", ["srv/a.sh"]),
        ("1 * * * * www /srv/a.sh", []),
        ("1 * * * * root cat /srv/a.sh", []),
        ("1 * * * * root test -x /data/x && /data/x", ["data/x on /data"]),
        ("1 * * * * root tar cf /data/x /data/y", []),
        ("# 1 * * * * root /srv/a.sh", []),
    ],
)
def test_a_job_runs_what_it_names_and_what_that_runs(line: str, found: list[str]) -> None:
    own = Node("#!/bin/sh\n", 0o755, uid=33)
    files = job(line, **{"srv/a.sh": own, "srv/b.sh": executable("#!/bin/sh\n. /srv/a.sh\n")})
    assert keys("cron-unneeded", files) == found


def test_a_job_that_nothing_runs_is_low() -> None:
    files = job("1 * * * * root /srv/a.sh", **{"srv/a.sh": executable("#!/bin/sh\n", 0o777)})
    files["etc/inittab"] = "::sysinit:/bin/mount -a\n"
    assert [finding.severity for finding in verdict("cron-unneeded", files).findings] == [Severity.LOW]


# hostile


@pytest.mark.parametrize(
    "check",
    [
        "privileged-hooks",
        "init-script-writable",
        "hook-directory-writable",
        "removable-media-executed",
        "cron-unneeded",
    ],
)
def test_rubbish_is_read_without_a_fault(check: str) -> None:
    rubbish = bytes(range(256)) * 40
    places = (
        "etc/udev/rules.d/1.rules etc/mdev.conf etc/crontab etc/cron.d/x etc/anacrontab etc/pam.d/x etc/sysctl.conf "
        "etc/hotplug.d/usb/1 etc/profile etc/init.d/rcS etc/fstab etc/passwd etc/group etc/ld.so.preload"
    )
    found = verdict(check, {**INIT, **dict.fromkeys(places.split(), rubbish)})
    assert found.outcome is not Outcome.ERROR
    assert "internal error" not in (found.reason or "")
    circles = {
        **INIT,
        "etc/ppp": link("ppp"),
        "usr/sbin/pppd": ELF,
        "etc/init.d/a": link("b"),
        "etc/init.d/b": link("a"),
    }
    assert verdict(check, circles).outcome is not Outcome.ERROR


def snmp(user: str, start: str = "WantedBy=multi-user.target") -> dict[str, Content]:
    return {
        **SYSTEMD,
        "etc/passwd": PASSWD,
        "etc/group": GROUP,
        "usr/sbin/snmpd": ELF,
        "etc/snmp/snmpd.conf": Node("rouser monitor\nextend x /usr/lib/x\n", 0o600, uid=33),
        "usr/lib/x": Node("#!/bin/sh\n", 0o755, uid=33),
        "etc/systemd/system/snmpd.service": f"[Service]\nExecStart=/usr/sbin/snmpd -f\n{user}\n[Install]\n{start}\n",
        "etc/systemd/system/multi-user.target.wants/snmpd.service": link("../snmpd.service"),
    }


@pytest.mark.parametrize("user", ["User=www", "User=33"])
def test_a_program_that_starts_as_another_user_obeys_nothing_as_root(user: str) -> None:
    assert keys("hook-directory-writable", snmp(user)) == []


@pytest.mark.parametrize("user", ["", "User=root", "User=0"])
def test_what_root_starts_obeys_its_files_as_root(user: str) -> None:
    assert keys("hook-directory-writable", snmp(user)) == ["etc/snmp/snmpd.conf", "usr/lib/x"]


def test_a_program_that_root_starts_too_obeys_as_root() -> None:
    files = snmp("User=www")
    files["etc/systemd/system/again.service"] = "[Service]\nExecStart=/usr/sbin/snmpd -f -p /run/b\n"
    files["etc/systemd/system/multi-user.target.wants/again.service"] = link("../again.service")
    assert "etc/snmp/snmpd.conf" in keys("hook-directory-writable", files)
