"""What the systems of vendors and container hosts have in common: a small root that a careful engineer ships.

Read-only root on dm-verity, data encrypted with a key from the TPM, one user per service, everything declared.
"""

from firmward.model.memory import Content, Node, executable, link
from firmward.model.tree import Kind
from truth.key_material import DEVICE_CA, UPDATE_PUBLIC_KEY
from truth.row import Mistake

ELF = b"\x7fELF\x01\x01\x01" + bytes(57)
BINARY = executable(ELF)

SUPPORT = """\
[support]
until = 2028-03-31
years_from_activation = 1
contact = "https://maker.example/security"
after = "local-only"
"""

FILESYSTEM = """\
[filesystem]
verified = "verity"
writable = ["/data", "/run", "/tmp", "/var"]
setuid = []
encrypted = ["/data"]
key_store = "tpm"
"""

UPDATE = """\
[update]
server = "https://updates.maker.example"
mechanism = "other"
automatic = true
window = "02:00-04:00"

[modes]
advanced = "button"
"""

EGRESS = """\
[[egress]]
to = "updates.maker.example"
port = 443
protocol = "tcp"
rate = "2/s"

[[egress]]
to = "198.51.100.10/32"
port = 443
protocol = "tcp"
rate = "2/s"
"""

SYSCTL = """\
kernel.kptr_restrict = 2
kernel.dmesg_restrict = 1
kernel.yama.ptrace_scope = 2
kernel.unprivileged_bpf_disabled = 1
kernel.randomize_va_space = 2
kernel.perf_event_paranoid = 3
kernel.kexec_load_disabled = 1
kernel.sysrq = 0
kernel.core_pattern = |/bin/false
kernel.panic = 10
kernel.panic_on_oops = 1
kernel.oops_limit = 100
kernel.warn_limit = 100
kernel.io_uring_disabled = 2
fs.suid_dumpable = 0
fs.protected_hardlinks = 1
fs.protected_symlinks = 1
fs.protected_fifos = 2
fs.protected_regular = 2
vm.unprivileged_userfaultfd = 0
vm.mmap_min_addr = 65536
user.max_user_namespaces = 0
dev.tty.ldisc_autoload = 0
dev.tty.legacy_tiocsti = 0
net.core.bpf_jit_harden = 2
net.ipv4.tcp_syncookies = 1
net.ipv4.tcp_rfc1337 = 1
net.ipv4.icmp_echo_ignore_broadcasts = 1
net.ipv4.icmp_ignore_bogus_error_responses = 1
net.ipv4.conf.all.rp_filter = 1
net.ipv4.conf.default.rp_filter = 1
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.default.accept_redirects = 0
net.ipv4.conf.all.secure_redirects = 0
net.ipv4.conf.default.secure_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.default.send_redirects = 0
net.ipv4.conf.all.accept_source_route = 0
net.ipv4.conf.default.accept_source_route = 0
net.ipv4.conf.all.log_martians = 1
net.ipv4.conf.default.log_martians = 1
net.ipv6.conf.all.accept_redirects = 0
net.ipv6.conf.default.accept_redirects = 0
net.ipv6.conf.all.accept_source_route = 0
net.ipv6.conf.default.accept_source_route = 0
"""

FSTAB = """\
/dev/mapper/vroot  /      squashfs  ro,nodev                                      0 0
proc               /proc  proc      nosuid,nodev,noexec,hidepid=2                 0 0
sysfs              /sys   sysfs     ro,nosuid,nodev,noexec                        0 0
tmpfs              /tmp   tmpfs     nosuid,nodev,noexec,mode=1777,size=8m         0 0
tmpfs              /run   tmpfs     nosuid,nodev,noexec,mode=0755,size=4m         0 0
tmpfs              /var   tmpfs     nosuid,nodev,noexec,mode=0755,size=8m         0 0
tmpfs              /dev/shm  tmpfs  nosuid,nodev,noexec,mode=1777,size=4m         0 0
/dev/mapper/data   /data  ext4      nosuid,nodev,noexec,noauto                    0 0
"""


