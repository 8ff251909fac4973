"""Certificates by ACME, from Debian's pebble as the authority: nonces refused, validation delayed."""
import base64
import contextlib
import http.client
import http.server
import json
import os
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import urllib.request

import pytest

from conftest import DEADLINE, LONG, free_port, eventually

pytestmark = pytest.mark.skipif(not shutil.which("pebble"), reason="pebble is not installed")

ADMIN, REPORT = "mx.service.example", "reports.service.example"
CONFIG = """
[server]
state = {state}
log = debug text
[listen]
tls = 127.0.0.1:%(tls)d
http = %(http)s
admin = 127.0.0.1:%(admin)d
[service]
host = mx.service.example
addresses = 127.0.0.1
[report]
host = reports.service.example
[outgoing]
allow = 127.0.0.0/8
[resolver]
stub = example=127.0.0.1:%(dns)d
trust_anchor = off
[acme]
accept_terms = yes
directory = https://ca.service.example:%(ca)d/dir
ca_file = %(ca_file)s
email = hostmaster@service.example
"""


class Internet:
    """DNS that answers 127.0.0.1 for every name, and an authority that believes it."""

    def __init__(self, folder, authority):
        self.folder, self.authority, self.processes = folder, authority, {}
        self.ca, self.manage, self.dns, self.dns_manage = (free_port() for _ in range(4))
        self.crt = authority.issue("ca.service.example")

    def run(self, name, *args, **env):
        log = open(self.folder / f"{name}.log", "ab")
        self.processes[name] = subprocess.Popen([name, *map(str, args)], stdout=log, stderr=log,
                                                env={**os.environ, **env})

    def start_dns(self):
        self.run("pebble-challtestsrv", "-dns01", f"127.0.0.1:{self.dns}", "-defaultIPv6", "",
                 "-management", f"127.0.0.1:{self.dns_manage}", "-http01", "", "-https01", "",
                 "-tlsalpn01", "")
        listens(self.dns_manage)

    def start_ca(self, ports, validity=90 * 86400, reject=20, port=None, **more):
        config = self.folder / "pebble.json"
        config.write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{port or self.ca}",
            "managementListenAddress": f"127.0.0.1:{self.manage}",
            "certificate": str(self.crt), "privateKey": str(self.crt.with_suffix(".key")),
            "httpPort": ports["http"], "tlsPort": ports["tls"],
            "domainBlocklist": ["refused.example"],
            "certificateValidityPeriod": validity,
            "profiles": {"default": {"description": "-", "validityPeriod": validity}}, **more}}))
        self.run("pebble", "-config", config, "-dnsserver", f"127.0.0.1:{self.dns}",
                 PEBBLE_WFE_NONCEREJECT=str(reject), PEBBLE_VA_SLEEPTIME="1",
                 PEBBLE_AUTHZREUSE="0")
        listens(port or self.ca)

    def stop(self, name):
        process = self.processes.pop(name)
        process.kill()
        process.wait()

    def roots(self):
        """The authority's root, for clients that trust it."""
        context = ssl.create_default_context(cafile=self.authority.cert)
        context.check_hostname = False
        with urllib.request.urlopen(f"https://127.0.0.1:{self.manage}/roots/0", context=context) as r:
            path = self.folder / "root.pem"
            path.write_bytes(r.read())
            return path

    def mock(self, what, **body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.dns_manage}/{what}",
                                         json.dumps(body).encode())
        urllib.request.urlopen(request).read()


