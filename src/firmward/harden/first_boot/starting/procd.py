"""A script under rc.common, with the link that `enable` makes."""

from firmward.harden.first_boot import ordering
from firmward.harden.site import Site

LINKS = "etc/rc.d"


def start(site: Site, name: str, script: str, servers: tuple[str, ...], place: str) -> None:
    number = ordering.before(site.draft, LINKS, servers)
    text = f"#!/bin/sh /etc/rc.common\n\nSTART={number:02}\n\nstart() {{\n\t{script}\n}}\n"
    site.draft.write(f"etc/init.d/{name}", text, 0o755)
    for path in site.draft.glob(f"{LINKS}/S??{name}"):
        site.draft.remove(path)
    site.draft.link(f"{LINKS}/S{number:02}{name}", f"../init.d/{name}")
