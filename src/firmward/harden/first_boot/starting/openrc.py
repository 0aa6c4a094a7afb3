"""A service of the default runlevel, before those of the servers."""

from firmward.harden import runlevels
from firmward.harden.site import Site

NAMES = {"sshd": ("sshd",), "apache2": ("apache2",), "dbus-daemon": ("dbus",)}


def start(site: Site, name: str, script: str, servers: tuple[str, ...], place: str) -> None:
    before = " ".join(dict.fromkeys(one for server in servers for one in NAMES.get(server, (server,))))
    text = (
        "#!/sbin/openrc-run\n"
        'description="Make what belongs to this device alone"\n\n'
        f"depend() {{\n\tafter {' '.join(runlevels.MOUNTS)}\n\tbefore {before}\n}}\n\n"
        f'start() {{\n\tebegin "Making what belongs to this device alone"\n\t{script}\n\teend $?\n}}\n'
    )
    site.draft.write(f"etc/init.d/{name}", text, 0o755)
    site.draft.link(f"etc/runlevels/default/{name}", f"/etc/init.d/{name}")
