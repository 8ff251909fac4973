"""Web servers in front, as docs/behind.md has them: real nginx and HAProxy with the lines of that page."""
import json
import shutil
import socket
import sqlite3
import ssl
import subprocess
import contextlib

import pytest

import pages
from conftest import DEADLINE, Service, eventually, free_port
from customers import PATH, Knot, loopback, needs_internet, steps, wait_announced

NGINX, HAPROXY = (shutil.which(name, path=PATH) for name in ("nginx", "haproxy"))
pytestmark = [needs_internet, pytest.mark.skipif(not (NGINX and HAPROXY), reason="needs nginx and haproxy")]

HOST, REPORTS = "mta-sts.acme.example", "reports.web.example"

CONFIG = """
[server]
state = {state}
[listen]
{listen}
admin = 127.0.0.1:{admin}
{proxy}
[service]
host = mx.web.example
[report]
host = reports.web.example
[outgoing]
allow = 127.0.0.0/8
ca_file = {roots}
[resolver]
stub = example={zone}
trust_anchor = off
"""


def block(language, number=0):
    """A block of the page in that language."""
    return pages.of("behind.md", language)[number]


def changed(text, *pairs):
    """The lines of the page with the places of this test; each must occur."""
    for old, new in pairs:
        assert old in text, f"the page has no {old}"
        text = text.replace(old, str(new))
    return text


