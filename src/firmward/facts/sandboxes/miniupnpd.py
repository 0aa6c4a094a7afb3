"""miniupnpd changes the packet filter; it was not run here."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("miniupnpd",),
    capabilities=("NET_ADMIN", "NET_RAW", "NET_BIND_SERVICE"),
    families=("AF_INET", "AF_INET6", "AF_NETLINK", "AF_UNIX"),
    writes=("/run", "/var/lib/miniupnpd"),
    configuration=("etc/miniupnpd/miniupnpd.conf", "etc/miniupnpd.conf"),
    accounts=("miniupnpd",),
    reads=("/etc/miniupnpd/**",),
)
