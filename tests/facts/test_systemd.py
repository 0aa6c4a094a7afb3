import pytest

from firmward.facts.collection import Collection
from firmward.facts.process import Manager, Process, Socket, Start
from firmward.facts.startup import Startup
from firmward.facts.systemd import Enablement, SystemdUnits
from firmward.model.memory import Content, MemoryTree, executable, link

LIB = "usr/lib/systemd/system"
ETC = "etc/systemd/system"
BASE: dict[str, Content] = {"usr/lib/systemd/systemd": executable("\x7fELF"), "sbin/init": link("/lib/systemd/systemd")}
APP = "[Service]\nExecStart=/usr/bin/app\n[Install]\nWantedBy=multi-user.target\n"
WANTED = f"{ETC}/multi-user.target.wants/app.service"


def collected(files: dict[str, Content]) -> Collection:
    return Collection(MemoryTree({**BASE, "lib": link("usr/lib"), **files}))


def units(files: dict[str, Content]) -> SystemdUnits:
    found = collected(files).get(SystemdUnits)
    assert isinstance(found, SystemdUnits), found
    return found


def startup(files: dict[str, Content]) -> Startup:
    found = collected(files).get(Startup)
    assert isinstance(found, Startup), found
    return found


def app(service: str, **files: Content) -> Process:
    """The one process of a service that is enabled."""
    (process,) = units({f"{LIB}/app.service": service, WANTED: link("/lib/x"), **files}).processes
    return process


ENABLED: dict[str, Content] = {f"{LIB}/app.service": APP, WANTED: link(f"/{LIB}/app.service")}


@pytest.mark.parametrize(
    ("files", "enablement", "start"),
    [
        (ENABLED, "enabled", "boot"),
        ({f"{LIB}/app.service": APP}, "disabled", "disabled"),
        ({f"{LIB}/app.service": "[Service]\nExecStart=/a\n"}, "static", "disabled"),
        ({f"{LIB}/app.service": "[Service]\nExecStart=/a\n[Install]\nAlso=b.socket\n"}, "indirect", "disabled"),
        ({**ENABLED, f"{ETC}/app.service": link("/dev/null")}, "masked", "disabled"),
        ({**ENABLED, f"{ETC}/app.service": ""}, "masked", "disabled"),
        ({**ENABLED, f"{ETC}/multi-user.target": link("/dev/null")}, "enabled", "disabled"),
        (
            {f"{LIB}/app.service": APP, f"{LIB}/multi-user.target.wants/app.service": link("../app.service")},
            "disabled",
            "boot",
        ),
        ({f"{LIB}/app.service": APP, f"{ETC}/sysinit.target.requires/app.service": link("x")}, "enabled", "boot"),
        ({f"{LIB}/app.service": APP, f"{ETC}/getty.target.wants/app.service": link("x")}, "enabled", "boot"),
        ({f"{LIB}/app.service": APP, f"{ETC}/other.target.wants/app.service": link("x")}, "enabled", "disabled"),
        ({**ENABLED, f"{ETC}/default.target": link("/lib/systemd/system/rescue.target")}, "enabled", "boot"),
        (
            {
                **ENABLED,
                f"{ETC}/default.target": link("/lib/systemd/system/rescue.target"),
                f"{LIB}/rescue.target": "[Unit]\nRequires=sysinit.target\n",
            },
            "enabled",
            "disabled",
        ),
        (
            {
                f"{LIB}/app.service": APP,
                f"{LIB}/first.service": "[Unit]\nWants=none.service app.service\n[Service]\nExecStart=/bin/true\n",
                f"{ETC}/basic.target.wants/first.service": link("x"),
            },
            "disabled",
            "boot",
        ),
        (
            {
                **ENABLED,
                f"{ETC}/default.target": link("/lib/systemd/system/graphical.target"),
                f"{LIB}/graphical.target": "[Unit]\nRequires=multi-user.target\n",
                f"{LIB}/multi-user.target": "[Unit]\nRequires=basic.target\n",
            },
            "enabled",
            "boot",
        ),
        (
            {
                f"{LIB}/app.service": APP,
                f"{LIB}/multi-user.target.wants/app.service": link("../app.service"),
                f"{ETC}/multi-user.target.wants/app.service": link("/dev/null"),
            },
            "enabled",
            "disabled",
        ),
    ],
)
def test_what_is_enabled_and_what_starts(files: dict[str, Content], enablement: str, start: str) -> None:
    unit = units(files).units["app.service"]
    assert (unit.enablement, unit.start) == (Enablement(enablement), Start(start))