def firewall(inputs: str = "", outputs: str = "") -> str:
    """An nftables ruleset: nothing in, nothing out but what is said."""
    return f"""\
#!/usr/sbin/nft -f
flush ruleset

table inet fence {{
	chain input {{
		type filter hook input priority filter; policy drop;
		iif "lo" accept
		ct state invalid drop
		ct state established,related accept
		{inputs}
	}}
	chain forward {{
		type filter hook forward priority filter; policy drop;
	}}
	chain output {{
		type filter hook output priority filter; policy drop;
		oif "lo" accept
		ct state established,related accept
		ip daddr 198.51.100.10 tcp dport 443 limit rate 2/second accept
		{outputs}
	}}
}}
"""


LAN = "ip saddr { 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 }"


def profile(program: str, rules: str) -> str:
    """An AppArmor profile that is enforced."""
    return f"""\
abi <abi/3.0>,

{program} {{
  /etc/ssl/** r,
  /lib/** mr,
  /usr/lib/** mr,
  {program} mr,
  /data/tls/* r,
  network inet stream,
  network inet6 stream,
  {rules}
}}
"""


def confined(program: str, user: str, capabilities: str = "") -> str:
    """How a start script starts a service: own user, no way to more, a bounded group of processes."""
    wanted = f"+{capabilities}" if capabilities else "-all"
    name = program.split()[0].rsplit("/", 1)[-1]
    bound = f"-all,{wanted}" if capabilities else "-all"
    return f"""\
	mkdir -p /sys/fs/cgroup/{name}
	echo 48M > /sys/fs/cgroup/{name}/memory.max
	echo 32 > /sys/fs/cgroup/{name}/pids.max
	echo "50000 100000" > /sys/fs/cgroup/{name}/cpu.max
	echo $$ > /sys/fs/cgroup/{name}/cgroup.procs
	start-stop-daemon -S -b -m -p /run/{name}.pid -x /usr/bin/setpriv -- \\
		--reuid {user} --regid {user} --clear-groups --no-new-privs \\
		--inh-caps={wanted} --ambient-caps={wanted} --bounding-set={bound} \\
		{program}
"""


def script(body: str, mode: int = 0o755) -> Node:
    return executable("#!/bin/sh\n" + body, mode)


def service_script(start: str, name: str) -> Node:
    return script(f"""\
case "$1" in
start)
{start.rstrip()}
	;;
stop)
	start-stop-daemon -K -p /run/{name}.pid
	;;
esac
""")


UPDATER = """\
# Once a day: ask for a newer image, verify it, write it to the other slot, try it once.
set -eu
SERVER=https://updates.maker.example/stable
WORK=/run/update
KEY=/etc/update/key.pub

fetch() {
	curl --proto '=https' --tlsv1.2 --cacert /etc/ssl/certs/maker-ca.pem -fsS -o "$WORK/$1" "$SERVER/$1"
}

mkdir -p "$WORK"
while sleep 86400; do
	fetch manifest && fetch manifest.sig || continue
	openssl dgst -sha256 -verify "$KEY" -signature "$WORK/manifest.sig" "$WORK/manifest" || continue
	new=$(sed -n 's/^version=//p' "$WORK/manifest")
	[ "$new" -gt "$(cat /etc/update/version)" ] || continue
	[ "$new" -ge "$(cat /data/update/floor)" ] || continue
	fetch image || continue
	echo "$(sed -n 's/^sha256=//p' "$WORK/manifest")  $WORK/image" | sha256sum -c - || continue
	case "$(fw_printenv -n slot)" in
	a) other=b device=/dev/mmcblk0p3 ;;
	*) other=a device=/dev/mmcblk0p2 ;;
	esac
	dd if="$WORK/image" of="$device" bs=64k conv=fsync || continue
	fw_setenv upgrade_available 1
	fw_setenv bootcount 0
	fw_setenv slot "$other"
	reboot
done
"""

