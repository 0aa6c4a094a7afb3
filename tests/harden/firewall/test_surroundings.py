"""What the kernel of a root can do: by its configuration, and by the modules that the root brings."""

import pytest
from hardened import facts_of

from firmward.harden.draft import Draft, Refused
from firmward.harden.firewall.surroundings import can_ask_sources, can_count, require_kernel
from firmward.harden.site import Site
from firmward.model.memory import Content, MemoryTree

RELEASE = "6.1.0-test-arm64"
NETFILTER = f"lib/modules/{RELEASE}/kernel/net/netfilter"
MODULES = ("nf_tables", "nft_ct", "nft_limit", "nft_log", "nf_conntrack")
CONFIG = "CONFIG_NF_TABLES_INET=y\n" + "".join(
    f"CONFIG_{name}=m\n" for name in ("NF_TABLES", "NFT_CT", "NFT_LIMIT", "NFT_LOG", "NF_CONNTRACK", "NFT_FIB_INET")
)


def site(*modules: str, config: str = CONFIG, builtin: str = "") -> Site:
    head = f"# Linux/arm64 6.1.170 Kernel Configuration\nCONFIG_ARM64=y\n{config}"
    files: dict[str, Content] = {f"{NETFILTER}/{name}.ko": b"\x7fELF" for name in modules}
    files |= {f"boot/config-{RELEASE}": head, f"lib/modules/{RELEASE}/modules.builtin": builtin}
    tree = MemoryTree(files)
    return Site(Draft(tree), facts_of(tree))


def test_a_root_with_all_modules_takes_the_rules() -> None:
    require_kernel(site(*MODULES), "nft")


@pytest.mark.parametrize("missing", MODULES)
def test_a_module_that_the_root_does_not_bring_is_told(missing: str) -> None:
    with pytest.raises(Refused, match=rf"are not in lib/modules: {missing}\.ko"):
        require_kernel(site(*(name for name in MODULES if name != missing)), "nft")


def test_what_is_built_in_needs_no_module() -> None:
    builtin = "".join(f"kernel/net/netfilter/{name}.ko\n" for name in MODULES)
    require_kernel(site("other", builtin=builtin), "nft")
    require_kernel(site("other", config=CONFIG.replace("=m", "=y")), "nft")


@pytest.mark.parametrize(
    ("place", "asks"),
    [
        (site(*MODULES), False),
        (site(*MODULES, "nft_fib_inet"), True),
        (site(*MODULES, builtin="kernel/net/netfilter/nft_fib_inet.ko\n"), True),
        (site(*MODULES, "nft_fib_inet", config=CONFIG.replace("CONFIG_NFT_FIB_INET=m", "")), False),
        (site(*MODULES, config=CONFIG.replace("NFT_FIB_INET=m", "NFT_FIB_INET=y")), True),
    ],
    ids=["module missing", "module there", "in the list of what is built in", "not configured", "built in"],
)
def test_senders_are_asked_for_where_the_kernel_can(place: Site, asks: bool) -> None:
    assert can_ask_sources(place, "nft") is asks


COUNTING = CONFIG + "CONFIG_NFT_CONNLIMIT=m\nCONFIG_NETFILTER_CONNCOUNT=m\n"
OLD = "CONFIG_NETFILTER_XT_MATCH_CONNLIMIT=m\n# CONFIG_NETFILTER_CONNCOUNT is not set\n"


@pytest.mark.parametrize(
    ("place", "language", "counts"),
    [
        (site("nft_connlimit", "nf_conncount", config=COUNTING), "nft", True),
        (site("nft_connlimit", config=COUNTING), "nft", False),
        (site("nf_conncount", config=COUNTING), "nft", False),
        (site("nft_connlimit", "nf_conncount"), "nft", False),
        (site(config=COUNTING.replace("=m", "=y")), "nft", True),
        (site("nft_connlimit", "nf_conncount", config=COUNTING), "iptables", False),
        (site("xt_connlimit", config=OLD), "iptables", True),
        (site("xt_connlimit", config=COUNTING.replace("NFT", "NETFILTER_XT_MATCH")), "iptables", False),
    ],
    ids=[
        "modules there", "what it counts with missing", "module missing", "not configured", "built in",
        "of the other language", "before Linux 4.16", "since Linux 4.16",
    ],
)  # fmt: skip
def test_connections_are_counted_where_the_kernel_can(place: Site, language: str, counts: bool) -> None:
    assert can_count(place, language) is counts
