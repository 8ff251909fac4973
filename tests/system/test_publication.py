"""The order of a publication, with a real zone of a customer: certificate, text, fetch, id."""
import contextlib
import os
import signal
import sqlite3
import subprocess
import time

import pytest

from conftest import BIN, DEADLINE, eventually
from customers import Knot, delegate, needs_internet, product, steps, unread, wait_announced

pytestmark = needs_internet


@pytest.fixture
def zone(tmp_path):
    server = Knot(tmp_path / "zone")
    yield server
    server.stop()


def answered(service, domain, server=None):
    """What stands in DNS for the id, by way of the customer's CNAME."""
    name = next(r["value"] for r in service.json("records", domain)["records"] if r["purpose"] == "policy-id")
    done = subprocess.run(["kdig", "+short", "+timeout=1", "-p", str(service.ports["dns"]), "@127.0.0.1",
                           name, "TXT"], capture_output=True, text=True)
    return done.stdout.splitlines()


def test_step_by_step(make_product, zone, authority, tmp_path):
    """STS-86: nothing is served before the claim is seen, no id before the policy was fetched."""
    other = tmp_path / "other"
    other.mkdir()
    stranger = type(authority)(other)
    service = product(make_product, zone, authority.cert)
    service.run("cert", "import", stranger.issue("mta-sts.acme.example"), check=0)
    added = service.json("domain", "add", "acme.example", "--mx", "mx.acme.example")
    service.run("cert", "import", stranger.cert.parent / "mta-sts.acme.example.crt",
                stranger.cert.parent / "mta-sts.acme.example.key", check=0)
    shown = eventually(lambda: "mta-sts.acme.example is not in DNS yet"
                       in ((s := steps(service, "acme.example"))["certificate"]["why"] or "") and s)
    assert added["state"] == "staged" and shown["served"]["state"] == "later"
    delegate(zone, service, "acme.example")
    shown = eventually(lambda: "certificate" in ((s := steps(service, "acme.example"))["fetched"]["why"] or "")
                       and s)  # what nobody verifies is not announced
    assert shown["served"]["state"] == "done" and answered(service, "acme.example") == []
    service.run("cert", "import", authority.issue("mta-sts.acme.example"), check=0)
    wait_announced(service, "acme.example")
    policy = service.json("policy", "show", "acme.example")
    assert answered(service, "acme.example") == [f'"v=STSv1; id={policy["id"]};"']
    times = [s["at"] for s in policy["steps"] if s["state"] == "done"]
    assert times == sorted(times) and len(times) >= 5
    for command in (("policy", "show"), ("policy", "history"), ("domain", "show")):
        done = service.run(*command, "acme.example", check=0)
        said = done.stdout + done.stderr
        for words in ("saved", "certificate valid", "text served everywhere", "fetched from outside",
                      "id answered in DNS"):
            assert f"[ OK ] {words}" in said, said
    changed = service.json("policy", "set", "acme.example", "--add-mx", "mx2.acme.example")
    assert changed["state"] == "announced", "a later one is announced at once"
    assert "fetched" not in steps(service, "acme.example")
    history = service.json("policy", "history", "acme.example")["items"]
    assert [h["state"] for h in history] == ["announced", "announced"]


def test_killed_between_steps(make_product, zone, authority):
    """STS-86: desk is killed all the way; what is announced was fetched, and the id stays the same."""
    service = product(make_product, zone, authority.cert)
    service.run("cert", "import", authority.issue("mta-sts.acme.example"), check=0)
    service.run("domain", "add", "acme.example", "--mx", "mx.acme.example", check=0)
    service.run("cert", "import", authority.folder, check=0)
    first = service.json("policy", "show", "acme.example")["id"]
    delegate(zone, service, "acme.example")
    for _ in range(4):
        for pid, role in service.children().items():
            if role == "desk":
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        eventually(lambda: service.run("domain", "list").returncode == 0)
        time.sleep(0.3)  # further each time
    wait_announced(service, "acme.example")
    policy = service.json("policy", "show", "acme.example")
    assert policy["id"] == first and policy["fetched"] <= policy["announced"]


