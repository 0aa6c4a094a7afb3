"""inetd: the service's lines go from all its tables."""

from firmward.facts import inetd
from firmward.facts.process import Manager
from firmward.harden import super_server
from firmward.harden.draft import Refused
from firmward.harden.lines import Lines
from firmward.harden.site import Site


def disable(site: Site, name: str) -> None:
    usual = tuple(path for pattern in inetd.PATHS for path in site.draft.glob(pattern))
    tables = super_server.tables(site, Manager.INETD, usual)
    if not tables:
        raise Refused("there is no table of inetd")
    for path in tables:
        served = inetd.read(site.draft, (path,)).processes
        meant = {(one.at.line or 0) - 1 for one in served if one.service == name and one.at.path == path}
        if meant:
            lines = Lines.of(site.draft, path)
            lines.all = [line for index, line in enumerate(lines.all) if index not in meant]
            lines.write()
