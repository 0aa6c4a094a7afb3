"""A maker's own scripts in Python: which of them update, and whether they verify what they install."""

from dataclasses import dataclass

import pytest

from firmward.facts.update.own_script import updates
from firmward.facts.update.python import reading
from firmward.facts.update.surroundings import Script
from firmward.facts.update.updater import Aspect, Server, Updater

GET = 'urllib.request.urlretrieve("http://fw.example.com/fw.bin", "/tmp/fw.bin")'
WRITE = 'subprocess.check_call(["mtd", "write", "/tmp/fw.bin", "firmware"])'
CHECK = '"openssl", "dgst", "-sha256", "-verify", "/etc/pub.pem", "-signature", "/tmp/fw.sig", "/tmp/fw.bin"'
IMPORTS = "import hashlib, io, os, shutil, subprocess, sys, tarfile, urllib.request, zipfile"


def read(*lines: str, path: str = "usr/bin/update.py") -> Updater | None:
    text = "\n".join(("#!/usr/bin/env python3", IMPORTS, *lines, ""))
    found = reading.read(text, path)
    assert found is not None
    return updates(Script(path, text, found.steps, runs=True, compares=found.compares))


@dataclass(frozen=True)
class Row:
    name: str
    lines: tuple[str, ...]


INSTALLS = (
    Row("subprocess", (GET, WRITE)),
    Row("os-system", ('os.system("wget -O /tmp/fw.bin http://a/fw.bin && mtd write /tmp/fw.bin firmware")',)),
    Row("shell", ('subprocess.run("curl -s http://a/x | sh", shell=True)',)),
    Row("words-by-name", ('cmd = ["curl", "-o", "/tmp/f", "http://a/f"]', "subprocess.call(cmd)",
                          'subprocess.call(["dd", "if=/tmp/f", "of=/dev/mmcblk0p2"])')),
    Row("unpacked", (GET, 'with tarfile.open("/tmp/fw.bin") as archive:', '    archive.extractall("/")')),
    Row("unpacked-at-once", (GET, 'zipfile.ZipFile("/tmp/fw.bin").extractall(path="/opt/app")')),
    Row("unpack-archive", (GET, 'shutil.unpack_archive("/tmp/fw.bin", "/usr")')),
    Row("in-the-folder", (GET, 'os.chdir("/")', 'tarfile.open("/tmp/fw.bin").extractall()')),
    Row("from-memory", ("import requests", 'r = requests.get("https://a/x")',
                        'tarfile.open(fileobj=io.BytesIO(r.content)).extractall("/usr")')),
    Row("from-a-stream", ("from urllib.request import urlopen",
                          'with tarfile.open(fileobj=urlopen("http://a/x"), mode="r|gz") as t:',
                          '    t.extractall("/")')),
    Row("saved-by-chunks", ("import requests", 'with requests.get(URL, stream=True) as r, open("/tmp/f", "wb") as f:',
                            "    for chunk in r.iter_content(8192):", "        f.write(chunk)",
                            'os.system("flashcp /tmp/f /dev/mtd2")')),
    Row("copied-to-a-file", ('with urllib.request.urlopen(URL) as r, open("/tmp/f", "wb") as f:',
                             "    shutil.copyfileobj(r, f)", 'os.system("flashcp /tmp/f /dev/mtd2")')),
    Row("into-the-device", ('data = urllib.request.urlopen(URL).read()', 'with open("/dev/mtd3", "wb") as flash:',
                            "    flash.write(data)")),
    Row("by-functions", ("def get(url, to):", "    urllib.request.urlretrieve(url, to)", "def put(image):",
                         '    subprocess.run(["flashcp", image, "/dev/mtd1"])', 'get(URL, "/tmp/f")', 'put("/tmp/f")')),
    Row("given-back", ("def get(url):", "    return urllib.request.urlopen(url).read()",
                       'open("/usr/bin/agent", "wb").write(get(URL))')),
    Row("object", ("class Updater:", "    def get(self):",
                   "        self.image = urllib.request.urlopen(URL).read()",
                   "    def put(self):", '        with open("/dev/mtd3", "wb") as f:',
                   "            f.write(self.image)")),
    Row("session", ("import requests", "session = requests.Session()", 'data = session.get("https://a/x").content',
                    "exec(data)")),
    Row("paths", ("from pathlib import Path", 'IMAGE = Path("/tmp") / "fw.bin"',
                  'IMAGE.write_bytes(urllib.request.urlopen(URL).read())',
                  'subprocess.run(["sudo", "nandwrite", "-p", "/dev/mtd4", str(IMAGE)], check=True)')),
    Row("made-executable", (GET, 'os.chmod("/tmp/fw.bin", 0o755)', 'os.system("/tmp/fw.bin")')),
    Row("moved-among-programs", (GET, 'shutil.move("/tmp/fw.bin", "/usr/bin/app")')),
    Row("package", (GET, 'subprocess.run(["dpkg", "-i", "/tmp/fw.bin"])')),
    Row("ftp", ("from ftplib import FTP", 'ftp = FTP("ftp.example.com")',
                'ftp.retrbinary("RETR fw.bin", open("/tmp/fw.bin", "wb").write)', WRITE)),
    Row("hashed", (GET, 'good = hashlib.sha256(open("/tmp/fw.bin", "rb").read()).hexdigest() == WANTED',
                   "if not good:", "    sys.exit(1)", WRITE)),
    Row("hmac", ("import hmac", GET, "hmac.new(KEY, DATA).verify(MAC)", WRITE)),
    Row("own-function-that-hashes", ("def verify(f):", "    return hashlib.md5(f).hexdigest() == SUM", GET,
                                     'if verify("/tmp/fw.bin"):', f"    {WRITE}")),
    Row("result-ignored", (GET, f"subprocess.run([{CHECK}])", WRITE)),
    Row("kept-and-not-looked-at", (GET, f"done = subprocess.run([{CHECK}])", WRITE)),
    Row("exception-passed-over", ("from cryptography.exceptions import InvalidSignature", GET, "try:",
                                  "    key.verify(signature, data)", "except InvalidSignature:",
                                  "    print('bad')", WRITE)),
    Row("gnupg-ignored", ("import gnupg", GET, 'gnupg.GPG().verify_file(open("/tmp/fw.sig", "rb"))', WRITE)),
)  # fmt: skip


