"""Keys in sections, as GLib, OpenSSL, stunnel, RAUC, OSTree and dnf read them: `key = value` below `[name]`."""

from firmward.harden.assignment import SECTION, Grammar, equals

PATHS = (
    "etc/rauc/*.conf",
    "etc/rauc-hawkbit-updater/*",
    "etc/stunnel/*",
    "etc/stunnel/*/*",
    "etc/ostree/remotes.d/*",
    "**/ostree/repo/config",
    "etc/yum.conf",
    "etc/yum.repos.d/*",
    "etc/dnf/*",
    "etc/dnf/*/*",
    "**/sysupdate.d/*",
    "**/openssl.cnf",
    "**/stunnel.conf",
)
GRAMMAR = Grammar(equals(r"[^\s=#;\[](?:[^=]*[^\s=])?"), "{name} = {value}", SECTION, folds=True)


def set_option(text: str, option: str, value: str, section: str | None) -> str:
    return GRAMMAR.set(text, option, value, section)
