"""What somebody is told of without asking: once when it opens, when it gets worse, when it is over."""
import contextlib
import email
import email.policy
import json
import os
import signal
import sqlite3
import subprocess
import time

import pytest

from conftest import DEADLINE, ROOT, eventually, free_port
from customers import Knot, needs_internet, product, wait_announced

pytestmark = needs_internet
DAY = 86400


# What is read meanwhile is whole mails.
TAKE = "cat >new.$$ && mv new.$$ mail.$(date +%s%N)"


class Box:
    """A command for [alert] that appends each mail to a file, as far as it is let."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.script = folder / "take"
        self.takes(TAKE)

    def takes(self, shell):
        new = self.script.with_suffix(".new")
        new.write_text(f"#!/bin/sh\ncd {self.folder}\n{shell}\n")
        new.chmod(0o755)
        new.rename(self.script)

    def conf(self, to="postmaster@elsewhere.example"):
        return f"\n[alert]\ncommand = {self.script}\nto = {to}\n"

    def mails(self):
        return [email.message_from_bytes(p.read_bytes(), policy=email.policy.default)
                for p in sorted(self.folder.glob("mail.*"))]

    def events(self):
        return [m["X-Mxseal-Event"] for m in self.mails()]

    def wait(self, *events):
        """Until exactly these have come, in this order."""
        eventually(lambda: len(self.events()) >= len(events), seconds=240)
        assert self.events() == list(events)
        return self.mails()[-1]


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path / "box")


@pytest.fixture
def zone(tmp_path):
    server = Knot(tmp_path / "zone")
    yield server
    server.stop()


DOMAIN = "acme.example"


@contextlib.contextmanager
def database(service):
    with contextlib.closing(sqlite3.connect(service.state / "mxseal.db", timeout=DEADLINE)) as db, db:
        yield db


def check(service, domain=DOMAIN):
    """A look from outside, which also has what is to be said said at once."""
    return service.json("alert", "check", domain, check=None)


def found(service, what, domain=DOMAIN):
    """The first look of which what is true: a resolver may remember for a second."""
    return eventually(lambda: (look := check(service, domain)) and what(look) and look, pause=0.3)


def served(make_product, zone, authority, box, way="txt", days=None, extra=""):
    """A domain whose policy is announced, all in order."""
    service = product(make_product, zone, authority.cert, extra=box.conf() + extra)
    zone.update(f"add {DOMAIN}. 0 MX 10 mx.{DOMAIN}.", f"add mx.{DOMAIN}. 0 A 192.0.2.1",
                f"add mta-sts.{DOMAIN}. 0 A {service.address}")
    service.run("domain", "add", DOMAIN, "--mx", f"mx.{DOMAIN}", "--way", way, check=0)
    service.run("cert", "import", authority.issue(f"mta-sts.{DOMAIN}", days=days), check=0)
    typed(service, zone)
    wait_announced(service, DOMAIN)
    return service


def typed(service, zone):
    def value():
        rows = service.json("records", DOMAIN)["records"]
        return next(r["value"] for r in rows if r["purpose"] == "policy-id")

    zone.update(f"delete _mta-sts.{DOMAIN}. TXT", f'add _mta-sts.{DOMAIN}. 0 TXT "{eventually(value)}"')


def opened(service, domain=DOMAIN):
    return {i["cause"]: i for i in service.json("alert", "list")["items"] if i["name"] == domain}


def test_an_mx_host_opens_worsens_and_closes(make_product, zone, authority, box):
    """One mail when it opens, none while it stays, one when it is worse, one when it is over."""
    service = served(make_product, zone, authority, box)
    assert check(service)["mx"]["state"] == "good" and opened(service) == {}
    zone.update(f"add {DOMAIN}. 0 MX 20 mx2.{DOMAIN}.")
    look = found(service, lambda x: x["mx"]["state"] == "bad")
    assert look["mx"] == {"state": "bad", "hosts": 2, "unmatched": [f"mx2.{DOMAIN}"], "why": None}
    mail = box.wait("opened mx-not-matched")
    assert mail["To"] == "postmaster@elsewhere.example" and mail["Auto-Submitted"] == "auto-generated"
    assert mail["Subject"].startswith(f"[mxseal] {DOMAIN}: mail would be refused in enforce - ")
    body = mail.get_content()
    assert f"mx2.{DOMAIN}" in body and f"mxseal policy set {DOMAIN} --add-mx mx2.{DOMAIN}" in body
    assert max(map(len, body.splitlines())) <= 80
    assert opened(service)["mx-not-matched"]["severity"] == "warn"
    for _ in range(3):
        check(service)
    service.stop()
    service.start()
    check(service)
    service.run("policy", "set", DOMAIN, "--mode", "enforce", "--anyway", "a test", check=0)
    typed(service, zone)
    eventually(lambda: service.json("policy", "show", DOMAIN)["state"] == "announced")
    check(service)
    mail = box.wait("opened mx-not-matched", "worse mx-not-matched")
    assert "worse - mail refused now" in mail["Subject"]
    service.run("policy", "set", DOMAIN, "--add-mx", f"mx2.{DOMAIN}", check=0)
    typed(service, zone)
    eventually(lambda: service.json("policy", "show", DOMAIN)["state"] == "announced")
    assert check(service)["mx"]["state"] == "good"
    mail = box.wait("opened mx-not-matched", "worse mx-not-matched", "closed mx-not-matched")
    assert "closed - " in mail["Subject"] and opened(service) == {}
    closed = service.json("alert", "list", "--closed")["items"]
    assert [(i["cause"], i["state"]) for i in closed] == [("mx-not-matched", "closed")]
    assert len({m["Message-ID"] for m in box.mails()}) == 3


def test_a_command_that_fails_is_tried_again(make_product, zone, authority, box):
    """Its words are in the log, in doctor and in the metrics; then the mail goes out once."""
    box.takes("cat >/dev/null; echo no room >&2; exit 75")
    service = served(make_product, zone, authority, box)
    zone.update(f"add {DOMAIN}. 0 MX 20 mx2.{DOMAIN}.")
    found(service, lambda x: x["alerts"])
    eventually(lambda: "[alert] command failed" in service.log_text())
    assert "exit status 75: no room" in service.log_text()
    assert opened(service)["mx-not-matched"]["unsaid"] is True
    test = service.run("alert", "test")
    told = service.json("doctor", "--config", service.folder / "mxseal.conf", check=None)["checks"]
    assert not any("lies in a domain" in r["detail"] for r in told), "an address elsewhere"
    assert test.returncode == 3 and "no room" in test.stderr and "fix:" in test.stderr
    assert metrics(service)["mxseal_alert_command_trouble"] == {(): 1}
    rows = service.json("doctor", "--config", service.folder / "mxseal.conf", check=None)["checks"]
    assert any(r["check"] == "alerts" and r["severity"] == "warn" and "no room" in r["detail"] for r in rows)
    box.takes(TAKE)
    box.wait("opened mx-not-matched")
    check(service)
    eventually(lambda: metrics(service)["mxseal_alert_command_trouble"] == {(): 0})
    assert box.events() == ["opened mx-not-matched"]
    assert metrics(service)["mxseal_alert_last_said_timestamp_seconds"][()] > 0


def test_sendmail_of_a_service_that_gains_nothing(make_product, box):
    """As under systemd, where Postfix's may not start its setgid program: each place that says so names alert-smtp."""
    hook = box.folder / "alert-sendmail"
    hook.write_text("#!/bin/sh\ncat >/dev/null\necho 'postdrop: Permission denied' >&2\nexit 75\n")
    hook.chmod(0o755)
    service = make_product(f"\n[alert]\ncommand = {hook}\nto = postmaster@elsewhere.example\n")
    doctor = lambda: next(r for r in service.json("doctor", "--config", service.folder / "mxseal.conf", check=None)["checks"]
                          if r["check"] == "alerts")
    assert doctor()["severity"] == "skip" and "which has had no mail yet" in doctor()["detail"]
    assert "run it by hand" in service.run("alert", "test", check=3).stderr
    service.stop()
    service.prefix = ["setpriv", "--no-new-privs"]
    service.start()
    row = doctor()
    assert row["severity"] == "warn" and "setgid" in row["detail"] and "alert-smtp" in row["fix"]
    done = service.run("alert", "test", check=3)
    assert "Permission denied" in done.stderr and "fix: [alert] command = /usr/share/mxseal/hooks/alert-smtp" in done.stderr
    assert "setgid" in done.stderr


