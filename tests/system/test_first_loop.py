"""The first loop, whole: a domain added, its policy served, its reports read, nothing lost."""
import contextlib
import json
import os
import signal
import sqlite3
import time

import pytest

from conftest import BIN, LONG, SECOND, eventually

POLICY = "version: STSv1\r\nmode: testing\r\nmx: {mx}\r\nmax_age: 86400\r\n"


def add(service, domain, *mx, check=0):
    args = [word for pattern in mx or (f"mx.{domain}",) for word in ("--mx", pattern)]
    return service.run("domain", "add", domain, *args, check=check)


class Hosted:
    """One way to run the program: how a domain gets its certificate differs, the rest does not."""

    def __init__(self, service, ca, certify):
        self.service, self.ca, self.certify = service, ca, certify

    def fetch(self, domain):
        return self.service.fetch(f"mta-sts.{domain}", ca=self.ca)


@pytest.fixture(params=["demo", "product"])
def hosted(request, make_demo, make_product, authority):
    if request.param == "demo":
        service = make_demo()
        return Hosted(service, service.state / "demo-ca.pem", lambda domain: None)
    service = make_product()

    def certify(domain):
        service.run("cert", "import", authority.issue(f"mta-sts.{domain}"), check=0)

    return Hosted(service, authority.cert, certify)


def test_demonstration_serves_what_the_readme_says(full_demo):
    """STS-20 STS-22: the policy of acme.example with CRLF, media type and validators."""
    status, headers, body = full_demo.fetch("mta-sts.acme.example")
    assert status == 200 and headers["content-type"].split(";")[0] == "text/plain"
    lines = body.decode().split("\r\n")
    assert lines[0] == "version: STSv1" and lines[1] == "mode: testing"
    assert lines[-2] == "max_age: 86400" and lines[-1] == ""
    assert headers["cache-control"] == "max-age=60, must-revalidate" and headers["etag"][0] == '"'
    stages = {d["domain"]: (d["mode"], d["max_age"]) for d in full_demo.json("domain", "list")["items"]}
    assert stages["acme.example"] == ("testing", 86400)
    assert stages["bank.example"] == ("enforce", 1209600)
    assert "clinic.example" in stages


def test_demonstration_has_sixty_days(full_demo):
    summary = full_demo.json("report", "summary", "acme.example")
    assert sum(d["reports"] > 0 for d in summary["days"]) == 60 and summary["schema"] == "mxseal.summary/1"
    assert summary["successful"] == sum(d["successful"] for d in summary["days"])
    assert summary["failed"] == sum(d["failed"] for d in summary["days"])
    assert len(summary["organizations"]) >= 3
    assert summary["trust"]["unsigned"]["reports"] > 0, "mail is shown apart"
    failing = full_demo.json("report", "summary", "clinic.example")
    assert failing["failed"] > 0 and failing["failures"]


def test_a_change_moves_text_and_id_and_shows_the_horizon(hosted):
    """STS-08 STS-86: every change has a new id, and the text is served everywhere first."""
    service = hosted.service
    add(service, "one.example")
    hosted.certify("one.example")
    status, _, body = hosted.fetch("one.example")
    assert status == 200 and body.decode() == POLICY.format(mx="mx.one.example")
    before = service.json("policy", "show", "one.example")
    began = time.monotonic()
    done = service.json("policy", "set", "one.example", "--add-mx", "mx2.one.example")
    assert b"mx: mx2.one.example\r\n" in hosted.fetch("one.example")[2], "served when it returns"
    assert time.monotonic() - began < 5 * SECOND
    after = service.json("policy", "show", "one.example")
    assert after["id"] > before["id"] and after["text"] != before["text"] and done["seq"] > 0
    service.run("wait", "--seq", done["seq"], check=0)
    horizon = service.json("horizon", "one.example")
    assert [p["id"] for p in horizon["policies"]] == [before["id"], after["id"]]
    assert horizon["old_policy_until"] is not None
    text = service.run("policy", "set", "one.example", "--max-age", "80000", check=0).stdout
    assert "Senders may act on an older policy until" in text
    again = service.json("policy", "set", "one.example", "--max-age", "80000")
    assert again["changed"] is False, "an unchanged save changes nothing"
    bumped = service.json("policy", "bump", "one.example")
    assert bumped["policy"]["id"] > after["id"] and bumped["policy"]["max_age"] == 80000
    ids = [p["id"] for p in service.json("policy", "history", "one.example")["items"]]
    assert len(ids) == len(set(ids)) == 4


