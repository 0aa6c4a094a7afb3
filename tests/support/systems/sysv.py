"""SysV run levels, as Yocto and Debian without systemd have them, and Buildroot's dropbear; xinetd."""

from firmward.model.memory import Content, link
from systems.row import System
from systems.shared import ACCOUNTS, POLL, RULES_V4, UPDATER, applets, programs, script

RC = script(
    "runlevel=$1",
    "if [ -d /etc/rc$runlevel.d ]; then",
    '    for s in /etc/rc$runlevel.d/K*; do [ -x "$s" ] && "$s" stop; done',
    '    for s in /etc/rc$runlevel.d/S*; do [ -x "$s" ] && "$s" start; done',
    "fi",
)
IPTABLES = script(
    'case "$1" in',
    "start)",
    "    iptables-restore < /etc/iptables/rules.v4",
    "    ip6tables-restore < /etc/iptables/rules.v6",
    "    ;;",
    "stop) iptables -P INPUT ACCEPT ; iptables -F ;;",
    "esac",
)
DROPBEAR = script(
    "DAEMON=/usr/sbin/dropbear",
    "NAME=dropbear",
    "DROPBEAR_PORT=22",
    "DROPBEAR_EXTRA_ARGS=",
    "test ! -r /etc/default/dropbear || . /etc/default/dropbear",
    'test "$NO_START" = "0" || exit 0',
    "test -x $DAEMON || exit 0",
    'case "$1" in',
    "  start)",
    '    echo -n "Starting Dropbear SSH server: "',
    '    start-stop-daemon -S -x "$DAEMON" -- -p "$DROPBEAR_PORT" $DROPBEAR_EXTRA_ARGS',
    '    echo "dropbear."',
    "    ;;",
    "  stop)",
    '    start-stop-daemon -K -x "$DAEMON"',
    "    ;;",
    "esac",
).content  # type: ignore[union-attr]
TELNET = script('case "$1" in', "start) /usr/sbin/telnetd ;;", "stop) killall telnetd ;;", "esac")
XINETD = script(
    'case "$1" in', "start) /usr/sbin/xinetd -pidfile /var/run/xinetd.pid -stayalive ;;", "stop) ;;", "esac"
)

BASE: dict[str, Content] = {
    **ACCOUNTS,
    **UPDATER,
    "etc/init.d/updater": script('case "$1" in', f"start) {POLL} & ;;", "esac"),
    "etc/rc5.d/S95updater": link("../init.d/updater"),
    **applets("bin/sh"),
    **programs("sbin/init", "sbin/start-stop-daemon", "usr/sbin/iptables-restore", "usr/sbin/ip6tables-restore"),
    **programs("usr/sbin/iptables"),
    "etc/inittab": (
        "id:5:initdefault:\nsi::sysinit:/etc/init.d/rcS\n~~:S:wait:/sbin/sulogin\nl0:0:wait:/etc/init.d/rc 0\n"
        "l3:3:wait:/etc/init.d/rc 3\nl5:5:wait:/etc/init.d/rc 5\nl6:6:wait:/etc/init.d/rc 6\n"
        "S0:12345:respawn:/sbin/getty 115200 ttyS0\n"
    ),
    "etc/init.d/rc": RC,
    "etc/init.d/rcS": script("exec /etc/init.d/rc S"),
    "etc/init.d/iptables": IPTABLES,
    "etc/rcS.d/S08iptables": link("../init.d/iptables"),
    "etc/iptables/rules.v4": RULES_V4,
    "etc/iptables/rules.v6": RULES_V4.replace("192.0.2.1/32", "2001:db8::1/128"),
}


def dropbear(arguments: str, **more: str) -> dict[str, Content]:
    lines = {"NO_START": "0", "DROPBEAR_EXTRA_ARGS": f'"{arguments}"', **more}
    return {
        **BASE,
        **programs("usr/sbin/dropbear"),
        "etc/init.d/dropbear": script(*str(DROPBEAR).splitlines()[1:]),
        "etc/rc5.d/S10dropbear": link("../init.d/dropbear"),
        "etc/rc0.d/K10dropbear": link("../init.d/dropbear"),
        "etc/default/dropbear": "".join(f"{key}={value}\n" for key, value in lines.items()),
    }