@pytest.mark.parametrize("row", INSTALLS, ids=lambda row: row.name)
def test_what_is_fetched_and_installed_unsigned_is_told(row: Row) -> None:
    found = read(*row.lines)
    assert found is not None
    assert len(found.about(Aspect.SIGNATURE)) == 1, found


VERIFIED = (
    Row("cryptography", ("from cryptography.hazmat.primitives.serialization import load_pem_public_key", GET,
                         "key = load_pem_public_key(PEM)", "key.verify(signature, data)", WRITE)),
    Row("cryptography-left", ("from cryptography.exceptions import InvalidSignature", GET, "try:",
                              "    key.verify(signature, data)", "except InvalidSignature:", "    sys.exit(1)", WRITE)),
    Row("installed-in-the-same-try", ("from cryptography.exceptions import InvalidSignature", GET, "try:",
                                      "    key.verify(signature, data)", f"    {WRITE}", "except InvalidSignature:",
                                      "    pass")),
    Row("nacl", ("from nacl.signing import VerifyKey", GET, "VerifyKey(KEY).verify(signed)", WRITE)),
    Row("rsa", ("import rsa", GET, "rsa.verify(data, signature, key)", WRITE)),
    Row("gnupg", ("import gnupg", GET, 'verified = gnupg.GPG().verify_file(open("/tmp/fw.sig", "rb"))',
                  "if not verified:", "    sys.exit(1)", WRITE)),
    Row("checked-call", (GET, f"subprocess.check_call([{CHECK}])", WRITE)),
    Row("checked-run", (GET, f"subprocess.run([{CHECK}], check=True)", WRITE)),
    Row("status", (GET, f"if subprocess.call([{CHECK}]) != 0:", "    sys.exit(1)", WRITE)),
    Row("status-kept", (GET, f"done = subprocess.run([{CHECK}])", "if done.returncode:", "    sys.exit(1)", WRITE)),
    Row("shell", (GET, 'if os.system("gpg --verify /tmp/fw.sig /tmp/fw.bin") != 0:', "    sys.exit(1)", WRITE)),
    Row("function", ("from nacl.signing import VerifyKey", "def check(data):", "    try:",
                     "        VerifyKey(KEY).verify(data)", "    except Exception:", "        return False",
                     "    return True", GET, "if check(DATA):", f"    {WRITE}")),
)  # fmt: skip


