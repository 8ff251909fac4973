"""The ways a report comes in: POST, import, ingest; what was acknowledged is counted exactly once."""
import contextlib
import gzip
import io
import json
import mailbox
import os
import pathlib
import pty
import random
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import threading
import zipfile

import pytest

from conftest import BIN, CONFIG, DEADLINE, LONG, Authority, Service, eventually, free_port

JSON, GZIP = "application/tlsrpt+json", "application/tlsrpt+gzip"
REPORTS, ADMIN = "reports.service.example", "mx.service.example"
HOSTILE = "\x1b]0;owned\x07\x1b[31m\u202egpj\u2066<script>alert(1)</script>\u009b2J"
TRUSTS = ("dkim", "imported", "posted", "unsigned")
KILLS = 40 if LONG else 5


def report(number, domain="loop.example", who="Example Sender", good=1, failures=()):
    return json.dumps({
        "organization-name": who, "contact-info": "tls@sender.example", "report-id": f"r{number}",
        "date-range": {"start-datetime": "2026-05-12T00:00:00Z", "end-datetime": "2026-05-12T23:59:59Z"},
        "policies": [{"policy": {"policy-type": "sts", "policy-domain": domain},
                      "summary": {"total-successful-session-count": good,
                                  "total-failure-session-count": len(failures)},
                      "failure-details": list(failures)}]}).encode()


def mail(body):
    return (b"From: tls@sender.example\r\nTo: r@reports.example\r\nSubject: Report Domain: loop.example\r\n"
            b"MIME-Version: 1.0\r\nContent-Type: application/tlsrpt+json\r\n\r\n" + body + b"\r\n")


def zipped(name, body):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        z.writestr(name, body)
    return out.getvalue()


def reports_by_trust(service, domain="loop.example"):
    args = [word for trust in TRUSTS for word in ("--trust", trust)]
    answer = service.json("report", "summary", domain, "--from", "2026-05-12", "--to", "2026-05-12", *args)
    assert answer["successful"] + answer["failed"] == sum(
        t["successful"] + t["failed"] for t in answer["trust"].values())
    return {name: t["reports"] for name, t in answer["trust"].items() if t["reports"]}


class Intake:
    """A product with the report host's and the admin host's certificates and loop.example."""

    def __init__(self, service, authority):
        self.service, self.authority = service, authority
        service.run("cert", "import", authority.issue(REPORTS), authority.issue(ADMIN), check=0)
        self.tag = self.add("loop.example")

    def add(self, domain):
        self.service.run("domain", "add", domain, "--mx", f"mx.{domain}", check=0)
        uris = self.service.json("records", domain)["rua"]
        prefix = f"https://{REPORTS}/v1/report/"
        return [uri[len(prefix):] for uri in uris if uri.startswith(prefix)][0]

    def connect(self, host=REPORTS, timeout=DEADLINE):
        context = ssl.create_default_context(cafile=str(self.authority.cert))
        raw = socket.create_connection(("127.0.0.1", self.service.ports["tls"]), timeout=timeout)
        return context.wrap_socket(raw, server_hostname=host)

    def raw(self, request, host=REPORTS):
        with self.connect(host) as s:
            s.sendall(request)
            return answer_of(s)

    def post(self, body, kind=JSON, tag=None, *more):
        lines = [f"POST /v1/report/{tag or self.tag} HTTP/1.1", f"Host: {REPORTS}",
                 f"Content-Type: {kind}", f"Content-Length: {len(body)}", *more]
        return self.raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body)


def answer_of(s):
    data = b""
    try:
        while chunk := s.recv(65536):
            data += chunk
    except (ssl.SSLEOFError, ConnectionResetError):
        pass
    head, _, body = data.partition(b"\r\n\r\n")
    if not head:
        return None, {}, b""
    lines = head.decode().split("\r\n")
    return int(lines[0].split()[1]), dict(line.lower().split(": ", 1) for line in lines[1:]), body


