"""kernel-module-unneeded"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from firmward.facts.installed_programs import InstalledPrograms
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.facts.loaded_modules import LoadedModules
from firmward.facts.medium import Medium
from firmward.facts.modprobe import ModprobeRules, module_name
from firmward.facts.mounts import Mounts
from firmward.facts.shipped_modules import ShippedModules
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.policy import Policy
from firmward.model.remedy import AddLine, Change, Remedy, Safety, SetKernelOption, Stage


@dataclass(frozen=True, slots=True)
class Row:
    """Something that a device seldom needs: `name` in words, and `why` it is better left out.

    `modules` are the modules by the options that build them; a file system is a module of its own name, unless `types`
    names it otherwise. Whoever has one of `programs` uses it. `aliases` are the names by which the kernel asks for a
    module when a program opens such a socket. `sources` begin the devices whose mounts need it.
    """

    key: str
    name: str
    why: str
    modules: Mapping[str, str]
    programs: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    types: Mapping[str, str] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    is_file_system: bool = False


def _families(**numbers: int) -> dict[str, tuple[str, ...]]:
    return {module: (f"net-pf-{number}",) for module, number in numbers.items()}


ANY = "any account has it loaded by opening a socket"

ROWS = (
    # transports and protocols
    Row("dccp", "DCCP", f"{ANY}, and CVE-2017-6074 made such a socket root", {"IP_DCCP": "dccp"},
        aliases={"dccp": ("net-pf-2-proto-0-type-6", "net-pf-2-proto-33-type-6")}),
    Row("sctp", "SCTP", f"{ANY}, and its parsers take packets from hosts elsewhere (CVE-2021-3772)",
        {"IP_SCTP": "sctp"}, ("checksctp", "withsctp", "sctp_darn"), {"sctp": ("net-pf-2-proto-132",)}),
    Row("rds", "RDS", f"{ANY}, and CVE-2010-3904 was not the last to give root by it", {"RDS": "rds"},
        ("rds-info", "rds-ping"), _families(rds=21)),
    Row("tipc", "TIPC", f"{ANY}, and what the network sends overran it (CVE-2021-43267, CVE-2022-0435)",
        {"TIPC": "tipc"}, ("tipc-config",), _families(tipc=30)),
    Row("smc", "SMC", f"{ANY}, and it is made for the networks of mainframes", {"SMC": "smc"}, ("smcd", "smc_run"),
        _families(smc=43)),
    Row("llc2", "LLC type 2", f"{ANY}, and the terminals that it was for are gone", {"LLC2": "llc2"},
        aliases=_families(llc2=26)),
    Row("ax25", "amateur radio", f"{ANY}, and hardly anybody looks after its reference counts",
        {"AX25": "ax25", "NETROM": "netrom", "ROSE": "rose"}, ("axparms", "kissattach", "ax25d", "direwolf"),
        _families(ax25=3, netrom=6, rose=11)),
    Row("appletalk", "AppleTalk", f"{ANY}, and no Mac has spoken it since 2009", {"ATALK": "appletalk"}, ("atalkd",),
        _families(appletalk=5)),
    Row("ipx", "IPX", f"{ANY}, and NetWare has spoken IP since 1998", {"IPX": "ipx"}, ("ipx_configure",),
        _families(ipx=4)),
    Row("x25", "X.25", f"{ANY}, and the networks that it was for are switched off", {"X25": "x25"}, ("xotd",),
        _families(x25=9)),
    Row("decnet", "DECnet", f"{ANY}, and Linux itself gave it up in 6.1", {"DECNET": "decnet"}, ("dnetd",),
        _families(decnet=12)),
    Row("econet", "Econet", f"{ANY}, and CVE-2010-3848 in it gave root", {"ECONET": "econet"},
        aliases=_families(econet=19)),
    Row("irda", "infrared", f"{ANY}, and Linux gave it up in 4.17", {"IRDA": "irda"}, ("irattach",),
        _families(irda=23)),
    Row("atm", "ATM", f"{ANY}, and it is old code for DSL modems", {"ATM": "atm"},
        ("br2684ctl", "atmsigd", "atmarpd"), {"atm": ("net-pf-8", "net-pf-20")}),
    Row("can-isotp", "ISO-TP over CAN", f"{ANY}, and a race in it gave root (CVE-2021-32606)",
        {"CAN_ISOTP": "can_isotp"}, ("isotpsend", "isotprecv", "isotpserver", "isotptun"),
        {"can_isotp": ("can-proto-6",)}),
    Row("phone-modems", "Phonet and CAIF", f"{ANY}, and their modems, of Nokia and ST-Ericsson, are not made any more",
        {"PHONET": "phonet", "CAIF": "caif"}, ("ofonod",), _families(phonet=35, caif=37)),
    Row("rxrpc", "RxRPC and AFS", f"{ANY}, and it is large code for one distributed file system",
        {"AF_RXRPC": "rxrpc", "AFS_FS": "kafs"}, ("aklog", "afsd"), _families(rxrpc=33), {"kafs": "afs"}),
    Row("line-disciplines", "line disciplines", "what speaks to a terminal's other end in frames of its own gave root "
        "more than once (CVE-2017-2636)", {"SLIP": "slip", "N_HDLC": "n_hdlc", "R3964": "n_r3964"}),
    Row("ksmbd", "the kernel's SMB server", "what a client sends is parsed inside the kernel, before anybody logs in "
        "(CVE-2022-47939)", {"SMB_SERVER": "ksmbd"}, ("ksmbd.mountd", "ksmbd.addshare", "ksmbd.adduser")),
    # radio, and what is plugged in
    Row("bluetooth", "Bluetooth", "whoever is in reach of the radio speaks to it unpaired (CVE-2020-12351)",
        {"BT": "bluetooth"}, ("bluetoothd", "hciconfig", "hciattach", "btattach", "btmgmt", "brcm_patchram_plus"),
        _families(bluetooth=31)),
    Row("nfc", "NFC", f"{ANY}, and use after free was found in it again and again", {"NFC": "nfc"},
        ("neard", "nfcd", "nfc-list", "pcscd"), _families(nfc=39)),
    Row("firewire", "FireWire", "whoever plugs in reads and writes memory where no IOMMU stands between",
        {"FIREWIRE_OHCI": "firewire_ohci", "IEEE1394_OHCI1394": "ohci1394"}, ("ffado-dbus-server", "dvgrab")),
    Row("thunderbolt", "Thunderbolt", "whoever plugs in a device of PCI reaches memory where no IOMMU stands between",
        {"USB4": "thunderbolt", "THUNDERBOLT": "thunderbolt"}, ("boltd", "boltctl", "tbtadm")),
    Row("floppy", "floppy disks", "its ioctls have raced for decades (CVE-2021-20261), and no device has the drive",
        {"BLK_DEV_FD": "floppy"}, sources=("/dev/fd0",)),
    Row("usb-storage", "USB sticks", "whoever plugs one in has the kernel parse its partitions and file systems",
        {"USB_STORAGE": "usb_storage"},
        ("udisksd", "usbmount", "udevil", "devmon", "automount", "block", "pmount", "ntfs-3g"),
        sources=("/dev/sd", "/dev/disk/", "LABEL=", "UUID=", "PARTUUID=", "PARTLABEL=")),
    # file systems
    Row("cramfs", "cramfs", "crafted images are mounted by a parser that squashfs has replaced", {"CRAMFS": "cramfs"},
        is_file_system=True),
    Row("freevxfs", "VxFS", "disks of UnixWare are read by code that nobody tests", {"VXFS_FS": "freevxfs"},
        types={"freevxfs": "vxfs"}, is_file_system=True),
    Row("hfs", "HFS and HFS+", "disks of Macs are read by code without a maintainer for years, and overrun",
        {"HFS_FS": "hfs", "HFSPLUS_FS": "hfsplus"}, is_file_system=True),
    Row("udf", "UDF", "disks in the format of DVDs are parsed, and crafted ones stop the kernel (CVE-2022-0617)",
        {"UDF_FS": "udf"}, is_file_system=True),
    Row("rare-file-systems", "file systems of other old systems", "each is a parser for disks that an attacker brings, "
        "and few look after them",
        {"ADFS_FS": "adfs", "AFFS_FS": "affs", "BEFS_FS": "befs", "BFS_FS": "bfs", "EFS_FS": "efs", "HPFS_FS": "hpfs",
         "MINIX_FS": "minix", "OMFS_FS": "omfs", "QNX4FS_FS": "qnx4", "QNX6FS_FS": "qnx6", "SYSV_FS": "sysv",
         "UFS_FS": "ufs", "CODA_FS": "coda", "REISERFS_FS": "reiserfs", "JFS_FS": "jfs"}, is_file_system=True),
    Row("cluster-file-systems", "file systems of clusters", "they trust the disk and their peers, and a device has "
        "neither cluster nor shared disk", {"GFS2_FS": "gfs2", "OCFS2_FS": "ocfs2", "ORANGEFS_FS": "orangefs"},
        types={"orangefs": "pvfs2"}, is_file_system=True),
)  # fmt: skip

NAMED = 4
"""Modules, options and kernels that a message names."""
RULES = "etc/modprobe.d/firmward.conf"
REFUSAL = ("blacklist {}", "install {} /bin/false")
"""BusyBox's modprobe obeys the first alone; kmod, which loads a module of that list by its name, both."""

