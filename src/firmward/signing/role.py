"""What a key is for. A key serves one role, so that whoever gets hold of one cannot do what another is for."""

from enum import StrEnum


class Role(StrEnum):
    BOOT = "boot"
    """Signs kernel, device tree and initramfs; its public half stands in the boot loader."""
    ROOTFS = "rootfs"
    """Signs what was built: root hash, digests and sizes."""
    UPDATE_ROOT = "update-root"
    """Names the other update keys (TUF's root role); used rarely, kept offline."""
    TARGETS = "targets"
    SNAPSHOT = "snapshot"
    TIMESTAMP = "timestamp"
    RELEASE = "release"
    """Signs which release each board of a channel is to have; targets delegates to it."""
    DIRECTOR_ROOT = "director-root"
    """Names the director's keys; used rarely, kept offline. No key of update-root: a list of one's keys would be taken
    for the other's."""
    DIRECTOR = "director"
    """Signs which release one device is to have; alone it can order nothing that release has not signed."""
    FLEET = "fleet"
    """Signs policies and orders to devices."""


ROOTS = (Role.UPDATE_ROOT, Role.DIRECTOR_ROOT)
"""They sign the list that names their successors: a retired key of theirs signs once more."""