def test_enforce_at_once_is_refused(hosted):
    service = hosted.service
    refused = service.run("domain", "add", "two.example", "--mx", "mx.two.example", "--mode", "enforce",
                          check=6)
    assert "testing" in refused.stderr and "\nfix: " in refused.stderr
    add(service, "two.example")
    for args in (["--mode", "enforce"], ["--max-age", "1209600"]):
        refused = service.run("policy", "set", "two.example", *args, check=6)
        assert "\nfix: " in refused.stderr, args
    service.run("policy", "set", "two.example", "--mode", "enforce", "--anyway", "a test", check=0)
    assert service.json("policy", "show", "two.example")["mode"] == "enforce"
    with contextlib.closing(sqlite3.connect(f"file:{service.state}/mxseal.db?mode=ro", uri=True)) as db:
        rows = db.execute("select object, detail from audit where action = 'guard.override'").fetchall()
    assert len(rows) == 1 and rows[0][0] == "two.example" and "a test" in rows[0][1], rows


def expected(corpus):
    """What EXPECTED.tsv and `report show` imply for one import of everything."""
    lines = (corpus / "reports/EXPECTED.tsv").read_text().splitlines()
    rows = [dict(zip(lines[0].split("\t"), line.split("\t"))) for line in lines[1:]]
    return [(corpus / "reports" / row["file"], row) for row in rows]


def test_import_of_the_corpus(hosted, corpus):
    """RPT-23 RPT-77: counts of an import into an empty service, and of a second one."""
    service = hosted.service
    rows = expected(corpus)
    shown = service.run("report", "show", "--jsonl", *[path for path, _ in rows]).stdout
    reports = [json.loads(line) for line in shown.splitlines()]
    good = [r for r in reports if r["schema"] == "mxseal.report/1"]
    readable = {r["file"] for r in good}
    for path, row in rows:
        if row["verdict"] != "optional":
            assert (str(path) in readable) == (row["verdict"] == "accept"), path
    first = service.json("report", "import", "--add-domains", corpus / "reports")
    taken = [p for p in (corpus / "reports").rglob("*")
             if p.name.endswith((".json", ".gz", ".zip", ".eml", ".mbox"))]
    assert first["files"] == len(taken)
    assert first["reports"] == len(good) == first["new"] + first["duplicates"] + first["foreign"]
    assert first["new"] == len({(r["organization"], r["report_id"]) for r in good}), "each report once"
    errors = [r for r in reports if r["schema"] == "mxseal.error/1"]
    assert first["no_report"] == sum(e["code"] == "no-report" for e in errors)
    assert first["quarantined"] == len(errors) - first["no_report"]
    second = service.json("report", "import", "--add-domains", corpus / "reports")
    assert second["new"] == 0 and second["quarantined"] == first["quarantined"]
    assert second["reports"] == first["reports"] and second["foreign"] == first["foreign"]


def report(number, domain="loop.example"):
    return json.dumps({
        "organization-name": "Example Sender", "contact-info": "tls@sender.example",
        "date-range": {"start-datetime": "2026-05-12T00:00:00Z", "end-datetime": "2026-05-12T23:59:59Z"},
        "report-id": f"r{number}",
        "policies": [{"policy": {"policy-type": "sts", "policy-domain": domain},
                      "summary": {"total-successful-session-count": 1,
                                  "total-failure-session-count": 0}}]}).encode()


