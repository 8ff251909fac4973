"""The state of a domain's records, asked at real authoritative servers in a network namespace.

Inside: mxseal as the product with a service zone of its own, knot as the parent zones and the
first server of the customers' zones, nsd as their second server, so that the two can disagree.
"""
import calendar
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time

import pytest

from conftest import BIN, DEADLINE, Authority, Service, eventually
from namespace import Namespace

NEEDED = ("ip", "knotd", "knotc", "keymgr", "nsd", "kdig")
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(tool, path="/usr/sbin:/usr/bin") for tool in NEEDED),
    reason="needs root and " + ", ".join(NEEDED))

FIRST, SECOND, OURS, ELSEWHERE = "192.0.2.53", "192.0.2.54", "192.0.2.10", "192.0.2.80"
CUSTOMERS = ("customer.example", "typed.example", "old.example", "early.example", "moved.example")

ZONE = """$ORIGIN {origin}.
$TTL 60
@ SOA ns1.{origin}. hostmaster.{origin}. {serial} 3600 600 86400 1
@ NS ns1
@ NS ns2
ns1 A 192.0.2.53
ns2 A 192.0.2.54
@ MX 10 mx1
mx1 A 192.0.2.25
{records}
"""

PARENT = """$ORIGIN {origin}.
$TTL 60
@ SOA ns.{origin}. hostmaster.{origin}. 1 3600 600 86400 30
@ NS ns
ns A 192.0.2.53
{delegations}
"""

KNOT = """
server:
    rundir: {dir}/knot
    listen: 192.0.2.53@53
database:
    storage: {dir}/knot
policy:
  - id: signed
    algorithm: ecdsap256sha256
    single-type-signing: on
zone:
"""

NSD = """
server:
    ip-address: 192.0.2.54
    port: 53
    username: ""
    zonesdir: "{dir}"
    pidfile: "{dir}/nsd.pid"
    database: ""
    xfrdfile: "{dir}/xfrd.state"
    zonelistfile: "{dir}/zone.list"
    xfrdir: "{dir}"
    rrl-ratelimit: 0
remote-control:
    control-enable: no
"""

MXSEAL = """
[server]
state = {dir}/state
[listen]
tls = 192.0.2.10:443
http = 192.0.2.10:80
dns = 192.0.2.10:53
admin = 127.0.0.1:8000
[service]
host = mx.provider.example
zone = sts.provider.example
addresses = 192.0.2.10
[report]
host = reports.provider.example
[resolver]
stub = example=192.0.2.53
trust_anchor = {anchor}
[outgoing]
allow = 192.0.2.0/24 2001:db8::/32
ca_file = {dir}/ca.pem
"""


class World:
    """The servers and the service; zones are changed while they run."""

    def __init__(self, space, folder):
        self.space, self.folder, self.serial = space, folder, 1
        (folder / "knot").mkdir()
        knot, nsd = KNOT.format(dir=folder), NSD.format(dir=folder)
        for zone in CUSTOMERS:
            knot += f"  - domain: {zone}\n    file: {folder}/{zone}.first\n    journal-content: none\n"
            nsd += f'zone:\n    name: "{zone}"\n    zonefile: "{zone}.second"\n'
            self.write(zone, "", "")
        names = "".join(f"{z} NS ns1.{z}.example.\n{z} NS ns2.{z}.example.\nns1.{z} A {FIRST}\nns2.{z} A {SECOND}\n"
                        for z in ("customer", "typed", "old", "early", "moved", "bogus"))
        (folder / "example.zone").write_text(PARENT.format(origin="example", delegations=names + (
            "bogus DS 4711 13 2 " + "00" * 32 + "\n"
            f"sts.provider NS ns1.sts.provider\nns1.sts.provider A {OURS}\n")))
        knot += f"  - domain: example\n    file: {folder}/example.zone\n    zonefile-sync: -1\n" \
                "    zonefile-load: difference-no-serial\n    journal-content: all\n" \
                "    dnssec-signing: on\n    dnssec-policy: signed\n"
        (folder / "knot.conf").write_text(knot)
        (folder / "nsd.conf").write_text(nsd)
        space.start("knotd", "-c", folder / "knot.conf")
        space.start("nsd", "-d", "-c", folder / "nsd.conf")
        self.nsd = space.programs[-1]
        eventually(lambda: space.ask("customer.example", "SOA", FIRST))
        eventually(lambda: space.ask("customer.example", "SOA", SECOND))

    def write(self, zone, first, second):
        for end, records in (("first", first), ("second", second)):
            (self.folder / f"{zone}.{end}").write_text(
                ZONE.format(origin=zone, serial=self.serial, records=records))

    def anchor(self):
        """The parent's key as a trust anchor."""
        line = eventually(lambda: self.space.ask("example", "DNSKEY", FIRST))
        path = self.folder / "anchor"
        path.write_text(f"example. 60 IN DNSKEY {line}\n")
        return path

    def zone(self, zone, first, second=None):
        """The zone's records at both servers, or others at the second one."""
        self.serial += 1
        self.write(zone, first, first if second is None else second)
        subprocess.run(self.space.command("knotc", "-c", self.folder / "knot.conf", "zone-reload", zone),
                       check=True, capture_output=True)
        os.kill(int((self.folder / "nsd.pid").read_text()), signal.SIGHUP)
        for server in (FIRST, SECOND):
            eventually(lambda s=server: str(self.serial) in self.space.ask(zone, "SOA", s).split())


