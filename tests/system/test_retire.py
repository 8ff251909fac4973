"""Leaving MTA-STS in order: mode none first, which record may go on which day, and what removal says before."""
import re
import time

import pytest

from conftest import eventually

DAY = 86400


@pytest.fixture(scope="module")
def demo(shared_demo):
    return shared_demo


def add(demo, domain, *options):
    demo.run("domain", "add", domain, "--mx", f"mx.{domain}", *options, check=0)
    eventually(lambda: demo.json("policy", "show", domain)["state"] == "announced")


def test_the_way_out(demo):
    """STS-91: what senders hold runs out first; removal explains itself until then and points to retire."""
    add(demo, "bye.example")
    refused = demo.run("domain", "remove", "bye.example", check=6)
    assert "senders hold it" in refused.stderr and "mxseal domain retire bye.example" in refused.stderr
    dry = demo.json("domain", "retire", "bye.example", "--dry-run")
    assert dry["dry_run"] and demo.json("domain", "show", "bye.example")["stage"] == "testing"
    first = demo.json("domain", "retire", "bye.example")
    assert first["policy"]["mode"] == "none" and first["policy"]["max_age"] == DAY
    leaving = eventually(lambda: (a := demo.json("domain", "show", "bye.example"))["leaving"]["held_until"]
                         and a["leaving"])
    assert 0 < leaving["held_until"] - time.time() - DAY < 120, "the last fetch of testing, and its max_age"
    may_go = {r["purpose"]: r["may_go"] for r in leaving["records"]}
    assert may_go["policy-id"] == may_go["reports"] == leaving["held_until"]
    assert may_go["policy-host"] is None, "not before the id is gone"
    assert demo.json("domain", "show", "bye.example")["stage"] == "retire"
    assert not re.search(r"\s\d{10}\n", demo.run("domain", "show", "bye.example", check=0).stdout), "moments are read"
    again = demo.json("domain", "retire", "bye.example")
    assert not again["changed"] and again["policy"]["id"] == first["policy"]["id"]
    said = demo.run("domain", "retire", "bye.example", check=0).stdout
    assert "no record may go" in said and "_mta-sts.bye.example" in said and "may go from 20" in said
    refused = demo.run("domain", "remove", "bye.example", check=6)
    assert "until 20" in refused.stderr and "--now" in refused.stderr


def test_removal_now_asks(demo):
    """Without a terminal it takes --yes; then nothing is answered any more, and a new claim is another one."""
    add(demo, "gone.example")
    claim = demo.json("domain", "show", "gone.example")["claim"]
    assert demo.run("domain", "remove", "gone.example", "--now").returncode == 2
    demo.run("domain", "remove", "gone.example", "--now", "--yes", check=0)
    assert demo.run("domain", "show", "gone.example").returncode == 1
    add(demo, "gone.example")
    assert demo.json("domain", "show", "gone.example")["claim"] != claim


def test_back_again(demo):
    """A domain that changes its mind publishes again, and nothing says that it leaves."""
    add(demo, "stay.example")
    demo.run("domain", "retire", "stay.example", check=0)
    demo.run("policy", "set", "stay.example", "--mode", "testing", check=0)
    shown = demo.json("domain", "show", "stay.example")
    assert shown["leaving"] is None and shown["stage"] == "testing"
