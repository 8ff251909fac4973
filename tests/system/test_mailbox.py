"""[imap NAME]: a mailbox with people's mail and reports in it, on a real dovecot."""
import base64
import gzip
import http.server
import json
import os
import re
import signal
import ssl
import subprocess
import threading
import urllib.error
import urllib.parse
import urllib.request

import dkim
import pytest

from test_intake_ways import mail, report, reports_by_trust

from conftest import CONFIG, DEADLINE, LONG, eventually, free_port
from dovecot import PASSWORD, Dovecot, token

SHORT = CONFIG.replace("[server]", "[server]\nlog = debug json")


@pytest.fixture(scope="module")
def dovecot(tmp_path_factory):
    from conftest import Authority
    folder = tmp_path_factory.mktemp("imap-authority")
    authority = Authority(folder)
    server = Dovecot(authority.issue("127.0.0.1", "mail.example"))
    server.authority = authority
    try:
        yield server.start()
    finally:
        server.remove()


def attached(subject, kind, name, content):
    return (f"From: a@sender.example\r\nTo: b@here.example\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\nContent-Type: text/plain\r\n\r\nhello\r\n"
            f"--xx\r\nContent-Type: {kind}; name=\"{name}\"\r\nContent-Transfer-Encoding: base64\r\n"
            f"Content-Disposition: attachment; filename=\"{name}\"\r\n\r\n").encode() + \
        base64.encodebytes(content).replace(b"\n", b"\r\n") + b"--xx--\r\n"


def private(subject):
    return (f"From: a@home.example\r\nTo: b@home.example\r\nSubject: {subject}\r\n\r\n"
            "Dear B, the secret is 4711.\r\n").encode()


def titled(message, subject):
    return message.replace(b"Subject: Report Domain: loop.example", b"Subject: " + subject.encode())


def report_mail(number, subject=None, **more):
    return titled(mail(report(number, **more)), subject or f"report {number}")


DMARC = attached("dmarc", "application/gzip", "google.com!loop.example!1!2.xml.gz",
                 gzip.compress(b"<?xml version='1.0'?><feedback><version>1.0</version></feedback>"))
BROKEN_JSON = attached("odd json", "application/json", "notes.json", b'{"a": 1, "a": 2')
BROKEN_ZIP = attached("odd zip", "application/zip", "holiday.zip", b"PK\x03\x04 no zip at all")
CLAIMS = titled(mail(b"{ broken"), "broken report")
# More parts than anybody reads: nothing is known about it but that it does not call itself a report.
COMPLEX = (b"From: a@home.example\r\nSubject: complex\r\nMIME-Version: 1.0\r\n"
           b"Content-Type: multipart/mixed; boundary=xx\r\n\r\n" +
           b"--xx\r\nContent-Type: application/octet-stream\r\n\r\nx\r\n" * 3000 + b"--xx--\r\n")

# Of a signer whose key nobody can be asked for here: a report would be kept until it can be judged.
KEY = subprocess.run(["openssl", "genrsa", "-traditional", "2048"], capture_output=True, check=True).stdout
SIGNED = attached("signed", "application/json", "signed.json", b'{"a": 1, "a": 2')
SIGNED = dkim.sign(SIGNED, b"s1", b"sender.example", KEY) + SIGNED

PEOPLE = [(SIGNED, "signed"), (private("dinner"), "dinner"), (DMARC, "dmarc"), (BROKEN_JSON, "odd json"), (BROKEN_ZIP, "odd zip"),
          (COMPLEX, "complex")]


def section(dovecot, user, folder="INBOX", name="office", every=1, password=True, host="127.0.0.1", **more):
    """The text of an [imap NAME]."""
    secret = dovecot.folder / "password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o600)
    lines = [f"[imap {name}]", f"url = imaps://{host}:{dovecot.imaps}/{folder}", f"user = {user}",
             f"ca_file = {dovecot.authority.cert}", f"every = {every}"]
    lines += [f"password_file = {secret}"] if password else []
    return "\n".join(lines + [f"{key} = {value}" for key, value in more.items()]) + "\n"


@pytest.fixture
def serve(make_product):
    """serve(sections): a product with loop.example that polls these mailboxes."""
    def make(*sections, name="product", text=SHORT):
        service = make_product(name=name, text=text)
        service.run("domain", "add", "loop.example", "--mx", "mx.loop.example", check=0)
        with open(service.folder / "mxseal.conf", "a") as config:
            config.write("".join(sections))
        service.process.send_signal(signal.SIGHUP)
        names = [s.split("[imap ")[1].split("]")[0] for s in sections]
        eventually(lambda: sorted(w["name"] for w in service.json("report", "ways")["items"]) == sorted(names))
        return service
    return make


