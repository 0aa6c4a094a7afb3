"""The extended attribute security.capability: the rights that a program gets when it is executed.

Rules, from linux/capability.h: a 32-bit little-endian word with the revision in its top byte and the effective bit in
bit 0; then pairs of 32-bit words (permitted, inheritable), one pair in revision 1, two in 2 and 3; revision 3 ends with
the user id of the namespace that the rights hold in.
"""

import struct
from dataclasses import dataclass

from firmward.formats.malformed import Malformed

ATTRIBUTE = "security.capability"
PAIRS = {1: 1, 2: 2, 3: 2}
EFFECTIVE = 1

NAMES = (
    "cap_chown", "cap_dac_override", "cap_dac_read_search", "cap_fowner", "cap_fsetid", "cap_kill", "cap_setgid",
    "cap_setuid", "cap_setpcap", "cap_linux_immutable", "cap_net_bind_service", "cap_net_broadcast", "cap_net_admin",
    "cap_net_raw", "cap_ipc_lock", "cap_ipc_owner", "cap_sys_module", "cap_sys_rawio", "cap_sys_chroot",
    "cap_sys_ptrace", "cap_sys_pacct", "cap_sys_admin", "cap_sys_boot", "cap_sys_nice", "cap_sys_resource",
    "cap_sys_time", "cap_sys_tty_config", "cap_mknod", "cap_lease", "cap_audit_write", "cap_audit_control",
    "cap_setfcap", "cap_mac_override", "cap_mac_admin", "cap_syslog", "cap_wake_alarm", "cap_block_suspend",
    "cap_audit_read", "cap_perfmon", "cap_bpf", "cap_checkpoint_restore",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FileCapabilities:
    """`effective` says that the permitted ones are in force at once; `root` is the namespace's user id, 0 for all."""

    permitted: frozenset[str]
    inheritable: frozenset[str]
    effective: bool
    root: int = 0


def parse(data: bytes) -> FileCapabilities:
    """Raises Malformed for what the kernel would refuse."""
    if len(data) < 4:
        raise Malformed("shorter than its first word")
    (magic,) = struct.unpack_from("<I", data)
    revision = magic >> 24
    pairs = PAIRS.get(revision)
    if pairs is None:
        raise Malformed(f"revision {revision} is not known")
    size = 4 + 8 * pairs + (4 if revision == 3 else 0)
    if len(data) != size:
        raise Malformed(f"{len(data)} bytes, and revision {revision} has {size}")
    words = struct.unpack_from(f"<{2 * pairs}I", data, 4)
    permitted = sum(word << 32 * index for index, word in enumerate(words[::2]))
    inheritable = sum(word << 32 * index for index, word in enumerate(words[1::2]))
    root = struct.unpack_from("<I", data, size - 4)[0] if revision == 3 else 0
    return FileCapabilities(_names(permitted), _names(inheritable), bool(magic & EFFECTIVE), root)


def _names(bits: int) -> frozenset[str]:
    return frozenset(
        NAMES[bit] if bit < len(NAMES) else f"cap_{bit}" for bit in range(bits.bit_length()) if bits >> bit & 1
    )
