"""mosquitto becomes the account of its name; what it keeps lies below persistence_location."""

from firmward.facts.sandbox import Sandbox

ROW = Sandbox(
    programs=("mosquitto",),
    seen="mosquitto 2.0.11 on Debian 12: messages published and received",
    capabilities=("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"),
    calls=("@chown", "@setuid", "setgroups"),
    writes=("/run/mosquitto", "/var/lib/mosquitto", "/var/log/mosquitto"),
    configuration=("etc/mosquitto/mosquitto.conf", "etc/mosquitto/conf.d/*"),
    accounts=("mosquitto",),
    reads=("/etc/mosquitto/**", "/etc/ssl/**"),
    runs=("/{,usr/}bin/{mkdir,chown}",),
    beyond=r"^\s*(?:(?:auth_)?plugin|persistence_location\s+(?!/var/lib/mosquitto)|log_dest\s+file\s+(?!/var/log/mosq))",
)
