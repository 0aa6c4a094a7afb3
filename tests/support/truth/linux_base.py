"""What the Debian and Yocto systems share: programs, hardened units, firewall, AppArmor, accounts and declarations."""

from collections.abc import Iterable, Mapping

from firmward.model.memory import Content, Node, executable, link
from firmward.model.tree import Kind
from truth.row import Mistake

ELF = executable(b"\x7fELF\x01\x01\x01" + bytes(57))

UNITS = "usr/lib/systemd/system"

SYSCTL = """\
# Read by systemd-sysctl, or by sysctl -p at boot
kernel.kptr_restrict = 2
kernel.dmesg_restrict = 1
kernel.randomize_va_space = 2
kernel.perf_event_paranoid = 3
kernel.unprivileged_bpf_disabled = 1
kernel.yama.ptrace_scope = 2
kernel.kexec_load_disabled = 1
kernel.sysrq = 0
kernel.core_pattern = |/bin/false
kernel.core_uses_pid = 1
kernel.oops_limit = 100
kernel.warn_limit = 100
kernel.panic_on_oops = 1
kernel.io_uring_disabled = 2
net.core.bpf_jit_harden = 2
dev.tty.ldisc_autoload = 0
dev.tty.legacy_tiocsti = 0
vm.unprivileged_userfaultfd = 0
vm.mmap_min_addr = 65536
vm.mmap_rnd_bits = 32
vm.mmap_rnd_compat_bits = 16
fs.suid_dumpable = 0
fs.protected_symlinks = 1
fs.protected_hardlinks = 1
fs.protected_fifos = 2
fs.protected_regular = 2
user.max_user_namespaces = 0
net.ipv4.tcp_syncookies = 1
net.ipv4.tcp_rfc1337 = 1
net.ipv4.ip_forward = 0
net.ipv4.icmp_echo_ignore_broadcasts = 1
net.ipv4.icmp_ignore_bogus_error_responses = 1
net.ipv4.conf.all.rp_filter = 1
net.ipv4.conf.default.rp_filter = 1
net.ipv4.conf.all.log_martians = 1
net.ipv4.conf.default.log_martians = 1
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.default.accept_redirects = 0
net.ipv4.conf.all.secure_redirects = 0
net.ipv4.conf.default.secure_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.default.send_redirects = 0
net.ipv4.conf.all.accept_source_route = 0
net.ipv4.conf.default.accept_source_route = 0
net.ipv6.conf.all.forwarding = 0
net.ipv6.conf.all.accept_redirects = 0
net.ipv6.conf.default.accept_redirects = 0
net.ipv6.conf.all.accept_source_route = 0
net.ipv6.conf.default.accept_source_route = 0
net.ipv6.conf.all.accept_ra = 0
net.ipv6.conf.default.accept_ra = 0
# kernel.kptr_restrict = 0 only while debugging on the bench
"""

COMMAND_LINE = (
    "ro quiet loglevel=0 mitigations=auto,nosmt slab_nomerge init_on_alloc=1 init_on_free=1 page_alloc.shuffle=1 "
    "randomize_kstack_offset=on vsyscall=none debugfs=off oops=panic panic=10 lockdown=confidentiality "
    "module.sig_enforce=1 iommu=force iommu.strict=1 iommu.passthrough=0 efi=disable_early_pci_dma "
    "hardened_usercopy=1 pti=on spectre_v2=on spec_store_bypass_disable=on slab_debug=- kfence.sample_interval=100 "
    "proc_mem.force_override=never hash_pointers=always apparmor=1 security=apparmor"
)

SANDBOX = """\
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
ProtectProc=invisible
ProcSubset=pid
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers=yes
PrivateMounts=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RemoveIPC=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
UMask=0077
"""

LIMITS = """\
MemoryMax=64M
TasksMax=32
CPUQuota=50%
"""


def folder(mode: int = 0o755, uid: int = 0, gid: int = 0) -> Node:
    return Node(mode=mode, uid=uid, gid=gid, kind=Kind.DIRECTORY)


