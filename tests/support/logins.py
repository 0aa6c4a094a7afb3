"""What a login over SSH has to be good for, each asked inside a guest of a server that runs under its sandbox.

All of it is asked from outside the login too: a file that only the login sees is not one that an administrator wrote.
"""

import shlex
from pathlib import Path

import guest
import needs
from needs import Need

from real import roots

ROOT = roots.Root(
    "login-guest",
    ("linux-image-cloud-amd64", "openssh-server", "openssh-client", "dropbear", "sudo", "libpam-systemd", "apparmor",
     "busybox", "python3", "procps", *roots.SYSTEMD),
)  # fmt: skip


NEEDS = (
    Need("a login of root", 'test "$(as_root id -un)" = root'),
    Need("a login of a user", 'test "$(as_user id -un)" = user'),
    Need("a terminal", 'ssh -tt $OPTIONS user@127.0.0.1 "stty -a >/dev/null && tty" | grep -q ^/dev/pts/'),
    Need("a file at home", 'as_user "echo $$ > kept" && grep -qx $$ /home/user/kept'),
    Need("a file in /tmp that the system sees", 'as_user "echo $$ > /tmp/kept" && grep -qx $$ /tmp/kept'),
    Need("scp", "scp -Oq $COPY /opt/sent user@127.0.0.1:sent && scp -Oq $COPY user@127.0.0.1:sent /run/back && "
         "cmp /opt/sent /home/user/sent && cmp /opt/sent /run/back"),
    Need("sftp", "scp -sq $COPY /opt/sent root@127.0.0.1:/etc/sent && scp -sq $COPY root@127.0.0.1:/etc/sent /run/back"
         " && cmp /opt/sent /run/back"),
    Need("sudo", 'test "$(as_user sudo -n id -u 2>&1)" = 0'),
    Need("su", 'as_user "echo secret | su -c \'id -u\' root" | grep -qx 0 && '
         'test "$(as_root su user -c whoami)" = user'),
    Need("a setuid program", 'as_user passwd -S | grep -q "^user P "'),
    Need("a file in /etc that services read", 'rm -f /etc/kept; as_root "echo $$ > /etc/kept" && '
         "grep -qx $$ /etc/kept && test $(stat -c %a /etc/kept) = 644"),
    Need("a package with a setuid program installed", 'as_root "dpkg -i /opt/tried.deb >/dev/null" && '
         "test $(stat -c %u%a /usr/bin/tried) = 10004755"),
    Need("files of others read and given away", "chown root /opt/given; "
         'as_root "chown user:user /opt/given && cat /home/user/private" | grep -qx hidden && '
         "test $(stat -c %U /opt/given) = user"),
    Need("processes of others seen and ended", "systemctl -q stop sleeper; "
         "systemd-run -q --collect -p User=user --unit=sleeper sleep 600 && "
         'as_root "ps -eo user,args | grep -q ^user.*[s]leep && pkill -u user -x sleep" && '
         "! systemctl -q is-active sleeper"),
    Need("addresses of the network", 'test "$(as_root ip -o addr | wc -l)" = "$(ip -o addr | wc -l)"'),
    Need("limits and priorities", 'test "$(as_user "ulimit -n; nice -n 5 nice")" = "$(printf \'1024\\n5\')"'),
    Need("load and memory of the system", 'as_root "uptime && free && top -bn1" | grep -q "load average"'),
    Need("the journal", "as_root journalctl -n 5 -o cat --no-pager | grep -q ."),
    Need("a service restarted", "systemctl stop tried; as_root systemctl restart tried && "
         "systemctl -q is-active tried"),
    Need("a reboot", "rm -f /run/rebooted; as_root systemctl reboot; sleep 1; test -e /run/rebooted"),
    Need("a mount by systemd-run", "umount /mnt 2>/dev/null; "
         "as_root systemd-run -q --wait --pipe mount -t tmpfs kept /mnt && mountpoint -q /mnt"),
)  # fmt: skip
DISK = "1600M"
FILES = {
    "opt/sent": "what is sent\n" * 5000,
    "opt/given": "given\n",
    "etc/sudoers.d/user": "user ALL=(ALL) NOPASSWD: ALL\n",
    "etc/ssh/sshd_config.d/guest.conf": "Port 22\nPrintMotd no\nPrintLastLog no\n",
    "etc/hostname": "guest\n",
    "etc/hosts": "127.0.0.1 localhost guest\n",
    "etc/default/dropbear": "DROPBEAR_PORT=24\n",
    "etc/systemd/system/tried.service": "[Service]\nExecStart=/bin/sleep infinity\n",
    # a reboot that is asked for, and does not come: many of them are tried in one run
    "etc/systemd/system/reboot.target": "[Unit]\nAllowIsolate=yes\nWants=rebooted.service\n",
    "etc/systemd/system/rebooted.service": "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\n"
    "ExecStart=/bin/touch /run/rebooted\n",
}
KEY = "-i /root/.ssh/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
SHARED = (
    "-o LogLevel=ERROR -o ConnectTimeout=20 -o ControlPath=/run/%r-$PORT -o ControlMaster=auto -o ControlPersist=60"
)
HEAD = f"""\
COPY="{KEY} {SHARED} -P $PORT"
OPTIONS="{KEY} {SHARED} -p $PORT"
as_root() {{ timeout 30 ssh $OPTIONS root@127.0.0.1 "$@"; }}
as_user() {{ timeout 30 ssh $OPTIONS user@127.0.0.1 "$@"; }}
# a login from before would have the sandbox from before
for who in root user; do ssh -q -O exit -o ControlPath=/run/$who-$PORT x; rm -f /run/$who-$PORT; done 2>/dev/null
for tried in 1 2 3 4 5 6; do ss -ltn | grep -q ":$PORT " && break; sleep 0.5; done
"""
SETUP = """\
ip link set lo up; umask 022
mkdir -p /root/.ssh; ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/key; cp /root/.ssh/key.pub /root/.ssh/authorized_keys
useradd -m -s /bin/bash user; mkdir -p /home/user/.ssh; cp /root/.ssh/key.pub /home/user/.ssh/authorized_keys
echo hidden > /home/user/private; chmod 600 /home/user/private; chown -R user /home/user
printf 'root:secret\\nuser:secret\\n' | chpasswd
mkdir -p /opt/tried/DEBIAN /opt/tried/usr/bin; cp /bin/true /opt/tried/usr/bin/tried
cat > /opt/tried/DEBIAN/control <<END
Package: tried
Version: 1
Architecture: all
Maintainer: nobody
Description: tried
END
chown user /opt/tried/usr/bin/tried; chmod 4755 /opt/tried/usr/bin/tried; dpkg-deb -b /opt/tried /opt/tried.deb
"""


def laid(root: Path) -> None:
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    needs.lay(root, HEAD, NEEDS)
    (root / "opt/head.sh").write_text(HEAD)


def is_done(machine: guest.Guest, environment: str, command: str) -> bool:
    """Whether a login does it."""
    return machine.run(f"{environment} sh -c {shlex.quote(f'. /opt/head.sh; {command}')}")[0] == 0
