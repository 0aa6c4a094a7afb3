"""web-server-homegrown"""

from firmward.facts.unkept_servers import Unkept, UnkeptServers
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.memory import Content, executable, link
from firmward.model.remedy import Remedy, Safety, Stage

HEADER = b"\x7fELF\x01\x01\x01" + bytes(57)
OWN = HEADER + (b"\0listen\0bind\0accept\0recv\0HTTP/1.1 %d %s\r\nContent-Type: %s\r\n\0404 Not Found\0GET\0POST\0")
CLIENT = HEADER + b"\0connect\0HTTP/1.1 200\0Content-Type: \0404 Not Found\0GET\0POST\0"
LIBRARY = OWN + b"\0libmicrohttpd.so.12\0"
SERVICE = "[Service]\nExecStart=/usr/bin/panel\n[Install]\nWantedBy=multi-user.target\n"
SYSTEMD: dict[str, Content] = {
    "sbin/init": link("/lib/systemd/systemd"),
    "lib/systemd/systemd": executable(HEADER),
    "lib/systemd/system/default.target": "[Unit]\nWants=panel.service\n",
    "lib/systemd/system/panel.service": SERVICE,
}


@check(
    title="A web server that nobody keeps",
    severity=Severity.MEDIUM,
    practice="P22",
    cwe=1104,
    bad=(
        Example({"etc/inittab": "::respawn:/usr/sbin/boa -c /etc/boa\n", "usr/sbin/boa": executable(HEADER)}),
        Example({"etc/inittab": "::respawn:/usr/bin/webd\n", "usr/bin/webd": executable(OWN)}),
        Example({**SYSTEMD, "usr/bin/panel": executable(OWN)}),
        Example({"etc/inittab": "::respawn:/usr/bin/python3 -m http.server 8080\n"}),
        Example({
            "etc/inittab": "::respawn:/usr/bin/python3 /opt/panel.py\n",
            "opt/panel.py": "from http.server import HTTPServer\nHTTPServer(('', 80), H).serve_forever()\n",
        }),
    ),
    good=(
        Example({"etc/inittab": "::respawn:/usr/sbin/httpd -f -h /www\n", "usr/sbin/httpd": link("/bin/busybox"),
                 "bin/busybox": executable(OWN)}),
        Example({"etc/inittab": "::respawn:/usr/bin/updater\n", "usr/bin/updater": executable(CLIENT)}),
        Example({**SYSTEMD, "usr/bin/panel": executable(LIBRARY)}),
        Example({"etc/inittab": "::respawn:/usr/sbin/lighttpd -D -f /etc/l.conf\n", "usr/sbin/lighttpd": OWN}),
    ),
)  # fmt: skip
def web_server_homegrown(servers: UnkeptServers) -> Findings:
    """Reading HTTP is hard: requests without end, odd paths, headers that contradict each other. Servers that many use
    have had these holes found and closed; a vendor's own, a dead one, or one that its makers made for development alone
    has them still, and it is the first thing that anybody on the network reaches.
    """
    told = set()
    for server in servers.servers:
        if server.program not in told:
            told.add(server.program)
            yield _finding(server)
    if servers.unread:
        raise Unavailable("; ".join(servers.unread[:5]))


def _finding(server: Unkept) -> Finding:
    return Finding(
        server.program,
        f"{server.program} takes requests from the network: {server.fault}",
        at=server.at,
        severity=Severity.LOW if server.is_still else None,
        remedy=Remedy(
            f"Serve what {server.program} does by a server that is kept (lighttpd, nginx, uhttpd, BusyBox httpd), or "
            "build it on a kept library",
            Safety.MANUAL,
            Stage.SOURCE,
        ),
    )
