"""Credentials that are some, and the many words that are none."""

import pytest

from firmward.formats import credential
from firmward.formats.credential import Style

MARKS = frozenset(credential.MARKS)
SECRET = "Wt5rLq92xB"  # made up, as all below
LONG = "q8Zr2VtY5wLk9NxB3mHd7PfC1sGj4TaE6uRo"

TOKENS = (
    ("AWS access key", f'key = "AKIA{"Q3ZT7WLK2MXB4NPD"}"\nsecret = "{"Zk3wQ9rTx7LmB2vNc8HdYf5GjPs1KuAe4RoWqXzt"}"\n'),
    ("GitHub token", f"git clone https://ghp_{LONG}@github.com/maker/app\n"),
    ("GitHub token", f"token: github_pat_{LONG[:22]}_{LONG}{LONG[:23]}\n"),
    ("GitLab token", f"glpat-{LONG[:20]}\n"),
    ("Slack token", f"xoxb-739184620517-{LONG[:24]}\n"),
    ("Google key", f"AIza{LONG[:35]}\n"),
    ("Stripe key", f"sk_live_{LONG[:24]}\n"),
    ("SendGrid key", f"SG.{LONG[:22]}.{LONG}{LONG[:7]}\n"),
    ("Azure key", f"AccountName=x;AccountKey={(LONG * 3)[:86]}==;\n"),
    ("Azure key", f"HostName=x;SharedAccessKey={(LONG * 2)[:43]}=\n"),
    ("Telegram token", f"7183920456:AA{LONG[:33]}\n"),
    ("JSON web token", f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkZXZpY2UtMTciLCJyb2xlIjoiYWRtaW4ifQ.{LONG}\n"),
)


@pytest.mark.parametrize(("name", "text"), TOKENS)
def test_a_token_is_known_by_its_form(name: str, text: str) -> None:
    assert name in [one.name for one in credential.tokens(text.encode(), MARKS)]


@pytest.mark.parametrize(
    "text",
    [
        "AKIAIOSFODNN7EXAMPLE\nwJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
        f"AKIA{'Q3ZT7WLK2MXB4NPD'}\n",  # without its secret
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
        "AIzaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        # of a day: {"iat":1700000000,"exp":1700086400}
        f"eyJhbGciOiJIUzI1NiJ9.eyJpYXQiOjE3MDAwMDAwMDAsImV4cCI6MTcwMDA4NjQwMH0.{LONG}\n",
        "sk_test_4eC39HqLyjWDarjtT1zdp7dc\n",
    ],
)
def test_what_only_looks_like_a_token_is_none(text: str) -> None:
    assert list(credential.tokens(text.encode(), MARKS)) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"mqtt://gw:{SECRET}@broker.maker.net", "mqtt address"),
        (f"postgresql://app:{SECRET}@10.0.0.5:5432/db", "postgresql address"),
        (f"x=https://user:{SECRET}@updates.maker.net/fw", "https address"),
    ],
)
def test_a_password_in_an_address(text: str, name: str) -> None:
    assert [one.name for one in credential.addresses(text.encode())] == [name]


@pytest.mark.parametrize(
    "text",
    [
        "http://user:password@host/",
        "http://user:pass@example.com/",
        "http://%s:%s@%s/",
        "http://${USER}:${PASS}@host.net/",
        "https://<user>:<password>@github.com",
        "http://proxy.maker.net:8080/@scope/pkg",
        "http://www.maker.net/x:y@z",
        "ftp://anonymous@ftp.maker.net",
        "http://[::1]:8080/@x",
    ],
)
def test_no_password_in_an_address(text: str) -> None:
    assert list(credential.addresses(text.encode())) == []


