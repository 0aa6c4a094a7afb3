"""Each manager starts a service no more: by what is known of the system afterwards, and by the manager's own word."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from systems import debian_openrc

from firmward.facts.collection import Collection
from firmward.facts.process import Manager, Start
from firmward.facts.startup import Startup
from firmward.harden import managers
from firmward.harden.draft import Draft, Refused
from firmward.harden.site import Site
from firmward.model.memory import Content, MemoryTree, Node, executable, link
from firmward.model.tree import Kind, Tree

ELF = executable(b"\x7fELF\x02\x01\x01")
UNITS = "usr/lib/systemd/system"
ETC = "etc/systemd/system"
WANTS = f"{ETC}/multi-user.target.wants"


def unit(program: str, *more: str) -> str:
    return "\n".join((f"[Service]\nExecStart=/usr/bin/{program}", *more)) + "\n"


INSTALL = "[Install]\nWantedBy=multi-user.target"
SYSTEMD: dict[str, Content] = {
    "usr/lib/systemd/systemd": ELF,
    "sbin/init": link("../usr/lib/systemd/systemd"),
    "etc/machine-id": "",
    f"{UNITS}/default.target": link("multi-user.target"),
    f"{UNITS}/multi-user.target": "[Unit]\nRequires=basic.target\n",
    f"{UNITS}/basic.target": "[Unit]\nWants=sockets.target timers.target\n",
    f"{UNITS}/sockets.target": "[Unit]\n",
    f"{UNITS}/timers.target": "[Unit]\n",
    f"{UNITS}/kept.service": unit("kept", INSTALL),
    f"{WANTS}/kept.service": link(f"/{UNITS}/kept.service"),
    "usr/bin/kept": ELF,
    "usr/bin/gone": ELF,
}
BUSYBOX: dict[str, Content] = {
    "bin/busybox": ELF,
    "sbin/init": link("../bin/busybox"),
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
    "etc/init.d/rcS": executable('#!/bin/sh\nfor i in /etc/init.d/S??*; do "$i" start; done\n'),
    "etc/init.d/S50kept": executable("#!/bin/sh\n/usr/bin/kept &\n"),
}
SYSV: dict[str, Content] = {
    "sbin/init": ELF,
    "etc/inittab": "id:3:initdefault:\nl3:3:wait:/etc/init.d/rc 3\n",
    "etc/init.d/rc": executable("#!/bin/sh\n"),
    "etc/init.d/kept": executable("#!/bin/sh\n/usr/bin/kept &\n"),
    "etc/rc3.d/S20kept": link("../init.d/kept"),
}
PROCD: dict[str, Content] = {
    "sbin/procd": ELF,
    "sbin/init": ELF,
    "etc/rc.common": "",
    "etc/init.d/kept": executable("#!/bin/sh /etc/rc.common\nstart() { /usr/bin/kept & }\n"),
    "etc/rc.d/S50kept": link("../init.d/kept"),
}
OPENRC: dict[str, Content] = {
    "sbin/openrc": ELF,
    "sbin/openrc-run": ELF,
    "etc/inittab": "::sysinit:/sbin/openrc sysinit\n::wait:/sbin/openrc default\n",
    "etc/init.d/kept": executable("#!/sbin/openrc-run\ncommand=/usr/bin/kept\n"),
    "etc/runlevels/default/kept": link("/etc/init.d/kept"),
}
INETD: dict[str, Content] = {
    **BUSYBOX,
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/inetd -f\n",
    "etc/inetd.conf": "ftp stream tcp nowait root /usr/bin/kept kept\n",
}
XINETD: dict[str, Content] = {
    **BUSYBOX,
    "etc/inittab": "::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/xinetd -dontfork\n",
    "etc/xinetd.conf": "includedir /etc/xinetd.d\n",
    "etc/xinetd.d/ftp": "service ftp\n{\n\tserver = /usr/bin/kept\n\tsocket_type = stream\n}\n",
}
GONE_UNIT = {f"{UNITS}/gone.service": unit("gone", INSTALL)}
GONE_SCRIPT = executable("#!/bin/sh\n/usr/bin/gone &\n")


@dataclass(frozen=True)
class Case:
    """`gone` starts in this system by these files, and is called so by its manager."""

    says: str
    manager: str
    name: str
    base: dict[str, Content]
    files: dict[str, Content]

    @property
    def tree(self) -> MemoryTree:
        return MemoryTree({**self.base, **self.files})


CASES = (
    Case("a unit that is enabled", "systemd", "gone.service", SYSTEMD,
         {**GONE_UNIT, f"{WANTS}/gone.service": link(f"/{UNITS}/gone.service")}),
    Case("a unit under its alias too", "systemd", "gone.service", SYSTEMD,
         {f"{UNITS}/gone.service": unit("gone", INSTALL, "Alias=going.service"),
          f"{ETC}/going.service": link(f"/{UNITS}/gone.service"),
          f"{WANTS}/going.service": link(f"/{UNITS}/gone.service")}),
    Case("a unit that a unit of the system wants", "systemd", "gone.service", SYSTEMD,
         {**GONE_UNIT, f"{UNITS}/multi-user.target.wants/gone.service": link("../gone.service")}),
    Case("a unit in etc that another one names", "systemd", "gone.service", SYSTEMD,
         {f"{ETC}/gone.service": unit("gone"), f"{UNITS}/multi-user.target": "[Unit]\nWants=gone.service\n"}),
    Case("a service that a socket starts", "systemd", "gone.service", SYSTEMD,
         {f"{UNITS}/gone.service": unit("gone"), f"{UNITS}/gone.socket": "[Socket]\nListenStream=99\n",
          f"{ETC}/sockets.target.wants/gone.socket": link(f"/{UNITS}/gone.socket")}),
    Case("an instance for each connection", "systemd", "gone@.service", SYSTEMD,
         {f"{UNITS}/gone@.service": unit("gone"), f"{UNITS}/gone.socket": "[Socket]\nListenStream=99\nAccept=yes\n",
          f"{UNITS}/sockets.target.wants/gone.socket": link("../gone.socket")}),
    Case("an instance of a template", "systemd", "gone@a.service", SYSTEMD,
         {f"{UNITS}/gone@.service": unit("gone"), f"{WANTS}/gone@a.service": link(f"/{UNITS}/gone@.service")}),
    Case("a service of a timer", "systemd", "gone.service", SYSTEMD,
         {f"{UNITS}/gone.service": unit("gone"), f"{UNITS}/gone.timer": "[Timer]\nOnCalendar=daily\n",
          f"{ETC}/timers.target.wants/gone.timer": link(f"/{UNITS}/gone.timer")}),
    Case("what presets enable at the first boot", "systemd", "gone.service",
         {path: content for path, content in SYSTEMD.items() if path != "etc/machine-id"},
         {**GONE_UNIT, f"{UNITS}-preset/90.preset": "enable *\n"}),
    Case("what the bus starts", "systemd", "gone.service", SYSTEMD,
         {f"{UNITS}/gone.service": unit("gone"), f"{UNITS}/dbus.service": unit("dbus-daemon"),
          f"{UNITS}/multi-user.target.wants/dbus.service": link("../dbus.service"),
          "usr/share/dbus-1/system-services/gone.service":
              "[D-BUS Service]\nName=gone\nExec=/bin/false\nSystemdService=gone.service\n"}),
    Case("a script that rcS runs by its name", "sysv", "S60gone", BUSYBOX, {"etc/init.d/S60gone": GONE_SCRIPT}),
    Case("a script that rcS sources", "sysv", "S60gone",
         {**BUSYBOX, "etc/init.d/rcS": executable('#!/bin/sh\nfor i in /etc/init.d/S??*; do . "$i"; done\n')},
         {"etc/init.d/S60gone.sh": Node("/usr/bin/gone &\n")}),
    Case("a script that another calls if it may be run", "sysv", "rc.gone",
         {**BUSYBOX, "etc/init.d/rcS": executable(
             "#!/bin/sh\n/usr/bin/kept &\n[ -x /etc/rc.d/rc.gone ] && /etc/rc.d/rc.gone start\n")},
         {"etc/rc.d/rc.gone": GONE_SCRIPT}),
    Case("a script that runlevels link", "sysv", "gone", SYSV,
         {"etc/init.d/gone": GONE_SCRIPT, "etc/rc3.d/S60gone": link("../init.d/gone"),
          "etc/rc5.d/S60gone": link("../init.d/gone"), "etc/rc0.d/K20gone": link("../init.d/gone")}),
    Case("a script that systemd starts", "sysv", "gone", SYSTEMD,
         {"etc/init.d/gone": GONE_SCRIPT, "etc/rc3.d/S60gone": link("../init.d/gone")}),
    Case("a line of BusyBox's table", "inittab", "gone", {**BUSYBOX,
         "etc/inittab": "::sysinit:/etc/init.d/rcS\n::respawn:/usr/bin/gone -f\n"}, {}),
    Case("a line of SysV's table", "inittab", "G1", {**SYSV,
         "etc/inittab": "id:3:initdefault:\nl3:3:wait:/etc/init.d/rc 3\nG1:3:respawn:/usr/bin/gone\n"}, {}),
    Case("a script of procd", "procd", "gone", PROCD,
         {"etc/init.d/gone": executable("#!/bin/sh /etc/rc.common\nstart() { /usr/bin/gone & }\n"),
          "etc/rc.d/S60gone": link("../init.d/gone"), "etc/rc.d/K10gone": link("../init.d/gone")}),
    Case("a script that lies where procd's links are", "procd", "S60gone", PROCD,
         {"etc/rc.d/S60gone": executable("#!/bin/sh\n/usr/bin/gone &\n")}),
    Case("a service of OpenRC", "openrc", "gone", OPENRC,
         {"etc/init.d/gone": executable("#!/sbin/openrc-run\ncommand=/usr/bin/gone\n"),
          "etc/runlevels/default/gone": link("/etc/init.d/gone"),
          "etc/runlevels/boot/gone": link("/etc/init.d/gone")}),
    Case("a script of SysV's that Debian's OpenRC starts", "openrc", "gone", debian_openrc.FILES,
         {"etc/init.d/kept": debian_openrc.script("/usr/bin/kept", "Required-Start: $remote_fs"),
          "etc/init.d/gone": debian_openrc.script("/usr/bin/gone"),
          "etc/runlevels/default/kept": link("/etc/init.d/kept"),
          "etc/runlevels/default/gone": link("/etc/init.d/gone"), "etc/rc2.d/S02gone": link("../init.d/gone")}),
    Case("a service of inetd", "inetd", "telnet", {**INETD,
         "etc/inetd.conf": "ftp stream tcp nowait root /usr/bin/kept kept\n"
                           "telnet stream tcp nowait root /usr/bin/gone gone\n"}, {}),
    Case("a service in a table of its own", "inetd", "telnet", {**INETD,
         "etc/inittab": "::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/inetd -f /opt/inetd.conf\n"},
         {"opt/inetd.conf": "telnet stream tcp nowait root /usr/bin/gone gone\n"}),
    Case("a service of xinetd", "xinetd", "telnet", XINETD,
         {"etc/xinetd.d/telnet": "service telnet\n{\n\tserver = /usr/bin/gone\n\tsocket_type = stream\n}\n"}),
    Case("a service that was switched on by word", "xinetd", "console", XINETD,
         {"etc/xinetd.d/t": "service telnet\n{\n  id = console\n  disable = no\n  server = /usr/bin/gone\n}\n"}),
)  # fmt: skip


def site(tree: Tree) -> Site:
    return Site(Draft(tree), Collection(tree).facts("system", (Startup,)))


def started(tree: Tree) -> set[str]:
    startup = Collection(tree).get(Startup)
    assert isinstance(startup, Startup)
    return {one.program for one in startup.processes if one.start is not Start.DISABLED}


def disabled(place: Site, manager: str, name: str) -> None:
    disable = managers.by_name(manager)
    assert disable is not None
    disable(place, name)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_what_is_disabled_starts_no_more_and_the_rest_does(case: Case) -> None:
    place = site(case.tree)
    assert "gone" in started(case.tree)
    disabled(place, case.manager, case.name)
    assert "gone" not in started(place.draft)
    assert started(case.tree) - {"gone"} <= started(place.draft)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.says)
def test_once_more_changes_nothing(case: Case) -> None:
    first = site(case.tree)
    disabled(first, case.manager, case.name)
    second = Site(Draft(first.draft), first.facts)
    try:
        disabled(second, case.manager, case.name)
    except Refused as reason:
        assert "no script" in reason.reason or "no service" in reason.reason  # noqa: PT017 - it may say that it is gone
    assert list(second.draft.touched()) == []


@pytest.mark.parametrize("manager", sorted(Manager))
@pytest.mark.parametrize("name", ["nothing", "../../etc/passwd", "", "a/b@c.service", "x\ny"])
def test_what_is_not_there_is_refused_or_left(manager: Manager, name: str) -> None:
    disable = managers.by_name(manager)
    if disable is None:
        assert manager is Manager.SCRIPT
        return
    for base in (SYSTEMD, BUSYBOX, SYSV, PROCD, OPENRC, INETD, XINETD):
        place = site(MemoryTree(base))
        try:
            disable(place, name)
        except Refused as reason:
            assert "\n" not in reason.reason or "\n" in name  # noqa: PT017
        assert list(place.draft.touched()) == []


def test_the_stopping_links_stay() -> None:
    case = next(one for one in CASES if one.says == "a script that runlevels link")
    place = site(case.tree)
    disabled(place, case.manager, case.name)
    assert place.draft.names("etc/rc0.d") == ("K20gone",)
    assert place.draft.is_file("etc/init.d/gone")


def test_a_service_that_another_needs_is_refused() -> None:
    needing = executable("#!/sbin/openrc-run\ncommand=/usr/bin/kept\ndepend() {\n\tneed gone\n}\n")
    gone = executable("#!/sbin/openrc-run\ncommand=/usr/bin/gone\n")
    place = site(MemoryTree({**OPENRC, "etc/init.d/kept": needing, "etc/init.d/gone": gone}))
    with pytest.raises(Refused, match="needs gone"):
        disabled(place, "openrc", "gone")


def test_a_script_that_another_ones_header_requires_is_refused() -> None:
    files = {
        "etc/init.d/kept": debian_openrc.script("/usr/bin/kept", "Required-Start: gone"),
        "etc/init.d/gone": debian_openrc.script("/usr/bin/gone"),
        "etc/runlevels/default/kept": link("/etc/init.d/kept"),
    }
    place = site(MemoryTree({**debian_openrc.FILES, **files}))
    with pytest.raises(Refused, match="needs gone"):
        disabled(place, "openrc", "gone")


def test_a_script_that_is_called_in_any_case_is_told() -> None:
    files = {**BUSYBOX, "etc/init.d/rcS": executable("#!/bin/sh\nsh /etc/init.d/gone start\n")}
    place = site(MemoryTree({**files, "etc/init.d/gone": GONE_SCRIPT}))
    if "gone" in started(place.draft):
        with pytest.raises(Refused, match="another script starts gone"):
            disabled(place, "sysv", "gone")


def test_a_login_on_a_terminal_is_masked_since_generators_start_it() -> None:
    getty = {f"{UNITS}/serial-getty@.service": "[Service]\nExecStart=-/sbin/agetty - $TERM\nTTYPath=/dev/%I\n"}
    name = "serial-getty@ttyS0.service"
    place = site(MemoryTree({**SYSTEMD, **getty, f"{WANTS}/{name}": link(f"/{UNITS}/serial-getty@.service")}))
    disabled(place, "systemd", name)
    entry = place.draft.lstat(f"{ETC}/{name}")
    assert entry is not None
    assert (entry.kind, entry.target) == (Kind.SYMLINK, "/dev/null")


WORDS = st.sampled_from(
    ["service", "telnet", "{", "}", "disable", "=", "no", "yes", "#", "\n", "server", "/bin/x", "id"]
)


@given(st.lists(WORDS, max_size=30).map(" ".join))
def test_any_table_of_xinetd_is_switched_off_or_refused(text: str) -> None:
    place = site(MemoryTree({**XINETD, "etc/xinetd.d/telnet": text}))
    before = started(place.draft)
    try:
        disabled(place, "xinetd", "telnet")
    except Refused:
        assert started(place.draft) == before


@pytest.mark.parametrize(("line", "name"), [("::sysinit:/etc/init.d/rcS\n", "rcS"), ("si::bootwait:/sbin/up\n", "si")])
def test_what_brings_the_whole_system_up_is_not_taken_out_of_the_table(line: str, name: str) -> None:
    place = site(MemoryTree({**BUSYBOX, "etc/inittab": line}))
    with pytest.raises(Refused, match="brings the whole system up"):
        disabled(place, "inittab", name)


def written(tree: Tree, folder: Path) -> None:
    for entry in tree.entries():
        path = folder / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.kind is Kind.SYMLINK:
            path.symlink_to(entry.target or "")
        elif entry.kind is Kind.FILE:
            path.write_bytes(tree.read(entry.path) or b"")
            path.chmod(entry.mode)


BY_SYSTEMCTL = [case for case in CASES if case.manager == "systemd"]


@pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemctl is not installed")
@pytest.mark.parametrize("case", BY_SYSTEMCTL, ids=lambda case: case.says)
def test_systemctl_agrees(case: Case, tmp_path: Path) -> None:
    place = site(case.tree)
    disabled(place, case.manager, case.name)
    written(place.draft, tmp_path)

    def said(name: str) -> str:
        command = ["systemctl", f"--root={tmp_path}", "is-enabled", name]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    assert said(case.name) in ("disabled", "masked", "static", "indirect")
    assert said("kept.service") in ("enabled", "disabled")
    socket = case.name.replace("@.", ".").replace(".service", ".socket")
    if any(path.endswith(socket) for path in case.files):
        assert said(socket) in ("disabled", "masked", "static")
