"""Which kernel parameters the running system gets, whoever applies them."""

import pytest
from systems.debian import BASE as DEBIAN
from systems.debian import LOCAL, UNITS
from systems.openwrt import BASE as OPENWRT
from systems.openwrt import procd

from firmward.facts.collection import Collection
from firmward.facts.sysctl import Sysctl
from firmward.model.facts import Source, Unavailable
from firmward.model.memory import Content, MemoryTree, executable, link
from firmward.model.tree import Entry

ON, OFF = "kernel.sysrq = 1\n", "kernel.sysrq = 0\n"
INIT: dict[str, Content] = {"etc/inittab": "::sysinit:/etc/init.d/rcS\n"}


def sysctl(files: dict[str, Content], source: Source = Source.IMAGE) -> Sysctl:
    found = Collection(MemoryTree(files), source).get(Sysctl)
    assert isinstance(found, Sysctl), found
    return found


def booting(*lines: str, **files: Content) -> dict[str, Content]:
    return {**INIT, "etc/init.d/rcS": executable("#!/bin/sh\n" + "".join(f"{line}\n" for line in lines)), **files}


FILES: dict[str, Content] = {
    "etc/sysctl.conf": "kernel.from = conf\n",
    "etc/sysctl.d/10-a.conf": "kernel.from = a\n",
    "etc/sysctl.d/20-b.conf": "kernel.from = b\n",
    "usr/lib/sysctl.d/20-b.conf": "kernel.from = hidden\n",
    "usr/lib/sysctl.d/30-c.conf": "kernel.from = c\n",
    "etc/sysctl.d/90-d.txt": "kernel.from = no\n",
}


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        (["sysctl -p"], "conf"),
        (["sysctl -q -p /etc/sysctl.d/10-a.conf"], "a"),
        (["sysctl -p/etc/sysctl.d/10-a.conf"], "a"),
        (["/sbin/sysctl -e -p - < /etc/sysctl.d/20-b.conf"], "b"),
        (["for f in /etc/sysctl.d/*.conf; do", '[ -f "$f" ] && sysctl -e -p "$f"', "done"], "b"),
        (["for f in $(find /etc/sysctl.d); do", 'sysctl -p "$f"', "done"], "conf"),
        (["sysctl --system"], "conf"),
        (["sysctl -p", "sysctl -w kernel.from=word"], "word"),
        (["sysctl -p", "sysctl -qw kernel/from=word other=1"], "word"),
        (["sysctl -p", "sysctl -n kernel.from"], "conf"),
        (["sysctl -p", "echo late > /proc/sys/kernel/from"], "late"),
        (["echo early > /proc/sys/kernel/from", "sysctl -p"], "conf"),
        (["printf '%s\\n' late >/proc/sys/kernel/from"], "late"),
        (["P=/proc/sys/kernel", "echo -n late > $P/from"], "late"),
        (["if [ -f /etc/nothing ]; then echo late > /proc/sys/kernel/from; fi"], None),
        (["echo late"], None),
        (["echo late 2> /proc/sys/kernel/from"], None),
    ],
)
def test_start_scripts_apply_what_they_name(lines: list[str], value: str | None) -> None:
    assert sysctl({**FILES, **booting(*lines)}).get("kernel.from") == value


def test_systemd_reads_the_folders_and_not_the_old_file() -> None:
    assert sysctl({**DEBIAN, **FILES}).get("kernel.from") == "c"
    linked = {**DEBIAN, **FILES, "etc/sysctl.d/99-sysctl.conf": link("../sysctl.conf")}
    assert sysctl(linked).get("kernel.from") == "conf"
    assert sysctl({**DEBIAN, **FILES}).unapplied == ("etc/sysctl.conf",)
    assert sysctl(linked).unapplied == ()


def test_a_masked_service_applies_nothing() -> None:
    unit = {f"{UNITS}/systemd-sysctl.service": "[Service]\nExecStart=/usr/lib/systemd/systemd-sysctl\n"}
    wanted = {f"{UNITS}/sysinit.target.wants/systemd-sysctl.service": link("../systemd-sysctl.service")}
    assert sysctl({**DEBIAN, **FILES, **unit, **wanted}).get("kernel.from") == "c"
    masked = {f"{LOCAL}/systemd-sysctl.service": link("/dev/null")}
    assert sysctl({**DEBIAN, **FILES, **unit, **wanted, **masked}).get("kernel.from") is None