class Inside(Service):
    """The service and its command line, run in the namespace."""

    def __init__(self, space, folder, anchor):
        super().__init__(folder, ["--config", folder / "mxseal.conf"], {}, prefix=space.command())
        (folder / "mxseal.conf").write_text(MXSEAL.format(dir=folder, anchor=anchor))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records")
    with Namespace(folder) as space:
        for address in (SECOND, ELSEWHERE):
            subprocess.run(["ip", "-n", space.name, "addr", "add", f"{address}/32", "dev", "lo"], check=True)
        subprocess.run(["ip", "-n", space.name, "addr", "add", "2001:db8::99/128", "dev", "lo", "nodad"], check=True)
        world = World(space, folder)
        world.authority = Authority(folder)
        # What stands in this folder covers its like in /etc for programs in the namespace.
        shutil.copytree("/etc/ssl", space.etc / "ssl", symlinks=False, ignore_dangling_symlinks=True)
        with open(space.etc / "ssl/certs/ca-certificates.crt", "a") as roots:
            roots.write(world.authority.cert.read_text())
        service = Inside(space, folder, world.anchor())
        world.service = service
        service.start()
        try:
            yield world
        finally:
            service.stop()


WEB = """
import http.server, ssl, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if "moved" in self.headers["Host"]:
            self.send_response(302)
            self.send_header("Location", "https://mta-sts.old.example/.well-known/mta-sts.txt")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = open(sys.argv[3], "rb").read()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1], sys.argv[2])
server = http.server.HTTPServer(("192.0.2.80", 443), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


def row(answer, purpose):
    return next(r for r in answer["records"] if r["purpose"] == purpose)


def state(world, domain, purpose):
    found = row(world.service.json("records", domain), purpose)
    return found["state"], found["mistake_code"]


@pytest.fixture(scope="module")
def targets(world):
    """The CNAME targets of customer.example, whose policy is served."""
    world.service.run("domain", "add", "customer.example", check=0)
    world.service.run("cert", "import", world.authority.issue("mta-sts.customer.example"), check=0)
    world.service.run("cert", "import", world.authority.issue("reports.provider.example"), check=0)
    answer = world.service.json("records", "customer.example")
    assert all(r["state"] == "pending" and r["way"] == "cname" for r in answer["records"]), answer
    assert [s["state"] for s in row(answer, "policy-id")["servers"]] == ["pending", "pending"]
    return {r["purpose"]: r["value"] for r in answer["records"]}


def cnames(targets, **other):
    """Zone lines of the three CNAMEs; other: a line instead of one of them, by purpose."""
    names = {"policy_host": "mta-sts", "policy_id": "_mta-sts", "reports": "_smtp._tls"}
    lines = []
    for purpose, name in names.items():
        lines.append(other.get(purpose, f"{name} CNAME {targets[purpose.replace('_', '-')]}."))
    return "\n".join(lines) + "\n"


def test_cnames_are_seen_and_the_id_reaches_the_horizon(world, targets):
    """DNS-22 DNS-25: every name server is asked itself; the id counts as seen when all of them answer it."""
    world.zone("customer.example", cnames(targets))
    found = lambda: world.service.json("records", "customer.example", "--no-check")["records"]
    eventually(lambda: [r["state"] for r in found()] == ["seen"] * 3)  # nobody asked for a look
    answer = world.service.json("records", "customer.example")
    assert [r["state"] for r in answer["records"]] == ["seen"] * 3, answer
    servers = row(answer, "policy-id")["servers"]
    assert {(s["server"], s["address"]) for s in servers} == {
        ("ns1.customer.example", FIRST), ("ns2.customer.example", SECOND)}
    assert all(s["found"] == [f"CNAME {targets['policy-id']}"] and s["ttl"] == 60 for s in servers)
    assert answer["zone"] == "customer.example" and answer["waiting_for_you"] is False

    def horizon():
        world.service.run("records", "customer.example", check=0)
        done = world.service.run("horizon", "customer.example", "--json")  # exit 1: not served yet
        return done.returncode == 0 and "id-not-seen" not in json.loads(done.stdout)["warnings"]
    eventually(horizon)
    resolved = lambda: ((a := world.service.json("records", "customer.example"))["resolver"], a["resolver_why"])
    eventually(lambda: resolved() == ("same", None))
    world.service.run("policy", "set", "customer.example", "--add-mx", "mx2.customer.example", check=0)
    said = eventually(lambda: (r := resolved())[0] == "other" and r[1])
    assert "a resolver still remembers an earlier answer" in said


MISTAKES = [
    # purpose, zone line, state, mistake
    ("policy_id", "_mta-sts.customer.example CNAME {id}.", "wrong", "doubled-suffix"),
    ("policy_id", "_mta-sts CNAME {id}", "wrong", "missing-final-dot"),
    ("policy_id", '_mta-sts TXT "v=STSv1; id=20200101000000;"', "wrong", "record-beside-cname"),
    ("policy_host", "mta-sts CNAME somewhere.else.example.", "wrong", "other-value"),
    ("policy_host", "mta-sts A 104.16.1.1", "wrong", "proxied-name"),
    ("policy_host", f"mta-sts A {OURS}", "flattened", None),
    ("policy_host", f"mta-sts A {OURS}\nmta-sts A 192.0.2.77", "wrong", "other-value"),
    ("policy_host", "mta-sts CNAME customer.example.aaaaaaaa.web.sts.provider.example.", "wrong", "old-claim"),
    ("reports", "_tls NS ns9.customer.example.\nns9 A 192.0.2.53", "wrong", "wrong-zone"),
]


@pytest.mark.parametrize("purpose,line,want,mistake", MISTAKES, ids=[str(m[3]) + "-" + m[0] for m in MISTAKES])
def test_a_mistake_is_named(world, targets, purpose, line, want, mistake):
    """DNS-04 DNS-25: what is wrong with a record is said by name, with what was found."""
    world.zone("customer.example", cnames(targets, **{purpose: line.format(id=targets["policy-id"])}))
    got = state(world, "customer.example", purpose.replace("_", "-"))
    if mistake in ("doubled-suffix", "wrong-zone"):
        assert got[1] == mistake and got[0] in ("pending", "wrong"), got
    else:
        assert got == (want, mistake), world.service.run("records", "customer.example").stdout


def test_a_record_in_the_zone_above(world):
    """The short name typed for the parent domain is found there, and said."""
    world.service.run("domain", "add", "mail.customer.example", "--mx", "mx1.customer.example", check=0)
    value = row(world.service.json("records", "mail.customer.example", "--no-check"), "policy-id")["value"]
    world.zone("customer.example", f"_mta-sts CNAME {value}.\n")
    assert state(world, "mail.customer.example", "policy-id") == ("pending", "wrong-zone")


def test_servers_that_disagree(world, targets):
    """DNS-22: one lagging secondary keeps a record from being seen, and is named."""
    world.zone("customer.example", cnames(targets), "")
    answer = row(world.service.json("records", "customer.example"), "policy-id")
    assert (answer["state"], answer["mistake_code"]) == ("pending", "servers-disagree")
    assert {s["address"]: s["state"] for s in answer["servers"]} == {FIRST: "seen", SECOND: "pending"}
    assert "ns2.customer.example" in answer["mistake"]


def test_flattened_texts(world, targets):
    """Right answers without the CNAME are good: a provider that flattens it."""
    policy = eventually(lambda: (p := world.service.json("policy", "show", "customer.example"))["announced"] and p)
    rua = world.service.json("records", "customer.example")["rua"]
    world.zone("customer.example", cnames(
        targets, policy_id=f'_mta-sts TXT "v=STSv1; id={policy["id"]};"',
        reports=f'_smtp._tls TXT "v=TLSRPTv1; rua={",".join(rua)}"'))
    assert state(world, "customer.example", "policy-id") == ("flattened", None)
    assert state(world, "customer.example", "reports") == ("flattened", None)


def test_formats(world, targets):
    """DNS-02 DNS-03: zone lines can be pasted, the mail passed on; --watch ends when all are seen."""
    world.zone("customer.example", "")
    zone = world.service.run("records", "customer.example", "--format", "zone", check=0).stdout
    mail = world.service.run("records", "customer.example", "--format", "mail", check=0).stdout
    assert mail.startswith("Subject: DNS records for customer.example\n") and targets["reports"] in mail
    watch = subprocess.Popen(world.space.command(BIN, "records", "customer.example", "--watch", "--json"),
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=world.service.env, text=True)
    assert "not yet seen" in watch.stderr.readline()
    world.zone("customer.example", zone)
    out, _ = watch.communicate(timeout=DEADLINE)
    assert watch.returncode == 0 and out.count('"seen"') >= 3
    table = world.service.run("records", "customer.example", check=0).stdout
    assert f"ns1.customer.example {FIRST}  seen" in table


def stamp(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def id_of(world, domain):
    return world.service.json("policy", "show", domain)["id"]


def test_a_typed_id_is_waited_for(world):
    """DNS-22: until every server answers the new line it is repeated, and nothing stricter is done."""
    run, json = world.service.run, world.service.json
    run("domain", "add", "typed.example", "--way", "txt", check=0)
    run("cert", "import", world.authority.issue("mta-sts.typed.example"), check=0)
    first = id_of(world, "typed.example")
    assert row(json("records", "typed.example"), "policy-id")["value"] is None, "it is not fetched from outside yet"
    host = f"mta-sts A {OURS}\n"
    world.zone("typed.example", host)
    answer = eventually(lambda: (a := json("records", "typed.example"))["waiting_for_you"] and a)
    assert row(answer, "policy-id")["state"] == "waiting-for-you"
    assert row(answer, "policy-id")["value"] == f"v=STSv1; id={first};"
    assert row(answer, "policy-host")["way"] == "address" and row(answer, "policy-host")["value"] == OURS
    shown = json("domain", "show", "typed.example")
    assert shown["waiting_for_you"]["value"] == f"v=STSv1; id={first};"
    for command in ("records", "domain show"):
        assert f"v=STSv1; id={first};" in run(*command.split(), "typed.example", check=0).stdout, command
    assert any(n["title"].startswith("Waiting for you") for n in shown["needs"]), shown["needs"]
    refused = run("policy", "set", "typed.example", "--mode", "enforce", check=6)
    assert "fix: " in refused.stderr
    # One server has it: still waiting.
    line = f'_mta-sts TXT "v=STSv1; id={first};"\n'
    world.zone("typed.example", host + line, host)
    assert state(world, "typed.example", "policy-id") == ("waiting-for-you", "servers-disagree")
    world.zone("typed.example", host + line)
    assert state(world, "typed.example", "policy-id") == ("seen", None)
    assert "id-not-seen" not in json("horizon", "typed.example")["warnings"]
    assert json("policy", "show", "typed.example")["state"] == "announced"
    assert json("domain", "show", "typed.example")["waiting_for_you"] is None


def test_an_id_that_ran_ahead_is_not_adopted(world):
    """STS-86: an id that was typed before its text was served may be held with an older text."""
    world.service.run("domain", "add", "early.example", "--way", "txt", check=0)
    world.zone("early.example", f'mta-sts A {OURS}\n_mta-sts TXT "v=STSv1; id=early;"\n')
    assert state(world, "early.example", "policy-id")[0] == "pending"
    world.service.run("cert", "import", world.authority.issue("mta-sts.early.example"), check=0)
    eventually(lambda: world.service.json("policy", "show", "early.example")["state"] != "staged")
    eventually(lambda: state(world, "early.example", "policy-id") == ("waiting-for-you", "id-ahead"))
    assert id_of(world, "early.example") != "early"
    ours = row(world.service.json("records", "early.example"), "policy-id")["value"]
    world.zone("early.example", f'mta-sts A {OURS}\n_mta-sts TXT "{ours}"\n')
    assert state(world, "early.example", "policy-id") == ("seen", None)


def test_a_stricter_step_waits_for_the_typed_line(world):
    """A step that would be let through otherwise is refused for the line that is missing alone."""
    run, json = world.service.run, world.service.json
    policy = json("policy", "set", "typed.example", "--mode", "testing", "--max-age", "3600", "--mx", "mx1.typed.example")
    assert policy["changed"]
    eventually(lambda: json("records", "typed.example")["waiting_for_you"])
    refused = run("policy", "set", "typed.example", "--mode", "enforce", "--mx", "mx1.typed.example", check=6)
    assert "more reason" in refused.stderr or "name servers" in refused.stderr
    assert "id-not-seen" in json("horizon", "typed.example")["warnings"]


def test_another_id_is_adopted_when_it_came_after_its_text(world):
    """A valid id of somebody's own choice is taken, not called wrong."""
    ours = id_of(world, "typed.example")
    served = world.service.json("policy", "show", "typed.example")["served"]
    assert state(world, "typed.example", "policy-id")[0] == "waiting-for-you"
    # A look that began after the second in which the text was served.
    eventually(lambda: stamp(world.service.json("records", "typed.example")["checked"]) > served)
    world.zone("typed.example", f'mta-sts A {OURS}\n_mta-sts TXT "v=STSv1; id=mine2026;"\n')
    assert state(world, "typed.example", "policy-id") == ("seen", None)
    assert id_of(world, "typed.example") == "mine2026" != ours
    # A further one is taken as well, and no id is forgotten under which the text was held.
    world.zone("typed.example", f'mta-sts A {OURS}\n_mta-sts TXT "v=STSv1; id=mine2027;"\n')
    assert state(world, "typed.example", "policy-id") == ("seen", None)
    history = world.service.json("policy", "history", "typed.example")["items"]
    assert {"mine2026", "mine2027"} <= {h["id"] for h in history} and id_of(world, "typed.example") == "mine2027"
    # The next change moves it on.
    said = world.service.run("policy", "set", "typed.example", "--max-age", "7200", check=0).stdout
    moved = id_of(world, "typed.example")
    assert moved not in ("mine2026", "mine2027", ours)
    assert f"Waiting for you: set the TXT record at _mta-sts.typed.example to\n         v=STSv1; id={moved};" in said
    assert state(world, "typed.example", "policy-id")[0] == "waiting-for-you"


