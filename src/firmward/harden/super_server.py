"""The tables of inetd and xinetd."""

from firmward.facts.process import Manager
from firmward.facts.startup import Startup
from firmward.harden.site import Site


def tables(site: Site, manager: Manager, usual: tuple[str, ...]) -> tuple[str, ...]:
    """The files that say what this super-server serves: those that it is started with, and the `usual` ones."""
    startup = site.facts.families.get(Startup)
    processes = startup.processes if isinstance(startup, Startup) else ()
    known = [one.at.path for one in processes if one.manager is manager and one.at.path]
    return tuple(path for path in dict.fromkeys([*known, *usual]) if site.draft.is_file(path))
