"""Doors that open later: what counts as a question, and what any start script asks."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.unlocks import Trigger, Unlock, Unlocks
from firmward.model.memory import Content, MemoryTree, executable

INITTAB = "::sysinit:/etc/init.d/rcS\n"


def unlocks(files: dict[str, Content]) -> tuple[Unlock, ...]:
    found = Collection(MemoryTree(files)).get(Unlocks)
    assert isinstance(found, Unlocks), found
    return found.unlocks


def at_boot(*lines: str) -> tuple[Unlock, ...]:
    script = executable("\n".join(("#!/bin/sh", *lines, "")))
    return unlocks({"etc/inittab": INITTAB, "etc/init.d/rcS": script})


OPENED = [
    (("[ -f /data/.debug ] && telnetd",), "telnetd by /data/.debug"),
    (("test -e /data/.debug && /usr/sbin/telnetd -l /bin/sh",), "telnetd by /data/.debug"),
    (("[ ! -e /data/.debug ] || telnetd",), "telnetd by /data/.debug"),
    (("[ -e /data/.debug ] || exit 0", "telnetd"), "telnetd by /data/.debug"),
    (("if [ ! -e /data/.debug ]; then", "  exit 0", "fi", "telnetd"), "telnetd by /data/.debug"),
    (("if [ ! -e /data/.debug ]; then echo; else telnetd; fi",), "telnetd by /data/.debug"),
    (("mode=$(fw_printenv -n debug)", '[ "$mode" = "1" ] && telnetd'), "telnetd by fw_printenv -n debug"),
    (("mode=`nvram get telnet_on`", 'case "$mode" in', "1) telnetd ;;", "esac"), "telnetd by nvram get telnet_on"),
    (("grep -q factory /proc/cmdline && dropbear",), "dropbear by /proc/cmdline factory"),
    (("if cat /proc/cmdline | grep -q debug; then telnetd; fi",), "telnetd by /proc/cmdline"),
    (('case "$(cat /proc/cmdline)" in *debug*) telnetd;; esac',), "telnetd by /proc/cmdline"),
    (('[ "$(uci -q get system.debug.telnet)" = 1 ] && telnetd',), "telnetd by uci -q get system.debug.telnet"),
    (("[ -e /mnt/sdcard/telnet ] && telnetd &",), "telnetd by /mnt/sdcard/telnet"),
    (("[ -x /mnt/usb/run.sh ] && /mnt/usb/run.sh",), "run.sh by /mnt/usb/run.sh"),
    ((". /media/sda1/autorun.sh",), "autorun.sh by /media/sda1/autorun.sh"),
    (("debug() { telnetd; }", "[ -f /data/d ] && debug"), "telnetd by /data/d"),
    (("[ -f /data/enable_ssh ] && /etc/init.d/S50dropbear start",), "dropbear by /data/enable_ssh"),
    (("[ -f /data/devmode ] && systemctl start sshd.service",), "sshd by /data/devmode"),
    (("[ -f /etc/rootme ] && passwd -d root",), "passwd by /etc/rootme"),
    (("[ -f /tmp/x ] && nc -l -p 99 -e /bin/sh",), "nc by /tmp/x"),
    (("for i in 1 2; do", "  [ -e /data/dbg ] && adbd", "done"), "adbd by /data/dbg"),
    (("( while true; do [ -e /data/dbg ] && telnetd; sleep 9; done ) &",), "telnetd by /data/dbg"),
]


@pytest.mark.parametrize(("lines", "key"), OPENED, ids=[row[1] + " " + row[0][0][:20] for row in OPENED])
def test_a_door_behind_a_question_is_seen(lines: tuple[str, ...], key: str) -> None:
    assert [unlock.key for unlock in at_boot(*lines)] == [key]


USUAL = [
    ("telnetd",),
    ("[ -x /usr/sbin/telnetd ] && telnetd",),
    ("[ -f /etc/default/telnetd ] && . /etc/default/telnetd", "telnetd"),
    ("[ -f /etc/securetty ] && telnetd",),
    ("[ -e /var/run/telnetd.pid ] || telnetd",),
    ("[ ! -f /etc/dropbear/dropbear_rsa_host_key ] && dropbearkey -t rsa -f /data/key", "dropbear"),
    ("if [ ! -s /etc/ssh/ssh_host_ed25519_key ]; then ssh-keygen -A; fi", "/usr/sbin/sshd"),
    ("[ ! -e /data/no_ssh ] && dropbear",),
    ('[ "$(nvram get sshd_enable)" = 1 ] && dropbear',),
    ("[ -d /data/dropbear ] && dropbear",),
    ('case "$1" in start) dropbear ;; esac',),
    ('[ "$VERBOSE" = no ] || echo starting', "sshd"),
    ("mount /dev/sda1 /mnt/usb", "ls /mnt/usb"),
    ("[ -f /data/.debug ] && echo debugging", "sshd"),
    ("debug() { telnetd; }", "[ -f /data/d ] && echo no"),
    ("# [ -f /data/.debug ] && telnetd",),
]  # fmt: skip


@pytest.mark.parametrize("lines", USUAL, ids=[row[0][:40] for row in USUAL])
def test_what_any_start_script_asks_is_none(lines: tuple[str, ...]) -> None:
    assert at_boot(*lines) == ()


def test_a_button_that_erases_is_told_apart() -> None:
    button = 'if [ "$(cat /sys/class/gpio/gpio5/value)" = 1 ]; then'
    (bare,) = at_boot(button, "dropbear", "fi")
    (erasing,) = at_boot(button, "rm -rf /data/keys", "dropbear", "fi")
    assert (bare.cue.trigger, bare.wipes) == (Trigger.BUTTON, False)
    assert (erasing.cue.trigger, erasing.wipes) == (Trigger.BUTTON, True)


PAGES: list[tuple[str, Content, list[str]]] = [
    ("www/cgi-bin/x.sh", executable("#!/bin/sh\ntelnetd\n"), ["telnetd by /www/cgi-bin/x.sh"]),
    ("www/index.php", '<?php\nif ($_GET["d"]) { system("telnetd -l /bin/sh &"); }\n', ["telnetd by /www/index.php"]),
    ("www/index.php", "<?php\n// the help of telnetd: none\n", []),
    ("www/cgi-bin/status", executable("#!/bin/sh\necho Content-Type: text/plain\ncat /proc/uptime\n"), []),
    ("usr/lib/lua/luci/controller/x.lua", 'luci.sys.call("/etc/init.d/dropbear restart")\n', []),
]  # fmt: skip


@pytest.mark.parametrize(("path", "content", "keys"), PAGES)
def test_a_page_that_starts_a_door_is_seen(path: str, content: Content, keys: list[str]) -> None:
    assert [unlock.key for unlock in unlocks({"etc/inittab": INITTAB, path: content})] == keys


def test_scripts_of_buttons_and_media_are_read() -> None:
    found = unlocks(
        {
            "etc/inittab": INITTAB,
            "etc/rc.button/reset": executable("#!/bin/sh\n[ $SEEN -gt 20 ] && telnetd\n"),
            "etc/hotplug.d/usb/10-dev": executable("#!/bin/sh\n/etc/init.d/telnet start\n"),
        }
    )
    assert {(unlock.opens, unlock.cue.trigger) for unlock in found} == {
        ("telnetd", Trigger.BUTTON),
        ("telnet", Trigger.MEDIUM),
    }


BRIDGES = [
    ({}, ["adbd by USB"]),
    ({"default.prop": "ro.adb.secure=1\n"}, []),
    ({"default.prop": "ro.adb.secure=1\nro.debuggable=1\n"}, ["adbd by USB"]),
    ({"build.prop": "persist.adb.tcp.port=5555\n"}, ["adbd by tcp/5555"]),
]


@pytest.mark.parametrize(("files", "keys"), BRIDGES)
def test_the_debug_bridge_asks_for_a_key_only_where_properties_say_so(
    files: dict[str, Content], keys: list[str]
) -> None:
    assert [unlock.key for unlock in unlocks({"etc/inittab": "::respawn:/sbin/adbd\n", **files})] == keys


def test_a_program_that_waits_for_a_magic_packet_is_seen() -> None:
    (found,) = unlocks({"etc/inittab": "::respawn:/usr/sbin/telnetenable\n"})
    assert found.cue.trigger is Trigger.PACKET


def test_hostile_scripts_end() -> None:
    deep = "if [ -f /data/x ]; then " * 300 + "telnetd" + "; fi" * 300
    calls = "".join(f"f{n}() {{ f{n + 1}; f{n + 1}; }}\n" for n in range(40)) + "f40() { telnetd; }\nf0\n"
    assert at_boot(deep) is not None
    assert at_boot(calls) is not None
    assert at_boot("f() { [ -f /data/x ] && f; telnetd; }", "f") is not None


def test_a_switch_that_must_be_off_is_no_door() -> None:
    assert at_boot('[ "$(fw_printenv -n locked)" = 0 ] && telnetd') == ()
    assert at_boot('[ "$(fw_printenv -n locked)" = 0 ] || telnetd') != ()
