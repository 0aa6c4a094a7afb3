"""Boot loaders past support, and those that can be got around."""

from fault import Fault

CHECK = "tests/checks/boot/test_firmware_end_of_life.py"

FAULTS = (
    Fault(
        "checks/boot/firmware_end_of_life.py",
        "one.since <= release < one.fixed",
        "one.since <= release <= one.fixed",
        CHECK,
        "a bypass is told of the release that mended it",
    ),
    Fault(
        "checks/boot/firmware_end_of_life.py",
        "        return None if isinstance(found.verifies_fits, Unknown) else found.verifies_fits\n",
        "        return True\n",
        CHECK,
        "a bypass of signatures is told of a U-Boot that verifies none",
    ),
    Fault(
        "checks/boot/firmware_end_of_life.py",
        "        elif debian.update < fixed:",
        "        else:",
        CHECK,
        "what Debian has mended is told as open",
    ),
    Fault(
        "checks/boot/firmware_end_of_life.py",
        "    elif None in applying:",
        "    elif False:",
        CHECK,
        "a bypass that may apply is passed over",
    ),
    Fault(
        "checks/boot/firmware_end_of_life.py",
        "(line, years) if isinstance(kept, Unknown) else (kept, 0)",
        "(line, years)",
        CHECK,
        "Debian's U-Boot has the support of others",
    ),
    Fault(
        "checks/boot/firmware_end_of_life.py",
        "found.generation < least",
        "found.generation <= least",
        CHECK,
        "a generation that no list revokes is told as revoked",
    ),
    Fault(
        "facts/lifecycle.py",
        "return Line(line, years_on(self.as_of, product.years)) if product.years else unknown",
        "return unknown",
        CHECK,
        "a boot loader that is younger than the facts is not known",
    ),
    Fault(
        "facts/boot_firmware.py",
        "content is None or one.tree is not None or",
        "content is None or",
        CHECK,
        "versions in a file system's files are taken for a boot loader's",
    ),
)