def killed(service):
    for pid, role in service.children().items():
        if role == "desk":
            os.kill(pid, signal.SIGKILL)


def restarted(service):
    service.stop()
    service.start()


@pytest.mark.parametrize("ends", [killed, restarted])
def test_said_once_over_an_end(make_product, zone, authority, box, ends):
    """Desk is killed, or the service restarted, while the command runs: the mail it takes is not sent again."""
    box.takes("echo $$ >running; for i in $(seq 500); do [ -e go ] && break; sleep 0.1; done\n" + TAKE)
    service = served(make_product, zone, authority, box)
    zone.update(f"add {DOMAIN}. 0 MX 20 mx2.{DOMAIN}.")
    found(service, lambda x: x["alerts"])
    eventually((box.folder / "running").exists)
    ends(service)
    eventually(lambda: service.run("alert", "list").returncode == 0)
    check(service)
    (box.folder / "go").touch()
    box.wait("opened mx-not-matched")
    eventually(lambda: "a mail about alerts was under way" in service.log_text())
    assert 'gone="yes"' in service.log_text()
    assert opened(service)["mx-not-matched"]["unsaid"] is False
    zone.update(f"delete {DOMAIN}. MX", f"add {DOMAIN}. 0 MX 10 mx.{DOMAIN}.")
    found(service, lambda x: not x["alerts"])
    box.wait("opened mx-not-matched", "closed mx-not-matched")


