"""Apache's configuration, by the manual of 2.4."""

import pytest

from firmward.facts.apache import Apache
from firmward.facts.collection import Collection
from firmward.facts.listeners import Listeners
from firmward.model.memory import Content, MemoryTree, executable, link

ELF = executable(b"\x7fELF")
MODULES = "LoadModule mpm_event_module m/mod_mpm_event.so\nLoadModule authz_core_module m/mod_authz_core.so\n"
SSL = "LoadModule ssl_module m/mod_ssl.so\n"
SITE = "<VirtualHost *:443>\nSSLEngine on\n{}\n</VirtualHost>\n"


def apache(text: str, files: dict[str, Content] | None = None, command: str = "/usr/sbin/apache2 -k start") -> Apache:
    tree: dict[str, Content] = {
        "etc/inittab": f"::respawn:{command}\n",
        "etc/apache2/apache2.conf": text,
        "usr/sbin/apache2": ELF,
        **(files or {}),
    }
    found = Collection(MemoryTree(tree)).get(Apache)
    assert isinstance(found, Apache), found
    return found


def sockets(text: str, files: dict[str, Content] | None = None, command: str = "/usr/sbin/apache2") -> list[str]:
    return [f"{one.key} {one.address or '*'} {one.speaks}" for one in apache(text, files, command).listeners]


def settings(text: str) -> list[str]:
    return [f"{one.section or '-'} {one.option} {one.value}" for one in apache(text).tls]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Listen 80\n", ["tcp/80 * http"]),
        ("Listen 127.0.0.1:8080\nListen [::]:81\n", ["tcp/8080 127.0.0.1 http", "tcp/81 :: http"]),
        ("Define PORT 8081\nListen ${PORT}\n", ["tcp/8081 * http"]),
        ('Define HOST 192.0.2.1\nDefine PORT 81\nListen "${HOST}:${PORT}"\n', ["tcp/81 192.0.2.1 http"]),
        ("Define A 80\nDefine B ${A}81\nListen ${B}\n", ["tcp/8081 * http"]),
        ("Listen 443\n" + SITE.format(""), ["tcp/443 * https"]),
        ("Listen 443\n", ["tcp/443 * https"]),
        ("Listen 443\n<VirtualHost *:443>\nSSLEngine off\n</VirtualHost>\n", ["tcp/443 * http"]),
        ("Listen 8443 https\n", ["tcp/8443 * https"]),
        ("Define P 8443\nListen ${P}\n<VirtualHost *:${P}>\nSSLEngine on\n</VirtualHost>\n", ["tcp/8443 * https"]),
        ("SSLEngine on\nListen 8443\n", ["tcp/8443 * https"]),
        ("Listen 80\n<VirtualHost *:80>\nRedirect permanent / https://x/\n</VirtualHost>\n",
         ["tcp/80 * http-redirect"]),
        ("Listen 80\n<VirtualHost *:80>\nRedirect /old https://x/\n</VirtualHost>\n", ["tcp/80 * http"]),
        ("Listen 80\n<VirtualHost *:80>\n<Location /a>\nRedirect / https://x/\n</Location>\n</VirtualHost>\n",
         ["tcp/80 * http"]),
        ("<IfDefine DIAG>\nListen 81\n</IfDefine>\n<IfDefine !DIAG>\nListen 82\n</IfDefine>\n", ["tcp/82 * http"]),
        ("Define D\n<IfDefine D>\nListen 81\n</IfDefine>\nUnDefine D\n<IfDefine D>\nListen 82\n</IfDefine>\n",
         ["tcp/81 * http"]),
        (MODULES + "<IfModule ssl_module>\nListen 443\n</IfModule>\nListen 80\n", ["tcp/80 * http"]),
        (MODULES + SSL + "<IfModule mod_ssl.c>\nListen 443\n</IfModule>\n", ["tcp/443 * https"]),
        (MODULES + "<IfModule !ssl_module>\nListen 81\n</IfModule>\n", ["tcp/81 * http"]),
        ("<IfModule ssl_module>\nListen 443\n</IfModule>\n", ["tcp/443 * https"]),
        (MODULES + "<IfModule unixd_module>\nListen 81\n</IfModule>\n", ["tcp/81 * http"]),
        ("<IfFile /etc/passwd>\nListen 81\n</IfFile>\n<IfFile !/etc/passwd>\nListen 82\n</IfFile>\n",
         ["tcp/82 * http"]),
        ("<IfDefine X>\nInclude other.conf\n</IfDefine>\nListen 80\n", ["tcp/80 * http"]),
    ],
)  # fmt: skip
def test_sockets_are_those_that_listen_names(text: str, expected: list[str]) -> None:
    assert sockets(text, {"etc/apache2/other.conf": "Listen 99\n"}) == expected


