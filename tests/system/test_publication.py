"""The order of a publication, with a real zone of a customer: certificate, text, fetch, id."""
import contextlib
import os
import signal
import subprocess
import time

import pytest

from conftest import eventually
from customers import Knot, delegate, needs_internet, product, steps, wait_announced

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
    shown = eventually(lambda: (s := steps(service, "acme.example"))["certificate"]["why"] and s)
    assert "mta-sts.acme.example is not in DNS yet" in shown["certificate"]["why"]
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
