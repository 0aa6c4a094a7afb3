"""Yocto with systemd: dropbear behind a socket, presets applied when the image is built."""

from firmward.model.memory import Content, link
from systems.debian import BASE, LOCAL, UNITS, enabled
from systems.row import System
from systems.shared import programs

SSH: dict[str, Content] = {
    **BASE,
    **programs("usr/sbin/dropbear", "usr/sbin/dropbearkey"),
    "etc/os-release": "ID=poky\nVERSION_ID=5.0\n",
    f"{UNITS}/dropbear.socket": (
        "[Socket]\nListenStream=22\nAccept=yes\n[Install]\nWantedBy=sockets.target\nAlso=dropbearkey.service\n"
    ),
    f"{UNITS}/dropbear@.service": (
        '[Unit]\nWants=dropbearkey.service\n[Service]\nEnvironment="DROPBEAR_RSAKEY_DIR=/etc/dropbear"\n'
        "EnvironmentFile=-/etc/default/dropbear\n"
        "ExecStart=-/usr/sbin/dropbear -i -r ${DROPBEAR_RSAKEY_DIR}/dropbear_rsa_host_key $DROPBEAR_EXTRA_ARGS\n"
        "StandardInput=socket\n"
    ),
}
ON: dict[str, Content] = {**SSH, **enabled("dropbear.socket", "sockets.target")}
SSH_ONLY = "[[listen]]\nport = 22\n"

SYSTEMS = (
    System(
        "yocto-dropbear-by-socket-keys-only",
        {**ON, "etc/default/dropbear": 'DROPBEAR_EXTRA_ARGS="-s -g -j -k"\n'},
        policy=SSH_ONLY,
    ),
    System(
        "yocto-dropbear-by-socket-debug-tweaks",
        {
            **ON,
            "etc/default/dropbear": 'DROPBEAR_EXTRA_ARGS=" -B"\n',
            "etc/shadow": "root::15069:0:99999:7:::\n",
        },
        (
            ("ssh-empty-passwords", None),
            ("ssh-password-login", None),
            ("ssh-root-login", None),
            ("account-empty-password", "root"),
        ),
        SSH_ONLY,
    ),
    System("yocto-dropbear-socket-masked", {**ON, f"{LOCAL}/dropbear.socket": link("/dev/null")}),
    System("yocto-dropbear-installed-only", SSH),
    System(
        "yocto-image-not-yet-preset",
        {
            **{path: node for path, node in SSH.items() if path != "etc/machine-id"},
            "usr/lib/systemd/system-preset/98-default.preset": "enable dropbear.socket\ndisable *\n",
            "etc/default/dropbear": 'DROPBEAR_EXTRA_ARGS="-w"\n',
        },
        (("undeclared-listener", None), ("ssh-password-login", None)),
        nothing_else=False,
    ),
)