@pytest.fixture(scope="module")
def intake():
    """Shared: every test uses report-ids and domains of its own.  Strangers can reach the folder."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxseal-intake-"))
    folder.chmod(0o755)
    (folder / "authority").mkdir()
    ports = {name: free_port() for name in ("tls", "http", "dns", "admin")}
    config = folder / "mxseal.conf"
    config.write_text(CONFIG.format(state=folder / "state", **ports))
    service = Service(folder, ["--config", config], ports).start()
    try:
        yield Intake(service, Authority(folder / "authority"))
    finally:
        service.stop()
        shutil.rmtree(folder)


def test_a_post_is_stored_once(intake):
    """RPT-80 RPT-81: 201 new, 200 known, by either media type; what cannot be read is kept all the same."""
    tag = intake.add("post.example")
    body = report(1, "post.example")
    assert intake.post(body, JSON, tag)[0] == 201
    status, headers, text = intake.post(body, JSON, tag)
    assert (status, text) == (200, b"") and headers["cache-control"] == "no-store"
    packed = gzip.compress(report(2, "post.example"))
    assert intake.post(packed, GZIP, tag)[0] == 201
    assert intake.post(report(3, "post.example"), JSON + "; charset=utf-8", tag, "If-None-Match: *")[0] == 201
    chunks = report(4, "post.example")
    head = (f"POST /v1/report/{tag} HTTP/1.1\r\nHost: {REPORTS.upper()}.\r\nContent-Type: {JSON}\r\n"
            "Transfer-Encoding: chunked\r\n\r\n").encode()
    halves = b"".join(b"%x\r\n%s\r\n" % (len(c), c) for c in (chunks[:100], chunks[100:]))
    assert intake.raw(head + halves + b"0\r\n\r\n")[0] == 201
    # The same report in other bytes is a duplicate, not a second one.
    assert intake.post(gzip.compress(body), GZIP, tag)[0] == 201
    eventually(lambda: reports_by_trust(intake.service, "post.example") == {"posted": 4})
    assert intake.post(b"no report", JSON, tag)[0] == 201
    assert intake.post(b"no report", JSON, tag)[0] == 200
    eventually(lambda: intake.service.json("report", "retry")["quarantined"] == 1)
    held = {name: intake.service.json("report", "quarantine", "--domain", name)["items"]
            for name in ("post.example", "other.example")}
    assert [item["domain"] for item in held["post.example"]] == ["post.example"] and not held["other.example"]
    assert reports_by_trust(intake.service, "post.example") == {"posted": 4}


def request(path="/v1/report/{tag}", method="POST", host=REPORTS, more="", kind=f"Content-Type: {JSON}\r\n",
            length="Content-Length: 2\r\n", body="{}"):
    return f"{method} {path} HTTP/1.1\r\nHost: {host}\r\n{kind}{length}{more}\r\n{body}"


@pytest.mark.parametrize("text, status", [
    (request("/v1/report/unknowntagunknown"), 404), (request("/v1/report/"), 404),
    (request("/v1/report/{tag}/"), 404), (request("/v1/report/%2e%2e/{tag}"), 404), (request("/"), 404),
    (request(method="GET", length="", body=""), 405), (request(method="PUT"), 405),
    (request(kind=""), 415), (request(kind="Content-Type: application/json\r\n"), 415),
    (request(kind=f"Content-Type: {JSON}\r\nContent-Type: {GZIP}\r\n"), 415),
    (request(more="Content-Encoding: br\r\n"), 415),
    (request(length="", body=""), 411), (request(length="Content-Length: 26214401\r\n"), 413),
    (request(length="Content-Length: 0\r\n", body=""), 400),
    (request(length="Content-Length: 2\r\nContent-Length: 3\r\n"), 400),
    (request(more="Transfer-Encoding: chunked\r\n"), 400), (request(host="other.example"), 421),
    (request(more=f"Host: {REPORTS}\r\n"), 400), (request(more="X: " + "y" * 40000 + "\r\n"), 431),
    (request(more="Expect: something\r\n"), 417), (request(more="a b: c\r\n"), 400),
])
def test_refused_posts(intake, text, status):
    """RPT-80: a problem document in constant words; nothing of the request comes back."""
    got, headers, body = intake.raw(text.replace("{tag}", intake.tag).encode())
    assert got == status
    assert headers["content-type"] == "application/problem+json" and headers["connection"] == "close"
    assert json.loads(body)["status"] == status and intake.tag.encode() not in body
    assert ("allow" in headers) == (status == 405) and ("accept" in headers) == (status == 415)


def test_the_allowance_of_posts(make_product, authority):
    """RPT-82 RPT-87: beyond the allowance 429 with Retry-After; what stored nothing new did not use it up."""
    text = CONFIG.replace("[outgoing]", "keep_posted = 2\n[outgoing]")
    made = Intake(make_product(text=text), authority)
    for _ in range(3):
        with made.connect() as s:
            s.sendall(request(length="Content-Length: 5000\r\n").replace("{tag}", made.tag).encode())
    assert made.post(report(1))[0] == 201
    for _ in range(3):
        assert made.post(report(1))[0] == 200
    assert made.post(report(2))[0] == 201
    status, headers, body = made.post(report(3))
    assert status == 429 and 0 < int(headers["retry-after"]) <= 86400
    assert json.loads(body)["status"] == 429
    other = made.add("other.example")
    assert made.post(report(1, "other.example"), JSON, other)[0] == 201, "each domain has its own"
    pid = [pid for pid, role in made.service.children().items() if role == "intake"][0]
    eventually(lambda: reports_by_trust(made.service) == {"posted": 2})
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: post_or_none(made, report(3))) == 429, "also after a restart"


def post_or_none(made, body):
    try:
        return made.post(body)[0]
    except OSError:
        return None


def test_a_slow_client(intake):
    """RPT-87: ten seconds to the end of a head, and meanwhile others are served."""
    with intake.connect() as s:
        s.sendall(b"POST /v1/rep")
        assert intake.post(report("quick", "unknown.example"))[0] == 201
        s.settimeout(DEADLINE)
        assert answer_of(s)[0] in (None, 408)


def test_the_admin_host(intake):
    """The admin host comes to desk through edge, and nothing is readable there without signing in."""
    def get(path, host=ADMIN):
        return intake.raw(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode(), ADMIN)
    assert get("/healthz")[0] == 200
    assert get("/api/v1/domains")[0] in (401, 403)
    assert get("/")[0] == 303 and get("/")[1]["location"] == "/login"
    assert get("/healthz", "elsewhere.example")[0] == 421


def test_import_by_every_name(intake, tmp_path):
    """RPT-23: directory, Maildir, mbox, single files and standard input; other names are not counted."""
    domain = "names.example"
    intake.add(domain)
    body = lambda n: report(n, domain)
    folder = tmp_path / "reports"
    folder.mkdir()
    mailbox.Maildir(folder / "Maildir", create=True)
    (folder / "Maildir/new/1.host").write_bytes(mail(body("m1")))
    (folder / "Maildir/cur/2.host:2,S").write_bytes(mail(body("m2")))
    (folder / "Maildir/tmp/3.host").write_bytes(mail(body("m3")))
    box = b"".join(b"From x@y Thu Jan  1 00:00:00 2026\n" + mail(body(f"b{n}")) + b"\n" for n in range(3))
    files = {"a.json": body("a"), "b.json.gz": gzip.compress(body("b")), "c.gz": gzip.compress(body("c")),
             "d.zip": zipped("d.json", body("d")), "e.EML": mail(body("e")), "f.mbox": box,
             "g.txt": body("g"), "h": body("h"), ".i.json": body("i"), "j.json.bak": body("j")}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    os.mkfifo(folder / "k.json")
    (folder / "l.json").symlink_to(folder / "g.txt")
    first = intake.service.json("report", "import", folder)
    assert first == {"schema": "mxseal.import/1", "files": 8, "reports": 10, "new": 10, "duplicates": 0,
                     "foreign": 0, "quarantined": 0, "no_report": 0}
    named = [folder / name for name in (*files, "l.json")]
    again = intake.service.json("report", "import", *named)
    assert (again["files"], again["duplicates"], again["new"]) == (8, 8, 2), "named, also .i.json and a link"
    assert intake.service.run("report", "import", folder / "k.json").returncode == 3, "a pipe is no file"
    parts = intake.service.json("report", "import", folder / "Maildir/cur", folder / "Maildir/new/1.host")
    assert (parts["files"], parts["duplicates"]) == (2, 2)
    for number, content, new in (("s1", body("s1"), 1), ("s2", mail(body("s2")), 1), ("box", box, 0)):
        done = intake.service.run("report", "import", "-", "--json", stdin=content, check=0)
        assert json.loads(done.stdout)["new"] == new, number
    foreign = intake.service.run("report", "import", "-", "--json", stdin=report(1, "not-here.example"), check=0)
    assert json.loads(foreign.stdout)["foreign"] == 1
    assert intake.service.run("report", "import", folder / "missing.json").returncode == 3


def test_trust(intake):
    """RPT-77 RPT-86 RPT-89: each way has its trust; a better one replaces, a worse one never does."""
    domain = "trust.example"
    tag = intake.add(domain)
    seen = lambda: reports_by_trust(intake.service, domain)
    intake.service.run("ingest", stdin=mail(report(1, domain)), check=0)
    eventually(lambda: seen() == {"unsigned": 1})
    assert intake.post(report(1, domain), JSON, tag)[0] == 201
    eventually(lambda: seen() == {"posted": 1})
    intake.service.run("report", "import", "-", stdin=mail(report(1, domain)), check=0)
    assert seen() == {"imported": 1}
    assert intake.post(report(1, domain) + b"\n", JSON, tag)[0] == 201
    intake.service.run("ingest", stdin=mail(report(2, domain)), check=0)
    eventually(lambda: seen() == {"imported": 1, "unsigned": 1})
    usual = intake.service.json("report", "summary", domain, "--from", "2026-05-12", "--to", "2026-05-12")
    assert (usual["reports"], usual["successful"]) == (1, 1), "unsigned is apart"


def as_stranger(intake, *args, stdin=b""):
    program = intake.service.folder / "mxseal"  # where other users may go
    if not program.exists():
        shutil.copy(BIN, program)
    return subprocess.run([program, *map(str, args)], input=stdin, capture_output=True, user=65534, group=65534,
                          extra_groups=[], env=intake.service.env, cwd="/", timeout=DEADLINE)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a second uid")
def test_strangers_may_ingest_and_nothing_else(intake):
    """Mail from any uid; every other command ends with 4 for one outside the group."""
    intake.add("stranger.example")
    assert stat.S_IMODE((intake.service.state / "ingest.sock").stat().st_mode) & 0o002
    done = as_stranger(intake, "ingest", stdin=mail(report(1, "stranger.example")))
    assert done.returncode == 0, done
    eventually(lambda: reports_by_trust(intake.service, "stranger.example") == {"unsigned": 1})
    for args in (["domain", "list"], ["report", "retry"], ["report", "import", "-"], ["login"],
                 ["report", "summary", "stranger.example"]):
        done = as_stranger(intake, *args, stdin=report(2, "stranger.example"))
        assert done.returncode == 4 and b"\nfix: " in done.stderr, (args, done)
    assert reports_by_trust(intake.service, "stranger.example") == {"unsigned": 1}


@pytest.mark.parametrize("said", [b'{"op":"import"}\n', b'{"op":"retry"}\n', b"GET /api/v1/domains HTTP/1.1\r\n\r\n",
                                  b'{"op":"ingest"}\n{"file":"-"}\n', b'{"op":"ingest"}\n{"file":"/etc/passwd"}\n'])
def test_the_socket_for_mail_takes_nothing_else(intake, said):
    """Not even from root: no import, no request, no path; nothing without the mail itself."""
    before = intake.service.json("report", "retry")["quarantined"]
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(DEADLINE)
        s.connect(str(intake.service.state / "ingest.sock"))
        s.sendall(said)
        s.shutdown(socket.SHUT_WR)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while data := s.recv(4096):
                answer += data
    assert b'"stored"' not in answer and b"HTTP/" not in answer and b'"items"' not in answer, answer
    assert intake.service.json("report", "retry")["quarantined"] == before


def test_ingest_without_a_service(tmp_path):
    """75, so that the MTA keeps the mail; also when something else holds the socket's name."""
    env = dict(os.environ, MXSEAL_STATE=str(tmp_path))
    run = lambda: subprocess.run([BIN, "ingest"], input=mail(report(1)), env=env, capture_output=True,
                                 timeout=DEADLINE).returncode
    assert run() == 75
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(str(tmp_path / "ingest.sock"))
        assert run() == 75, "nobody listens"
        s.listen()
        thread = threading.Thread(target=lambda: s.accept()[0].close())
        thread.start()
        assert run() == 75, "it went away without an answer"
        thread.join()


