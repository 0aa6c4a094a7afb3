"""What the survey of Debian's boot loaders found: code that is taken for a part, and what a boot loader accepts."""

from fault import Fault

KERNEL = "tests/formats/test_kernel_image.py"
ACCEPTANCE = "tests/facts/test_acceptance.py"
UBOOT = "tests/checks/boot/test_uboot.py"
WITHIN = "tests/image/test_uboot_within.py"

FAULTS = (
    Fault(
        "formats/kernel_zimage.py",
        "if not (_has_no_ops(head) or _has_order(head)):",
        "if not _has_no_ops(head) and False:",
        KERNEL,
        "a constant in the code of a boot loader is taken for a kernel",
    ),
    Fault(
        "formats/kernel_zimage.py",
        "if not (_has_no_ops(head) or _has_order(head)):",
        "if not _has_order(head):",
        KERNEL,
        "a kernel of before the byte order was written is not known",
    ),
    Fault(
        "image/wrapper/zstd.py",
        "if CORRUPT in str(error) or not whole:",
        "if not whole:",
        WITHIN,
        "code behind the magic of Zstandard is taken for a stream",
    ),
    Fault(
        "image/wrapper/zstd.py",
        "if CORRUPT in str(error) or not whole:",
        "if True:",
        WITHIN,
        "a stream that needs a dictionary is not told",
    ),
    Fault(
        "facts/acceptance.py",
        "if loader.has_control_tree or _has_tree_beside(loader, parts):",
        "if True:",
        ACCEPTANCE,
        "a control tree that nobody saw is taken for one without keys",
    ),
    Fault(
        "facts/acceptance.py",
        "if not in_fit or (own is not None and own.part.parent == one.part.parent):",
        "if True:",
        ACCEPTANCE,
        "the tree in a FIT is taken for the loader's own",
    ),
    Fault(
        "facts/acceptance.py",
        "if held.answer is not Answer.ACCEPTED or loader.verifies_fits is False:",
        "if loader.verifies_fits is False:",
        ACCEPTANCE,
        "a hash that differs does not count where no key is required",
    ),
    Fault(
        "facts/acceptance.py",
        "if not image.holds:",
        "if False:",
        ACCEPTANCE,
        "a legacy image with a wrong checksum is said to boot",
    ),
    Fault(
        "facts/acceptance.py",
        "if loader.commands is None and Stage.PROPER not in loader.stages:",
        "if False:",
        ACCEPTANCE,
        "a first stage without commands is said to refuse what it may boot",
    ),
    Fault(
        "facts/acceptance.py",
        "wanted += [EFI] if kernel.is_efi else []",
        "wanted += [EFI]",
        ACCEPTANCE,
        "a kernel that is no program for UEFI is said to boot as one",
    ),
    Fault(
        "facts/bare_images.py",
        "if not _is_held(parts, one.at.part)",
        "if True",
        ACCEPTANCE,
        "the kernel of a FIT is taken for a bare one",
    ),
    Fault(
        "facts/bare_images.py",
        "return LegacyImage(at, header.kind, holds=False)",
        "return LegacyImage(at, header.kind)",
        ACCEPTANCE,
        "a legacy image that is cut off is said to hold",
    ),
    Fault(
        "image/blob.py",
        "return size if _says(source, U_BOOT, limit) and not _says(source, KERNEL, limit) else None",
        "return size if _says(source, U_BOOT, limit) else None",
        WITHIN,
        "a kernel that speaks of U-Boot is taken for a boot loader",
    ),
    Fault(
        "image/blob.py",
        "return size if _says(source, U_BOOT, limit) and not _says(source, KERNEL, limit) else None",
        "return None",
        WITHIN,
        "a boot loader with the header of a kernel is taken for one",
    ),
    Fault(
        "checks/boot/uboot_shell_reachable.py",
        "if found.has_prompt is True and found.stops is None:",
        "if False:",
        UBOOT,
        "a U-Boot that shows its prompt at once is passed",
    ),
    Fault(
        "checks/boot/uboot_shell_reachable.py",
        "if isinstance(found.delay, Unknown):",
        "if True:",
        UBOOT,
        "a wait whose words are not known is taken for none",
    ),
)
