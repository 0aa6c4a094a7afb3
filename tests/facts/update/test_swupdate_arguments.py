"""SWUpdate's arguments from the fragments that its wrapper sources."""

from datetime import date

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.facts.startup import Startup
from firmward.facts.systemd import SystemdUnits
from firmward.facts.update.surroundings import Surroundings
from firmward.facts.update.swupdate_arguments import given
from firmward.model.clock import Clock
from firmward.model.memory import Content, MemoryTree, executable
from firmward.model.policy import parse_policy

WRAPPER = """#!/bin/sh
SWUPDATE_ARGS="-v"
for f in $( (ls -1 /usr/lib/swupdate/conf.d; ls -1 /etc/swupdate/conf.d) | sort -u); do
  if [ -f /etc/swupdate/conf.d/$f ]; then . /etc/swupdate/conf.d/$f; else . /usr/lib/swupdate/conf.d/$f; fi
done
exec /usr/bin/swupdate $SWUPDATE_ARGS -u "$SWUPDATE_SURICATTA_ARGS"
"""
SHIPPED = "usr/lib/swupdate/conf.d"
OWN = "etc/swupdate/conf.d"
SYSTEM: dict[str, Content] = {
    "etc/inittab": "::respawn:/usr/lib/swupdate/swupdate.sh\n",
    "usr/lib/swupdate/swupdate.sh": executable(WRAPPER),
    "usr/bin/swupdate": executable(b"\x7fELF"),
    f"{SHIPPED}/10-key": 'SWUPDATE_ARGS="${SWUPDATE_ARGS} -k /etc/key.pem -N 1.2"\n',
    f"{SHIPPED}/30-server": 'SWUPDATE_SURICATTA_ARGS="-u https://updates.example -t default"\n',
}


def words(files: dict[str, Content]) -> list[str]:
    tree = MemoryTree(files)
    found = Collection(tree).facts("test", (Startup, SystemdUnits)).families
    around = Surroundings(tree, found[Startup], None)  # type: ignore[arg-type]
    return [word for one in given(around) for word in one.words]


def verdict(check: str, files: dict[str, Content]) -> Verdict:
    found = find_check(check)
    facts = Collection(MemoryTree(files)).facts("test", families([found]))
    return judge(found, facts, parse_policy(""), Clock(date(2026, 11, 20)))


def test_fragments_give_arguments() -> None:
    found = words(SYSTEM)
    assert {"-k", "/etc/key.pem", "-N", "-v"} <= set(found)
    assert "-u https://updates.example -t default" in found


def test_a_file_in_etc_stands_for_its_namesake() -> None:
    assert "-k" not in words({**SYSTEM, f"{OWN}/10-key": "# not yet\n"})
    assert "-k" in words({**SYSTEM, f"{OWN}/11-key": "# not yet\n"})


def test_every_way_of_a_fragment_is_listed() -> None:
    slots = (
        'case $(cat /proc/cmdline) in\n*a*) SWUPDATE_ARGS="$SWUPDATE_ARGS -e s,b" ;;\n'
        '*) [ -e /x ] && SWUPDATE_ARGS="-e s,a" ;;\nesac\n'
    )
    found = words({**SYSTEM, f"{SHIPPED}/20-slots": slots})
    assert {"s,a", "s,b"} <= set(found)


def test_an_address_is_told_where_it_stands() -> None:
    server = 'SWUPDATE_SURICATTA_ARGS="-u http://updates.example -t default"\n'
    [finding] = verdict("update-over-plaintext", {**SYSTEM, f"{OWN}/30-server": server}).findings
    assert finding.at is not None
    assert (finding.at.path, finding.at.line) == (f"{OWN}/30-server", 1)


def test_an_address_that_is_not_known_is_no_plain_one() -> None:
    server = 'SWUPDATE_SURICATTA_ARGS="-u $SERVER -t default"\n'
    found = verdict("update-over-plaintext", {**SYSTEM, f"{OWN}/30-server": server})
    assert (found.outcome.value, found.findings) == ("unknown", ())
