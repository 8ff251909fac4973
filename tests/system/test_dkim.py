"""Report mails signed by DKIM: who is believed, with keys from a real name server.

The mails are signed by python3-dkim and come by `mxseal ingest`; knot serves the keys.
"""
import base64
import contextlib
import email.utils
import gzip
import json
import pathlib
import shutil
import smtplib
import socket
import sqlite3
import subprocess
import tempfile

import pytest

from conftest import CONFIG, DEADLINE, Authority, Service, eventually, free_port
from test_intake_ways import JSON, REPORTS, Intake, report

dkim = pytest.importorskip("dkim")
KNOTD = shutil.which("knotd", path="/usr/sbin:/usr/bin")
pytestmark = pytest.mark.skipif(not KNOTD, reason="needs knotd")
TRUSTS = ("dkim", "imported", "posted", "unsigned")


class Key:
    """A signing key and its record."""

    def __init__(self, folder, name, kind, tags=""):
        self.pem, pub = folder / f"{name}.pem", folder / f"{name}.pub"
        how = ["ed25519"] if kind == "ed25519" else ["rsa", "-pkeyopt", f"rsa_keygen_bits:{kind}"]
        subprocess.run(["openssl", "genpkey", "-algorithm", *how, "-out", self.pem], check=True, capture_output=True)
        der = subprocess.run(["openssl", "pkey", "-in", self.pem, "-pubout", "-outform", "DER"], check=True,
                             capture_output=True).stdout
        self.ed25519 = kind == "ed25519"
        public = base64.b64encode(der[-32:] if self.ed25519 else der).decode()
        self.record = f"v=DKIM1; k={'ed25519' if self.ed25519 else 'rsa'}; {tags}p={public}"
        pub.write_text(self.record)
        if self.ed25519:
            raw = subprocess.run(["openssl", "pkey", "-in", self.pem, "-outform", "DER"], check=True,
                                 capture_output=True).stdout
            self.private = base64.b64encode(raw[-32:])
        else:
            # python3-dkim reads the older form.
            self.private = subprocess.run(["openssl", "rsa", "-in", self.pem, "-traditional"], check=True,
                                          capture_output=True).stdout


