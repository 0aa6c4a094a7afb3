"""How a service is started no more, one manager a file.

A file is called as the manager is in facts/process.py, and has `disable(site, name)`, which changes the draft so that
the service of this name, as that manager's facts give it, is not started; it raises Refused where it finds no such one,
and does nothing where it is disabled.
"""

from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

from firmward.harden.site import Site

Disable = Callable[[Site, str], None]


def by_name(manager: str) -> Disable | None:
    if manager not in {file.name for file in iter_modules(__path__)}:
        return None
    found: Disable = import_module(f"{__name__}.{manager}").disable
    return found
