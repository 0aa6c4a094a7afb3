"""Vendor firmware: inittab, rcS, one start script with everything in it."""

from firmward.model.memory import Content, Node, link
from systems.accounts import STRONG
from systems.row import System
from systems.shared import ACCOUNTS, ELF, NO_FIREWALL, POLL, ROOT_SERVER, RULES_V4, UPDATER, applets, programs, script

MOUNTS = (
    "mount -t proc proc /proc",
    "mount -t sysfs sysfs /sys",
    "mkdir -p /var/run /var/log",
    "hostname -F /etc/hostname",
)

BASE: dict[str, Content] = {
    **ACCOUNTS,
    **UPDATER,
    **applets(
        "bin/sh", "bin/mount", "bin/mkdir", "bin/hostname", "sbin/init", "sbin/getty", "bin/sleep", "sbin/ifconfig"
    ),
    "etc/inittab": (
        "::sysinit:/etc/init.d/rcS\n::respawn:/sbin/getty -L ttyS0 115200 vt100\n::ctrlaltdel:/sbin/reboot\n"
        "::shutdown:/bin/umount -a -r\n"
    ),
    "etc/init.d/rcS": script(*MOUNTS, "/usr/bin/start.sh &", f"{POLL} &"),
    "usr/bin/nvram": ELF,
}
IPTABLES = (
    "iptables -P INPUT DROP",
    "iptables -P FORWARD DROP",
    "iptables -P OUTPUT DROP",
    "iptables -A INPUT -i lo -j ACCEPT",
    "iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT",
    "iptables -A OUTPUT -o lo -j ACCEPT",
    "iptables -A OUTPUT -m state --state ESTABLISHED,RELATED -j ACCEPT",
    "for p in INPUT FORWARD OUTPUT; do ip6tables -P $p DROP; done",
)
FILTER = programs("usr/sbin/iptables", "usr/sbin/ip6tables")

OPEN_TELNET = (("telnet-enabled", None), ("plaintext-protocol", None), ("undeclared-listener", None))

PEOPLE = "root:x:0:0:root:/root:/bin/sh\noperator:x:1000:1000::/home/operator:/bin/sh\n"


def start(*lines: str) -> dict[str, Content]:
    return {**BASE, **FILTER, "usr/bin/start.sh": script(*IPTABLES, *lines)}


