"""minidlnad keeps a database of the media that it finds."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("minidlnad", "minidlna"),
    seen="minidlna 1.3.0 on Debian 12: its page over HTTP",
    capabilities=("SETGID", "SETUID", "DAC_OVERRIDE", "CHOWN"),
    families=("AF_INET", "AF_INET6", "AF_NETLINK", "AF_UNIX"),
    calls=("@chown", "@setuid", "setgroups", "@resources"),
    writes=("/run/minidlna", "/var/cache/minidlna", "/var/lib/minidlna", "/var/log/minidlna"),
    configuration=("etc/minidlna.conf",),
    accounts=("minidlna",),
    reads=("/etc/minidlna.conf", "/var/lib/minidlna/**", "/media/**", "/mnt/**", "/srv/**"),
    runs=("/{,usr/}bin/{sh,dash,rm}",),
    options=(("ProtectHome", "read-only"),),
    beyond=r"^\s*(?:db_dir\s*=\s*(?!/var/cache/minidlna)|log_dir\s*=\s*(?!/var/log/minidlna))",
)
