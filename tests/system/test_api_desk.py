"""The API on the control socket and the dashboard's listener, and what desk decides."""
import http.client
import json
import shutil
import socket
import subprocess
import time

import pytest

from conftest import DEADLINE, SECOND, eventually, free_port


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def call(service, method, path, body=None):
    c = Unix(service.state / "control.sock")
    c.request(method, path, None if body is None else json.dumps(body))
    answer = c.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text[:1] in b"{[" else text


def web(service, method, path, headers=None, body=None):
    c = http.client.HTTPConnection("127.0.0.1", service.ports["admin"], timeout=DEADLINE)
    c.request(method, path, body, headers or {})
    answer = c.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read()


@pytest.fixture(scope="module")
def demo(shared_demo):
    return shared_demo


def test_description_matches_the_routes(demo):
    status, api = call(demo, "GET", "/api/v1/openapi.json")
    assert status == 200 and api["openapi"].startswith("3.1")
    for path, methods in api["paths"].items():
        real = path.replace("{d}", "unknown.example")
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if path.endswith("/retry") and method == "POST":
                continue  # it has no body that could be refused, and asks intake
            got = call(demo, method, real + ("?seq=0" if path.endswith("wait") else ""),
                       None if method == "GET" else {"nonsense": 1})[0]
            assert (got != 405) == (method.lower() in methods), (method, path, got)
    assert call(demo, "GET", "/api/v1/other")[0] == 404


def test_ids_never_repeat_and_unchanged_saves_change_nothing(demo):
    """STS-08: every change has an id of its own."""
    call(demo, "POST", "/api/v1/domains", {"domain": "ids.example", "mx": ["mx.ids.example"]})
    path, ids = "/api/v1/domains/ids.example/policy", []
    for n in range(8):
        done = call(demo, "PUT", path, {"max_age": 80000 + n % 2})[1]
        assert done["changed"] and done["served_everywhere"], done
        again = call(demo, "PUT", path, {"max_age": 80000 + n % 2})[1]
        assert not again["changed"] and again["policy"]["id"] == done["policy"]["id"]
        ids.append(done["policy"]["id"])
    assert ids == sorted(set(ids))
    demo.run("domain", "remove", "ids.example", "--now", "--yes", check=0)
    call(demo, "POST", "/api/v1/domains", {"domain": "ids.example", "mx": ["mx.ids.example"]})
    assert call(demo, "GET", path)[1]["id"] > ids[-1], "also when the domain comes back"


def test_a_change_is_served_within_a_second(demo):
    call(demo, "POST", "/api/v1/domains", {"domain": "now.example", "mx": ["mx.now.example"]})
    eventually(lambda: call(demo, "GET", "/api/v1/domains/now.example/policy")[1]["state"] == "announced")
    began = time.monotonic()
    done = call(demo, "PUT", "/api/v1/domains/now.example/policy", {"add_mx": ["b.now.example"]})[1]
    assert b"mx: b.now.example\r\n" in demo.fetch("mta-sts.now.example")[2]
    assert time.monotonic() - began < SECOND and done["state"] == "announced"


@pytest.mark.parametrize("body, status, code", [
    ({"mode": "enforce"}, 422, "guard-testing-time"),
    ({"max_age": 86401}, 422, "guard-testing-time"),
    ({"max_age": 31557601}, 400, "policy-max-age-range"),
    ({"mx": ["*.*.example"]}, 400, "policy-mx"),
    ({"remove_mx": ["other.example"]}, 404, "policy-mx-unknown"),
    ({"mode": "strict"}, 400, "body"),
    ({"moed": "testing"}, 400, "body"),
    ({"anyway": " "}, 400, "body"),
])
def test_refusals_have_code_and_fix(demo, body, status, code):
    call(demo, "POST", "/api/v1/domains", {"domain": "one.example", "mx": ["mx.one.example"]})
    got, problem = call(demo, "PUT", "/api/v1/domains/one.example/policy", body)
    assert (got, problem["code"]) == (status, code) and problem["fix"], problem


@pytest.mark.parametrize("name", ["192.0.2.1", "mail.1", "example", "-a.example", "a..example"])
def test_what_is_no_mail_domain(demo, name):
    body = {"domain": name, "mx": ["mx.a.example"]}
    status, problem = call(demo, "POST", "/api/v1/domains", body)
    assert (status, problem["code"]) == (400, "domain-name"), problem