class Names:
    """knotd with the zones that a test gives it."""

    def __init__(self, folder, zones):
        self.folder, self.zones, self.port, self.process = folder, zones, free_port(), None
        folder.mkdir()

    def start(self):
        conf = f"server:\n    rundir: {self.folder}\n    listen: 127.0.0.1@{self.port}\n" \
               f"database:\n    storage: {self.folder}\nzone:\n"
        for zone, records in self.zones.items():
            text = "".join(f"{name} TXT {self.quoted(text)}\n" for name, text in records)
            (self.folder / f"{zone}.zone").write_text(
                f"$ORIGIN {zone}.\n$TTL 1\n@ SOA ns hostmaster 1 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n{text}")
            conf += f"  - domain: {zone}\n    file: {self.folder}/{zone}.zone\n    journal-content: none\n"
        (self.folder / "knot.conf").write_text(conf)
        self.process = subprocess.Popen([KNOTD, "-c", self.folder / "knot.conf"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)

        def ready():
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0

        eventually(ready)
        return self

    @staticmethod
    def quoted(text):
        """DKIM-20: a long record in several strings."""
        return " ".join('"' + text[i:i + 200].replace(";", "\\;") + '"' for i in range(0, len(text), 200))

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(DEADLINE)
            self.process = None


def mail(number, domain, *, sender="sender.example", author=None, submitter=None, who="Example Sender", good=1,
         more=b"", body=None):
    """An unsigned report mail with CRLF."""
    content = base64.encodebytes(gzip.compress(body or report(number, domain, who, good), mtime=0))
    lines = [f"From: Reports <tls@{author or sender}>", f"To: r@reports.service.example",
             f"Subject: Report Domain: {domain} Submitter: {sender} Report-ID: <r{number}@{sender}>",
             f"Date: {email.utils.formatdate()}", f"Message-ID: <{number}@{sender}>",
             f"TLS-Report-Domain: {domain}", f"TLS-Report-Submitter: {submitter or sender}", "MIME-Version: 1.0",
             'Content-Type: multipart/report; report-type="tlsrpt"; boundary="b"', "", "--b",
             "Content-Type: text/plain", "", "A report.", "", "--b", "Content-Type: application/tlsrpt+gzip",
             "Content-Transfer-Encoding: base64", 'Content-Disposition: attachment;',
             f' filename="{sender}!{domain}!1778544000!1778630399!001.json.gz"', ""]
    text = more + "\n".join(lines).encode() + b"\n" + content + b"\n--b--\n"
    return text.replace(b"\n", b"\r\n")


HEADERS = [b"from", b"to", b"subject", b"date", b"message-id", b"tls-report-domain", b"tls-report-submitter",
           b"mime-version", b"content-type"]


def sign(text, key, selector, domain="sender.example", canon=(b"relaxed", b"relaxed"), headers=HEADERS, **more):
    field = dkim.sign(text, selector.encode(), domain.encode(), key.private, canonicalize=canon,
                      signature_algorithm=b"ed25519-sha256" if key.ed25519 else b"rsa-sha256",
                      include_headers=headers, **more)
    return field + text


class World(Intake):
    def __init__(self, service, authority, keys, names, slow):
        super().__init__(service, authority)
        self.keys, self.names, self.slow = keys, names, slow

    def ingest(self, text):
        self.service.run("ingest", stdin=text, check=0)

    def stored(self, domain, count):
        """{report-id: line} once there are count reports of the domain."""
        def lines():
            out = self.service.run("report", "export", "--jsonl", check=0).stdout.splitlines()
            found = [json.loads(line) for line in out]
            return [line for line in found if line.get("domain") == domain]

        found = eventually(lambda: (got := lines()) and len(got) >= count and got)
        assert len(found) == count
        return {line["report_id"]: line for line in found}

    def trusts(self, domain):
        args = [word for trust in TRUSTS for word in ("--trust", trust)]
        answer = self.service.json("report", "summary", domain, "--from", "2026-05-12", "--to", "2026-05-12", *args)
        return {name: (t["reports"], t["successful"]) for name, t in answer["trust"].items() if t["reports"]}

    def organizations(self, domain):
        answer = self.service.json("report", "summary", domain, "--from", "2026-05-12", "--to", "2026-05-12")
        return [(o["name"], o["signer"], o["reports"]) for o in answer["organizations"]]

    def api(self, path):
        """An answer of the API over the control socket."""
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.service.state / "control.sock"))
            s.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
            data = b""
            while chunk := s.recv(65536):
                data += chunk
        return json.loads(data.partition(b"\r\n\r\n")[2])

    def database(self):
        return sqlite3.connect(f"file:{self.service.state}/mxseal.db?mode=ro", uri=True)


@pytest.fixture(scope="module")
def world():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxseal-dkim-"))
    folder.chmod(0o755)
    (folder / "authority").mkdir()
    keys = {name: Key(folder, name, kind, tags) for name, kind, tags in (
        ("rsa", 2048, ""), ("ed", "ed25519", ""), ("short", 1024, ""), ("tiny", 768, ""), ("test", "ed25519", "t=y; "),
        ("tls", "ed25519", "s=tlsrpt; "), ("mail", "ed25519", "s=email; "), ("other", "ed25519", "s=foo; "),
        ("strict", "ed25519", "t=s; "), ("gone", "ed25519", ""), ("twice", "ed25519", ""), ("lost", "ed25519", ""))}
    records = [(f"{name}._domainkey.sender", key.record) for name, key in keys.items() if name not in ("gone", "lost")]
    records += [("gone._domainkey.sender", "v=DKIM1; p="), ("twice._domainkey.sender", keys["ed"].record),
                ("ed._domainkey.evil", keys["ed"].record), ("ed._domainkey.mail.sender", keys["ed"].record)]
    names = Names(folder / "names", {"example": records, "google.com": [("ed._domainkey", keys["ed"].record)]}).start()
    slow = Names(folder / "slow", {"slow.example": [("ed._domainkey", keys["ed"].record)]})
    ports = {name: free_port() for name in ("tls", "http", "dns", "smtp", "admin")}
    config = folder / "mxseal.conf"
    listen = CONFIG.replace("[service]", "smtp = 127.0.0.1:{smtp}\n[service]")
    config.write_text(listen.format(state=folder / "state", **ports) +
                      f"[resolver]\nstub = example=127.0.0.1:{names.port} google.com=127.0.0.1:{names.port} "
                      f"slow.example=127.0.0.1:{slow.port}\ntrust_anchor = off\n")
    service = Service(folder, ["--config", config], ports).start()
    try:
        yield World(service, Authority(folder / "authority"), keys, names, slow)
    finally:
        service.stop()
        names.stop()
        slow.stop()
        shutil.rmtree(folder)


