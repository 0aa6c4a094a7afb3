from firmward.facts.collection import Collection
from firmward.facts.process import Manager, Start
from firmward.facts.startup import Startup
from firmward.model.memory import Content, MemoryTree, executable, link

DROPBEAR = """\
#!/bin/sh /etc/rc.common
START=19
USE_PROCD=1
PROG=/usr/sbin/dropbear
. /lib/functions.sh

check()
{
\tuci_validate_section dropbear dropbear "${1}" \\
\t\t'PasswordAuth:bool:1' \\
\t\t'enable:bool:1' \\
\t\t'Port:port:22'
}

instance()
{
\tlocal PasswordAuth enable Port
\tcheck "${1}" || { echo "validation failed"; return 1; }
\t[ "${enable}" = "0" ] && return 1
\tprocd_open_instance
\tprocd_set_param command "$PROG" -F -P "/var/run/${1}.pid"
\t[ "${PasswordAuth}" -eq 0 ] && procd_append_param command -s
\tprocd_append_param command -p "${Port}"
\tprocd_set_param respawn
\tprocd_set_param user bob
\tprocd_close_instance
}

start_service()
{
\tconfig_load dropbear
\tconfig_foreach instance dropbear
}
"""
OLD_STYLE = """\
#!/bin/sh /etc/rc.common
START=50
start() {
\tconfig_load app
\tconfig_get args main args "-a -b"
\tconfig_get_bool enabled main enabled 1
\t[ $enabled -eq 1 ] && service_start /usr/bin/app $args
}
"""
BASE: dict[str, Content] = {
    "etc/rc.common": executable("#!/bin/sh\n"),
    "etc/inittab": "::sysinit:/etc/init.d/rcS S boot\n::shutdown:/etc/init.d/rcS K shutdown\n::askconsole:/bin/login\n",
    "sbin/procd": executable("\x7fELF"),
    "sbin/init": executable("\x7fELF"),
    "bin/login": executable("\x7fELF"),
}


def startup(files: dict[str, Content]) -> Startup:
    found = Collection(MemoryTree(BASE | files)).get(Startup)
    assert isinstance(found, Startup)
    return found


def commands(found: Startup, start: Start = Start.BOOT) -> list[str]:
    return [" ".join(process.argv) for process in found.processes if process.start is start]


DROPBEAR_FILES: dict[str, Content] = {
    "etc/init.d/dropbear": executable(DROPBEAR),
    "etc/rc.d/S19dropbear": link("../init.d/dropbear"),
    "etc/config/dropbear": "config dropbear main\n\toption PasswordAuth 'off'\nconfig dropbear\n\toption Port 2222\n",
}


def test_an_instance_is_described_for_every_section() -> None:
    found = startup(DROPBEAR_FILES)
    assert found.init is Manager.PROCD
    assert commands(found) == [
        "/bin/login",
        "/usr/sbin/dropbear -F -P /var/run/main.pid -s -p 22",
        "/usr/sbin/dropbear -F -P /var/run/cfg02.pid -p 2222",
    ]
    process = found.running("dropbear")[0]
    assert (process.service, process.manager, process.user) == ("dropbear", Manager.PROCD, "bob")
    assert str(process.at) == "etc/init.d/dropbear:21"


def test_a_section_that_says_no_starts_nothing() -> None:
    found = startup(DROPBEAR_FILES | {"etc/config/dropbear": "config dropbear main\n\toption enable 0\n"})
    assert found.running("dropbear") == ()


def test_a_script_without_a_link_is_installed_and_not_started() -> None:
    found = startup({key: value for key, value in DROPBEAR_FILES.items() if "rc.d" not in key})
    assert commands(found) == ["/bin/login"]
    assert len(commands(found, Start.DISABLED)) == 2


def test_old_scripts_start_by_themselves() -> None:
    files: dict[str, Content] = {"etc/init.d/app": executable(OLD_STYLE), "etc/rc.d/S50app": link("../init.d/app")}
    assert "/usr/bin/app -a -b" in commands(startup(files))
    files["etc/config/app"] = "config app main\n\toption args '-x'\n"
    assert "/usr/bin/app -x" in commands(startup(files))
    files["etc/config/app"] = "config app main\n\toption enabled 'off'\n"
    assert commands(startup(files)) == ["/bin/login"]


def test_a_value_that_uci_is_asked_for_is_known() -> None:
    script = "#!/bin/sh /etc/rc.common\nboot() {\n\tapp $(uci -q get a.@b[0].c)\n\tstart\n}\nstart() {\n\tmain\n}\n"
    files: dict[str, Content] = {
        "etc/init.d/app": executable(script),
        "etc/rc.d/S50app": link("../init.d/app"),
        "etc/config/a": "config b\n\tlist c 1\n\tlist c 2\n",
    }
    assert commands(startup(files)) == ["/bin/login", "app 1 2", "main"]


def test_rc_local_is_reached_from_the_script_that_calls_it() -> None:
    done = "#!/bin/sh /etc/rc.common\nSTART=95\nboot() {\n\t[ -f /etc/rc.local ] && {\n\t\tsh /etc/rc.local\n\t}\n}\n"
    files: dict[str, Content] = {
        "etc/init.d/done": executable(done),
        "etc/rc.d/S95done": link("../init.d/done"),
        "etc/rc.local": "telnetd -l /bin/sh\nexit 0\n",
    }
    (process,) = startup(files).running("telnetd")
    assert (process.manager, str(process.at)) == (Manager.SCRIPT, "etc/rc.local:1")


def test_an_instance_that_is_a_script_in_an_endless_loop_is_a_service() -> None:
    instance = "#!/bin/sh /etc/rc.common\nSTART=85\nUSE_PROCD=1\nstart_service() {\n\tprocd_open_instance\n"
    rest = "\tprocd_set_param command /usr/libexec/cloud\n\tprocd_set_param respawn\n\tprocd_close_instance\n}\n"
    files: dict[str, Content] = {
        **BASE,
        "etc/init.d/cloud": executable(instance + rest),
        "etc/rc.d/S85cloud": link("../init.d/cloud"),
        "usr/libexec/cloud": executable("#!/bin/sh\nwhile sleep 300; do\n\tcurl https://a.example.com/\ndone\n"),
    }
    (process,) = (one for one in startup(files).processes if one.program == "cloud")
    assert (process.service, process.start, process.stays) == ("cloud", Start.BOOT, True)
