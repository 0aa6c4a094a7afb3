from firmward.facts.collection import Collection
from firmward.facts.process import Manager
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