CONFIG = (
    ("etc/hostapd.conf", f"wpa_passphrase={SECRET}"),
    ("etc/wpa_supplicant.conf", f'    psk="{SECRET}"'),
    ("etc/config/wireless", f"\toption key '{SECRET}'"),
    ("etc/config/network", f"\toption password '{SECRET}'"),
    ("etc/NetworkManager/system-connections/x.nmconnection", f"psk={SECRET}"),
    ("etc/mosquitto/b.conf", f"remote_password {SECRET}"),
    ("etc/redis.conf", f"requirepass {SECRET}"),
    ("etc/app.yaml", f"  db_password: {SECRET}"),
    ("etc/default/app", f"export API_TOKEN={LONG}"),
    ("etc/app.ini", f"password = {SECRET} ; of the broker"),
    ("root/.netrc", f"machine api.maker.net login gw password {SECRET}"),
    ("etc/app.ini", "admin_password=admin"),
    ("etc/app.xml", f"<Password>{SECRET}</Password>"),
    ("etc/a.sh", f"sshpass -p {SECRET} ssh root@10.0.0.1"),
    ("etc/a.sh", f"sshpass -p'{SECRET}' ssh root@10.0.0.1"),
    ("etc/a.sh", f"curl --user gw:{SECRET} https://x"),
    ("etc/a.sh", f"wget --user=gw --password={SECRET} https://x"),
    ("etc/a.sh", f"mysql -u root -p{SECRET} app < dump"),
    ("etc/a.sh", f"mosquitto_pub -h b -u gw -P {SECRET} -t a -m b"),
    ("etc/a.sh", f"echo root:{SECRET} | chpasswd"),
    ("etc/a.sh", f"echo -e '{SECRET}\\n{SECRET}' | passwd root"),
    ("etc/a.sh", f"openssl enc -d -aes-256-cbc -pass pass:{SECRET}"),
    ("usr/bin/push", f"curl -H 'Authorization: Bearer {LONG}' https://x"),
    ("etc/containers/systemd/a.container", f"Environment=TZ=UTC DB_PASSWORD={SECRET}"),
    ("etc/systemd/system/a.service", f'Environment="A=b" "API_TOKEN={LONG}"'),
    ("var/lib/lxc/app/config", f"lxc.environment = CLOUD_PASSWORD={SECRET}"),
    ("etc/init.d/S70app", f"docker run -d -e DB_PASSWORD={SECRET} app"),
    ("etc/init.d/S70app", f"    -e DB_PASSWORD={SECRET} \\"),
    ("etc/compose.yaml", f"      - DB_PASSWORD={SECRET}"),
    ("etc/network/interfaces", f'    wpa-psk "{SECRET}"'),
    ("etc/a.exp", f'expect "Password:" {{ send "{SECRET}\\r" }}'),
)


@pytest.mark.parametrize(("path", "line"), CONFIG)
def test_a_value_in_a_configuration_or_script(path: str, line: str) -> None:
    assert len(list(credential.assigned(f"# words\n{line}\n".encode(), Style.CONFIG, path))) == 1


CODE = (
    f'var apiKey = "{LONG}";',
    f"PASSWORD = '{SECRET}'",
    f'  "password": "{SECRET}",',
    f"$db_password = '{SECRET}';",
    f'local token = "{LONG}"',
    f"define('x'); $config['db_pass'] = '{SECRET}';",
    f"self.client_secret = '{LONG}'",
    f"define('DB_PASSWORD', '{SECRET}');",
    f"password = [[{SECRET}]],",
    f'"authorizationKey": "{LONG}"',
    f'headers = {{"Authorization": "Bearer {LONG}"}}',
)


@pytest.mark.parametrize("line", CODE)
def test_a_value_in_code(line: str) -> None:
    assert len(list(credential.assigned(f"{line}\n".encode(), Style.CODE, "www/a.js"))) == 1


NONE = (
    "password=",
    "password = ${DB_PASSWORD}",
    "password: <your password>",
    "password=xxxxxxxx",
    "password=********",
    "password = your_password_here",
    "# password = geheim123",
    "; psk=geheim123",
    "//var password = 'geheim123'",
    "passwd: files systemd",
    "password required pam_unix.so",
    "password [success=1 default=ignore] pam_unix.so obscure yescrypt",
    "PasswordAuthentication yes",
    "PermitEmptyPasswords no",
    "password-file /run/secrets/db",
    "private_key = /etc/ssl/private/x.key",
    "ssl_password_file = /etc/x",
    "token_timeout: 3600",
    "max_password_length = 128",
    "PASS_MAX_DAYS\t99999",
    "psk=$(cat /data/psk)",
    'psk="@PSK@"',
    "secret = {{ vault_secret }}",
    "passphrase: !vault |",
    "password = none",
    "hash_secret_key=sha256",
    "option key '1'",
    "token_type=bearer",
    "curl -H 'Authorization: Bearer $TOKEN' https://x",
    "curl -H 'Authorization: Basic dXNlcjpwYXNzd29yZA==' https://x",
    "Environment=DB_PASSWORD_FILE=/run/secrets/db",
    "Environment=DB_PASSWORD=%I",
    "sed -e s/PASSWORD=Rk83mwQz71/PASSWORD=/ x",
    "docker run -e DB_PASSWORD app",
    "PWD=`pwd`",
    "wpa-psk @PSK@",
)


@pytest.mark.parametrize("line", NONE)
def test_no_value_in_a_configuration(line: str) -> None:
    assert list(credential.assigned(f"{line}\n".encode(), Style.CONFIG, "etc/x.conf")) == []


