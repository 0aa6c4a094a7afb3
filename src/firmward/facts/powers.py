"""What a program can do for whoever may run it with another's rights: facts from each program's manual."""

import re

SHELL = "starts a shell"
CODE = "runs any code"
WRITES = "writes any file"
READS = "reads any file"
RUNS = "runs any program"

_POWERS = {
    SHELL: "sh ash bash dash zsh ksh mksh csh tcsh fish hush busybox toybox",
    CODE: (
        "perl ruby node nodejs php php-cgi lua luajit tclsh expect ucode awk gawk mawk nawk gdb gdbserver make "
        "ld.so qemu-user"
    ),
    RUNS: (
        "find env nice ionice time timeout strace ltrace nohup setsid stdbuf taskset chroot unshare nsenter "
        "xargs flock start-stop-daemon run-parts watch vi vim view nano ed less more man nmap tcpdump zip tar "
        "rsync ssh scp socat nc ncat netcat script screen tmux docker podman systemctl systemd-run crontab ip "
        "git mount.fuse dmsetup insmod modprobe"
    ),
    WRITES: (
        "cp mv dd tee install chmod chown ln sed wget curl tftp openssl sort truncate rm touch shred patch cpio ar"
    ),
    READS: "cat head tail base64 xxd od hexdump strings grep cut diff cmp uniq wc xz gzip bzip2 file",
}
POWERS = {name: power for power, names in _POWERS.items() for name in names.split()}
_VERSIONED = re.compile(r"(python|perl|lua|php|ruby|tclsh|node|micropython)[\d.]*(?:m|-[\w.]+)?")
INTERPRETERS = (SHELL, CODE)


def power(name: str) -> str | None:
    """What a program of this name can do; None where nothing is known of it."""
    return POWERS.get(name) or (CODE if _VERSIONED.fullmatch(name) else None)
