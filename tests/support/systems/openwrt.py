"""OpenWrt: procd, rc.d links, UCI."""

from firmward.model.memory import Content, executable, link
from systems.row import System
from systems.shared import ACCOUNTS, POLL, ROOT_SERVER, UPDATER, applets, programs


def procd(*lines: str) -> Content:
    return executable("#!/bin/sh /etc/rc.common\n" + "".join(f"{line}\n" for line in lines))


def section(kind: str, *options: str, name: str = "") -> str:
    head = f"config {kind}" + (f" '{name}'" if name else "")
    return "\n".join(
        (head, *(f"\toption {key} '{value}'" for key, value in (o.split("=", 1) for o in options)), "", "")
    )


DROPBEAR = procd(
    "START=19",
    "USE_PROCD=1",
    "PROG=/usr/sbin/dropbear",
    "validate_section_dropbear() {",
    "	uci_load_validate dropbear dropbear \"$1\" \"$2\" 'PasswordAuth:bool:1' 'enable:bool:1' 'Interface:string' \\",
    "		'RootPasswordAuth:bool:1' 'RootLogin:bool:1' 'Port:port:22'",
    "}",
    "dropbear_instance() {",
    '	[ "${enable}" = "1" ] || return 1',
    "	procd_open_instance",
    '	procd_set_param command "$PROG" -F -P /var/run/dropbear.pid -p "${Port}"',
    '	[ "${PasswordAuth}" -eq 0 ] && procd_append_param command -s',
    '	[ "${RootPasswordAuth}" -eq 0 ] && procd_append_param command -g',
    '	[ "${RootLogin}" -eq 0 ] && procd_append_param command -w',
    "	procd_close_instance",
    "}",
    "start_service() {",
    "	. /lib/functions.sh",
    "	config_load dropbear",
    "	config_foreach validate_section_dropbear dropbear dropbear_instance",
    "}",
)
UHTTPD = procd(
    "START=50",
    "USE_PROCD=1",
    "UHTTPD_BIN=/usr/sbin/uhttpd",
    "start_instance() {",
    '	local cfg="$1" http https listen',
    "	procd_open_instance",
    '	procd_set_param command "$UHTTPD_BIN" -f',
    '	config_get http "$cfg" listen_http',
    "	for listen in $http; do",
    '		procd_append_param command -p "$listen"',
    "	done",
    '	config_get https "$cfg" listen_https',
    "	for listen in $https; do",
    '		procd_append_param command -s "$listen"',
    "	done",
    "	procd_close_instance",
    "}",
    "start_service() {",
    "	config_load uhttpd",
    "	config_foreach start_instance uhttpd",
    "}",
)
TELNET = procd(
    "START=50",
    "start() {",
    "	service_start /usr/sbin/telnetd -l /bin/login.sh",
    "}",
    "stop() {",
    "	service_stop /usr/sbin/telnetd",
    "}",
)
FIREWALL = procd(
    "START=19",
    "USE_PROCD=1",
    "start_service() {",
    "	fw4 ${QUIET} start",
    "}",
    "stop_service() {",
    "	fw4 flush",
    "}",
)
RULES = (
    section("defaults", "input=REJECT", "output=REJECT", "forward=REJECT")
    + section("zone", "name=lan", "network=lan", "input=ACCEPT", "output=REJECT", "forward=REJECT")
    + section("zone", "name=wan", "network=wan", "input=REJECT", "output=REJECT", "forward=REJECT", "masq=1")
)
NETWORK = section("interface", "device=br-lan", "proto=static", name="lan") + section(
    "interface", "device=eth1", "proto=dhcp", name="wan"
)
BARE: dict[str, Content] = {
    **ACCOUNTS,
    **UPDATER,
    "etc/init.d/updater": procd(
        "START=90",
        "USE_PROCD=1",
        "start_service() {",
        "	procd_open_instance",
        f"	procd_set_param command {POLL}",
        "	procd_close_instance",
        "}",
    ),
    "etc/rc.d/S90updater": link("../init.d/updater"),
    **applets("bin/sh"),
    **programs("sbin/procd", "sbin/init", "sbin/uci"),
    "etc/openwrt_release": "DISTRIB_ID='OpenWrt'\nDISTRIB_RELEASE='25.12.2'\n",
    "etc/inittab": (
        "::sysinit:/etc/init.d/rcS S boot\n::shutdown:/etc/init.d/rcS K shutdown\n::askconsole:/usr/libexec/login.sh\n"
    ),
    "etc/rc.common": executable("#!/bin/sh\n. /lib/functions.sh\n. $initscript\n"),
    "lib/functions.sh": "config_load() { :; }\n",
    "etc/config/network": NETWORK,
    "etc/init.d/firewall": FIREWALL,
    # a script, as in the product: what it feeds nft is made at run time, from UCI
    "sbin/fw4": executable("#!/bin/sh\nutpl -S /usr/share/firewall4/main.uc | nft -f /dev/stdin\n"),
    "etc/init.d/network": procd(
        "START=20",
        "USE_PROCD=1",
        "start_service() {",
        "	procd_open_instance",
        "	procd_set_param command /sbin/netifd",
        "	procd_close_instance",
        "}",
    ),
    "etc/rc.d/S20network": link("../init.d/network"),
    **programs("sbin/netifd"),
}
BASE: dict[str, Content] = {
    **BARE,
    "etc/rc.d/S19firewall": link("../init.d/firewall"),
    "etc/config/firewall": RULES,
}


