"""credential-hard-coded"""

from firmward.facts.embedded import Embedded
from firmward.facts.secret_search import EmbeddedCredential
from firmward.model.check import Example, Findings, NotApplicable, check
from firmward.model.facts import Source, Unavailable
from firmward.model.finding import Finding, Severity
from firmward.model.remedy import Remedy, Safety, Stage

WIFI = "config wifi-iface 'default'\n\toption ssid 'device'\n\toption encryption 'psk2'\n\toption key 'Rk83mwQz71'\n"
BRIDGE = "connection cloud\naddress mqtt.maker.net:8883\nremote_username gateway\nremote_password Wt5rLq92xB\n"
SCRIPT = "#!/bin/sh\ncurl -s -u gateway:Wt5rLq92xB https://api.maker.net/v1/report\n"
PROGRAM = b"\x7fELF\x01\x01\x01" + bytes(57) + b"mqtts://gateway:Wt5rLq92xB@mqtt.maker.net:8883\0" + bytes(32)

REMEDIES = {
    "token": "Revoke it, take it out, and give each device a credential of its own when it is enrolled",
    "address": "Take the password out of the address and give each device one of its own when it is enrolled",
    "password": "Take it out and give each device one of its own: made at first boot, or in the factory",
    "wifi": "Make the key on each device at first boot or in the factory, and let its owner choose another",
    "hash": "Ship the list empty, and let the first login make the password",
}


@check(
    title="Credential in the image",
    severity=Severity.HIGH,
    practice="P18",
    cwe=798,
    bad=(
        Example({"etc/config/wireless": WIFI}),
        Example({"etc/mosquitto/conf.d/bridge.conf": BRIDGE}),
        Example({"usr/bin/report.sh": SCRIPT}),
        Example({"usr/bin/agent": PROGRAM}),
    ),
    good=(
        Example({"etc/config/wireless": WIFI.replace("Rk83mwQz71", "")}),
        Example({"etc/mosquitto/conf.d/bridge.conf": "connection cloud\nbridge_certfile /data/tls/device.crt\n"}),
        Example({"usr/bin/report.sh": SCRIPT.replace("Wt5rLq92xB", "$PASSWORD")}),
        Example({"usr/bin/agent": PROGRAM.replace(b"gateway:Wt5rLq92xB", b"%s:%s")}),
    ),
)
def credential_hard_coded(embedded: Embedded, source: Source) -> Findings:
    """A password, token or key in a file or program of the image is the same in every device and open to everyone who
    has the update file. It opens the cloud account, broker, database or wireless network behind it, for all devices at
    once, and cannot be changed without an update of all. Names, places and lengths are told here, never the value. What
    stands for a value (a variable, a form to fill in, an empty one) is none.
    """
    if source is not Source.IMAGE:
        raise NotApplicable("a running device may have credentials of its own; the image tells which are not")
    seen: set[str] = set()
    for one in embedded.credentials:
        key = f"{one.at.path}:{one.name}"
        if key not in seen:
            seen.add(key)
            yield _finding(key, one)
    if embedded.unread:
        raise Unavailable("; ".join(embedded.unread[:5]))


def _finding(key: str, one: EmbeddedCredential) -> Finding:
    return Finding(
        key,
        f"{_words(one)} stands in /{one.at.path}, alike in every copy ({one.length} characters)",
        at=one.at,
        remedy=Remedy(REMEDIES[one.kind], Safety.MANUAL, Stage.SOURCE),
        severity=Severity.MEDIUM if one.kind == "hash" else None,
    )


def _words(one: EmbeddedCredential) -> str:
    if one.kind == "address":
        return f"a password inside an address ({one.name.removesuffix(' address')}://)"
    if one.kind == "wifi":
        return f"the wireless network's {one.name}"
    return f"a value for {one.name}" if one.kind == "password" else f"a {one.name}"
