"""Base scores by the equations, beside scores that NVD published with the vectors."""

import pytest

from firmward.model.finding import Severity
from firmward.model.vulnerability import Score
from firmward.vulns import cvss


@pytest.mark.parametrize(
    ("vector", "score"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0),
        ("CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5),
        ("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 7.8),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1),
        ("CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:L/I:N/A:N", 1.6),
        ("CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:C/C:H/I:H/A:H", 8.2),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H/E:P/RL:O", 9.8),
        ("AV:N/AC:L/Au:N/C:P/I:N/A:N", 5.0),
        ("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0),
        ("(AV:L/AC:M/Au:N/C:C/I:C/A:C)", 6.9),
        ("AV:N/AC:M/Au:S/C:N/I:P/A:N", 3.5),
    ],
)
def test_a_vector_has_its_score(vector: str, score: float) -> None:
    assert cvss.base_score(vector) == score


@pytest.mark.parametrize(
    "vector",
    ["", "CVSS:4.0/AV:N/AC:L", "CVSS:3.1/AV:N", "CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "/" * 9000, "::::"],
)
def test_what_is_no_whole_vector_has_none(vector: str) -> None:
    assert cvss.base_score(vector) is None


def test_the_newest_version_counts_and_a_missing_score_is_worked_out() -> None:
    old = Score("AV:N/AC:L/Au:N/C:C/I:C/A:C", 10.0)
    third = Score("CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H", 0.0, "nvd")
    fourth = Score("CVSS:4.0/AV:L/AC:L/AT:N/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", 8.5)
    best = cvss.best((old, third))
    assert best == Score(third.vector, 7.8, "nvd")
    assert cvss.best((old, fourth, third)) == fourth
    assert cvss.best((Score("CVSS:4.0/AV:N", 0.0),)) is None


@pytest.mark.parametrize(("score", "severity"), [(9.0, "critical"), (8.9, "high"), (4.0, "medium"), (0.1, "low")])
def test_a_score_has_a_severity(score: float, severity: str) -> None:
    assert cvss.severity(score) is Severity(severity)