def test_large_mail_is_refused(intake):
    done = intake.service.run("ingest", stdin=b"x" * ((25 << 20) + 1))
    assert done.returncode == 1 and b"25 MiB" in done.stderr


def test_quarantine(intake, tmp_path):
    """RPT-70 RPT-81: kept once with its reason, found again by retry, and a second import adds nothing."""
    before = intake.service.json("report", "retry")["quarantined"]
    (tmp_path / "broken.json").write_text('{"organization-name": ')
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(b"\0" * (65 << 20)))
    for _ in range(2):
        done = intake.service.json("report", "import", tmp_path)
        assert (done["files"], done["quarantined"], done["new"]) == (2, 2, 0)
    retried = intake.service.json("report", "retry")
    assert retried["schema"] == "mxseal.retry/1"
    assert retried["retried"] == retried["quarantined"] == before + 2


def quarantined(service):
    return {item["sha256"]: item for item in service.json("report", "quarantine")["items"]}


def test_a_dry_run_counts_and_stores_nothing(intake, tmp_path):
    """Import and retry say what they would do; then the same is done for the first time."""
    known, strange = "dry.example", "dry-stranger.example"
    intake.add(known)
    (tmp_path / "1.json").write_bytes(report(1, known))
    (tmp_path / "2.json").write_bytes(report(2, known))
    (tmp_path / "copy.json").write_bytes(report(2, known))
    (tmp_path / "3.json").write_bytes(report(3, strange))
    (tmp_path / "broken.json").write_text('{"dry": ')
    before = quarantined(intake.service)
    dry = intake.service.json("report", "import", "--dry-run", "--add-domains", tmp_path)
    assert dry.pop("dry_run") is True and dry.pop("would_add") == [strange]
    assert (dry["files"], dry["reports"], dry["quarantined"], dry["foreign"]) == (5, 4, 1, 1)
    assert dry["new"] + dry["duplicates"] == 3 and dry["new"] >= 2
    assert quarantined(intake.service) == before and not reports_by_trust(intake.service, known)
    assert strange not in {d["domain"] for d in intake.service.json("domain", "list")["items"]}
    done = intake.service.json("report", "import", "--add-domains", tmp_path)
    assert "dry_run" not in done and (done["new"], done["duplicates"]) == (3, 1)
    assert reports_by_trust(intake.service, known) == {"imported": 2}
    text = intake.service.run("report", "import", "--dry-run", tmp_path).stdout
    assert text.startswith("would store, with nothing changed yet:\n") and "new             0\n" in text

    held = quarantined(intake.service)
    assert len(held) == len(before) + 1
    tried = intake.service.json("report", "retry", "--dry-run")
    assert tried["retried"] == tried["quarantined"] == len(held)
    assert quarantined(intake.service) == held
    intake.service.json("report", "retry")
    assert quarantined(intake.service) != held, "a real one counts the try"