def sandboxed(user: str | None, *lines: str, capabilities: str = "") -> str:
    """The lines of a [Service] section that confine it; with capabilities there is no user namespace of its own."""
    confined = SANDBOX if not capabilities else SANDBOX.replace("PrivateUsers=yes\n", "")
    who = "" if user is None else f"User={user}\nGroup={user}\n"
    held = f"CapabilityBoundingSet={capabilities}\n"
    if capabilities and user is not None:
        held += f"AmbientCapabilities={capabilities}\n"
    return who + held + confined + LIMITS + "".join(f"{line}\n" for line in lines)


def service(description: str, command: str, body: str, wanted: str = "multi-user.target", kind: str = "simple") -> str:
    return (
        f"[Unit]\nDescription={description}\nAfter=network.target\n\n"
        f"[Service]\nType={kind}\nExecStart={command}\n{body}\n[Install]\nWantedBy={wanted}\n"
    )


def enabled(unit: str, target: str = "multi-user.target") -> dict[str, Content]:
    return {f"etc/systemd/system/{target}.wants/{unit}": link(f"/{UNITS}/{unit}")}


def dropin(unit: str, name: str, body: str) -> dict[str, Content]:
    return {f"etc/systemd/system/{unit}.d/{name}.conf": f"[Service]\n{body}"}


NFTABLES_UNIT = """\
[Unit]
Description=nftables
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
DefaultDependencies=no

[Service]
Type=oneshot
RemainAfterExit=yes
StandardInput=null
ProtectSystem=full
ProtectHome=true
ExecStart=/usr/sbin/nft -f /etc/nftables.conf
ExecReload=/usr/sbin/nft -f /etc/nftables.conf
ExecStop=/usr/sbin/nft flush ruleset

[Install]
WantedBy=sysinit.target
"""

APPARMOR_UNIT = """\
[Unit]
Description=Load AppArmor profiles
DefaultDependencies=no
Before=sysinit.target
After=systemd-journald-audit.socket
ConditionSecurity=apparmor

[Service]
Type=oneshot
ExecStart=/usr/lib/apparmor/apparmor.systemd reload
ExecReload=/usr/lib/apparmor/apparmor.systemd reload
ExecStop=/bin/true
RemainAfterExit=yes

[Install]
WantedBy=sysinit.target
"""

NETWORKD_UNIT = """\
[Unit]
Description=Network Configuration
DefaultDependencies=no
Before=network.target

[Service]
Type=notify
ExecStart=!!/usr/lib/systemd/systemd-networkd
User=systemd-network
AmbientCapabilities=CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_RAW
CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_NET_BROADCAST CAP_NET_RAW
DeviceAllow=char-* rw
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
ProtectProc=invisible
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_UNIX AF_NETLINK AF_INET AF_INET6 AF_PACKET
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RuntimeDirectory=systemd/netif
SystemCallArchitectures=native
SystemCallFilter=@system-service

[Install]
WantedBy=multi-user.target
"""

TIMESYNCD_UNIT = """\
[Unit]
Description=Network Time Synchronization
DefaultDependencies=no
Before=time-set.target sysinit.target

[Service]
Type=notify
ExecStart=!!/usr/lib/systemd/systemd-timesyncd
User=systemd-timesync
AmbientCapabilities=CAP_SYS_TIME
CapabilityBoundingSet=CAP_SYS_TIME
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
ProtectProc=invisible
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectSystem=strict
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RuntimeDirectory=systemd/timesync
StateDirectory=systemd/timesync
SystemCallArchitectures=native
SystemCallFilter=@system-service @clock

[Install]
WantedBy=sysinit.target
"""

NETWORK = """\
[Match]
Name=eth0

[Network]
Address=192.0.2.20/24
Gateway=192.0.2.1
DNS=192.0.2.1
DHCP=no
LLMNR=no
MulticastDNS=no
IPv6AcceptRA=no
"""