def test_a_command_that_died_is_run_again(make_product, zone, authority, box):
    """Killed with the service before it had taken the mail."""
    box.takes("echo $$ >running; [ -e go ] || exec sleep 100\n" + TAKE)
    service = served(make_product, zone, authority, box)
    zone.update(f"add {DOMAIN}. 0 MX 20 mx2.{DOMAIN}.")
    found(service, lambda x: x["alerts"])
    pid = int(eventually(lambda: (p := box.folder / "running").exists() and p.read_text().strip()))
    service.stop(signal.SIGKILL)
    os.kill(pid, signal.SIGKILL)
    (box.folder / "go").touch()
    service.start()
    box.wait("opened mx-not-matched")
    assert 'gone="no"' in service.log_text()


def test_a_record_to_be_typed(make_product, zone, authority, box):
    """It is said with the line itself after a while, and closes itself when the id is seen."""
    service = served(make_product, zone, authority, box)
    service.run("policy", "set", DOMAIN, "--add-mx", f"mx2.{DOMAIN}", check=0)
    eventually(lambda: service.json("domain", "show", DOMAIN)["waiting_for_you"])
    check(service)
    assert opened(service) == {}, "whoever changed the policy is likely to be at it"
    with database(service) as db:
        moments = ("staged", "offered", "served", "fetched", "announced", "ended", "id_seen")
        db.execute("update publication set " + ", ".join(
            f"{m} = case when {m} = 0 then 0 else {m} - 1000 end" for m in moments))
    check(service)
    mail = box.wait("opened waiting-for-you")
    waiting = service.json("domain", "show", DOMAIN)["waiting_for_you"]
    assert waiting["value"] in mail.get_content() and waiting["name"].rstrip(".") in mail.get_content()
    assert opened(service)["waiting-for-you"]["command"] == waiting["value"]
    typed(service, zone)
    box.wait("opened waiting-for-you", "closed waiting-for-you")
    assert opened(service) == {}


