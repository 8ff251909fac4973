"""From pasted records to the first delivered mail without a human, and what an enforced policy refuses."""
import pytest

from internet import BAD

pytestmark = pytest.mark.short

GOOD = {"signed.example": "cname", "typed.example": "txt", "flat.example": "cname"}
ENFORCED = ("--mode", "enforce", "--anyway", "the lab has no time")
POLICY = "version: STSv1\r\nmode: enforce\r\nmx: good.mail.example\r\nmax_age: 86400\r\n"

# What the sender says of the mail, and of the host.
REFUSED = {
    "expired.example": ("certificate not verified", "expired.mail.example[198.51.100.12]:25: certificate has expired"),
    "wrong.example": ("certificate not verified", "wrong.mail.example[198.51.100.13]:25: num=62:hostname mismatch"),
    "self.example": ("certificate not verified", "self.mail.example[198.51.100.14]:25: self-signed certificate"),
    "plain.example": ("TLS is required, but was not offered", ""),
    "stripped.example": ("TLS is required, but was not offered", ""),
}

GREET = """
import socket
s = socket.create_connection(("198.51.100.16", 25))
s.sendall(b"EHLO x\\r\\nQUIT\\r\\n")
print(s.makefile().read())
"""


@pytest.fixture(scope="module")
def hosted(lab):
    """All customers at once: added, and their records pasted.  The rest comes by itself."""
    for domain, way in GOOD.items():
        lab.add(domain, "--way", way, *ENFORCED)
    for domain in BAD:
        lab.add(domain, *ENFORCED)
    lab.type_the_id("typed.example")  # the one line that cannot be known before
    for domain in (*GOOD, *BAD):
        lab.certified(domain)
        lab.published(domain)
    return lab


@pytest.mark.parametrize("domain", GOOD)
def test_first_mail(hosted, domain):
    """STS-01 STS-20 STS-40 STS-44: the sender finds the policy and verifies whom it delivers to."""
    assert hosted.fetch(domain) == POLICY
    assert hosted.policy_of(domain) == "secure match=good.mail.example servername=hostname"
    mail = hosted.mail(domain)
    assert hosted.until(mail.attempts)[0][:2] == ("sent", "Verified")
    received = hosted.until(lambda: mail.received(hosted["good"]))
    assert "TLSv1.3" in received and "for <bob@" + domain in received


def test_signed_from_the_root(hosted):
    """The sender's resolver vouches for the customer's own records."""
    answer = hosted["sender"].run("kdig", "+dnssec", "signed.example", "MX").stdout
    assert "RRSIG" in answer and " ad;" in answer, answer


@pytest.mark.parametrize("domain", BAD)
def test_bad_hosts_are_refused(hosted, domain):
    """STS-73: an enforced policy keeps mail from a host that cannot be verified; it waits."""
    assert hosted.policy_of(domain).startswith("secure match=")
    status, _, reason = hosted.until(hosted.mail(domain).attempts)[0]
    said, why = REFUSED[domain]
    assert status == "deferred" and said in reason
    assert why in hosted["sender"].text("postfix")


def test_the_thief_is_on_the_way(hosted):
    """The host itself offers STARTTLS; what the sender sees of it comes from the path."""
    seen = {name: hosted[name].run("/usr/bin/python3", "-c", GREET).stdout for name in ("sender", "path")}
    assert "STARTTLS" in seen["path"] and "STARTTLS" not in seen["sender"]
    assert "250" in seen["sender"]
