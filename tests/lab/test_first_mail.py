"""From pasted records to the first delivered mail without a human; what an enforced policy refuses, and how
mail flows again within what `horizon` said."""
import time

import pytest

from internet import BAD

short = pytest.mark.short
GOOD = {"signed.example": "cname", "typed.example": "txt", "flat.example": "cname"}
ENFORCED = ("--mode", "enforce", "--anyway", "the lab has no time")
POLICY = "version: STSv1\r\nmode: enforce\r\nmx: good.mail.example\r\nmax_age: 86400\r\n"

# What the sender says of the mail, and of the host.
REFUSED = {
    "moved.example": ("certificate not verified", ""),
    "expired.example": ("certificate not verified", "expired.mail.example[198.51.100.12]:25: certificate has expired"),
    "wrong.example": ("certificate not verified", "wrong.mail.example[198.51.100.13]:25: num=62:hostname mismatch"),
    "self.example": ("certificate not verified", "self.mail.example[198.51.100.14]:25: self-signed certificate"),
    "plain.example": ("TLS is required, but was not offered", ""),
    "stripped.example": ("TLS is required, but was not offered", ""),
}

GREET = "import smtplib; print(smtplib.SMTP('198.51.100.16').ehlo('probe'))"

# What mends each of them: moved.example has a policy of a host that its mail has left; the others are
# right about hosts that cannot be verified.
CORRECTIONS = {"moved.example": ("--add-mx", "good.mail.example"), **{d: ("--mode", "testing") for d in BAD}}
RETRY = 4 + 2  # seconds: maximal_backoff_time and queue_run_delay of the sender


@pytest.fixture(scope="module")
def hosted(lab):
    """All customers at once: added, and their records pasted.  The rest comes by itself."""
    lab.add_all({**{domain: ("--way", way, *ENFORCED) for domain, way in GOOD.items()},
                 **{domain: ENFORCED for domain in BAD},
                 "moved.example": ("--mx", "old.mail.example", *ENFORCED)})
    lab.type_the_id("typed.example")  # the one line that cannot be known before
    for domain in (*GOOD, *CORRECTIONS):
        lab.certified(domain)
        lab.published(domain)
    return lab


@pytest.fixture(scope="module")
def waiting(hosted):
    """{domain: a mail that its policy keeps back}"""
    mails = {}
    for domain in CORRECTIONS:
        assert hosted.policy_of(domain).startswith("secure match=")
        mails[domain] = hosted.mail(domain)
    return mails


@short
@pytest.mark.parametrize("domain", GOOD)
def test_first_mail(hosted, domain):
    """STS-01 STS-20 STS-40 STS-44: the sender finds the policy and verifies whom it delivers to."""
    assert hosted.fetch(domain) == POLICY
    assert hosted.policy_of(domain) == "secure match=good.mail.example servername=hostname"
    mail = hosted.mail(domain)
    assert hosted.until(mail.attempts)[0][:2] == ("sent", "Verified")
    received = hosted.until(lambda: mail.received(hosted["good"]))
    assert "TLSv1.3" in received and "for <bob@" + domain in received


@short
@pytest.mark.parametrize("domain", GOOD)
def test_records_are_seen(hosted, domain):
    """Each server is asked; a provider that flattens is right too."""
    state = "flattened" if domain == "flat.example" else "seen"
    records = {r["purpose"]: r for r in hosted.mxseal.json("records", domain)["records"]}
    assert records["policy-host"]["state"] == records["policy-id"]["state"] == state, records
    assert hosted.zones[domain].host.address in [s["address"] for s in records["policy-id"]["servers"]]