def test_a_policy_that_cannot_be_fetched(make_product, zone, authority, box):
    """STS-58: two looks in a row that fail open it, one that succeeds closes it."""
    service = served(make_product, zone, authority, box)
    assert check(service)["policy"]["state"] == "good"
    away = f"127.{os.getpid() >> 8 & 127 | 128}.{os.getpid() & 255}.250"
    zone.update(f"delete mta-sts.{DOMAIN}. A", f"add mta-sts.{DOMAIN}. 0 A {away}")
    first = found(service, lambda x: x["policy"]["state"] == "bad")
    assert "cannot be fetched" in first["policy"]["why"]
    assert first["alerts"] == [], "one failure may be the network's"
    assert check(service)["alerts"][0]["cause"] == "policy-unreachable"
    mail = box.wait("opened policy-unreachable")
    assert "protection off" in mail["Subject"]
    done = service.run("alert", "check", DOMAIN, check=1)
    assert "[FAIL] policy, from outside" in done.stdout and "[ OK ] MX hosts" in done.stdout
    zone.update(f"delete mta-sts.{DOMAIN}. A", f"add mta-sts.{DOMAIN}. 0 A {service.address}")
    found(service, lambda x: x["policy"]["state"] == "good")
    box.wait("opened policy-unreachable", "closed policy-unreachable")


def test_name_servers_that_do_not_answer(make_product, zone, authority, box):
    """What cannot be found out is no failure; after two days somebody is told."""
    service = served(make_product, zone, authority, box)
    assert check(service)["policy"]["state"] == "good"
    zone.process.terminate()
    zone.process.wait(DEADLINE)
    look = found(service, lambda x: x["policy"]["state"] == "unknown")
    assert look["alerts"] == [] and look["policy"]["why"]
    assert "[ -- ] policy, from outside" in service.run("alert", "check", DOMAIN, check=3).stdout
    with database(service) as db:
        db.execute("update self_check set policy_since = policy_since - 172801")
    look = check(service)
    assert [a["cause"] for a in look["alerts"]] == ["policy-unreachable"]
    assert "could not be found out" in look["alerts"][0]["detail"]
    box.wait("opened policy-unreachable")


def test_an_id_that_differs(make_product, zone, authority, box):
    """Another one in DNS, then none; what resolvers may still remember does not count."""
    service = served(make_product, zone, authority, box, way="cname")
    zone.update(f"delete _mta-sts.{DOMAIN}. TXT", f'add _mta-sts.{DOMAIN}. 0 TXT "v=STSv1; id=other;"')
    assert found(service, lambda x: x["id"]["found"] == "other")["alerts"] == []
    with database(service) as db:
        db.execute("update publication set announced = announced - 4000, ttl = 0")
    check(service)
    assert opened(service)["id-differs"]["severity"] == "warn"
    box.wait("opened id-differs")
    zone.update(f"delete _mta-sts.{DOMAIN}. TXT")
    found(service, lambda x: x["id"]["state"] == "bad")
    box.wait("opened id-differs", "worse id-differs")


def test_a_certificate_that_will_not_last(make_product, zone, authority, box, tmp_path):
    """STS-58: an imported one in its last third, of a domain and of the service itself."""
    service = served(make_product, zone, authority, box)
    old = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 25 * DAY))
    crt = authority.issue(f"mta-sts.{DOMAIN}", stem="old", made=old)
    service.run("cert", "import", crt, check=0)
    service.run("cert", "import", authority.issue("mx.service.example", stem="host", made=old), check=0)
    check(service)
    assert opened(service)["certificate-will-not-last"]["severity"] == "warn"
    box.wait("opened certificate-will-not-last")
    with database(service) as db:  # the service's own hosts are looked at every five minutes
        db.execute("update job set run_at = 0 where kind = 'alert' and name = '0'")
    eventually(lambda: opened(service, "mx.service.example"))
    item = opened(service, "mx.service.example")["certificate-will-not-last"]
    assert item["domain"] is None and "mx.service.example" in item["detail"]
    service.run("cert", "import", authority.issue(f"mta-sts.{DOMAIN}", stem="new"), check=0)
    check(service)
    eventually(lambda: "closed certificate-will-not-last" in box.events())


def test_all_domains_at_once_and_one_that_goes(make_product, zone, authority, box):
    """`alert check` without a name; nothing is said of a domain that is removed, not even that it is over."""
    service = served(make_product, zone, authority, box)
    check(service)
    zone.update(f"add {DOMAIN}. 0 MX 20 mx2.{DOMAIN}.")
    done = service.run("alert", "check", check=0)
    assert done.stdout.startswith("1 hosted domains are looked at now")
    eventually(lambda: opened(service))
    box.wait("opened mx-not-matched")
    shown = service.run("alert", "list", check=0).stdout
    assert shown.startswith(f"[WARN] {DOMAIN} ") and f"mxseal policy set {DOMAIN} --add-mx mx2.{DOMAIN}" in shown
    service.run("domain", "remove", DOMAIN, "--now", "--yes", check=0)
    assert service.run("alert", "list", "--closed", check=0).stdout == "Nothing is open.\n"
    service.run("alert", "test", check=0)
    eventually(lambda: "test" in box.events())
    assert box.events() == ["opened mx-not-matched", "test"]