def mail(number):
    return (b"From: tls@sender.example\r\nTo: r@reports.example\r\nSubject: Report Domain: loop.example\r\n"
            b"MIME-Version: 1.0\r\nContent-Type: application/tlsrpt+json\r\n\r\n" + report(number))


def summary(service):
    return service.json("report", "summary", "loop.example", "--from", "2026-05-12", "--to", "2026-05-12",
                        "--trust", "unsigned", "--trust", "posted")


def test_kill_of_each_process(hosted):
    """RPT-81: kill -9 of each role in turn: policies within a second, nothing acknowledged lost."""
    service = hosted.service
    add(service, "loop.example")
    hosted.certify("loop.example")
    acknowledged = 0
    for round_number in range(20 if LONG else 1):
        for pid, role in sorted(service.children().items(), key=lambda item: item[1]):
            done = service.run("ingest", stdin=mail(acknowledged), check=0)
            assert done.returncode == 0
            acknowledged += 1
            os.kill(pid, signal.SIGKILL)
            began = time.monotonic()
            assert eventually(lambda: fetch_or_none(hosted, "loop.example"), seconds=SECOND)[0] == 200, role
            assert time.monotonic() - began < SECOND, role
            eventually(lambda: pid not in service.children() and role in service.children().values())
    eventually(lambda: service.run("domain", "list").returncode == 0)
    eventually(lambda: summary(service)["trust"]["unsigned"]["reports"] == acknowledged)


def fetch_or_none(hosted, domain):
    try:
        return hosted.fetch(domain)
    except OSError:
        return None


def lasting(policy):
    """Without the words for what is waited for, which each look at DNS writes anew."""
    return dict(policy, steps=[{k: v for k, v in step.items() if k != "why"} for step in policy["steps"]])


def test_kill_of_the_parent(hosted):
    """After kill -9 of the parent its children end, and a restart serves the same state at once."""
    service = hosted.service
    add(service, "loop.example")
    hosted.certify("loop.example")
    before = lasting(service.json("policy", "show", "loop.example"))
    service.run("ingest", stdin=mail(0), check=0)
    children = service.children()
    service.process.kill()
    service.process.wait()
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}/exe") for pid in children))
    began = time.monotonic()
    service.start()
    assert eventually(lambda: fetch_or_none(hosted, "loop.example"), seconds=SECOND)[0] == 200
    assert time.monotonic() - began < SECOND
    assert lasting(service.json("policy", "show", "loop.example")) == before
    eventually(lambda: summary(service)["trust"]["unsigned"]["reports"] == 1)


def test_errors_have_a_place_and_a_fix(demo):
    rows = [
        (["domain", "show", "missing.example"], 1, "missing.example"),
        (["domain", "add", "bad_name.example", "--mx", "a.example"], 1, "bad_name"),
        (["domain", "add", "three.example", "--mx", "*.*.example"], 1, "*.*.example"),
        (["domain", "add", "three.example"], 3, "MX"),
        (["policy", "set", "missing.example", "--mode", "testing"], 1, "missing.example"),
        (["polcy", "set"], 2, "policy"),
        (["report", "import"], 2, "PATH"),
        (["report", "import", "/nonexistent"], 3, "/nonexistent"),
        (["cert", "import", "/nonexistent"], 3, "/nonexistent"),
        (["cert", "import", demo.state / "demo-ca.pem"], 1, "subjectAltName"),
        (["wait", "--seq", "999999"], 1, "no such change"),
        (["serve", "--edges", "0", "--demo"], 2, "--edges"),
    ]
    for args, status, word in rows:
        done = demo.run(*args)
        assert done.returncode == status and word in done.stderr, (args, done)
        assert "\nfix: " in done.stderr, (args, done.stderr)
        assert "/api/" not in done.stderr, "no internal names"
    stray = demo.run("--state", "/nonexistent", "domain", "list")
    assert stray.returncode in (2, 3)
    assert BIN.exists()