@pytest.mark.parametrize(
    ("condition", "start"),
    [
        ("ConditionPathExists=!/etc/app.off", "disabled"),
        ("ConditionPathExists=/etc/app.off", "boot"),
        ("ConditionPathExists=/etc/absent", "disabled"),
        ("ConditionPathExists=/run/absent", "boot"),
        ("ConditionPathExists=|/etc/absent\nConditionPathExists=|/etc/app.off", "boot"),
        ("ConditionPathExists=|/etc/absent\nConditionVirtualization=|vm", "boot"),
        ("ConditionFirstBoot=yes", "boot"),
    ],
)
def test_conditions_on_files_decide_where_the_tree_does(condition: str, start: str) -> None:
    files: dict[str, Content] = {**ENABLED, f"{LIB}/app.service": f"[Unit]\n{condition}\n{APP}", "etc/app.off": ""}
    assert units(files).units["app.service"].start == start


def test_drop_ins_are_joined_in_the_order_of_their_names() -> None:
    files: dict[str, Content] = {
        **ENABLED,
        f"{LIB}/app.service.d/50.conf": "[Service]\nExecStart=\nExecStart=/from/50\nUser=fifty\n",
        f"{ETC}/service.d/60.conf": "[Service]\nUser=all\n",
        f"{LIB}/app.service.d/70.conf": "[Service]\nUser=hidden\n",
        f"{ETC}/app.service.d/70.conf": "[Service]\nGroup=g\n",
        f"{ETC}/app.service.d/80.conf": link("/dev/null"),
        f"{LIB}/app.service.d/80.conf": "[Service]\nUser=masked\n",
        f"{ETC}/app.service.d/90.txt": "[Service]\nUser=no\n",
    }
    unit = units(files).units["app.service"]
    assert unit.drop_ins == (
        f"{LIB}/app.service.d/50.conf",
        f"{ETC}/service.d/60.conf",
        f"{ETC}/app.service.d/70.conf",
    )
    assert [setting.value for setting in unit.all("Service", "ExecStart")] == ["/from/50"]
    user = unit.get("Service", "User")
    assert user is not None
    assert (user.value, str(user.at)) == ("all", f"{ETC}/service.d/60.conf:2")


def test_drop_ins_of_beginnings_and_templates_count() -> None:
    files: dict[str, Content] = {
        f"{LIB}/a-b-c@.service": "[Service]\nExecStart=/x %i %I %p %n\n",
        f"{ETC}/multi-user.target.wants/a-b-c@d-e.service": link(f"/{LIB}/a-b-c@.service"),
        f"{ETC}/a-.service.d/1.conf": "[Service]\nUser=bob\n",
        f"{ETC}/a-b-c@.service.d/2.conf": "[Service]\nNice=5\n",
    }
    found = units(files)
    assert len(found.units["a-b-c@d-e.service"].drop_ins) == 2
    (process,) = found.processes
    assert process.argv == ("/x", "d-e", "d/e", "a-b-c", "a-b-c@d-e.service")
    assert process.user == "bob"


def test_an_alias_is_the_unit_it_means() -> None:
    files: dict[str, Content] = {
        f"{LIB}/ssh.service": "[Service]\nExecStart=/sshd\n[Install]\nAlias=sshd.service\nWantedBy=multi-user.target\n",
        f"{ETC}/sshd.service": link(f"/{LIB}/ssh.service"),
        f"{ETC}/multi-user.target.wants/sshd.service": link(f"/{LIB}/ssh.service"),
        f"{ETC}/sshd.service.d/x.conf": "[Service]\nUser=bob\n",
    }
    found = units(files)
    assert [(item.service, item.start, item.user) for item in found.processes] == [("ssh.service", Start.BOOT, "bob")]
    assert found.units["ssh.service"].aliases == ("sshd.service",)


