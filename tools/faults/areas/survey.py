"""What the survey of Debian's boot loaders found: code that is taken for a part, and what a boot loader accepts."""

from fault import Fault

KERNEL = "tests/formats/test_kernel_image.py"
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
)
