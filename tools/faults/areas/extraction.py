"""What is written to the host: never outside the new folder, never special, never over something."""

from fault import Fault

EXTRACT = "tests/image/test_extraction.py tests/cli/test_extract.py"

FAULTS = (
    Fault(
        "image/extraction.py",
        "mode = 0o755 if entry.mode & 0o111 else 0o644",
        "mode = entry.mode",
        EXTRACT,
        "setuid kept",
    ),
    Fault(
        "image/extraction.py",
        "self._budget.check_time()\n            self.size",
        "self.size",
        EXTRACT,
        "extraction that takes longer than it may",
    ),
    Fault(
        "image/extraction.py",
        "if self.size > self._room:",
        "if False:",
        EXTRACT,
        "a file that holds more than it says is written",
    ),
    Fault("image/extraction.py", "if above is None:", "if False:", EXTRACT, "a name below a link is written"),
    Fault(
        "image/extraction.py",
        "written.at, written.lost = None, str(reason)",
        "pass",
        EXTRACT,
        "a file cut short not told",
    ),
    Fault(
        "image/extraction.py",
        "kept = inner_target(tree, written.entry.path, target) if self._links is Links.KEEP_INSIDE else None",
        "kept = target if self._links is Links.KEEP_INSIDE else None",
        EXTRACT,
        "links out of the folder kept",
    ),
)