class World:
    """A zone of customers, a product behind something at port 443 of an address, and what stands there."""

    def __init__(self, folder, authority):
        self.folder, self.authority, self.processes = folder, authority, []
        self.zone = Knot(folder / "zone")
        self.address = loopback(53, 443)
        self.service = None
        for name in (HOST, REPORTS, "mx.web.example"):
            self.zone.update(f"add {name}. 60 A {self.address}")

    def product(self, listen, proxy=""):
        ports = {name: free_port() for name in ("tls", "http", "admin", "behind")}
        folder = self.folder / "product"
        folder.mkdir()
        self.socket = folder / "behind.sock"
        places = {"socket": self.socket, **ports}
        (folder / "mxseal.conf").write_text(CONFIG.format(
            state=folder / "state", listen=listen.format(**places), proxy=proxy, roots=self.authority.cert,
            zone=self.zone.address, admin=ports["admin"]))
        self.service = Service(folder, ["--config", folder / "mxseal.conf"], ports)
        return self.service.start()

    def web_certificate(self, *names, **more):
        """(chain, key) for the web server."""
        crt = self.authority.issue(*names, **more)
        return crt, crt.with_suffix(".key")

    def start(self, *command):
        log = open(self.folder / "web.log", "ab")
        self.processes.append(subprocess.Popen([str(c) for c in command], stdout=log, stderr=log, cwd=self.folder))

    def await_web(self):
        def answers():
            with contextlib.suppress(OSError), socket.create_connection((self.address, 443), 1):
                return True
            assert self.processes[-1].poll() is None, (self.folder / "web.log").read_text()
        eventually(answers)

    def nginx(self, http="", main=""):
        """nginx with that in its http part and in its main part, everything of it in one folder."""
        modules = [p for p in ("/usr/lib/nginx/modules/ngx_stream_module.so",) if main]
        d = self.folder
        (d / "nginx.conf").write_text(
            "".join(f"load_module {m};\n" for m in modules) +
            f"daemon off;\npid {d}/nginx.pid;\nerror_log {d}/error.log;\nworker_processes 2;\nuser root;\n"
            f"events {{}}\n{main}\nhttp {{\naccess_log off;\n" +
            "".join(f"{k}_temp_path {d}/{k};\n" for k in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")) +
            f"{http}\n}}\n")
        self.start(NGINX, "-p", d, "-e", d / "error.log", "-c", d / "nginx.conf")
        self.await_web()

    def haproxy(self, text):
        (self.folder / "haproxy.cfg").write_text(
            "defaults\n\ttimeout connect 10s\n\ttimeout client 60s\n\ttimeout server 60s\n" + text)
        self.start(HAPROXY, "-db", "-f", self.folder / "haproxy.cfg")
        self.await_web()

    def ask(self, host, request):
        """(status, head, body) over verified TLS at port 443."""
        context = ssl.create_default_context(cafile=str(self.authority.cert))
        with socket.create_connection((self.address, 443), timeout=DEADLINE) as raw, \
                context.wrap_socket(raw, server_hostname=host) as tls:
            tls.sendall(request)
            data = b""
            with contextlib.suppress(ssl.SSLEOFError):
                while chunk := tls.recv(65536):
                    data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        return int(head.split()[1]), head.decode().lower(), body

    def policy(self, more=""):
        return self.ask(HOST, f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {HOST}\r\n{more}"
                              "Connection: close\r\n\r\n".encode())

    def post(self, tag, body, more=""):
        return self.ask(REPORTS, f"POST /v1/report/{tag} HTTP/1.1\r\nHost: {REPORTS}\r\n{more}"
                                 f"Content-Type: application/tlsrpt+json\r\nContent-Length: {len(body)}\r\n"
                                 "Connection: close\r\n\r\n".encode() + body)

    def stop(self):
        for p in self.processes:
            p.terminate()
            p.wait(DEADLINE)
        if self.service:
            self.service.stop()
        self.zone.stop()


@pytest.fixture
def world(tmp_path, authority):
    w = World(tmp_path, authority)
    yield w
    w.stop()


def report(domain, number):
    return json.dumps({
        "organization-name": "Sender", "contact-info": "tls@sender.example", "report-id": f"r{number}@sender.example",
        "date-range": {"start-datetime": "2026-05-12T00:00:00Z", "end-datetime": "2026-05-12T23:59:59Z"},
        "policies": [{"policy": {"policy-type": "sts", "policy-string": [], "policy-domain": domain},
                      "summary": {"total-successful-session-count": 5, "total-failure-session-count": 0}}]}).encode()


def add(service):
    service.run("domain", "add", "acme.example", "--mx", "mx.acme.example", "--way", "txt", check=0)


def seen(service):
    return eventually(lambda: (o := service.json("domain", "show", "acme.example").get("outside")) and
                      o["finding"]["severity"] != "skip" and o)


def http_server(world, crt, key):
    """The block of the page for nginx."""
    return changed(block("nginx"), ("listen 443 ssl", f"listen {world.address}:443 ssl"),
                   ("/etc/letsencrypt/live/mta-sts.example.com/fullchain.pem", crt),
                   ("/etc/letsencrypt/live/mta-sts.example.com/privkey.pem", key),
                   ("reports.example.net mxseal.example.net", f"{REPORTS} mx.web.example"),
                   ("/run/mxseal/behind.sock", world.socket))


def test_behind_nginx(world):
    """STS-89: behind nginx all answers are ours, the id waits for the fetch, the certificate is watched."""
    lines = changed(block("ini"), ("/run/mxseal/behind.sock", "{socket}")).replace("[listen]\n", "")
    service = world.product(lines)
    add(service)
    shown = service.json("domain", "show", "acme.example")
    assert shown["hosting"] == "behind", "that is the default when nobody can connect otherwise"
    assert shown["outside"]["ours"] is False and shown["outside"]["finding"]["severity"] == "skip"
    crt, key = world.web_certificate(HOST, REPORTS, "mx.web.example")
    world.nginx(http_server(world, crt, key))
    status, head, body = world.policy()
    assert status == 200 and body == service.json("policy", "show", "acme.example")["text"].encode()
    assert "content-type: text/plain\r\n" in head and "cache-control: max-age=60" in head and "etag:" in head
    assert world.policy("If-None-Match: *\r\n")[0] == 304
    assert world.ask(HOST, f"GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())[0] == 404
    assert world.ask("mx.web.example", b"GET /healthz HTTP/1.1\r\nHost: mx.web.example\r\n"
                                       b"Connection: close\r\n\r\n")[0] == 200, "the admin host"
    # Whoever asks there without end, and of many addresses, keeps nobody of this machine from asking.
    with contextlib.ExitStack() as strangers:
        for n in range(280):
            asks = strangers.enter_context(socket.socket(socket.AF_UNIX))
            asks.connect(str(world.socket))
            asks.sendall(f"POST /login HTTP/1.1\r\nHost: mx.web.example\r\nX-Forwarded-For: 192.0.2.{n // 8}\r\n"
                         "Content-Length: 100\r\n\r\nx".encode())
        eventually(lambda: "admin connection refused" in service.log_text())
        assert service.json("domain", "show", "acme.example")["hosting"] == "behind"
    # The policy is seen from outside, and the certificate with it.
    service.run("policy", "show", "acme.example", check=0)
    outside = seen(service)
    assert outside["finding"]["severity"] == "pass" and "29 days left" in outside["finding"]["detail"]
    assert outside["issuer"] == "CN=Test CA" and outside["not_after"].endswith("Z")
    certs = {c["name"]: c for c in service.json("cert", "list")["items"]}
    assert certs[HOST]["state"] == "not-ours" and certs[HOST]["outside"]["finding"]["severity"] == "pass"
    assert "not-ours: seen from outside" in service.run("cert", "list", check=0).stdout
    # Reports come through, too, once it was proved from outside that the report host leads here.
    rows = lambda: next(r for r in service.json("records", "acme.example")["records"] if r["purpose"] == "reports")
    rua = eventually(lambda: (v := rows()["value"]) and "https://" in v and v)
    tag = rua.split("/v1/report/")[1].strip('";')
    assert world.post(tag, report("acme.example", 1))[0] == 201
    assert world.post(tag, report("acme.example", 1))[0] == 200, "the same again"
    assert world.post("unknown", report("acme.example", 2))[0] == 404


def test_watched(world):
    """What goes wrong in front is found: another text, a certificate that runs out, one that ran out."""
    service = world.product("tls = off\nhttp = off\nbehind = unix:{socket}")
    add(service)
    crt, key = world.web_certificate(HOST, days=10)
    world.nginx(http_server(world, crt, key))
    found = seen(service)
    assert found["finding"]["severity"] == "warn" and "9 days left" in found["finding"]["detail"]
    assert "not ours to renew" in found["finding"]["fix"]
    needs = service.json("domain", "show", "acme.example")["needs"]
    assert f"The certificate of {HOST} runs out" in [n["title"] for n in needs if n["state"] == "warn"]
    assert "9 days left" in service.run("doctor").stdout
    assert "9 days left" in service.run("domain", "show", "acme.example", check=0).stdout
    # Somebody puts a file of his own in the way.
    conf = world.folder / "nginx.conf"
    conf.write_text(conf.read_text().replace("location / {", 'location = /.well-known/mta-sts.txt {\n'
                                             'default_type text/plain;\nreturn 200 "version: STSv1\\nmode: none\\n'
                                             'max_age: 60\\n";\n}\nlocation / {', 1))
    subprocess.run([NGINX, "-p", world.folder, "-e", world.folder / "error.log", "-c", conf, "-s", "reload"], check=True)
    eventually(lambda: b"mode: none" in world.policy()[2])

    def look_again():
        """As the hour that passes between two looks."""
        with contextlib.closing(sqlite3.connect(service.state / "mxseal.db", timeout=DEADLINE)) as db, db:
            db.execute("update job set run_at = 0 where kind = 'outside'")
        return service.json("domain", "show", "acme.example")

    failed = eventually(lambda: (d := look_again())["outside"]["finding"]["severity"] == "fail" and d, pause=0.3)
    assert "another policy is answered" in failed["outside"]["finding"]["detail"] and failed["health"] == "fail"
    # And out of it again: to a domain whose certificate is ours.
    service.run("domain", "set", "acme.example", "--hosting", "here", check=0)
    assert "outside" not in service.json("domain", "show", "acme.example")


def test_true_client(world):
    """Allowances go by the client that nginx saw, whatever the client says of itself."""
    service = world.product("tls = off\nhttp = off\nbehind = unix:{socket}")
    add(service)
    crt, key = world.web_certificate(HOST, REPORTS, "mx.web.example")
    world.nginx(http_server(world, crt, key))
    assert world.policy("X-Forwarded-For: odd\r\n")[0] == 200, "the page's lines drop what a client wrote"
    # Without those lines nginx passes the client's words on: odd ones are refused, missing ones for reports.
    conf = world.folder / "nginx.conf"
    conf.write_text(conf.read_text().replace("proxy_set_header X-Forwarded-For $remote_addr;", ""))
    subprocess.run([NGINX, "-p", world.folder, "-e", world.folder / "error.log", "-c", conf, "-s", "reload"], check=True)
    eventually(lambda: world.policy("X-Forwarded-For: odd\r\n")[0] == 400)
    eventually(lambda: world.post("x", b"{}")[0] == 400)  # an old worker may still take one
    assert "it does not send X-Forwarded-For" in service.log_text()


def test_behind_haproxy(world):
    service = world.product("tls = off\nhttp = off\nbehind = 127.0.0.1:{behind}")
    add(service)
    crt, key = world.web_certificate(HOST, REPORTS)
    pem = world.folder / "web.pem"
    pem.write_text(crt.read_text() + key.read_text())
    world.haproxy(changed(block("haproxy"), ("bind :443 ssl crt /etc/haproxy/certs/",
                                             f"bind {world.address}:443 ssl crt {pem}"),
                          ("reports.example.net mxseal.example.net", REPORTS), ("default_backend site", ""),
                          ("127.0.0.1:8081", f"127.0.0.1:{service.ports['behind']}")))
    for _ in range(3):
        status, head, body = world.policy("X-Forwarded-For: 198.51.100.7\r\n")
        assert status == 200 and body.startswith(b"version: STSv1\r\n")
    assert world.post("unknown", b"{}")[0] == 404
    assert seen(service)["finding"]["severity"] == "pass"


def passed(world):
    """The product for proxies that pass TLS through, with the page's settings."""
    text = changed(block("ini", 1), ("8443", "{tls}"))
    listen, proxy = text.split("[proxy]\n")
    service = world.product(listen.replace("[listen]\n", ""), "[proxy]\n" + proxy)
    add(service)
    service.run("cert", "import", world.authority.issue(HOST), world.authority.issue(REPORTS), check=0)
    assert service.json("domain", "show", "acme.example")["hosting"] == "here"
    return service


def check_passed(world, service):
    assert world.policy()[0] == 200, "TLS ends here, with a certificate of ours"
    assert world.post("unknown", b"{}")[0] == 404
    eventually(lambda: steps(service, "acme.example")["fetched"]["state"] == "done")
    with pytest.raises((ssl.SSLError, OSError)):
        service.fetch(HOST, ca=world.authority.cert)  # this machine is trusted, and says no preamble
    assert "a proxy is refused" in service.log_text()


def test_passed_through_haproxy(world):
    service = passed(world)
    world.haproxy(changed(block("haproxy", 1), ("bind :443", f"bind {world.address}:443"),
                          ("reports.example.net mxseal.example.net", REPORTS), ("default_backend site_tls", ""),
                          ("127.0.0.1:8443", f"127.0.0.1:{service.ports['tls']}")))
    check_passed(world, service)


def test_passed_through_nginx(world):
    service = passed(world)
    world.nginx(main=changed(block("nginx-stream"), ("listen 443", f"listen {world.address}:443"),
                             ("reports.example.net", REPORTS),
                             ("127.0.0.1:8443", f"127.0.0.1:{service.ports['tls']}")))
    check_passed(world, service)


def test_external(world):
    """STS-86: a text on web space elsewhere is served once it is seen there; a hook that failed runs again."""
    service = world.product("tls = off\nhttp = off\nbehind = unix:{socket}")
    add(service)
    service.run("domain", "set", "acme.example", "--hosting", "external", check=0)
    policy = service.json("policy", "show", "acme.example")
    assert policy["fetched"] is None and policy["announced"] is None
    web, out = world.folder / "www", world.folder / "out"
    web.mkdir()
    crt, key = world.web_certificate(HOST)
    world.nginx(f"server {{ listen {world.address}:443 ssl; ssl_certificate {crt}; ssl_certificate_key {key};\n"
                f"types {{ text/plain txt; }}\nroot {web}/mta-sts.acme.example; server_name {HOST}; }}")
    eventually(lambda: "HTTP status 404" in (steps(service, "acme.example")["fetched"]["why"] or ""))
    export = lambda hook, check: service.run("policy", "export", out, "--hook", hook, check=check)
    assert "the hook failed" in export("false", 3).stderr
    assert (out / HOST / ".well-known/mta-sts.txt").read_bytes() == policy["text"].encode()
    copy = f"cp -r . {web} && echo x >>{world.folder}/ran"
    done = export(copy, 0)
    assert done.stdout == "", "nothing changed since, but it was not seen there"
    eventually(lambda: service.json("policy", "show", "acme.example")["fetched"])
    export(copy, 0)
    assert (world.folder / "ran").read_text() == "x\n", "what is seen there needs no hook"
    assert seen(service)["finding"]["severity"] == "pass"
    # A change goes the same way: the text first, then the id.
    service.run("policy", "set", "acme.example", "--add-mx", "mx2.acme.example", check=0)
    assert service.json("policy", "show", "acme.example")["state"] == "staged"
    assert HOST in export(copy, 0).stdout
    eventually(lambda: service.json("policy", "show", "acme.example")["state"] != "staged")
    assert b"mx2.acme.example" in world.policy()[2]


def test_behind_needs_its_listener(make_product):
    done = make_product()
    done.run("domain", "add", "acme.example", "--mx", "mx.acme.example", "--way", "txt")
    refused = done.run("domain", "set", "acme.example", "--hosting", "behind", check=1)
    assert "[listen] behind" in refused.stderr and "see behind.md in /usr/share/doc/mxseal" in refused.stderr