@short
def test_live_mx_against_the_policy(hosted):
    """A live MX host that no pattern matches and a pattern that matches none are named."""
    tried = lambda *mx: hosted.mxseal.json("policy", "set", "moved.example", "--mode", "testing", "--dry-run", *mx)
    said = tried("--mx", "old.mail.example", "--mx", "*.mail.example")
    assert said["unmatched_mx"] == [] and said["unused_patterns"] == ["old.mail.example"]
    said = tried("--mx", "*.example")
    assert said["unmatched_mx"] == ["good.mail.example"] and said["unused_patterns"] == ["*.example"]


@short
def test_signed_from_the_root(hosted):
    """The sender's resolver vouches for the customer's own records."""
    answer = hosted["sender"].run("kdig", "+dnssec", "signed.example", "MX").stdout
    assert "RRSIG" in answer and " ad;" in answer, answer


@short
@pytest.mark.parametrize("domain", REFUSED)
def test_bad_hosts_are_refused(hosted, waiting, domain):
    """An enforced policy keeps mail from a host that cannot be verified; it waits."""
    status, _, reason = hosted.until(waiting[domain].attempts)[0]
    said, why = REFUSED[domain]
    assert status == "deferred" and said in reason
    assert why in hosted["sender"].text("postfix")


@short
def test_the_thief_is_on_the_way(hosted):
    """The host itself offers STARTTLS; what the sender sees of it comes from the path."""
    seen = {name: hosted[name].run("/usr/bin/python3", "-c", GREET).stdout for name in ("sender", "path")}
    assert "STARTTLS" in seen["path"] and "STARTTLS" not in seen["sender"]
    assert "250" in seen["sender"]


def foretold(lab, domain, policy_id):
    """When `horizon` says that no resolver answers a wrong policy's id any longer; once it knows."""
    wrong = lab.mxseal.json("horizon", domain, "--wrong", policy_id)["wrong"]
    return wrong["bounce_free"] and wrong["resolvers_may_answer_until"]


def test_mail_flows_again(hosted, waiting):
    """STS-87: the wrong policy binds until its id is answered no more, and a retry."""
    ids = {domain: hosted.mxseal.json("policy", "show", domain)["id"] for domain in waiting}
    assert all(status == "deferred" for mail in waiting.values() for status, *_ in mail.attempts())
    hosted.mxseal.run("policy", "bump", "moved.example", check=0)  # whose id nobody gets to see
    for domain, options in CORRECTIONS.items():
        hosted.mxseal.run("policy", "set", domain, *options, check=0)
    until = {domain: hosted.until(lambda: foretold(hosted, domain, ids[domain])) for domain in waiting}
    sent = {}

    def all_sent():
        for domain, mail in waiting.items():
            if mail.attempts()[-1][0] == "sent":
                sent.setdefault(domain, time.time())
        return len(sent) == len(waiting)

    hosted.until(all_sent, 120)
    late = {domain: sent[domain] - until[domain] for domain in waiting}
    assert max(late.values()) < RETRY + 5, late  # and some seconds of a busy machine
    assert waiting["moved.example"].attempts()[-1][1] == "Verified"
    assert waiting["plain.example"].attempts()[-1][1] == "Plain"


def test_retire(hosted, waiting):
    """STS-91: a domain leaves: senders are told, mail flows on, and a day is named for the records."""
    domain = "self.example"
    before = hosted.mxseal.json("policy", "show", domain)["id"]
    assert hosted.mxseal.json("domain", "retire", domain)["policy"]["mode"] == "none"
    hosted.published(domain)
    hosted.until(lambda: "mode: none" in (hosted.fetch(domain) or ""))
    hosted.until(lambda: hosted.policy_of(domain) == "")
    mail = hosted.mail(domain)
    assert hosted.until(mail.attempts)[0][0] == "sent"
    assert hosted.mxseal.json("policy", "show", domain)["id"] > before
    held = hosted.mxseal.json("horizon", domain)["old_policy_until"]
    day = time.strftime("%Y-%m-%d", time.gmtime(held))
    assert day in hosted.mxseal.run("domain", "remove", domain, check=6).stderr, "not before"
