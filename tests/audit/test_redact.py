"""No secret passes, what is no secret stays readable, and nothing unseen is left."""

import time
import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from report_sample import PEM

from firmward.audit.redact import _MASKS, _SUSPECT, INPUT_LIMIT, LINE_LIMIT, redact, redacted, visible
from firmward.model.component import Component

HASH = "3mYxw0D5bJkz1iN2vT7pQeRsA9uVfGhXcZlKoWtYrEi4nMbSdPqLjH6"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"root:$6$saltsalt${HASH}:19700:0:99999:7:::", "root:$6$…redacted:19700:0:99999:7:::"),
        (f"root:$y$j9T$salt${HASH}:1::::::", "root:$y$…redacted:1::::::"),
        ("root:$1$$qRPK7m23GJusamGpoGLby/:0:0:99999:7:::", "root:$1$…redacted:0:0:99999:7:::"),
        ("root:!$6$salt$abcdefghij:1:0:99999:7:::", "root:!$6$…redacted:1:0:99999:7:::"),
        ("uses $argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA==", "uses $argon2id$…redacted"),
        ("admin:abJnggxhB/yWI:0:0:root:/root:/bin/sh", "admin:…redacted:0:0:root:/root:/bin/sh"),
        ("admin:abJnggxhB/yWI", "admin:…redacted"),
        ("admin:_J9..K0AyUubDrfOgO4s:12:0:9:7:::", "admin:…redacted:12:0:9:7:::"),
        ("admin:odd-secret:19700:0:99999:7:::", "admin:…redacted:19700:0:99999:7:::"),
        ("web:{SSHA}c2FsdHlzYWx0eXNhbHR5c2FsdA==", "web:{SSHA}…redacted"),
        ("8846F7EAEE8FB117AD06BDD830B7586C:8846F7EAEE8FB117AD06BDD830B7586C", "…redacted"),
        (PEM, "-----BEGIN RSA PRIVATE KEY-----…redacted"),
        (PEM[:60], "-----BEGIN RSA PRIVATE KEY-----…redacted"),
        ('key = "' + PEM.replace("\n", "\\n") + '"', 'key = "-----BEGIN RSA PRIVATE KEY-----…redacted"'),
        ("password=hunter2", "password=…redacted"),
        ("see passwd: hunter2, and more", "see passwd: …redacted, and more"),
        ('wifi { psk="my pass phrase" }', 'wifi { psk="…redacted" }'),
        ("wpa_passphrase=my pass phrase", "wpa_passphrase=…redacted"),
        ("export DB_PASSWORD=a b c", "export DB_PASSWORD=…redacted"),
        ('{"api_key": "0123", "port": 80}', '{"api_key": "…redacted", "port": 80}'),
        ("GET /?token=abc123&x=1", "GET /?token=…redacted&x=1"),
        ("client_secret => 'q1w2e3'", "client_secret => '…redacted'"),
        ("option key 'wlan-secret'", "option key '…redacted'"),
        ("requirepass foobared", "requirepass …redacted"),
        ("login ftp password anon99", "login ftp password …redacted"),
        ("mysql --password s3cret -h db", "mysql --password …redacted -h db"),
        ("curl -u admin:s3cret cam", "curl -u admin:…redacted cam"),
        ("sshpass -p s3cret ssh cam", "sshpass -p …redacted ssh cam"),
        ('echo "root:s3cret" | chpasswd', 'echo "root:…redacted" | chpasswd'),
        ("<Password>s3cret</Password>", "<Password>…redacted</Password>"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer …redacted"),
        ("-H 'authorization: Basic YWRtaW46YWRtaW4='", "-H 'authorization: Basic …redacted'"),
        ("a bearer 0123456789abcdef0123", "a bearer …redacted"),
        ("ftp://cam:p@ss@host/file", "ftp://cam:…redacted@host/file"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIA…redacted"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "aws_secret_access_key = …redacted"),
        ("ghp_0123456789abcdefghijABCDEFGHIJ012345", "ghp_…redacted"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "eyJ…redacted"),
        ("rwcommunity Tr0ub4dor 10.0.0.0/8", "rwcommunity …redacted 10.0.0.0/8"),
        ("PrivateKey = yAnz5TF+lXXJte14tji3zlMNq+hd2rYUIgJBgB3fBmk=", "PrivateKey = …redacted"),
    ],
)
def test_secrets_are_masked(text: str, masked: str) -> None:
    assert redact(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "root has an empty password (etc/shadow:1)",
        "PasswordAuthentication is yes (by default: no line sets it)",
        "PermitEmptyPasswords=yes",
        "camera ALL=(ALL) NOPASSWD: ALL",
        "root:x:0:0:root:/root:/bin/sh",
        "daemon:*:1:1:daemon:/usr/sbin:/usr/sbin/nologin",
        "support::19700:0:99999:7:::",
        "sshd:!:19700::::::",
        "admin's hash is MD5 ($1$), which is searched in hours",
        "password = yes",
        "https://cloud.example:8443/path",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7 root@build",
        "etc/init.d/S50telnet:9",
        "telnetd -l /bin/sh -p 23",
        "rocommunity public",
        "ssh-empty-passwords",
        "grüße aus dem Gerät: 設定",
        "-----BEGIN CERTIFICATE-----",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("a\nb\tc", r"a\nb\tc"),
        ("\x1b[2J", r"\x1b[2J"),
        ("caf\udce9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
        ("gpj.\u202eexe", r"gpj.\u202eexe"),
        ("a\u200bb\ufeff", r"a\u200bb\ufeff"),
        ("\U000e0041", r"\U000e0041"),
        ("\x7f\x85\u2028", r"\x7f\x85\u2028"),
        ("\u3164", r"\u3164"),
    ],
)
def test_what_cannot_be_seen_is_written_out(text: str, seen: str) -> None:
    assert redact(text) == seen


