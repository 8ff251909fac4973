"""What dies or merely goes by while mail flows: servers, the authority, sixty days.

The same on loopback, step by step: tests/system/test_acme.py and test_dns_secondary.py.
"""
import signal

import pytest

DAY = 86400


@pytest.fixture(scope="module")
def late(lab):
    """late.example, hosted and enforced."""
    lab.add("late.example", "--mode", "enforce", "--anyway", "the lab has no time")
    lab.certified("late.example")
    lab.published("late.example")
    return "late.example"


def delivered(lab, domain):
    """A mail goes out at once, to a host that was verified."""
    mail = lab.mail(domain)
    return lab.until(mail.attempts)[0][:2] == ("sent", "Verified")


def forget(lab):
    lab.software("resolver").forget(lab["resolver"], lab.mxseal.zone)


def test_a_dead_secondary(lab, late):
    """DNS-19: senders find what is new at the other server; the dead one hears of it when it is back."""
    lab["second"].stop("knotd", kill=True)
    lab.mxseal.run("policy", "set", late, "--add-mx", "spare.mail.example", check=0)
    lab.published(late, servers=["mxseal"])
    forget(lab)
    lab.until(lambda: "spare.mail.example" in lab.policy_of(late))
    assert delivered(lab, late)
    lab.run_software("second")
    lab.published(late, servers=["second"])


def test_a_secondary_that_lags(lab):
    """ACME-30: no order while a server of the zone denies the name: the authority may ask that one."""
    knotc = lambda what: lab["second"].run("knotc", "-c", lab.software("second").config, "-b", what, lab.mxseal.zone)
    order = lambda: lab.certificates().get("mta-sts.slow.example", {}).get("order") or {}
    knotc("zone-freeze")
    lab.add("slow.example")
    lab.until(lambda: "name server ns2." in (order().get("why") or ""))
    knotc("zone-thaw")
    knotc("zone-refresh")
    lab.certified("slow.example")
    log = (lab.mxseal.folder / "log").read_text()
    assert 'refused host="mta-sts.slow.example"' not in log


def test_the_service_is_away(lab, late):
    """The secondary answers the id, senders go on with what they hold; then all is as before."""
    lab.until(lambda: lab.policy_of(late))
    lab.mxseal.stop(signal.SIGKILL)
    forget(lab)
    assert lab.fetch(late) is None
    assert lab.policy_of(late) and delivered(lab, late)
    lab.run_software("mxseal")
    assert lab.fetch(late)


def test_the_authority_is_away(lab, late):
    """ACME-31: a renewal waits and says why, the certificate in use is served; it comes by itself later."""
    host = f"mta-sts.{late}"
    first = lab.certificates()[host]["fingerprint"]
    lab["authority"].stop("pebble", kill=True)
    lab.mxseal.run("cert", "renew", host, check=0)
    lab.until(lambda: "connect" in ((lab.certificates()[host]["order"] or {}).get("why") or ""))
    assert lab.fetch(late) and delivered(lab, late)
    pebble = lab.software("authority", lab.map.Pebble)
    pebble.start(lab, lab["authority"])
    pebble.ready(lab, lab["authority"])
    lab.until(lambda: lab.certificates()[host]["fingerprint"] != first, 120)
    assert delivered(lab, late)


def test_sixty_days_later(lab, late):
    """ACME-31: what is due is renewed, nothing is without a certificate meanwhile, and no id moves."""
    before, policy = lab.certificates(), lab.mxseal.json("policy", "show", late)
    hosts = [host for host, item in before.items() if item.get("source") == "acme"]
    lab.software("authority", lab.map.Pebble).validity = 365 * DAY  # from today, so that they hold then
    lab.clock(62)  # an authority that suggests a window lets it end a day after two thirds
    assert lab.fetch(late) == policy["text"] and delivered(lab, late)
    renewed = lambda host: lab.certificates()[host]["fingerprint"] != before[host]["fingerprint"]
    lab.until(lambda: all(renewed(host) for host in hosts), 120)
    assert lab.mxseal.json("policy", "show", late) == policy
    assert lab.fetch(late) == policy["text"] and delivered(lab, late)
    later = lab.mxseal.json("policy", "bump", late)["policy"]["id"]
    lab.clock(0)
    again = lab.mxseal.json("policy", "bump", late)["policy"]["id"]
    assert policy["id"] < later < again, "an id moves on, also when the clock went back"
    lab.published(late)
    assert delivered(lab, late)