class Front(http.server.BaseHTTPRequestHandler):
    """Stands before a pebble without renewalInfo and adds that, and the authority's CAA name."""
    protocol_version = "HTTP/1.1"
    window, replaces = None, None  # of the server: set by start

    def answer(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def forward(self, body=None):
        """To pebble under the same Host, so that its URLs lead here."""
        context = ssl._create_unverified_context()
        there = http.client.HTTPSConnection("127.0.0.1", self.server.behind, context=context)
        keep = {k: v for k, v in self.headers.items() if k.lower() in ("host", "content-type")}
        there.request(self.command, self.path, body, keep)
        got = there.getresponse()
        return got.status, got.getheaders(), got.read()

    def do_GET(self):
        if self.path.startswith("/renewal/"):
            start, end = self.server.window(self.path.rsplit("/", 1)[1])
            body = {"suggestedWindow": {"start": stamp(start), "end": stamp(end)},
                    "explanationURL": "https://ca.service.example/why"}
            return self.answer(200, [("Content-Type", "application/json")], json.dumps(body).encode())
        status, headers, body = self.forward()
        if self.path == "/dir":
            directory = json.loads(body)
            directory["renewalInfo"] = f"https://{self.headers['Host']}/renewal"
            directory["meta"]["caaIdentities"] = ["ca.service.example"]
            body = json.dumps(directory).encode()
        return self.answer(status, headers, body)

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        payload = json.loads(body)["payload"]
        asked = json.loads(base64.urlsafe_b64decode(payload + "==") or b"{}")
        if "identifiers" in asked:
            self.server.replaces.append(asked.get("replaces"))
        return self.answer(*self.forward(body))

    def log_message(self, *args):
        pass


def stamp(t):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))


@contextlib.contextmanager
def front(internet, ports, window):
    behind = free_port()
    internet.start_ca(ports, port=behind, reject=0)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", internet.ca), Front)
    server.behind, server.window, server.replaces = behind, window, []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(internet.crt, internet.crt.with_suffix(".key"))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def listens(port):
    def connected():
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return True

    eventually(connected)


@pytest.fixture
def internet(tmp_path, authority):
    folder = tmp_path / "internet"
    folder.mkdir()
    net = Internet(folder, authority)
    net.start_dns()
    yield net
    for name in list(net.processes):
        net.stop(name)


@pytest.fixture
def product(make_product, internet):
    """product(http=True, ca={...}): the service; ca: what its authority is started with before it."""
    def make(http=True, ca=None):
        ports = {name: free_port() for name in ("tls", "http", "admin")}
        if ca is not None:
            internet.start_ca(ports, **ca)
        text = CONFIG % {**ports, "http": f"127.0.0.1:{ports['http']}" if http else "off",
                         "dns": internet.dns, "ca": internet.ca,
                         "ca_file": internet.authority.cert}
        service = make_product(text=text)
        service.ports.update(ports)
        return service
    return make


def add(service, *domains):
    for domain in domains:
        service.run("domain", "add", domain, "--mx", f"mx.{domain}", check=0)


def certs(service):
    """{host: item of cert list}"""
    found = {}
    for item in service.json("cert", "list")["items"]:
        for host in item["hosts"]:
            found[host] = item
    return found


def orders(service):
    """{host: row of the queue}; what no command shows."""
    with contextlib.closing(sqlite3.connect(f"file:{service.state}/mxseal.db?mode=ro", uri=True)) as db:
        db.row_factory = sqlite3.Row
        return {row["host"]: dict(row) for row in db.execute("select * from cert_order")}


def spent(service):
    with contextlib.closing(sqlite3.connect(f"file:{service.state}/mxseal.db?mode=ro", uri=True)) as db:
        return [row[0] for row in db.execute("select host from cert_spent order by id")]


def issued(service, *hosts):
    return eventually(lambda: all(certs(service).get(h, {}).get("source") == "acme" for h in hosts))


def fingerprint(service, host):
    return certs(service)[host]["fingerprint"]


