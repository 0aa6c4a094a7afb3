import pytest

from firmward.facts.collection import Collection
from firmward.facts.process import Manager, Start
from firmward.facts.startup import Startup
from firmward.model.memory import Content, MemoryTree, executable, link

BUSYBOX: dict[str, Content] = {"bin/busybox": executable("\x7fELF"), "sbin/init": link("/bin/busybox")}
RCS = """\
#!/bin/sh
for i in /etc/init.d/S??*
do
\t[ -x "$i" ] || continue
\tcase "$i" in
\t*.sh) ( set start; . "$i" ) ;;
\t*) "$i" start ;;
\tesac
done
"""
DAEMON = """\
#!/bin/sh
[ -r /etc/default/app ] && . /etc/default/app
start() {
\tstart-stop-daemon -S -q -p /run/app.pid -c app -x /usr/sbin/app -- $APP_ARGS || return 1
}
case "$1" in
start) start ;;
stop) start-stop-daemon -K -p /run/app.pid ;;
restart) "$0" stop; "$0" start ;;
esac
"""


def startup(files: dict[str, Content]) -> Startup:
    found = Collection(MemoryTree(files)).get(Startup)
    assert isinstance(found, Startup), found
    return found


def told(files: dict[str, Content]) -> list[tuple[str, str, str]]:
    return [(" ".join(item.argv), item.service, str(item.start)) for item in startup(files).processes]


def test_busybox_lines_have_their_terminal() -> None:
    table = (
        "::sysinit:/bin/mount -a\nttyS0::respawn:/sbin/getty -L ttyS0 115200\n::askfirst:-/bin/sh\n::shutdown:/bye\n"
    )
    found = startup(BUSYBOX | {"etc/inittab": table})
    assert found.init is Manager.INITTAB
    assert [(item.argv, item.tty, item.at.line) for item in found.processes] == [
        (("/bin/mount", "-a"), None, 1),
        (("/sbin/getty", "-L", "ttyS0", "115200"), "ttyS0", 2),
        (("/bin/sh",), "console", 3),
    ]


def test_without_a_table_busybox_asks_for_a_shell_on_four_terminals() -> None:
    found = startup(BUSYBOX)
    assert [(item.program, item.tty) for item in found.processes] == [
        ("sh", "console"),
        ("sh", "tty2"),
        ("sh", "tty3"),
        ("sh", "tty4"),
    ]


def test_the_scripts_that_rcs_runs_are_started() -> None:
    files: dict[str, Content] = {
        **BUSYBOX,
        "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
        "etc/init.d/rcS": executable(RCS),
        "etc/init.d/S50app": executable(DAEMON),
        "etc/init.d/S60extra.sh": executable("extra $1\n"),
        "etc/init.d/S70off": DAEMON,
        "etc/init.d/app2": executable("#!/bin/sh\napp2\n"),
        "etc/default/app": "APP_ARGS='-p 23'\n",
    }
    assert told(files) == [
        ("/usr/sbin/app -p 23", "S50app", "boot"),
        ("extra start", "S60extra.sh", "boot"),
        ("/usr/sbin/app -p 23", "S70off", "disabled"),
        ("app2", "app2", "disabled"),
    ]
    found = startup(files)
    assert found.processes[0].user == "app"
    assert found.scripts == (
        "etc/init.d/rcS",
        "etc/init.d/S50app",
        "etc/default/app",
        "etc/init.d/S60extra.sh",
    )


def test_a_part_of_a_tree_without_rcs_is_taken_for_buildroots() -> None:
    assert told({"etc/init.d/S50app": executable(DAEMON)})[0] == ("/usr/sbin/app", "S50app", "boot")


SYSV = """\
id:3:initdefault:
si::sysinit:/etc/init.d/rcS
l2:2:wait:/etc/init.d/rc 2
l3:3:wait:/etc/init.d/rc 3
~~:S:wait:/sbin/sulogin
1:23:respawn:/sbin/getty 38400 tty1
T0:2:respawn:/sbin/getty -L ttyS0 9600
"""


def test_sysv_runs_the_links_of_its_default_runlevel() -> None:
    files: dict[str, Content] = {
        "sbin/init": executable("\x7fELF"),
        "etc/inittab": SYSV,
        "etc/init.d/rc": executable("#!/bin/sh\n# runs the links\n"),
        "etc/init.d/rcS": executable("#!/bin/sh\nexec /etc/init.d/rc S\n"),
        "etc/init.d/early": executable("#!/bin/sh\nearly $1\n"),
        "etc/init.d/app": executable(DAEMON),
        "etc/init.d/other": executable("#!/bin/sh\nother\n"),
        "etc/rcS.d/S01early": link("../init.d/early"),
        "etc/rc3.d/S20app": link("../init.d/app"),
        "etc/rc3.d/K01other": link("../init.d/other"),
        "etc/rc2.d/S20other": link("../init.d/other"),
    }
    assert told(files) == [
        ("early start", "early", "boot"),
        ("/usr/sbin/app", "app", "boot"),
        ("/sbin/getty 38400 tty1", "1", "boot"),
        ("other", "other", "disabled"),
    ]
    assert startup(files).processes[2].tty == "tty1"


@pytest.mark.parametrize(("levels", "start"), [("2 3 4 5", "boot"), ("", "disabled")])
def test_where_no_links_are_made_yet_the_header_says_it(levels: str, start: str) -> None:
    script = f"#!/bin/sh\n### BEGIN INIT INFO\n# Default-Start: {levels}\n### END INIT INFO\napp\n"
    files: dict[str, Content] = {"etc/inittab": SYSV, "etc/init.d/app": executable(script)}
    assert ("app", "app", start) in told(files)


@pytest.mark.parametrize("path", ["init", "linuxrc", "sbin/init", "etc/init", "bin/init"])
def test_a_script_may_be_the_first_program(path: str) -> None:
    found = startup({path: executable("#!/bin/sh\nmkdir -p /proc\ntelnetd -l /bin/sh\nexec /sbin/other\n")})
    assert found.init is Manager.SCRIPT
    assert [(item.program, item.manager) for item in found.processes] == [
        ("telnetd", Manager.SCRIPT),
        ("other", Manager.SCRIPT),
    ]


def test_a_script_before_busybox_is_followed_as_well() -> None:
    files: dict[str, Content] = {
        **BUSYBOX,
        "init": executable("#!/bin/sh\ntelnetd\nexec /sbin/init\n"),
        "etc/inittab": "::respawn:/bin/app\n",
    }
    assert [item.program for item in startup(files).processes] == ["telnetd", "app"]


def test_a_tree_that_starts_nothing_known_has_no_startup() -> None:
    for files in ({}, {"etc/passwd": ""}, {"etc/inetd.conf": "telnet stream tcp nowait root /bin/t t\n"}):
        assert Collection(MemoryTree(files)).get(Startup) is None


def test_an_init_that_is_not_known_is_named() -> None:
    found = startup({"sbin/init": link("/usr/bin/runit-init"), "etc/init.d/app": executable("#!/bin/sh\napp\n")})
    assert found.unread == ("sbin/init: what this init starts is not known",)
    assert [(item.program, item.start) for item in found.processes] == [("app", Start.DISABLED)]