@pytest.mark.parametrize("row", VERIFIED, ids=lambda row: row.name)
def test_a_signature_that_is_looked_at_is_enough(row: Row) -> None:
    found = read(*row.lines)
    assert found is not None
    assert not found.about(Aspect.SIGNATURE), found
    assert not found.doubted(Aspect.SIGNATURE)


HARMLESS = (
    Row("configuration", ('urllib.request.urlretrieve(URL, "/tmp/c.json")',
                          'shutil.copy("/tmp/c.json", "/etc/c.json")')),
    Row("fetched-only", (GET,)),
    Row("looked-at", ("import json, requests", 'state = requests.get("http://a/state").json()', "print(state)")),
    Row("sent", ("import requests", 'requests.post("http://a/log", data=b"x")', 'os.system("mtd write /etc/cal cal")')),
    Row("another-file", (GET, 'subprocess.run(["mtd", "write", "/etc/cal.bin", "calibration"])')),
    Row("in-memory-and-another-file", ("import requests", 'now = requests.get("http://a/time").text',
                                       'subprocess.run(["mtd", "write", "/etc/cal.bin", "calibration"])')),
    Row("commented-out", (f"# {GET}", f"# {WRITE}")),
    Row("in-a-text", (f"print('''{GET}''')", f"print('''{WRITE}''')")),
    Row("pictures", (GET, 'tarfile.open("/tmp/fw.bin").extractall("/tmp/pictures")')),
    Row("looks-into-an-archive", (GET, 'print(tarfile.open("/tmp/fw.bin").getnames())')),
)  # fmt: skip


@pytest.mark.parametrize("row", HARMLESS, ids=lambda row: row.name)
def test_what_is_no_update_is_not_taken_for_one(row: Row) -> None:
    found = read(*row.lines, path="usr/bin/sync.py")
    assert found is None or not found.about(Aspect.SIGNATURE), found


def test_what_another_module_verifies_is_not_known() -> None:
    found = read("from maker.trust import verify_image", GET, 'verify_image("/tmp/fw.bin")', WRITE)
    assert found is not None
    assert not found.about(Aspect.SIGNATURE)
    assert "verify_image" in found.doubted(Aspect.SIGNATURE)[0]