def test_hostile_text(intake, tmp_path):
    """RPT-88: control characters and text direction of a report never reach a terminal or a page raw."""
    domain = "hostile.example"
    intake.add(domain)
    failure = {"result-type": HOSTILE, "failure-reason-code": HOSTILE, "failed-session-count": 1,
               "receiving-mx-hostname": HOSTILE, "additional-information": HOSTILE}
    path = tmp_path / "hostile.json"
    path.write_bytes(report(HOSTILE, domain, HOSTILE, 1, [failure]))
    assert intake.service.json("report", "import", path)["new"] == 1
    for args in (["report", "show", path], ["report", "list", domain], ["domain", "show", domain],
                 ["report", "summary", domain, "--from", "2026-05-12", "--to", "2026-05-12"],
                 ["report", "summary", domain, "--from", "2026-05-12", "--to", "2026-05-12", "--json"]):
        text = intake.service.run(*args, check=0).stdout
        for sign in "\x1b\x07\x9b\u202e\u2066":
            if "--json" not in args or sign < "\x20":
                assert sign not in text, (args, hex(ord(sign)))
    assert "\x1b" not in intake.service.log_text()


def test_progress_on_a_terminal(intake, tmp_path):
    """A counting line after one second on a terminal only, wiped at the end."""
    intake.add("pty.example")
    for n in range(150):
        (tmp_path / f"{n}.json").write_bytes(report(n, "pty.example"))
    readers = [pid for pid, role in intake.service.children().items() if role in ("reader", "intake")]
    main, side = pty.openpty()
    for pid in readers:
        os.kill(pid, signal.SIGSTOP)
    child = subprocess.Popen([BIN, "report", "import", tmp_path], stdout=subprocess.PIPE, stderr=side,
                             env=dict(intake.service.env, TERM="xterm"))
    try:
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(2.5)  # more than the second, counted from when a busy machine has started it
    finally:
        for pid in readers:
            os.kill(pid, signal.SIGCONT)
    out = child.communicate(timeout=DEADLINE)[0]
    os.close(side)
    shown = os.read(main, 65536)
    os.close(main)
    assert child.returncode == 0 and b"150" in out
    assert b"\r" in shown and b" files, " in shown and shown.endswith(b"\r\x1b[K"), shown


