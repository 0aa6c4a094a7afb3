"""How an image is opened: what is found in raw bytes, what it may cost, what is told of the rest."""

from fault import Fault

OPENING = "tests/image/test_opening.py"
SIGNATURES = "tests/image/test_signatures.py"
EVERY = "tests/image/test_every_format.py"

FAULTS = (
    Fault(
        "image/budget.py",
        "if self._expanded > self.limits.expanded_bytes:",
        "if False:",
        "tests/image/test_hostile.py tests/cli/test_audit.py",
        "bombs expand without a bound",
    ),
    Fault(
        "image/sameness.py",
        "if left.kind is Kind.FILE and not _equal_files(one, left, other, right):",
        "if False:",
        "tests/image/test_opening.py",
        "slots that differ in a file's content audited once",
    ),
    Fault(
        "cli/audit.py",
        "if not report.budget.complete:",
        "if False:",
        "tests/cli/test_audit.py",
        "a partial report that ends with 0",
    ),
    Fault(
        "image/carve.py",
        "position = offset + size\n",
        "position = offset + 1\n",
        OPENING + " " + EVERY,
        "a part inside an accepted part found again",
    ),
    Fault("image/carve.py", "max(done, begin - ahead)", "begin", SIGNATURES, "a part that begins in a hole not found"),
    Fault(
        "image/carve.py",
        "beyond = self._source.read(end, self.ahead)",
        'beyond = b""',
        SIGNATURES,
        "a magic across two pieces of the search not found",
    ),
    Fault(
        "image/carve.py",
        "size = kind.end(window, budget)",
        "pass",
        OPENING + " tests/image/disk/test_ubi.py tests/image/encrypted/test_luks.py",
        "a part without a length swallows what follows",
    ),
    Fault(
        "image/carve.py",
        "if self._left <= 0 or len(met) >= HITS_AT_ONCE:",
        "if False:",
        SIGNATURES,
        "signatures left out and not told",
    ),
    Fault(
        "image/carve.py",
        "if size >= (kind.smallest if isinstance(kind, Format) else SMALLEST):",
        "if True:",
        SIGNATURES,
        "parts too small to be any found",
    ),
    Fault(
        "image/signatures.py",
        "if len(found) >= HITS:",
        "if False:",
        SIGNATURES,
        "hits of the slow search kept without a bound",
    ),
    Fault(
        "image/signatures.py",
        "found.append((end - lengths[index], index))",
        "found.append((end, index))",
        SIGNATURES,
        "the end of a magic taken for its begin",
    ),
    Fault(
        "image/catalogue.py",
        "sorted(fitting, key=lambda candidate: -candidate[0])",
        "sorted(fitting, key=lambda candidate: candidate[0])",
        "tests/image/disk/test_disks.py " + EVERY,
        "the shorter magic goes first",
    ),
)
