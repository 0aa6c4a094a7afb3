"""A campaign as the command runs it: what came of it until now is kept, so that an interruption loses nothing."""

import signal
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from firmward.build import built
from firmward.build.image import POLICY
from firmward.cli.judging import Question, Reading, audit_target, judging_day, read_policy
from firmward.cli.lab_attack_page import Page, Progress
from firmward.cli.main import Ended, ended
from firmward.cli.workers import as_they_come, run_each
from firmward.image.budget import Limits
from firmward.image.given import Given
from firmward.lab import board, campaign
from firmward.lab.attacks import Attack, attacks
from firmward.lab.campaign import Attempt, Baseline, NotTried
from firmward.lab.device import Kind
from firmward.lab.pair import Pair
from firmward.lab.proof.record import Audited, Proof, Setting, shown
from firmward.model.version import VERSION

BOTH = (Kind.PLAIN, Kind.PROTECTED)


@dataclass(frozen=True, slots=True)
class Effort:
    """How often each attack is tried, and how many at once."""

    rounds: int
    jobs: int


def by_turns(attacks: Sequence[Attack]) -> list[int]:
    """In which order they are begun: the longest and the shortest of what is left, by turns. So none that takes long is
    left for the end, alone, and those that mostly wait run beside those that mostly reckon."""
    order = deque(sorted(range(len(attacks)), key=lambda index: -attacks[index].takes))
    return [order.pop() if number % 2 else order.popleft() for number in range(len(attacks))]


class Campaign:
    """What came of it until now, so that an interruption loses nothing."""

    def __init__(self, pair: Pair, attacks: Sequence[Attack], effort: Effort, page: Page) -> None:
        self._pair, self._attacks, self._effort, self._page = pair, attacks, effort, page
        self._setting = setting(pair, effort)
        self._begun = time.monotonic()
        self._audited: dict[Kind, Audited] = {}
        self._baselines: tuple[Baseline, ...] = ()
        self._attempts: dict[int, Attempt] = {}
        self._can: tuple[Attack, ...] = ()
        self._not_tried: tuple[NotTried, ...] = ()

    def proof(self) -> Proof:
        interrupted = False
        try:
            self._prepare()
            self._start()
            self._try()
        except (KeyboardInterrupt, Ended):
            interrupted = True
        return self._told(interrupted=interrupted)

    def _prepare(self) -> None:
        """Make both devices, and ask the audit of them."""
        self._page.open(self._pair, self._attacks)
        with self._page.doing("Making the unprotected twin"):
            for kind in BOTH:
                self._pair.prepare(kind)
        with self._page.doing("Auditing both"):
            for kind in BOTH:
                self._audited[kind] = _audited(self._pair, kind)

    def _start(self) -> None:
        def ask(kind: Kind) -> Baseline:
            signal.signal(signal.SIGTERM, ended)
            return campaign.baseline(self._pair, kind)

        with self._page.doing("Starting both without an attack"):
            self._baselines = tuple(run_each(ask, BOTH, self._effort.jobs, campaign.not_started))
        for one in self._baselines:
            self._page.baseline(one)
        self._can, self._not_tried = campaign.tried(self._pair, self._attacks, self._baselines)

    def _try(self) -> None:
        def ask(one: Attack) -> Attempt:
            # a worker that is asked to end takes with it what it has started
            signal.signal(signal.SIGTERM, ended)
            return campaign.attempt(self._pair, one, self._effort.rounds)

        order = by_turns(self._can)
        waiting = [self._can[index] for index in order]
        progress = Progress(len(self._can), time.monotonic())
        with self._page.doing(progress.words(0, progress.begun)) as tell:
            for number, attempt in as_they_come(ask, waiting, self._effort.jobs, campaign.lost):
                self._attempts[order[number]] = attempt
                self._page.attempt(attempt, len(self._attempts), len(self._can))
                tell(progress.words(len(self._attempts), time.monotonic()))

    def _told(self, *, interrupted: bool) -> Proof:
        attempts = tuple(self._attempts[index] for index in sorted(self._attempts))
        reasons = {one.attack: one for one in self._not_tried}
        tried = {one.attack for one in attempts}
        left = tuple(
            reasons.get(one.id, NotTried(one.id, "it was interrupted before"))
            for one in self._attacks
            if one.id not in tried
        )
        return shown(
            Proof(
                self._setting,
                time.monotonic() - self._begun,
                attacks(),
                attempts,
                left,
                self._baselines,
                {kind: self._audited.get(kind, Audited()) for kind in BOTH},
                interrupted,
            )
        )


def setting(pair: Pair, effort: Effort) -> Setting:
    """What is attacked, and how. Raises InputError for a moment in SOURCE_DATE_EPOCH that is none."""
    said, virtual = pair.device.said, board.virtual(pair.device.said.board)
    return Setting(
        VERSION,
        said.product,
        said.version,
        said.board,
        built.digest(pair.device.folder / built.FILE),
        " ".join((virtual.program, *virtual.arguments)),
        judging_day().today.isoformat(),
        effort.rounds,
        effort.jobs,
        pair.before is not None,
        None if pair.older is None else built.read(pair.older).version,
        pair.updates is not None,
    )


def _audited(pair: Pair, kind: Kind) -> Audited:
    """The chain of a device, and the checks that found something."""
    folder = pair.device.folder
    question = Question((), read_policy(folder / POLICY), judging_day())
    target, given = folder, tuple[Given, ...]()
    if kind is Kind.PLAIN:
        parts = pair.twin_parts()
        target, given = parts.disk, (Given("uboot", parts.loader), Given("env", parts.environment))
    report = audit_target(target, question, Reading(Limits(), given=given), lambda _: None)
    return Audited(report.chain, frozenset(one.check for one in report.findings if one.outcome == "fail"))
