"""avahi-daemon becomes `avahi` in a chroot of its own."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("avahi-daemon",),
    seen="avahi 0.8 on Debian 12: a name resolved by multicast",
    capabilities=("CHOWN", "DAC_OVERRIDE", "FOWNER", "KILL", "SETGID", "SETUID", "SYS_CHROOT"),
    families=("AF_INET", "AF_INET6", "AF_NETLINK", "AF_UNIX"),
    calls=("@chown", "@setuid", "capset", "chroot", "setgroups", "setrlimit", "prlimit64"),
    writes=("/run",),
    configuration=("etc/avahi/avahi-daemon.conf",),
    accounts=("avahi",),
    reads=("/etc/avahi/**", "/usr/share/dbus-1/**"),
    options=(("ProtectHostname", None),),
    memory="32M",
)