XINET: dict[str, Content] = {
    **BASE,
    **programs("usr/sbin/xinetd", "usr/sbin/in.telnetd"),
    "etc/init.d/xinetd": XINETD,
    "etc/rc5.d/S20xinetd": link("../init.d/xinetd"),
    "etc/xinetd.conf": "defaults\n{\n    instances = 60\n}\nincludedir /etc/xinetd.d\n",
}


def xinetd_telnet(disable: str) -> str:
    return (
        "service telnet\n{\n    socket_type = stream\n    wait = no\n    user = root\n"
        f"    server = /usr/sbin/in.telnetd\n    disable = {disable}\n}}\n"
    )


SYSTEMS = (
    System("yocto-sysv-clean", BASE),
    System("yocto-sysv-dropbear-keys-only", dropbear("-s -g -j -k"), policy="[[listen]]\nport = 22\n"),
    System(
        "yocto-sysv-dropbear-passwords-not-for-root",
        dropbear("-w -j -k"),
        (("ssh-password-login", None),),
        "[[listen]]\nport = 22\n",
        nothing_else=False,
    ),
    System(
        "yocto-sysv-dropbear-on-another-port",
        dropbear("-s -g -j -k", DROPBEAR_PORT="2222"),
        (("undeclared-listener", None),),
        "[[listen]]\nport = 22\n",
    ),
    System("yocto-sysv-dropbear-told-not-to-start", dropbear("", NO_START="1")),
    System(
        "yocto-sysv-debug-tweaks",
        {
            **dropbear("-B"),
            "etc/shadow": "root::15069:0:99999:7:::\ndaemon:*:15069::::::\n",
        },
        (
            ("account-empty-password", "root"),
            ("ssh-empty-passwords", None),
            ("ssh-password-login", None),
            ("ssh-root-login", None),
        ),
        "[[listen]]\nport = 22\n",
    ),
    System(
        "yocto-sysv-telnet-in-another-run-level",
        {
            **BASE,
            **programs("usr/sbin/telnetd"),
            "etc/init.d/telnetd": TELNET,
            "etc/rc3.d/S50telnetd": link("../init.d/telnetd"),
        },
    ),
    System(
        "yocto-sysv-telnet-only-stopped",
        {
            **BASE,
            **programs("usr/sbin/telnetd"),
            "etc/init.d/telnetd": TELNET,
            "etc/rc5.d/K50telnetd": link("../init.d/telnetd"),
        },
    ),
    System(
        "yocto-sysv-telnet",
        {
            **BASE,
            **programs("usr/sbin/telnetd"),
            "etc/init.d/telnetd": TELNET,
            "etc/rc5.d/S50telnetd": link("../init.d/telnetd"),
        },
        (("telnet-enabled", None), ("plaintext-protocol", None), ("undeclared-listener", None)),
    ),
    System("xinetd-telnet-disabled", {**XINET, "etc/xinetd.d/telnet": xinetd_telnet("yes")}),
    System(
        "xinetd-telnet-disabled-by-the-defaults",
        {
            **XINET,
            "etc/xinetd.conf": "defaults\n{\n    disabled = telnet\n}\nincludedir /etc/xinetd.d\n",
            "etc/xinetd.d/telnet": xinetd_telnet("no"),
        },
    ),
    System(
        "xinetd-telnet",
        {**XINET, "etc/xinetd.d/telnet": xinetd_telnet("no")},
        (("telnet-enabled", None), ("plaintext-protocol", None), ("undeclared-listener", None)),
    ),
    System(
        "xinetd-telnet-in-a-file-with-a-dot",
        # includedir passes over names with a dot or a tilde
        {**XINET, "etc/xinetd.d/telnet.rpmsave": xinetd_telnet("no")},
    ),
)