@pytest.mark.parametrize(
    ("fetch", "server"),
    [
        ('urllib.request.urlretrieve("https://a/fw", "/tmp/fw.bin")', Server.TLS),
        ('urllib.request.urlretrieve("http://a/fw", "/tmp/fw.bin")', Server.ANYONE),
        ('HOST = "http://a"\nurllib.request.urlretrieve(f"{HOST}/{name}", "/tmp/fw.bin")', Server.ANYONE),
        ('urllib.request.urlretrieve("https://%s/%s" % ("a", name), "/tmp/fw.bin")', Server.TLS),
        ('import requests\nopen("/tmp/fw.bin", "wb").write(requests.get("https://a", verify=False).content)',
         Server.ANYONE),
        ('import ssl\nc = ssl._create_unverified_context()\nr = urllib.request.urlopen("https://a", context=c)\n'
         'open("/tmp/fw.bin", "wb").write(r.read())', Server.ANYONE),
        ('import ssl\nc = ssl.create_default_context()\nc.verify_mode = ssl.CERT_NONE\n'
         'r = urllib.request.urlopen("https://a", context=c)\nopen("/tmp/fw.bin", "wb").write(r.read())',
         Server.ANYONE),
        ('import http.client\nc = http.client.HTTPConnection("a.example.com")\nc.request("GET", "/fw")\n'
         'open("/tmp/fw.bin", "wb").write(c.getresponse().read())', Server.ANYONE),
        ('urllib.request.urlretrieve(sys.argv[1], "/tmp/fw.bin")', Server.UNKNOWN),
    ],
)  # fmt: skip
def test_the_server_is_as_safe_as_its_transport(fetch: str, server: Server) -> None:
    found = read(fetch, WRITE)
    assert found is not None
    assert found.server is server


@pytest.mark.parametrize(
    ("line", "remarks"),
    [
        ("print(version)", 1),
        ("if new_version <= current: sys.exit()", 0),
        ("new, old = manifest['version'], installed()\nif new > old: pass", 0),
        ("if new_version == current: sys.exit()", 1),
        ("if sys.version_info < (3, 0): sys.exit()", 1),
        ("if os.path.getsize(f) < 1000: sys.exit()", 1),
        ("# version > current", 1),
        ('subprocess.check_call(["dpkg", "--compare-versions", a, "gt", b])', 0),
    ],
)
def test_versions_are_to_be_compared(line: str, remarks: int) -> None:
    found = read(GET, f"subprocess.check_call([{CHECK}])", line, WRITE)
    assert found is not None
    assert len(found.about(Aspect.DOWNGRADE)) == remarks


def test_a_second_copy_is_to_be_switched_to() -> None:
    write = 'subprocess.check_call(["dd", "if=/tmp/fw.bin", "of=/dev/mmcblk0p3"])'
    in_place, switched = read(GET, write), read(GET, write, 'subprocess.check_call(["fw_setenv", "bootslot", "b"])')
    assert in_place is not None
    assert switched is not None
    assert len(in_place.about(Aspect.FALLBACK)) == 1
    assert not switched.about(Aspect.FALLBACK)


OLD = """\
#!/usr/bin/python
import urllib2, os
try:
\tprint "fetching", 'now'
\tdata = urllib2.urlopen("http://a.example.com/fw.bin").read()
except urllib2.URLError, error:
        raise SystemExit, "no server"
open("/tmp/fw.bin", "wb").write(data)
os.chmod("/tmp/fw.bin", 0755)
os.system("flashcp /tmp/fw.bin /dev/mtd2")
"""


def test_python_2_is_read_too() -> None:
    found = reading.read(OLD, "usr/bin/update")
    assert found is not None
    updater = updates(Script("usr/bin/update", OLD, found.steps, runs=True, compares=found.compares))
    assert updater is not None
    assert len(updater.about(Aspect.SIGNATURE)) == 1
    assert updater.server is Server.ANYONE


HOSTILE = (
    "(" * 60_000,
    "a." * 60_000 + "b",
    "-" * 60_000 + "1",
    "x = " * 20_000 + "1",
    "\0",
    "def f(:\n",
    "'" * 3,
    "\t\n " * 9999,
    "1+" * 60_000 + "1",
    "s = s % s\n" * 5000,
    "a = a + a\n" * 5000,
    "if x:\n" + " if x:\n" * 3,
    ("x = " + "a." * 900 + "b\n") * 70,
    ("x = " + "a().b." * 90 + "b()\n") * 200,
    "f(" * 190 + ")" * 190,
)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_script_is_read_or_not_and_takes_no_time(text: str) -> None:
    found = reading.read(text, "usr/bin/update")
    assert found is None or len(found.steps) <= 5000