@pytest.mark.parametrize(
    ("service", "argv", "user"),
    [
        ("ExecStart=-@/bin/app zero -x", "/bin/app -x", None),
        ("User=bob\nExecStart=/bin/app", "/bin/app", "bob"),
        ("User=bob\nExecStart=+/bin/app", "/bin/app", "root"),
        ("User=bob\nExecStart=!!/bin/app", "/bin/app", "bob"),
        ("DynamicUser=yes\nExecStart=/bin/app", "/bin/app", "app"),
        ('Environment="A=x y" B=2\nExecStart=/bin/app $A ${A} $B$NONE $NONE', "/bin/app x y x y $B$NONE", None),
        ("EnvironmentFile=-/etc/default/app\nEnvironment=O=a\nExecStart=/bin/app $O", "/bin/app -p 1", None),
        ("EnvironmentFile=-/etc/default/none\nExecStart=/bin/app $O", "/bin/app", None),
        ("EnvironmentFile=-/run/app\nExecStart=/bin/app $O", "/bin/app $O", None),
        ("ExecStart=:/bin/app $O", "/bin/app $O", None),
        ("ExecStart=/bin/sh -c 'exec /bin/app -z'", "/bin/app -z", None),
        ("ExecStart=/usr/bin/run.sh a", "app --from-script a", None),
        ("ExecStart=/usr/bin/env A=1 /bin/app %%h %H", "/bin/app %h %H", None),
    ],
)
def test_command_lines_are_filled_in(service: str, argv: str, user: str | None) -> None:
    process = app(
        f"[Service]\n{service}\n",
        **{"etc/default/app": "O='-p 1'\n", "usr/bin/run.sh": executable("#!/bin/sh\napp --from-script $1\n")},
    )
    assert (" ".join(process.argv), process.user) == (argv, user)
    assert (process.service, process.manager) == ("app.service", Manager.SYSTEMD)


def test_every_command_of_a_service_counts() -> None:
    service = "[Service]\nType=oneshot\nExecStartPre=/bin/mkdir /x\nExecStartPre=/a\nExecStart=/b ; /c\nExecStart=/d\n"
    found = units({f"{LIB}/app.service": service + "ExecStartPost=/e\nExecStop=/f\n", WANTED: link("x")})
    assert [item.argv[0] for item in found.processes] == ["/a", "/b", "/c", "/d", "/e"]


SOCKET = "[Socket]\nListenStream=22\nListenStream=127.0.0.1:2222\nListenStream=[::]:80\nListenStream=/run/x\n"


@pytest.mark.parametrize(("accept", "service"), [("no", "app.service"), ("yes", "app@.service")])
def test_a_service_behind_a_socket_is_on_demand(accept: str, service: str) -> None:
    files: dict[str, Content] = {
        f"{LIB}/app.socket": SOCKET + f"ListenDatagram=[fe80::1]:53\nAccept={accept}\nBindToDevice=eth0\n",
        f"{LIB}/{service}": "[Service]\nExecStart=/app %i\n",
        f"{ETC}/sockets.target.wants/app.socket": link("x"),
    }
    (process,) = startup(files).processes
    assert process.start is Start.ON_DEMAND
    assert process.sockets == (
        Socket("tcp", 22, "", "eth0"),
        Socket("tcp", 2222, "127.0.0.1", "eth0"),
        Socket("tcp", 80, "", "eth0"),
        Socket("udp", 53, "fe80::1", "eth0"),
    )


def test_a_service_that_starts_anyway_keeps_its_sockets() -> None:
    files: dict[str, Content] = {
        **ENABLED,
        f"{LIB}/own.socket": "[Socket]\nListenStream=99\nService=app.service\n",
        f"{ETC}/sockets.target.wants/own.socket": link("x"),
    }
    (process,) = startup(files).processes
    assert (process.start, process.sockets) == (Start.BOOT, (Socket("tcp", 99),))


def test_timers_and_paths_start_on_demand() -> None:
    files: dict[str, Content] = {
        f"{LIB}/app.service": APP,
        f"{LIB}/other.timer": "[Timer]\nOnBootSec=1\nUnit=app.service\n",
        f"{ETC}/timers.target.wants/other.timer": link("x"),
    }
    assert startup(files).processes[0].start is Start.ON_DEMAND


