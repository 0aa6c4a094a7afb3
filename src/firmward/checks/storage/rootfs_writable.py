"""rootfs-writable"""

from collections.abc import Iterator

from firmward.facts.medium import Medium
from firmward.facts.mounts import Mounts
from firmward.facts.root_mount import RootMount
from firmward.facts.verity import Verity
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.policy import Policy
from firmward.model.remedy import Change, Remedy, RemoveKernelWord, Safety, SetKernelWord, SetOption, Stage, by_changes

EXTLINUX = "boot/extlinux/extlinux.conf"
SUMMARY = (
    "Build the root as squashfs or erofs, or mount it read-only on dm-verity, with own mounts for what must be written"
)
BREAKS = "what the system writes outside of its data partition and its memory cannot be written any more"


@check(
    title="The root file system can be written to",
    severity=Severity.HIGH,
    practice="P12",
    cwe=732,
    bad=(
        Example({"etc/fstab": "/dev/mmcblk0p2 / ext4 defaults 0 1\n"}),
        Example({"etc/inittab": "::sysinit:/bin/mount -o remount,rw /\n"}),
        Example({EXTLINUX: "LABEL a\n  APPEND root=/dev/mmcblk0p2 rw\n", "etc/inittab": "::sysinit:/bin/true\n"}),
        Example({EXTLINUX: "LABEL a\n  APPEND root=/dev/mmcblk0p2 ro\n"}, facts=(Medium("ext4", False, True),)),
    ),
    good=(
        Example({"etc/fstab": "/dev/mmcblk0p2 / squashfs ro 0 0\n"}),
        Example({"etc/fstab": "/dev/mmcblk0p2 / ext4 ro,noatime 0 1\n"}),
        Example({EXTLINUX: "LABEL a\n  APPEND root=/dev/mmcblk0p2 ro\n"}, facts=(Medium("squashfs", True, False),)),
    ),
)  # fmt: skip
def rootfs_writable(
    root: RootMount,
    medium: Medium | None | Unknown,
    verity: Verity | None | Unknown,
    mounts: Mounts | None | Unknown,
    policy: Policy | None,
) -> Findings:
    """Who gets root's rights once keeps them: a program put into the root starts again after every reboot, and an
    update that is no whole image leaves it there. A power cut in the middle of writing can leave a device that boots no
    more. It is low for a root that is mounted read-only on a file system that can be remounted for writing, with
    nothing below that forbids it. To mount it read-only is safe where the policy says that it is verified by dm-verity:
    then nothing could be written there anyway.
    """
    if policy is not None and policy.filesystem is not None and policy.filesystem.verified == "package":
        raise NotApplicable("the policy verifies file by file, and lets the root be written to")
    if root.is_writable is None:
        raise Unavailable(root.why)
    if root.is_writable:
        yield Finding("root", root.why, at=root.at, remedy=_remedy(root, mounts, policy))
    elif isinstance(medium, Medium) and medium.is_writable and not (root.is_mapped or _is_verified(verity, root)):
        yield Finding(
            "root",
            f"{root.why}, but {medium.format} can be remounted for writing",
            at=root.at,
            remedy=Remedy(SUMMARY, Safety.MANUAL, Stage.SOURCE),
            severity=Severity.LOW,
        )


def _is_verified(verity: Verity | None | Unknown, root: RootMount) -> bool:
    return isinstance(verity, Verity) and bool(verity.of_root(root.device))


def _remedy(root: RootMount, mounts: Mounts | None | Unknown, policy: Policy | None) -> Remedy:
    changes = tuple(_changes(root, mounts))
    if not changes:
        return Remedy(SUMMARY, Safety.MANUAL, Stage.SOURCE)
    files = policy.filesystem if policy is not None else None
    is_verity = files is not None and files.verified == "verity" and "/" not in files.writable
    summary = f"Mount it read-only. {SUMMARY}"
    return by_changes(summary, Safety.SAFE if is_verity else Safety.UNSAFE, changes, BREAKS)


def _changes(root: RootMount, mounts: Mounts | None | Unknown) -> Iterator[Change]:
    """Where it is mounted for writing; an overlay over it is the system's way to keep what it is told."""
    listed = mounts.at("/") if isinstance(mounts, Mounts) else None
    path = root.at.path if root.at is not None else None
    if listed is None or listed.at != root.at or path is None:
        if root.by_kernel:
            yield from (RemoveKernelWord("rw"), SetKernelWord("ro"))
    elif path == "etc/fstab":
        yield SetOption(path, "ro", "yes", listed.place)
    elif path.endswith((".mount", ".conf")):
        yield SetOption(path, "Options", _read_only(listed.options), "Mount")
    elif path != "etc/config/fstab":
        yield SetOption(path, "-o", _read_only(listed.options), f"command mount {listed.place}")


def _read_only(options: tuple[str, ...]) -> str:
    kept = dict.fromkeys(word for word in options if word not in ("rw", "ro", "defaults") and "$" not in word)
    return ",".join((*kept, "ro"))
