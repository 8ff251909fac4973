"""Reports by SMTP and LMTP: real senders, strict line endings, limits, and kills under load."""
import contextlib
import hashlib
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import smtplib
import socket
import sqlite3
import ssl
import stat
import subprocess
import tempfile
import threading
import time
import urllib.request

import pytest
from test_intake_ways import JSON, REPORTS, Intake, mail, report, reports_by_trust, settled

from conftest import CONFIG, DEADLINE, LONG, Authority, Service, eventually, free_port

MAIL = CONFIG.replace("[service]", "smtp = 127.0.0.1:{smtp}\nlmtp = unix:{lmtp} 127.0.0.1:{lmtp_port}\n[service]"
                      ).replace("[report]", "[report]\n{report}")


class Mailed(Intake):
    """An intake that takes mail as well."""

    def address(self, tag):
        return f"r-{tag}@{REPORTS}"

    def smtp(self, **kw):
        return smtplib.SMTP("127.0.0.1", self.service.ports["smtp"], timeout=DEADLINE, **kw)

    def send(self, tag, body, sender="tls@sender.example"):
        """True: acknowledged."""
        with self.smtp() as s:
            return s.sendmail(sender, [self.address(tag)], mail(body)) == {}

    def lmtp(self):
        return smtplib.LMTP(str(self.service.folder / "lmtp"))

    def exported(self, trust, domain):
        """The identifiers of stored reports, by one domain, each as often as it is there."""
        done = self.service.run("report", "export", "--jsonl", check=0)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return sorted(r["report_id"] for r in rows if (r["trust"], r["domain"]) == (trust, domain))


def start(folder, settings="", more=""):
    folder.chmod(0o755)
    ports = {name: free_port() for name in ("tls", "http", "dns", "smtp", "admin")}
    config = folder / "mxseal.conf"
    config.write_text(MAIL.format(state=folder / "state", lmtp=folder / "lmtp", lmtp_port=free_port(),
                                  report=settings, **ports) + more)
    return Service(folder, ["--config", config], ports).start()


@pytest.fixture(scope="module")
def mailed():
    """Shared: every test uses domains of its own.  Mail servers can reach the folder."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxseal-smtp-"))
    (folder / "authority").mkdir()
    service = start(folder, "keep_unsigned = 5000")
    try:
        without_certificate(service)
        yield Mailed(service, Authority(folder / "authority"))
    finally:
        service.stop()
        shutil.rmtree(folder)


def without_certificate(service):
    """No certificate: STARTTLS is not offered, and mail is taken all the same."""
    with smtplib.SMTP("127.0.0.1", service.ports["smtp"], timeout=DEADLINE) as s:
        assert s.ehlo("x")[0] == 250 and not s.has_extn("starttls") and s.has_extn("size")
        assert s.docmd("STARTTLS")[0] == 454


def names_of(connection):
    return [value for kind, value in connection.getpeercert()["subjectAltName"]]


def test_starttls(mailed):
    """SMTP-02 SMTP-05: the report host's certificate whatever the name asked for; nothing is kept over TLS."""
    tag = mailed.add("tls.example")
    for name in (REPORTS, "other.example", None):
        context = ssl.create_default_context(cafile=str(mailed.authority.cert))
        context.check_hostname = False
        with mailed.smtp() as s:
            s.ehlo("x")
            assert {"starttls", "8bitmime", "pipelining", "enhancedstatuscodes"} <= set(s.esmtp_features)
            assert int(s.esmtp_features["size"]) == 25 << 20
            assert s.docmd("MAIL", "FROM:<a@b.example>")[0] == 250
            assert s.docmd("STARTTLS")[0] == 220
            s.sock = context.wrap_socket(s.sock, server_hostname=name)
            s.file = None
            assert names_of(s.sock) == [REPORTS]
            assert s.docmd("RCPT", f"TO:<{mailed.address(tag)}>")[0] == 503
            s.ehlo("x")
            assert not s.has_extn("starttls")
            assert s.sendmail("a@b.example", [mailed.address(tag)], mail(report(f"{name}", "tls.example"))) == {}
    assert mailed.send(tag, report("plain", "tls.example")), "whatever TLS the session has"
    eventually(lambda: reports_by_trust(mailed.service, "tls.example") == {"unsigned": 4})