def test_a_problem_names_the_status_that_it_comes_with(demo):
    link = demo.json("login")["url"]
    cookie = web(demo, "GET", link[link.index("/login"):])[1]["Set-Cookie"].split(";")[0]
    for want, method, headers in ((401, "GET", {}), (405, "DELETE", {"Cookie": cookie}),
                                  (421, "GET", {"Host": "evil.example"}),
                                  (403, "POST", {"Cookie": cookie})):
        status, got, body = web(demo, method, "/api/v1/domains", headers)
        assert (status, json.loads(body)["status"]) == (want, want), "RFC 9457, 3.1.2"
        assert (status == 401) == (got.get("WWW-Authenticate") == "Bearer"), "RFC 9110, 15.5.2"


def change_if(service, method, path, tag, body):
    c = Unix(service.state / "control.sock")
    c.request(method, path, json.dumps(body), {"If-Match": tag})
    answer = c.getresponse()
    problem = json.loads(answer.read())
    return answer.status, problem.get("status", answer.status), problem.get("code")


def test_if_match_keeps_a_newer_change(demo):
    call(demo, "POST", "/api/v1/domains", {"domain": "match.example", "mx": ["mx.match.example"]})
    for path, method, body in (
            ("/api/v1/domains/match.example", "PATCH", {"rua": ["mailto:a@match.example"]}),
            ("/api/v1/domains/match.example/policy", "PUT", {"add_mx": ["m2.match.example"]})):
        c = Unix(demo.state / "control.sock")
        c.request("GET", path)
        tag = c.getresponse().headers["ETag"]
        for other in (f"W/{tag}", '"r0"', '"r99"', '"', '""', tag.strip('"')):
            assert change_if(demo, method, path, other, body) == (412, 412, "etag"), (path, other)
        assert change_if(demo, method, path, tag, body)[0] == 200
        assert change_if(demo, method, path, tag, {**body, "rua": ["mailto:b@match.example"]}
                         if "rua" in body else {"add_mx": ["m3.match.example"]})[0] == 412
        assert change_if(demo, method, path, "*", body)[0] == 200


def test_nothing_is_readable_without_signing_in(demo):
    for path in ("/", "/domains/one.example", "/nothing"):
        status, headers, _ = web(demo, "GET", path)
        assert status == 303 and headers["Location"] == "/login", path
    assert web(demo, "GET", "/api/v1/domains")[0] == 401
    assert web(demo, "GET", "/login", {"Host": "evil.example"})[0] == 421
    link = demo.json("login")["url"]
    status, headers, _ = web(demo, "GET", link[link.index("/login"):])
    cookie = headers["Set-Cookie"].split(";")[0]
    assert status == 303 and "HttpOnly" in headers["Set-Cookie"]
    assert web(demo, "GET", link[link.index("/login"):])[0] == 403, "a link is good once"
    assert web(demo, "GET", "/api/v1/domains", {"Cookie": cookie})[0] == 200
    body = json.dumps({"domain": "x.example", "mx": ["mx.x.example"]})
    for extra in ({}, {"Origin": "http://evil.example"}):
        assert web(demo, "POST", "/api/v1/domains", {"Cookie": cookie, **extra}, body)[0] == 403


def test_what_a_browser_may_do_with_answers(demo, tmp_path):
    """RPT-88: pages load their own files only; bytes of a stranger are there to be kept, not shown."""
    hostile = b"<script>alert(1)</script>"
    (tmp_path / "hostile.json").write_bytes(hostile)
    demo.run("report", "import", tmp_path / "hostile.json", check=0)
    link = demo.json("login")["url"]
    cookie = {"Cookie": web(demo, "GET", link[link.index("/login"):])[1]["Set-Cookie"].split(";")[0]}
    for path in ("/", "/quarantine", "/nothing"):
        rules = dict(rule.strip().split(" ", 1) for rule in
                     web(demo, "GET", path, cookie)[1]["Content-Security-Policy"].split(";") if rule.strip())
        assert rules["default-src"] == "'none'" and rules["script-src"] == rules["style-src"] == "'self'", path
        assert {word for rule in rules.values() for word in rule.split()} <= {"'none'", "'self'", "data:"}, rules
    sha256 = demo.json("report", "quarantine")["items"][0]["sha256"]
    status, headers, body = web(demo, "GET", f"/api/v1/quarantine/{sha256}/raw", cookie)
    assert (status, body, headers["Content-Type"]) == (200, hostile, "application/octet-stream")
    assert headers["Content-Disposition"].startswith("attachment;") and headers["X-Content-Type-Options"] == "nosniff"
    assert web(demo, "GET", f"/api/v1/quarantine/{sha256}/raw")[0] == 401