NONE_IN_CODE = (
    'password = input("Password: ")',
    "password = getpass.getpass()",
    'var label = {password: "Password", token: "Token"};',
    '"password": "string",',
    'errors["password"] = "wrongPassword";',
    'name="password" type="password" id="password1"',
    "password: this.state.password1,",
    'if (password == "abc123") {',
    'PASSWORD = "user_password"',
    'token = "access_token"',
    '"password": "${PASSWORD}"',
    'sorted(key="value1")',
    'secret_key: "Please enter 2 words"',
    'KEY_PASSWORD: "settings.password.2"',
    'passwordPlaceholder: "example123"',
    "    Authorization: Bearer h480djs93hd8Qm9vT5rL",
    "define('DB_PASSWORD', getenv('DB_PASSWORD'));",
    "defined('DB_PASSWORD')",
)


@pytest.mark.parametrize("line", NONE_IN_CODE)
def test_no_value_in_code(line: str) -> None:
    assert list(credential.assigned(f"{line}\n".encode(), Style.CODE, "www/a.js")) == []


def test_a_dollar_in_json_is_a_sign_like_others() -> None:
    def told(value: str, path: str) -> int:
        return len(list(credential.assigned(f'"password": "{value}"\n'.encode(), Style.CODE, path)))

    assert told("Lade$aeule-4417", "etc/app.json") == 1
    assert told("Lade$aeule-4417", "www/app.php") == 0
    assert told("$password1", "etc/app.json") == told("${PASSWORD1}-2", "etc/app.json") == 0


def test_a_domain_set_aside_for_examples() -> None:
    assert list(credential.addresses(b"https://user:s3cret1@api.maker.example/")) == []
    assert len(list(credential.addresses(f"https://gw:{SECRET}@api.maker.example/".encode()))) == 1


def test_a_login_to_a_registry() -> None:
    login = b'{"auths": {"registry.maker.net": {"auth": "Z3c6V3Q1ckxxOTJ4Qg=="}}}'
    assert len(list(credential.in_known_file(login, "root/.docker/config.json"))) == 1
    assert list(credential.in_known_file(login, "etc/app/config.json")) == []
    helped = b'{"auths": {"registry.maker.net": {}}, "credsStore": "pass"}'
    assert list(credential.in_known_file(helped, "root/.docker/config.json")) == []


def test_lists_of_passwords() -> None:
    line = f"gw * {SECRET} *\n".encode()
    assert len(list(credential.in_known_file(b"# Secrets\n" + line, "etc/ppp/chap-secrets"))) == 1
    assert list(credential.in_known_file(b"# client server secret addresses\n", "etc/ppp/chap-secrets")) == []
    people = b"admin:$apr1$Xy3kQz8w$Qm9vT5rLq92xBWt5rLq92x\n"
    assert len(list(credential.in_known_file(people, "etc/lighttpd/.htpasswd"))) == 1
    assert list(credential.in_known_file(b"root:x:0:0::/root:/bin/sh\n", "usr/share/base-passwd/passwd")) == []


def test_a_hash_in_a_script() -> None:
    line = b"usermod -p '$6$Xy3kQz8w$Qm9vT5rLq92xBWt5rLq92xQm9vT5rLq92xBWt5rLq92x' root\n"
    assert len(list(credential.hashes(line, "etc/init.d/S10root"))) == 1
    assert list(credential.hashes(line, "etc/shadow")) == []
    assert list(credential.hashes(b"awk '{print $1$2$3}'; echo $5$6$y\n", "etc/init.d/S10root")) == []


def test_a_hostile_file_takes_no_long_time() -> None:
    for piece in (b"password", b"://a:b@", b"eyJ.eyJ", b'"pass' * 3, b"curl -u ", b"-----BEGIN ", b"a" * 900 + b"key="):
        data = piece * (400_000 // len(piece))
        list(credential.tokens(data, MARKS))
        list(credential.addresses(data))
        list(credential.assigned(data, Style.CONFIG, "etc/x"))
        list(credential.assigned(data.replace(b"p", b"\np"), Style.CODE, "etc/x"))


def test_a_hash_in_a_comment_is_an_example_and_one_below_it_counts() -> None:
    hashed = b"$6$Kq8vLm2x$" + b"aB3/" * 20
    assert not list(credential.hashes(b"# cli-password=" + hashed + b"\n", "etc/turnserver.conf"))
    both = b"#cli-password=" + hashed + b"\ncli-password=" + hashed + b"\n"
    assert [one.offset for one in credential.hashes(both, "etc/turnserver.conf")] == [both.rindex(b"$6$")]
