"""service-runs-as-root"""

from firmward.checks.service.confining.cure import Case, as_user
from firmward.facts.closings import Closings
from firmward.facts.services import Services
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content, executable, link
from firmward.model.policy import Policy

ELF = executable(b"\x7fELF\x01\x01\x01" + bytes(57))
WEB: dict[str, Content] = {
    "usr/sbin/lighttpd": ELF,
    "etc/passwd": "root:*:0:0::/root:/bin/sh\nwww:*:33:33::/:/bin/false\n",
    "etc/lighttpd/lighttpd.conf": 'server.port = 80\nserver.document-root = "/var/www"\n',
}
PROCD: dict[str, Content] = {"sbin/procd": ELF, "sbin/init": ELF, "etc/rc.d/S50app": link("../init.d/app")}


def unit(*lines: str) -> dict[str, Content]:
    text = "\n".join(
        ("[Service]", "ExecStart=/usr/bin/camera --port 80", *lines, "[Install]", "WantedBy=multi-user.target", "")
    )
    return {
        "etc/systemd/system/camera.service": text,
        "etc/systemd/system/multi-user.target.wants/camera.service": link("../camera.service"),
        "usr/bin/camera": ELF,
    }


def procd(*lines: str) -> dict[str, Content]:
    body = "\n".join(f"\t{line}" for line in ("procd_open_instance", "procd_set_param command /usr/bin/app", *lines))
    script = (
        f"#!/bin/sh /etc/rc.common\nSTART=50\nUSE_PROCD=1\nstart_service() {{\n{body}\n\tprocd_close_instance\n}}\n"
    )
    return {**PROCD, "etc/init.d/app": executable(script), "usr/bin/app": ELF}


LIGHTTPD = "::respawn:/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf\n"


@check(
    title="A service runs as root that need not",
    severity=Severity.MEDIUM,
    practice="P23",
    cwe=250,
    bad=(
        Example(unit()),
        Example({"etc/inittab": LIGHTTPD, **WEB}),
        Example(procd()),
        Example({"etc/inittab": "::respawn:/usr/sbin/telnetd -F\n"}),
        Example(
            {
                "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
                "etc/init.d/rcS": executable("#!/bin/sh\nfor i in /etc/init.d/S??*; do $i start; done\n"),
                "etc/init.d/S80app": executable("#!/bin/sh\nstart-stop-daemon -S -b -x /usr/bin/app\n"),
                "usr/bin/app": ELF,
            }
        ),
    ),
    good=(
        Example(unit("User=camera", "AmbientCapabilities=CAP_NET_BIND_SERVICE")),
        Example(unit("DynamicUser=yes")),
        Example(
            {
                "etc/inittab": LIGHTTPD,
                **WEB,
                "etc/lighttpd/lighttpd.conf": 'server.port = 80\nserver.username = "www"\n',
            }
        ),
        Example(procd("procd_set_param user app")),
        Example({"etc/inittab": "::respawn:/usr/sbin/dropbear -F\n::respawn:/sbin/syslogd -n\n"}),
    ),
)
def service_runs_as_root(services: Services, closings: Closings | None | Unknown, policy: Policy | None) -> Findings:
    """A fault in this program is root's power at once, where it could have been the power over the program's own files.
    It is medium for one that others can reach over the network, low for the rest. Who gives root up by itself, or keeps
    it in a parent that talks to nobody (dnsmasq, nginx, chronyd, vsftpd and their like), does not run as root while it
    works; what cannot do its work otherwise, such as udev, an SSH server, Samba's, which acts on files as whoever asks,
    cron or a DHCP client, is no finding. Telnet and rsh are: they need not run at all.
    """
    for service in services.services:
        if service.is_root and not service.needs_root:
            yield _finding(Case(service, services, policy, closings))
    if services.unread:
        raise Unavailable("; ".join(services.unread[:5]))


def _finding(case: Case) -> Finding:
    service = case.service
    reached = ", ".join(dict.fromkeys(one.key for one in service.listeners))
    where = f" and answers on {reached}" if reached else ""
    return Finding(
        service.name,
        f"{service.name} runs {service.runs} as root{where}",
        at=service.at,
        remedy=as_user(case),
        severity=None if service.is_exposed else Severity.LOW,
    )
