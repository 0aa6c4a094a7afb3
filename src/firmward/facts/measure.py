"""What may confine a process beyond its user, whoever sets it: systemd, procd, OpenRC or a launcher in a script."""

from enum import StrEnum


class Measure(StrEnum):
    NO_NEW_PRIVILEGES = "no-new-privileges"
    """It gains no rights by setuid programs."""
    CAPABILITIES = "capabilities"
    """What of root's power it has is limited."""
    SYSTEM_CALLS = "system-calls"
    """A filter says which calls of the kernel it may use."""
    NAMESPACES = "namespaces"
    """It has temporary files or devices of its own."""
    WRITE_PATHS = "write-paths"
    """Most of the file system is read-only for it."""
    KERNEL = "kernel"
    """It cannot change the kernel's parameters, modules and control groups."""
    MEMORY = "memory"
    CPU = "cpu"
    TASKS = "tasks"


SANDBOX = (
    Measure.NO_NEW_PRIVILEGES,
    Measure.CAPABILITIES,
    Measure.SYSTEM_CALLS,
    Measure.NAMESPACES,
    Measure.WRITE_PATHS,
    Measure.KERNEL,
)
LIMITS = (Measure.MEMORY, Measure.CPU, Measure.TASKS)
