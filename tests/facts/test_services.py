"""Which services there are, whose rights they have, and what their scripts put upon them."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.measure import Measure
from firmward.facts.services import Services
from firmward.model.memory import Content, MemoryTree, executable, link

M = Measure
ELF = executable(b"\x7fELF\x01\x01\x01" + bytes(57))
PASSWD = "root:*:0:0::/root:/bin/sh\nchrony:*:9:9::/:/bin/false\n"
INIT: dict[str, Content] = {"bin/busybox": ELF, "sbin/init": link("/bin/busybox"), "etc/passwd": PASSWD}
TABLE = "::sysinit:/etc/init.d/rcS\n"


def services(files: dict[str, Content]) -> Services:
    found = Collection(MemoryTree(INIT | files)).get(Services)
    assert isinstance(found, Services), found
    return found


def told(files: dict[str, Content]) -> list[tuple[str, str | None]]:
    return [(one.name, "?" if one.is_root is None else one.user) for one in services(files).services]


def script(*lines: str) -> dict[str, Content]:
    return {"etc/inittab": TABLE, "etc/init.d/rcS": executable("\n".join(("#!/bin/sh", *lines, "")))}


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("ip link set eth0 up", "modprobe usbhid", "sysctl -p", "/usr/bin/prepare"), []),
        (("/usr/bin/app &",), [("app", None)]),
        (("(while true; do /usr/bin/app; sleep 1; done) &",), [("app", None)]),
        (("start-stop-daemon -S -x /usr/bin/app -- -p 9",), [("app", None)]),
        (("start-stop-daemon -S -c app:app -x /usr/bin/app",), [("app", "app")]),
        (("su -c '/usr/bin/app &' app",), [("app", "app")]),
        (("chpst -u app /usr/bin/app &",), [("app", "app")]),
        (("/usr/bin/app --daemon",), [("app", None)]),
        (("/usr/bin/camerad",), [("camerad", None)]),
        (("lighttpd -f /etc/l.conf",), [("lighttpd", "www")]),
        (("lighttpd -f /etc/open.conf",), [("lighttpd", None)]),
        (("nginx -c /etc/nginx.conf",), [("nginx", "root-like")]),
        (("nginx",), [("nginx", "nobody")]),
        (("dnsmasq -k",), [("dnsmasq", "dnsmasq")]),
        (("dnsmasq -u root",), [("dnsmasq", None)]),
        (("dnsmasq --user=root",), [("dnsmasq", None)]),
        (("ntpd -g -u ntp:ntp",), [("ntpd", "ntp")]),
        (("ntpd -g",), [("ntpd", None)]),
        (("chronyd",), [("chronyd", "chrony")]),
        (("avahi-daemon -D",), [("avahi-daemon", "avahi")]),
        (("avahi-daemon -D --no-drop-root",), [("avahi-daemon", None)]),
        (("mosquitto -d -c /etc/m.conf",), [("mosquitto", None)]),
        (("haproxy -f /etc/haproxy.cfg",), [("haproxy", "haproxy")]),
        (("httpd -u www:www -h /www",), [("httpd", "www")]),
    ],
)
def test_a_script_starts_services_and_says_as_whom(lines: tuple[str, ...], found: list[tuple[str, str | None]]) -> None:
    files: dict[str, Content] = {
        **script(*lines),
        "usr/bin/app": ELF,
        "etc/l.conf": 'include "conf.d/*.conf"\nserver.port = 80\n',
        "etc/conf.d/user.conf": 'server.username  = "www"\n',
        "etc/open.conf": '#server.username = "www"\nserver.port = 80\n',
        "etc/nginx.conf": "user  root-like www;\nevents {}\n",
        "etc/m.conf": "listener 1883\nuser root\n",
        "etc/haproxy.cfg": "global\n  user haproxy\nuserlist a\n  user tiger insecure-password none\n",
    }
    assert told(files) == found


def test_what_a_daemon_becomes_is_unknown_where_its_file_is_lost() -> None:
    files = {**script("lighttpd -f /etc/l.conf"), "etc/l.conf": b"#" * (5 << 20)}
    assert told(files) == [("lighttpd", "?")]
    assert any("etc/l.conf" in reason for reason in services(files).unread)


def test_a_user_known_at_run_time_only_is_unknown() -> None:
    files = {**script('start-stop-daemon -S -c "$(nvram get user)" -x /usr/bin/app'), "usr/bin/app": ELF}
    assert told(files) == [("app", "?")]


def measured(files: dict[str, Content]) -> dict[str, set[Measure]]:
    return {one.name: set(one.measures) for one in services(files).services}


PROCD: dict[str, Content] = {
    "sbin/procd": ELF,
    "sbin/init": ELF,
    "usr/bin/app": ELF,
    "etc/rc.d/S50app": link("../init.d/app"),
}


def procd(*lines: str) -> dict[str, Content]:
    body = "\n".join(("procd_open_instance", "procd_set_param command /usr/bin/app", *lines, "procd_close_instance"))
    text = f"#!/bin/sh /etc/rc.common\nUSE_PROCD=1\nstart_service() {{\n{body}\n}}\n"
    return {**PROCD, "etc/init.d/app": executable(text)}


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((), set()),
        (("procd_set_param no_new_privs 1",), {M.NO_NEW_PRIVILEGES}),
        (("procd_set_param no_new_privs 0",), set()),
        (("procd_add_jail app log",), {M.NAMESPACES, M.WRITE_PATHS, M.KERNEL}),
        (("procd_add_jail app log procfs sysfs",), {M.NAMESPACES, M.WRITE_PATHS}),
        (("[ -x /sbin/ujail ] && procd_add_jail app log",), set()),
        (("procd_set_param seccomp /etc/seccomp/app.json",), {M.SYSTEM_CALLS}),
        (("procd_set_param capabilities /etc/capabilities/app.json",), {M.CAPABILITIES}),
        (("procd_set_param user app",), {M.CAPABILITIES, M.KERNEL}),
        (('procd_set_param limits core="unlimited" as="1000 1000" nproc="9 9"',), {M.MEMORY, M.TASKS}),
        (('procd_set_param limits as="unlimited" nofile="100 100"',), set()),
    ],
)
def test_procd_confines_an_instance(lines: tuple[str, ...], found: set[Measure]) -> None:
    assert measured(procd(*lines)) == {"app": found}


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("", set()),
        ('rc_ulimit="-v 65536 -u 20"\n', {M.MEMORY, M.TASKS}),
        ('rc_ulimit="-v unlimited"\n', set()),
        ('rc_cgroup_settings="\nmemory.max 100\npids.max 9"\n', {M.MEMORY, M.TASKS}),
        ('no_new_privs="yes"\ncapabilities="^cap_net_raw"\n', {M.NO_NEW_PRIVILEGES, M.CAPABILITIES}),
        ('supervise_daemon_args="--no-new-privs"\n', {M.NO_NEW_PRIVILEGES}),
        ('command_user="app:app"\n', {M.CAPABILITIES, M.KERNEL}),
    ],
)
def test_openrc_confines_a_service(settings: str, found: set[Measure]) -> None:
    files: dict[str, Content] = {
        "sbin/openrc": ELF,
        "etc/inittab": "::sysinit:/sbin/openrc sysinit\n::wait:/sbin/openrc default\n",
        "etc/init.d/app": executable('#!/sbin/openrc-run\nsupervisor=supervise-daemon\ncommand="/usr/bin/app"\n'),
        "etc/conf.d/app": settings,
        "etc/runlevels/default/app": link("/etc/init.d/app"),
        "usr/bin/app": ELF,
    }
    assert measured(files) == {"app": found}


def test_limits_of_the_shell_hold_for_what_follows_in_the_same_script() -> None:
    files: dict[str, Content] = {
        **script("/etc/init.d/S1 start", "/usr/bin/other &"),
        "etc/init.d/S1": executable("#!/bin/sh\nulimit -v 65536\n/usr/bin/app &\n"),
        "usr/bin/app": ELF,
        "usr/bin/other": ELF,
    }
    assert measured(files) == {"S1": {M.MEMORY}, "other": set()}


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("softlimit -a 1000000 /usr/bin/app", {M.MEMORY}),
        ("chpst -m 1000000 -p 9 /usr/bin/app", {M.MEMORY, M.TASKS}),
        ("prlimit --as=1000000 /usr/bin/app", {M.MEMORY}),
        ("cgexec -g memory,cpu:app /usr/bin/app", {M.MEMORY, M.CPU}),
        ("setpriv --no-new-privs --bounding-set -all /usr/bin/app", {M.NO_NEW_PRIVILEGES, M.CAPABILITIES}),
        ("setpriv --no-new-privs --seccomp-filter /etc/app.bpf /usr/bin/app", {M.NO_NEW_PRIVILEGES, M.SYSTEM_CALLS}),
        (
            "bwrap --ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --cap-drop ALL --seccomp 9 -- /usr/bin/app",
            {
                *(M.NO_NEW_PRIVILEGES, M.NAMESPACES, M.WRITE_PATHS),
                *(M.KERNEL, M.CAPABILITIES, M.SYSTEM_CALLS),
            },
        ),
        ("bwrap --bind / / --dev-bind /dev /dev /usr/bin/app", {M.NO_NEW_PRIVILEGES}),
        ("ujail -n app -r /etc/ssl -s -- /usr/bin/app -c", {M.NAMESPACES, M.WRITE_PATHS}),
        (
            "ujail -n app -c -p -C /etc/c.json -S /etc/s.json -- /usr/bin/app",
            {
                *(M.NO_NEW_PRIVILEGES, M.NAMESPACES, M.WRITE_PATHS),
                *(M.KERNEL, M.CAPABILITIES, M.SYSTEM_CALLS),
            },
        ),
        ("/usr/bin/app -m 4 --no-new-privs", set()),
    ],
)
def test_a_launcher_confines_what_it_starts(command: str, found: set[Measure]) -> None:
    assert measured({**script(f"{command} &"), "usr/bin/app": ELF}) == {"app": found}


UNIT = "[Service]\n{}\n[Install]\nWantedBy=multi-user.target\n"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("ExecStart=/usr/bin/app", [("app.service", None)]),
        ("Type=oneshot\nExecStart=/usr/bin/app", []),
        ("ExecStartPre=/usr/bin/ready\nExecStart=/usr/bin/app\nExecStartPost=/usr/bin/tell", [("app.service", None)]),
        ("User=app\nExecStart=/usr/bin/app", [("app.service", "app")]),
        ("User=app\nExecStart=+/usr/bin/app", [("app.service", None)]),
        ("DynamicUser=yes\nExecStart=/usr/bin/app", [("app.service", "app")]),
        ("ExecStart=/usr/sbin/chronyd -F 1", [("app.service", "chrony")]),
        ("ExecStartPre=/usr/bin/run.sh\nExecStart=/usr/sbin/chronyd", [("app.service", "chrony")]),
        ("ExecStart=/usr/bin/run.sh", [("app.service", "app")]),
    ],
)
def test_a_unit_is_one_service(lines: str, found: list[tuple[str, str | None]]) -> None:
    files: dict[str, Content] = {
        "sbin/init": link("/usr/lib/systemd/systemd"),
        "etc/systemd/system/app.service": UNIT.format(lines),
        "etc/systemd/system/multi-user.target.wants/app.service": link("../app.service"),
        "usr/bin/app": ELF,
        "usr/bin/run.sh": executable(
            "#!/bin/sh\nmkdir -p /run/app\nip link set eth0 up\nexec setuidgid app /usr/bin/app\n"
        ),
    }
    assert told(files) == found


def test_a_line_without_end_costs_no_time() -> None:
    files = {**script("lighttpd -f /etc/l.conf"), "etc/l.conf": "server.username =" + " " * (1 << 20) + "x\n"}
    assert told(files) == [("lighttpd", None)]
