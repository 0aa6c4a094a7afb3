"""What the web checks say beyond their own examples: whose rights, who is kept away, what only looks wrong."""

from datetime import date

import pytest

from firmward.audit.catalogue import find_check
from firmward.audit.engine import Verdict, families, judge
from firmward.facts.collection import Collection
from firmward.facts.web_servers import WebServers
from firmward.model.clock import Clock
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content, MemoryTree, executable, link

CONF = "etc/lighttpd/lighttpd.conf"
LIGHTTPD: dict[str, Content] = {"etc/inittab": f"::respawn:/usr/sbin/lighttpd -D -f /{CONF}\n"}
IDLE = "server.max-read-idle = 10\n"
TLS = f'server.port = 443\nssl.engine = "enable"\nserver.document-root = "/www"\nserver.username = "www"\n{IDLE}'
NGINX: dict[str, Content] = {"etc/inittab": "::respawn:/usr/sbin/nginx\n"}
APACHE: dict[str, Content] = {"etc/inittab": "::respawn:/usr/sbin/apache2 -DFOREGROUND\n"}
BUSYBOX: dict[str, Content] = {"usr/sbin/httpd": link("/bin/busybox"), "bin/busybox": executable(b"\x7fELF")}
SERVER = b"\x7fELF" + bytes(60) + (
    b"\0listen\0bind\0accept\0HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\0" b"400 Bad Request\0GET\0POST\0"
)  # fmt: skip


def verdict(check: str, files: dict[str, Content]) -> Verdict:
    found = find_check(check)
    facts = Collection(MemoryTree(files)).facts("test", families([found]))
    return judge(found, facts, None, Clock(date(2026, 11, 20)))


def keys(files: dict[str, Content], check: str = "web-server-misconfigured") -> list[str]:
    return [finding.key for finding in verdict(check, files).findings]


def lighttpd(text: str, **files: Content) -> dict[str, Content]:
    return {**LIGHTTPD, CONF: TLS + text, **files}


def nginx(location: str, server: str = "listen 443 ssl;") -> dict[str, Content]:
    text = f"client_header_timeout 10s; server {{ {server} root /www; {location} }}"
    return {**NGINX, "etc/nginx/nginx.conf": f"user www;\nhttp {{ {text} }}\n"}


def apache(text: str) -> dict[str, Content]:
    return {**APACHE, "etc/apache2/apache2.conf": f"User www\nListen 443\nDocumentRoot /var/www\n{text}\n"}


STATUS = 'server.modules = ("mod_status")\nstatus.status-url = "/status"\n'
LOCAL = '$HTTP["remoteip"] == "127.0.0.1" {{ {} }}\n'
CASES = (
    ("a status page for all", lighttpd(STATUS), ["lighttpd status-page /status"]),
    ("a status page for the device", lighttpd('server.modules = ("mod_status")\n' + LOCAL.format(
        'status.status-url = "/s"')), []),
    ("a status page without its module", lighttpd('status.status-url = "/status"\n'), []),
    ("a status page behind a password", lighttpd(STATUS + 'auth.require = ("/s" => ("method" => "digest"))\n'), []),
    ("WebDAV to read alone", lighttpd('server.modules = ("mod_webdav")\nwebdav.activate = "enable"\n'
                                      'webdav.is-readonly = "enable"\n'), []),
    ("WebDAV to write", lighttpd('server.modules = ("mod_webdav")\nwebdav.activate = "enable"\n'),
     ["lighttpd webdav-write /"]),
    ("the last setting wins", lighttpd('dir-listing.activate = "enable"\ndir-listing.activate = "disable"\n'), []),
    ("a listing of one server's folder", nginx("location /files { autoindex on; }"),
     ["nginx directory-listing /files"]),
    ("a listing behind a password", nginx('location /f { auth_basic "x"; autoindex on; }'), []),
    ("a listing inside alone", nginx("location /f { internal; autoindex on; }"), []),
    ("silent clients are waited for as lighttpd does unless told", {**LIGHTTPD, CONF: TLS.replace(IDLE, "")},
     ["lighttpd slow-clients"]),
    ("silent clients of one address alone are not waited for", {**LIGHTTPD, CONF: TLS.replace(
        IDLE, LOCAL.format(IDLE))}, ["lighttpd slow-clients"]),
    ("silent clients are waited for by the last word", lighttpd("server.max-read-idle = 31\n"),
     ["lighttpd slow-clients"]),
    ("silent clients are not waited for by the last word", {**LIGHTTPD, CONF: TLS.replace("10", "60") + IDLE}, []),
    ("silent clients are waited for half a minute", {**LIGHTTPD, CONF: TLS.replace("10", "30")}, []),
    ("silent clients are waited for as nginx does unless told", {**NGINX, "etc/nginx/nginx.conf":
     "user www;\nhttp { server { listen 443 ssl; } }\n"}, ["nginx slow-clients"]),
    ("silent clients are waited for by one server", nginx("", "listen 443 ssl; client_header_timeout 1m;"),
     ["nginx slow-clients"]),
    ("silent clients are waited for half a minute in parts", nginx("", "listen 443 ssl; client_header_timeout 10s10s;"),
     []),
    ("workers as root", {**NGINX, "etc/nginx/nginx.conf":
     "user root;\nhttp { client_header_timeout 10s; server { listen 443 ssl; } }\n"},
     ["nginx cgi-as-root"]),
    ("options of an inner folder replace the outer's",
     apache("<Directory />\nOptions Indexes\n</Directory>\n<Directory /var/www>\nOptions None\n</Directory>"), []),
    ("options of an outer folder hold within", apache("<Directory /var>\nOptions +Indexes\n</Directory>"),
     ["apache2 directory-listing /var/www"]),
    ("a status page as Debian has it",
     apache("<Location /server-status>\nSetHandler server-status\nRequire local\n</Location>"), []),
    ("a status page for all in Apache", apache("<Location /server-status>\nSetHandler server-status\n</Location>"),
     ["apache2 status-page /server-status"]),
    ("a server on the loopback without TLS",
     {**BUSYBOX, "etc/inittab": "::respawn:httpd -f -p 127.0.0.1:80 -h /www -u www\n"}, []),
    ("a repository", lighttpd("", **{"www/.git/HEAD": "ref: x\n", "www/index.html": ""}),
     ["lighttpd repository www/.git"]),
    ("a key", lighttpd("", **{"www/a.key": "-----BEGIN PRIVATE KEY-----\n"}), ["lighttpd private-file www/a.key"]),
    ("phpinfo", lighttpd("", **{"www/i.php": "<?php phpinfo(); ?>"}), ["lighttpd phpinfo www/i.php"]),
)  # fmt: skip


