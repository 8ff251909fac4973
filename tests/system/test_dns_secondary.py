"""A real secondary: knot transfers the zone, hears of changes, serves and signs it; dig and
named-checkzone look at the transfer itself."""
import base64
import os
import pathlib
import re
import shutil
import signal
import subprocess
import time

import pytest

import customers
from conftest import DEADLINE, EXACT, eventually, free_port

NEEDED = ("knotd", "knotc", "kdig", "dig", "named-checkzone")
PATH = "/usr/sbin:/usr/bin"
pytestmark = [customers.needs_internet,
              pytest.mark.skipif(not all(shutil.which(tool, path=PATH) for tool in NEEDED),
                                 reason="needs " + ", ".join(NEEDED))]

ZONE = "sts.service.example"
SECRET = base64.b64encode(b"an example of a transfer secret.").decode()
OTHER = base64.b64encode(b"an example of another secret....").decode()
KEY = f"hmac-sha256:transfer.example:{SECRET}"

PRODUCT = """
[server]
state = {state}
[listen]
tls = %(address)s:443
http = 127.0.0.1:{http}
dns = 127.0.0.1:{dns}
admin = 127.0.0.1:{admin}
[outgoing]
allow = 127.0.0.0/8
ca_file = %(roots)s
[resolver]
stub = example=%(zone)s sts.service.example=127.0.0.1:{dns}
trust_anchor = off
[report]
host = reports.sts.service.example
[service]
host = mx.service.example
zone = sts.service.example
addresses = %(address)s ::1
nameservers = ns1.sts.service.example=192.0.2.1 ns2.sts.service.example=192.0.2.2
"""

KNOT = """
server:
    rundir: {dir}
    listen: 127.0.0.1@{port}
database:
    storage: {dir}
log:
  - target: {dir}/knot.log
    any: debug
key:
  - id: transfer.example
    algorithm: hmac-sha256
    secret: {secret}
remote:
  - id: primary
    address: 127.0.0.1@{primary}
    key: transfer.example
acl:
  - id: notify
    address: 127.0.0.1
    key: transfer.example
    action: notify
policy:
  - id: sign
    single-type-signing: on
zone:
  - domain: sts.service.example
    storage: {dir}
    zonefile-sync: -1
    zonefile-load: none
    journal-content: all
    master: primary
    acl: notify
    dnssec-signing: on
    dnssec-policy: sign
"""


