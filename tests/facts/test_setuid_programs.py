"""Which files run with their owner's rights: what Linux heeds, and nothing else."""

import pytest

from firmward.facts.collection import Collection
from firmward.facts.setuid_programs import Content, SetuidProgram, SetuidPrograms
from firmward.model.memory import MemoryTree, Node, link

ELF = b"\x7fELF\x02\x01\x01"


def programs(files: dict[str, str | bytes | Node]) -> tuple[SetuidProgram, ...]:
    found = Collection(MemoryTree(files)).get(SetuidPrograms)
    assert isinstance(found, SetuidPrograms), found
    return found.programs


@pytest.mark.parametrize(
    ("mode", "counts"),
    [
        (0o4755, True),
        (0o4700, True),
        (0o4001, True),
        (0o4644, False),
        (0o2755, True),
        (0o2745, False),
        (0o2010, True),
        (0o6644, False),
        (0o1755, False),
        (0o755, False),
    ],
)
def test_the_bit_counts_where_the_file_may_be_run(mode: int, counts: bool) -> None:
    assert bool(programs({"usr/bin/tool": Node(ELF, mode)})) is counts


def test_a_script_is_told_as_one() -> None:
    (found,) = programs({"usr/bin/tool": Node("#!/bin/sh\n", 0o4755)})
    assert found.content is Content.SCRIPT


def test_the_links_that_lead_to_a_program_are_its_names() -> None:
    (found,) = programs(
        {"bin/busybox": Node(ELF, 0o4755), "bin/su": link("busybox"), "bin/x": link("/opt/busybox"), "opt/busybox": ELF}
    )
    assert (found.content, found.names, found.limited) == (Content.MULTI_CALL, ("su",), False)
