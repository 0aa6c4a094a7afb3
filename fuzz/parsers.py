"""Seeded mutations of real samples for the parsers of the chain of trust: only Malformed may come out, within bounds.

    fuzz/parsers.py --seconds 60 --only fit --seed 7

These are the formats that are no containers: device trees and FITs, U-Boot, images for boot ROMs, EFI, kernels, keys
and signatures (`tests/support/parsers`). Half of what has checksums gets them made right again. Each call has bounds in
seconds of the processor and in memory that it touches (`tests/support/bounded.py`). The same seed gives the same
inputs; a failure prints its seed and leaves the input beside the working folder's name.
"""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import samples
from bounded import Bounds, OutOfBounds, call
from mutated import damaged
from parsers import Parser, made, parsers

PARSERS: dict[str, Parser] = {one.name: one for one in parsers()}
BOUNDS = Bounds(seconds=10.0)
"""One input may take this long on a busy machine: each parser asks several questions."""


def fuzz(parser: Parser, seconds: float, first: int) -> int:
    """Gives the number of failures."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            corpus = made(parser, Path(folder))
        except samples.NoProgramError as error:
            print(f"{parser.name}: {error}", file=sys.stderr)
            return 0
    for data in corpus:
        parser.ask(data)  # what is made once, such as keys, is made here
    failures, longest, seed = 0, 0.0, first
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = damaged(corpus, parser.mend, seed)
        try:
            longest = max(longest, call(parser.ask, data, BOUNDS))
        except (Exception, OutOfBounds):
            failures += 1
            kept = Path(f"fuzz-{parser.name}-{seed}.bin")
            kept.write_bytes(data)
            print(f"{parser.name}: seed {seed} fails, kept as {kept}")
            traceback.print_exc()
        seed += 1
    told = f"{seed - first} inputs from {len(corpus)} samples, {failures} failures, the longest {longest:.2f} s"
    print(f"{parser.name}: {told}", flush=True)
    return failures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0, help="in all, shared by the parsers")
    parser.add_argument("--only", choices=sorted(PARSERS), nargs="*")
    parser.add_argument("--seed", type=int, default=0, help="the first one")
    options = parser.parse_args()
    names = options.only or sorted(PARSERS)
    share = options.seconds / len(names)
    sys.exit(1 if sum(fuzz(PARSERS[name], share, options.seed) for name in names) else 0)


if __name__ == "__main__":
    main()
