import pytest

from firmward.facts.collection import Collection
from firmward.facts.process import Manager, Start
from firmward.facts.startup import Startup
from firmward.model.memory import Content, MemoryTree, executable, link

INITTAB = "::sysinit:/sbin/openrc sysinit\n::wait:/sbin/openrc default\nttyS0::respawn:/sbin/getty 0 ttyS0\n"
APP = """\
#!/sbin/openrc-run
command="/usr/bin/app"
command_args="--port ${PORT:-80} $APP_OPTS"
command_user="bob:staff"
command_background=yes
depend() {
\tneed base
\tafter firewall
}
"""
OWN = """\
#!/sbin/openrc-run
start() {
\tebegin "Starting"
\tstart-stop-daemon --start --user carl --exec /usr/bin/own -- -d
\teend $?
}
stop() {
\tstop-it
}
"""
FILES: dict[str, Content] = {
    "bin/busybox": executable("\x7fELF"),
    "sbin/init": link("/bin/busybox"),
    "etc/inittab": INITTAB,
    "etc/init.d/app": executable(APP),
    "etc/init.d/base": executable(OWN.replace("own", "base")),
    "etc/init.d/own": executable(OWN),
    "etc/conf.d/app": 'APP_OPTS="-x -y"\n',
    "etc/runlevels/default/app": link("/etc/init.d/app"),
}


def startup(files: dict[str, Content]) -> Startup:
    found = Collection(MemoryTree(files)).get(Startup)
    assert isinstance(found, Startup)
    return found


def test_the_services_of_the_runlevels_and_what_they_need_start() -> None:
    found = startup(FILES)
    assert found.init is Manager.OPENRC
    assert [(" ".join(item.argv), item.service, item.user, item.start.value) for item in found.processes] == [
        ("/sbin/getty 0 ttyS0", "ttyS0", None, "boot"),
        ("/usr/bin/app --port 80 -x -y", "app", "bob", "boot"),
        ("/usr/bin/base -d", "base", "carl", "boot"),
        ("/usr/bin/own -d", "own", "carl", "disabled"),
    ]
    assert str(found.running("app")[0].at) == "etc/init.d/app:2"


def test_settings_of_conf_d_come_before_the_script() -> None:
    assert "--port 81" in " ".join(startup(FILES | {"etc/conf.d/app": "PORT=81\n"}).running("app")[0].argv)


def provider(name: str, *lines: str) -> Content:
    depend = "".join(f"\t{line}\n" for line in lines)
    return executable(f"#!/sbin/openrc-run\ncommand=/usr/bin/{name}\ndepend() {{\n{depend}}}\n")


PROVIDED: dict[str, Content] = {
    **FILES,
    "etc/init.d/app": provider("app", "need net"),
    "etc/init.d/lan": provider("lan", "provide net"),
    "etc/init.d/wifi": provider("wifi", "provide net"),
}


def started(files: dict[str, Content]) -> set[str]:
    return {item.program for item in startup(files).processes if item.start is Start.BOOT} - {"getty"}


def test_a_name_that_is_needed_starts_the_first_that_provides_it_unless_one_is_enabled() -> None:
    assert started(PROVIDED) == {"app", "lan"}
    assert started({**PROVIDED, "etc/runlevels/boot/wifi": link("/etc/init.d/wifi")}) == {"app", "wifi"}


# Debian's: SysV's init, whose table names two scripts that hand over, and SysV's scripts for services

RCS = executable("#!/bin/sh\n# Wrapper of OpenRC called from inittab\n\nset -e\nexec /sbin/openrc sysinit\n")
RC = executable(
    "#!/bin/sh\nset -e\ncase $1 in\n\t0 )\n\t\t/sbin/openrc off && /sbin/openrc shutdown && \\\n"
    "\t\t\t/etc/init.d/halt stop\n\t\t;;\n\t* )\n\t\texec /sbin/openrc default\n\t\t;;\nesac\n"
)


def of_sysv(name: str, required: str = "$remote_fs", more: str = "") -> Content:
    header = f"### BEGIN INIT INFO\n# Provides: {name}\n# Required-Start: {required}\n{more}### END INIT INFO\n"
    return executable(f'#!/bin/sh\n{header}case "$1" in\n\tstart) /usr/bin/{name} & ;;\nesac\n')


DEBIAN: dict[str, Content] = {
    "sbin/init": executable(b"\x7fELF"),
    "sbin/openrc": executable(b"\x7fELF"),
    "usr/lib/rc/bin/lsb2rcconf": executable(b"\x7fELF"),
    "lib": link("usr/lib"),
    "etc/inittab": "id:2:initdefault:\nsi::sysinit:/etc/init.d/rcS\nl2:2:wait:/etc/init.d/rc 2\n"
    "1:2345:respawn:/sbin/getty 38400 tty1\n",
    "etc/init.d/rcS": RCS,
    "etc/init.d/rc": RC,
    "etc/init.d/web": of_sysv("web", "$remote_fs store"),
    "etc/init.d/store": of_sysv("store"),
    "etc/init.d/linked": of_sysv("linked"),
    "etc/rc2.d/S01linked": link("../init.d/linked"),
    "etc/runlevels/default/web": link("/etc/init.d/web"),
}


def test_sysvs_init_whose_scripts_hand_over_starts_the_runlevels_and_no_links() -> None:
    found = startup(DEBIAN)
    assert found.init is Manager.OPENRC
    assert [(item.program, item.service, item.manager, item.start) for item in found.processes] == [
        ("getty", "1", Manager.INITTAB, Start.BOOT),
        ("web", "web", Manager.OPENRC, Start.BOOT),
        ("store", "store", Manager.OPENRC, Start.BOOT),
        ("linked", "linked", Manager.OPENRC, Start.DISABLED),
    ]


def test_without_the_program_that_reads_headers_what_they_require_is_not_started() -> None:
    files = {path: one for path, one in DEBIAN.items() if not path.endswith("lsb2rcconf")}
    assert started(files) == {"web"}


HANDING = [
    ("exec /sbin/openrc sysinit", True),
    ("\t/sbin/openrc boot", True),
    ("openrc default", True),
    ('/usr/sbin/openrc "$1"', True),
    ("# exec /sbin/openrc sysinit", False),
    ("echo openrc default", False),
    ("/sbin/openrc shutdown", False),
    ("/sbin/rc sysinit", False),
    ("/sbin/openrc-run sysinit", False),
    (":\n" * 9000 + "exec /sbin/openrc sysinit", False),
]


@pytest.mark.parametrize(("line", "hands_over"), HANDING)
def test_a_script_hands_over_by_a_call_for_a_runlevel(line: str, hands_over: bool) -> None:
    script = executable(f"#!/bin/sh\n{line}\n")
    wanted = {"web", "store"} if hands_over else {"linked"}
    assert started({**DEBIAN, "etc/init.d/rcS": script, "etc/init.d/rc": script}) == wanted
