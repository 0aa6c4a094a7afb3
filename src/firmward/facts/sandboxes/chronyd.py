"""chronyd sets the clock, and gives root up."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("chronyd",),
    seen="chrony 4.3 on Debian 12: asked for its state, and for the time over NTP",
    capabilities=("CHOWN", "DAC_OVERRIDE", "NET_BIND_SERVICE", "SETGID", "SETUID", "SYS_TIME"),
    families=("AF_INET", "AF_INET6", "AF_NETLINK", "AF_UNIX"),
    calls=("@chown", "@clock", "@setuid", "setgroups", "capset"),
    writes=("/run/chrony", "/var/lib/chrony", "/var/log/chrony"),
    configuration=("etc/chrony/chrony.conf", "etc/chrony.conf", "etc/chrony/conf.d/*"),
    accounts=("_chrony", "chrony"),
    reads=("/etc/chrony/**", "/etc/chrony.conf", "/etc/default/chrony", "/run/chrony-dhcp/**"),
    options=(("ProtectClock", None), ("UMask", "0077")),
    memory="32M",
    beyond=r"^\s*(?:mailonchange|hwclockfile|refclock|rtcfile|rtcdevice|dumpdir|hwtimestamp)\b",
)