def test_a_file_is_masked_by_its_name() -> None:
    assert sysctl({**DEBIAN, **FILES, "etc/sysctl.d/30-c.conf": link("/dev/null")}).get("kernel.from") == "b"


def test_openwrt_reads_its_files_in_a_loop() -> None:
    init = procd(
        "START=11",
        "start() {",
        "	for CONF in /etc/sysctl.d/*.conf /etc/sysctl.conf; do",
        '		[ -f "$CONF" ] && sysctl -e -p "$CONF" >&-',
        "	done",
        "}",
    )
    started = {"etc/init.d/sysctl": init, "etc/rc.d/S11sysctl": link("../init.d/sysctl")}
    assert sysctl({**OPENWRT, **FILES, **started}).get("kernel.from") == "conf"
    assert sysctl({**OPENWRT, **FILES, "etc/init.d/sysctl": init}).get("kernel.from") is None


def test_what_is_set_for_an_interface_that_came_says_nothing_of_the_rest() -> None:
    script = 'sed -ne "/net.*$DEVICENAME/p" /etc/sysctl.conf | sysctl -e -p -\n'
    files = {**OPENWRT, "etc/hotplug.d/net/00-sysctl": script, "etc/sysctl.conf": ON}
    assert not sysctl(files).unread
    assert sysctl(booting(script.strip(), **{"etc/sysctl.conf": ON})).unread


def test_lines_that_a_loop_reads_may_be_any_parameter() -> None:
    assert sysctl(booting("cat /etc/sysctl.conf | while read line; do sysctl -qw $line; done")).unread


def test_files_that_nothing_applies_are_named() -> None:
    found = sysctl({**FILES, **booting("sysctl -p")})
    assert found.unapplied == ("etc/sysctl.d/10-a.conf", "etc/sysctl.d/20-b.conf")
    assert found.home == "etc/sysctl.conf"
    assert sysctl({"etc/sysctl.conf": "# nothing\n", **booting("true")}).unapplied == ()


def test_a_written_key_goes_before_a_pattern() -> None:
    name = "net.ipv4.conf.{}.rp_filter"
    text = "".join(
        (name.format("default") + " = 1\n", name.format("*") + " = 2\n", "-" + name.format("all") + "\n"),
    )
    found = sysctl({"etc/sysctl.d/50-default.conf": text})
    assert [found.get(name.format(which)) for which in ("default", "eth0", "all")] == ["1", "2", None]


def test_a_damaged_file_is_told() -> None:
    class Damaged(MemoryTree):
        def chunks(self, entry: Entry):  # type: ignore[no-untyped-def]
            raise Unavailable(f"{entry.path} is damaged")

    found = Collection(Damaged({"etc/sysctl.d/1.conf": OFF})).get(Sysctl)
    assert isinstance(found, Sysctl)
    assert found.unread == ("etc/sysctl.d/1.conf is damaged",)


def test_the_kernels_command_line_comes_first() -> None:
    line = {"boot/cmdline.txt": "ro sysctl.kernel.dmesg_restrict=1 sysctl.kernel/sysrq=1\n"}
    found = sysctl({**line, "etc/sysctl.d/1.conf": "kernel.sysrq = 0\n"})
    assert found.get("kernel.dmesg_restrict") == "1"
    assert found.get("kernel.sysrq") == "0"


def test_a_running_device_is_asked_itself() -> None:
    files: dict[str, Content] = {"etc/sysctl.conf": OFF, "proc/sys/kernel/sysrq": "1\n"}
    assert sysctl(files, Source.LIVE).get("kernel.sysrq") == "1"
    assert "cannot be read" in str(Collection(MemoryTree({"etc/sysctl.conf": OFF}), Source.LIVE).get(Sysctl))


@pytest.mark.parametrize("text", ["a.*{} = 1\n", "a.{} = 1\n"])
def test_more_parameters_than_any_kernel_has_are_refused(text: str) -> None:
    many = "".join(text.format(number) for number in range(30_000))
    assert "more kernel parameters" in str(Collection(MemoryTree({"etc/sysctl.conf": many})).get(Sysctl))


def test_a_parameter_that_the_device_alone_knows_is_told() -> None:
    found = sysctl(booting('sysctl -w "net.ipv4.conf.$(ip route).rp_filter=0"', "sysctl -w kernel.a=$(cat /x)"))
    assert "known at run time only" in found.unread[0]
    parameter = found.find("kernel.a")
    assert parameter is not None
    assert not parameter.is_known
