"""Private keys: what each is for decides how bad it is."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from firmward.audit.example import judge_example
from firmward.checks.secrets.private_key_embedded import KEY, private_key_embedded
from firmward.model.check import Example
from firmward.model.finding import Outcome, Severity
from firmward.model.memory import Content

PATH = "etc/device.key"


def severities(files: Mapping[str, Content]) -> list[tuple[str, Severity]]:
    found = judge_example(private_key_embedded, Example(files)).findings
    return [(one.key, one.severity or private_key_embedded.severity) for one in found]


NAMED = (
    ("nginx", {"etc/nginx/nginx.conf": f"  ssl_certificate_key /{PATH};\n"}),
    ("mosquitto", {"etc/mosquitto/conf.d/tls.conf": f"keyfile /{PATH}\n"}),
    ("a unit", {"usr/lib/systemd/system/agent.service": f"[Service]\nExecStart=/usr/bin/agent --key /{PATH}\n"}),
    ("UCI", {"etc/config/uhttpd": f"config uhttpd main\n\toption key '/{PATH}'\n"}),
    ("an init script", {"etc/init.d/S50vpn": f"#!/bin/sh\nopenvpn --key /{PATH}\n"}),
)


@pytest.mark.parametrize("files", [pytest.param(files, id=name) for name, files in NAMED])
def test_a_key_that_a_configuration_names_is_critical(files: dict[str, Content]) -> None:
    assert severities({PATH: KEY, **files}) == [(PATH, Severity.CRITICAL)]


def test_a_key_without_a_use_is_high() -> None:
    assert severities({PATH: KEY}) == [(PATH, Severity.HIGH)]


def test_a_comment_is_no_use() -> None:
    assert severities({PATH: KEY, "etc/nginx/nginx.conf": f"# ssl_certificate_key /{PATH};\n"}) == [
        (PATH, Severity.HIGH)
    ]


def test_examples_are_low_until_something_uses_them() -> None:
    sample = "usr/share/doc/openvpn/examples/sample-keys/server.key"
    assert severities({sample: KEY}) == [(sample, Severity.LOW)]
    assert severities({sample: KEY, "etc/openvpn/server.conf": f"key /{sample}\n"}) == [(sample, Severity.CRITICAL)]


def test_what_python_compiled_is_read_where_its_source_is_not() -> None:
    compiled = "opt/app/__pycache__/agent.cpython-311.pyc"
    assert severities({compiled: KEY}) == [(compiled, Severity.HIGH)]
    assert severities({compiled: KEY, "opt/app/agent.py": "pass\n"}) == []
    assert severities({compiled: KEY, "opt/app/other.py": "pass\n"}) == [(compiled, Severity.HIGH)]


@pytest.mark.parametrize(
    "silent", ["usr/share/perl/5.36.0/unicore/Name.pl", "usr/lib/x86_64-linux-gnu/perl/5.36/CORE/perl.h"]
)
def test_tables_of_a_language_are_not_read(silent: str) -> None:
    assert severities({silent: KEY}) == []
    assert severities({"opt/perl5/agent.pl": KEY}) == [("opt/perl5/agent.pl", Severity.HIGH)]


def test_two_keys_in_one_file_have_keys_of_their_own() -> None:
    assert len(dict(severities({PATH: KEY + KEY}))) == 2


def test_an_ssh_server_s_host_key_is_one_in_use() -> None:
    path = "etc/ssh/ssh_host_ecdsa_key"
    assert severities({path: KEY, "etc/ssh/sshd_config": ""}) == [(path, Severity.CRITICAL)]


def test_a_tunnel_of_network_manager() -> None:
    path = "mnt/boot/system-connections/service"
    tunnel = "[connection]\ntype=wireguard\n\n[wireguard]\nprivate-key=MDEyMzQ1Njc4OUFCQ0RFRmdoaWprbG1ub3BxcnN0dXY=\n"
    assert severities({path: tunnel}) == [(path, Severity.CRITICAL)]


def test_the_self_tests_of_a_library_are_everybodys() -> None:
    library = b"\x7fELF\x01\x01\x01" + bytes(57) + KEY.encode()
    assert severities({"usr/lib/libgnutls.so.30": library}) == [("usr/lib/libgnutls.so.30", Severity.LOW)]
    assert severities({"usr/bin/openssl": library}) == [("usr/bin/openssl", Severity.LOW)]
    assert severities({"usr/lib/libagent.so.1": library}) == [("usr/lib/libagent.so.1", Severity.HIGH)]


def test_a_key_far_inside_a_large_file_is_found() -> None:
    blob = b"\0" + b"\xa5\x5a" * (700 << 10) + KEY.encode() + bytes(99)
    assert severities({"opt/blob.bin": blob}) == [("opt/blob.bin", Severity.HIGH)]


def test_a_certificate_of_the_same_key_is_told(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is missing")
    (tmp_path / "key").write_text(KEY)
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-key",
            tmp_path / "key",
            "-subj",
            "/CN=device",
            "-days",
            "9",
            "-out",
            tmp_path / "crt",
        ],
        check=True,
        capture_output=True,
    )
    files = {PATH: KEY, "usr/share/web/server.pem": (tmp_path / "crt").read_bytes()}
    (finding,) = judge_example(private_key_embedded, Example(files)).findings
    assert "belongs to the certificate in usr/share/web/server.pem" in finding.message
    assert (finding.severity or private_key_embedded.severity) is Severity.CRITICAL


def test_an_account_that_it_opens_is_told(tmp_path: Path) -> None:
    if shutil.which("ssh-keygen") is None:
        pytest.skip("ssh-keygen is missing")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "id"], check=True)
    files = {
        "etc/passwd": "root:x:0:0::/root:/bin/sh\n",
        "root/.ssh/authorized_keys": (tmp_path / "id.pub").read_text(),
        "opt/factory/id": (tmp_path / "id").read_text(),
    }
    (finding,) = judge_example(private_key_embedded, Example(files)).findings
    assert "opens the account root" in finding.message
    assert finding.severity is None


def test_the_key_is_never_told() -> None:
    found = judge_example(private_key_embedded, Example({PATH: KEY})).findings
    assert not any(word in repr(found) for word in KEY.split()[3:6])


def test_public_keys_pass() -> None:
    files = {"etc/ssh/ca.pub": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIExx me\n"}
    assert judge_example(private_key_embedded, Example(files)).outcome is Outcome.PASS
