"""xinetd: `disable = yes` in the block of the service, in all its tables; `disable` counts once, and stays where it
stood."""

import re

from firmward.facts import xinetd
from firmward.facts.process import Manager
from firmward.formats.xinetd import Block, parse
from firmward.harden import super_server
from firmward.harden.draft import Refused
from firmward.harden.lines import Lines
from firmward.harden.site import Site

DISABLE = re.compile(r"(\s*)disable(\s*)[+-]?=")


def disable(site: Site, name: str) -> None:
    usual = tuple(one.at.path or "" for one in xinetd.read(site.draft, xinetd.PATH).processes)
    tables = super_server.tables(site, Manager.XINETD, usual)
    if not tables:
        raise Refused("there is no table of xinetd")
    for path in tables:
        lines = Lines.of(site.draft, path)
        blocks = parse("\n".join(lines.all)).blocks
        for block in reversed(blocks):
            if block.kind == "service" and name in (block.get("id") or block.name, block.name):
                _switch_off(lines, block)
        lines.write()


def _switch_off(lines: Lines, block: Block) -> None:
    head = next((index for index in range(block.line - 1, len(lines.all)) if "{" in _told(lines.all[index])), None)
    if head is None or _told(lines.all[head]).partition("{")[2].strip():
        raise Refused(f"{lines.path}:{block.line}: the block of {block.name} is not written as one line an attribute")
    place = block.lines.get("disable")
    if place is None:
        lines.all.insert(head + 1, "\tdisable = yes")
        return
    found = DISABLE.match(lines.all[place - 1])
    before, after = found.groups() if found is not None else ("\t", " ")
    lines.all[place - 1] = f"{before}disable{after}= yes"


def _told(line: str) -> str:
    return "" if line.lstrip().startswith("#") else line
