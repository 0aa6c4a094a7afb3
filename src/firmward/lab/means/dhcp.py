"""Gives the device its address (RFC 2131, RFC 2132), where no other machine but the lab's own is on the wire."""

from firmward.lab.station import ADDRESS, DEVICE, UDP, Packet, datagram, udp

SERVER_PORT, CLIENT_PORT = 67, 68
EVERYBODY = b"\xff" * 4
REQUEST, REPLY = 1, 2
COOKIE = bytes((99, 130, 83, 99))
FIXED = 236
"""Bytes of a message in front of the cookie."""
DISCOVER, OFFER, ASK, ACKNOWLEDGE = 1, 2, 3, 5
KIND, SERVER, MASK, LEASE, END = 53, 54, 1, 51, 255
ANSWERS = {DISCOVER: OFFER, ASK: ACKNOWLEDGE}
SECONDS = (86400).to_bytes(4, "big")


def answer(packet: Packet) -> Packet | None:
    """None for what asks for no address."""
    asked = datagram(packet)
    if asked is None or asked.port != SERVER_PORT or len(asked.data) < FIXED + 4 or asked.data[0] != REQUEST:
        return None
    kind = ANSWERS.get(_kind(asked.data[FIXED + 4 :]))
    if kind is None:
        return None
    head = bytes((REPLY,)) + asked.data[1:8] + asked.data[8:12] + bytes(4) + DEVICE + ADDRESS + asked.data[24:FIXED]
    options = {KIND: bytes((kind,)), SERVER: ADDRESS, LEASE: SECONDS, MASK: b"\xff\xff\xff\0"}
    told = b"".join(bytes((code, len(value))) + value for code, value in options.items())
    body = udp(SERVER_PORT, CLIENT_PORT, head + COOKIE + told + bytes((END,)))
    return Packet(ADDRESS, EVERYBODY, UDP, body)


def _kind(options: bytes) -> int:
    """What a message is; 0 where it does not say."""
    at = 0
    while at + 2 < len(options) and options[at] != END:
        if options[at] == 0:  # padding has no length
            at += 1
            continue
        if options[at] == KIND:
            return options[at + 2]
        at += 2 + options[at + 1]
    return 0
