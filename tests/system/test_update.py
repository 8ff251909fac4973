"""The way update: knot and bind take changes signed by TSIG; what others put there stays theirs."""
import base64
import contextlib
import http.server
import json
import re
import shutil
import sqlite3
import subprocess
import threading
import urllib.parse

import pytest

import customers
from conftest import ROOT, eventually
from customers import Bind, Knot, needs_internet, product, steps, wait_announced

SECRET = base64.b64encode(b"an example of an update secret..").decode()
KEY = ("update.example", SECRET)
HOOKS = ROOT / "packaging/hooks"

pytestmark = [needs_internet,
              pytest.mark.skipif(not all(shutil.which(t, path=customers.PATH) for t in ("named", "nsupdate")),
                                 reason="needs named and nsupdate")]


@pytest.fixture(params=[Knot, Bind], ids=["knot", "bind"])
def zone(request, tmp_path):
    server = request.param(tmp_path / "zone", KEY)
    yield server
    server.stop()


@pytest.fixture
def plain_zone(tmp_path):
    server = Bind(tmp_path / "zone", KEY)
    yield server
    server.stop()


def key_file(tmp_path, text=None):
    path = tmp_path / "update.key"
    path.write_text(text or f"hmac-sha256:{KEY[0]}:{SECRET}\n")
    path.chmod(0o400)
    return path


def writer(make_product, zone, authority, tmp_path, settings=None):
    """The product that writes the zone; its certificate for the report host opens a way in for reports."""
    settings = settings or (f"update_server = {zone.address}\ntsig_name = {KEY[0]}\n"
                            f"tsig_file = {key_file(tmp_path)}\n")
    text = customers.CONFIG.replace("[outgoing]", "[report]\nhost = reports.service.example\n[outgoing]")
    service = product(make_product, zone, authority.cert, f"[dns]\n{settings}", text)
    service.run("cert", "import", authority.issue("reports.service.example"), check=0)
    return service


def txt(zone, name):
    return sorted(re.sub(r'" "', "", line).strip('"') for line in zone.ask(name, "TXT"))


def rua(service, domain):
    return next(u for u in service.json("records", domain)["rua"] if "reports.service.example" in u)


def add(service, zone, authority, domain):
    zone.update(f"add {domain}. 60 A 192.0.2.1")
    service.run("domain", "add", domain, "--mx", f"mx.{domain}", "--way", "update", check=0)
    service.run("cert", "import", authority.issue(f"mta-sts.{domain}"), check=0)


def test_nobody_types_anything(make_product, zone, authority, tmp_path):
    """DNS-08 DNS-10 DNS-12: address, reports and id are written; at no moment none or two ids."""
    service = writer(make_product, zone, authority, tmp_path)
    add(service, zone, authority, "acme.example")
    wait_announced(service, "acme.example")
    first = service.json("policy", "show", "acme.example")["id"]
    assert zone.ask("mta-sts.acme.example", "A") == [service.address]
    assert txt(zone, "_mta-sts.acme.example") == [f"v=STSv1; id={first};"]
    assert eventually(lambda: txt(zone, "_smtp._tls.acme.example")) == [
        f"v=TLSRPTv1; rua={rua(service, 'acme.example')}"]
    seen, stop = set(), threading.Event()

    def watch():
        while not stop.is_set():
            seen.add(tuple(txt(zone, "_mta-sts.acme.example")))

    watcher = threading.Thread(target=watch)
    watcher.start()
    for n in range(3):
        service.run("policy", "set", "acme.example", "--add-mx", f"mx{n}.acme.example", check=0)
        wait_announced(service, "acme.example")
    stop.set()
    watcher.join()
    last = service.json("policy", "show", "acme.example")["id"]
    assert txt(zone, "_mta-sts.acme.example") == [f"v=STSv1; id={last};"]
    assert all(len(lines) == 1 for lines in seen) and len(seen) >= 2, seen
    assert steps(service, "acme.example")["announced"]["state"] == "done"


