"""[imap NAME] against servers that are broken or hostile, which no real one can be asked to be."""
import contextlib
import pathlib
import re
import signal
import socketserver
import threading

import pytest

from test_intake_ways import mail, report, reports_by_trust
from test_mailbox import SHORT, way

from conftest import eventually


class Odd(socketserver.ThreadingTCPServer):
    """A mailbox of messages; one method a command, which a test replaces."""
    allow_reuse_address = daemon_threads = True

    def __init__(self, messages):
        self.messages, self.asked = messages, []
        super().__init__(("127.0.0.1", 0), Session)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def fetch(self, session, uid):
        """The answer to a fetch of the message; a test may do anything else."""
        body = self.messages[uid]
        session.send(b"* %d FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (uid, uid, len(body), body))

    def look(self, session, uid):
        session.send(b"* %d FETCH (UID %d RFC822.SIZE %d BODYSTRUCTURE (\"APPLICATION\" \"JSON\" NIL NIL NIL "
                     b"\"7BIT\" 9) BODY[HEADER.FIELDS (A)] {2}\r\n\r\n)\r\n" % (uid, uid, len(self.messages[uid])))

    def search(self, session, first):
        session.send(b"* SEARCH " + b" ".join(b"%d" % u for u in sorted(self.messages) if u >= first) + b"\r\n")


class Session(socketserver.StreamRequestHandler):
    def send(self, text):
        self.wfile.write(text)

    def handle(self):
        with contextlib.suppress(OSError):
            self.send(b"* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] odd\r\n")
            for line in self.rfile:
                self.answer(line.decode().strip())

    def answer(self, line):
        tag, command = line.split(" ", 1)
        self.server.asked.append(command)
        if command.startswith("UID SEARCH"):
            self.server.search(self, int(re.search(r"UID (\d+):", command)[1]))
        for uid in map(int, re.search(r"UID FETCH ([\d,]+)", command)[1].split(",") if "FETCH" in command else []):
            (self.server.look if "STRUCTURE" in command else self.server.fetch)(self, uid)
        if "CAPABILITY" in command:
            self.send(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR\r\n")
        if "EXAMINE" in command:
            self.send(b"* OK [UIDVALIDITY 1] fine\r\n")
        self.send(tag.encode() + b" OK done\r\n")


@pytest.fixture
def poll(make_product, tmp_path):
    """poll(server): a product that polls it without TLS, which loopback allows."""
    secret = tmp_path / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)

    def start(server):
        service = make_product(text=SHORT)
        service.run("domain", "add", "loop.example", "--mx", "mx.loop.example", check=0)
        with open(service.folder / "mxseal.conf", "a") as config:
            config.write(f"[imap odd]\nurl = imap://127.0.0.1:{server.server_address[1]}/\nuser = u\n"
                         f"password_file = {secret}\nevery = 1\n")
        service.process.send_signal(signal.SIGHUP)
        eventually(lambda: service.json("report", "ways")["items"])
        return service
    return start


def intake_memory(service):
    pid = [pid for pid, role in service.children().items() if role == "intake"][0]
    return int(re.search(r"VmHWM:\s+(\d+)", pathlib.Path(f"/proc/{pid}/status").read_text())[1])


def test_a_message_that_ends_the_connection(poll):
    """One bad message never blocks those behind it: after three tries it is passed over, with a note."""
    class Dies(Odd):
        def fetch(self, session, uid):
            if uid == 2:
                session.connection.close()
                raise OSError
            super().fetch(session, uid)

    with Dies({n: mail(report(n)) for n in range(1, 5)}) as server:
        service = poll(server)
        eventually(lambda: reports_by_trust(service) == {"unsigned": 3})
        state = eventually(lambda: (w := way(service, "odd"))["state"] == "ok" and w)
        assert state["skipped"] == 1 and "UID 2 was passed over" in state["note"]
        assert sum("UID FETCH 2 (UID BODY" in c for c in server.asked) == 3
        assert not any("BODY[]" in c and "PEEK" not in c for c in server.asked)
        server.shutdown()


def test_letters_are_not_fetched(poll):
    """What is text alone is known by its structure; nobody's words are asked for."""
    class Letters(Odd):
        def look(self, session, uid):
            if uid == 2:
                return super().look(session, uid)
            session.send(b"* %d FETCH (UID %d RFC822.SIZE 90 BODYSTRUCTURE (\"TEXT\" \"PLAIN\" NIL NIL NIL \"7BIT\" 9 1) "
                         b"BODY[HEADER.FIELDS (A)] {2}\r\n\r\n)\r\n" % (uid, uid))

    with Letters({1: b"Dear Bob", 2: mail(report(1)), 3: b"Dear Alice"}) as server:
        service = poll(server)
        eventually(lambda: reports_by_trust(service) == {"unsigned": 1})
        eventually(lambda: way(service, "odd")["looked_at"] == 3)
        fetched = [c for c in server.asked if "FETCH" in c and "STRUCTURE" not in c]
        assert fetched and all(c.startswith("UID FETCH 2 ") for c in fetched), fetched
        server.shutdown()


def test_answers_that_lie(poll):
    """Wrong numbers, broken responses and refusals cost their own message only."""
    class Lies(Odd):
        def look(self, session, uid):
            if uid == 1:  # says that it is small, and is not
                session.send(b"* 1 FETCH (UID 1 RFC822.SIZE 10)\r\n")
            elif uid == 2:  # no such list
                session.send(b"* 2 FETCH (UID 2 BODYSTRUCTURE ((((\"TEXT\")\r\n")
            elif uid == 3:  # of another message
                session.send(b"* 9 FETCH (UID 99 RFC822.SIZE 1)\r\n* 5 FETCH\r\n* BOGUS\r\n")
            else:
                super().look(session, uid)

        def fetch(self, session, uid):
            if uid == 1:
                session.send(b"* 1 FETCH (UID 1 BODY[] {30000000}\r\n")
                session.send(b"x" * 30000000)
                session.send(b")\r\n")
            elif uid == 4:  # another one's text
                session.send(b"* 4 FETCH (UID 5 BODY[] {3}\r\nabc)\r\n")
            else:
                super().fetch(session, uid)

    with Lies({n: mail(report(n)) for n in range(1, 7)}) as server:
        service = poll(server)
        eventually(lambda: reports_by_trust(service) == {"unsigned": 4})
        state = eventually(lambda: (w := way(service, "odd"))["state"] == "ok" and w)
        assert state["skipped"] == 1 and "larger than 25 MiB" in state["note"]
        server.shutdown()


def test_endless_answers(poll):
    """A server that never stops talking costs bounded memory, and is told of."""
    class Talks(Odd):
        def search(self, session, first):
            line = b"* SEARCH " + b"7 " * 100000
            while True:
                session.send(line)

    with Talks({1: b"x"}) as server:
        service = poll(server)
        eventually(lambda: way(service, "odd")["why"])
        assert intake_memory(service) < 1_500_000, "kB, with a sanitizer's own"
        server.shutdown()
