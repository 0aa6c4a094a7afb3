from collections.abc import Iterator

from firmward.facts.exposure import described, reach
from firmward.facts.firewall import Firewall
from firmward.facts.mosquitto import Broker, Mosquitto
from firmward.facts.packet_filter import Reach
from firmward.model.check import Example, Findings, check
from firmward.model.facts import Unavailable, Unknown
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy, Safety, SetOption, Stage

START = {"etc/inittab": "::respawn:/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf\n"}
PATH = "etc/mosquitto/mosquitto.conf"


@check(
    title="The MQTT broker takes anyone",
    severity=Severity.HIGH,
    practice="P18",
    cwe=306,
    bad={**START, PATH: "listener 1883\nallow_anonymous true\n"},
    good=(
        Example({**START, PATH: "listener 8883\ncertfile /data/tls.crt\nkeyfile /data/tls.key\nallow_anonymous false\n"
            "password_file /data/users\n"}),
        Example({**START, PATH: "listener 1883 127.0.0.1\nallow_anonymous true\n"}),
    ),
)  # fmt: skip
def mqtt_anonymous(mosquitto: Mosquitto, firewall: Firewall | Unknown | None) -> Findings:
    """Without a name and a password anyone who reaches the broker reads every topic and publishes as any device. Where
    topics carry commands, as they mostly do, that is control of all that listens to them.
    """
    undecided = list(mosquitto.unread)
    for broker in mosquitto.brokers:
        if broker.listener.is_local or broker.wants_certificate:
            continue
        if broker.anonymous is None:
            undecided.append(
                f"{broker.listener.at}: whether anyone may connect hangs on mosquitto's version, unknown here"
            )
        elif broker.anonymous:
            yield _finding(broker, firewall)
    if undecided:
        raise Unavailable("; ".join(undecided[:5]))


def _finding(broker: Broker, firewall: Firewall | Unknown | None) -> Finding:
    changes = tuple(_changes(broker))
    closed = reach(broker.listener, firewall) is Reach.CLOSED
    return Finding(
        broker.listener.key,
        f"{described(broker.listener)} takes connections without a name and a password"
        + ("; the firewall keeps others away" if closed else ""),
        at=broker.anonymous_at,
        remedy=Remedy(
            "Set allow_anonymous to false, with a password_file or client certificates of each device's own",
            Safety.UNSAFE if changes else Safety.MANUAL,
            Stage.IMAGE,
            changes,
            breaks="a client that has no name and password yet, or no certificate, connects no more" if changes else "",
        ),
        severity=Severity.LOW if closed else None,
    )


def _changes(broker: Broker) -> Iterator[SetOption]:
    path = broker.anonymous_at.path
    if path is not None and path.startswith("etc/config/") and broker.section is not None:
        yield SetOption(path, "allow_anonymous", "0", broker.section)
    elif path is not None and path.endswith(".conf"):
        yield SetOption(path, "allow_anonymous", "false", broker.section)