TITLE = "# Automatically generated file; DO NOT EDIT.\n# Linux/arm64 6.12.30 Kernel Configuration\n"
CONFIG = TITLE + "CONFIG_MODULES=y\n" + "".join(f"CONFIG_DRIVER_{number}=y\n" for number in range(100))
AT, FOLDER = "boot/config-6.12.30", "lib/modules/6.12.30"
DCCP = f"{FOLDER}/kernel/net/dccp/dccp.ko"
BLUETOOTH = f"{FOLDER}/kernel/net/bluetooth/bluetooth.ko"


@dataclass(frozen=True, slots=True)
class _Use:
    """What says that something is needed: `modules` by name, file systems by `types`, `sources` that are mounted,
    and `programs` that are here. `unknown_mounts` and `unknown_programs` say why these are not known, empty where they
    are."""

    modules: frozenset[str]
    types: frozenset[str]
    sources: tuple[str, ...]
    programs: frozenset[str]
    unknown_mounts: str = ""
    unknown_programs: str = ""

    def needs(self, row: Row, module: str) -> bool:
        return module in self.modules or row.types.get(module, module) in self.types

    def needs_all(self, row: Row) -> bool:
        return not self.programs.isdisjoint(row.programs) or any(one.startswith(row.sources) for one in self.sources)

    def doubt(self, row: Row) -> str:
        """Why it cannot be told whether a row is needed; empty where it can."""
        if (row.is_file_system or row.sources) and self.unknown_mounts:
            return self.unknown_mounts
        return self.unknown_programs if row.programs else ""