def ssh(*options: str) -> dict[str, Content]:
    return {
        **BASE,
        **programs("usr/sbin/dropbear"),
        "etc/init.d/dropbear": DROPBEAR,
        "etc/rc.d/S19dropbear": link("../init.d/dropbear"),
        "etc/rc.d/K50dropbear": link("../init.d/dropbear"),
        "etc/config/dropbear": section("dropbear", "Port=22", *options),
    }


def web(*lists: str) -> dict[str, Content]:
    listens = "".join(f"\tlist {key} '{value}'\n" for key, value in (item.split("=", 1) for item in lists))
    return {
        **BASE,
        **programs("usr/sbin/uhttpd"),
        "etc/init.d/uhttpd": UHTTPD,
        "etc/rc.d/S50uhttpd": link("../init.d/uhttpd"),
        "etc/config/uhttpd": f"config uhttpd 'main'\n{listens}\toption home '/www'\n",
    }


SSH_ONLY = "[[listen]]\nport = 22\n"
WEB = "[[listen]]\nport = 80\n[[listen]]\nport = 443\n"

SYSTEMS = (
    System("openwrt-clean", BASE),
    System(
        "openwrt-firewall-not-enabled",
        {**BARE, "etc/config/firewall": RULES},
        (("firewall-absent", None), ("egress-unrestricted", None)),
    ),
    System(
        "openwrt-as-shipped-lets-out-all",
        {**BASE, "etc/config/firewall": RULES.replace("output 'REJECT'", "output 'ACCEPT'")},
        (("egress-unrestricted", None),),
    ),
    System(
        "openwrt-wan-accepts",
        {
            **BASE,
            "etc/config/firewall": RULES.replace(
                "network 'wan'\n\toption input 'REJECT'", "network 'wan'\n\toption input 'ACCEPT'"
            ),
        },
        (("firewall-default-accept", None),),
    ),
    System(
        "openwrt-dropbear-keys-only",
        ssh("PasswordAuth=off", "RootPasswordAuth=off"),
        policy=SSH_ONLY,
    ),
    System(
        "openwrt-dropbear-as-shipped",
        {
            **ssh("PasswordAuth=on", "RootPasswordAuth=on"),
            "etc/shadow": "root:::0:99999:7:::\ndaemon:*:0:0:99999:7:::\n",
        },
        (("ssh-password-login", None), ("ssh-root-login", None), ("account-empty-password", "root")),
        SSH_ONLY,
        nothing_else=False,
    ),
    System("openwrt-dropbear-instance-off", ssh("enable=0")),
    System(
        "openwrt-dropbear-init-without-a-link",
        {path: node for path, node in ssh("PasswordAuth=on").items() if path != "etc/rc.d/S19dropbear"},
    ),
    System(
        "openwrt-dropbear-on-another-port",
        ssh("PasswordAuth=0", "RootPasswordAuth=0", "Port=2222"),
        (("undeclared-listener", None),),
        SSH_ONLY,
    ),
    System(
        "openwrt-uhttpd-plain",
        web("listen_http=0.0.0.0:80", "listen_http=[::]:80"),
        (("plaintext-protocol", None), *ROOT_SERVER),
        WEB,
    ),
    System("openwrt-uhttpd-for-loopback", web("listen_http=127.0.0.1:80", "listen_http=[::1]:80"), policy=""),
    System("openwrt-uhttpd-https", web("listen_https=0.0.0.0:443"), ROOT_SERVER, WEB),
    System(
        "openwrt-telnet",
        {
            **BASE,
            "usr/sbin/telnetd": link("/bin/busybox"),
            "etc/init.d/telnet": TELNET,
            "etc/rc.d/S50telnet": link("../init.d/telnet"),
        },
        (
            ("telnet-enabled", None),
            ("plaintext-protocol", None),
            ("undeclared-listener", None),
            ("service-runs-as-root", "telnet"),
            ("service-unsandboxed", "telnet"),
        ),
    ),
    System(
        "openwrt-telnet-init-only",
        {**BASE, "usr/sbin/telnetd": link("/bin/busybox"), "etc/init.d/telnet": TELNET},
    ),
    System(
        "openwrt-rc-local",
        {
            **BASE,
            "usr/sbin/telnetd": link("/bin/busybox"),
            "etc/init.d/done": procd(
                "START=95",
                "boot() {",
                "	mount_root done",
                "	[ -f /etc/rc.local ] && {",
                "		sh /etc/rc.local",
                "	}",
                "}",
            ),
            "etc/rc.d/S95done": link("../init.d/done"),
            "etc/rc.local": "# before exit\ntelnetd -l /bin/sh\nexit 0\n",
        },
        (
            ("telnet-enabled", None),
            ("backdoor-listener", None),
            ("plaintext-protocol", None),
            ("undeclared-listener", None),
            ("service-runs-as-root", "telnetd"),
            ("service-unsandboxed", "telnetd"),
        ),
    ),
    System(
        "openwrt-rc-local-as-shipped",
        {
            **BASE,
            "usr/sbin/telnetd": link("/bin/busybox"),
            "etc/init.d/done": procd(
                "START=95", "boot() {", "	[ -f /etc/rc.local ] && {", "		sh /etc/rc.local", "	}", "}"
            ),
            "etc/rc.d/S95done": link("../init.d/done"),
            "etc/rc.local": "# Put your custom commands here\n\nexit 0\ntelnetd -l /bin/sh\n",
        },
    ),
)