def way(service, name="office"):
    return [w for w in service.json("report", "ways")["items"] if w["name"] == name][0]


def looked_at(service, count, name="office"):
    return eventually(lambda: (w := way(service, name))["looked_at"] >= count and w["good"] and w)


def quarantined(service):
    return service.json("report", "retry")["retried"]


def archive_bytes(service):
    return b"".join(p.read_bytes() for p in (service.state / "archive").iterdir())


AFTER = {"leave": (["r1", "r2"], set()), "flag": (["r1", "r2"], {"\\Flagged"}), "delete": ([], set()),
         "move:TLS reports": ([], set())}


def fill(dovecot, user):
    """Reports between people's mail; what the mailbox looks like then."""
    dovecot.append(user, private("seen"), flags="\\Seen \\Answered")
    dovecot.append(user, *[m for m, _ in PEOPLE[:2]], report_mail(1, "r1"), *[m for m, _ in PEOPLE[2:]],
                   report_mail(2, "r2"))
    # Somebody had marked a message as deleted; only its owner may make that true.
    dovecot.append(user, private("trash"), flags="\\Deleted")
    dovecot.append(user, CLAIMS)
    return dovecot.messages(user)


def test_only_reports_are_touched(dovecot, serve):
    """RPT-23: reports between private mail are taken once; all other mail stays as it was, flags included."""
    names = ["r1", "r2"]
    before = {after: fill(dovecot, after[:4]) for after in AFTER}
    service = serve(*[section(dovecot, after[:4], name=after[:4], after=after) for after in AFTER])
    for after, (kept, flags) in AFTER.items():
        state = looked_at(service, 11, after[:4])
        assert (state["state"], state["with_reports"], state["skipped"]) == ("ok", 2, 0)
        eventually(lambda: [s for s, _ in dovecot.messages(after[:4]) if s in names] == kept)
        now = dovecot.messages(after[:4])
        assert [m for m in now if m[0] not in names] == [m for m in before[after] if m[0] not in names]
        assert all(f == flags for s, f in now if s in names)
    assert [s for s, _ in dovecot.messages("move", "TLS reports")] == names
    assert reports_by_trust(service) == {"unsigned": 2}, "the same in all mailboxes"
    assert quarantined(service) == 1, "what calls itself a TLS report, and nothing else"
    kept_bytes = archive_bytes(service)
    for _, subject in PEOPLE:
        assert b"Subject: " + subject.encode() not in kept_bytes, "nothing private is kept"
    assert b"Subject: r2" in kept_bytes and b"4711" not in kept_bytes
    assert service.log_text().count('"report stored"') == 2
    dovecot.append("move", private("later"), report_mail(3, "r3"))
    eventually(lambda: reports_by_trust(service) == {"unsigned": 3})
    assert {w["name"]: w["with_reports"] for w in service.json("report", "ways")["items"]} == {
        "leav": 2, "flag": 2, "dele": 2, "move": 3}, "nothing was taken twice"