def kill_now_and_then(service, roles, stop):
    """Each death in a short time makes the next start wait longer: a few tell what many would."""
    chance, left = random.Random(1), KILLS
    while left > 0 and not stop.wait(chance.uniform(0.15, 0.5)):
        pids = [pid for pid, role in service.children().items() if role in roles]
        if pids:
            os.kill(chance.choice(pids), signal.SIGKILL)
            left -= 1


@pytest.mark.parametrize("role", ["reader", "intake", "desk"])
def test_acknowledged_means_counted_once(intake, tmp_path, role):
    """RPT-81: kill -9 again and again while reports are posted, ingested and imported."""
    domain = f"kill-{role}.example"
    tag, service = intake.add(domain), intake.service
    for n in range(60):
        (tmp_path / f"{n}.json").write_bytes(report(f"i{n}", domain))
    stop, posted, ingested = threading.Event(), set(), set()
    killer = threading.Thread(target=kill_now_and_then, args=(service, {role}, stop))
    killer.start()
    try:
        for n in range(24):
            try:
                if intake.post(report(f"p{n}", domain), JSON, tag)[0] in (200, 201):
                    posted.add(n)
            except OSError:
                pass
            if n % 3 == 0 and service.run("ingest", stdin=mail(report(f"m{n}", domain))).returncode == 0:
                ingested.add(n)
            if n % 6 == 0:
                service.run("report", "import", tmp_path)
    finally:
        stop.set()
        killer.join()
    eventually(lambda: service.run("report", "import", tmp_path).returncode == 0)
    eventually(lambda: service.json("report", "import", tmp_path)["duplicates"] == 60)
    # Each is sent once more until it is acknowledged: then all of them are there, and once only.
    for n in set(range(24)) - posted:
        eventually(lambda: post_or_none(intake, report(f"p{n}", domain)) in (200, 201))
    for n in set(range(0, 24, 3)) - ingested:
        eventually(lambda: service.run("ingest", stdin=mail(report(f"m{n}", domain))).returncode == 0)
    wanted = {"imported": 60, "posted": 24, "unsigned": 8}
    eventually(lambda: settled(service, domain) == wanted)
    assert posted or role == "intake"


def settled(service, domain):
    try:
        return reports_by_trust(service, domain)
    except (AssertionError, json.JSONDecodeError):
        return None