def test_the_products_own_words_are_left_and_keep_their_lines() -> None:
    assert (
        visible("an empty password: whoever comes\n\nlogs in\x1b") == "an empty password: whoever comes\n\nlogs in\\x1b"
    )


def test_several_lines_are_masked_each() -> None:
    assert redact("one\npassword=x y\n" + PEM) == r"one\npassword=…redacted\n-----BEGIN RSA PRIVATE KEY-----…redacted"


def test_a_cut_shows_no_half_of_a_secret() -> None:
    for start in range(LINE_LIMIT - 120, LINE_LIMIT + 10):
        assert HASH[:8] not in redact("-" * start + f" $6$salt${HASH}")
    assert HASH[:8] not in redact(" " * (INPUT_LIMIT - 20) + f"$6$salt${HASH}")


WORDS = (
    "password", "pwd", "psk", "secret", "token", "credential", "apikey", "api_key", "option", "login", "echo", "bearer",
    "sshpass", "-p", "-u", "--user", "requirepass", "masterauth", "rocommunity x", "auth-pass", "AKIA0123456789ABCDEF",
    "eyJabcdefghij.abcde.", "ghp_0123456789abcdefghij", "0123456789ABCDEF0123456789ABCDEF", "Private-Lines: 4",
    "-----BEGIN PRIVATE KEY-----", "://",
)  # fmt: skip
ANY = st.text(st.characters(exclude_categories=()), max_size=200)


@settings(deadline=None)
@given(ANY)
@example("\ud800\udc00")
def test_every_character_can_be_seen_and_written(text: str) -> None:
    clean = redact(text)
    assert not any(unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl", "Zp"} for sign in clean)
    assert len(clean) <= LINE_LIMIT
    clean.encode("utf-8")


@settings(deadline=None)
@given(ANY)
def test_once_is_enough(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*WORDS, *"aA0:=$<{'\" -_\n/@|"]), max_size=12).map("".join))
def test_texts_passed_over_hold_nothing_to_mask(text: str) -> None:
    if not _SUSPECT.search(text):
        assert all(not pattern.search(text) for pattern, _ in _MASKS)


SECRET = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=16, max_size=60)
AROUND = st.text(st.characters(codec="utf-8"), max_size=40)
FORMS = (
    "password={}", "passwd: {}", "PSK = '{}'", '"token": "{}"', "secret:{}", "Authorization: Bearer {}",
    "://user:{}@host", "$6$salt${}", "$1${}", "$y$j9T$x${}",
    "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", "-----BEGIN EC PRIVATE KEY-----\n{}",
)  # fmt: skip


@settings(deadline=None)
@given(AROUND, st.sampled_from(FORMS), SECRET, AROUND)
def test_no_secret_passes_whatever_stands_around_it(before: str, form: str, secret: str, after: str) -> None:
    assume(secret not in before + after)
    assert secret not in redact(f"{before} {form.format(secret)} {after}")


@pytest.mark.parametrize(
    "text", ["a" * INPUT_LIMIT, "a:" * INPUT_LIMIT, "a.-" * INPUT_LIMIT, "password" * INPUT_LIMIT, " " * INPUT_LIMIT,
             "://a:" * INPUT_LIMIT, "$6$" * INPUT_LIMIT, "-----BEGIN PRIVATE KEY" * INPUT_LIMIT, "<token" * INPUT_LIMIT,
             "eyJaaaaaaaa." * INPUT_LIMIT, "a=\"\\" * INPUT_LIMIT, "-u a@" * INPUT_LIMIT, "login a " * INPUT_LIMIT,
             "Private-Lines: 1 " * INPUT_LIMIT, "-----BEGIN PRIVATE KEY-----" * INPUT_LIMIT, "password='" * INPUT_LIMIT,
             "token=" * INPUT_LIMIT, "echo a:" * INPUT_LIMIT, "cookie:" * INPUT_LIMIT]
)  # fmt: skip
def test_hostile_text_takes_no_time(text: str) -> None:
    start = time.process_time()
    redact(text)
    assert time.process_time() - start < 2


def test_a_product_whose_name_ends_like_a_secret_keeps_its_cpe() -> None:
    cpe = "cpe:2.3:a:gnome:libsecret:0.20.5:*:*:*:*:*:*:*"
    assert redacted(Component("libsecret", cpes=(cpe,))).cpes == (cpe,)
    assert redacted(Component("x", cpes=("a\n\x1b[31m",))).cpes == ("a\\n\\x1b[31m",)


def test_a_password_in_a_package_url_is_masked() -> None:
    url = "pkg:generic/x@1?download_url=https://user:hunter2-planted@example.org/x"
    assert "hunter2" not in redacted(Component("x", purl=url)).purl