TYPED_MISTAKES = [
    ('_mta-sts TXT "v=STSv1; id=a1;"\n_mta-sts TXT "v=STSv1; id=b2;"', "two-records"),
    (r'_mta-sts TXT "\"v=STSv1; id=a1;\""', "quotes"),
    (r'_mta-sts TXT "v=STSv1\\; id=a1\\;"', "escaped-semicolon"),
]


@pytest.mark.parametrize("line,mistake", TYPED_MISTAKES, ids=[m[1] for m in TYPED_MISTAKES])
def test_a_mistake_in_a_typed_line(world, line, mistake):
    """DNS-02 STS-13: what pasting does to a TXT record is named."""
    world.zone("typed.example", f"mta-sts A {OURS}\n{line}\n")
    assert state(world, "typed.example", "policy-id") == ("wrong", mistake)


def test_a_dead_address_is_named(world):
    """An IPv6 address that leads nowhere keeps senders waiting although the other one is right."""
    world.zone("typed.example", f"mta-sts A {OURS}\nmta-sts AAAA 2001:db8::99\n")
    assert state(world, "typed.example", "policy-host") == ("wrong", "dead-aaaa")


def test_another_vendors_reports_are_kept(world):
    """Report addresses that are there stay, and ours is added behind them."""
    theirs = "mailto:tls@vendor.example"
    world.zone("typed.example", f'mta-sts A {OURS}\n_smtp._tls TXT "v=TLSRPTv1; rua={theirs}"\n')
    assert state(world, "typed.example", "reports") == ("wrong", "other-vendor")
    answer = json_rows = world.service.json("records", "typed.example")
    assert answer["rua"][0] == theirs and len(answer["rua"]) >= 2, json_rows
    value = row(answer, "reports")["value"]
    assert value.startswith(f"v=TLSRPTv1; rua={theirs},https://reports.provider.example/")
    world.zone("typed.example", f'mta-sts A {OURS}\n_smtp._tls TXT "{value}"\n')
    assert state(world, "typed.example", "reports") == ("seen", None)