MARK_GOOD = """\
# The new slot is kept when the self-test passes; else the boot loader counts to three and goes back to the old one.
[ "$1" = start ] || exit 0
[ "$(fw_printenv -n upgrade_available)" = 1 ] || exit 0
/usr/bin/selftest || reboot
fw_setenv upgrade_available 0
fw_setenv bootcount 0
"""

OPEN_DATA = """\
[ "$1" = start ] || exit 0
tpm2_unseal -c 0x81000001 -p pcr:sha256:0,2,7 | cryptsetup open --type luks2 --key-file - /dev/mmcblk0p5 data
mount /data
"""

RCS = """\
mount -a
mkdir -p /dev/pts /run/lock
mount -t devpts devpts /dev/pts -o nosuid,noexec
mount -t cgroup2 cgroup2 /sys/fs/cgroup -o nosuid,nodev,noexec
echo "+cpu +memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
mount -t securityfs securityfs /sys/kernel/security
sysctl -q -p /etc/sysctl.conf
for step in /etc/init.d/S??*; do
	[ -x "$step" ] && "$step" start
done
"""

INITTAB = """\
::sysinit:/etc/init.d/rcS
::ctrlaltdel:/bin/true
::shutdown:/bin/umount -a -r
"""

APPLETS = ("sh", "ash", "mount", "umount", "mkdir", "cat", "echo", "sed", "sleep", "true", "false", "cp", "ls", "mv")


def accounts(*users: tuple[str, int]) -> dict[str, Content]:
    """Locked accounts: root, nobody and one for each service."""
    people = [("root", 0, "/root", "/bin/sh"), ("nobody", 65534, "/nonexistent", "/bin/false")]
    people += [(name, uid, "/var/empty", "/bin/false") for name, uid in users]
    return {
        "etc/passwd": "".join(f"{name}:x:{uid}:{uid}:{name}:{home}:{shell}\n" for name, uid, home, shell in people),
        "etc/shadow": Node("".join(f"{name}:*:20400:0:99999:7:::\n" for name, *_ in people), mode=0o600),
        "etc/group": "".join(f"{name}:x:{uid}:\n" for name, uid, *_ in people),
    }


def vendor_root(
    release: str, *users: tuple[str, int], inputs: str = "", outputs: str = "", mac: dict[str, str] | None = None
) -> dict[str, Content]:
    """A vendor's own system: BusyBox, one rcS that runs the start scripts in order."""
    name, version = release.split()
    files: dict[str, Content] = {
        "etc/os-release": f'NAME="{name}"\nID={name.lower()}\nVERSION_ID={version}\nPRETTY_NAME="{name} {version}"\n',
        "etc/hostname": "device\n",
        "etc/hosts": "127.0.0.1 localhost\n198.51.100.10 updates.maker.example\n",
        "etc/fstab": FSTAB,
        "etc/inittab": INITTAB,
        "etc/init.d/rcS": script(RCS),
        "etc/init.d/S05data": script(OPEN_DATA),
        "etc/init.d/S10apparmor": script('[ "$1" = start ] && apparmor_parser -r /etc/apparmor.d\n'),
        "etc/init.d/S30firewall": script('[ "$1" = start ] && nft -f /etc/nftables.conf\n'),
        "etc/init.d/S90update": script('[ "$1" = start ] && /usr/sbin/update-agent &\n'),
        "etc/init.d/S99good": script(MARK_GOOD),
        "etc/nftables.conf": firewall(inputs, outputs),
        "etc/sysctl.conf": SYSCTL,
        "etc/ssl/certs/maker-ca.pem": DEVICE_CA,
        "etc/update/key.pub": UPDATE_PUBLIC_KEY,
        "etc/update/version": "40200\n",
        "usr/sbin/update-agent": script(UPDATER),
        "usr/sbin/nft": BINARY,
        "usr/sbin/cryptsetup": BINARY,
        "usr/bin/tpm2_unseal": BINARY,
        "usr/bin/selftest": BINARY,
        "usr/bin/setpriv": BINARY,
        "usr/bin/openssl": BINARY,
        "usr/bin/curl": BINARY,
        "usr/sbin/apparmor_parser": BINARY,
        "bin/busybox": BINARY,
        "sbin/init": link("../bin/busybox"),
        "tmp": Node(kind=Kind.DIRECTORY, mode=0o1777),
        "data": Node(kind=Kind.DIRECTORY, mode=0o755),
    }
    files |= {f"bin/{applet}": link("busybox") for applet in APPLETS}
    files |= {f"etc/apparmor.d/{path}": text for path, text in (mac or {}).items()}
    files |= accounts(*users)
    return files


