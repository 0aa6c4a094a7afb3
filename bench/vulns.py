"""The database of vulnerabilities: made from all of the kernel's flaws, and asked."""

import os
import sys
from pathlib import Path

from measure import best_in_turn, cost, table
from root_image import FOLDER

DATA = "FIRMWARD_TEST_DATA"
"""Where the kernel's flaws are, one a line, in vuln/kernel_cna.jsonl.zst."""
MADE = 120_000
"""Claims of a database that is made to be asked: on 2,000 products, a few of which have most, as in NVD."""
PRODUCTS = 2_000
BUILD = """
import sys
from pathlib import Path
from firmward.vulns.settings import Settings
from firmward.vulns.update import Means, update, wanted
path = Path(sys.argv[2])
path.unlink(missing_ok=True)
(done,) = update(path, wanted([], {"kernel": [Path(sys.argv[1])]}, Settings(), anew=False), Means())
print(f"{done.told.records} flaws, {path.stat().st_size / 1e6:.1f} MB")
"""
LOAD = """
import sys, time
from pathlib import Path
from firmward.vulns.database import Database
started = time.process_time()
flaws = Database(Path(sys.argv[1])).kernel()
loaded = time.process_time()
count = sum(1 for one in flaws)
made = time.process_time()
applying = sum(1 for _ in flaws.applying(lambda introduced, fixed: introduced == "0"))
asked = time.process_time()
times = (loaded - started, made - loaded, asked - made)
print("{} read in {:.1f} ms, made into records in {:.1f} ms, each pair asked in {:.1f} ms".format(
    count, *(spent * 1000 for spent in times)))
"""
ASK = """
import sys, time
from pathlib import Path
from firmward.vulns.database import Database
from firmward.vulns.intake import Extent, Intake
from firmward.vulns import schema
from firmward.vulns.record import About, Claim, Product, Range
from datetime import datetime, UTC
path, claims, products = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
if not path.exists():
    with schema.writing(path) as connection, Intake(connection, "nvd", Extent.WHOLE, datetime.now(UTC)) as intake:
        for number in range(claims):
            name = f"CVE-2026-{number:06}"
            product = f"product-{int((number * 7919 % claims / claims) ** 2 * products)}"
            ranges = tuple(Range(f"{one}.0", f"{one}.{number % 30}") for one in range(1, 1 + number % 5))
            intake.add(name, [About(name), Claim(name, "nvd", "nvd", Product("maker", product, ranges=ranges))])
database = Database(path)
wanted = [("maker", f"product-{number}") for number in range(0, products, 4)]
database.claims(wanted[:1])
started = time.process_time()
found = sum(len(database.claims([one])) for one in wanted)
spent = (time.process_time() - started) / len(wanted)
print(f"{found} claims on {len(wanted)} products of {claims} claims, {spent * 1000:.2f} ms a product")
"""


def section(rounds: int) -> str:
    head = "## Database of vulnerabilities\n\n"
    given = Path(os.environ.get(DATA, "/nonexistent"), "vuln", "kernel_cna.jsonl.zst")
    if not given.is_file():
        return f"{head}Not measured: {DATA} has no vuln/{given.name}."
    FOLDER.mkdir(parents=True, exist_ok=True)
    made, asked = FOLDER / "vulns-kernel.sqlite", FOLDER / "vulns-asked.sqlite"
    asked.unlink(missing_ok=True)
    cost([sys.executable, "-c", ASK, str(asked), str(MADE), str(PRODUCTS)])
    jobs = {
        "all of the kernel's flaws taken": [BUILD, str(given), str(made)],
        "the kernel's flaws read": [LOAD, str(made)],
        "components asked": [ASK, str(asked), str(MADE), str(PRODUCTS)],
    }
    found = best_in_turn(
        tuple(lambda words=words: cost([sys.executable, "-c", *words]) for words in jobs.values()), rounds
    )
    rows = [
        [name, f"{one.cpu:.2f}", f"{one.wall:.2f}", str(one.memory), one.note]
        for name, one in zip(jobs, found, strict=True)
    ]
    words = "The marks are 60 s and 300 MiB to take all of the kernel's flaws, and 2 ms to ask for a component."
    return f"{head}{words}\n\n{table(['job', 'CPU s', 'wall s', 'peak MiB', 'result'], rows)}"
