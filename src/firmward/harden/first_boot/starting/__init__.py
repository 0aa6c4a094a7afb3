"""How a script is run once at boot, before the servers that want what it makes, one init a file.

A file is called as the program in facts/init.py, and has `start(site, name, script, servers, place)`: a service `name`
that runs `script` once `place` is mounted. It raises Refused where that cannot be.
"""

from importlib import import_module
from pkgutil import iter_modules

from firmward.facts.collection import Collection
from firmward.facts.init import Init
from firmward.harden.draft import Refused
from firmward.harden.site import Site


def start(site: Site, name: str, script: str, servers: tuple[str, ...], place: str) -> None:
    init = Collection(site.draft).get(Init)
    known = {file.name for file in iter_modules(__path__)}
    if not isinstance(init, Init) or init.program.value not in known:
        raise Refused("how this system starts something at boot is not known")
    import_module(f"{__name__}.{init.program.value}").start(site, name, script, servers, place)