LIGHTTPD = """\
server.modules = ( "mod_openssl", "mod_setenv", "mod_alias", "mod_cgi" )
server.document-root = "/usr/share/www"
server.port = 443
server.username = "web"
server.groupname = "web"
server.pid-file = "/run/lighttpd.pid"
server.tag = ""
index-file.names = ( "index.html" )
ssl.engine = "enable"
ssl.pemfile = "/data/tls/cert.pem"
ssl.privkey = "/data/tls/key.pem"
ssl.openssl.ssl-conf-cmd = (
    "MinProtocol" => "TLSv1.2",
    "CipherString" => "ECDHE+AESGCM:ECDHE+CHACHA20"
)
dir-listing.activate = "disable"
setenv.add-response-header = (
    "Content-Security-Policy" => "default-src 'self'",
    "Strict-Transport-Security" => "max-age=31536000",
    "X-Content-Type-Options" => "nosniff",
    "X-Frame-Options" => "DENY"
)
"""

INDEX = """\
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Device</title></head>
<body><h1>Device</h1><form method="post" action="/login"><input type="password" name="password" value=""></form></body>
</html>
"""


def lighttpd() -> dict[str, Content]:
    """lighttpd as user web, on 443 with TLS."""
    start = confined("/usr/sbin/lighttpd -D -f /etc/lighttpd/lighttpd.conf", "web", "net_bind_service")
    return {
        "etc/lighttpd/lighttpd.conf": LIGHTTPD,
        "etc/init.d/S60web": service_script(start, "lighttpd"),
        "usr/sbin/lighttpd": BINARY,
        "usr/share/www/index.html": INDEX,
    }


WEB_LISTEN = """\
[[listen]]
port = 443
protocol = "tcp"
service = "lighttpd"
from = "lan"

[[service]]
name = "lighttpd"
user = "web"
writes = ["/run"]
memory = "48M"
"""


def policy(product: str, *parts: str, system: str = "other", architecture: str = "arm") -> str:
    head = f"""\
schema = 1

[device]
product = "{product}"
model = "{product}-1"
version = "4.2.0"
architecture = "{architecture}"
system = "{system}"
"""
    own = '[[service]]\nname = "update-agent"\nuser = "root"\n' if system == "other" else ""
    return "\n".join((head, *parts, own))


LOW_UPDATER = {
    "service-runs-as-root": "the updater writes the other slot, which root alone may",
    "service-unsandboxed": "the updater is a shell loop of root that must reach the flash",
}


def stranger(name: str) -> tuple[Mistake, ...]:
    """What else is true of a network daemon that a start script runs as it is and that the policy does not name."""
    return (
        Mistake("service-unneeded", "DEVICE.md: a service that is not declared is not allowed", name),
        Mistake("service-runs-as-root", "credentials(7): a program keeps the uid of the script that starts it", name),
        Mistake("service-unsandboxed", "setpriv(1), unshare(1): nothing of the kind stands in the script", name),
        Mistake("mac-profile-missing", "apparmor.d(5): no profile attaches to the program", name),
    )