def report(domain, day, number, failures=0, result="certificate-expired"):
    start = time.strftime("%Y-%m-%d", time.gmtime(day))
    rows = f'''"failure-details":[{{"result-type":"{result}","sending-mta-ip":"192.0.2.9",
      "receiving-mx-hostname":"mx.{domain}","failed-session-count":{failures}}}],''' if failures else ""
    return f'''{{"organization-name":"Sender","date-range":{{"start-datetime":"{start}T00:00:00Z",
     "end-datetime":"{start}T23:59:59Z"}},"contact-info":"tls@sender.example","report-id":"{number}",
     "policies":[{{{rows}"policy":{{"policy-type":"sts","policy-domain":"{domain}","policy-string":["version: STSv1"],
     "mx-host":["mx.{domain}"]}},"summary":{{"total-successful-session-count":3,"total-failure-session-count":{failures}}}}}]}}'''


def brought(service, folder, *reports):
    """Imports reports, each (days ago, failures)."""
    folder.mkdir(exist_ok=True)
    today = int(time.time()) // DAY * DAY
    for ago, failures in reports:
        (folder / f"{ago}-{failures}.json").write_text(report(DOMAIN, today - ago * DAY, f"r{ago}-{failures}", failures))
    service.run("report", "import", folder, check=0)


def test_reports_that_stopped(make_product, zone, authority, box, tmp_path):
    """A domain that had daily reports has had none for more than a week; the next one closes it."""
    service = served(make_product, zone, authority, box)
    brought(service, tmp_path / "old", *((ago, 0) for ago in range(10, 20)))
    check(service)
    mail = box.wait("opened reports-stopped")
    assert "blind" in mail["Subject"]
    brought(service, tmp_path / "new", (1, 0))
    check(service)
    box.wait("opened reports-stopped", "closed reports-stopped")


def test_failures_that_enforce_refuses(make_product, zone, authority, box, tmp_path):
    """Reported refusals open it, more of the same says nothing, a clean day closes it."""
    service = served(make_product, zone, authority, box)
    brought(service, tmp_path / "a", (3, 2))
    check(service)
    mail = box.wait("opened refusable-failures")
    assert "certificate-expired" in mail.get_content() and "mail would be refused in enforce" in mail["Subject"]
    brought(service, tmp_path / "b", (2, 5))
    check(service)
    assert "7 sessions" in opened(service)["refusable-failures"]["detail"]
    brought(service, tmp_path / "c", (1, 0))
    check(service)
    box.wait("opened refusable-failures", "closed refusable-failures")


def test_one_mail_for_one_cause(make_product, zone, authority, box):
    """What hits several domains at once is said in one mail."""
    box.takes("exit 1")
    service = served(make_product, zone, authority, box)
    old = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 25 * DAY))
    names = [f"d{n}.example" for n in range(5)]
    for name in names:
        service.run("domain", "add", name, "--mx", f"mx.{name}", "--way", "txt", check=0)
    service.run("cert", "import", authority.issue(*(f"mta-sts.{n}" for n in names), stem="many", made=old), check=0)
    with database(service) as db:
        db.execute("update job set run_at = 0 where kind = 'alert'")
    eventually(lambda: len(service.json("alert", "list")["items"]) == 5)
    box.takes(TAKE)
    mail = box.wait("opened certificate-will-not-last")
    assert mail["Subject"].startswith("[mxseal] 5 names: ")
    assert all(name in mail.get_content() for name in names)


