"""A server's key and the certificate that it signs itself, by openssl.

The key is on P-256; the certificate is no authority, names the host, and ends after a hundred years: the clock of a new
device may stand at 1970, and nobody renews what a device made for itself. Files keep their owners and modes, since the
server may read them as its own user, and their folder lets it through. Where one file held both, so does the new one.
"""

from collections.abc import Mapping

from firmward.harden.draft import Draft
from firmward.model.remedy import MakeAtFirstBoot
from firmward.model.tree import Kind

SERVERS = ("lighttpd", "nginx", "apache2", "httpd", "uhttpd", "mosquitto", "stunnel", "haproxy", "vsftpd")
KEY_MODE, CERTIFICATE_MODE = 0o600, 0o644
FUNCTIONS = """\
tls_key() { # KEY MODE OWNER CERTIFICATE MODE OWNER
	[ -s "$1" ] && [ -s "$4" ] && return 0
	folder "$1" 711 && folder "$4" 711 || return 1
	name=$(hostname 2>/dev/null | tr -cd 'A-Za-z0-9.-')
	rm -f "$1.new" "$1.cert" "$1.settings"
	cat >"$1.settings" <<-END
		[req]
		distinguished_name = name
		x509_extensions = server
		prompt = no
		[name]
		CN = ${name:-device}
		[server]
		basicConstraints = critical, CA:FALSE
		keyUsage = digitalSignature
		extendedKeyUsage = serverAuth
		subjectAltName = DNS:${name:-device}
	END
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -sha256 -days 36500 \\
		-config "$1.settings" -keyout "$1.new" -out "$1.cert" 2>/dev/null || return 1
	rm -f "$1.settings"
	if [ "$1" = "$4" ]; then
		cat "$1.cert" >>"$1.new" && rm -f "$1.cert" && place "$1.new" "$1" "$2" "$3"
	else
		rm -f "$1" && place "$1.cert" "$4" "$5" "$6" && place "$1.new" "$1" "$2" "$3"
	fi
}
"""


def call(change: MakeAtFirstBoot, draft: Draft, places: Mapping[str, str]) -> str | None:
    certificate = change.certificate or f"{change.path}.crt"
    place = places.get(certificate) or f"{places[change.path]}.crt"
    key = f"{places[change.path]} {_owned(draft, change.path, KEY_MODE)}"
    return f"tls_key {key} {place} {_owned(draft, certificate, CERTIFICATE_MODE)}"


def _owned(draft: Draft, path: str, mode: int) -> str:
    """Mode and owner as they were; nobody but owner and group reads a key, whatever stood there."""
    there = draft.resolve(path)
    if there is None or there.kind is not Kind.FILE:
        return f"{mode:o} 0:0"
    kept = there.mode & 0o777 & (0o640 if mode == KEY_MODE else 0o644)
    return f"{kept or mode:o} {there.uid}:{there.gid}"
