"""The moment at which tests update, and how they call it."""

from collections.abc import Callable
from datetime import UTC, datetime

from firmward.vulns.update import Outcome

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
Update = Callable[..., list[Outcome]]