@pytest.mark.parametrize(("files", "wanted"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_what_a_configuration_means(files: dict[str, Content], wanted: list[str]) -> None:
    assert keys(files) == wanted


def test_a_listing_of_parts_of_pages_is_low() -> None:
    listed = lighttpd('dir-listing.activate = "enable"\n', **{"www/index.html": "", "www/css/a.css": ""})
    assert [one.severity for one in verdict("web-server-misconfigured", listed).findings] == [Severity.LOW]


def test_a_listing_of_what_is_no_page_is_medium() -> None:
    listed = lighttpd('dir-listing.activate = "enable"\n', **{"www/index.html": "", "www/logs/system.log": ""})
    assert [one.severity for one in verdict("web-server-misconfigured", listed).findings] == [Severity.MEDIUM]


def test_a_configuration_that_is_not_there_is_unknown() -> None:
    assert verdict("web-server-misconfigured", LIGHTTPD).outcome is not Outcome.PASS


def test_programs_run_as_the_user_of_the_server() -> None:
    files: dict[str, Content] = {**BUSYBOX, "etc/inittab": "::respawn:httpd -f -h /www -u www:www\n", "www/x": ""}
    web = Collection(MemoryTree(files)).get(WebServers)
    assert isinstance(web, WebServers)
    assert [server.user for server in web.servers] == ["www"]


HOMEGROWN = (
    ("a vendor's own", {"etc/inittab": "::respawn:/usr/sbin/webd\n", "usr/sbin/webd": executable(SERVER)}, ["webd"]),
    ("one that is not started", {"etc/inittab": "::respawn:/bin/sh\n", "usr/sbin/webd": executable(SERVER)}, []),
    ("one on a kept library", {"etc/inittab": "::respawn:/usr/sbin/webd\n",
                               "usr/sbin/webd": executable(SERVER + b"\0libcivetweb.so.1\0")}, []),
    ("one in Go", {"etc/inittab": "::respawn:/usr/sbin/webd\n",
                   "usr/sbin/webd": executable(SERVER + b"\0Go buildinf:\0")}, []),
    ("a vendor's httpd", {"etc/inittab": "::respawn:/usr/sbin/httpd\n", "usr/sbin/httpd": executable(SERVER)},
     ["httpd"]),
    ("BusyBox's httpd", {**BUSYBOX, "etc/inittab": "::respawn:/usr/sbin/httpd -f\n"}, []),
    ("GoAhead 2", {"etc/inittab": "::respawn:/bin/webs\n", "bin/webs": executable(b"\x7fELF GoAhead-Webs")}, ["webs"]),
    ("nc with a web server's port", {"etc/inittab": "::respawn:/usr/bin/nc -l -p 80 -e /bin/page\n"}, ["nc"]),
    ("nc as a client", {"etc/inittab": "::respawn:/usr/bin/nc 192.0.2.1 80\n"}, []),
    ("PHP's own", {"etc/inittab": "::respawn:/usr/bin/php -S 0.0.0.0:80 -t /www\n"}, ["php -S"]),
)  # fmt: skip


@pytest.mark.parametrize(("files", "wanted"), [pytest.param(*case[1:], id=case[0]) for case in HOMEGROWN])
def test_which_servers_nobody_keeps(files: dict[str, Content], wanted: list[str]) -> None:
    assert keys(files, "web-server-homegrown") == wanted


def test_a_server_that_only_stands_still_is_low() -> None:
    found = verdict("web-server-homegrown", {"etc/inittab": "::respawn:/usr/sbin/thttpd -D\n"}).findings
    assert [one.severity for one in found] == [Severity.LOW]