def test_injected_before_tls(mailed):
    """SMTP-03: what was sent in clear behind STARTTLS is never obeyed under TLS."""
    context = ssl.create_default_context(cafile=str(mailed.authority.cert))
    with socket.create_connection(("127.0.0.1", mailed.service.ports["smtp"]), timeout=DEADLINE) as raw:
        assert raw.recv(4096).startswith(b"220 ")
        raw.sendall(b"EHLO x\r\nSTARTTLS\r\nEHLO injected\r\nMAIL FROM:<evil@x.example>\r\n")
        seen = b""
        while b"220 2.0.0" not in seen:
            seen += raw.recv(4096)
        assert seen.endswith(b"220 2.0.0 Begin TLS\r\n")
        try:
            tls = context.wrap_socket(raw, server_hostname=REPORTS)
        except OSError:
            return  # the bytes came after the handshake began, and broke it
        with tls:
            tls.sendall(b"RCPT TO:<postmaster>\r\n")
            assert tls.recv(4096).startswith(b"503 "), "there is no mail under way"


def test_swaks(mailed):
    """A sender with STARTTLS, SIZE and a packed report as an attachment."""
    tag = mailed.add("swaks.example")
    path = mailed.service.folder / "report.json"
    path.write_bytes(report("swaks", "swaks.example"))
    # Newer ones look at the name in the certificate, too, and have an option for another than the server's.
    version = subprocess.run(["swaks", "--version"], capture_output=True, text=True, timeout=DEADLINE).stdout.split()[2]
    target = ["--tls-verify-target", REPORTS] if version >= "2024" else []
    done = subprocess.run(
        ["swaks", "--server", f"127.0.0.1:{mailed.service.ports['smtp']}", "--to", mailed.address(tag), "--from",
         "tls@sender.example", "-tls", "--tls-verify", *target, "--tls-ca-path", mailed.authority.cert, "--attach-type",
         "application/tlsrpt+json", "--attach", f"@{path}"], capture_output=True, text=True, timeout=DEADLINE)
    assert done.returncode == 0 and "250 2.0.0 Stored" in done.stdout, done.stdout + done.stderr
    eventually(lambda: reports_by_trust(mailed.service, "swaks.example") == {"unsigned": 1})


def test_recipients(mailed):
    """Only addresses it knows, each told at once; nothing is relayed."""
    tag = mailed.add("rcpt.example")
    with mailed.smtp() as s:
        s.ehlo("x")
        s.docmd("MAIL", "FROM:<>")
        for address, code, said in ((f"r-nosuchtag@{REPORTS}", 550, b"5.1.1"), (f"info@{REPORTS}", 550, b"5.1.1"),
                                    ("info@rcpt.example", 550, b"5.7.1"), ("postmaster", 250, b"2.1.5"),
                                    (f"Postmaster@{REPORTS}.", 250, b"2.1.5"),
                                    (f"R-{tag.upper()}@{REPORTS.upper()}", 250, b"2.1.5")):
            got = s.docmd("RCPT", f"TO:<{address}>")
            assert got[0] == code and got[1].startswith(said), (address, got)
        assert s.docmd("DATA")[0] == 354
        s.send(mail(report("rcpt", "rcpt.example")) + b".\r\n")
        assert s.getreply()[0] == 250
    eventually(lambda: reports_by_trust(mailed.service, "rcpt.example") == {"unsigned": 1})


SMUGGLED = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n.\r\r\n", b"\r.\r\n", b"\n.\r"]


def test_smuggling(mailed):
    """No odd end of a mail is one: neither the mail nor what hides behind it is taken."""
    tag = mailed.add("smuggle.example")
    for number, end in enumerate(SMUGGLED):
        with socket.create_connection(("127.0.0.1", mailed.service.ports["smtp"]), timeout=DEADLINE) as raw:
            hidden = (b"MAIL FROM:<evil@x.example>\r\nRCPT TO:<" + mailed.address(tag).encode() + b">\r\nDATA\r\n" +
                      mail(report(f"hidden{number}", "smuggle.example")) + b"\r\n.\r\n")
            raw.sendall(b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<" + mailed.address(tag).encode() +
                        b">\r\nDATA\r\n" + mail(report(f"outer{number}", "smuggle.example")).rstrip() + end + hidden)
            raw.shutdown(socket.SHUT_WR)
            seen = b"".join(iter(lambda: raw.recv(65536), b""))
        assert b"\r\n521 5.5.2 " in seen and b"2.0.0 Stored" not in seen, (end, seen)
    assert mailed.send(tag, report("good", "smuggle.example"))
    eventually(lambda: mailed.exported("unsigned", "smuggle.example") == ["rgood"])


