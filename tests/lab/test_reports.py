"""The same reports by mail, by HTTPS and out of a mailbox: the figures are those of one copy."""
import email.message
import email.policy
import gzip
import json
import re

import dkim
import pytest

from mail import Message
from program import openssl

DOMAIN, DAY, COUNT = "reported.example", "2026-05-12", 4
PRIVATE = (b"From: carol@good.example\r\nTo: office@mail.example\r\nSubject: %s\r\n\r\n"
           b"Dear Bob, the secret is 4711.\r\n")


def report(number):
    failed = [{"result-type": "certificate-expired", "failed-session-count": number,
               "receiving-mx-hostname": "good.mail.example"}] if number else []
    return json.dumps({
        "organization-name": "Sender Ltd", "contact-info": "tls@sender.example", "report-id": f"lab-{number}",
        "date-range": {"start-datetime": f"{DAY}T00:00:00Z", "end-datetime": f"{DAY}T23:59:59Z"},
        "policies": [{"policy": {"policy-type": "sts", "policy-domain": DOMAIN,
                                 "mx-host": ["good.mail.example"]},
                      "summary": {"total-successful-session-count": 100 + number,
                                  "total-failure-session-count": number},
                      "failure-details": failed}]}).encode()


class Reporter:
    """Makes report mails as RFC 8460 asks, signed for sender.example."""

    def __init__(self, lab):
        self.key = lab.folder / "dkim.pem"
        openssl("genrsa", "-out", self.key, "2048")
        public = lab.here("openssl", "rsa", "-in", self.key, "-pubout").split("-----")[2].replace("\n", "")
        strings = " ".join(f'"{part}"' for part in re.findall(".{1,200}", f"v=DKIM1; k=rsa; s=tlsrpt; p={public}"))
        lab.zones["sender.example"].paste("tls._domainkey TXT " + strings)

    def mail(self, number, to, message_id, forged=False):
        """One report; forged: with other figures, and a signature that does not hold."""
        name = f"sender.example!{DOMAIN}!1778544000!1778630399!{number}.json.gz"
        mail = email.message.EmailMessage(policy=email.policy.SMTP)
        mail["From"], mail["To"], mail["Message-ID"] = "tls@sender.example", to, f"<{message_id}>"
        mail["Date"] = "Wed, 13 May 2026 00:10:00 +0000"
        mail["Subject"] = f"Report Domain: {DOMAIN} Submitter: sender.example Report-ID: <lab-{number}>"
        mail["TLS-Report-Domain"], mail["TLS-Report-Submitter"] = DOMAIN, "sender.example"
        mail.set_content("A report is attached.\n")
        body = report(number).replace(b'count": 10', b'count": 90') if forged else report(number)
        mail.add_attachment(gzip.compress(body), "application", "tlsrpt+gzip", filename=name)
        mail.replace_header("Content-Type", mail["Content-Type"].replace("/mixed", "/report; report-type=tlsrpt"))
        text = mail.as_bytes()
        signature = dkim.sign(text, b"tls", b"sender.example", self.key.read_bytes(),
                              include_headers=[b"from", b"to", b"subject", b"date", b"message-id",
                                               b"tls-report-domain", b"tls-report-submitter"])
        return signature + (text.replace(b"Date: Wed, ", b"Date: Thu, ") if forged else text)


@pytest.fixture(scope="module")
def reporter(lab):
    lab.mxseal.run("domain", "add", DOMAIN, check=0)
    lab.until(lambda: {"mailto", "https"} <= set(lab.reports(DOMAIN)), 120)
    return Reporter(lab)


def by_trust(lab):
    found = lab.mxseal.json("report", "summary", DOMAIN, "--from", DAY, "--to", DAY)["trust"]
    return {trust: figures["reports"] for trust, figures in found.items() if figures["reports"]}


def post(lab, number):
    """One report by curl; the status."""
    return lab["sender"].run("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--data-binary", "@-", "-H",
                             "Content-Type: application/tlsrpt+gzip", lab.reports(DOMAIN)["https"],
                             stdin=gzip.compress(report(number), mtime=0)).stdout.decode()


@pytest.mark.short
def test_one_copy(lab, reporter):
    """RPT-77 RPT-86: posted, then mailed with a signature over STARTTLS, then read in a mailbox between private mail."""
    mailbox, to = lab.software("mailbox"), lab.reports(DOMAIN)["mailto"].partition(":")[2]
    assert [post(lab, n) for n in range(COUNT)] == ["201"] * COUNT
    lab.until(lambda: by_trust(lab) == {"posted": COUNT})
    mails = [Message(lab["sender"], to, lambda i, n=n: reporter.mail(n, to, i).replace(b"\r\n", b"\n"))
             for n in range(COUNT)]
    mails.append(Message(lab["sender"], to, lambda i: reporter.mail(0, to, i, forged=True).replace(b"\r\n", b"\n")))
    for mail in mails:
        assert lab.until(mail.attempts)[0][:2] == ("sent", "Trusted")
    lab.until(lambda: by_trust(lab) == {"dkim": COUNT, "unsigned": 1})
    mailbox.append("office", PRIVATE % b"lunch", *(reporter.mail(n, to, f"{n}@x.example") for n in range(COUNT)),
                   PRIVATE % b"dinner")
    way = lambda: next(w for w in lab.mxseal.json("report", "ways")["items"] if w["name"] == "office")
    lab.until(lambda: way()["looked_at"] == COUNT + 2 and way()["with_reports"] == COUNT)
    lab.until(lambda: [flags for _, flags in mailbox.messages("office")] ==
              [set(), *[{"\\Flagged"}] * COUNT, set()])
    assert by_trust(lab) == {"dkim": COUNT, "unsigned": 1}, "what is forged stands apart"
    summary = lab.mxseal.json("report", "summary", DOMAIN, "--from", DAY, "--to", DAY)
    assert (summary["successful"], summary["failed"]) == (100 * COUNT + 6, 6)
    assert [o["signer"] for o in summary["organizations"]] == ["sender.example"]
    assert b"4711" not in b"".join(p.read_bytes() for p in (lab.mxseal.state / "archive").iterdir())