@pytest.mark.parametrize("http", [True, False], ids=["http-01", "tls-alpn-01"])
def test_first_certificates(product, internet, http):
    """ACME-15 ACME-17 ACME-20: nobody types anything; admin and report host come first."""
    service = product(http, ca={"reject": 50})
    add(service, "a.example", "b.example")
    hosts = ["mta-sts.a.example", "mta-sts.b.example"]
    issued(service, ADMIN, REPORT, *hosts)
    assert {ADMIN, REPORT} <= set(spent(service)[:4]), "four at a time"
    assert sorted(spent(service)) == sorted({ADMIN, REPORT, *hosts}), "each once"
    root = internet.roots()
    for domain in ("a.example", "b.example"):
        status, _, body = eventually(lambda: served(service, f"mta-sts.{domain}", root))
        assert status == 200 and f"mx: mx.{domain}".encode() in body
    with sqlite3.connect(f"{service.state}/mxseal.db") as db:
        keys = [row[0] for row in db.execute("select sealed_key from cert")]
    assert len(set(keys)) == 4, "a key each"
    with contextlib.closing(sqlite3.connect(f"file:{service.state}/edge/edge.db?mode=ro", uri=True)) as db:
        assert db.execute("select count(*) from challenge where gone = 0").fetchone() == (0,)
    assert {row["method"] for row in orders(service).values()} == {
        "http-01" if http else "tls-alpn-01"}


def served(service, host, root):
    with contextlib.suppress(OSError):
        return service.fetch(host, ca=root)


def test_never_self_signed(product, internet):
    """Until there is a certificate the name is refused."""
    service = product()
    add(service, "a.example")
    for host in (ADMIN, "mta-sts.a.example"):
        with pytest.raises(ssl.SSLError) as refused:
            service.fetch(host, ca=internet.authority.cert)
        assert "UNRECOGNIZED_NAME" in str(refused.value).upper()