PRESETS: dict[str, Content] = {
    "usr/lib/systemd/system-preset/90-default.preset": "disable no*\nenable t@.service a b\nenable *\n",
    "etc/systemd/system-preset/10-own.preset": "# c\nenable nonetheless.service\n",
    f"{LIB}/app.service": APP,
    f"{LIB}/no.service": APP,
    f"{LIB}/nonetheless.service": APP,
    f"{LIB}/t@.service": APP,
}


@pytest.mark.parametrize(
    ("machine_id", "started"),
    [
        (None, {"app.service", "nonetheless.service", "t@a.service", "t@b.service"}),
        ("uninitialized\n", {"app.service", "nonetheless.service", "t@a.service", "t@b.service"}),
        ("", set()),
        ("0123456789abcdef0123456789abcdef\n", set()),
    ],
)
def test_presets_enable_at_the_first_boot_only(machine_id: str | None, started: set[str]) -> None:
    files = PRESETS if machine_id is None else {**PRESETS, "etc/machine-id": machine_id}
    assert {item.service for item in startup(files).processes if item.start is Start.BOOT} == started


def test_presets_do_not_start_what_is_masked() -> None:
    found = startup({**PRESETS, f"{ETC}/app.service": link("/dev/null")})
    assert ("app.service", Start.DISABLED) in [(item.service, item.start) for item in found.processes]


def test_a_getty_has_its_terminal() -> None:
    files: dict[str, Content] = {
        f"{LIB}/getty@.service": "[Service]\nExecStart=-/sbin/agetty - $TERM\nTTYPath=/dev/%I\n",
        f"{ETC}/getty.target.wants/getty@tty1.service": link(f"/{LIB}/getty@.service"),
    }
    (process,) = startup(files).processes
    assert (process.tty, process.service) == ("tty1", "getty@tty1.service")


def test_init_scripts_without_a_unit_and_rc_local_start_under_systemd() -> None:
    script = executable("#!/bin/sh\ncase $1 in start) $0.bin;; esac\n")
    files: dict[str, Content] = {
        **ENABLED,
        "etc/init.d/app": executable("#!/bin/sh\nnot-this\n"),
        "etc/init.d/old": script,
        "etc/init.d/off": executable("#!/bin/sh\noff\n"),
        "etc/rc3.d/S01app": link("../init.d/app"),
        "etc/rc3.d/S01old": link("../init.d/old"),
        "etc/rc.local": executable("#!/bin/sh\ntelnetd\n"),
    }
    told = [(item.argv[0], item.service, item.manager.value, item.start.value) for item in startup(files).processes]
    assert told == [
        ("/usr/bin/app", "app.service", "systemd", "boot"),
        ("/etc/rc3.d/S01old.bin", "old", "sysv", "boot"),
        ("telnetd", "rc.local", "script", "boot"),
        ("not-this", "app", "sysv", "disabled"),
        ("off", "off", "sysv", "disabled"),
    ]


def test_an_rc_local_that_is_not_executable_does_not_start() -> None:
    found = startup({**ENABLED, "etc/rc.local": "#!/bin/sh\ntelnetd\n"})
    assert found.running("telnetd") == ()
    assert found.processes[-1].start is Start.DISABLED


def test_units_beside_another_init_start_nothing() -> None:
    files: dict[str, Content] = {**ENABLED, "sbin/init": link("/bin/busybox"), "etc/inittab": "::respawn:/bin/x\n"}
    found = startup(files)
    assert [item.program for item in found.processes if item.start is Start.BOOT] == ["x"]
    assert found.init is Manager.INITTAB


def test_links_in_circles_end() -> None:
    files: dict[str, Content] = {
        f"{LIB}/a.service": link("b.service"),
        f"{LIB}/b.service": link("a.service"),
        f"{LIB}/c.service": "[Unit]\nWants=d.service\n[Service]\nExecStart=/c\n",
        f"{LIB}/d.service": "[Unit]\nWants=c.service a.service\n[Service]\nExecStart=/d\n",
        f"{ETC}/multi-user.target.wants/c.service": link("x"),
    }
    assert [item.argv[0] for item in startup(files).processes] == ["/c", "/d"]
