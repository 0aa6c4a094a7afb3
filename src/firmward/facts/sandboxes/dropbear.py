"""Dropbear hands out shells: whatever confined it would confine who logs in, so that little is left to take away."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("dropbear",),
    seen="Dropbear 2022.83 on Debian 12: a login with a key, and a command run",
    families=(),
    runs=("shells",),
    options=(
        ("NoNewPrivileges", None), ("ProtectSystem", None), ("ProtectHome", None), ("PrivateTmp", None),
        ("PrivateDevices", None),
        ("PrivateMounts", None), ("ProtectProc", None), ("ProcSubset", None), ("RestrictNamespaces", None),
        ("RestrictSUIDSGID", None), ("MemoryDenyWriteExecute", None), ("KeyringMode", None),
        ("CapabilityBoundingSet", "~CAP_SYS_MODULE CAP_SYS_RAWIO CAP_SYS_TIME CAP_SYSLOG CAP_WAKE_ALARM CAP_MKNOD "
         "CAP_LINUX_IMMUTABLE CAP_MAC_ADMIN CAP_MAC_OVERRIDE CAP_SYS_PACCT CAP_BLOCK_SUSPEND CAP_BPF CAP_PERFMON"),
        ("SystemCallFilter", "~@clock @cpu-emulation @debug @module @obsolete @raw-io @reboot @swap"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6 AF_NETLINK AF_UNIX AF_PACKET"),
    ),
    tasks=512,
    memory="256M",
    exposure=6.3,
)  # fmt: skip
