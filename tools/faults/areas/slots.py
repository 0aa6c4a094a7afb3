"""The slots of a camera that was built and signed: which one starts, what its initramfs verifies, when it is good."""

from fault import Fault

CAMERA = "tests/lab/test_signed_camera.py"


def _proof(words: str) -> str:
    """Those of its tests that take minutes."""
    return f"{CAMERA} -m proof -k {words}"


FAULTS = (
    Fault(
        "build/initramfs/slot.sh",
        "|| echo 0 >@PROC@/sys/kernel/sysrq ||",
        "|| true ||",
        _proof("break"),
        "a break on the serial line commands the kernel",
    ),
    Fault(
        "build/initramfs/init.sh",
        'root=$(partition "root_$slot")',
        "root=$(partition root_a)",
        _proof("damaged_root"),
        "both slots have the root of the first",
    ),
    Fault(
        "build/initramfs/init.sh",
        'chroot /watch /bin/sh /watch.sh "$slot" "$state" "$first" </dev/null >/dev/null 2>&1 &\n',
        "",
        CAMERA,
        "nobody asks for health",
    ),
    Fault(
        "build/initramfs/watch.sh",
        "seek=16 conv=notrunc,fsync",
        "seek=8 conv=notrunc,fsync",
        CAMERA,
        "what is asked of the boot loader is written over a copy of its state",
    ),
    Fault(
        "build/initramfs/watch.sh",
        "until started && healthy && report; do",
        "until started && report; do",
        _proof("not_healthy"),
        "a slot is good that does not serve",
    ),
    Fault(
        "build/initramfs/watch.sh",
        'is not healthy after @SECONDS@ seconds"\n\treboot -f',
        'is not healthy after @SECONDS@ seconds"',
        _proof("not_healthy"),
        "a device that does not serve waits for ever",
    ),
    Fault(
        "build/slot_tree.py",
        "ro panic=5 firmward.slot={slot}",
        "ro firmward.slot={slot}",
        CAMERA,
        "a kernel that panics stays where it is",
    ),
    Fault(
        "build/slot_tree.py",
        "ro panic=5 firmward.slot={slot}",
        "ro panic=5 firmward.slot=a",
        _proof("damaged_kernel"),
        "the second slot takes itself for the first",
    ),
    Fault(
        "build/fit.py",
        "ROLLBACK_INDEX: strings(str(pieces.rollback_index)),",
        'ROLLBACK_INDEX: strings("0"),',
        _proof("older_than"),
        "an image has no index against rollback",
    ),
    Fault(
        "lab/boot.py",
        "return Firmware(device.folder / built.LOADER, device.folder / built.CONTROL)",
        "return Firmware(device.folder / built.LOADER, None)",
        CAMERA,
        "the lab starts a boot loader without its key",
    ),
    Fault(
        "lab/plain/init.sh",
        "for module in crc32c_generic ext4 overlay; do",
        "for module in ext4 overlay; do",
        _proof("typed"),
        "what root writes on the twin is gone with the power",
    ),
)