def test_signed_reports_are_believed_and_others_are_not(world):
    """RPT-86 DKIM-02 DKIM-15 DKIM-16 DKIM-20: valid and aligned, or unsigned."""
    world.add("who.example")
    key, m = world.keys, lambda n, **more: mail(n, "who.example", **more)
    believed = {
        1: sign(m(1), key["rsa"], "rsa"),
        2: sign(m(2), key["ed"], "ed", canon=(b"simple", b"simple")),
        # As a pipe hands it over.
        3: sign(m(3), key["rsa"], "rsa", canon=(b"simple", b"relaxed")).replace(b"\r\n", b"\n"),
        4: sign(m(4), key["short"], "short"),
        5: sign(m(5), key["tls"], "tls"),
        6: sign(m(6), key["mail"], "mail"),
        # DKIM-18: one of several is enough.
        7: sign(sign(m(7), key["ed"], "ed"), key["lost"], "lost"),
        # DKIM-03: one organisation's domains; d= below and above the author's.
        8: sign(m(8, submitter="mail.sender.example"), key["ed"], "ed"),
        9: sign(m(9), key["ed"], "ed", domain="mail.sender.example"),
        # Older reporters write their name there; contact-info is of the signer.
        10: sign(m(10, submitter="Example Sender"), key["ed"], "ed"),
        # RPT-75: unsigned TLS-Report-* are not looked at.
        11: sign(m(11, submitter="elsewhere.test"), key["ed"], "ed",
                 headers=[b"from", b"subject", b"date"]),
    }
    doubted = {
        20: m(20),
        21: sign(m(21), key["rsa"], "rsa").replace(b"A report.", b"A Report."),
        22: sign(m(22), key["rsa"], "rsa", length=True),
        23: sign(m(23), key["test"], "test"),
        24: sign(m(24), key["gone"], "gone"),
        25: sign(m(25), key["lost"], "nokey"),
        26: sign(m(26), key["other"], "other"),
        27: sign(m(27), key["twice"], "twice"),
        28: sign(m(28), key["lost"], "ed"),
        29: sign(m(29), key["ed"], "ed", domain="evil.example"),
        30: sign(m(30, sender="evil.example", submitter="sender.example"), key["ed"], "ed", domain="evil.example"),
        31: b"From: tls@evil.example\r\n" + sign(m(31), key["ed"], "ed"),
        32: b"Content-Type: text/plain\r\n" + sign(m(32), key["ed"], "ed"),
        33: sign(m(33), key["strict"], "strict", identity=b"x@sub.sender.example"),
        34: sign(m(34), key["ed"], "ed", headers=[b"from", b"subject"]).replace(b"Subject: Report", b"Subject: report"),
    }
    for text in (*believed.values(), *doubted.values()):
        world.ingest(text)
    found = world.stored("who.example", len(believed) + len(doubted))
    wrong = {n: found[f"r{n}"]["trust"] for n in believed if found[f"r{n}"]["trust"] != "dkim"}
    wrong.update({n: found[f"r{n}"]["trust"] for n in doubted if found[f"r{n}"]["trust"] != "unsigned"})
    assert not wrong
    assert {found[f"r{n}"]["signer"] for n in believed if n != 9} == {"sender.example"}
    assert found["r9"]["signer"] == "mail.sender.example"
    assert all(found[f"r{n}"]["signer"] is None for n in doubted)
    notes = {n: found[f"r{n}"]["notes"] for n in believed}
    assert "short-key" in notes[4] and "short-key" not in notes[1]
    assert "email-key" in notes[6] and "email-key" not in notes[5]
    assert "unsigned-metadata" in notes[11] and "unsigned-metadata" not in notes[1]
    results = [row[0] for row in world.database().execute("select distinct result from signature order by 1")]
    assert {"pass", "body-changed", "length-tag", "key-in-testing", "key-revoked", "no-key", "key-for-other-service",
            "wrong-signature", "not-the-sender", "repeated-field", "identity-not-domain"} <= set(results)


