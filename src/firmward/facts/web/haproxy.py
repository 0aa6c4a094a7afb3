"""What a HAProxy shows of itself. It serves no files: what it shows is its page of statistics (haproxy.py)."""

from firmward.facts.haproxy import PROGRAM, server
from firmward.facts.startup import Process
from firmward.facts.web.record import Feature, Trait, WebServer
from firmward.model.tree import Tree


def read(tree: Tree, process: Process) -> WebServer:
    found = server(tree, process)
    traits = tuple(
        Trait(
            Feature.ADMIN if page.is_admin else Feature.STATUS,
            page.section or "/",
            page.text,
            page.at,
            lines=page.lines,
        )
        for page in found.pages
    )
    user = process.user or found.user or "root"
    return WebServer(PROGRAM, process.service, process.at, user, traits=traits, unread=found.unread)