def test_an_id_that_ran_ahead_is_repaired(make_product, zone, authority):
    """STS-86: an id that stood in DNS before its text is never announced; a further one follows by itself."""
    service = product(make_product, zone, authority.cert)
    service.run("domain", "add", "acme.example", "--mx", "mx.acme.example", "--way", "txt", check=0)
    service.run("cert", "import", authority.issue("mta-sts.acme.example"), check=0)
    zone.update(f"add mta-sts.acme.example. 60 A {service.address}")
    shown = lambda: service.json("policy", "show", "acme.example")

    def typed(line):
        zone.update("delete _mta-sts.acme.example. TXT", f'add _mta-sts.acme.example. 1 TXT "{line}"')

    def asked_for():
        rows = service.json("records", "acme.example")["records"]
        return next(r["value"] for r in rows if r["purpose"] == "policy-id")

    def looked(what):
        """As eventually, with a look at the records each time."""
        return eventually(lambda: asked_for() and what())

    first = shown()["id"]
    assert eventually(asked_for) == f"v=STSv1; id={first};"
    typed(f"v=STSv1; id={first};")
    looked(lambda: shown()["state"] == "announced")
    # Without a certificate that is valid the next text is not served.
    with contextlib.closing(sqlite3.connect(service.state / "mxseal.db", timeout=DEADLINE)) as db, db:
        assert db.execute("update cert set not_after = 1").rowcount == 1
    assert service.json("policy", "set", "acme.example", "--add-mx", "mx2.acme.example")["state"] == "staged"
    early = shown()["id"]
    typed(f"v=STSv1; id={early};")
    looked(lambda: "an id ran ahead of its text" in service.log_text())
    assert shown()["id"] == early and shown()["state"] == "staged"
    service.run("cert", "import", authority.issue("mta-sts.acme.example", stem="renewed"), check=0)
    further = eventually(lambda: (i := shown()["id"]) not in (first, early) and i)
    assert eventually(lambda: f"v=STSv1; id={further};" == asked_for())
    items = {h["id"]: h["state"] for h in service.json("policy", "history", "acme.example")["items"]}
    assert items == {first: "announced", early: "served", further: "served"}
    assert "txt-before-text" not in service.json("horizon", "acme.example")["warnings"]
    typed(f"v=STSv1; id={further};")
    looked(lambda: shown()["state"] == "announced")
    # What waits for somebody to type it does not wait any more when nobody has to.
    service.run("policy", "set", "acme.example", "--add-mx", "mx3.acme.example", check=0)
    eventually(lambda: service.json("records", "acme.example")["waiting_for_you"])
    service.run("domain", "set", "acme.example", "--way-id", "cname", check=0)
    wait_announced(service, "acme.example")


def test_settings_changed_while_dns_is_asked(make_product, zone, authority):
    """A policy that waits for DNS does not write back what somebody else sets meanwhile."""
    service = product(make_product, zone, authority.cert)
    service.run("domain", "add", "acme.example", "--mx", "mx.acme.example", "--way", "txt", check=0)
    end, n, overlaps = time.monotonic() + DEADLINE, 0, 0
    while not overlaps:  # what is remembered of DNS is not asked for, for some seconds
        n += 1
        assert time.monotonic() < end
        os.kill(zone.process.pid, signal.SIGSTOP)
        try:
            with subprocess.Popen([BIN, "policy", "set", "acme.example", "--add-mx", f"mx{n}.acme.example"],
                                  env=service.env, stdout=subprocess.PIPE, text=True) as slow:
                before = unread(zone.address, 53)
                eventually(lambda: unread(zone.address, 53) > before or slow.poll() is not None)
                service.run("domain", "set", "acme.example", "--rua", f"mailto:r{n}@other.example", check=0)
                overlaps += slow.poll() is None
                os.kill(zone.process.pid, signal.SIGCONT)
                assert slow.wait(DEADLINE) == 0
        finally:
            os.kill(zone.process.pid, signal.SIGCONT)
        assert service.json("domain", "show", "acme.example")["rua"] == [f"mailto:r{n}@other.example"]
