"""kernel-netfilter-missing"""

from firmward.checks.kernel.kernels.command_lines import started_with
from firmward.checks.kernel.kernels.condition import Condition
from firmward.checks.kernel.kernels.each import Fault, findings
from firmward.checks.kernel.kernels.example import CONFIG, MODULE, config
from firmward.checks.kernel.kernels.usable import Shipped, usable
from firmward.checks.kernel.options.row import both, built, either, version_of
from firmward.facts.kernel_command_line import KernelCommandLine
from firmward.facts.kernel_config import KernelConfigs, KernelOptions
from firmward.facts.shipped_modules import ShippedModules
from firmward.facts.sysctl import Sysctl
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unknown
from firmward.model.finding import Severity
from firmward.model.remedy import Remedy, Safety, SetKernelOption, Stage

MODULES = "lib/modules/6.12.30/kernel/net"
NET = ("NET=y", "INET=y", "IPV6=y")
TABLES = ("NETFILTER=y", "NF_TABLES=y", "NF_TABLES_INET=y")
IPV4 = ("NETFILTER=y", "IP_NF_IPTABLES=y", "IP_NF_FILTER=y")
AS_MODULE = ("NETFILTER=y", "NF_TABLES=m", "NF_TABLES_INET=y")
NO_IPV6 = "net.ipv6.conf.all.disable_ipv6"
ONE_FILE_SINCE = (4, 17)
"""Before, nf_tables came as a module for each family of protocols."""


@check(
    title="The kernel cannot filter packets",
    severity=Severity.HIGH,
    practice="P07",
    cwe=1327,
    bad=(
        Example({CONFIG: config(*NET, "NETFILTER=n")}),
        Example({CONFIG: config(*NET, "NETFILTER=y", "NET_CLS_BPF=y", "NF_TABLES=n", "IP_NF_IPTABLES=n")}),
        Example({CONFIG: config(*NET, *IPV4, "NF_TABLES=n", "IP6_NF_IPTABLES=n")}),
        Example({CONFIG: config(*NET, *AS_MODULE, "IP_NF_IPTABLES=n"), f"{MODULES}/sched/sch_fq.ko": MODULE}),
    ),
    good=(
        Example({CONFIG: config(*NET, *TABLES)}),
        Example({CONFIG: config(*NET, *IPV4, "IP6_NF_IPTABLES=y", "IP6_NF_FILTER=y")}),
        Example({CONFIG: config(*NET, *AS_MODULE), f"{MODULES}/netfilter/nf_tables.ko": MODULE}),
        Example({CONFIG: config("NET=y", "INET=y", "IPV6=n", *IPV4)}),
        Example({CONFIG: config("NET=n")}),
    ),
)
def kernel_netfilter_missing(
    configs: KernelConfigs,
    shipped: ShippedModules | None | Unknown,
    command_lines: KernelCommandLine | None | Unknown,
    settings: Sysctl | None | Unknown,
) -> Findings:
    """Without nf_tables or iptables in the kernel there can be no firewall, whatever rules the system brings: every
    service that starts is open to all who can send a packet, and a device that fell may attack others unhindered. A
    kernel that speaks IPv6 must filter it too. What is built as a module counts where its file is in the image.
    Programs attached by tc or XDP are no firewall that anybody could read, and do not count.
    """

    def judge(options: KernelOptions) -> Fault | None | Unknown:
        speaks = both(built("NET"), built("INET"))(options)
        filters = _filters("4", shipped)(options)
        if speaks is False:
            return None
        for answer in (filters, speaks):
            if isinstance(answer, Unknown):
                return answer
        if not filters:
            return _fault(options, "no IPv4" if _filters("6", shipped)(options) is True else "no packets", shipped)
        return _of_ipv6(options, shipped, command_lines, settings)

    yield from findings(configs, "netfilter", judge)


def _filters(family: str, shipped: Shipped) -> Condition:
    """That a kernel can filter IPv4 or IPv6, with nf_tables or iptables."""
    name, short = ("IP", "ip") if family == "4" else ("IP6", "ip6")
    table = "iptable" if family == "4" else "ip6table"
    tables = both(
        usable("NF_TABLES", "nf_tables", shipped),
        either(
            usable("NF_TABLES_INET", "nf_tables_inet", shipped),
            usable(f"NF_TABLES_IPV{family}", f"nf_tables_ipv{family}", shipped),
        ),
    )
    iptables = both(
        usable(f"{name}_NF_IPTABLES", f"{short}_tables", shipped),
        usable(f"{name}_NF_FILTER", f"{table}_filter", shipped),
    )
    return both(built("NETFILTER"), either(tables, iptables))


def _of_ipv6(
    options: KernelOptions,
    shipped: Shipped,
    command_lines: KernelCommandLine | None | Unknown,
    settings: Sysctl | None | Unknown,
) -> Fault | None | Unknown:
    filters, speaks = _filters("6", shipped)(options), usable("IPV6", "ipv6", shipped)(options)
    if filters is True or speaks is False or _is_silent(options, command_lines, settings):
        return None
    for answer in (filters, speaks):
        if isinstance(answer, Unknown):
            return answer
    return _fault(options, "no IPv6, which it speaks", shipped)


def _is_silent(
    options: KernelOptions, command_lines: KernelCommandLine | None | Unknown, settings: Sysctl | None | Unknown
) -> bool:
    """Whether IPv6 is switched off at boot."""
    if isinstance(settings, Sysctl) and settings.get(NO_IPV6) == "1":
        return True
    lines = started_with(options, command_lines)
    return not isinstance(lines, Unknown) and all(line.get("ipv6.disable") == "1" for line in lines)


def _fault(options: KernelOptions, what: str, shipped: Shipped) -> Fault:
    left_out = [name for name in ("NF_TABLES", "IP_NF_IPTABLES", "IP6_NF_IPTABLES") if options.options.get(name) == "m"]
    lacking = left_out and isinstance(shipped, ShippedModules)
    why = "its modules for that are not in the image" if lacking else "it has neither nf_tables nor iptables for it"
    off = [f"CONFIG_{name}={options.options.get(name, 'n')}" for name in ("NETFILTER", "NF_TABLES", "IP_NF_FILTER")]
    return Fault(f"can filter {what}: {why}", _cure(options), ", ".join(off))


def _cure(options: KernelOptions) -> Remedy:
    version = version_of(options)
    names: tuple[str, ...]
    if not isinstance(version, Unknown) and version < ONE_FILE_SINCE:
        names = ("NETFILTER", "NF_CONNTRACK", "IP_NF_IPTABLES", "IP_NF_FILTER", "IP6_NF_IPTABLES", "IP6_NF_FILTER")
    else:
        family = "NF_TABLES_IPV4" if options.is_on("IPV6") is False else "NF_TABLES_INET"
        names = ("NETFILTER", "NF_CONNTRACK", "NF_TABLES", family, "NFT_CT")
    return Remedy(
        "Build the packet filter in, with what keeps track of connections, and load rules at boot",
        Safety.UNSAFE,
        Stage.SOURCE,
        tuple(SetKernelOption(f"CONFIG_{name}", "y") for name in names),
        "each packet takes a little longer, and the kernel is larger: an image near its size limit may not fit",
    )