def test_each_record_has_its_own_way(world):
    """The three records are published each in its own way."""
    changed = world.service.run("domain", "set", "typed.example", "--way-reports", "cname", check=0)
    assert changed.returncode == 0
    ways = world.service.json("domain", "show", "typed.example")["ways"]
    assert ways == {"policy-host": "address", "policy-id": "txt", "reports": "cname"}
    types = {r["purpose"]: r["type"] for r in world.service.json("records", "typed.example")["records"]}
    assert types == {"policy-host": "A", "policy-id": "TXT", "reports": "CNAME"}
    world.service.run("domain", "set", "typed.example", "--way", "txt", check=0)


def test_a_bogus_zone_is_named(world):
    """A zone whose DNSSEC validation fails is nothing to senders that validate."""
    world.service.run("domain", "add", "bogus.example", "--way", "txt", "--mx", "mx1.bogus.example", check=0)
    assert state(world, "bogus.example", "reports") == ("wrong", "bogus-dnssec")


POLICY = "version: STSv1\r\nmode: enforce\r\nmx: mx1.old.example\r\nmax_age: 1209600\r\n"


def test_a_domain_with_a_policy_is_taken_over_as_it_is(world):
    """Mode, max_age, patterns and id stay; the id moves with the first change; the past is unknown."""
    run, json = world.service.run, world.service.json
    crt = world.authority.issue("mta-sts.old.example", "mta-sts.moved.example")
    (world.folder / "old.txt").write_text(POLICY, newline="")
    world.space.start("/usr/bin/python3", "-c", WEB, crt, crt.with_suffix(".key"), world.folder / "old.txt")
    world.zone("old.example", f'mta-sts A {ELSEWHERE}\n_mta-sts TXT "v=STSv1; id=old1;"\n')

    def add():
        done = run("domain", "add", "old.example", "--way", "txt", "--dry-run", "--json")
        return done.returncode == 0 and '"adopted": true' in done.stdout.replace('":', '": ').replace("  ", " ")
    eventually(add)
    added = json("domain", "add", "old.example", "--way", "txt")
    assert added["adopted"] is True and added["id_before"] == "old1"
    policy = added["policy"]
    assert (policy["id"], policy["mode"], policy["max_age"], policy["mx"]) == (
        "old1", "enforce", 1209600, ["mx1.old.example"])
    run("cert", "import", crt, check=0)
    eventually(lambda: json("policy", "show", "old.example")["state"] != "staged")
    world.zone("old.example", f'mta-sts A {OURS}\n_mta-sts TXT "v=STSv1; id=old1;"\n')
    seen = lambda a: [row(a, p)["state"] for p in ("policy-host", "policy-id")] == ["seen", "seen"]
    eventually(lambda: seen(json("records", "old.example")))
    assert id_of(world, "old.example") == "old1"
    horizon = json("horizon", "old.example")
    assert horizon["old_policy_until"] - time.time() > 31557600 - 600
    changed = json("policy", "set", "old.example", "--add-mx", "mx2.old.example")
    assert changed["policy"]["id"] != "old1"


def test_a_redirect_is_no_policy(world):
    """STS-47: a policy host that redirects is not followed, to whatever place."""
    world.zone("moved.example", f'mta-sts A {ELSEWHERE}\n_mta-sts TXT "v=STSv1; id=moved1;"\n')
    added = world.service.json("domain", "add", "moved.example", "--way", "txt")
    assert added["adopted"] is False and added["id_before"] == "moved1", added
    assert "HTTP status 302" in added["adopted_why"]
    assert added["policy"]["id"] != "moved1" and added["policy"]["mode"] == "testing"
