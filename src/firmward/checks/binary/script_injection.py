"""script-injection"""

from firmward.facts.request_scripts import Flow, RequestScripts, Sink
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import Content, executable
from firmward.model.remedy import Remedy, Safety, Stage

DOES = {
    Sink.CODE: "evaluates it as code",
    Sink.COMMAND: "hands it to a shell",
    Sink.SQL: "makes it part of a query's text",
    Sink.INCLUDE: "runs the file that it names",
    Sink.OBJECT: "builds the objects that it describes",
    Sink.ARGUMENT: "lets it become several words of a command",
}
INSTEAD = {
    Sink.CODE: "Read the value as data: take apart what is expected, and refuse the rest",
    Sink.COMMAND: "Start the program with a list of arguments and no shell, or quote the value for the shell",
    Sink.SQL: "Give the value to a prepared statement as a parameter",
    Sink.INCLUDE: "Choose the file from a list of those that are meant",
    Sink.OBJECT: "Read the value as JSON",
    Sink.ARGUMENT: 'Put it in double quotes, behind `--` where the program takes that: -- "$value"',
}
CURL = "#!/bin/sh\necho Content-type: text/plain\necho\n"
EVAL = CURL + 'eval $(echo "$QUERY_STRING" | tr "&" "\\n")\n'
PING = CURL + 'host=$(echo "$QUERY_STRING" | sed "s/.*host=//")\nping -c 1 -- "$host"\n'
LUCI = 'local http = require "luci.http"\nfunction ping()\n  local host = {}\n  os.execute("ping -c 1 " .. host)\nend\n'
UDHCPC = '#!/bin/sh\ncase "$1" in\nbound)\n  {}\n  ;;\nesac\n'
LIGHTTPD: dict[str, Content] = {
    "etc/inittab": "::respawn:/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf\n",
    "etc/lighttpd/lighttpd.conf": (
        'server.modules = ("mod_cgi")\nserver.document-root = "/opt/panel"\nserver.username = "www"\n'
        'cgi.assign = (".php" => "/usr/bin/php-cgi")\n'
    ),
}


@check(
    title="A script evaluates what comes from outside",
    severity=Severity.HIGH,
    practice="P19",
    cwe=78,
    bad=(
        Example({"www/cgi-bin/set": executable(EVAL)}),
        Example({**LIGHTTPD, "opt/panel/ping.php": "<?php system('ping -c 1 ' . $_GET['host']); ?>\n"}),
        Example({"usr/lib/lua/luci/controller/diag.lua": LUCI.format('http.formvalue("host")')}),
        Example({"www/cgi-bin/q.pl": executable("#!/usr/bin/perl\nuse CGI qw(param);\nmy $h = param('h');\n"
                                                "print `nslookup $h`;\n")}),
        Example({"etc/inittab": "::respawn:/usr/bin/python3 /opt/api.py\n",
                 "opt/api.py": "import os\nfrom flask import Flask, request\napp = Flask('api')\n@app.route('/ping')\n"
                               "def ping():\n    return os.popen('ping ' + request.args['host'])\n"}),
        Example({"usr/share/udhcpc/default.script": executable(UDHCPC.format('eval "set_name $hostname"'))}),
    ),
    good=(
        Example({"www/cgi-bin/ping": executable(PING)}),
        Example({**LIGHTTPD, "opt/panel/ping.php":
                 "<?php system('ping -c 1 ' . escapeshellarg($_GET['host'])); ?>\n"}),
        Example({"usr/lib/lua/luci/controller/diag.lua":
                 LUCI.format('luci.util.shellquote(http.formvalue("host"))')}),
        Example({"usr/share/udhcpc/default.script": executable(UDHCPC.format('echo "$hostname" > /etc/hostname'))}),
    ),
)  # fmt: skip
def script_injection(scripts: RequestScripts) -> Findings:
    """Whoever can send a request, or answer the device's own, writes commands that it runs: by a value that reaches
    eval, a shell, a query or the name of a file that is run. It is the commonest way into devices, and needs no skill:
    botnets try it everywhere. A value that a script quotes, turns into a number or holds against a list is not told.
    """
    for flow in sorted(scripts.flows, key=lambda one: (one.path, one.sink)):
        yield _finding(flow, scripts)
    if scripts.unread:
        raise Unavailable("; ".join(scripts.unread[:5]))


def _finding(flow: Flow, scripts: RequestScripts) -> Finding:
    whose = "an event brings" if flow.path in scripts.events else "a request brings"
    return Finding(
        f"{flow.path}:{flow.sink}",
        f"/{flow.path} takes what {whose} ({flow.source}) and {DOES[flow.sink]} ({flow.by})",
        at=Location(flow.path, flow.line),
        severity=Severity.LOW if flow.sink is Sink.ARGUMENT else None,
        evidence=f"{flow.source} -> {flow.by}"[:200],
        remedy=Remedy(INSTEAD[flow.sink], Safety.MANUAL, Stage.SOURCE),
    )