def test_dots_and_bytes_arrive(mailed):
    """Transparency, 8BITMIME, and a mail in single bytes: what is archived is what was sent."""
    tag = mailed.add("dots.example")
    body = report("dots", "dots.example", who=".a\u00e4\u20ac").replace(b'", "', b'",\r\n.\r\n..\r\n "').replace(
        b"\r\n.\r\n..\r\n", b"\r\n")
    with mailed.smtp() as s:
        assert s.sendmail("a@b.example", [mailed.address(tag)], mail(body), mail_options=["BODY=8BITMIME"]) == {}
    lines = (f"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<{mailed.address(tag)}>\r\nDATA\r\n".encode() +
             mail(report("slow", "dots.example")) + b".\r\nQUIT\r\n")
    with socket.create_connection(("127.0.0.1", mailed.service.ports["smtp"]), timeout=DEADLINE) as raw:
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(lines)):
            raw.send(lines[i:i + 1])
        seen = b"".join(iter(lambda: raw.recv(65536), b""))
    assert b"250 2.0.0 Stored\r\n221 " in seen, seen
    eventually(lambda: mailed.exported("unsigned", "dots.example") == ["rdots", "rslow"])


def test_too_large(mailed):
    """SIZE says so before; a mail that grows beyond it is refused at its end, and the connection goes on."""
    tag = mailed.add("large.example")
    with mailed.smtp() as s:
        s.ehlo("x")
        assert s.docmd("MAIL", f"FROM:<a@b.example> SIZE={(25 << 20) + 1}")[0] == 552
        assert s.helo("x")[0] == 250
        assert s.docmd("MAIL", "FROM:<a@b.example>")[0] == 250
        assert s.rcpt(mailed.address(tag))[0] == 250
        assert s.data((b"y" * 998 + b"\r\n") * 26300)[0] == 552
        assert s.sendmail("a@b.example", [mailed.address(tag)], mail(report("fits", "large.example"))) == {}


def test_memory_of_one_address(mailed):
    """RPT-87: large mails that never end take a bounded part of the memory, and small ones still fit."""
    tag = mailed.add("memory.example")
    block = (b"y" * 998 + b"\r\n") * 1000

    def begin(stack):
        s = stack.enter_context(mailed.smtp())
        s.helo("x")
        s.docmd("MAIL", "FROM:<a@b.example>")
        s.rcpt(mailed.address(tag))
        assert s.docmd("DATA")[0] == 354
        return s

    with contextlib.ExitStack() as stack:
        first, second = begin(stack), begin(stack)
        for s, blocks in ((first, 24), (second, 24)):
            for _ in range(blocks):
                s.send(block)
        second.send(b".\r\n")
        assert second.getreply()[0] == 452
        assert mailed.send(tag, report("small", "memory.example"))
        first.sock.close()
        first.sock = None
    eventually(lambda: reports_by_trust(mailed.service, "memory.example") == {"unsigned": 1})


def test_many_connections(mailed):
    """RPT-87: one address has its share; its oldest idle connection makes room for a new one."""
    with contextlib.ExitStack() as stack:
        idle = [stack.enter_context(socket.create_connection(("127.0.0.1", mailed.service.ports["smtp"]), timeout=DEADLINE))
                for _ in range(32)]
        for s in idle:
            assert s.recv(4096).startswith(b"220 ")
        fresh = stack.enter_context(socket.create_connection(("127.0.0.1", mailed.service.ports["smtp"]), timeout=DEADLINE))
        assert fresh.recv(4096).startswith(b"220 ")
        assert idle[0].recv(4096).startswith(b"421 4.7.0 ") and idle[0].recv(4096) == b""
        idle[1].sendall(b"NOOP\r\n")
        assert idle[1].recv(4096).startswith(b"250 ")


