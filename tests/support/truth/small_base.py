"""What the small systems of OpenWrt, Buildroot and Alpine have in common, and two helpers to write mistakes down."""

import struct

from firmward.model.memory import Content, Node, executable, link
from truth.row import Mistake, Witness

ELF = b"\x7fELF\x01\x01\x01" + bytes(57)
PROGRAM = executable(ELF)

SYSCTL = """\
kernel.kptr_restrict = 2
kernel.dmesg_restrict = 1
kernel.perf_event_paranoid = 3
kernel.randomize_va_space = 2
kernel.yama.ptrace_scope = 2
kernel.unprivileged_bpf_disabled = 1
kernel.kexec_load_disabled = 1
kernel.sysrq = 0
kernel.io_uring_disabled = 2
kernel.core_pattern = |/bin/false
fs.suid_dumpable = 0
fs.protected_hardlinks = 1
fs.protected_symlinks = 1
fs.protected_fifos = 2
fs.protected_regular = 2
vm.mmap_min_addr = 65536
vm.unprivileged_userfaultfd = 0
dev.tty.ldisc_autoload = 0
net.core.bpf_jit_harden = 2
net.ipv4.tcp_syncookies = 1
net.ipv4.tcp_rfc1337 = 1
net.ipv4.icmp_echo_ignore_broadcasts = 1
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
net.ipv6.conf.all.accept_redirects = 0
net.ipv6.conf.default.accept_redirects = 0
net.ipv6.conf.all.accept_source_route = 0
net.ipv6.conf.default.accept_source_route = 0
"""
"""The hardened rows, as a careful engineer sets them."""

COMMAND_LINE = (
    "ro quiet lockdown=confidentiality lsm=landlock,lockdown,yama,apparmor apparmor=1 security=apparmor "
    "mitigations=auto,nosmt slab_nomerge init_on_alloc=1 init_on_free=1 page_alloc.shuffle=1 "
    "randomize_kstack_offset=on vsyscall=none debugfs=off oops=panic panic=10 module.sig_enforce=1 iommu=force "
    "iommu.strict=1 iommu.passthrough=0 efi=disable_early_pci_dma hash_pointers=always pti=on "
    "kfence.sample_interval=100 bdev_allow_write_mounted=0 proc_mem.force_override=never"
)


def accounts(*services: tuple[str, int], root_shell: str = "/bin/sh", login: str = "") -> dict[str, Content]:
    """passwd, group and shadow: root, nobody, an account without login for each service, and who logs in by key."""
    passwd = f"root:x:0:0:root:/root:{root_shell}\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
    group = "root:x:0:\nwheel:x:10:\nnogroup:x:65534:\n"
    for name, number in services:
        passwd += f"{name}:x:{number}:{number}:{name}:/var/run/{name}:/bin/false\n"
        group += f"{name}:x:{number}:\n"
    if login:
        passwd += f"{login}:x:1000:1000:{login}:/data/{login}:{root_shell}\n"
        group += f"{login}:x:1000:\n"
    names = [name for name, _ in services] + ([login] if login else [])
    return {
        "etc/passwd": passwd,
        "etc/group": group,
        "etc/shadow": Node(shadow(*names), mode=0o600),
    }


def shadow(*services: str, root: str = "*") -> str:
    locked = "".join(f"{name}:*:19800:0:99999:7:::\n" for name in ("nobody", *services))
    return f"root:{root}:19800:0:99999:7:::\n{locked}"


def secret(text: str) -> Node:
    """A file that only root reads."""
    return Node(text, mode=0o600)


def busybox(*applets: str) -> dict[str, Content]:
    """The program and its links, given as paths without the leading slash."""
    links: dict[str, Content] = {path: link("/bin/busybox") for path in applets}
    return {"bin/busybox": executable(ELF + b"BusyBox v1.37.0 (2026-02-10 10:00:00 UTC) multi-call binary.\n"), **links}


def programs(*paths: str) -> dict[str, Content]:
    return dict.fromkeys(paths, PROGRAM)


def filters(*names: str) -> dict[str, Content]:
    """System-call filters in classic BPF: every call is let through but ptrace, which kills."""
    load, equal, kill, allow = (0x20, 0, 0, 0), (0x15, 0, 1, 101), (0x06, 0, 0, 0x80000000), (0x06, 0, 0, 0x7FFF0000)
    code = b"".join(struct.pack("<HBBI", *one) for one in (load, equal, kill, allow))
    return {f"etc/seccomp/{name}.bpf": code for name in names}


def profile(path: str, *rules: str) -> str:
    """An enforced AppArmor profile."""
    lines = "".join(f"  {rule},\n" for rule in rules)
    return f"{path} {{\n  /lib/** mr,\n  /usr/lib/** mr,\n  {path} mr,\n{lines}}}\n"


def page(title: str, text: str) -> str:
    """A page that says itself where its scripts may come from."""
    policy = '<meta http-equiv="Content-Security-Policy" content="default-src \'self\'">'
    return f"<!doctype html>\n<html><head><title>{title}</title>{policy}</head>\n<body><p>{text}</p></body></html>\n"


def also(source: str, *found: tuple[str, str]) -> tuple[Mistake, ...]:
    """What a mistake is besides: other checks that the same files must set off."""
    return tuple(Mistake(check, source, where) for check, where in found)


def hashed(kind: str, salt: str, password: str, path: str = "etc/shadow") -> Witness:
    """openssl says that the hash in a file is of this password."""
    command = f"h=$(openssl passwd -{kind} -salt '{salt}' '{password}'); grep -qF \"$h\" {path} && echo same password"
    return Witness(("sh", "-c", command), says="same password", package="openssl")


def shell(command: str, says: str, package: str) -> Witness:
    """A witness that needs a shell's pipe."""
    return Witness(("sh", "-c", command), says, package)
