"""Where startpar starts the scripts, a new one is in its table, behind and before what it has to be."""

from firmward.harden import insserv
from firmward.harden.draft import Draft
from firmward.model.memory import MemoryTree

TABLE = "TARGETS = syslog dropbear rc.local\nINTERACTIVE =\ndropbear: syslog\nrc.local: dropbear\n"


def draft(table: str | None = TABLE) -> Draft:
    return Draft(MemoryTree({} if table is None else {insserv.START: table}))


def test_a_script_is_started_before_whom_it_serves() -> None:
    place = draft()
    insserv.enlist(place, insserv.START, "make-key", before=("dropbear", "sshd"), after=("syslog", "gone"))
    assert place.text(insserv.START) == (
        "TARGETS = syslog dropbear rc.local make-key\nINTERACTIVE =\ndropbear: syslog make-key\nrc.local: dropbear\n"
        "make-key: syslog\n"
    )


def test_twice_changes_nothing() -> None:
    place = draft()
    for _ in range(2):
        insserv.enlist(place, insserv.START, "make-key", before=("dropbear",))
        insserv.enlist(place, insserv.START, "late", after=("rc.local",))
    once = draft()
    insserv.enlist(once, insserv.START, "make-key", before=("dropbear",))
    insserv.enlist(once, insserv.START, "late", after=("rc.local",))
    assert place.text(insserv.START) == once.text(insserv.START)


def test_without_a_table_there_is_none_afterwards() -> None:
    for table in (None, "", "no targets here\n"):
        place = draft(table)
        insserv.enlist(place, insserv.START, "make-key", before=("dropbear",))
        assert list(place.touched()) == []
