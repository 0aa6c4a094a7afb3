"""A script with links in the runlevels that have some, or, where init runs etc/init.d/S??* as BusyBox's does, there."""

from firmward.harden import insserv
from firmward.harden.draft import Refused
from firmward.harden.first_boot import ordering
from firmward.harden.first_boot.starting import busybox
from firmward.harden.site import Site

LEVELS = tuple(
    (folder, relative)
    for level in "2345"
    for folder, relative in (
        (f"etc/rc{level}.d", "../init.d"),
        (f"etc/rc.d/rc{level}.d", "../../init.d"),
        (f"etc/init.d/rc{level}.d", ".."),
    )
)
HEADER = """\
### BEGIN INIT INFO
# Provides:          {name}
# Required-Start:    $local_fs
# Required-Stop:
# X-Start-Before:    {servers}
# Default-Start:     2 3 4 5
# Default-Stop:
# Short-Description: Make what belongs to this device alone
### END INIT INFO
"""


def start(site: Site, name: str, script: str, servers: tuple[str, ...], place: str) -> None:
    draft = site.draft
    levels = [(folder, relative) for folder, relative in LEVELS if draft.names(folder)]
    if not levels:
        if draft.glob("etc/init.d/S[0-9][0-9]*"):
            busybox.start(site, name, script, servers, place)
            return
        raise Refused("no runlevel has links to scripts")
    header = HEADER.format(name=name, servers=" ".join(servers))
    draft.write(f"etc/init.d/{name}", f'#!/bin/sh\n{header}case "$1" in\n\tstart) {script} ;;\nesac\n', 0o755)
    for folder, relative in levels:
        if not draft.glob(f"{folder}/S??{name}"):
            draft.link(f"{folder}/S{ordering.before(draft, folder, servers):02}{name}", f"{relative}/{name}")
    insserv.enlist(draft, insserv.START, name, before=servers)