def with_old_certificates(service, authority, count):
    """So many domains more; opens(a, b) gives a part of them a certificate that will not last and waits until it is open."""
    made = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - 25 * DAY))
    names = [f"d{n}.example" for n in range(count)]
    for name in names:
        service.run("domain", "add", name, "--mx", f"mx.{name}", "--way", "txt", check=0)

    def opens(first, last):
        part = names[first:last]
        service.run("cert", "import", authority.issue(*(f"mta-sts.{n}" for n in part), stem=f"c{first}", made=made), check=0)
        for name in part:
            eventually(lambda: check(service, name) and opened(service, name))
        return part

    return opens


def later(service, seconds):
    """As if each mail had gone out so much earlier, and somebody looked now."""
    with database(service) as db:
        db.execute("update alert_pace set said_at = said_at - ?", (seconds,))
    check(service)


def test_what_opens_one_after_the_other_is_gathered(make_product, zone, authority, box):
    """The first one is said at once, the others wait with growing pauses, also over a kill, and none is lost."""
    first, more, over = "opened certificate-will-not-last", "opened mx-not-matched", "closed mx-not-matched"
    service = served(make_product, zone, authority, box)
    opens = with_old_certificates(service, authority, 6)
    opens(0, 1)
    assert "gathered" not in box.wait(first).get_content()
    early = opens(1, 3)
    killed(service)
    eventually(lambda: service.run("alert", "list").returncode == 0)
    early += opens(3, 4)
    assert all(opened(service, name)["certificate-will-not-last"]["unsaid"] for name in early)
    # Another cause is another kind: what was quiet speaks, and what waits goes on waiting.
    zone.update(f"add {DOMAIN}. 0 MX 20 mx2.{DOMAIN}.")
    found(service, lambda x: x["alerts"])
    box.wait(first, more)
    later(service, 300)
    mail = box.wait(first, more, first)
    assert mail["Subject"].startswith("[mxseal] 3 names: ")
    assert all(name in mail.get_content() for name in early) and "d0.example" not in mail.get_content()
    late = opens(4, 6)
    later(service, 300)
    restarted(service)
    zone.update(f"delete {DOMAIN}. MX", f"add {DOMAIN}. 0 MX 10 mx.{DOMAIN}.")
    found(service, lambda x: not x["alerts"])
    box.wait(first, more, first, over)
    assert all(opened(service, name)["certificate-will-not-last"]["unsaid"] for name in late), "the second pause is longer"
    later(service, 600)
    mail = box.wait(first, more, first, over, first)
    assert mail["Subject"].startswith("[mxseal] 2 names: ") and all(name in mail.get_content() for name in late)
    assert "gathered for an hour" in " ".join(mail.get_content().split())


def test_what_begins_to_refuse_mail_waits_for_nothing(make_product, zone, authority, box):
    """However many mails there were before."""
    service = served(make_product, zone, authority, box)
    zone.update(f"add {DOMAIN}. 0 MX 20 mx2.{DOMAIN}.")
    found(service, lambda x: x["alerts"])
    box.wait("opened mx-not-matched")
    with database(service) as db:
        db.executemany("insert into alert_pace values ('mx-not-matched', ?, ?, ?, 4, 0, 0)",
                       [(event, refuses, int(time.time())) for event in (2, 3) for refuses in (0, 1)])
    service.run("policy", "set", DOMAIN, "--mode", "enforce", "--anyway", "a test", check=0)
    typed(service, zone)
    eventually(lambda: service.json("policy", "show", DOMAIN)["state"] == "announced")
    check(service)
    assert "mail refused now" in box.wait("opened mx-not-matched", "worse mx-not-matched")["Subject"]
    zone.update(f"delete {DOMAIN}. MX", f"add {DOMAIN}. 0 MX 10 mx.{DOMAIN}.")
    found(service, lambda x: not x["alerts"])
    closed = service.json("alert", "list", "--closed")["items"]
    assert [(i["cause"], i["state"], i["unsaid"]) for i in closed] == [("mx-not-matched", "closed", True)], "that waits"
    later(service, 6 * 3600)
    box.wait("opened mx-not-matched", "worse mx-not-matched", "closed mx-not-matched")


