"""Web servers, and scripts that handle requests."""

from fault import Fault

FAULTS = (
    Fault(
        "facts/injection/shell_filters.py",
        "if name in FILTERS and not _cleans(name, text):",
        "if name in FILTERS:",
        "tests/facts/test_injection.py",
        "a value whose signs were filtered is told all the same",
    ),
    Fault(
        "facts/injection/tokens.py",
        "if is_reached or name",
        "if True or name",
        "tests/facts/test_injection.py",
        "the other branch's harmless value hides the request's",
    ),
    Fault(
        "facts/web/lighttpd.py",
        "if any(_is_narrow(condition) for condition in setting.within):",
        "if False:",
        "tests/checks/web",
        "a status page for the device alone is told",
    ),
    Fault(
        "facts/unkept_servers.py",
        "if not imports or LIBRARIES.search(content) or CARRIED.search(content):",
        "if not imports:",
        "tests/checks/web",
        "a server on a kept library is told as somebody's own",
    ),
    Fault(
        "facts/web/lighttpd.py",
        "    if is_whole and () not in said:",
        "    if False:",
        "tests/checks/web/test_web_checks.py",
        "lighttpd waits a minute for who says nothing, as it does unless told, and nobody hears of it",
    ),
    Fault(
        "facts/web/lighttpd.py",
        "    if is_whole and () not in said:",
        "    if is_whole and not said:",
        "tests/checks/web/test_web_checks.py",
        "what is said for one address is taken for all",
    ),
    Fault(
        "facts/web/nginx.py",
        "    if is_whole and not said:",
        "    if False:",
        "tests/checks/web/test_web_checks.py",
        "nginx waits a minute for who says nothing, as it does unless told, and nobody hears of it",
    ),
    Fault(
        "facts/web/nginx.py",
        '"m": 60_000,',
        '"m": 1,',
        "tests/checks/web/test_web_checks.py",
        "a minute of nginx taken for a moment",
    ),
)
