"""lighttpd opens its port and its logs as root, and becomes `server.username`."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("lighttpd",),
    seen="lighttpd 1.4.69 on Debian 12: pages over HTTP",
    capabilities=("CHOWN", "DAC_OVERRIDE", "NET_BIND_SERVICE", "SETGID", "SETUID"),
    calls=("@chown", "@setuid", "setrlimit", "prlimit64", "setgroups"),
    writes=("/run", "/var/cache/lighttpd", "/var/log/lighttpd"),
    configuration=("etc/lighttpd/lighttpd.conf", "etc/lighttpd/conf-enabled/*"),
    accounts=("www-data", "www", "lighttpd", "http"),
    reads=("/etc/lighttpd/**", "/etc/mime.types", "/usr/lib/lighttpd/**", "/usr/share/lighttpd/**", "/var/www/**"),
    runs=("/usr/share/lighttpd/*", "/usr/bin/{dash,perl}", "/bin/{sh,dash}"),
    memory="64M",
    beyond=(
        r"^[^#\n]*(?:mod_(?:cgi|fastcgi|scgi|webdav|magnet|rrdtool|ssi|exec)\b|bin-path|\|/"
        r"|server\.upload-dirs(?![^\n]*/var/cache/lighttpd))"
    ),
)
