"""What keeps the network stack small, and up under a flood. Drivers for rare protocols are kernel-module-unneeded's
too, which knows what the device uses; here are those that advisers name."""

from firmward.checks.kernel.options.row import Cost, Row, Source
from firmward.model.finding import Severity

INFO = Severity.INFO
GRSECURITY, FEATURE = Source.GRSECURITY, Cost.FEATURE

ROWS = (
    Row("SYN_COOKIES", "y", "a flood of half-open connections fills the queue and keeps everybody else out",
        Source.UPSTREAM),
    Row("INET_DIAG", "n", "a list of all sockets is open to programs, which showed heap addresses before 4.1",
        Source.KSPP, INFO, Cost.DEBUGGING),
    Row("MPTCP", "n", "any program opens sockets of multipath TCP, young code with a state machine of its own",
        GRSECURITY, INFO, FEATURE, since=(5, 6)),
    Row("TLS", "n", "any program has its sockets encrypted in the kernel, where use after free was found year by year",
        GRSECURITY, INFO, FEATURE, since=(4, 13)),
    Row("TIPC", "n", "a cluster protocol is there whose parsers were overrun from the network (CVE-2021-43267)",
        GRSECURITY, cost=FEATURE),
    Row("IP_SCTP", "n", "telephone networks' transport is there, a large parser that hosts elsewhere can reach",
        GRSECURITY, cost=FEATURE, selected_by=("DLM",)),
    Row("IP_DCCP", "n", "a transport without users is there, of which CVE-2017-6074 gave every account root",
        Source.CHECKER, cost=FEATURE, until=(6, 16)),
    Row("SMB_SERVER", "n",
        "the kernel itself serves SMB, and what a guest of the network sends is parsed with all its rights", GRSECURITY,
        cost=FEATURE, since=(5, 15)),
    Row("NET_PKTGEN", "n", "the kernel can send floods of packets with forged senders, a weapon for whoever is root",
        Source.OWN, INFO, Cost.DEBUGGING),
)  # fmt: skip
