"""A database of a test's own, updated by the real code."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from served import Site, served
from updating import NOW, Update

from firmward.vulns.database import Database
from firmward.vulns.download import Limits
from firmward.vulns.feed import feeds
from firmward.vulns.settings import Settings
from firmward.vulns.update import Means, Outcome, update, wanted


@pytest.fixture
def site() -> Iterator[Site]:
    with served() as one:
        yield one


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vulns.sqlite"


@pytest.fixture
def means(tmp_path: Path, site: Site) -> Means:
    settings = Settings(mirrors=dict.fromkeys(feeds(), site.url))
    return Means(settings, NOW, Limits(timeout=5, tries=2, wait=0), tmp_path / "cache", lambda seconds: None)


@pytest.fixture
def run(path: Path, means: Means, tmp_path: Path) -> Update:
    """Update feeds from the site, or from what is given: contents by the names of files."""

    def call(
        *names: str, anew: bool = False, now: datetime = NOW, given: dict[str, Path] | None = None
    ) -> list[Outcome]:
        given_paths = {name: [place] for name, place in (given or {}).items()}
        orders = wanted(names, given_paths, means.settings, anew=anew)
        return list(update(path, orders, replace(means, now=now)))

    return call


@pytest.fixture
def known(path: Path) -> Iterator[Callable[[], Database]]:
    opened: list[Database] = []

    def call() -> Database:
        opened.append(Database(path))
        return opened[-1]

    yield call
    for one in opened:
        one.close()
