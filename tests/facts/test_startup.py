from hypothesis import given, settings
from hypothesis import strategies as st

from firmward.facts.collection import Collection
from firmward.facts.process import Manager, Start
from firmward.facts.startup import Startup
from firmward.model.facts import Unknown
from firmward.model.memory import Content, MemoryTree, executable, link

BUSYBOX: dict[str, Content] = {"bin/busybox": executable("\x7fELF"), "sbin/init": link("/bin/busybox")}


def startup(files: dict[str, Content]) -> Startup:
    found = Collection(MemoryTree(BUSYBOX | files)).get(Startup)
    assert isinstance(found, Startup), found
    return found


def told(files: dict[str, Content]) -> list[tuple[str, str, str | None, str]]:
    listed = startup({"etc/inittab": "::once:/sbin/syslogd\n"} | files).processes[1:]
    return [(" ".join(item.argv), item.service, item.user, item.start.value) for item in listed]


INTERFACES = """\
auto lo
iface lo inet loopback
auto eth0
iface eth0 inet dhcp
\tpre-up iptables-restore < /etc/fw
\tup ip route add default via 1.2.3.4 && \\
\t   watcher eth0
\tdown bye
iface eth1 inet static
    up other
source /etc/network/interfaces.d/*
"""


def test_hooks_of_the_network_run_when_an_interface_comes_up() -> None:
    files: dict[str, Content] = {
        "etc/network/interfaces": INTERFACES,
        "etc/network/interfaces.d/eth2": "allow-hotplug eth2\niface eth2 inet dhcp\n  post-up extra\n",
        "etc/network/if-pre-up.d/fw": executable("#!/bin/sh\nnft -f /etc/nftables.conf\n"),
    }
    assert told(files) == [
        ("iptables-restore", "eth0", None, "boot"),
        ("ip route add default via 1.2.3.4", "eth0", None, "boot"),
        ("watcher eth0", "eth0", None, "boot"),
        ("extra", "eth2", None, "boot"),
        ("nft -f /etc/nftables.conf", "fw", None, "boot"),
        ("other", "eth1", None, "disabled"),
    ]
    lines = [process.at.line for process in startup(files).processes if process.service == "eth0"]
    assert lines == [5, 6, 6]


CRON = "SHELL=/bin/sh\n# c\n@reboot bob /usr/bin/app -x % fed\n5 * * * * root hourly\n@daily root daily\n"


def test_cron_starts_programs_at_boot_where_it_runs() -> None:
    files: dict[str, Content] = {"etc/crontab": CRON, "var/spool/cron/crontabs/carl": "@reboot own\n"}
    assert told(files) == []
    assert told(files | {"etc/inittab": "::once:syslogd\n::once:crond\n"})[1:] == [
        ("/usr/bin/app -x", "@reboot", "bob", "boot"),
        ("own", "@reboot", "carl", "boot"),
    ]


def test_what_the_bus_may_start_is_on_demand() -> None:
    lib = "usr/lib/systemd/system"
    files: dict[str, Content] = {
        "sbin/init": link("/usr/lib/systemd/systemd"),
        f"{lib}/dbus.service": "[Service]\nExecStart=@/usr/bin/dbus-daemon @dbus-daemon --system\n",
        f"{lib}/multi-user.target.wants/dbus.service": link("../dbus.service"),
        f"{lib}/named.service": "[Service]\nExecStart=/named\n",
        f"{lib}/dbus-org.named.service": link("named.service"),
        "usr/share/dbus-1/system-services/o.service": "[D-BUS Service]\nSystemdService=dbus-org.named.service\n",
    }
    started = {item.service: item.start for item in startup(files).processes}
    assert started == {"dbus.service": Start.BOOT, "named.service": Start.ON_DEMAND}
    del files[f"{lib}/multi-user.target.wants/dbus.service"]
    assert {item.start for item in startup(files).processes} == {Start.DISABLED}


def test_running_names_programs_that_start() -> None:
    found = startup({"etc/inittab": "::once:/bin/busybox telnetd -l /bin/sh\n"})
    assert [item.argv[2] for item in found.running("telnetd", "other")] == ["-l"]
    assert found.processes[0].manager is Manager.INITTAB


WORDS = """
[Service] [Install] [Unit] [Socket] ExecStart=/a ExecStart= Wants=b.service User=%i
WantedBy=multi-user.target Alias=c.service ListenStream=22 Accept=yes id:2:initdefault:
::sysinit:/etc/init.d/rcS ::respawn:-/bin/sh service { } = disable yes server telnet stream tcp
nowait root /bin/t config option list procd_open_instance procd_set_param command
procd_close_instance start_service() { start() auto eth0 iface up @reboot * defaults includedir
/etc/xinetd.d #!/bin/sh /etc/rc.common start $1
"""
TEXT = st.lists(st.sampled_from([*WORDS.split(), "\n", "\n", "\n"]), max_size=40).map(" ".join)
PATHS = (
    "sbin/init init etc/inittab etc/init.d/rcS etc/init.d/S50a etc/rc.d/S50a etc/runlevels/default/a etc/rc3.d/S01a "
    "etc/systemd/system/a.service etc/systemd/system/a.socket etc/systemd/system/a.service.d/x.conf etc/inetd.conf "
    "etc/xinetd.conf etc/xinetd.d/x etc/network/interfaces etc/crontab etc/rc.local etc/config/a etc/services "
    "usr/lib/systemd/system-preset/x.preset etc/systemd/system/multi-user.target.wants/a.service etc/rc.common"
)
NODES = st.one_of(
    TEXT.map(executable),
    TEXT,
    st.sampled_from(
        ["/bin/busybox", "a.service", "../init.d/S50a", "/dev/null", "/", "rcS", "/lib/systemd/systemd"]
    ).map(link),
)
TREES = st.dictionaries(st.sampled_from(PATHS.split()), NODES, max_size=8)


@settings(max_examples=150, deadline=None)
@given(TREES)
def test_any_tree_is_read_without_error(files: dict[str, Content]) -> None:
    found = Collection(MemoryTree(files)).get(Startup)
    assert not isinstance(found, Unknown)
    if found is not None:
        assert isinstance(found, Startup)
        assert not [text for text in found.unread if "internal error" in text]


def test_apaches_control_script_starts_apache() -> None:
    files: dict[str, Content] = {
        **BUSYBOX,
        "etc/inittab": "::sysinit:/usr/sbin/apachectl start\n",
        "usr/sbin/apachectl": executable('#!/bin/sh\n: ${HTTPD:=/usr/sbin/apache2}\n$HTTPD -k "$1"\n'),
    }
    found = Collection(MemoryTree(files)).get(Startup)
    assert isinstance(found, Startup)
    assert [process.program for process in found.processes] == ["apache2"]