def metrics(service):
    """{name: {labels: value}} by Prometheus's own reader."""
    from prometheus_client.parser import text_string_to_metric_families
    text = subprocess.run(["curl", "-sf", f"http://127.0.0.1:{service.ports['admin']}/metrics"], check=True,
                          capture_output=True, text=True).stdout
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.type != "unknown" and family.documentation, family.name
        for sample in family.samples:
            key = tuple(sorted(sample.labels.items()))
            assert key not in found.setdefault(sample.name, {}), (sample.name, key)
            found[sample.name][key] = sample.value
    return found


def test_metrics_and_health(make_product, zone, authority, box):
    """Prometheus's own reader takes /metrics whole, each family with its type and help."""
    service = served(make_product, zone, authority, box)
    zone.update(f"add {DOMAIN}. 0 MX 20 mx2.{DOMAIN}.")
    found(service, lambda x: x["alerts"])
    seen = metrics(service)
    assert seen["mxseal_alerts_active"] == {(("severity", "warn"),): 1, (("severity", "fail"),): 0}
    assert seen["mxseal_alerts_open"][(("cause", "mx-not-matched"),)] == 1
    assert sum(seen["mxseal_alerts_open"].values()) == 1
    assert seen["mxseal_self_check_domains"] == seen["mxseal_self_check_domains_recent"] == {(): 1}
    assert time.time() - seen["mxseal_self_check_last_timestamp_seconds"][()] < 600
    health = json.loads(subprocess.run(["curl", "-sf", f"http://127.0.0.1:{service.ports['admin']}/healthz"],
                                       capture_output=True, check=True).stdout)
    assert health == {"status": "ok", "alerts": {"warn": 1, "fail": 0}}
    status = service.json("doctor", "--config", service.folder / "mxseal.conf", check=None)["checks"]
    assert any(r["check"] == "alerts" and r["detail"].startswith("1 open") for r in status)
    # Over the admin host anybody comes.
    service.run("cert", "import", authority.issue("mx.service.example"), check=0)
    fetched = lambda path: subprocess.run(
        ["curl", "-s", "--cacert", authority.cert, "--resolve", f"mx.service.example:443:{service.address}",
         f"https://mx.service.example{path}"], capture_output=True, text=True).stdout
    eventually(lambda: fetched("/healthz"))
    assert json.loads(fetched("/healthz")) == {"status": "ok"}
    assert json.loads(fetched("/readyz"))["status"] == "ready"
    assert json.loads(fetched("/metrics"))["code"] == "sign-in"


def test_the_hook_for_smtp(make_demo):
    """Given to a real receiver with STARTTLS; what it refuses is an error in its own words."""
    service = make_demo()
    service.run("domain", "add", "acme.example", "--mx", "mx.acme.example", check=0)
    rua = next(u for u in service.json("records", "acme.example")["rua"] if u.startswith("mailto:"))
    hook = [ROOT / "packaging/hooks/alert-smtp", f"127.0.0.1:{service.ports['smtp']}"]
    mail = "From: mxseal <mxseal@sts.example>\nTo: %s\nSubject: x\n\ntext\n.\nmore \u00fc\n"
    taken = lambda: sum(v for k, v in metrics(service).get("mxseal_taken_total", {}).items() if ("outcome", "messages") in k)
    done = subprocess.run(hook, input=mail % rua[7:], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    eventually(lambda: taken() == 1)
    done = subprocess.run(hook, input=mail % "nobody@elsewhere.example", capture_output=True, text=True)
    assert done.returncode == 1 and "nobody@elsewhere.example" in done.stderr and taken() == 1
    done = subprocess.run([*hook, rua[7:]], input=mail % "nobody@elsewhere.example", capture_output=True, text=True)
    assert done.returncode == 0, "recipients that are named count"
    eventually(lambda: taken() == 2)
    done = subprocess.run([hook[0], f"127.0.0.1:{free_port()}"], input=mail % rua[7:], capture_output=True, text=True)
    assert done.returncode == 1 and "refused" in done.stderr and "Traceback" not in done.stderr


def test_nobody_is_told_unless_configured(make_demo):
    """A demonstration watches too, and mails nothing."""
    service = make_demo(full=True)
    found(service, lambda look: look["alerts"], "clinic.example")
    assert service.run("alert", "test").returncode == 5
    assert not (service.state / "alert.receipt").exists()
    assert service.run("alert", "list").stdout.startswith("[")