SYSTEMS = (
    System("vendor-clean", start("/usr/bin/camera --daemon"), policy=""),
    System(
        "vendor-without-a-filter",
        {**BASE, "usr/bin/start.sh": script("ifconfig eth0 192.168.1.10 up")},
        NO_FIREWALL,
    ),
    System(
        "vendor-filter-in-a-script-nobody-calls",
        {**BASE, **FILTER, "usr/bin/start.sh": script("ip link set eth0 up"), "usr/bin/firewall.sh": script(*IPTABLES)},
        NO_FIREWALL,
    ),
    System(
        "vendor-rules-fed-to-iptables-restore",
        {
            **BASE,
            **programs("usr/sbin/iptables-restore", "usr/sbin/ip6tables-restore", "bin/cat"),
            "usr/bin/start.sh": script(
                "ifconfig eth0 192.168.1.10 up",
                "iptables-restore < /usr/share/fw/v4",
                "cat /usr/share/fw/v6 | ip6tables-restore",
            ),
            "usr/share/fw/v4": RULES_V4,
            "usr/share/fw/v6": RULES_V4.replace("192.0.2.1/32", "2001:db8::1/128"),
        },
    ),
    System("vendor-telnetd", {**start("telnetd &"), "usr/sbin/telnetd": link("/bin/busybox")}, OPEN_TELNET),
    System("vendor-telnetd-by-applet", start("busybox telnetd -l /bin/login -p 2323"), OPEN_TELNET),
    System(
        "vendor-telnetd-behind-nvram",
        {
            **start('if [ "$(nvram get telnet_enable)" = "1" ]; then', "    /usr/sbin/telnetd", "fi"),
            "usr/sbin/telnetd": link("/bin/busybox"),
        },
        (*OPEN_TELNET, ("advanced-mode-uncontrolled", "telnetd by")),
    ),
    System(
        "vendor-telnetd-with-a-bare-shell",
        {**start("telnetd -l /bin/sh"), "usr/sbin/telnetd": link("/bin/busybox")},
        (*OPEN_TELNET, ("backdoor-listener", None)),
    ),
    System(
        "vendor-utelnetd",
        {**start("utelnetd -l /bin/login -d"), **programs("usr/sbin/utelnetd")},
        OPEN_TELNET,
    ),
    System(
        "vendor-utelnetd-with-a-bare-shell",
        {**start("/usr/sbin/utelnetd -l /bin/sh -d -p 9527"), **programs("usr/sbin/utelnetd")},
        (*OPEN_TELNET, ("backdoor-listener", None)),
    ),
    System(
        "vendor-telnetd-commented-out",
        {**start("# telnetd &", "echo 'telnetd off'", ": telnetd"), "usr/sbin/telnetd": link("/bin/busybox")},
    ),
    System(
        "vendor-telnetd-in-a-here-document",
        {**start("cat > /tmp/readme <<EOF", "telnetd -l /bin/sh", "EOF"), "usr/sbin/telnetd": link("/bin/busybox")},
    ),
    System(
        "vendor-telnetd-killed-in-stop-only",
        {
            **BASE,
            **FILTER,
            "usr/bin/start.sh": script(*IPTABLES, "/etc/init.d/service start"),
            "etc/init.d/service": script(
                'case "$1" in', "start)", "    camera &", "    ;;", "stop)", "    telnetd -l /bin/sh", "    ;;", "esac"
            ),
            "usr/sbin/telnetd": link("/bin/busybox"),
        },
    ),
    System(
        "vendor-telnetd-in-a-script-nobody-calls",
        {**start("true"), "usr/sbin/telnetd": link("/bin/busybox"), "usr/bin/debug.sh": script("telnetd -l /bin/sh")},
    ),
    System(
        "vendor-telnetd-in-a-function-nobody-calls",
        {**start("debug() {", "    telnetd -l /bin/sh", "}", "true"), "usr/sbin/telnetd": link("/bin/busybox")},
    ),
    System(
        "vendor-telnetd-in-a-function-called",
        {
            **start("debug() {", "    telnetd", "}", "[ -f /mnt/sd/debug ] && debug"),
            "usr/sbin/telnetd": link("/bin/busybox"),
        },
        (*OPEN_TELNET, ("advanced-mode-uncontrolled", "telnetd by")),
    ),
    System(
        "vendor-script-named-by-a-variable",
        {
            **start("APP=/opt/app", ". $APP/env.sh", "${APP}/${RUN} &"),
            "opt/app/env.sh": "RUN=service.sh\n",
            "opt/app/service.sh": script("telnetd"),
            "usr/sbin/telnetd": link("/bin/busybox"),
        },
        OPEN_TELNET,
    ),
    System(
        "vendor-numbered-scripts-in-a-loop",
        {
            **BASE,
            **FILTER,
            "etc/init.d/rcS": script(
                f"{POLL} &",
                "for i in /etc/init.d/S??* ;do",
                '     [ ! -f "$i" ] && continue',
                '     case "$i" in',
                "        *.sh)",
                "            (",
                "                trap - INT QUIT TSTP",
                "                set start",
                "                . $i",
                "            )",
                "            ;;",
                "        *)",
                "            $i start",
                "            ;;",
                "    esac",
                "done",
            ),
            "etc/init.d/S10firewall": script(*IPTABLES),
            "etc/init.d/S50telnet": script(
                "start() {",
                "    printf 'Starting telnetd: '",
                "    start-stop-daemon -S -q -m -b -p /var/run/telnetd.pid -x /usr/sbin/telnetd -- -F $TELNETD_ARGS",
                "}",
                'case "$1" in start) start ;; stop) killall telnetd ;; esac',
            ),
            "usr/sbin/telnetd": link("/bin/busybox"),
        },
        OPEN_TELNET,
    ),
    System(
        "vendor-telnetd-respawned",
        {
            **start("true"),
            "etc/inittab": "::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/telnetd -F\n",
            "usr/sbin/telnetd": link("/bin/busybox"),
        },
        OPEN_TELNET,
    ),
    System(
        "vendor-shell-on-the-serial-line",
        # a shell on a console is no door to the network
        {**start("true"), "etc/inittab": "::sysinit:/etc/init.d/rcS\nttyS0::respawn:-/bin/sh\n::askfirst:/bin/sh\n"},
        (("serial-login", "ttyS0"), ("serial-login", "console")),
    ),
    System(
        "vendor-inetd-configured-not-started",
        {
            **start("true"),
            "usr/sbin/inetd": link("/bin/busybox"),
            "usr/sbin/telnetd": link("/bin/busybox"),
            "etc/inetd.conf": "telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i\n",
        },
    ),
    System(
        "vendor-inetd-started",
        {
            **start("inetd"),
            "usr/sbin/inetd": link("/bin/busybox"),
            "usr/sbin/telnetd": link("/bin/busybox"),
            "usr/sbin/ftpd": link("/bin/busybox"),
            "etc/inetd.conf": (
                "telnet stream tcp nowait root /usr/sbin/telnetd telnetd -i\n"
                "#ftp stream tcp nowait root /usr/sbin/ftpd ftpd /\n"
            ),
            "etc/services": "ftp 21/tcp\ntelnet 23/tcp\n",
        },
        OPEN_TELNET,
    ),
    System(
        "vendor-inetd-with-a-shell",
        {
            **start("inetd /etc/inetd.conf"),
            "usr/sbin/inetd": link("/bin/busybox"),
            "etc/inetd.conf": "5555 stream tcp nowait root /bin/sh sh -i\n",
        },
        (("backdoor-listener", None), ("undeclared-listener", None)),
    ),
    System(
        "vendor-ftp-server",
        {
            **start("tcpsvd -vE 0.0.0.0 21 ftpd -w /mnt &"),
            "usr/sbin/ftpd": link("/bin/busybox"),
            "usr/bin/tcpsvd": link("/bin/busybox"),
        },
        (("ftp-enabled", None), ("plaintext-protocol", None), ("undeclared-listener", None), *ROOT_SERVER),
    ),
    System(
        "vendor-httpd-in-a-loop",
        {
            **start("(", "while true; do", "    httpd -f -p 80 -h /www", "    sleep 1", "done", ") &"),
            "usr/sbin/httpd": link("/bin/busybox"),
        },
        (("plaintext-protocol", None), *ROOT_SERVER),
        "[[listen]]\nport = 80\n",
    ),
    System(
        "vendor-httpd-for-loopback",
        {**start("httpd -p 127.0.0.1:8080 -h /www"), "usr/sbin/httpd": link("/bin/busybox")},
    ),
    System(
        "vendor-netcat-shell",
        {**start("while :; do nc -l -p 4444 -e /bin/sh; done &"), "usr/bin/nc": link("/bin/busybox")},
        (("backdoor-listener", None), ("undeclared-listener", None)),
    ),
    System(
        "vendor-dropbear-keys-only",
        {**start("/usr/sbin/dropbear -R -s -g -j -k -p 22"), **programs("usr/sbin/dropbear")},
        policy="[[listen]]\nport = 22\n",
    ),
    System(
        "vendor-dropbear-with-passwords",
        {
            **start("dropbear -R"),
            **programs("usr/sbin/dropbear"),
            "etc/shadow": f"root:{STRONG}:19000:0:99999:7:::\n",
        },
        (("ssh-password-login", None), ("ssh-root-login", None), ("image-sameness", "password-hash etc/shadow root")),
        "[[listen]]\nport = 22\n",
    ),
    System(
        "vendor-passwd-written-at-boot",
        {
            **{path: node for path, node in start("true").items() if path != "etc/shadow"},
            "etc/passwd": link("/var/passwd"),
            "etc/init.d/rcS": script(
                *MOUNTS,
                "echo 'root:$1$abcdefgh$.8vlTWMZQxqN2pTQcMnxX.:0:0:root:/:/bin/sh' > /var/passwd",
                "/usr/bin/start.sh &",
                f"{POLL} &",
            ),
        },
        (("credential-hard-coded", "etc/init.d/rcS"), ("image-sameness", "credential etc/init.d/rcS")),
        unknown=(
            "account-default-password",
            "account-empty-password",
            "account-extra-root",
            "account-login-unneeded",
            "account-weak-hash",
        ),
    ),
    System(
        "vendor-data-evaluated",
        # what the flash holds is not in the image: nobody can say what starts
        start('eval "$(nvram get boot_cmd)"'),
        unknown=(
            "advanced-mode-uncontrolled",
            "telnet-enabled",
            "ftp-enabled",
            "remote-shell-enabled",
            "backdoor-listener",
            "undeclared-listener",
            "plaintext-protocol",
            "tls-weak",
            "upnp-exposed",
            "mac-profile-missing",
            "script-injection",
            "web-server-homegrown",
            "web-server-misconfigured",
        ),
    ),
    System(
        "vendor-setuid-busybox-with-su",
        {
            **start("true"),
            "bin/busybox": Node(b"\x7fELF", mode=0o4755),
            "bin/su": link("busybox"),
            "etc/passwd": PEOPLE,
            "etc/shadow": f"root:{STRONG}:19000::::::\noperator:!:19000::::::\n",
        },
        (
            ("su-unrestricted", None),
            ("setuid-unexpected", "bin/busybox"),
            ("image-sameness", "password-hash etc/shadow root"),
        ),
    ),
    System(
        "vendor-setuid-busybox-without-su",
        {
            **start("true"),
            "bin/busybox": Node(b"\x7fELF", mode=0o4755),
            "etc/passwd": PEOPLE,
            "etc/shadow": f"root:{STRONG}:19000::::::\noperator:!:19000::::::\n",
        },
        (("setuid-unexpected", "bin/busybox"), ("image-sameness", "password-hash etc/shadow root")),
    ),
)
