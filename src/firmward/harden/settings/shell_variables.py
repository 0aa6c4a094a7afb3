"""Files of variables that scripts read (etc/default, etc/conf.d, etc/sysconfig): `NAME=value`, quoted where it must be.

etc/selinux/config is one of them, whose reader knows no quotes; its values need none.
"""

import re
import shlex

from firmward.harden.assignment import Grammar

PATHS = (
    *("etc/default/*", "etc/conf.d/*", "etc/sysconfig/*", "etc/rc.conf", "etc/rc.conf.d/*", "etc/environment"),
    *("etc/selinux/config", "etc/swupdate/conf.d/*", "etc/defaults/*"),
)
LINE = re.compile(
    r"""(?P<head>[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)=)"""
    r"""(?P<value>(?:[^\s#'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|(?<=\S)\#)*)(?P<tail>.*)"""
)
GRAMMAR = Grammar(LINE, "{name}={value}")


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    return GRAMMAR.set(text, option, shlex.quote(value))