class Secondary:
    """knotd as a secondary of the service zone, which it signs."""

    def __init__(self, folder, primary, port):
        self.folder, self.port, self.process = folder, port, None
        folder.mkdir()
        (folder / "knot.conf").write_text(KNOT.format(dir=folder, port=port, primary=primary, secret=SECRET))

    def start(self):
        self.process = subprocess.Popen([shutil.which("knotd", path=PATH), "-c", str(self.folder / "knot.conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self

    def stop(self, sig=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
            self.process.wait(DEADLINE)

    def log(self):
        return (self.folder / "knot.log").read_text(errors="replace")


def ask(port, name, kind, *options):
    done = subprocess.run(["kdig", "+short", "+timeout=2", "+retry=1", "-p", str(port), "@127.0.0.1", name, kind,
                           *options], capture_output=True, text=True)
    return done.stdout.splitlines() if done.returncode == 0 else []


def transfer(port, *options):
    """What dig says to an AXFR."""
    return subprocess.run(["dig", "-p", str(port), "@127.0.0.1", ZONE, "AXFR", *options], capture_output=True,
                          text=True).stdout


def targets(service, domain):
    return {r["purpose"]: r["value"].rstrip(".") for r in service.json("records", domain)["records"]}


@pytest.fixture
def zone(tmp_path):
    server = customers.Knot(tmp_path / "customers")
    yield server
    server.stop()


@pytest.fixture
def pair(make_product, tmp_path, zone, authority):
    """The product with one secondary that is named in its settings, not started yet."""
    port = free_port()
    keys = tmp_path / "transfer.keys"
    keys.write_text(f"# for the secondary\n{KEY}\n")
    keys.chmod(0o400)
    service = customers.product(make_product, zone, authority.cert, text=PRODUCT,
                                extra=f"secondaries = 127.0.0.1:{port}\ntransfer_key_file = {keys}\n")
    service.zone = zone
    secondary = Secondary(tmp_path / "knot", service.ports["dns"], port)
    yield service, secondary
    secondary.stop()


def publish(service, authority, domain):
    service.run("domain", "add", domain, "--mx", "mx." + domain, check=0)
    customers.delegate(service.zone, service, domain)
    service.run("cert", "import", authority.issue("mta-sts." + domain), check=0)
    at = targets(service, domain)
    eventually(lambda: ask(service.ports["dns"], at["policy-id"], "TXT"))
    return at


def test_it_converges(pair, authority):
    """DNS-11 DNS-13 DNS-17 DNS-18 DNS-19 DNS-20 DNS-24: signed transfers, told of each change, within seconds."""
    service, secondary = pair
    at = publish(service, authority, "acme.example")
    secondary.start()
    first = eventually(lambda: ask(secondary.port, at["policy-id"], "TXT"))
    assert first == ask(service.ports["dns"], at["policy-id"], "TXT")
    for number in range(3):
        service.run("policy", "set", "acme.example", "--add-mx", f"mx{number}.acme.example", check=0)
        policy_id = service.json("policy", "show", "acme.example")["id"]
        began = time.monotonic()
        eventually(lambda: ask(secondary.port, at["policy-id"], "TXT") == [f'"v=STSv1; id={policy_id};"'])
        assert time.monotonic() - began < (10 if EXACT else DEADLINE), "long before its refresh"
    assert any("RRSIG" in line or line.startswith("TXT ") for line in
               ask(secondary.port, at["policy-id"], "TXT", "+dnssec")), "it signs what it got"
    service.run("domain", "remove", "acme.example", "--now", "--yes", check=0)
    eventually(lambda: not ask(secondary.port, at["policy-host"], "A"))
    assert not re.search(r"TSIG.*(fail|error)|BAD|malformed", secondary.log())


def test_a_dead_secondary(pair, authority):
    """DNS-19: notifications are repeated: one that was dead at the change hears of it when it is back."""
    service, secondary = pair
    at = publish(service, authority, "acme.example")
    secondary.start()
    eventually(lambda: ask(secondary.port, at["policy-id"], "TXT"))
    secondary.stop(signal.SIGKILL)
    changed = service.run("policy", "set", "acme.example", "--add-mx", "mx2.acme.example", check=0)
    assert changed.returncode == 0, "nobody waits for a secondary"
    policy_id = service.json("policy", "show", "acme.example")["id"]
    secondary.start()
    eventually(lambda: ask(secondary.port, at["policy-id"], "TXT") == [f'"v=STSv1; id={policy_id};"'])


def test_the_transfer_itself(pair, authority, tmp_path):
    """DNS-02 DNS-04 DNS-14 DNS-20 DNS-21: with the key only; whole, without a complaint of named-checkzone."""
    service, _ = pair
    publish(service, authority, "acme.example")
    for number in range(12):
        service.run("domain", "add", f"customer{number}.example", "--mx", "mx.example", check=0)
    port = service.ports["dns"]
    assert "Transfer failed" in transfer(port)
    assert "Transfer failed" in transfer(port, "-y", f"hmac-sha256:transfer.example:{OTHER}")
    assert "Transfer failed" in transfer(port, "-y", f"hmac-sha512:transfer.example:{SECRET}")
    assert "BADKEY" in transfer(port, "-y", f"hmac-sha256:stranger.example:{SECRET}", "+multi")
    whole = transfer(port, "-y", KEY)
    assert "XFR size" in whole and "WARNING" not in whole and "failed" not in whole, whole[-500:]
    zone = tmp_path / "zone"
    lines = transfer(port, "-y", KEY, "+onesoa").splitlines()
    zone.write_text("\n".join(line for line in lines if "\tTSIG\t" not in line) + "\n")
    done = subprocess.run([shutil.which("named-checkzone", path=PATH), "-k", "fail", "-m", "fail", "-n", "fail",
                           "-i", "local", "-r", "fail", ZONE, str(zone)], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.rstrip().endswith("OK"), done.stdout + done.stderr
    assert not re.search(r"warning|error|has no", done.stdout + done.stderr, re.I), done.stdout
    names = set(re.findall(r"^(\S+)\s+300\s+IN\s+A\s", zone.read_text(), re.M))
    assert len([n for n in names if ".web." in n]) == 13
    serial = int(ask(port, ZONE, "SOA")[0].split()[2])
    current = subprocess.run(["dig", "-p", str(port), "@127.0.0.1", ZONE, f"IXFR={serial}", "+tcp", "-y", KEY],
                             capture_output=True, text=True).stdout
    assert "XFR size: 1 records" in current, current
    older = subprocess.run(["dig", "-p", str(port), "@127.0.0.1", ZONE, f"IXFR={serial - 1}", "+tcp", "-y", KEY],
                           capture_output=True, text=True).stdout
    assert int(re.search(r"XFR size: (\d+) records", older)[1]) > 24, older[-300:]


def test_change_during_a_transfer(pair, authority):
    """DNS-20: transfers while the zone changes are each of one moment: their SOA records agree."""
    service, _ = pair
    publish(service, authority, "acme.example")
    port = service.ports["dns"]
    adding = subprocess.Popen(["sh", "-c", " ; ".join(
        f"{service_bin()} domain add c{n}.example --mx mx.example" for n in range(10))],
        env=service.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    seen = set()
    while adding.poll() is None:
        text = transfer(port, "-y", KEY)
        serials = re.findall(r"IN\s+SOA\s+\S+\s+\S+\s+(\d+)", text)
        assert len(serials) == 2 and serials[0] == serials[1], serials
        web = len(re.findall(r"^\S+\.web\.\S+\s+300\s+IN\s+A\s", text, re.M))
        assert web == len(re.findall(r"^\S+\.web\.\S+\s+300\s+IN\s+AAAA\s", text, re.M))
        seen.add(serials[0])
    assert len(seen) > 1


def service_bin():
    return pathlib.Path(os.environ.get("MXSEAL_BIN", "build/mxseal")).resolve()


def test_without_secondaries_nobody_gets_it(make_product, zone, authority):
    """DNS-20: the list is empty unless somebody fills it."""
    service = customers.product(make_product, zone, authority.cert, text=PRODUCT)
    assert "Transfer failed" in transfer(service.ports["dns"])
    assert "NOERROR" in subprocess.run(["dig", "-p", str(service.ports["dns"]), "@127.0.0.1", ZONE, "SOA"],
                                       capture_output=True, text=True).stdout


def test_a_bad_key_file(make_product, tmp_path, zone, authority):
    """What is wrong with the file is said at the start, with its line."""
    keys = tmp_path / "transfer.keys"
    for text, mode, said in ((f"{KEY}\nrubbish\n", 0o400, "transfer.keys:2"), (KEY, 0o444, "others may read"),
                             ("# nothing\n", 0o400, "has no key"), (None, 0, "no such file")):
        keys.unlink(missing_ok=True)
        if text is not None:
            keys.write_text(text)
            keys.chmod(mode)
        with pytest.raises(RuntimeError, match=re.escape(said)):
            customers.product(make_product, zone, authority.cert, f"transfer_key_file = {keys}\n", PRODUCT)