@check(
    title="The kernel has drivers that the device does not need",
    severity=Severity.LOW,
    practice="P20",
    cwe=1188,
    bad=(
        Example({AT: CONFIG, DCCP: b"\x7fELF"}),
        Example({AT: CONFIG + "CONFIG_TIPC=y\n"}),
        Example({AT: CONFIG, BLUETOOTH: b"\x7fELF", "etc/modprobe.d/dccp.conf": "install dccp /bin/false\n"}),
    ),
    good=(
        Example({AT: CONFIG}),
        Example({AT: CONFIG, DCCP: b"\x7fELF", "etc/modprobe.d/dccp.conf": "install dccp /bin/false\n"}),
        Example({AT: CONFIG, BLUETOOTH: b"\x7fELF"}, policy='[kernel]\nmodules = ["bluetooth"]\n'),
        Example({AT: CONFIG, BLUETOOTH: b"\x7fELF", "etc/modules-load.d/radio.conf": "bluetooth\n"}),
    ),
)
def kernel_module_unneeded(
    shipped: ShippedModules | None | Unknown,
    configs: KernelConfigs | None | Unknown,
    rules: ModprobeRules | None | Unknown,
    loaded: LoadedModules | None | Unknown,
    mounts: Mounts | None | Unknown,
    medium: Medium | None | Unknown,
    programs: InstalledPrograms | None | Unknown,
    policy: Policy | None,
) -> Findings:
    """The kernel loads a module when a program opens a socket of its family, a file system is mounted or hardware is
    plugged in, and no right is asked for: a protocol that no product speaks is one `socket()` away for whoever runs a
    program, and one plug for whoever stands before the device. Many holes that gave root lay in such corners. What the
    policy's `[kernel] modules` names, what boot loads or mounts, and what has its programs here counts as needed, with
    all that loaded modules need. A rule of modprobe.d keeps a module out; nothing keeps out what is built in.
    """
    if configs is None:
        raise NotApplicable("the kernel that runs this is judged with the root beside it")
    if isinstance(shipped, Unknown):
        raise Unavailable(shipped.reason)
    present = shipped or ShippedModules({})
    use = _use(present, loaded, mounts, medium, programs, policy)
    kept = rules if isinstance(rules, ModprobeRules) else None
    doubts: list[str] = []
    for row in ROWS:
        yield from _judged(row, present, configs, kept, use, policy, doubts)
    if present.built_in is None:
        doubts += [configs.reason] if isinstance(configs, Unknown) else configs.unread
    if doubts:
        raise Unavailable("; ".join(tuple(dict.fromkeys(doubts))[:3]))


