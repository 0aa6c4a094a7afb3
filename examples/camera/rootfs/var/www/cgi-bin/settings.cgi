#!/bin/sh
# Take the form, let only known keys and plain words through, and replace the file in one step.
FILE=/data/settings/camera.conf

refuse() {
	printf 'Status: 400 Bad Request\r\nContent-Type: text/plain\r\n\r\n%s\n' "$1"
	exit
}

[ "$REQUEST_METHOD" = POST ] || refuse "POST only"
case "$CONTENT_LENGTH" in
"" | *[!0-9]* | ?????*) refuse "length" ;;
esac

new=$(mktemp /data/settings/new.XXXXXX) || refuse "busy"
head -c "$CONTENT_LENGTH" | tr '&+' '\n ' |
	sed -n -e '/^name=[A-Za-z0-9 ]\{1,32\}$/p' -e '/^resolution=[0-9]\{3,4\}x[0-9]\{3,4\}$/p' \
		-e '/^night=\(auto\|on\|off\)$/p' -e '/^motion=\(on\|off\)$/p' >"$new"
if [ "$(wc -l <"$new")" -ne 4 ]; then
	rm -f "$new"
	refuse "four settings are wanted"
fi
mv "$new" "$FILE"
printf 'Content-Type: text/plain\r\n\r\nsaved\n'