def test_other_peoples_records(make_product, zone, authority, tmp_path):
    """DNS-09: another vendor's reports go on, a stranger's id and other texts stay as they are."""
    zone.update("add _smtp._tls.acme.example. 60 TXT \"v=TLSRPTv1; rua=mailto:tls@vendor.example\"",
                "add _mta-sts.acme.example. 60 TXT \"v=STSv1; id=theirs1;\"",
                "add _mta-sts.acme.example. 60 TXT \"some other text\"")
    service = writer(make_product, zone, authority, tmp_path)
    add(service, zone, authority, "acme.example")
    why = eventually(lambda: "does not overwrite" in ((w := steps(service, "acme.example")["announced"]["why"])
                                                      or "") and w)
    assert "TXT v=STSv1; id=theirs1;" in why
    assert txt(zone, "_mta-sts.acme.example") == ["some other text", "v=STSv1; id=theirs1;"]
    ours = rua(service, "acme.example")
    eventually(lambda: txt(zone, "_smtp._tls.acme.example") == [
        f"v=TLSRPTv1; rua=mailto:tls@vendor.example,{ours}"])
    zone.update("delete _mta-sts.acme.example. TXT \"v=STSv1; id=theirs1;\"")
    service.run("domain", "set", "acme.example", "--way", "update", check=0)
    wait_announced(service, "acme.example")
    mine = service.json("policy", "show", "acme.example")["id"]
    assert txt(zone, "_mta-sts.acme.example") == ["some other text", f"v=STSv1; id={mine};"]
    zone.update("delete _mta-sts.acme.example. TXT", "add _mta-sts.acme.example. 60 TXT \"v=STSv1; id=edited;\"")
    service.run("policy", "set", "acme.example", "--add-mx", "mx2.acme.example", check=0)
    eventually(lambda: "id=edited" in (steps(service, "acme.example")["announced"]["why"] or ""))
    assert txt(zone, "_mta-sts.acme.example") == ["v=STSv1; id=edited;"], "a person's edit is not fought"


def later(service, days, *statements):
    """The service, started again when everything it knows happened so many days earlier."""
    service.stop()
    moments = {"publication": ("staged", "offered", "served", "fetched", "announced", "ended", "id_seen"),
               "name_check": ("checked", "definite", "id_since", "other_last")}
    with contextlib.closing(sqlite3.connect(service.state / "mxseal.db")) as db, db:
        for table, names in moments.items():
            for name in names:
                db.execute(f"update {table} set {name} = {name} - {days * 86400} where {name} > 0")
    service.start()


def test_leaving_by_itself(make_product, plain_zone, authority, tmp_path):
    """STS-91 DNS-09: records go on their day, the id before its host; what others put there stays."""
    zone = plain_zone
    zone.update('add _smtp._tls.acme.example. 60 TXT "v=TLSRPTv1; rua=mailto:tls@vendor.example"')
    service = writer(make_product, zone, authority, tmp_path)
    add(service, zone, authority, "acme.example")
    wait_announced(service, "acme.example")
    eventually(lambda: "reports.service.example" in "".join(txt(zone, "_smtp._tls.acme.example")))
    service.run("domain", "retire", "acme.example", check=0)
    eventually(lambda: steps(service, "acme.example")["seen"]["state"] == "done")
    last = service.json("policy", "show", "acme.example")["id"]
    leaving = lambda: {r["purpose"]: r for r in service.json("domain", "show", "acme.example")["leaving"]["records"]}
    assert txt(zone, "_mta-sts.acme.example") == [f"v=STSv1; id={last};"] and leaving()["policy-id"]["gone"] is None
    later(service, 400)
    eventually(lambda: txt(zone, "_mta-sts.acme.example") == [])
    eventually(lambda: txt(zone, "_smtp._tls.acme.example") == ["v=TLSRPTv1; rua=mailto:tls@vendor.example"])
    assert zone.ask("mta-sts.acme.example", "A") == [service.address], "resolvers may remember the id"
    eventually(lambda: leaving()["policy-id"]["gone"])
    later(service, 1)
    eventually(lambda: zone.ask("mta-sts.acme.example", "A") == [])
    assert zone.ask("acme.example", "A") == ["192.0.2.1"]
    service.run("domain", "remove", "acme.example", "--yes", check=0)


def test_the_primary_says_no(make_product, plain_zone, authority, tmp_path):
    """DNS-12 DNS-13: a wrong secret is said in words, and nothing is taken for done."""
    wrong = base64.b64encode(b"an example of another secret....").decode()
    settings = (f"update_server = {plain_zone.address}\n"
                f"tsig_file = {key_file(tmp_path, f'hmac-sha256:{KEY[0]}:{wrong}')}\n")
    service = writer(make_product, plain_zone, authority, tmp_path, settings)
    add(service, plain_zone, authority, "acme.example")
    host = lambda: next(r for r in service.json("records", "acme.example")["records"]
                        if r["purpose"] == "policy-host")
    assert "NOTAUTH" in eventually(lambda: host()["mistake"])
    assert plain_zone.ask("mta-sts.acme.example", "A") == []


def test_the_primary_is_found(make_product, zone, authority, tmp_path):
    """DNS-12 DNS-22: without update_server the SOA record says where changes go; then all servers are asked."""
    service = writer(make_product, zone, authority, tmp_path, f"tsig_file = {key_file(tmp_path)}\n")
    add(service, zone, authority, "acme.example")
    eventually(lambda: steps(service, "acme.example")["seen"]["state"] == "done")
    assert all(r["state"] == "seen" for r in service.json("records", "acme.example")["records"])


