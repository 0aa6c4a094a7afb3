"""Settings of clients that make them take any certificate, in the ways that files are written."""

import pytest

from firmward.facts.unverified_settings import parse, unverified
from firmward.model.memory import MemoryTree

MSMTP = "defaults\ntls on\n{}account maker\nhost mail.example\n{}account default : maker\n"


@pytest.mark.parametrize(
    ("path", "text", "program"),
    [
        ("etc/telegraf/telegraf.d/mqtt.conf", "[[outputs.mqtt]]\n  insecure_skip_verify = true\n", "telegraf"),
        ("etc/promtail/config.yml", "clients:\n  - tls_config:\n      insecure_skip_verify: true\n", "promtail"),
        ("etc/promtail/config.yml", "tls_config: {insecure_skip_verify: true, ca_file: x}\n", "promtail"),
        ("opt/gateway/agent.json", '{"mqtt": {\n  "insecureSkipVerify": true,\n}}\n', "agent"),
        ("opt/gateway/agent.json", '{"url": "x", "rejectUnauthorized": false}\n', "agent"),
        ("etc/app/app.toml", "verify_ssl = false  # until the certificate is there\n", "app"),
        ("etc/filebeat/filebeat.yml", "output.x:\n  ssl.verification_mode: none\n", "filebeat"),
        ("etc/filebeat/filebeat.yml", "  ssl:\n    verification_mode: 'none'\n", "filebeat"),
        ("etc/fluent-bit/fluent-bit.conf", "[OUTPUT]\n    tls        On\n    tls.verify Off\n", "fluent-bit"),
        ("etc/collectd/collectd.conf", "    VerifyPeer false\n", "collectd"),
        ("etc/wgetrc", "check_certificate = off\n", "wget"),
        ("root/.wgetrc", "check-certificate=off\n", "wget"),
        ("root/.curlrc", "silent\ninsecure\n", "curl"),
        ("root/.curlrc", "-sk\n", "curl"),
        ("etc/gitconfig", "[http]\n\tsslVerify = false\n", "git"),
        ("root/.npmrc", "strict-ssl=false\n", "npm"),
        ("etc/ldap/ldap.conf", "TLS_REQCERT never\n", "ldap"),
        ("etc/sssd/sssd.conf", "ldap_tls_reqcert = allow\n", "sssd"),
        ("etc/msmtprc", MSMTP.format("tls_certcheck off\n", ""), "msmtp"),
        ("root/.msmtprc", MSMTP.format("", "tls_certcheck off\n"), "msmtp"),
        ("etc/msmtprc", "tls on\ntls_certcheck off\n", "msmtp"),
    ],
)
def test_a_check_that_is_off_is_found(path: str, text: str, program: str) -> None:
    [(who, _, at)] = unverified(MemoryTree({path: text}), [])
    assert (who, at.path) == (program, path)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("etc/telegraf/telegraf.conf", "  # insecure_skip_verify = true\n  insecure_skip_verify = false\n"),
        ("etc/app/app.toml", "verify_ssl = true\n"),
        ("etc/nginx/nginx.conf", "ssl_verify_client off;\nproxy_ssl_verify off;\n"),
        ("etc/app.conf", "verify = none\n"),
        ("etc/filebeat/filebeat.yml", "ssl.verification_mode: certificate\n"),
        ("etc/ldap/ldap.conf", "TLS_REQCERT demand\n"),
        ("root/.curlrc", "# insecure\ncacert = /etc/ca.pem\n-s\n"),
        ("etc/rauc-hawkbit-updater/config.conf", "ssl_verify = false\n"),
        ("etc/containers/registries.conf", "insecure_skip_verify = true\n"),
        ("opt/app/examples/app.toml", "insecure_skip_verify = true\n"),
        ("usr/share/app/app.toml", "insecure_skip_verify = true\n"),
        ("etc/msmtprc", MSMTP.format("tls_certcheck off\n", "tls_certcheck on\n")),
        ("etc/msmtprc", MSMTP.format("tls_certcheck off\n", "tls_fingerprint 00:11\n")),
        ("etc/msmtprc", "tls off\ntls_certcheck off\n"),
    ],
)
def test_what_is_on_or_told_elsewhere_is_not(path: str, text: str) -> None:
    assert not list(unverified(MemoryTree({path: text}), []))


def test_more_than_is_looked_at_is_told() -> None:
    large = {f"etc/{number:03}.conf": "a" * (250 << 10) for number in range(80)}
    unread: list[str] = []
    assert not list(unverified(MemoryTree(large), unread))
    assert "MiB" in unread[0]


def test_long_lines_are_left_out() -> None:
    assert not list(parse("insecure_skip_verify = true" + " " * 5000 + "x", "etc/a.conf"))
