"""snmpd reads the whole system's figures, so that /proc is left whole."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("snmpd",),
    seen="snmpd 5.9.3 on Debian 12: the system's name and its interfaces asked for",
    capabilities=("CHOWN", "DAC_OVERRIDE", "NET_ADMIN", "NET_BIND_SERVICE", "SETGID", "SETUID"),
    families=("AF_INET", "AF_INET6", "AF_NETLINK", "AF_UNIX"),
    calls=("@chown", "@setuid", "setgroups"),
    writes=("/run/agentx", "/var/agentx", "/var/lib/snmp"),
    configuration=("etc/snmp/snmpd.conf", "etc/snmp/snmpd.conf.d/*"),
    accounts=("Debian-snmp", "snmp"),
    reads=("/etc/snmp/**", "/usr/share/snmp/**", "/var/lib/mibs/**", "/etc/fstab", "/etc/mtab", "/etc/sensors3.conf"),
    options=(("ProtectProc", None), ("ProcSubset", None)),
    memory="64M",
    beyond=r"^\s*(?:extend|exec|sh|pass|pass_persist|perl|dlmod|load_file|proxy|procfix|execfix)\b",
)
