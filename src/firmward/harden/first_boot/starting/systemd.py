"""A unit that runs once. It has no default dependencies, since a socket that it must come before comes early."""

from firmward.facts.process import Manager
from firmward.facts.startup import Startup
from firmward.facts.units.load import Units
from firmward.facts.units.reach import TRIGGERS
from firmward.harden.site import Site

FOLDER = "etc/systemd/system"
NAMES = {"sshd": ("ssh", "sshd"), "httpd": ("httpd", "apache2")}
"""Units of programs that are called otherwise."""


def start(site: Site, name: str, script: str, servers: tuple[str, ...], place: str) -> None:
    unit = f"{name}.service"
    site.draft.write(
        f"{FOLDER}/{unit}",
        "[Unit]\n"
        "Description=Make what belongs to this device alone\n"
        "DefaultDependencies=no\n"
        f"RequiresMountsFor={place.rpartition('/')[0] or '/'}\n"
        "After=local-fs.target systemd-remount-fs.service\n"
        f"Before=shutdown.target {' '.join(_before(site, servers))}\n"
        "Conflicts=shutdown.target\n"
        "\n[Service]\n"
        "Type=oneshot\n"
        "RemainAfterExit=yes\n"
        f"ExecStart={script}\n"
        "\n[Install]\n"
        "WantedBy=multi-user.target\n",
    )
    site.draft.link(f"{FOLDER}/multi-user.target.wants/{unit}", f"../{unit}")


def _before(site: Site, servers: tuple[str, ...]) -> list[str]:
    startup = site.facts.families.get(Startup)
    processes = startup.processes if isinstance(startup, Startup) else ()
    own = {one.service for one in processes if one.manager is Manager.SYSTEMD and one.program in servers}
    usual = {f"{name}.service" for server in servers for name in NAMES.get(server, (server,))}
    stems = {unit.removesuffix(".service").removesuffix("@") for unit in own | usual}
    sockets = {f"{stem}.{kind}" for stem in stems for kind in TRIGGERS if kind == "socket"}
    there = set(Units(site.draft).names)
    return sorted((own | usual | sockets) & there) or sorted(usual)
