"""dnsmasq opens port 53 and raw sockets for DHCP, and becomes an account of its own."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("dnsmasq",),
    seen="dnsmasq 2.90 on Debian 12: names resolved",
    capabilities=("CHOWN", "DAC_OVERRIDE", "NET_ADMIN", "NET_BIND_SERVICE", "NET_RAW", "SETGID", "SETPCAP", "SETUID"),
    families=("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_UNIX"),
    calls=("@chown", "@setuid", "capset", "setgroups"),
    writes=("/run", "/var/lib/misc"),
    configuration=("etc/dnsmasq.conf", "etc/dnsmasq.d/*"),
    accounts=("dnsmasq",),
    reads=("/etc/dnsmasq.conf", "/etc/dnsmasq.d/**", "/etc/default/dnsmasq", "/usr/share/dns*/**"),
    runs=("/usr/share/dnsmasq/*", "/{,usr/}bin/*", "/{,usr/}sbin/{dnsmasq,resolvconf}"),
    options=(("ProcSubset", None),),
    beyond=r"^\s*(?:dhcp-script|dhcp-luascript|conf-script|tftp-root|enable-tftp|dumpfile|log-facility\s*=\s*/)",
)
