"""What is written is what the programs themselves read: each is asked, where it is installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from firmward.harden import settings


def written(path: str, text: str, *changes: tuple[str, str, str | None]) -> str:
    for option, value, section in changes:
        found = settings.for_path(path, section)
        assert found is not None
        text = found(text, option, value, section)
    return text


def program(name: str) -> str:
    """Skips where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def said(*command: str, cwd: Path | None = None) -> str:
    """Both streams of a program that has to be content."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


SSHD = (
    "Include {folder}/*.conf\nPermitRootLogin yes # by hand\nX11Forwarding yes\n"
    "Match Address 10.0.0.0/8\n  PermitRootLogin yes\nMatch all\n  MaxAuthTries 3\n"
)


@pytest.fixture
def host_key(tmp_path: Path) -> Path:
    path = tmp_path / "host_key"
    said(program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", str(path))
    return path


@pytest.mark.parametrize("address", ["10.1.1.1", "192.0.2.1"])
def test_sshd_takes_what_is_set(tmp_path: Path, host_key: Path, address: str) -> None:
    sshd = program("sshd")
    Path("/run/sshd").mkdir(exist_ok=True)
    (tmp_path / "a.conf").write_text("PasswordAuthentication yes\n")
    text = written(
        "etc/ssh/sshd_config",
        SSHD.format(folder=tmp_path),
        ("PermitRootLogin", "no", None),
        ("PermitRootLogin", "no", "Match Address 10.0.0.0/8"),
        ("DisableForwarding", "yes", None),
    )
    included = written(
        "etc/ssh/sshd_config.d/a.conf", "PasswordAuthentication yes\n", ("PasswordAuthentication", "no", None)
    )
    (tmp_path / "a.conf").write_text(included)
    (tmp_path / "sshd_config").write_text(text)
    words = (sshd, "-h", str(host_key), "-f", str(tmp_path / "sshd_config"))
    said(*words, "-t")
    effective = said(*words, "-T", "-C", f"user=root,host=h,addr={address}")
    assert {"permitrootlogin no", "passwordauthentication no", "disableforwarding yes"} <= set(effective.split("\n"))
    assert "maxauthtries 3" in effective


def test_the_first_keyword_on_the_command_line_counts(tmp_path: Path, host_key: Path) -> None:
    sshd = program("sshd")
    Path("/run/sshd").mkdir(exist_ok=True)
    (tmp_path / "sshd_config").write_text("")
    line = written("etc/init.d/sshd", f"{sshd} -o PermitRootLogin=yes\n", ("PermitRootLogin", "no", "command sshd"))
    words = line.split()
    effective = said(*words, "-h", str(host_key), "-f", str(tmp_path / "sshd_config"), "-T")
    assert "permitrootlogin no" in effective


def test_lighttpd_takes_what_is_set(tmp_path: Path) -> None:
    lighttpd = program("lighttpd")
    if not Path("/usr/lib/lighttpd/mod_openssl.so").exists():
        pytest.skip("lighttpd has no mod_openssl here")
    text = written(
        "etc/lighttpd/lighttpd.conf",
        f'server.document-root = "{tmp_path}"\nserver.modules = ( "mod_status", "mod_openssl" )\n'
        'status.status-url = "/status"\ndir-listing.activate = "enable"\n'
        'ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1", "CipherString" => "ALL")\n',
        ("status.status-url", "", None),
        ("dir-listing.activate", "disable", None),
        ("MinProtocol", "TLSv1.2", "ssl.openssl.ssl-conf-cmd"),
        ("CipherString", "HIGH:!aNULL:!eNULL:!3DES:!MD5", "ssl.openssl.ssl-conf-cmd"),
    )
    file = tmp_path / "lighttpd.conf"
    file.write_text(text)
    said(lighttpd, "-tt", "-f", str(file))
    printed = re.sub(r"\s+", "", said(lighttpd, "-p", "-f", str(file)))
    assert '"MinProtocol"=>"TLSv1.2"' in printed
    assert 'dir-listing.activate="disable"' in printed


def test_nginx_takes_what_is_set(tmp_path: Path) -> None:
    nginx = program("nginx")
    text = written(
        "etc/nginx/nginx.conf",
        f"pid {tmp_path}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n  access_log off;\n  server {{\n"
        "    listen 127.0.0.1:8099;\n"
        "    autoindex on;\n    ssl_protocols TLSv1;\n    ssl_ciphers ALL;\n    location /s { stub_status; }\n  }\n}\n",
        ("autoindex", "off", None),
        ("ssl_protocols", "TLSv1.2 TLSv1.3", None),
        ("ssl_ciphers", "HIGH:!aNULL:!eNULL:!3DES:!MD5", None),
        ("deny", "all", "stub_status"),
        ("allow", "127.0.0.1", "stub_status"),
    )
    file = tmp_path / "nginx.conf"
    file.write_text(text)
    said(nginx, "-t", "-c", str(file), "-p", str(tmp_path))
    assert text.index("allow 127.0.0.1;") < text.index("deny all;")


def test_dnsmasq_takes_what_is_set(tmp_path: Path) -> None:
    dnsmasq = program("dnsmasq")
    text = written(
        "etc/dnsmasq.conf", "enable-tftp\nport=0 # none\n", ("enable-tftp", "no", None), ("port", "5353", None)
    )
    (tmp_path / "dnsmasq.conf").write_text(text)
    said(dnsmasq, "--test", "-C", str(tmp_path / "dnsmasq.conf"))


def test_apache_takes_what_is_set(tmp_path: Path) -> None:
    apache = program("apache2")
    modules = Path("/usr/lib/apache2/modules")
    loaded = "".join(
        f"LoadModule {name}_module {modules}/mod_{name}.so\n"
        for name in ("mpm_event", "authz_core", "authz_host", "status", "autoindex")
    )
    text = written(
        "etc/apache2/apache2.conf",
        f"{loaded}ServerName localhost\nListen 127.0.0.1:8099\nErrorLog {tmp_path}/log\nPidFile {tmp_path}/pid\n"
        f'<Directory "{tmp_path}">\n  Options +Indexes +FollowSymLinks\n</Directory>\n'
        '<Location "/server-status">\n  SetHandler server-status\n  Require all granted\n</Location>\n',
        ("Options", "-Indexes +FollowSymLinks", f"directory {tmp_path}"),
        ("Require", "local", "location /server-status"),
    )
    (tmp_path / "apache2.conf").write_text(text)
    assert "Syntax OK" in said(apache, "-t", "-d", str(tmp_path), "-f", str(tmp_path / "apache2.conf"))


def test_apparmor_takes_a_profile_without_its_flag(tmp_path: Path) -> None:
    parser = program("apparmor_parser")
    text = written("etc/apparmor.d/a", "profile a /usr/bin/a flags=(complain) {\n}\n", ("complain", "no", "a"))
    (tmp_path / "a").write_text(text)
    done = subprocess.run((parser, "-QK", str(tmp_path / "a")), capture_output=True, timeout=20)
    assert done.returncode == 0, done.stderr


def test_systemd_takes_a_unit_that_is_set(tmp_path: Path) -> None:
    analyze = program("systemd-analyze")
    text = written(
        "etc/systemd/system/tmp.mount",
        "[Unit]\nDescription=T\n[Mount]\nWhat=tmpfs\nWhere=/tmp\nType=tmpfs\nOptions=mode=1777,size=50%%\n",
        ("Options", "mode=1777,size=50%%,nosuid,nodev,noexec", "Mount"),
    )
    (tmp_path / "tmp.mount").write_text(text)
    said(analyze, "verify", "--man=no", str(tmp_path / "tmp.mount"))


def test_apt_takes_what_is_set(tmp_path: Path) -> None:
    apt_config = program("apt-config")
    text = written(
        "etc/apt/apt.conf.d/9",
        'APT { Get { AllowUnauthenticated "yes"; }; };\n',
        ("APT::Get::AllowUnauthenticated", "false", None),
        ("Acquire::AllowInsecureRepositories", "false", None),
    )
    (tmp_path / "apt.conf").write_text(text)
    printed = said(apt_config, "-c", str(tmp_path / "apt.conf"), "dump")
    assert 'APT::Get::AllowUnauthenticated "false";' in printed


def test_a_shell_reads_the_value_as_it_was_meant(tmp_path: Path) -> None:
    value = "-o A=b $(touch broken) '\" ` \\"
    text = written("etc/default/ssh", 'SSHD_OPTS="-D"\n', ("SSHD_OPTS", value, None))
    (tmp_path / "ssh").write_text(text)
    assert said("sh", "-c", '. ./ssh; printf %s "$SSHD_OPTS"', cwd=tmp_path) == value
    assert not (tmp_path / "broken").exists()
