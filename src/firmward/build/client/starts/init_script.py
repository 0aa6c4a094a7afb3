"""An init script of the old form, called with `start` and `stop`: BusyBox, as Buildroot sets it up, and SysV."""

from firmward.build.client.starts import loop

TEXT = f"""\
#!/bin/sh
### BEGIN INIT INFO
# Provides:          firmward-update
# Required-Start:    $local_fs $network
# Required-Stop:
# Default-Start:     2 3 4 5
# Default-Stop:
# Short-Description: ask for updates
### END INIT INFO
PIDFILE=/run/firmward-update.pid
case "$1" in
start)
	/{loop.PATH} </dev/null >/dev/null 2>&1 &
	echo $! >"$PIDFILE"
	;;
stop)
	kill "$(cat "$PIDFILE")" 2>/dev/null
	;;
esac
"""
