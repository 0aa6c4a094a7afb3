"""dockerd manages containers: it mounts their layers and sets up their network, and so is near to root by nature.

Containers are children of containerd, so that they do not have this sandbox. A mount that dockerd makes has to be seen
there, which leaves out each setting that gives dockerd mounts of its own. This is the lowest that
all needs were asked under, not the end of the search: a plain image was built and started without SETUID, SETGID,
SETPCAP and MKNOD, and imported without SYS_CHROOT, and the other needs were not asked. Who may talk to its socket is
root on the system as before, by a container with all rights.
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
         "CAP_SYS_RESOURCE CAP_AUDIT_CONTROL CAP_AUDIT_READ CAP_AUDIT_WRITE CAP_KILL CAP_CHECKPOINT_RESTORE"),
        ("SystemCallFilter", "~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap @resources "
         "@keyring @memlock @aio @pkey"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_NETLINK AF_UNIX"),
        ("DevicePolicy", "closed"),
        ("UMask", "0077"),
    ),
    tasks=4096,
    memory="512M",
    exposure=5.6,
    left=(
        ("PrivateMounts=yes", "a container started"),
        ("RestrictSUIDSGID=yes", "an image imported"),
        ("RestrictNamespaces=~mnt", "an image built"),
        ("CapabilityBoundingSet=~CAP_SYS_ADMIN", "a container started"),
        ("CapabilityBoundingSet=~CAP_NET_ADMIN", "a container started"),
        ("CapabilityBoundingSet=~CAP_SYS_PTRACE", "a container started"),
        ("CapabilityBoundingSet=~CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER", "a container started"),
        ("RestrictAddressFamilies=~AF_NETLINK", "a container started"),
    ),
)  # fmt: skip
