"""debug-tool-shipped"""

import re
from dataclasses import dataclass

from firmward.facts.called_programs import CalledPrograms
from firmward.facts.installed_programs import InstalledProgram, InstalledPrograms
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.location import Location
from firmward.model.memory import executable, link
from firmward.model.policy import Policy
from firmward.model.remedy import Remedy, Remove, Safety, Stage

ELF = executable(b"\x7fELF\x02\x01\x01" + bytes(57))
LOW, INFO = Severity.LOW, Severity.INFO
INSTALLS = "installs and removes programs at run time"


@dataclass(frozen=True, slots=True)
class Row:
    """Tools of one kind: their names, what they give to whoever gets in, and how bad that is.

    `applet` is the severity for BusyBox's of these names, None where an applet is no danger. `mechanism` are the words
    of the policy's [update].mechanism that need it. `home` are programs that show a system which lives by it, and the
    severity there while no mechanism is named, None where it is no finding.
    """

    key: str
    names: str
    why: str
    severity: Severity = LOW
    applet: Severity | None = None
    mechanism: tuple[str, ...] = ()
    home: tuple[tuple[str, Severity | None], ...] = ()


ROWS = (
    Row("debugger", "gdb gdbserver gdb-multiarch lldb lldb-server cgdb valgrind radare2 frida-server",
        "reads and changes running programs, keys in their memory included"),
    Row("tracer", "strace ltrace ftrace trace-cmd perf bpftrace bpftool bpfcc systemtap stap lttng uftrace sysdig",
        "shows what running programs read, write and send"),
    Row("sniffer", "tcpdump tshark dumpcap wireshark termshark ngrep tcpflow ettercap airodump-ng",
        "records the traffic of the device and its neighbours"),
    Row("scanner", "nmap masscan zmap arp-scan hping3 nikto hydra medusa aircrack-ng nbtscan sqlmap",
        "finds the next device to attack"),
    Row("pipe", "nc netcat ncat nc.openbsd nc.traditional socat cryptcat", "opens shells and tunnels to the outside",
        applet=INFO),
    Row("transfer", "telnet tftp ftpget ftpput rsh rlogin", "fetches tools and talks to the neighbours in clear",
        severity=INFO, applet=INFO),
    Row("compiler", "gcc g++ cc c++ c99 clang clang++ tcc ld as cpp go rustc cargo make cmake ninja gmake ghc",
        "builds what an intruder wants to run, for this very processor"),
    Row("package-manager", "apt apt-get aptitude dpkg", INSTALLS, mechanism=("apt",), home=(("update-rc.d", INFO),)),
    Row("package-manager", "opkg opkg-cl ipkg", INSTALLS, mechanism=("opkg",), home=(("procd", None),)),
    Row("package-manager", "apk", INSTALLS, mechanism=("opkg", "other"), home=(("procd", None), ("openrc", INFO))),
    Row("package-manager", "yum dnf microdnf zypper tdnf rpm pacman emerge", INSTALLS, mechanism=("other",)),
    Row("language-manager", "pip pip2 pip3 npm npx yarn gem cpan luarocks composer conda",
        "fetches code of strangers from the network and runs it"),
    Row("flash", "flashrom openocd avrdude dfu-util fastboot", "reads and writes the flash of the device"),
    Row("hardware", "devmem devmem2 memtool i2cset i2cdump spi-pipe spidev_test",
        "reads and writes registers and memory past every guard", severity=INFO, applet=INFO),
)  # fmt: skip

BY_NAME = {name: row for row in ROWS for name in row.names.split()}
NAME = re.compile(r"(?:[a-z0-9_]+(?:-[a-z0-9_]+)?-linux-[a-z0-9]+-)?([a-z][a-z+]*?)(?:-?[0-9]+(?:\.[0-9]+)*)?")
"""`gcc-12`, `pip3.11`, `arm-linux-gnueabihf-gcc-12`"""


