#!/bin/sh
# The camera's state as JSON. Every value comes from a file that only settings.cgi and the camera write.
setting() {
	sed -n "s/^$1=\([A-Za-z0-9 ]*\)\$/\1/p" /data/settings/camera.conf | head -n 1
}

events() {
	tail -n 5 /data/events/*.log | sed -n 's/^\([0-9A-Za-z:.= -]*\)$/"\1"/p' | sed '$!s/$/,/'
}

read -r uptime _ </proc/uptime
read -r load _ </proc/loadavg
. /etc/os-release
printf 'Content-Type: application/json\r\nCache-Control: no-store\r\n\r\n'
cat <<JSON
{"version": "$VERSION_ID", "uptime": $uptime, "load": "$load",
 "settings": {"name": "$(setting name)", "resolution": "$(setting resolution)", "night": "$(setting night)", "motion": "$(setting motion)"},
 "events": [$(events)]}
JSON