def test_the_command_with_nsupdate(make_product, plain_zone, authority, tmp_path):
    """DNS-08 DNS-09: the ready command for nsupdate does the same, with the same conditions."""
    key = tmp_path / "nsupdate.key"
    key.write_text(f'key "{KEY[0]}" {{ algorithm hmac-sha256; secret "{SECRET}"; }};\n')
    settings = f"update_command = {HOOKS}/dns-nsupdate {plain_zone.address} 53 {key}\n"
    service = writer(make_product, plain_zone, authority, tmp_path, settings)
    add(service, plain_zone, authority, "acme.example")
    wait_announced(service, "acme.example")
    policy_id = service.json("policy", "show", "acme.example")["id"]
    assert txt(plain_zone, "_mta-sts.acme.example") == [f"v=STSv1; id={policy_id};"]
    plain_zone.update("delete _mta-sts.acme.example. TXT", "add _mta-sts.acme.example. 60 TXT \"v=STSv1; id=edited;\"")
    service.run("policy", "set", "acme.example", "--add-mx", "mx2.acme.example", check=0)
    eventually(lambda: "id=edited" in (steps(service, "acme.example")["announced"]["why"] or ""))
    assert txt(plain_zone, "_mta-sts.acme.example") == ["v=STSv1; id=edited;"]


class Provider(http.server.BaseHTTPRequestHandler):
    """As much of Cloudflare's interface as records need; the zone behind it is a real one."""
    TOKEN = "an-example-token"

    def reply(self, result, status=200, error=None):
        body = json.dumps({"success": error is None, "result": result,
                           "errors": [{"message": error}] if error else []}).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handle_call(self):
        server, path = self.server, urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(path.query))
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or "null")
        server.calls.append((self.command, path.path, body))
        if self.headers["Authorization"] != "Bearer " + self.TOKEN:
            return self.reply(None, 403, "Invalid access token")
        if path.path == "/zones":
            return self.reply([{"id": "z1"}] if query["name"] == "example" else [])
        if self.command == "GET":
            return self.reply([{**r, "id": k} for k, r in server.records.items() if r["name"] == query["name"]])
        key = path.path.rsplit("/", 1)[1]
        old = server.records.pop(key, None)
        if self.command != "DELETE":
            server.records[key if old else f"r{len(server.calls)}"] = body
        kinds = [(r, "delete") for r in [old] if r] + [(r, "add") for r in [body] if r]
        server.zone.update(*(f"{verb} {r['name']}. {'60 ' if verb == 'add' else ''}{r['type']} {r['content']}"
                             for r, verb in kinds))
        return self.reply(body or {"id": key})

    do_GET = do_POST = do_PUT = do_DELETE = handle_call

    def log_message(self, *args):
        pass


def test_the_command_for_a_provider(plain_zone, tmp_path):
    """DNS-09 DNS-10: the ready command for Cloudflare changes a record in place and leaves others' alone."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    server.records, server.calls, server.zone = {}, [], plain_zone
    threading.Thread(target=server.serve_forever, daemon=True).start()
    token = tmp_path / "token"
    token.write_text(Provider.TOKEN + "\n")
    name, line = "_mta-sts.acme.example", lambda n: {"type": "TXT", "value": f"v=STSv1; id={n};"}

    def change(expect, remove, add):
        asked = {"schema": "mxseal.dns-change/1", "domain": "acme.example", "zone": "example", "purpose": "policy-id",
                 "name": name, "ttl": 300, "expect": expect, "remove": remove, "add": add}
        return subprocess.run([HOOKS / "dns-cloudflare", token], input=json.dumps(asked), capture_output=True, text=True,
                              env={"CLOUDFLARE_API": f"http://127.0.0.1:{server.server_port}"})

    assert change([], [], [line(1)]).returncode == 0 and txt(plain_zone, name) == ["v=STSv1; id=1;"]
    assert change([line(1)], [line(1)], [line(2)]).returncode == 0 and txt(plain_zone, name) == ["v=STSv1; id=2;"]
    assert [c for c, _, b in server.calls if b] == ["POST", "PUT"], "changed in place"
    other = change([line(1)], [line(1)], [line(3)])
    assert other.returncode == 5 and "id=2" in other.stderr and txt(plain_zone, name) == ["v=STSv1; id=2;"]
    token.write_text("a wrong one")
    denied = change([line(2)], [line(2)], [])
    assert denied.returncode == 1 and "Invalid access token" in denied.stderr
    server.shutdown()
    server.server_close()