def _use(
    shipped: ShippedModules,
    loaded: LoadedModules | None | Unknown,
    mounts: Mounts | None | Unknown,
    medium: Medium | None | Unknown,
    programs: InstalledPrograms | None | Unknown,
    policy: Policy | None,
) -> _Use:
    declared = policy.kernel.modules if policy is not None and policy.kernel is not None else ()
    booted = loaded.modules if isinstance(loaded, LoadedModules) else {}
    mounted = mounts.mounts if isinstance(mounts, Mounts) else ()
    own = {medium.format} if isinstance(medium, Medium) else set()
    return _Use(
        shipped.with_needs(frozenset(module_name(name) for name in (*declared, *booted))),
        frozenset(one for mount in mounted for one in mount.type.split(",")) | own,
        tuple(mount.source for mount in mounted),
        frozenset(one.name for one in programs.programs) if isinstance(programs, InstalledPrograms) else frozenset(),
        mounts.reason if isinstance(mounts, Unknown) else "",
        programs.reason if isinstance(programs, Unknown) else "",
    )


def _judged(
    row: Row,
    shipped: ShippedModules,
    configs: KernelConfigs | Unknown,
    rules: ModprobeRules | None,
    use: _Use,
    policy: Policy | None,
    doubts: list[str],
) -> Iterator[Finding]:
    if use.needs_all(row):
        return
    unused = {option: module for option, module in row.modules.items() if not use.needs(row, module)}
    kernels = configs.found if isinstance(configs, KernelConfigs) else ()
    built = {option: where for option, module in unused.items() if (where := _built(option, module, shipped, kernels))}
    lying = {
        option: shipped.files[module]
        for option, module in unused.items()
        if module in shipped.files and not _is_kept_out(row, module, shipped, rules)
    }
    doubt = use.doubt(row)
    if (built or lying) and doubt:
        doubts.append(doubt)
    elif built or lying:
        yield _finding(row, built, lying, policy)
    elif shipped.built_in is None:
        doubts += [
            one.reason for option in unused for kernel in kernels if isinstance(one := kernel.get(option), Unknown)
        ]


def _is_kept_out(row: Row, module: str, shipped: ShippedModules, rules: ModprobeRules | None) -> bool:
    """A module is not loaded either where one that it needs is refused."""
    if rules is None:
        return False
    needed = shipped.with_needs(frozenset((module,)))
    return rules.keeps_out(module, *row.aliases.get(module, ())) or any(rules.refuses(name) for name in needed)


def _built(option: str, module: str, shipped: ShippedModules, kernels: tuple[KernelOptions, ...]) -> str:
    """In words where a driver is built in; empty where it is not."""
    names = [one.title for one in kernels if one.get(option) == "y"]
    if names:
        return f"the kernel {', '.join(names[:NAMED])}"
    return "the kernel" if shipped.built_in is not None and module in shipped.built_in else ""


def _finding(row: Row, built: Mapping[str, str], lying: Mapping[str, str], policy: Policy | None) -> Finding:
    pieces = [f"is built into {next(iter(built.values()))} ({_some([*built])})"] if built else []
    pieces += [f"can be loaded ({_some([path.rpartition('/')[2] for path in lying.values()])})"] if lying else []
    return Finding(
        row.key,
        f"{row.name} {' and '.join(pieces)}, and nothing here uses it: {row.why}",
        at=Location(next(iter(lying.values()))) if lying else None,
        remedy=_cure(row, built, lying, policy),
        evidence=_some([f"CONFIG_{option}=y" for option in built] + [*lying.values()]),
    )


def _some(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _cure(row: Row, built: Mapping[str, str], lying: Mapping[str, str], policy: Policy | None) -> Remedy:
    """Safe where the policy names the modules that the product needs, and none of these."""
    options = tuple(dict.fromkeys((*built, *lying)))
    modules = [row.modules[option] for option in options]
    rule = "" if built else ", keep it out by a rule in etc/modprobe.d"
    is_declared = policy is not None and policy.kernel is not None and bool(policy.kernel.modules)
    changes: list[Change] = [SetKernelOption(f"CONFIG_{option}", "n") for option in options]
    changes += [AddLine(RULES, line.format(row.modules[option])) for option in lying for line in REFUSAL]
    return Remedy(
        f"Build the kernel without it{rule}, or name what the product needs in the policy's [kernel] modules: "
        f"{', '.join(modules)}",
        Safety.SAFE if is_declared else Safety.UNSAFE,
        Stage.SOURCE if built else Stage.IMAGE,
        tuple(changes),
        "" if is_declared else f"what uses {row.name} stops working",
    )
