"""All targets one after the other: `python fuzz --seconds 60` gives each of them that long, and one line for each.

Exit code 1 when any of them found something; what it found is printed by the target itself.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

TARGETS = ("image", "formats", "parsers", "systems", "feeds", "components")


def run(target: str, seconds: float, seed: int) -> bool:
    """Whether the target found nothing."""
    words = ["--seconds", f"{seconds:g}", "--seed", str(seed)]
    started = time.monotonic()
    program = str(Path(__file__).with_name(f"{target}.py"))
    done = subprocess.run([sys.executable, program, *words], stdout=subprocess.PIPE, text=True, check=False)
    took = time.monotonic() - started
    lines = done.stdout.strip().splitlines() or ["nothing was said"]
    if done.returncode:
        print(done.stdout)
    print(f"{target}: {'ok' if done.returncode == 0 else 'FAILED'}, {took:.0f} s, seed {seed}: {'; '.join(lines[-3:])}")
    return done.returncode == 0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    results = [run(target, options.seconds, options.seed) for target in TARGETS]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