@check(
    title="Tools for debugging and building are in the product",
    severity=Severity.LOW,
    practice="P20",
    cwe=489,
    bad=(
        Example({"usr/bin/gdbserver": ELF, "usr/sbin/tcpdump": ELF}),
        Example({"bin/busybox": ELF, "usr/bin/nc": link("../../bin/busybox")}),
        Example({"usr/bin/gcc": link("gcc-12"), "usr/bin/gcc-12": ELF, "usr/bin/make": ELF}),
        Example({"usr/bin/opkg": ELF}, '[update]\nmechanism = "rauc"\n'),
    ),
    good=(
        Example({"bin/busybox": ELF, "bin/ls": link("busybox"), "usr/sbin/dropbear": ELF, "bin/ping": link("busybox")}),
        Example({"usr/bin/opkg": ELF}, '[update]\nmechanism = "opkg"\n'),
        Example({"bin/opkg": ELF, "bin/busybox": ELF, "sbin/procd": ELF}),
        Example({"usr/share/doc/gdbserver": "a page", "usr/bin/gdbserver": "no program", "bin/ls": ELF}),
    ),
)
def debug_tool_shipped(
    programs: InstalledPrograms, called: CalledPrograms | Unknown | None, policy: Policy | None
) -> Findings:
    """Whoever gets in works with what is there: a debugger reads keys from running programs, a sniffer the neighbours'
    traffic, netcat opens a way back in, a compiler and a package manager bring the rest. A product needs none of them
    once it has left the laboratory, and each is code to be kept up to date. Package managers that the update mechanism
    needs are left out, or information where the
    distribution lives by its own. BusyBox counts for the applets that are a danger by themselves, as information.
    """
    here = {program.name for program in programs.programs}
    found: dict[str, list[tuple[Row, InstalledProgram, Severity]]] = {}
    for program in programs.programs:
        row = _row(program.name)
        severity = _severity(row, program, here, policy) if row is not None else None
        if row is not None and severity is not None:
            found.setdefault(row.key, []).append((row, program, severity))
    for key, group in found.items():
        yield _finding(key, group, called)


def _row(name: str) -> Row | None:
    match = NAME.fullmatch(name)
    return BY_NAME.get(name) or (BY_NAME.get(match[1]) if match is not None else None)


def _severity(row: Row, program: InstalledProgram, here: set[str], policy: Policy | None) -> Severity | None:
    """None where it is no finding."""
    if program.is_applet:
        return row.applet
    mechanism = policy.update.mechanism if policy is not None and policy.update is not None else None
    if mechanism in row.mechanism:
        return None
    at_home = [severity for name, severity in row.home if name in here]
    return at_home[0] if at_home and mechanism is None else row.severity


def _finding(
    key: str, group: list[tuple[Row, InstalledProgram, Severity]], called: CalledPrograms | Unknown | None
) -> Finding:
    names = list(dict.fromkeys(program.name for _, program, _ in group))
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    first = group[0][1]
    return Finding(
        key,
        f"the image holds {', '.join(names[:6])}{more} ({key}): what {group[0][0].why}",
        at=Location(first.path),
        remedy=_remedy(group[0][0], [program for _, program, _ in group], called),
        severity=min((severity for _, _, severity in group), key=lambda one: one.rank),
        evidence=" ".join(names[:20]),
    )


def _remedy(row: Row, programs: list[InstalledProgram], called: CalledPrograms | Unknown | None) -> Remedy:
    """Safe where nothing in the image calls them, and nobody installs packages by them on the device."""
    own = [program for program in programs if not program.is_applet]
    if not own:
        return Remedy("Build BusyBox without these applets", Safety.MANUAL, Stage.SOURCE)
    changes = tuple(Remove(program.path) for program in own)
    summary = "Leave the packages out of the product's image"
    if row.why == INSTALLS:
        return Remedy(summary, Safety.UNSAFE, Stage.SOURCE, changes, "nobody installs or removes packages on a device")
    if not isinstance(called, CalledPrograms) or called.unread:
        return Remedy(summary, Safety.UNSAFE, Stage.SOURCE, changes, "a script that calls one of them fails")
    needed = sorted({program.name for program in own} & called.names)
    if needed:
        breaks = f"a script or setting of the image that names {', '.join(needed[:5])} fails"
        return Remedy(summary, Safety.UNSAFE, Stage.SOURCE, changes, breaks)
    return Remedy(summary, Safety.SAFE, Stage.SOURCE, changes)
