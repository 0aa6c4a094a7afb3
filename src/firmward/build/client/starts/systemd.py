"""systemd: a unit, and a drop-in by which the system wants it: no link is needed (systemd.unit(5)).

It may write to the device's own folder alone, and mounts a stick where nobody else sees it.
"""

from firmward.build.client.starts import loop
from firmward.model.tree import Tree

NAME = "systemd"
PROGRAM = "usr/lib/systemd/systemd"
UNITS = "usr/lib/systemd/system"
PATH = f"{UNITS}/firmward-update.service"
WANTED = f"{UNITS}/multi-user.target.d/firmward-update.conf"
UNIT = f"""\
[Unit]
Description=Ask for updates
After=network.target local-fs.target

[Service]
ExecStart=/{loop.PATH}
Restart=always
RestartSec=60
NoNewPrivileges=yes
PrivateMounts=yes
ProtectHome=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictRealtime=yes
"""


def is_there(tree: Tree) -> bool:
    return tree.is_file(PROGRAM)


def files(_tree: Tree) -> dict[str, tuple[bytes, int]]:
    return {PATH: (UNIT.encode(), 0o644), WANTED: (b"[Unit]\nWants=firmward-update.service\n", 0o644)}