def test_lmtp(mailed):
    """A reply for each recipient; addresses of other hosts are what the mail server made of them."""
    tag, other = mailed.add("lmtp.example"), mailed.add("lmtp2.example")
    path = mailed.service.folder / "lmtp"
    assert stat.S_IMODE(path.stat().st_mode) == 0o666
    with mailed.lmtp() as s:
        s.ehlo("x")
        assert s.docmd("MAIL", "FROM:<a@b.example>")[0] == 250
        codes = [s.rcpt(to)[0] for to in (mailed.address(tag), f"r-unknown@{REPORTS}", mailed.address(other),
                                          "tlsrpt@lmtp.example")]
        assert codes == [250, 550, 250, 250]
        assert s.data(mail(report("lmtp", "lmtp.example")))[0] == 250
        assert [s.getreply()[0] for _ in range(2)] == [250, 250]
    eventually(lambda: reports_by_trust(mailed.service, "lmtp.example") == {"unsigned": 1})


def test_domain_from_the_address(mailed):
    """RPT-94: a report that names no domain belongs to the one whose address it came to."""
    tag = mailed.add("nameless.example")
    body = json.loads(report("nameless", "x"))
    del body["policies"][0]["policy"]["policy-domain"]
    body["report-id"] = "nameless"
    assert mailed.send(tag, json.dumps(body).encode())
    eventually(lambda: reports_by_trust(mailed.service, "nameless.example") == {"unsigned": 1})


def test_allowance(tmp_path, authority):
    """RPT-87: used up, it is said with a temporary code; each domain has its own; a restart forgets nothing."""
    service = start(tmp_path, "keep_unsigned = 3")
    try:
        mailed = Mailed(service, authority)
        tag, other = mailed.add("few.example"), mailed.add("others.example")
        for number in range(3):
            assert mailed.send(tag, report(number, "few.example"))
        refused = lambda to, number: pytest.raises(smtplib.SMTPDataError, mailed.send, to, report(number, "few.example"))
        assert refused(tag, 3).value.smtp_code == 452
        assert mailed.send(tag, report(0, "few.example")), "what is there is taken again"
        assert mailed.send(other, report(0, "others.example"))
        eventually(lambda: reports_by_trust(service, "few.example") == {"unsigned": 3})
        eventually(lambda: reports_by_trust(service, "others.example") == {"unsigned": 1})
        for pid, role in service.children().items():
            if role == "intake":
                os.kill(pid, signal.SIGKILL)
        again = eventually(lambda: send_or_none(mailed, tag, report(4, "few.example")))
        assert again == 452
    finally:
        service.stop()


def test_signed_mail_when_the_allowance_is_used_up(tmp_path, authority):
    """RPT-87: a flood of unsigned mail never keeps out what a verified signer sends, and that uses nothing up."""
    signing = pytest.importorskip("test_dkim", reason="needs python3-dkim")
    if not signing.KNOTD:
        pytest.skip("needs knotd")
    key = signing.Key(tmp_path, "ed", "ed25519")
    names = signing.Names(tmp_path / "names", {"example": [("ed._domainkey.sender", key.record)]}).start()
    service = start(tmp_path, "keep_unsigned = 2", f"[resolver]\nstub = example=127.0.0.1:{names.port}\n"
                                                   "trust_anchor = off\n")
    try:
        mailed, domain = Mailed(service, authority), "flood.example"
        tag = mailed.add(domain)
        text = lambda number: signing.mail(number, domain)
        signed = lambda number: signing.sign(text(number), key, "ed")
        forged = lambda number: signed(number).replace(b"A report.", b"A lie.")

        def send(mail_text):
            with mailed.smtp() as s:
                s.ehlo("x")
                s.docmd("MAIL", "FROM:<tls@sender.example>")
                s.rcpt(mailed.address(tag))
                return s.data(mail_text)[0]

        seen = lambda: reports_by_trust(service, domain)
        assert [send(signed(n)) for n in ("s1", "s2")] == [250, 250]
        eventually(lambda: seen() == {"dkim": 2})
        assert [send(text(n)) for n in ("u1", "u2", "u3")] == [250, 250, 452]
        assert send(forged("f1")) == 452
        assert [send(signed(n)) for n in ("s3", "s4", "s3")] == [250, 250, 250]
        assert send(text("u4")) == 452
        eventually(lambda: seen() == {"dkim": 4, "unsigned": 2})
        ingest = lambda mail_text: service.run("ingest", stdin=mail_text).returncode
        assert [ingest(text(f"i{n}")) for n in range(5)] == [0, 0, 0, 0, 75], "two for each of the two domains"
        assert [ingest(forged("f2")), ingest(signed("s5"))] == [75, 0]
        eventually(lambda: seen() == {"dkim": 5, "unsigned": 6})
        service.stop(signal.SIGKILL)
        service.start()
        assert seen() == {"dkim": 5, "unsigned": 6}
        assert [send(text("u5")), send(signed("s6"))] == [452, 250]
    finally:
        service.stop()
        names.stop()


