"""Values given to telling names, and the many words that are no secret."""

import pytest

from firmward.formats import credential_assigned
from firmward.formats.credential_value import Style

SECRET = "Wt5rLq92xB"  # made up, as all below
LONG = "q8Zr2VtY5wLk9NxB3mHd7PfC1sGj4TaE6uRo"

CONFIG = (
    ("etc/hostapd.conf", f"wpa_passphrase={SECRET}"),
    ("etc/wpa_supplicant.conf", f'    psk="{SECRET}"'),
    ("etc/config/wireless", f"\toption key '{SECRET}'"),
    ("etc/wpa_supplicant.conf", '    psk="Curlew%Harbour52"'),
    ("etc/app.ini", "password = 100%Kelp-Strand"),
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
    ("etc/ssmtp/ssmtp.conf", f"AuthPass={SECRET}"),
    ("etc/ssmtp/ssmtp.conf", "AuthPass=hk7Vunder.Glockenspiel"),
    ("etc/ssmtp/ssmtp.conf", "AuthPassword=hk7Vunder.Glockenspiel"),
    ("etc/msmtprc", "password Dunlin-88:Weir"),
    ("etc/Muttrc.local", f'set smtp_pass="{SECRET}"'),
    ("etc/fetchmailrc", f"poll mail.maker.net proto imap user 'gw' there with password '{SECRET}' is root here"),
    ("etc/fetchmailrc", f"  user gw pass {SECRET} ssl"),
    ("root/.offlineimaprc", f"remotepass = {SECRET}"),
    ("etc/a.exp", f'expect "Password:" {{ send "{SECRET}\\r" }}'),
)


@pytest.mark.parametrize(("path", "line"), CONFIG)
def test_a_value_in_a_configuration_or_script(path: str, line: str) -> None:
    assert len(list(credential_assigned.assigned(f"# words\n{line}\n".encode(), Style.CONFIG, path))) == 1


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
    assert len(list(credential_assigned.assigned(f"{line}\n".encode(), Style.CODE, "www/a.js"))) == 1


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
    "password = %s",
    "password = %DB_PASSWORD%",
    "password = %(db_password)s",
    "psk=gw-%08x",
    "sed -e s/PASSWORD=Rk83mwQz71/PASSWORD=/ x",
    "docker run -e DB_PASSWORD app",
    "PWD=`pwd`",
    "wpa-psk @PSK@",
    "password = mail.default.value",
    "password com.maker.Vault",
    "passwordeval gpg -d /data/mail.gpg",
    "bypass = Dunlin-88.Weir",
    "user gw pass $PASSWORD",
)


@pytest.mark.parametrize("line", NONE)
def test_no_value_in_a_configuration(line: str) -> None:
    assert list(credential_assigned.assigned(f"{line}\n".encode(), Style.CONFIG, "etc/x.conf")) == []


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
    assert list(credential_assigned.assigned(f"{line}\n".encode(), Style.CODE, "www/a.js")) == []


def test_a_dollar_in_json_is_a_sign_like_others() -> None:
    def told(value: str, path: str) -> int:
        return len(list(credential_assigned.assigned(f'"password": "{value}"\n'.encode(), Style.CODE, path)))

    assert told("Lade$aeule-4417", "etc/app.json") == 1
    assert told("Lade$aeule-4417", "www/app.php") == 0
    assert told("$password1", "etc/app.json") == told("${PASSWORD1}-2", "etc/app.json") == 0


@pytest.mark.parametrize("piece", [b"password", b"://a:b@", b'"pass' * 3, b"curl -u ", b"a" * 900 + b"key="])
def test_a_hostile_file_takes_no_long_time(piece: bytes) -> None:
    data = piece * (400_000 // len(piece))
    list(credential_assigned.assigned(data, Style.CONFIG, "etc/x"))
    list(credential_assigned.assigned(data.replace(b"p", b"\np"), Style.CODE, "etc/x"))