def test_a_known_reporter_counts_as_its_organisation(world):
    """Identity is the verified d=; organization-name proves nothing."""
    world.add("known.example")
    world.ingest(sign(mail(1, "known.example", sender="google.com", who="Google Inc.",
                           body=report(1, "known.example", "Google Inc.").replace(b"sender.example", b"google.com")),
                      world.keys["ed"], "ed", domain="google.com"))
    world.ingest(sign(mail(1, "known.example", sender="evil.example",
                           body=report(1, "known.example", "Google Inc.", 900).replace(b"sender.example",
                                                                                      b"evil.example")),
                      world.keys["ed"], "ed", domain="evil.example"))
    eventually(lambda: world.trusts("known.example") == {"dkim": (2, 901)})
    assert sorted(world.organizations("known.example")) == [("Google", "google.com", 1),
                                                            ("evil.example", "evil.example", 1)]


def google(number, domain, good):
    return report(number, domain, "Google Inc.", good).replace(b"sender.example", b"google.com")


@pytest.mark.parametrize("first", ["forged", "genuine"])
@pytest.mark.parametrize("way", ["post", "mail"])
def test_forged_and_genuine(world, first, way):
    """RPT-77 RPT-89: the same id with other content; whichever comes first, the signed one counts alone."""
    domain = f"{first}-{way}.example"
    tag = world.add(domain)
    forged, genuine = google(7, domain, 900), google(7, domain, 3)

    def send_forged():
        if way == "post":
            assert world.post(forged, JSON, tag)[0] == 201
        else:
            world.ingest(mail(7, domain, sender="google.com", body=forged))

    def send_genuine():
        world.ingest(sign(mail(7, domain, sender="google.com", body=genuine), world.keys["ed"], "ed", "google.com"))

    steps = [send_forged, send_genuine] if first == "forged" else [send_genuine, send_forged]
    steps[0]()
    eventually(lambda: world.trusts(domain))
    steps[1]()
    # Something later, so that its effect shows that both were settled.
    world.ingest(sign(mail(8, domain, sender="google.com", body=google(8, domain, 1)), world.keys["ed"], "ed",
                      "google.com"))
    eventually(lambda: world.trusts(domain) == {"dkim": (2, 4)})
    assert world.organizations(domain) == [("Google", "google.com", 2)]


def test_mail_and_post_of_the_same_report(world):
    """RPT-77: one report, whatever ways it comes, with the best trust."""
    tag = world.add("both.example")
    for number, order in ((1, "post first"), (2, "mail first")):
        body = report(number, "both.example", good=5)
        signed = sign(mail(number, "both.example", body=body), world.keys["rsa"], "rsa")
        steps = [lambda: world.post(body, JSON, tag), lambda: world.ingest(signed)]
        for step in steps if order == "post first" else reversed(steps):
            step()
    world.ingest(mail(1, "both.example", body=report(1, "both.example", good=5), more=b"Received: x\r\n"))
    world.ingest(sign(mail(3, "both.example"), world.keys["rsa"], "rsa"))
    eventually(lambda: world.trusts("both.example") == {"dkim": (3, 11)})
    assert world.organizations("both.example") == [("sender.example", "sender.example", 3)]


def test_attribution_without_policy_domain(world):
    """RPT-84 RPT-94: whose report it is only signed words tell; else it counts as unsigned."""
    world.add("mine.example")
    world.add("yours.example")

    def bare(number):
        body = json.loads(report(number, "mine.example"))
        del body["policies"][0]["policy"]["policy-domain"]
        return json.dumps(body).encode()

    key = world.keys["ed"]
    world.ingest(sign(mail(1, "mine.example", body=bare(1)), key, "ed"))
    # A replay under another header that the signature does not cover: the file name has the word.
    few = sign(mail(2, "mine.example", body=bare(2)), key, "ed", headers=[b"from", b"date"])
    world.ingest(few.replace(b"TLS-Report-Domain: mine", b"TLS-Report-Domain: yours"))
    nameless = mail(3, "mine.example", body=bare(3)).replace(b"sender.example!mine.example!1778544000", b"x")
    world.ingest(sign(nameless, key, "ed", headers=[b"from", b"date"])
                 .replace(b"TLS-Report-Domain: mine", b"TLS-Report-Domain: yours"))
    found = world.stored("mine.example", 2)
    assert {n: r["trust"] for n, r in found.items()} == {"r1": "dkim", "r2": "dkim"}
    assert {n: r["trust"] for n, r in world.stored("yours.example", 1).items()} == {"r3": "unsigned"}
    # A policy about a foreign domain inside of a report counts for nobody.
    both = json.loads(report(4, "mine.example"))
    both["policies"].append(json.loads(report(4, "foreign.test", good=50))["policies"][0])
    world.ingest(sign(mail(4, "mine.example", body=json.dumps(both).encode()), key, "ed"))
    eventually(lambda: world.trusts("mine.example") == {"dkim": (3, 3)})
    assert world.trusts("yours.example") == {"unsigned": (1, 1)}