def send_or_none(mailed, tag, body):
    """The code of the answer; None: there was none."""
    try:
        return 250 if mailed.send(tag, body) else None
    except smtplib.SMTPResponseException as e:
        return e.smtp_code
    except OSError:
        return None


def test_end_of_service(tmp_path, authority):
    """SIGTERM: idle connections hear 421, and nothing that was acknowledged is lost."""
    service = start(tmp_path)
    mailed = Mailed(service, authority)
    tag = mailed.add("end.example")
    with socket.create_connection(("127.0.0.1", service.ports["smtp"]), timeout=DEADLINE) as raw:
        assert raw.recv(4096).startswith(b"220 ")
        assert mailed.send(tag, report("end", "end.example"))
        service.stop()
        assert raw.recv(4096).startswith(b"421 4.3.2 ")
    service.start()
    try:
        eventually(lambda: reports_by_trust(service, "end.example") == {"unsigned": 1})
    finally:
        service.stop()


POSTFIX = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = /tmp
myhostname = sender.example
mydestination =
alias_maps =
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtp_tls_CAfile = {ca}
smtp_tls_secure_cert_match = {host}
smtp_tls_loglevel = 1
smtp_connection_cache_on_demand = no
transport_maps = inline:{{ {transports} }}
virtual_alias_maps = inline:{{ {{tls-reports@sender.example = tls-reports@mxseal.invalid}} }}
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
cleanup  unix  n - n - 0 cleanup
qmgr     unix  n - n 300 1 qmgr
tlsmgr   unix  - - n 1000? 1 tlsmgr
rewrite  unix  - - n - - trivial-rewrite
bounce   unix  - - n - 0 bounce
defer    unix  - - n - 0 bounce
trace    unix  - - n - 0 bounce
proxymap unix  - - n - - proxymap
plain    unix  - - n - - smtp -o smtp_tls_security_level=none
secured  unix  - - n - - smtp -o smtp_tls_security_level=secure
lmtp     unix  - - y - - lmtp
error    unix  - - n - - error
retry    unix  - - n - - error
anvil    unix  - - n - 1 anvil
scache   unix  - - n - 1 scache
postlog  unix-dgram n - n - 1 postlogd
"""


@contextlib.contextmanager
def postfix(folder, transports, authority):
    """A Postfix of its own that delivers by these transports; the port it takes mail on."""
    folder.mkdir()
    (folder / "data").mkdir()
    (folder / "queue").mkdir()
    shutil.chown(folder / "data", "postfix")
    port = free_port()
    (folder / "main.cf").write_text(POSTFIX.format(folder=folder, ca=authority.cert, host=REPORTS,
                                                   transports=", ".join(f"{{{k} = {v}}}" for k, v in transports)))
    (folder / "master.cf").write_text(MASTER.format(port=port))
    program = subprocess.Popen(["postfix", "-c", folder, "start-fg"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        try:
            eventually(lambda: accepts(port))
        except AssertionError:
            pytest.fail((folder / "log").read_text())
        yield port
    finally:
        program.terminate()
        program.wait(DEADLINE)


def accepts(port):
    with contextlib.suppress(OSError):
        return socket.create_connection(("127.0.0.1", port), timeout=DEADLINE).recv(4096).startswith(b"220 ")


@pytest.mark.skipif(os.geteuid() != 0, reason="Postfix is started by root only")
def test_postfix_delivers(mailed):
    """By SMTP in clear, by SMTP over a verified STARTTLS session, and by LMTP over a Unix socket, the last also
    for an address of its own as docs/reports.md has it."""
    tags = {way: mailed.add(f"postfix-{way}.example") for way in ("plain", "secured", "lmtp")}
    server = f"[127.0.0.1]:{mailed.service.ports['smtp']}"
    hops = {"plain": f"plain:{server}", "secured": f"secured:{server}",
            "lmtp": "lmtp:unix:mxseal/lmtp"}
    folder = mailed.service.folder / "postfix"
    transports = [(mailed.address(tag), hops[way]) for way, tag in tags.items()]
    transports.append(("mxseal.invalid", "lmtp:unix:mxseal/lmtp"))
    mailed.add("own.example")
    with postfix(folder, transports, mailed.authority) as port:
        # Postfix's own lmtp lives in a chroot, its queue, as Debian has it: the socket itself must lie there.
        (folder / "queue/mxseal").mkdir(mode=0o755)
        os.link(mailed.service.folder / "lmtp", folder / "queue/mxseal/lmtp")
        with smtplib.SMTP("127.0.0.1", port, timeout=DEADLINE) as s:
            s.sendmail("tls@sender.example", ["tls-reports@sender.example"], mail(report("own", "own.example")))
        for way, tag in tags.items():
            with smtplib.SMTP("127.0.0.1", port, timeout=DEADLINE) as s:
                s.sendmail("tls@sender.example", [mailed.address(tag)], mail(report(way, f"postfix-{way}.example")))
        try:
            for way in tags:
                eventually(lambda: reports_by_trust(mailed.service, f"postfix-{way}.example") == {"unsigned": 1})
            eventually(lambda: reports_by_trust(mailed.service, "own.example") == {"unsigned": 1})
        except AssertionError:
            pytest.fail((folder / "log").read_text())
        assert "Verified TLS connection established to 127.0.0.1" in (folder / "log").read_text()


ROUNDS = 200 if LONG else 8


class Load:
    """Reports by every way at once; what was acknowledged is noted by its way and identifier."""

    def __init__(self, mailed, domain, folder):
        self.mailed, self.domain, self.folder = mailed, domain, folder
        self.tag = mailed.add(domain)
        self.numbers = itertools.count()
        self.acknowledged, self.sent = set(), set()
        self.stop = threading.Event()
        self.threads = [threading.Thread(target=self.go, args=(way,)) for way in
                        (self.by_smtp, self.by_lmtp, self.by_post, self.by_ingest, self.by_import)]

    def by_smtp(self, body):
        return self.mailed.send(self.tag, body)

    def by_lmtp(self, body):
        with self.mailed.lmtp() as s:
            return s.sendmail("a@b.example", [self.mailed.address(self.tag)], mail(body)) == {}

    def by_post(self, body):
        return self.mailed.post(body, JSON, self.tag)[0] in (200, 201)

    def by_ingest(self, body):
        return self.mailed.service.run("ingest", stdin=mail(body)).returncode == 0

    def by_import(self, body):
        path = self.folder / "import.json"
        path.write_bytes(body)
        return self.mailed.service.run("report", "import", path).returncode == 0

    def offer(self, way, number):
        with contextlib.suppress(OSError, smtplib.SMTPException, subprocess.TimeoutExpired):
            if way(report(number, self.domain)):
                self.acknowledged.add((way, number))
                return True
        return False

    def go(self, way):
        while not self.stop.is_set():
            number = f"{way.__name__}{next(self.numbers)}"
            self.sent.add((way, number))
            if not self.offer(way, number):
                time.sleep(0.02)

    def start(self):
        for thread in self.threads:
            thread.start()

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def stored_of(mailed, domain):
    try:
        done = mailed.service.run("report", "export", "--jsonl")
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return sorted(r["report_id"] for r in rows if r["domain"] == domain) if done.returncode == 0 else None
    except json.JSONDecodeError:
        return None


def test_acknowledged_is_stored_exactly_once(tmp_path, authority):
    """RPT-81: kill -9 of each process at random, the parent too, while reports come by every way."""
    service = start(tmp_path, "keep_unsigned = unlimited\nkeep_posted = unlimited\n")
    mailed, chance = Mailed(service, authority), random.Random(20260512)
    load = Load(mailed, "load.example", tmp_path)
    load.start()
    try:
        for turn in range(ROUNDS):
            time.sleep(chance.uniform(0.05, 0.4))
            pids = list(service.children())
            victim = service.process.pid if turn % 8 == 7 or not pids else chance.choice(pids)
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim, signal.SIGKILL)
            if victim == service.process.pid:
                service.stop()
                service.start()
        enough = len(load.acknowledged) + 10
        eventually(lambda: len(load.acknowledged) >= enough)
    finally:
        load.end()
    try:
        wanted = {"r" + number for _, number in load.acknowledged}
        eventually(lambda: wanted <= set(stored_of(mailed, "load.example") or []))
        stored = stored_of(mailed, "load.example")
        assert len(stored) == len(set(stored)), "none twice"
        assert set(stored) <= {"r" + number for _, number in load.sent}
        ways = {way.__name__ for way, _ in load.acknowledged}
        assert ways == {"by_smtp", "by_lmtp", "by_post", "by_ingest", "by_import"}, ways
        total = eventually(lambda: settled(service, "load.example"))
        assert total is not None
        # What was not acknowledged may be sent again: then it is there, and once.
        for way, number in load.sent - load.acknowledged:
            eventually(lambda: load.offer(way, number))
        everything = sorted("r" + number for _, number in load.sent)
        eventually(lambda: stored_of(mailed, "load.example") == everything)
    finally:
        service.stop()


def quarantined(service):
    return {row["sha256"]: row for row in service.json("report", "quarantine")["items"]}


def change_rows(service, statement, *values):
    with contextlib.closing(sqlite3.connect(service.state / "mxseal.db")) as db, db:
        assert db.execute(statement, values).rowcount > 0


def test_quarantine(tmp_path, authority):
    """RPT-70: with its reason, way in and bytes; read again by a newer program; dropped from the list by age."""
    service = start(tmp_path, "keep_quarantine = 30")
    try:
        mailed = Mailed(service, authority)
        tag = mailed.add("quarantine.example")
        broken, note = mail(b'{"organization-name": '), b"Subject: hello\r\n\r\nplease call\r\n"
        with mailed.smtp() as s:
            s.sendmail("a@b.example", [mailed.address(tag)], broken)
            s.sendmail("a@b.example", ["postmaster"], note)
            s.sendmail("a@b.example", [mailed.address(tag)], note + b"today\r\n")
            s.sendmail("a@b.example", [mailed.address(tag)], mail(report("far", "not-here.example")))
        rows = eventually(lambda: (lambda q: q if len(q) == 2 else None)(quarantined(service)))
        by_reason = {row["reason"]: row for row in rows.values()}
        assert set(by_reason) == {"not-json", "to-postmaster"}
        assert (by_reason["not-json"]["way"], by_reason["not-json"]["domain"]) == ("smtp", "quarantine.example")
        for sent, reason in ((broken, "not-json"), (note, "to-postmaster")):
            sha256 = by_reason[reason]["sha256"]
            assert hashlib.sha256(sent).hexdigest() == sha256
            done = service.run("report", "quarantine", sha256, stdin=b"", check=0)
            assert done.stdout == sent
            service.run("explain", reason, check=0)
        assert sorted(rows) == [line for line in service.run("report", "quarantine", check=0).stdout.splitlines()
                                if not line.startswith(" ")]
        assert service.run("report", "quarantine", "0" * 64).returncode == 1
        assert service.json("report", "retry")["quarantined"] == 2
        eventually(lambda: ways(mailed) == {"messages": 4, "quarantined": 2, "no-report": 1, "foreign": 1})
        service.stop()
        change_rows(service, "update quarantine set program = 'older', tries = 1")
        service.start()
        eventually(lambda: {row["tries"] for row in quarantined(service).values()} == {2})
        service.stop()
        change_rows(service, "update quarantine set arrived = arrived - 31 * 86400 where reason = 'not-json'")
        service.start()
        eventually(lambda: set(quarantined(service)) == {by_reason["to-postmaster"]["sha256"]})
    finally:
        service.stop()


def ways(mailed):
    """What became of what came by SMTP, as /metrics tells it."""
    with urllib.request.urlopen(f"http://127.0.0.1:{mailed.service.ports['admin']}/metrics", timeout=DEADLINE) as answer:
        text = answer.read().decode()
    return {outcome: int(n) for outcome, n in
            re.findall(r'^mxseal_taken_total\{way="smtp",outcome="([a-z-]+)"\} (\d+)$', text, re.M)}
