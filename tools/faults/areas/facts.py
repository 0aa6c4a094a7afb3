"""What is read from a system's files."""

from fault import Fault

FAULTS = (
    Fault(
        "facts/collection.py",
        "return Unknown(str(reason))",
        "return None",
        "tests/facts tests/test_every_check.py tests/test_every_collector.py",
        "what could not be looked at taken for absent",
    ),
    Fault(
        "facts/listeners.py",
        "if not listener.is_local)",
        "if listener)",
        "tests/facts/test_listeners.py tests/test_every_check.py",
        "a listener on the loopback counted as reachable",
    ),
    Fault(
        "facts/sshd.py", "if known is None:", "if True:", "tests/facts/test_sshd.py", "the last value of a keyword wins"
    ),
    Fault(
        "facts/units/reach.py",
        "if name in starts or units.is_masked(name):",
        "if name in starts:",
        "tests/facts/test_systemd.py",
        "masked units start",
    ),
    Fault(
        "facts/weak_passwords.py",
        "if fits is None:",
        "if False:",
        "tests/facts/test_weak_passwords.py",
        "a hash that could not be tried taken for a strong password",
    ),
)