def test_a_forwarded_report_is_not_what_was_signed(world):
    """MIME-01: the signature of the mail around it vouches for nothing inside."""
    world.add("forward.example")
    inner = mail(1, "forward.example")
    outer = (b"From: Somebody <x@sender.example>\r\nTo: r@reports.service.example\r\nSubject: Fwd\r\n"
             b"MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n" + inner)
    world.ingest(sign(outer, world.keys["ed"], "ed", headers=[b"from", b"subject"]))
    assert world.stored("forward.example", 1)["r1"]["trust"] == "unsigned"


def test_a_key_that_cannot_be_asked_for(world):
    """DKIM-21: the mail is held, through a kill, and judged when the name server answers."""
    world.add("held.example")
    text = sign(mail(1, "held.example", sender="slow.example",
                     body=report(1, "held.example").replace(b"sender.example", b"slow.example")),
                world.keys["ed"], "ed", "slow.example")
    world.ingest(text)
    held = lambda: world.database().execute("select count(*) from held").fetchone()[0]
    eventually(lambda: held() == 1)
    assert world.trusts("held.example") == {}, "it is not called unsigned"
    for pid, role in world.service.children().items():
        if role == "intake":
            subprocess.run(["kill", "-9", str(pid)], check=True)
    world.ingest(sign(mail(2, "held.example"), world.keys["ed"], "ed"))
    eventually(lambda: world.trusts("held.example") == {"dkim": (1, 1)})
    assert held() == 1
    world.slow.start()
    world.service.run("report", "retry", check=0)
    eventually(lambda: world.trusts("held.example") == {"dkim": (2, 2)})
    assert held() == 0
    assert world.stored("held.example", 2)["r1"]["signer"] == "slow.example"


def test_the_verdict_outlives_the_key(world):
    """DKIM-24: what was kept verifies offline; a copy that comes after the key is gone changes nothing."""
    world.add("rotate.example")
    text = sign(mail(1, "rotate.example"), world.keys["rsa"], "rsa", canon=(b"relaxed", b"simple"))
    world.ingest(text)
    found = world.stored("rotate.example", 1)["r1"]
    assert found["trust"] == "dkim"
    row = world.database().execute(
        "select s.domain, s.selector, s.result, s.key_bits, k.record from signature s join signer_key k on"
        " k.digest = s.key_digest join report r on r.raw_sha256 = s.sha256 where r.report_id = 'r1' and r.domain ="
        " (select id from domain where name = 'rotate.example')").fetchone()
    assert row[:4] == ("sender.example", "rsa", "pass", 2048)
    assert dkim.verify(text, dnsfunc=lambda name, timeout=5: row[4].encode())
    items = world.api(f"/api/v1/reports/signatures/{found['sha256']}")["items"]
    assert [(i["domain"], i["result"], i["key"]) for i in items] == [("sender.example", "pass", row[4])]
    again = sign(mail(1, "rotate.example", body=report(1, "rotate.example", good=70)), world.keys["lost"], "nokey")
    world.ingest(again)
    world.ingest(sign(mail(2, "rotate.example"), world.keys["rsa"], "rsa"))
    eventually(lambda: world.trusts("rotate.example").get("dkim") == (2, 2))


def test_unsigned_mail_does_not_crowd_out(world):
    """RPT-87: when the allowance is used up, signed mail is judged at the door and gets in; nothing else does."""
    tag = world.add("flood.example")
    config = world.service.folder / "mxseal.conf"
    world.service.stop()
    text = config.read_text()
    config.write_text(text.replace("[report]\n", "[report]\nkeep_unsigned = 3\n"))
    world.service.start()
    key = world.keys["ed"]

    def send(body):
        """The last reply's code."""
        with smtplib.SMTP("127.0.0.1", world.service.ports["smtp"], timeout=DEADLINE) as s:
            try:
                s.sendmail("x@sender.example", [f"r-{tag}@{REPORTS}"], body)
            except smtplib.SMTPDataError as refused:
                return refused.smtp_code
        return 250

    try:
        for n in range(3):
            assert send(mail(n, "flood.example", who=f"Forger {n}")) == 250
        assert send(mail(4, "flood.example")) == 452
        tampered = sign(mail(5, "flood.example"), key, "ed").replace(b"A report.", b"A Report.")
        assert send(tampered) == 452
        assert send(sign(mail(6, "flood.example"), key, "ed", domain="evil.example")) == 452
        for n in range(10, 15):
            assert send(sign(mail(n, "flood.example"), key, "ed")) == 250
        eventually(lambda: world.trusts("flood.example") == {"dkim": (5, 5), "unsigned": (3, 3)})
    finally:
        world.service.stop()
        config.write_text(text)
        world.service.start()


