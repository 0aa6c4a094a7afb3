"""nginx opens ports and logs in a master that stays root; workers of another account answer."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("nginx",),
    seen="nginx 1.22 on Debian 12: pages over HTTP",
    capabilities=("CHOWN", "DAC_OVERRIDE", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"),
    calls=("@chown", "@setuid", "setrlimit", "prlimit64", "setgroups"),
    writes=("/run", "/var/lib/nginx", "/var/log/nginx"),
    configuration=("etc/nginx/nginx.conf", "etc/nginx/conf.d/*", "etc/nginx/*-enabled/*"),
    accounts=("www-data", "www", "nginx", "http"),
    reads=("/etc/nginx/**", "/etc/ssl/**", "/usr/lib/nginx/**", "/usr/share/nginx/**", "/var/www/**"),
    beyond=r"(?:^|[;{])\s*(?:perl\w*|js_\w+|\w+_by_lua\w*|dav_methods|client_body_temp_path|proxy_cache_path|aio)\s",
)