def systemd_root() -> dict[str, Content]:
    """Merged /usr, systemd as init, firewall and AppArmor profiles loaded before the network, no identity baked in."""
    return {
        "bin": link("usr/bin"),
        "sbin": link("usr/sbin"),
        "lib": link("usr/lib"),
        "tmp": folder(0o1777),
        "etc/machine-id": "",
        "etc/resolv.conf": "nameserver 192.0.2.1\n",
        "etc/nsswitch.conf": "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n",
        "etc/sysctl.d/60-hardening.conf": SYSCTL,
        "etc/systemd/system/default.target": link(f"/{UNITS}/multi-user.target"),
        "etc/systemd/network/10-lan.network": NETWORK,
        "etc/systemd/timesyncd.conf": "[Time]\nNTP=192.0.2.1\nFallbackNTP=\n",
        "etc/apparmor.d/tunables/global": "@{HOME}=/home/*/ /root/\n@{PROC}=/proc/\n@{run}=/run/\n",
        "etc/apparmor.d/abstractions/base": "  /usr/lib/** mr,\n  /dev/null rw,\n  /dev/urandom r,\n",
        f"{UNITS}/multi-user.target": "[Unit]\nDescription=Multi-User System\nRequires=basic.target\n",
        f"{UNITS}/nftables.service": NFTABLES_UNIT,
        f"{UNITS}/apparmor.service": APPARMOR_UNIT,
        f"{UNITS}/systemd-networkd.service": NETWORKD_UNIT,
        f"{UNITS}/systemd-timesyncd.service": TIMESYNCD_UNIT,
        **enabled("nftables.service", "sysinit.target"),
        **enabled("apparmor.service", "sysinit.target"),
        **enabled("systemd-networkd.service"),
        **enabled("systemd-timesyncd.service", "sysinit.target"),
        "usr/lib/systemd/systemd": ELF,
        "usr/lib/systemd/systemd-networkd": ELF,
        "usr/lib/systemd/systemd-timesyncd": ELF,
        "usr/lib/apparmor/apparmor.systemd": executable('#!/bin/sh\nexec apparmor_parser -r -W "/etc/apparmor.d"\n'),
        "usr/sbin/apparmor_parser": ELF,
        "usr/sbin/init": link("../lib/systemd/systemd"),
        "usr/sbin/nft": ELF,
    }


SYSTEM_SERVICES = ("nftables", "apparmor", "systemd-networkd", "systemd-timesyncd")

TIME_AND_NAMES = "        ip daddr 192.0.2.1 udp dport { 53, 123 } accept\n"


def nftables(incoming: Iterable[str] = (), outgoing: Iterable[str] = ()) -> str:
    """Nothing comes in and nothing goes out but what is named."""
    into = "".join(f"        {rule}\n" for rule in incoming)
    out = "".join(f"        {rule}\n" for rule in outgoing)
    return f"""\
#!/usr/sbin/nft -f
# policy accept; was for the bench only
flush ruleset

table inet filter {{
    chain input {{
        type filter hook input priority 0; policy drop;
        iif "lo" accept
        ct state established,related accept
        ct state invalid drop
        icmp type echo-request limit rate 5/second accept
        icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept
{into}    }}

    chain forward {{
        type filter hook forward priority 0; policy drop;
    }}

    chain output {{
        type filter hook output priority 0; policy drop;
        oif "lo" accept
        ct state established,related accept
        icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept
{TIME_AND_NAMES}{out}    }}
}}
"""


def profile(program: str, *rules: str, name: str | None = None) -> dict[str, Content]:
    """An enforcing AppArmor profile of a program, in a file named as the distribution names it."""
    file = name or program.strip("/").replace("/", ".")
    body = "".join(f"  {rule},\n" for rule in (f"{program} mr", *rules))
    text = f"#include <tunables/global>\n\n{program} {{\n  #include <abstractions/base>\n\n{body}}}\n"
    return {f"etc/apparmor.d/{file}": text}


def accounts(
    services: Iterable[tuple[str, int]] = (),
    people: Iterable[tuple[str, int]] = (),
    groups: Iterable[str] = (),
    shell: str = "/bin/sh",
    nologin: str = "/usr/sbin/nologin",
) -> dict[str, Content]:
    """Locked passwords all over; people come with keys that are issued to them, not with secrets of the image."""
    services, people = tuple(services), tuple(people)
    system = [("daemon", 1), ("systemd-network", 998), ("systemd-timesync", 997), *services, ("nobody", 65534)]
    users = [f"root:x:0:0:root:/root:{shell}", "sync:x:4:65534:sync:/bin:/bin/sync"]
    users += [f"{name}:x:{number}:{number}::/nonexistent:{nologin}" for name, number in system]
    users += [f"{name}:x:{number}:{number}::/home/{name}:{shell}" for name, number in people]
    names = ["root", "sync", *(name for name, _ in system), *(name for name, _ in people)]
    numbers = ["root:x:0:", *(f"{name}:x:{number}:" for name, number in (*system, *people)), *groups]
    return {
        "etc/passwd": "".join(f"{line}\n" for line in users),
        "etc/shadow": Node("".join(f"{name}:*:20500:0:99999:7:::\n" for name in names), mode=0o640, gid=42),
        "etc/group": "".join(f"{line}\n" for line in numbers),
    }


