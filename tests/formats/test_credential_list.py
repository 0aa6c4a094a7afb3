"""Files that are lists of passwords, and hashes in other files."""

import pytest

from firmward.formats import credential_list

SECRET = "Wt5rLq92xB"  # made up, as the others below


def test_a_login_to_a_registry() -> None:
    login = b'{"auths": {"registry.maker.net": {"auth": "Z3c6V3Q1ckxxOTJ4Qg=="}}}'
    assert len(list(credential_list.in_known_file(login, "root/.docker/config.json"))) == 1
    assert list(credential_list.in_known_file(login, "etc/app/config.json")) == []
    helped = b'{"auths": {"registry.maker.net": {}}, "credsStore": "pass"}'
    assert list(credential_list.in_known_file(helped, "root/.docker/config.json")) == []


def test_lists_of_passwords() -> None:
    line = f"gw * {SECRET} *\n".encode()
    assert len(list(credential_list.in_known_file(b"# Secrets\n" + line, "etc/ppp/chap-secrets"))) == 1
    assert list(credential_list.in_known_file(b"# client server secret addresses\n", "etc/ppp/chap-secrets")) == []
    people = b"admin:$apr1$Xy3kQz8w$Qm9vT5rLq92xBWt5rLq92x\n"
    assert len(list(credential_list.in_known_file(people, "etc/lighttpd/.htpasswd"))) == 1
    assert list(credential_list.in_known_file(b"root:x:0:0::/root:/bin/sh\n", "usr/share/base-passwd/passwd")) == []


def test_a_hash_in_a_script() -> None:
    line = b"usermod -p '$6$Xy3kQz8w$Qm9vT5rLq92xBWt5rLq92xQm9vT5rLq92xBWt5rLq92x' root\n"
    assert len(list(credential_list.hashes(line, "etc/init.d/S10root"))) == 1
    assert list(credential_list.hashes(line, "etc/shadow")) == []
    assert list(credential_list.hashes(b"awk '{print $1$2$3}'; echo $5$6$y\n", "etc/init.d/S10root")) == []


def test_a_hash_in_a_comment_is_an_example_and_one_below_it_counts() -> None:
    hashed = b"$6$Kq8vLm2x$" + b"aB3/" * 20
    assert not list(credential_list.hashes(b"# cli-password=" + hashed + b"\n", "etc/turnserver.conf"))
    both = b"#cli-password=" + hashed + b"\ncli-password=" + hashed + b"\n"
    assert [one.offset for one in credential_list.hashes(both, "etc/turnserver.conf")] == [both.rindex(b"$6$")]


LOGINS = (
    ("etc/postfix/sasl_passwd", f"[mail.maker.net]:587 gw:{SECRET}"),
    ("etc/exim4/passwd.client", f"*.maker.net:gw:{SECRET}"),
    ("etc/dma/auth.conf", f"gw|mail.maker.net:{SECRET}"),
    ("etc/nullmailer/remotes", f"mail.maker.net smtp --starttls --user=gw --pass={SECRET}"),
    ("etc/davfs2/secrets", f"https://files.maker.net gw {SECRET}"),
    ("root/.pgpass", f"db.maker.net:5432:app:gw:{SECRET}"),
    ("root/.mbsyncrc", f"Pass {SECRET}"),
)


@pytest.mark.parametrize(("path", "line"), LOGINS)
def test_a_file_of_logins(path: str, line: str) -> None:
    assert len(list(credential_list.in_known_file(f"# words\n{line}\n".encode(), path))) == 1
    assert list(credential_list.in_known_file(f"# {line}\n".encode(), path)) == []
    assert list(credential_list.in_known_file(f"{line}\n".encode(), "etc/motd")) == []