ZONE = """$ORIGIN customer.example.
$TTL 60
@ SOA ns hostmaster 1 3600 600 86400 60
@ NS ns
ns A 127.0.0.1
@ MX 10 mx1
@ MX 20 alt1.aspmx.l.google.com.
_smtp._tls TXT "v=TLSRPTv1; rua=mailto:tls@customer.example"
null MX 0 .
"""
KNOT = """
server:
    rundir: {dir}
    listen: 127.0.0.1@{port}
database:
    storage: {dir}
zone:
  - domain: customer.example
    file: {dir}/customer.zone
    journal-content: none
"""


@pytest.fixture
def zone(tmp_path, request):
    """A name server for customer.example, which signs when the test asks for it; its port."""
    knotd = shutil.which("knotd", path="/usr/sbin:/usr/bin")
    if not knotd:
        pytest.skip("needs knotd")
    port = free_port()
    signing = "    dnssec-signing: on\n" if getattr(request, "param", False) else ""
    (tmp_path / "customer.zone").write_text(ZONE)
    (tmp_path / "knot.conf").write_text(KNOT.format(dir=tmp_path, port=port) + signing)
    server = subprocess.Popen([knotd, "-c", tmp_path / "knot.conf"], stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)

    def ready():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0

    eventually(ready)
    yield port
    server.terminate()
    server.wait(DEADLINE)


def test_live_mx_is_proposed_and_compared(zone, make_product):
    """STS-97: hosts without a pattern and patterns without a host are named."""
    service = make_product(f"[resolver]\nstub = customer.example=127.0.0.1:{zone}\n"
                           "trust_anchor = off\n")
    done = service.json("domain", "add", "customer.example")
    assert done["policy"]["mx"] == ["mx1.customer.example", "alt1.aspmx.l.google.com"]
    assert done["mx_checked"] and not done["unmatched_mx"] and "certificate" in done["why"]
    done = service.json("policy", "set", "customer.example", "--mx", "mx1.customer.example",
                        "--mx", "*.l.google.com", "--mx", "old.customer.example")
    assert done["unmatched_mx"] == ["alt1.aspmx.l.google.com"]
    assert set(done["unused_patterns"]) == {"*.l.google.com", "old.customer.example"}
    assert "exactly one label" in done["mx_notes"][0]
    service.run("domain", "add", "null.customer.example", check=1)
    service.run("domain", "add", "absent.customer.example", check=1)
    service.run("policy", "set", "customer.example", "--mode", "enforce", check=6)


@pytest.mark.parametrize("zone", [True], indirect=True)
def test_answers_are_validated(zone, make_product, tmp_path):
    """A signed answer counts, one that no key of ours vouches for does not."""
    signed = subprocess.run(["dig", "@127.0.0.1", "-p", str(zone), "+short", "customer.example", "DNSKEY"],
                            capture_output=True, text=True, check=True).stdout
    key = next(line for line in signed.splitlines() if line.startswith("257 "))
    other = key[:-12] + ("A" if key[-12] != "A" else "B") + key[-11:]
    for name, anchor, status in (("good", key, 0), ("bad", other, 3)):
        (tmp_path / name).write_text(f"customer.example. IN DNSKEY {anchor}\n")
        service = make_product(f"[resolver]\nstub = customer.example=127.0.0.1:{zone}\n"
                               f"trust_anchor = {tmp_path / name}\n", name="with-" + name)
        done = service.run("domain", "add", "customer.example", check=status)
        assert status == 0 or "DNSSEC" in done.stderr and "\nfix: " in done.stderr
        service.stop()
