"""OpenSSH hands out shells, and who logs in has the sandbox too: its namespaces, its filter, what is left of root.

So a login still works where it is good for what people log in for: root and others get in by a key, have a terminal,
copy files by scp and sftp, write at home, in /tmp and in /etc for others to see, become root by sudo, su and setuid
programs, install packages, see and end what others run, restart services, read the journal, restart the device. What
a login is not good for any more: mounts, kernel modules, the clock, network settings, raw devices, namespaces of its
own, debuggers, and programs that make code while they run. Root does that from outside the login, by `systemd-run`:
so that the sandbox holds what comes before a login, and who logs in without root, but not who logs in as root.
"""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("sshd",),
    seen="OpenSSH 9.2 on Debian 12: root and a user log in with a key, copy files, become root and administer",
    families=(),
    runs=("shells",),
    options=(
        ("NoNewPrivileges", None), ("ProtectSystem", None), ("ProtectHome", None), ("PrivateTmp", None),
        ("ProcSubset", None), ("RestrictSUIDSGID", None),
        ("CapabilityBoundingSet", "~CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_TIME CAP_SYSLOG CAP_WAKE_ALARM CAP_MKNOD "
         "CAP_LINUX_IMMUTABLE CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_SYS_PACCT CAP_BLOCK_SUSPEND CAP_BPF CAP_PERFMON "
         "CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_TTY_CONFIG CAP_LEASE CAP_SYS_PTRACE CAP_NET_ADMIN CAP_NET_BROADCAST "
         "CAP_SYS_BOOT CAP_SYS_ADMIN CAP_SYS_NICE CAP_SYS_RESOURCE CAP_AUDIT_READ CAP_AUDIT_CONTROL "
         "CAP_CHECKPOINT_RESTORE"),
        # @mount but for chroot, in which OpenSSH speaks to who has not logged in yet
        ("SystemCallFilter", "~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap @keyring @pkey "
         "@aio @memlock fsconfig fsmount fsopen fspick mount mount_setattr move_mount open_tree pivot_root umount "
         "umount2"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_NETLINK AF_UNIX"),
    ),
    tasks=512,
    memory="256M",
    exposure=3.9,
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
        ("CapabilityBoundingSet=~CAP_SYS_CHROOT", "a login of root"),
        ("CapabilityBoundingSet=~CAP_SETUID CAP_SETGID CAP_SETPCAP", "a login of root"),
        ("CapabilityBoundingSet=~CAP_CHOWN CAP_FSETID CAP_SETFCAP", "files of others read and given away"),
        ("CapabilityBoundingSet=~CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER",
         "files of others read and given away"),
        ("CapabilityBoundingSet=~CAP_KILL", "processes of others seen and ended"),
        ("CapabilityBoundingSet=~CAP_NET_BIND_SERVICE CAP_NET_RAW", "a login of root"),
        ("CapabilityBoundingSet=~CAP_AUDIT_WRITE", "sudo"),
        ("SystemCallFilter=~@resources", "a login of root"),
        ("SystemCallFilter=~@privileged", "a login of root"),
        ("SystemCallFilter=~@mount", "a login of root"),
        ("RestrictAddressFamilies=~AF_NETLINK", "addresses of the network"),
        ("RestrictAddressFamilies=~AF_UNIX", "a service restarted"),
        ("RestrictAddressFamilies=~AF_INET AF_INET6", "a login of root"),
    ),
)  # fmt: skip
