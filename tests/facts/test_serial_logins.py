"""Who waits on a serial line, for every way in which systems start it."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.serial_logins import SerialLogin, SerialLogins
from firmward.model.memory import Content, MemoryTree, executable, link

ELF = executable(b"\x7fELF")
SERIAL = {"boot/extlinux/extlinux.conf": "label a\n append console=ttyS0\n"}
SCREEN = {"boot/extlinux/extlinux.conf": "label a\n append console=ttyS0 console=tty1\n"}
LOCKED = {"etc/passwd": "root:x:0:0::/root:/bin/sh\n", "etc/shadow": "root:*:1::::::\n"}
UNITS, OWN = "usr/lib/systemd/system", "etc/systemd/system"
GENERATOR = "usr/lib/systemd/system-generators/systemd-getty-generator"
SYSTEMD = {
    "sbin/init": link("/usr/lib/systemd/systemd"),
    "usr/lib/systemd/systemd": ELF,
    f"{UNITS}/default.target": link("multi-user.target"),
    f"{UNITS}/multi-user.target": "[Unit]\nDescription=all\n",
    f"{UNITS}/serial-getty@.service": "[Service]\nExecStart=-/sbin/agetty -o '-p -- \\\\u' - $TERM\nTTYPath=/dev/%I\n",
    GENERATOR: ELF,
    **LOCKED,
}
LOGIN_SH = '#!/bin/sh\n[ "$(uci -q get system.@system[0].ttylogin)" = 1 ] || exec /bin/ash --login\nexec /bin/login\n'
OPENWRT = {
    "sbin/procd": ELF,
    "sbin/init": ELF,
    "etc/rc.common": "#!/bin/sh\n",
    "etc/inittab": "::sysinit:/etc/init.d/rcS S boot\n::askconsole:/usr/libexec/login.sh\n",
    "usr/libexec/login.sh": executable(LOGIN_SH),
    **SERIAL,
    **LOCKED,
}


def collected(files: dict[str, Content]) -> SerialLogins:
    found = Collection(MemoryTree(files)).get(SerialLogins)
    assert isinstance(found, SerialLogins), found
    return found


def told(files: dict[str, Content]) -> list[tuple[str, str, bool]]:
    return [(one.terminal, one.program, one.asks) for one in collected(files).found]


TABLE = {
    "ttyS0::respawn:/sbin/getty -L ttyS0 115200 vt100": [("ttyS0", "getty", True)],
    "::respawn:/sbin/getty -L /dev/ttyAMA0 115200": [("ttyAMA0", "getty", True)],
    "tty1::respawn:/sbin/getty 38400 tty1": [],
    "tty2::askfirst:-/bin/sh": [],
    "ttyS0::askfirst:-/bin/sh": [("ttyS0", "sh", False)],
    "ttyS0::respawn:/bin/login": [("ttyS0", "login", True)],
    "ttyS0::respawn:/bin/login -f root": [("ttyS0", "login", False)],
    "::respawn:/sbin/getty -n -l /bin/sh ttyS0 115200": [("ttyS0", "getty", False)],
    "::respawn:/sbin/getty -n -l /usr/bin/autologin ttyS0 115200": [("ttyS0", "getty", False)],
    "::respawn:/sbin/agetty --autologin root ttyS0 115200": [("ttyS0", "agetty", False)],
    "::respawn:/sbin/agetty -a root ttyS0": [("ttyS0", "agetty", False)],
    "::respawn:/sbin/agetty -o '-p -f root' ttyS0": [("ttyS0", "agetty", False)],
    "::respawn:/sbin/agetty -o '-p -- \\u' ttyS0": [("ttyS0", "agetty", True)],
    "::respawn:/bin/busybox getty -L ttyS0 115200": [("ttyS0", "getty", True)],
    "ttyS0::respawn:/bin/cttyhack /bin/sh -l": [("ttyS0", "sh", False)],
    "ttyS0::respawn:/bin/sh /opt/app/start.sh": [],
    "ttyS0::respawn:/bin/sh -c 'exec meterd'": [],
    "::respawn:/usr/bin/meterd -d /dev/ttyS1": [],
    "#ttyS0::respawn:/sbin/getty ttyS0": [],
    "ttyS0::sysinit:/bin/true": [],
}


@pytest.mark.parametrize(("line", "expected"), TABLE.items(), ids=TABLE)
def test_a_line_of_busyboxs_table(line: str, expected: list[tuple[str, str, bool]]) -> None:
    assert told({"etc/inittab": f"::sysinit:/bin/true\n{line}\n", **SERIAL, **LOCKED}) == expected


@pytest.mark.parametrize("level", ["2", "5"])
def test_a_line_of_sysvs_table_counts_in_its_runlevels(level: str) -> None:
    found = told({"etc/inittab": f"id:{level}:initdefault:\nS0:23:respawn:/sbin/getty -L ttyS0 9600\n", **LOCKED})
    assert found == ([("ttyS0", "getty", True)] if level == "2" else [])


@pytest.mark.parametrize(("line", "certain"), [(SERIAL, [True]), (SCREEN, []), ({}, [False])])
def test_the_console_is_what_the_kernel_is_told(line: dict[str, Content], certain: list[bool]) -> None:
    files = {"etc/inittab": "::respawn:/sbin/getty -L console 0 vt100\n", **line, **LOCKED}
    assert [one.is_certain for one in collected(files).found] == certain


def test_busyboxs_own_table_asks_for_a_shell() -> None:
    files = {"sbin/init": link("../bin/busybox"), "bin/busybox": executable(b"\x7fELF\0\0"), **SERIAL}
    assert told(files) == [("console", "sh", False)]
    assert collected(files).found[0].line == "", "what stands in no file has no line"


def test_openwrts_console_is_a_shell_unless_it_is_told_to_ask() -> None:
    assert told(OPENWRT)[0] == ("console", "ash", False)
    asks = {**OPENWRT, "etc/config/system": "config system\n\toption ttylogin '1'\n"}
    assert told(asks) == [("console", "login", True)]


def test_openrcs_service_is_called_by_its_line() -> None:
    script = '#!/sbin/openrc-run\nport="${RC_SVCNAME#*.}"\ncommand=/sbin/agetty\ncommand_args="${options} ${port}"\n'
    files: dict[str, Content] = {
        "sbin/openrc-init": ELF,
        "sbin/init": link("openrc-init"),
        "etc/init.d/agetty": executable(script),
        "etc/init.d/agetty.ttyS0": link("agetty"),
        "etc/runlevels/default/agetty.ttyS0": link("/etc/init.d/agetty.ttyS0"),
        "etc/conf.d/agetty.ttyS0": 'options="--autologin root"\n',
        **LOCKED,
    }
    assert told(files) == [("ttyS0", "agetty", False)]
    del files["etc/runlevels/default/agetty.ttyS0"]
    assert told(files) == []


def generated(*others: tuple[str, Content], line: str = "console=tty1 console=ttyS0") -> list[SerialLogin]:
    boot = {"boot/extlinux/extlinux.conf": f"label a\n append {line}\n"}
    return list(collected({**SYSTEMD, **boot, **dict(others)}).found)


def test_systemds_generator_starts_a_getty_on_each_serial_console() -> None:
    assert [(one.terminal, one.service, one.asks) for one in generated()] == [
        ("ttyS0", "serial-getty@ttyS0.service", True)
    ]
    assert [one.terminal for one in generated(line="console=ttyS0 console=tty1 earlycon")] == ["ttyS0"]


GONE = {
    "a line that has none": ((), "console=tty1"),
    "a line that says no": ((), "console=ttyS0 systemd.getty_auto=0"),
    "the unit is masked": (((f"{OWN}/serial-getty@.service", link("/dev/null")),), "console=ttyS0"),
    "the instance is masked": (((f"{OWN}/serial-getty@ttyS0.service", link("/dev/null")),), "console=ttyS0"),
    "the generator is masked": (
        (("etc/systemd/system-generators/systemd-getty-generator", link("/dev/null")),),
        "console=ttyS0",
    ),
}


@pytest.mark.parametrize(("others", "line"), GONE.values(), ids=GONE)
def test_systemds_generator_starts_nothing_where(others: tuple[tuple[str, Content], ...], line: str) -> None:
    assert generated(*others, line=line) == []


@pytest.mark.parametrize("name", ["serial-getty@.service", "serial-getty@ttyS0.service"])
def test_a_drop_in_may_log_in_by_itself(name: str) -> None:
    text = "[Service]\nExecStart=\nExecStart=-/sbin/agetty --autologin root - $TERM\n"
    assert [one.asks for one in generated((f"{OWN}/{name}.d/auto.conf", text))] == [False]


def test_where_the_console_is_not_known_nobody_says_that_no_getty_starts() -> None:
    found = collected(dict(SYSTEMD))
    assert found.found == ()
    assert any("serial-getty@" in reason for reason in found.unread)


def test_an_enabled_instance_is_told_once() -> None:
    enabled = (f"{OWN}/multi-user.target.wants/serial-getty@ttyS0.service", link(f"/{UNITS}/serial-getty@.service"))
    assert [one.terminal for one in generated(enabled)] == ["ttyS0"]


def test_an_account_without_a_password_lets_everybody_in() -> None:
    files = {"etc/inittab": "ttyS0::respawn:/sbin/getty -L ttyS0 115200\n", "etc/passwd": "root::0:0::/root:/bin/sh\n"}
    (found,) = collected(dict(files)).found
    assert (found.asks, found.why) == (False, "the password of root is empty")
    nobody = {**files, "etc/passwd": "root:*:0:0::/root:/bin/sh\nx::9:9::/:/bin/false\n"}
    assert [one.asks for one in collected(dict(nobody)).found] == [True]


def test_a_getty_on_a_line_that_was_not_worked_out_is_no_pass() -> None:
    script = executable('#!/bin/sh\n/sbin/getty -L "$(cat /proc/line)" 115200 &\n')
    found = collected({"etc/inittab": "::sysinit:/etc/init.d/rcS\n", "etc/init.d/rcS": script, **LOCKED})
    assert found.found == ()
    assert found.unread


def test_the_way_out_of_an_initramfs_that_fails_is_no_login() -> None:
    panic = "#!/bin/sh\npanic() {\n  sh -i </dev/console >/dev/console 2>&1\n}\nmount /dev/sda2 /root || panic\n"
    assert told({"init": executable(panic), **SERIAL}) == []
    assert told({"init": executable("#!/bin/sh\n/sbin/getty -L ttyS0 115200 &\n"), **LOCKED}) == [
        ("ttyS0", "getty", True)
    ]
