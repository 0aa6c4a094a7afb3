"""Apache opens ports and logs in a parent that stays root; children of another account answer."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("apache2", "httpd2"),
    seen="apache 2.4 on Debian 12: pages over HTTP",
    capabilities=("CHOWN", "DAC_OVERRIDE", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"),
    calls=("@chown", "@setuid", "setgroups"),
    writes=("/run", "/var/cache/apache2", "/var/lib/apache2", "/var/log/apache2"),
    configuration=("etc/apache2/apache2.conf", "etc/apache2/*-enabled/*"),
    accounts=("www-data", "apache"),
    reads=("/etc/apache2/**", "/usr/lib/apache2/**", "/usr/share/apache2/**", "/var/www/**", "/etc/mime.types"),
    runs=("/{,usr/}bin/*", "/{,usr/}sbin/{apache2,apachectl,apache2ctl}"),
    tasks=256,
    beyond=r"^\s*(?:LoadModule\s+(?:cgid?|php\S*|perl|wsgi|dav|dav_fs|fcgid)_?module|ExtFilterDefine)\b",
)
