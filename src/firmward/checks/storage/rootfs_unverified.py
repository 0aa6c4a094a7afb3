"""rootfs-unverified"""

from firmward.facts.initramfs import Initramfs
from firmward.facts.initramfs import Root as Early
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.root_mount import RootMount
from firmward.facts.signed_files import SignedFiles
from firmward.facts.verity import HashTree, Verity, Vouched
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Safety, Stage

EXTLINUX = "boot/extlinux/extlinux.conf"
HASH = "4392712ba01368efdf14b05c76f9e4df0d53664630b5d48632ed17a137f39076"
REMEDY = Remedy(
    "Put the root on dm-verity, and its root hash into the signed FIT, UKI or initramfs that mounts it",
    Safety.MANUAL,
    Stage.SOURCE,
)
TREE = HashTree(Location(part="image/hashes"), "sha256", HASH, None, covers_all=True)
VBMETA = Location(part="image/vbmeta_a")
OFF = Vouched(VBMETA, HASH, False, True, "its flags disable all verification")


@check(
    title="Nothing verifies the root file system",
    severity=Severity.CRITICAL,
    practice="P12",
    cwe=354,
    bad=(
        Example({EXTLINUX: "LABEL a\n  APPEND root=/dev/mmcblk0p2 ro\n"}),
        Example({"etc/fstab": "/dev/mmcblk0p2 / ext4 defaults 0 1\n"}),
        Example({"etc/inittab": "::sysinit:/bin/true\n"}, facts=(Verity((), (), (), (), (OFF,)),)),
        Example({"etc/inittab": "::sysinit:/bin/true\n"}, policy='[filesystem]\nverified = "none"\n'),
    ),
    good=(
        Example(
            {EXTLINUX: f"LABEL a\n  APPEND root=/dev/dm-0 ro roothash={HASH}\n"},
            facts=(Verity((TREE,), ()),),
        ),
        Example({EXTLINUX: f"LABEL a\n  APPEND root=/dev/mapper/root ro roothash={HASH}\n"}),
        Example({"etc/veritytab": f"root /dev/mmcblk0p2 /dev/mmcblk0p3 {HASH}\n"}),
        Example(
            {EXTLINUX: "LABEL a\n  APPEND root=/dev/mmcblk0p2 ro\n"},
            facts=(Verity((), (), (), (), (Vouched(VBMETA, HASH, True, True),)),),
        ),
    ),
)
def rootfs_unverified(
    root: RootMount | None | Unknown,
    verity: Verity | None | Unknown,
    signed: SignedFiles | None | Unknown,
    command_lines: KernelCommandLine | None | Unknown,
    initramfs: Initramfs | None | Unknown,
    policy: Policy | None,
) -> Findings:
    """Whoever reaches the storage for a minute (a thief, a repair shop, a program with root's rights) changes a file,
    and the device runs it from then on: a signed kernel helps nobody whose root file system is not checked. With
    dm-verity a changed block cannot be read, and with IMA appraisal or a signed manifest a changed file cannot be run.
    Whether the root hash itself can be trusted is verity-root-hash-untrusted.
    """
    if root is None:
        raise NotApplicable("an initramfs is verified with what carries it")
    if policy is not None and policy.filesystem is not None and policy.filesystem.verified == "none":
        yield Finding("root", "the policy declares a root that nothing verifies", remedy=REMEDY)
        return
    if _is_in_force(verity, root, initramfs):
        return
    if isinstance(signed, SignedFiles) and signed.is_enforced:
        return
    beside = "; a hash tree lies beside it, and nothing here sets it up" if _has_tree(verity) else ""
    void = _void(verity)
    if void is not None:
        message = f"{void.at.part} has the root's hash tree, which is not in force: {void.why}"
        yield Finding("root", message, at=void.at, remedy=REMEDY, evidence=void.evidence or None)
    elif isinstance(root, RootMount) and root.is_writable:
        yield Finding("root", f"{root.why}, and nothing verifies what is in it{beside}", at=root.at, remedy=REMEDY)
    elif (
        isinstance(root, RootMount)
        and root.device
        and not root.is_mapped
        and _is_direct(command_lines)
        and initramfs is None
    ):
        message = f"the kernel mounts {root.device} as it is{beside}"
        yield Finding("root", message, at=root.at, remedy=REMEDY, evidence=f"root={root.device}")
    elif isinstance(initramfs, Initramfs) and initramfs.root is Early.UNVERIFIED and not _has_unread(verity):
        yield Finding("root", f"the initramfs: {initramfs.why}{beside}", at=initramfs.at, remedy=REMEDY)
    else:
        raise Unavailable(_why(root, verity, initramfs))


def _has_tree(verity: Verity | None | Unknown) -> bool:
    return isinstance(verity, Verity) and bool(verity.trees)


def _void(verity: Verity | None | Unknown) -> Vouched | None:
    """A vbmeta with the root's hash tree that has nothing verified, where all of them are so."""
    found = verity.vouched if isinstance(verity, Verity) else ()
    return found[0] if found and all(one.is_in_force is False for one in found) else None


def _is_mapped(root: RootMount | None | Unknown) -> bool:
    return isinstance(root, RootMount) and root.is_mapped


def _is_plain(initramfs: Initramfs | None | Unknown) -> bool:
    """Whether the initramfs is seen to mount the root as it is, whatever the root's own fstab calls its device."""
    return isinstance(initramfs, Initramfs) and initramfs.root is Early.UNVERIFIED


def _is_in_force(
    verity: Verity | None | Unknown, root: RootMount | None | Unknown, initramfs: Initramfs | None | Unknown
) -> bool:
    """Whether a hash tree of the root is set up, and no command line has another program started than the init that
    does so."""
    if not isinstance(verity, Verity) or (isinstance(initramfs, Initramfs) and initramfs.instead is not None):
        return False
    device = root.device if isinstance(root, RootMount) else ""
    mapped = bool(verity.trees) and _is_mapped(root) and not _is_plain(initramfs)
    return verity.in_force or bool(verity.of_root(device)) or mapped


def _is_direct(command_lines: KernelCommandLine | None | Unknown) -> bool:
    """Whether a line names the root that the kernel, or a plain initramfs, mounts."""
    return isinstance(command_lines, KernelCommandLine) and any(line.has("root") for line in command_lines.lines)


def _has_unread(verity: Verity | None | Unknown) -> bool:
    return isinstance(verity, Unknown) or (isinstance(verity, Verity) and bool(verity.unread))


def _why(
    root: RootMount | None | Unknown, verity: Verity | None | Unknown, initramfs: Initramfs | None | Unknown
) -> str:
    for family in (verity, root, initramfs):
        if isinstance(family, Unknown):
            return family.reason
    if isinstance(verity, Verity) and (verity.unread or verity.vouched):
        return "; ".join([*verity.unread[:3], *(f"{one.at.part}: {one.why}" for one in verity.vouched[:3])])
    if isinstance(initramfs, Initramfs):
        return f"{initramfs.at.part}: {initramfs.why}"
    return "what mounts the root is not in the image: neither a kernel command line nor an initramfs says it"