def passwd_with(files: Mapping[str, Content], name: str, line: str) -> dict[str, Content]:
    """The passwd file with another line for one account, or with one more account."""
    text = str(files["etc/passwd"])
    lines = [line if old.split(":")[0] == name else old for old in text.splitlines()]
    return {"etc/passwd": "".join(f"{one}\n" for one in (lines if line in lines else [*lines, line]))}


def shadow_with(files: Mapping[str, Content], name: str, password: str) -> dict[str, Content]:
    """The shadow file with another password for one account."""
    node = files["etc/shadow"]
    assert isinstance(node, Node)
    line = f"{name}:{password}:20500:0:99999:7:::"
    lines = [line if old.split(":")[0] == name else old for old in str(node.content).splitlines()]
    return {"etc/shadow": Node("".join(f"{one}\n" for one in lines), mode=0o640, gid=42)}


def also(check: str, where: str, source: str) -> Mistake:
    """What else the catalogue calls a failure in the files of another mistake."""
    return Mistake(check, source, where)


def declaration(
    product: str,
    system: str,
    *,
    listen: Iterable[tuple[int, str, str, str]] = (),
    egress: Iterable[tuple[str, int, str]] = (),
    services: Iterable[tuple[str, str | None]] = (),
    people: Iterable[str] = (),
    setuid: Iterable[str] = (),
    encrypted: Iterable[str] = ("/data",),
    verified: str = "verity",
    writable: Iterable[str] = ("/data", "/var", "/run", "/tmp"),
    mechanism: str = "rauc",
    until: str = "until = 2028-03-31\n",
    after: str = 'after = "local-only"\n',
    key_store: str = "tpm",
    reviewed: bool = True,
    architecture: str = "arm64",
) -> str:
    """The maker's device.toml."""

    def words(values: Iterable[str]) -> str:
        return "[" + ", ".join(f'"{value}"' for value in values) + "]"

    parts = [
        "schema = 1\n",
        f'[device]\nproduct = "{product}"\nmodel = "{product}-1"\nversion = "1.4.0"\n'
        f'architecture = "{architecture}"\nsystem = "{system}"\n',
        f'[support]\n{until}contact = "https://maker.example/security"\n{after}',
    ]
    parts += [
        f'[[listen]]\nport = {port}\nprotocol = "{protocol}"\nservice = "{name}"\nfrom = "{peer}"\n'
        for port, protocol, name, peer in listen
    ]
    calls = (("gateway", 53, "udp"), ("gateway", 123, "udp"), *egress)
    parts += [
        f'[[egress]]\nto = "{to}"\nport = {port}\nprotocol = "{protocol}"\nrate = "20/s"\n'
        for to, port, protocol in calls
    ]
    for name, user in services:
        who = "" if user is None else f'user = "{user}"\n'
        parts.append(f'[[service]]\nname = "{name}"\n{who}')
    parts += [f'[[account]]\nname = "{name}"\nlogin = true\nreason = "service personnel"\n' for name in people]
    parts.append(
        f'[filesystem]\nverified = "{verified}"\nwritable = {words(writable)}\nsetuid = {words(setuid)}\n'
        f'encrypted = {words(encrypted)}\nkey_store = "{key_store}"\n'
    )
    parts.append('[boot]\nmodes = ["emmc"]\nconsole = "off"\n')
    parts.append(
        f'[update]\nserver = "https://updates.maker.example"\nmechanism = "{mechanism}"\nautomatic = true\n'
        'window = "02:00-04:00"\n'
    )
    if reviewed:
        parts += [
            f'[[review]]\nkind = "{kind}"\ndate = 2026-09-{day}\nowner = "product security"\nrelease = "1.4.0"\n'
            f'report = "SEC-{day}"\nnext = 2027-09-{day}\n'
            for kind, day in (("code-review", 14), ("penetration-test", 28))
        ]
    return "\n".join(parts)
