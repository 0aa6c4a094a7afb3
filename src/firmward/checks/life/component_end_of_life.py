"""component-end-of-life"""

from firmward.facts.lives import Kind, Life, Lives
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.clock import Clock
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy, Safety, Stage

RELEASE, STATUS, APK = "etc/os-release", "var/lib/dpkg/status", "lib/apk/db/installed"
OPENSSL = "Package: openssl\nStatus: install ok installed\nVersion: 3.0.17-1~deb12u3\n"


@check(
    title="Software past the end of its support",
    severity=Severity.MEDIUM,
    practice="P08",
    cwe=1104,
    bad=(
        Example({RELEASE: "ID=debian\nVERSION_ID=10\n", STATUS: OPENSSL}),
        Example({RELEASE: 'ID="openwrt"\nVERSION_ID="21.02.3"\n'}),
        Example({RELEASE: "ID=gatewayos\n", "usr/lib/libcrypto.so.1.1": b"\x7fELF\0OpenSSL 1.1.1w  11 Sep 2023\0"}),
        Example(
            {
                RELEASE: "ID=debian\nVERSION_ID=12\n",
                STATUS: "Package: nodejs\nStatus: install ok installed\nVersion: 18.20.4-1nodesource1\n",
            }
        ),
    ),
    good=(
        Example({RELEASE: "ID=debian\nVERSION_ID=12\n", STATUS: OPENSSL}),
        Example({RELEASE: "ID=alpine\nVERSION_ID=3.23.2\n", APK: "P:openssl\nV:3.5.4-r0\n"}),
        Example({RELEASE: "ID=gatewayos\n", "usr/lib/libcrypto.so.3": b"\x7fELF\0OpenSSL 3.5.4 30 Sep 2025\0"}),
    ),
)
def component_end_of_life(lives: Lives, clock: Clock) -> Findings:
    """What is past its end is searched for holes as before, and nobody mends what is found: it stays open in every
    device, and its fix in a later version shows everybody where to look. What a distribution brings is supported as
    long as that is, whatever its makers say of their own line; so a distribution past its end is told once, for all
    that it brought. Kernels and boot loaders have checks of their own.
    """
    doubts = list(lives.unread)
    judged = [one for one in lives.of(Kind.DISTRIBUTION, Kind.COMPONENT) if one.product and not one.carrier]
    told: set[str] = set()
    for life in judged:
        if isinstance(life.line, Unknown):
            doubts.append(life.line.reason)
        elif life.is_past(clock.today) and (key := f"{life.product}-{life.line.line}") not in told:
            told.add(key)
            yield _finding(life, key, lives)
    if doubts:
        raise Unavailable("; ".join(dict.fromkeys(doubts[:3])))
    if not judged:
        raise NotApplicable("nothing here that has a version whose support is known")


def _finding(life: Life, key: str, lives: Lives) -> Finding:
    since = f" since {life.end}" if life.end is not None else ""
    kept = [one.name for one in lives.of(Kind.COMPONENT) if one.carrier] if life.kind is Kind.DISTRIBUTION else []
    brought = f", and with it {', '.join(kept[:4])}" if kept else ""
    return Finding(
        key,
        f"{life.name}{brought} gets no fixes any more{since} ({life.by})",
        at=life.at,
        evidence=f"{life.name}, as known on {lives.as_of}",
        remedy=Remedy(f"Build on a release of {life.title} that is supported", Safety.MANUAL, Stage.SOURCE),
    )
