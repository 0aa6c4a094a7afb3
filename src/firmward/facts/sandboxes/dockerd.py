"""dockerd manages containers: it mounts their layers and sets up their network, and so is near to root by nature.

Containers are children of containerd, so that they do not have this sandbox. A mount that dockerd makes has to be seen
there, which leaves out each setting that gives dockerd mounts of its own. Who may talk to its socket is root on the
system as before, by a container with all rights.
"""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("dockerd",),
    seen="Docker 20.10.24 on Debian 12: images imported and built, containers started, confined, reached and limited",
    families=(),
    runs=("containers",),
    options=(
        ("ProtectSystem", None), ("ProtectHome", None), ("PrivateTmp", None), ("PrivateDevices", None),
        ("PrivateMounts", None), ("ProtectKernelTunables", None), ("ProtectKernelModules", None),
        ("ProtectKernelLogs", None), ("ProtectControlGroups", None), ("ProtectProc", None), ("ProcSubset", None),
        ("RestrictSUIDSGID", None),
        ("RestrictNamespaces", "net mnt"),
        ("CapabilityBoundingSet", "~CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_TIME CAP_SYSLOG CAP_WAKE_ALARM "
         "CAP_LINUX_IMMUTABLE CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_SYS_PACCT CAP_BLOCK_SUSPEND CAP_BPF CAP_PERFMON "
         "CAP_IPC_LOCK CAP_IPC_OWNER CAP_SYS_TTY_CONFIG CAP_LEASE CAP_NET_BROADCAST CAP_SYS_BOOT CAP_SYS_NICE "
         "CAP_SYS_RESOURCE CAP_AUDIT_CONTROL CAP_AUDIT_READ CAP_AUDIT_WRITE CAP_KILL CAP_CHECKPOINT_RESTORE "
         "CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_SYS_CHROOT"),
        ("SystemCallFilter", "~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap @resources "
         "@keyring @memlock @aio @pkey"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_NETLINK AF_UNIX"),
        ("DevicePolicy", "closed"),
        ("UMask", "0077"),
    ),
    tasks=4096,
    memory="512M",
    exposure=5.3,
    left=(
        ("User=daemon", "a container started"),
        ("PrivateMounts=yes", "a container started"),
        ("ProtectSystem=yes", "a container started"),
        ("ProtectHome=read-only", "a container started"),
        ("PrivateTmp=yes", "a container started"),
        ("PrivateDevices=yes", "a container started"),
        ("ProtectKernelTunables=yes", "a container started"),
        ("ProtectKernelModules=yes", "a container started"),
        ("ProtectKernelLogs=yes", "a container started"),
        ("ProtectControlGroups=yes", "a container started"),
        ("ProtectProc=invisible", "a container started"),
        ("ProcSubset=pid", "a container started"),
        ("PrivateUsers=yes", "a container started"),
        ("PrivateNetwork=yes", "a port below 1024 published"),
        ("IPAddressDeny=any", "a port below 1024 published"),
        ("RestrictSUIDSGID=yes", "an image imported"),
        ("RestrictNamespaces=~mnt", "an image built"),
        ("RestrictNamespaces=~net", "a container started"),
        ("CapabilityBoundingSet=~CAP_SYS_ADMIN", "a container started"),
        ("CapabilityBoundingSet=~CAP_NET_ADMIN", "a container started"),
        ("CapabilityBoundingSet=~CAP_SYS_PTRACE", "a container started"),
        ("CapabilityBoundingSet=~CAP_MKNOD", "an image imported"),
        ("CapabilityBoundingSet=~CAP_CHOWN CAP_FSETID CAP_SETFCAP", "an image imported"),
        ("CapabilityBoundingSet=~CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER", "a container started"),
        ("CapabilityBoundingSet=~CAP_NET_BIND_SERVICE CAP_NET_RAW", "a port below 1024 published"),
        ("SystemCallFilter=~@mount", "a container started"),
        ("SystemCallFilter=~@privileged", "a container started"),
        ("RestrictAddressFamilies=~AF_NETLINK", "a container started"),
        ("RestrictAddressFamilies=~AF_UNIX", "a container started"),
        ("RestrictAddressFamilies=~AF_INET AF_INET6", "a container started"),
    ),
)  # fmt: skip