def test_switches_of_the_command_line_and_of_debians_file_are_defined() -> None:
    text = "<IfDefine ONE>\nListen 81\n</IfDefine>\n<IfDefine TWO>\nListen ${APACHE_PORT}\n</IfDefine>\n"
    environment: dict[str, Content] = {
        "etc/apache2/envvars": "export APACHE_ARGUMENTS='-D TWO'\nexport APACHE_PORT=82\n"
    }
    assert sockets(text, environment, "/usr/sbin/apache2 -D ONE") == ["tcp/81 * http", "tcp/82 * http"]


def test_a_port_that_nobody_defines_is_told_and_not_invented() -> None:
    found = apache("Listen ${NOWHERE}\n")
    assert found.listeners == ()
    assert "${NOWHERE}" in found.unread[0]


def test_a_folder_that_is_included_brings_its_files() -> None:
    files: dict[str, Content] = {"etc/apache2/more/a": "Listen 81\n"}
    assert sockets("IncludeOptional none.conf\nInclude more\n", files) == ["tcp/81 * http"]
    assert apache("IncludeOptional none.conf\nListen 80\n").unread == ()


def test_what_a_macro_writes_is_told() -> None:
    found = apache("<Macro Site $port>\nListen $port\n</Macro>\nUse Site 81\n")
    assert found.listeners == ()
    assert "macro Site" in found.unread[0]


def test_httpd_is_apache_where_apaches_file_lies() -> None:
    files: dict[str, Content] = {
        "etc/inittab": "::respawn:/usr/sbin/httpd -DFOREGROUND\n",
        "usr/sbin/httpd": ELF,
        "etc/httpd/conf/httpd.conf": "ServerRoot /etc/httpd\nListen 8088\nInclude conf.d/*.conf\n",
        "etc/httpd/conf.d/x.conf": "Listen 8089\n",
    }
    found = Collection(MemoryTree(files)).get(Listeners)
    assert isinstance(found, Listeners)
    assert [one.key for one in found.listeners] == ["tcp/8088", "tcp/8089"]
    files |= {"usr/sbin/httpd": link("/bin/busybox"), "bin/busybox": ELF}
    found = Collection(MemoryTree(files)).get(Listeners)
    assert isinstance(found, Listeners)
    assert [one.key for one in found.listeners] == ["tcp/80"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (SITE.format("SSLProtocol all"), ["*:443 sslprotocol all"]),
        ("SSLProtocol all\n" + SITE.format(""), ["*:443 sslprotocol all"]),
        ("SSLProtocol all\n" + SITE.format("SSLProtocol -all +TLSv1.2"), ["*:443 sslprotocol -all +TLSv1.2"]),
        ("SSLProtocol all\nListen 80\n", []),
        (SITE.format("SSLProtocol all\nSSLProtocol TLSv1.3"), ["*:443 sslprotocol TLSv1.3"]),
        (SITE.format("SSLCipherSuite SSL RC4\nSSLCipherSuite TLSv1.3 X"),
         ["*:443 sslciphersuite RC4", "*:443 sslciphersuite "]),
        (SITE.format("SSLOpenSSLConfCmd MinProtocol TLSv1"), ["*:443 minprotocol TLSv1"]),
        ("SSLProxyVerify none\n", ["- sslproxyverify none"]),
    ],
)  # fmt: skip
def test_settings_of_tls_are_those_in_force(text: str, expected: list[str]) -> None:
    assert settings(text) == expected


def test_two_virtual_hosts_of_one_address_are_two() -> None:
    text = SITE.format("SSLProtocol all") + SITE.format("SSLProtocol TLSv1.3")
    assert settings(text) == ["*:443 sslprotocol all", "*:443 sslprotocol TLSv1.3"]


def test_variables_that_double_do_not_grow_without_end() -> None:
    text = "Define A 1234567890\n" + "Define A ${A}${A}\n" * 5000 + "Listen ${A}\n"
    assert apache(text).listeners == ()


def test_virtual_hosts_are_bounded() -> None:
    found = apache("Listen 443\n" + SITE.format("") * 2000)
    assert any("virtual hosts" in reason for reason in found.unread)
