"""The report: what was opened, what was judged, what was found. Schema `firmward.report/1`."""

from dataclasses import dataclass, field
from enum import StrEnum

from firmward.model.calendar import Calendar
from firmward.model.chain import Link
from firmward.model.component import Component
from firmward.model.finding import Outcome, Severity
from firmward.model.kernel_standing import KernelStanding
from firmward.model.location import Location
from firmward.model.remedy import Remedy
from firmward.model.version import VERSION
from firmward.model.vulnerability import Vulnerability


class Role(StrEnum):
    """What a part is for, as far as its place, name or content shows it."""

    ROOT = "root"
    INITRAMFS = "initramfs"
    BOOT = "boot"
    DATA = "data"
    KERNEL = "kernel"
    KERNEL_CONFIG = "kernel-config"
    DEVICE_TREE = "device-tree"
    BOOT_LOADER = "boot-loader"
    OTHER = "other"


class Fill(StrEnum):
    """What stands where nothing was written."""

    ZERO = "zero"
    ERASED = "erased"
    """0xff, as flash is before it is written."""


@dataclass(frozen=True, slots=True)
class Blank:
    """A run of bytes of a part, outside the parts in it, that are all 0x00 or all 0xff. In bytes from its start."""

    offset: int
    size: int
    fill: Fill


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an image: a disk, a partition, what a wrapper holds, a file system, a blob.

    `id` is a path of names from the image down (`image/rootfs_a`), unique and the same for the same bytes. `offset` (in
    the parent's bytes) and `size` are in bytes. `digest` is the SHA-256 of its bytes, `sha256:…`, where they were read.
    `problem` says why it could not be opened, or not wholly. `same_as` names an equal part that was audited instead.
    `belongs_to` names the root file system that a kernel, device tree, configuration or initramfs goes with.
    `entropy` is in bits per byte (0 to 8) of a sample; an audit measures it where nothing identifies the bytes, since
    elsewhere the kind says more. `blank` lists large runs that were never written, for the map.
    """

    id: str
    kind: str
    parent: str | None = None
    offset: int | None = None
    size: int | None = None
    digest: str | None = None
    role: Role = Role.OTHER
    problem: str | None = None
    same_as: str | None = None
    belongs_to: str | None = None
    entropy: float | None = None
    blank: tuple[Blank, ...] = ()


@dataclass(frozen=True, slots=True)
class Subject:
    """What was audited. `source` is image, live, attested or network."""

    name: str
    digest: str | None
    source: str


@dataclass(frozen=True, slots=True)
class PartOutcome:
    part: str
    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CheckResult:
    """A check over the whole subject: the worst outcome of its parts.

    The words about the check travel with it, so that a report reads the same in a version that has it no more.
    """

    check: str
    area: str
    title: str
    severity: Severity
    outcome: Outcome
    reason: str | None = None
    parts: tuple[PartOutcome, ...] = ()
    practice: tuple[str, ...] = ()
    cwe: int | None = None
    doc: str = ""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The accepted risk that covers a finding, or covered it until it expired. Without a day in `expires` it is the
    policy's profile that accepts it."""

    reason: str
    owner: str
    expires: str | None
    expired: bool

    @property
    def term(self) -> str:
        """How long, in words that follow "accepted"."""
        return "without a day" if self.expires is None else f"until {self.expires}"


class Novelty(StrEnum):
    """What a baseline says of a finding."""

    KNOWN = "known"
    NEW = "new"
    WORSE = "worse"
    """Known, and more severe than it was."""


@dataclass(frozen=True, slots=True)
class KnownFinding:
    """A finding as a baseline keeps it: what knows it again, and enough for a person to know it too. `part` is the name
    of the part without offsets, None where it is the input itself."""

    check: str
    key: str
    part: str | None
    path: str | None
    severity: Severity
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How a report stands against a baseline. `fixed` are findings of the baseline that are gone, `unseen` those whose
    check has no verdict any more, `lost` the checks that judged and have none now."""

    name: str
    known: int
    new: int
    worse: int
    fixed: tuple[KnownFinding, ...] = ()
    unseen: tuple[KnownFinding, ...] = ()
    lost: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportedFinding:
    """A finding with all that a reader needs. `outcome` is fail, error or accepted; `baseline` is None without one."""

    check: str
    key: str
    area: str
    title: str
    practice: tuple[str, ...]
    severity: Severity
    outcome: str
    message: str
    at: Location | None
    cwe: int | None
    fingerprint: str
    evidence: str | None = None
    remedy: Remedy | None = None
    accepted: Acceptance | None = None
    baseline: Novelty | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """Whether all was looked at; if not, what ran out."""

    complete: bool = True
    exhausted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """One source of the data of vulnerabilities, and the day they are of."""

    name: str
    day: str


@dataclass(frozen=True, slots=True)
class Advised:
    """By what data the vulnerabilities were looked up: those known `as_of` a day, seen from `today`, from these
    `feeds`. `notes` say of which components nothing could be told, and why; without a day there were no data at all."""

    today: str
    as_of: str | None
    feeds: tuple[Feed, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    subject: Subject
    parts: tuple[Part, ...]
    checks: tuple[CheckResult, ...]
    findings: tuple[ReportedFinding, ...]
    budget: Budget = field(default_factory=Budget)
    product: str | None = None
    """Product, model and version as the policy declares them."""
    notes: tuple[str, ...] = ()
    """What the maker should know beside the findings, such as an accepted risk that covers nothing."""
    version: str = VERSION
    """The firmward that made the report."""
    baseline: Standing | None = None
    """How it stands against a baseline, where one was given."""
    chain: tuple[Link, ...] = ()
    """The chain of trust, link by link; empty where it was not drawn."""
    kernels: tuple[KernelStanding, ...] = ()
    """How each kernel was configured; empty where it was not asked, or no configuration is known."""
    life: Calendar | None = None
    """What falls out of support when; None where it was not asked, or nothing has a life that is known."""
    components: tuple[Component, ...] = ()
    """The software in it; empty where it was not looked for, or nothing was found."""
    vulnerabilities: tuple[Vulnerability, ...] = ()
    """Those that apply to the components, gravest first; empty where they were not looked up, or there are none."""
    advised: Advised | None = None
    """By what data they were looked up; None where they were not asked for."""

    @property
    def judged(self) -> int:
        """Checks with a verdict: pass, fail or notapplicable."""
        return sum(1 for check in self.checks if check.outcome not in (Outcome.UNKNOWN, Outcome.ERROR))

    @property
    def unknown(self) -> int:
        """Checks without one."""
        return len(self.checks) - self.judged
