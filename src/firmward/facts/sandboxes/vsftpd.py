"""vsftpd becomes whoever logs in, and writes what those may: where, the maker has to declare."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("vsftpd",),
    seen="vsftpd 3.0.3 on Debian 12: an anonymous login, and a file fetched",
    capabilities=(
        *("AUDIT_WRITE", "CHOWN", "DAC_READ_SEARCH", "NET_BIND_SERVICE", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    ),
    families=("AF_INET", "AF_INET6", "AF_UNIX"),
    calls=("@chown", "@setuid", "capset", "chroot", "setgroups", "setrlimit", "prlimit64"),
    writes=("/run", "/var/log"),
    configuration=("etc/vsftpd.conf", "etc/vsftpd/*.conf"),
    accounts=("ftp",),
    reads=("/etc/vsftpd*", "/etc/vsftpd/**", "/srv/ftp/**", "/etc/ftpusers"),
    memory="64M",
    beyond=r"^\s*(?:local_enable|write_enable|anon_upload_enable)\s*=\s*YES",
)
