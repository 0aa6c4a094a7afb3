"""Dropbear hands out shells, and who logs in has the sandbox too: its namespaces, its filter, what is left of root.

What a login is still good for, and for what not, is the same as with OpenSSH (sshd.py). Dropbear takes no chroot to
speak to who has not logged in yet, so that this can go too.
"""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("dropbear",),
    seen="Dropbear 2022.83 on Debian 12: root and a user log in with a key, copy files, become root and administer",
    families=(),
    runs=("shells",),
    options=(
        ("NoNewPrivileges", None), ("ProtectSystem", None), ("ProtectHome", None), ("PrivateTmp", None),
        ("ProcSubset", None), ("RestrictSUIDSGID", None),
        ("CapabilityBoundingSet", "~CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_TIME CAP_SYSLOG CAP_WAKE_ALARM CAP_MKNOD "
         "CAP_LINUX_IMMUTABLE CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_SYS_PACCT CAP_BLOCK_SUSPEND CAP_BPF CAP_PERFMON "
         "CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_TTY_CONFIG CAP_LEASE CAP_SYS_PTRACE CAP_NET_ADMIN CAP_NET_BROADCAST "
         "CAP_SYS_BOOT CAP_SYS_ADMIN CAP_SYS_NICE CAP_SYS_RESOURCE CAP_AUDIT_READ CAP_AUDIT_CONTROL "
         "CAP_CHECKPOINT_RESTORE CAP_SYS_CHROOT"),
        ("SystemCallFilter", "~@clock @cpu-emulation @debug @module @mount @obsolete @raw-io @reboot @swap @keyring "
         "@pkey @aio @memlock"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_NETLINK AF_UNIX"),
    ),
    tasks=512,
    memory="256M",
    exposure=3.7,
    left=(
        ("User=user", "a login of root"),
        ("NoNewPrivileges=yes", "sudo"),
        ("ProtectSystem=yes", "a package with a setuid program installed"),
        ("RestrictSUIDSGID=yes", "a package with a setuid program installed"),
        ("ProtectHome=read-only", "a file at home"),
        ("PrivateTmp=yes", "a file in /tmp that the system sees"),
        ("PrivateNetwork=yes", "a login of root"),
        ("PrivateUsers=yes", "a login of root"),
        ("IPAddressDeny=any", "a login of root"),
        ("ProcSubset=pid", "load and memory of the system"),
        ("UMask=0077", "a file in /etc that services read"),
        ("CapabilityBoundingSet=~CAP_SETUID CAP_SETGID CAP_SETPCAP", "a login of a user"),
        ("CapabilityBoundingSet=~CAP_CHOWN CAP_FSETID CAP_SETFCAP", "files of others read and given away"),
        ("CapabilityBoundingSet=~CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER",
         "files of others read and given away"),
        ("CapabilityBoundingSet=~CAP_KILL", "processes of others seen and ended"),
        ("CapabilityBoundingSet=~CAP_NET_BIND_SERVICE CAP_NET_RAW", "a login of root"),
        ("CapabilityBoundingSet=~CAP_AUDIT_WRITE", "sudo"),
        ("SystemCallFilter=~@resources", "limits and priorities"),
        ("SystemCallFilter=~@privileged", "a login of root"),
        ("RestrictAddressFamilies=~AF_NETLINK", "addresses of the network"),
        ("RestrictAddressFamilies=~AF_UNIX", "a service restarted"),
        ("RestrictAddressFamilies=~AF_INET AF_INET6", "a login of root"),
    ),
)  # fmt: skip