def test_renewal(product, internet):
    """ACME-31: renewed by itself before the end, under a new key; the old one served until then."""
    service = product(ca={"validity": 36, "reject": 0})
    add(service, "a.example")
    host = "mta-sts.a.example"
    issued(service, host)
    first, root = fingerprint(service, host), internet.roots()
    end = certs(service)[host]["not_after"]
    eventually(lambda: served(service, host, root))
    while fingerprint(service, host) == first:
        assert served(service, host, root), "never without a certificate"
        assert time.time() < time.mktime(time.strptime(end, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone
        time.sleep(0.2)
    assert served(service, host, root)
    assert spent(service).count(host) == 2


def test_renew_by_hand(product, internet):
    service = product(ca={})
    add(service, "a.example")
    host = "mta-sts.a.example"
    issued(service, host)
    first = fingerprint(service, host)
    service.run("cert", "renew", host, check=0)
    eventually(lambda: fingerprint(service, host) != first)
    assert service.run("cert", "renew", "x.example").returncode == 1


def test_renew_by_hand_while_a_window_is_asked_for(product, internet):
    """ACME-25: what an operator says is not lost to the step that is under way, and is a renewal."""
    service, asked, answer = product(), [], threading.Event()

    def window(name):
        asked.append(name)
        assert answer.wait(DEADLINE)
        return time.time() + 9000, time.time() + 9100

    with front(internet, service.ports, window) as server:
        issued(service, ADMIN, REPORT)
        first = fingerprint(service, ADMIN)
        eventually(lambda: len(asked) == 2)
        service.run("cert", "renew", ADMIN, check=0)
        answer.set()
        eventually(lambda: fingerprint(service, ADMIN) != first)
    renewed = [name for name in server.replaces if name]
    assert len(renewed) == 1 and renewed[0] in asked[:2]


def test_authority_down(product, internet):
    """An outage is said, costs nothing of the allowance, and ends by itself."""
    service = product()
    add(service, "a.example")
    order = lambda: certs(service)["mta-sts.a.example"]["order"] or {}
    why = lambda: order().get("why") or ""
    eventually(lambda: "ca.service.example" in why() or "connect" in why())
    assert "again" in service.run("cert", "list", check=0).stdout
    assert spent(service) == []
    internet.start_ca(service.ports)
    issued(service, "mta-sts.a.example")
    assert not why()


def test_the_authority_says_no(product, internet):
    """ACME-08: its own words in cert list; the others' names are not held up."""
    service = product(ca={})
    add(service, "refused.example", "good.example")
    issued(service, "mta-sts.good.example")
    order = lambda: certs(service)["mta-sts.refused.example"]["order"] or {}
    eventually(lambda: order().get("problem") == "rejectedIdentifier")
    assert order()["why"] and order()["state"] == "wanted"
    listed = service.run("cert", "list", check=0).stdout
    assert order()["why"] in listed and "again at 20" in listed
    shown = service.json("domain", "show", "refused.example")["needs"]
    assert any(order()["why"] in (need["why"] or "") for need in shown)


def test_the_proof_is_not_seen(product, internet):
    """ACME-08 ACME-11: what the authority saw is said; after a refusal the other way goes first."""
    service = product()
    add(service, "a.example")
    internet.start_ca({**service.ports, "http": free_port()}, reject=0)
    host = "mta-sts.a.example"
    order = lambda: certs(service)[host]["order"] or {}
    eventually(lambda: order().get("problem") == "connection")
    assert "refused" in order()["why"] and orders(service)[host]["method"] == "http-01"
    assert orders(service)[host]["due"] > time.time() + 500, "not at once again"
    service.run("cert", "renew", "a.example", check=0)
    issued(service, host)
    assert orders(service)[host]["method"] == "tls-alpn-01"
    assert spent(service).count(host) == 2


def test_points_elsewhere(product, internet):
    """ACME-30: no order before the records are seen."""
    service = product(ca={})
    internet.mock("add-a", host="mta-sts.away.example.", addresses=["127.0.0.2"])
    add(service, "away.example")
    issued(service, ADMIN)
    why = eventually(lambda: orders(service)["mta-sts.away.example"]["why"])
    assert why == "mta-sts.away.example points elsewhere in DNS"
    assert "mta-sts.away.example" not in spent(service)
    internet.mock("clear-a", host="mta-sts.away.example.")
    service.run("cert", "renew", "mta-sts.away.example", check=0)
    issued(service, "mta-sts.away.example")


def desk(service):
    return [pid for pid, role in service.children().items() if role == "desk"]


def test_killed_between_steps(product, internet):
    """ACME-11: desk is killed in every state of the order; no host gets two certificates."""
    service = product(ca={"reject": 0})
    issued(service, ADMIN, REPORT)
    names = [f"k{i}.example" for i in range(4)]
    add(service, *names)
    hosts, seen, kills = [f"mta-sts.{n}" for n in names], set(), 0
    while not all(orders(service).get(h, {}).get("state") == "idle" and
                  orders(service)[h]["replaces"] for h in hosts):
        states = {orders(service).get(h, {}).get("state") for h in hosts} - {None, "idle"}
        if states - seen:
            seen |= states
            kills += 1
            for pid in desk(service):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            eventually(lambda: desk(service))
        time.sleep(0.005)
    assert len(seen) >= 3, seen
    issued(service, *hosts)
    count = {h: spent(service).count(h) for h in hosts}
    assert all(n <= 1 + kills for n in count.values()), "a crash may cost one of the allowance"
    with contextlib.closing(sqlite3.connect(f"file:{service.state}/mxseal.db?mode=ro", uri=True)) as db:
        used = db.execute("select count(*) from cert where source = 'acme'").fetchone()[0]
    assert used == len(hosts) + 2, "one certificate each"


def test_the_authority_asks_for_renewal(product, internet):
    """ACME-25 ACME-28 ACME-29: a window that has passed is now; the new one says what it replaces."""
    service, asked = product(), []

    def window(name):
        if name not in asked:
            asked.append(name)
        now = time.time()
        return (now - 200, now - 100) if name == asked[0] else (now + 9000, now + 9100)

    with front(internet, service.ports, window) as server:
        eventually(lambda: len(server.replaces) >= 3)
        issued(service, ADMIN, REPORT)
        eventually(lambda: len(asked) >= 3)
        rows = eventually(lambda: [r for r in orders(service).values() if r["renew_at"]])
    assert [r for r in server.replaces if r] == [asked[0]]
    late = [item["order"] for item in certs(service).values()]
    assert all(o["explanation"] == "https://ca.service.example/why" for o in late)
    assert all(8000 < row["renew_at"] - time.time() < 9200 for row in rows)


def test_a_window_that_makes_no_sense(product, internet):
    """ACME-26: one that ends before it starts counts as none: two thirds of the lifetime."""
    service, asked = product(), []

    def window(name):
        asked.append(name)
        return time.time() + 100, time.time() - 100

    with front(internet, service.ports, window):
        issued(service, ADMIN)
        eventually(lambda: asked)
        due = eventually(lambda: orders(service)[ADMIN]["renew_at"])
    assert 50 * 86400 < due - time.time() < 61 * 86400


def test_an_authority_nobody_vouches_for(product, internet, tmp_path):
    """ACME-01: without a certificate that verifies it is not asked for anything."""
    other = tmp_path / "other"
    other.mkdir()
    internet.crt = type(internet.authority)(other).issue("ca.service.example")
    service = product(ca={})
    why = lambda: (certs(service)[ADMIN]["order"] or {}).get("why") or ""
    eventually(lambda: "certificate" in why())
    assert spent(service) == []


def test_caa_is_looked_at_first(product, internet):
    """ACME-30: the record that forbids it is named, and the authority is not asked."""
    service = product()
    internet.mock("add-caa", host="caa.example.",
                  policies=[{"tag": "issue", "value": "other.example"}])
    add(service, "caa.example", "free.example")
    far = lambda name: (time.time() + 9000, time.time() + 9100)
    with front(internet, service.ports, far):
        issued(service, "mta-sts.free.example")
        why = lambda: (certs(service)["mta-sts.caa.example"]["order"] or {}).get("why") or ""
        service.run("cert", "renew", "caa.example", check=0)  # the authority may have come later than its first turn
        order = eventually(lambda: why() if why().startswith("the CAA record of caa.example does not name this CA") else None)
    assert 'CAA 0 issue "ca.service.example"' in order
    assert "mta-sts.caa.example" not in spent(service)


def test_account_bound_elsewhere(product, internet, tmp_path):
    """ACME-09: with external account binding, and told so without."""
    key = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    service = product(ca={"externalAccountBindingRequired": True,
                          "externalAccountMACKeys": {"kid-1": key}})
    why = lambda: (certs(service)[ADMIN]["order"] or {}).get("why") or ""
    eventually(lambda: "set [acme] eab_kid" in why())
    service.stop()
    (tmp_path / "eab.key").write_text(key + "\n")
    config = service.folder / "mxseal.conf"
    config.write_text(config.read_text() + f"eab_kid = kid-1\neab_key_file = {tmp_path}/eab.key\n")
    service.start()
    service.run("cert", "renew", ADMIN, check=0)
    issued(service, ADMIN)


def test_the_authority_forgets_us(product, internet):
    """ACME-10: an account that is gone is made again with the same key."""
    service = product(ca={})
    issued(service, ADMIN, REPORT)
    internet.stop("pebble")
    internet.start_ca(service.ports)
    first = fingerprint(service, ADMIN)
    service.run("cert", "renew", ADMIN, check=0)
    eventually(lambda: fingerprint(service, ADMIN) != first)


def test_many(product, internet):
    """Each name once, within the allowance, the reserve untouched; what is left waits and says so."""
    count = 300 if LONG else 24
    service = product(ca={"reject": 10})
    service.stop()
    config = service.folder / "mxseal.conf"
    config.write_text(config.read_text() + f"orders = {count * 3 // 2}\n")
    service.start()
    names = [f"n{i:03}.example" for i in range(count + 4)]
    for name in names:
        add(service, name)
    room = count * 3 // 2 - (count * 3 // 2) // 3
    waits = lambda: [h for h, r in orders(service).items() if "allowance" in r["why"]]
    eventually(lambda: len([c for c in certs(service).values() if c.get("source") == "acme"]) == room,
               seconds=600)
    eventually(lambda: len(waits()) == len(names) + 2 - room)
    assert len(spent(service)) == len(set(spent(service))) == room
    with urllib.request.urlopen(f"http://127.0.0.1:{service.ports['admin']}/metrics") as r:
        shown = r.read().decode()
    assert f'mxseal_certificate_hosts{{state="idle"}} {room}\n' in shown
    assert f"mxseal_certificate_hosts_waiting {len(names) + 2 - room}\n" in shown