def test_signed_mail_uses_no_allowance(world):
    """RPT-87: the place that a mail took comes back when it is believed."""
    tag = world.add("quota.example")
    config = world.service.folder / "mxseal.conf"
    world.service.stop()
    text = config.read_text()
    config.write_text(text.replace("[report]\n", "[report]\nkeep_unsigned = 2\n"))
    world.service.start()
    try:
        with smtplib.SMTP("127.0.0.1", world.service.ports["smtp"], timeout=DEADLINE) as s:
            for n in range(4):
                s.sendmail("x@sender.example", [f"r-{tag}@{REPORTS}"],
                           sign(mail(n, "quota.example"), world.keys["ed"], "ed"))
            eventually(lambda: world.trusts("quota.example") == {"dkim": (4, 4)})
            for n in (5, 6):
                s.sendmail("x@sender.example", [f"r-{tag}@{REPORTS}"], mail(n, "quota.example"))
            with pytest.raises(smtplib.SMTPDataError):
                s.sendmail("x@sender.example", [f"r-{tag}@{REPORTS}"], mail(7, "quota.example"))
        eventually(lambda: world.trusts("quota.example").get("unsigned") == (2, 2))
    finally:
        world.service.stop()
        config.write_text(text)
        world.service.start()


def test_one_signer_a_day(world):
    """RPT-87: a thousand reports of one signer for a domain and day count; others are not kept out by them."""
    domain, ed = "many.example", world.keys["ed"]
    world.add(domain)
    world.ingest(sign(mail(0, domain), ed, "ed"))
    eventually(lambda: world.trusts(domain) == {"dkim": (1, 1)})
    world.service.stop()
    with contextlib.closing(sqlite3.connect(world.service.state / "mxseal.db")) as db, db:
        own = {"id": "id + 1000000 * n", "report_key": "report_key || n", "report_id": "report_id || n"}
        names = [row[1] for row in db.execute("pragma table_info(report)")]
        db.execute("with recursive more (n) as (select 1 union all select n + 1 from more where n < 999) insert into "
                   f"report ({', '.join(names)}) select {', '.join(own.get(name, name) for name in names)} from report, "
                   "more where domain = (select id from domain where name = ?)", (domain,))
    world.service.start()
    world.ingest(sign(mail(1, domain), ed, "ed"))
    eventually(lambda: "one signer sends too many for a domain" in world.service.log_text())
    world.ingest(sign(mail(2, domain, sender="evil.example"), ed, "ed", domain="evil.example"))
    eventually(lambda: world.trusts(domain) == {"dkim": (2, 2)})


def test_strict(world):
    """DKIM-03 DKIM-06: only the submitter itself, only keys for reports, when that is wanted."""
    world.add("strict.example")
    config = world.service.folder / "mxseal.conf"
    world.service.stop()
    text = config.read_text()
    config.write_text(text.replace("[report]\n", "[report]\nstrict_dkim = yes\n"))
    world.service.start()
    try:
        key = world.keys
        world.ingest(sign(mail(1, "strict.example"), key["ed"], "ed"))
        world.ingest(sign(mail(2, "strict.example"), key["tls"], "tls"))
        world.ingest(sign(mail(3, "strict.example"), key["mail"], "mail"))
        world.ingest(sign(mail(4, "strict.example", submitter="mail.sender.example"), key["ed"], "ed"))
        found = world.stored("strict.example", 4)
        assert {n: r["trust"] for n, r in found.items()} == {"r1": "dkim", "r2": "dkim", "r3": "unsigned",
                                                             "r4": "unsigned"}
    finally:
        world.service.stop()
        config.write_text(text)
        world.service.start()
