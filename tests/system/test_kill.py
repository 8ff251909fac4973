"""kill -9 of any process at any moment, under load: what senders notice of it, and what is left."""
import contextlib
import json
import os
import random
import signal
import sqlite3
import threading
import time

from conftest import LONG, SECOND, eventually

DOMAIN = "kill.example"
HOST = "mta-sts." + DOMAIN
ROUNDS = 500 if LONG else 12


class Load:
    """Senders that fetch, a mail server that delivers reports, an operator who changes the policy, until told to end."""

    def __init__(self, service):
        self.service = service
        self.over = threading.Event()
        self.fetched, self.killed, self.statuses = 0, "", set()
        self.longest = {}  # seconds between a failed fetch and its sender's next good one, by what was killed last before
        self.delivered, self.refused, self.ids = set(), set(), []
        self.threads = [threading.Thread(target=job) for job in (self.fetch, self.fetch, self.deliver, self.change)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def fetch(self):
        failing = None
        while failing or not self.over.is_set():
            began = time.monotonic()
            try:
                status = self.service.fetch(HOST)[0]
            except (OSError, ValueError, IndexError):  # no connection, or one that ended in the middle
                failing = failing or (began, self.killed)
                time.sleep(0.01)  # a sender's, not ours: it tries again
                continue
            if failing:
                began, killed = failing
                self.longest[killed] = max(self.longest.get(killed, 0), time.monotonic() - began)
            failing = None
            self.fetched += 1
            self.statuses.add(status)

    def deliver(self):
        number = 0
        while not self.over.is_set():
            done = self.service.run("ingest", stdin=mail(number))
            (self.delivered if done.returncode == 0 else self.refused).add(number)
            number += 1

    def change(self):
        while not self.over.wait(0.2):
            done = self.service.run("policy", "bump", DOMAIN, "--json")
            if done.returncode == 0:
                self.ids.append(json.loads(done.stdout)["policy"]["id"])


def mail(number):
    report = {"organization-name": "Example Sender", "contact-info": "tls@sender.example", "report-id": f"k{number}",
              "date-range": {"start-datetime": "2026-05-12T00:00:00Z", "end-datetime": "2026-05-12T23:59:59Z"},
              "policies": [{"policy": {"policy-type": "sts", "policy-domain": DOMAIN},
                            "summary": {"total-successful-session-count": 1, "total-failure-session-count": 0}}]}
    return (b"From: tls@sender.example\r\nMIME-Version: 1.0\r\nContent-Type: application/tlsrpt+json\r\n\r\n" +
            json.dumps(report).encode())


def stored(service):
    done = service.run("report", "summary", DOMAIN, "--from", "2026-05-12", "--to", "2026-05-12", "--trust", "unsigned", "--json")
    return json.loads(done.stdout)["reports"] if done.returncode == 0 else None


def restart(service):
    """The parent is killed, and started again once nothing of it is left."""
    children = service.children()
    service.process.kill()
    service.process.wait()
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}/exe") for pid in children), pause=0.005)
    service.log.close()
    service.start()


def test_of_any_process_at_any_moment(demo):
    """RPT-81: no fetch fails for longer than a second, nothing acknowledged is lost, the databases open clean."""
    chance = random.Random(os.environ.get("MXSEAL_TEST_SEED", "1"))
    demo.run("domain", "add", DOMAIN, "--mx", "mx." + DOMAIN, check=0)
    killed = {}
    with Load(demo) as load:
        eventually(lambda: load.fetched and load.delivered and load.ids)
        for _ in range(ROUNDS):
            time.sleep(chance.uniform(0.05, 0.6))  # the moment is any
            pid, role = chance.choice([*demo.children().items(), (0, "parent")])
            load.killed = role
            killed[role] = killed.get(role, 0) + 1
            if role == "parent":
                restart(demo)
            else:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
    print(f"killed {killed}, {load.fetched} fetches, at most {load.longest} s without one, {len(load.delivered)} mails and "
          f"{len(load.ids)} changes acknowledged")
    assert load.statuses == {200}
    assert all(seconds <= SECOND for seconds in load.longest.values()), load.longest
    for number in sorted(load.refused):
        eventually(lambda: demo.run("ingest", stdin=mail(number)).returncode == 0)
    eventually(lambda: stored(demo) == len(load.delivered) + len(load.refused))
    history = eventually(lambda: demo.run("policy", "history", DOMAIN, "--json").stdout)
    assert set(load.ids) <= {row["id"] for row in json.loads(history)["items"]}
    demo.stop()
    for name in ("mxseal.db", "edge/edge.db"):
        with contextlib.closing(sqlite3.connect(demo.state / name)) as opened:
            assert opened.execute("pragma integrity_check").fetchone() == ("ok",), name
