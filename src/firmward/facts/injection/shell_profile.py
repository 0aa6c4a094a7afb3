"""What comes from outside to a shell script: with a web request, or with an event."""

import re
from dataclasses import dataclass

REQUEST = re.compile(
    r"QUERY_STRING|REQUEST_URI|PATH_INFO|PATH_TRANSLATED|HTTP_\w+|CONTENT_TYPE|POST_DATA|POSTDATA|POST_STRING|"
    r"(?:FORM|GET|POST|COOKIE)_\w+"
)
BODY = "the request's body"
"""The source of what a request sends on standard input."""


@dataclass(frozen=True, slots=True)
class Profile:
    """What comes from outside: variables whose names match `variables`, and standard input if `reads_body`.

    `words` says whether it is told that a value becomes several words.
    """

    variables: re.Pattern[str]
    reads_body: bool = True
    words: bool = True
    programs: frozenset[str] = frozenset()
    """Programs that print what comes from outside: the label of a disk, the names of networks."""


CGI = Profile(REQUEST)
EVENT = Profile(
    re.compile(
        r"(?:new_)?(?:domain|hostname|host_name|domain_name|domain_search|boot_?file|boot_?filename|filename|sname|"
        r"tftp|tftp_server_name|wpad|wpad_url|root_?path|message|search|nisdomain|nis_domain|vendor)"
        r"|ID_FS_LABEL|ID_MODEL|ID_VENDOR"
    ),
    reads_body=False,
    words=False,
    programs=frozenset(("blkid", "iwlist")),
)
"""What a DHCP server, or a medium that is put in, sends to a hook."""