def test_two_mailboxes_and_two_ways_to_sign_in(dovecot, serve):
    """LOGIN and XOAUTH2 beside each other; a token is asked for once and used until it ends."""
    asked = []

    class Tokens(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            asked.append(form)
            good = form["client_secret"] == ["s3 &cret"] and form["grant_type"] == ["client_credentials"]
            answer = {"access_token": token("robot"), "expires_in": 600, "token_type": "Bearer"} if good else {
                "error": "invalid_client", "error_description": "no"}
            self.send_response(200 if good else 401)
            body = json.dumps(answer).encode()
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Tokens)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(dovecot.cert, dovecot.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    secret = dovecot.folder / "secret"
    secret.write_text("wrong")
    secret.chmod(0o600)
    oauth = dict(password=False, oauth_token_url=f"https://127.0.0.1:{server.server_port}/token",
                 oauth_client_id="client", oauth_secret_file=secret, oauth_scope="mail/.default")
    dovecot.append("human", report_mail(1))
    dovecot.append("robot", report_mail(2))
    service = serve(section(dovecot, "human"), section(dovecot, "robot", name="token", **oauth))
    looked_at(service, 1)
    eventually(lambda: "invalid_client" in (way(service, "token")["why"] or ""))
    assert reports_by_trust(service) == {"unsigned": 1}
    secret.write_text("s3 &cret\n")
    looked_at(service, 1, "token")
    assert reports_by_trust(service) == {"unsigned": 2}
    good = [form for form in asked if form["client_secret"] == ["s3 &cret"]]
    assert good[0] == {"grant_type": ["client_credentials"], "client_id": ["client"],
                       "client_secret": ["s3 &cret"], "scope": ["mail/.default"]}
    before = way(service, "token")["tried"]
    eventually(lambda: way(service, "token")["tried"] > before)
    assert len([form for form in asked if form["client_secret"] == ["s3 &cret"]]) == 1, "kept until it ends"
    assert "method=XOAUTH2" in dovecot.log() or "method=OAUTHBEARER" in dovecot.log()
    text = service.log_text()
    assert "s3 &cret" not in text and PASSWORD not in text
    server.shutdown()


def test_a_command_prints_the_token(dovecot, serve):
    """token_command: for grants that are not built in; what it says on its error output is shown."""
    command = dovecot.folder / "print-token"
    command.write_text("#!/bin/sh\necho no such account >&2\nexit 3\n")
    command.chmod(0o755)
    dovecot.append("cmd", report_mail(1))
    service = serve(section(dovecot, "cmd", password=False, token_command=f"{command} reports"))
    eventually(lambda: "no such account" in (way(service)["why"] or ""))
    (dovecot.folder / "token").write_text(token("cmd"))
    command.write_text(f"#!/bin/sh\n[ $1 = reports ] && cat {dovecot.folder}/token\n")
    looked_at(service, 1)
    assert reports_by_trust(service) == {"unsigned": 1}
    assert token("cmd")[:40] not in service.log_text()
    asked = urllib.request.Request(f"http://127.0.0.1:{service.ports['admin']}/api/v1/reports/ways/office/token",
                                   method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=DEADLINE)
    assert refused.value.code in (401, 403), "nobody else gets it"


def test_what_keeps_a_mailbox_from_being_read(dovecot, serve):
    """Each trouble is said where people look, and ends by itself."""
    wrong = dovecot.folder / "wrong"
    wrong.write_text("nope")
    wrong.chmod(0o600)
    open_to_all = dovecot.folder / "open"
    open_to_all.write_text(PASSWORD)
    open_to_all.chmod(0o644)
    dovecot.append("trouble", report_mail(1))
    plain = section(dovecot, "trouble", name="plain")
    service = serve(
        section(dovecot, "trouble", name="denied", password=False, password_file=wrong),
        section(dovecot, "trouble", name="readable", password=False, password_file=open_to_all),
        section(dovecot, "trouble", name="nofolder", folder="Nowhere"),
        plain.replace(f"ca_file = {dovecot.authority.cert}\n", "").replace("[imap plain]", "[imap untrusted]"),
        section(dovecot, "trouble", name="private", host="192.168.1.1"))
    eventually(lambda: "refuses the user or the secret" in (way(service, "denied")["why"] or ""))
    assert reports_by_trust(service) == {}
    wrong.write_text(PASSWORD)
    for name, words in [("readable", "others may not read"), ("nofolder", "the folder cannot be opened"),
                        ("untrusted", "certificate"), ("private", "may not be dialled")]:
        eventually(lambda: words in (way(service, name)["why"] or ""))
        assert way(service, name)["state"] == "trouble"
    assert looked_at(service, 1, "denied")["why"] is None
    shown = service.run("report", "ways", check=0).stdout
    assert "denied" in shown and "may not be dialled" in shown
    assert service.log_text().count("a mailbox has trouble") >= 5
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{service.ports['admin']}/metrics", timeout=DEADLINE).read().decode()
    assert 'mxseal_way_trouble{kind="imap",name="private"} 1' in metrics
    assert 'mxseal_way_with_reports_total{kind="imap",name="denied"} 1' in metrics
    assert PASSWORD not in service.log_text()


def test_a_password_file_that_is_replaced(dovecot, serve):
    """Not written in place but put there by its name, as editors and secret managers do."""
    dovecot.append("replaced", report_mail(1))
    text = section(dovecot, "replaced", password=False, password_file=dovecot.folder / "turned")
    turned, new = dovecot.folder / "turned", dovecot.folder / "turned.new"
    for path, content in (turned, "nope"), (new, PASSWORD):
        path.write_text(content)
        path.chmod(0o600)
    service = serve(text)
    eventually(lambda: "refuses the user or the secret" in (way(service, "office")["why"] or ""))
    new.rename(turned)
    assert looked_at(service, 1)["why"] is None


@pytest.fixture
def names(tmp_path):
    """A resolver that knows mail.example; its address."""
    port = free_port()
    (tmp_path / "unbound.conf").write_text(f"""server:
  interface: 127.0.0.1@{port}
  username: ""
  chroot: ""
  directory: "{tmp_path}"
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  local-zone: "mail.example." static
  local-data: "mail.example. A 127.0.0.1"
remote-control:
  control-enable: no
""")
    process = subprocess.Popen(["unbound", "-d", "-c", tmp_path / "unbound.conf"], stderr=subprocess.DEVNULL)
    yield f"127.0.0.1:{port}"
    process.terminate()
    process.wait(DEADLINE)


def test_starttls_or_nothing(dovecot, serve, names):
    """imap:// is never without TLS, except on a loopback address; the name must stand in the certificate."""
    for user in ("starttls", "loopback", "stripped"):
        dovecot.append(user, report_mail(user))
    plain = lambda user, host, port: section(dovecot, user, name=user).replace(
        f"imaps://127.0.0.1:{dovecot.imaps}", f"imap://{host}:{port}")
    without = Dovecot(dovecot.authority.issue("mail.example"), tls=False).start()
    try:
        service = serve(plain("starttls", "mail.example", dovecot.imap),
                        plain("loopback", "127.0.0.1", dovecot.imap),
                        plain("stripped", "mail.example", without.imap),
                        text=SHORT.replace("[outgoing]", f"[resolver]\nforward = {names}\ntrust_anchor = off\n[outgoing]"))
        looked_at(service, 1, "starttls")
        looked_at(service, 1, "loopback")
        eventually(lambda: way(service, "stripped")["why"])
        assert "user=<stripped>" not in without.log(), "no password without TLS"
    finally:
        without.remove()
    assert reports_by_trust(service) == {"unsigned": 2}
    logins = re.findall(r"(?:Login|Logged in): user=<starttls>.*TLS", dovecot.log())
    assert logins, "by STARTTLS"


def test_down_and_back_and_killed(dovecot, serve):
    """A server that goes and comes back; kill -9 in the middle: each report once, none lost."""
    user = "killed"
    dovecot.append(user, *[m for n in range(60) for m in (report_mail(n), private(f"p{n}"))])
    service = serve(section(dovecot, user, after="move:Done"))
    for _ in range(12 if LONG else 3):
        count = reports_by_trust(service).get("unsigned", 0)
        eventually(lambda: reports_by_trust(service).get("unsigned", 0) > count or count == 60)
        for pid, role in service.children().items():
            if role in ("intake", "reader"):
                os.kill(pid, signal.SIGKILL)
    eventually(lambda: reports_by_trust(service).get("unsigned", 0) == 60)
    eventually(lambda: len(dovecot.messages(user, "Done")) == 60)
    assert [s for s, _ in dovecot.messages(user)] == [f"p{n}" for n in range(60)]
    dovecot.stop()
    eventually(lambda: way(service)["state"] == "trouble")
    dovecot.start()
    dovecot.append(user, report_mail(60))
    eventually(lambda: reports_by_trust(service) == {"unsigned": 61})
    eventually(lambda: way(service)["state"] == "ok")


def test_uidvalidity(dovecot, serve):
    """A mailbox that counts anew is read from its start, and nothing is counted twice."""
    user = "anew"
    dovecot.append(user, report_mail(1), private("mine"), report_mail(2))
    service = serve(section(dovecot, user, after="flag"))
    looked_at(service, 3)
    assert reports_by_trust(service) == {"unsigned": 2}
    dovecot.stop()
    for path in (dovecot.folder / "mail" / user).glob("dovecot*"):
        path.unlink()
    dovecot.start()
    dovecot.append(user, report_mail(3))
    eventually(lambda: reports_by_trust(service) == {"unsigned": 3})
    eventually(lambda: "UIDVALIDITY has changed" in service.log_text())
    looked_at(service, 7)
    assert dict(dovecot.messages(user))["mine"] == set()
    with dovecot.client(user) as session:
        count = session.select("INBOX")[1][0]
    assert count == b"4"


def test_a_large_message_is_passed_over(dovecot, serve):
    """What is too large is said and left alone; what lies behind it is read."""
    user = "large"
    big = attached("big", "application/octet-stream", "x.json", b"x" * (20 << 20))
    dovecot.append(user, big)
    dovecot.append(user, report_mail(1))
    # And a server that refuses what shall become of a message: its report is taken all the same.
    dovecot.append("refused", report_mail(2, "refused"))
    service = serve(section(dovecot, user, after="delete"),
                    section(dovecot, "refused", name="refused", after="move:bad//name"))
    state = looked_at(service, 2)
    eventually(lambda: reports_by_trust(service) == {"unsigned": 2})
    eventually(lambda: "become of their messages is refused" in (way(service, "refused")["note"] or ""))
    assert dovecot.messages("refused") == [("refused", set())]
    assert state["skipped"] == 1 and "larger than 25 MiB" in state["note"] and state["state"] == "ok"
    eventually(lambda: [s for s, _ in dovecot.messages(user)] == ["big"])
