"""What a program has to be good for under its sandbox, asked inside a guest: all of it, or what is named."""

import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import guest

from firmward.facts.sandbox import Sandbox

PLACE = "/opt/needs.sh"
ASKING_SECONDS = 1500.0
"""For all needs; under emulation, on a machine that does other work too, a container takes half a minute."""
ASKED = """\
asked() {
  case ",$WANTED," in ,, | *",$1,"*) ;; *) return ;; esac
  if said=$( (eval "$2") 2>&1 ); then echo "met: $1"; else echo "unmet: $1: $(echo $said | tail -c 300)"; fi
}
"""


@dataclass(frozen=True, slots=True)
class Need:
    """A `name`, and the shell `command` that ends well where the need is met."""

    name: str
    command: str


@dataclass(frozen=True, slots=True)
class Answer:
    met: frozenset[str]
    unmet: tuple[str, ...]
    said: str


def lay(root: Path, head: str, needs: Iterable[Need]) -> None:
    calls = "".join(f"asked {shlex.quote(one.name)} {shlex.quote(one.command)}\n" for one in needs)
    (root / PLACE[1:]).write_text("WANTED=$1\n" + head + ASKED + calls)


def asked(machine: guest.Guest, environment: str, names: Iterable[str] = ()) -> Answer:
    """All needs where none is named."""
    _, said = machine.run(f"{environment} sh {PLACE} {shlex.quote(','.join(names))}", ASKING_SECONDS)
    found = re.findall(r"^(met|unmet): ([^:\n]+)", said, re.MULTILINE)
    return Answer(
        frozenset(name for word, name in found if word == "met"),
        tuple(name for word, name in found if word == "unmet"),
        said,
    )


def confine(machine: guest.Guest, unit: str, row: Sandbox | None, *more: str) -> None:
    """Starts the unit anew under a row and `more` settings; whether it starts is for others to ask."""
    lines = [f"{key}={value}" for key, value in row.settings()] if row is not None else []
    text = "\n".join(("[Service]", *lines, *more, ""))
    place = f"/etc/systemd/system/{unit}.service.d"
    machine.run(
        f"mkdir -p {place}; printf %s {shlex.quote(text)} > {place}/50-row.conf; systemctl daemon-reload; "
        f"systemctl reset-failed; timeout 60 systemctl restart {unit}"
    )
