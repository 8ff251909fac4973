"""The other pages, as tests/system/test_docs.py has those that people install and operate by."""
import json
import re

import pytest

import pages
from conftest import eventually
from reader import OWN, missing, start_with_a_domain, type_command, walk

pytestmark = pytest.mark.skipif(missing() is not None, reason=missing() or "")


def by_checkzone(reader, text):
    reader.put("/root/zone", f"$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns.else.invalid.\n{text}")
    for name in {".".join(line.split()[0].split(".")[-3:]) for line in text.splitlines()}:
        reader.run(f"named-checkzone -i none {name} /root/zone")


def by_knot(reader, text):
    secret = reader.read("/etc/mxseal/transfer.keys").strip().split(":")[-1]
    reader.put("/root/knot.conf", text.replace("…", secret))
    reader.run("knotc -c /root/knot.conf conf-check")


def by_named(reader, text):
    """The page leaves out what every zone has, and the key is what the page's command prints."""
    key = reader.run("tsig-keygen mxseal.example.net").stdout
    reader.put("/root/named.conf", key + text.replace("{\n", '{\n    type primary; file "example.com";\n', 1))
    reader.run("named-checkconf /root/named.conf")


def test_dns(reader):
    start_with_a_domain(reader)
    walk(reader, "dns.md", {"ini": lambda r, text: r.configure(text), "zone": by_checkzone, "knot": by_knot, "named": by_named,
                            "text": lambda *_: None, "json": lambda r, text: json.loads(text)}, inline=False)
    reader.put("/etc/mxseal/update.key", reader.run("tsig-keygen mxseal.example.net").stdout)
    reader.run("chown root:mxseal /etc/mxseal/*.key*; chmod 640 /etc/mxseal/update.key")
    reader.systemctl("restart")


def by_postfix(reader, text):
    """Each file as the page has it, with a main.cf that has no more; then Postfix reads them."""
    reader.put("/etc/postfix/main.cf", "compatibility_level = 3.6\n")
    for path, lines in re.findall(r"(?ms)^# (/\S+?)(?:;[^\n]*)?\n(.*?)(?=^# /|\Z)", text):
        if path == "/etc/mxseal/mxseal.conf":
            reader.configure(lines)
            continue
        old = reader.read(path) if (reader.root / path.lstrip("/")).exists() else ""
        reader.put(path, old + lines)
    assert "warning" not in reader.run("postconf -n 2>&1").stdout
    reader.run("touch /etc/postfix/virtual /etc/postfix/transport; postmap /etc/postfix/virtual /etc/postfix/transport")
    if "mxseal.invalid" in text:
        assert reader.run("postmap -q mxseal.invalid hash:/etc/postfix/transport").stdout == "lmtp:unix:mxseal/lmtp\n"


def by_aliases(reader, text):
    reader.put("/etc/aliases", text)
    reader.run("postalias /etc/aliases && postalias -q tls-reports hash:/etc/aliases")


def test_reports(reader):
    start_with_a_domain(reader)
    reader.put("/root/broken.eml", "From: a@b.example\nContent-Type: application/tlsrpt+json\n\n{\n")
    reader.run("mxseal ingest </root/broken.eml")
    sha = eventually(lambda: json.loads(reader.run("mxseal report quarantine --json").stdout)["items"])[0]["sha256"]
    OWN["SHA256"] = sha
    walk(reader, "reports.md", {"ini": lambda r, text: r.configure(text), "postfix": by_postfix, "aliases": by_aliases,
                                "json": lambda r, text: json.loads(text)}, inline=False)
    assert reader.read("/root/message.eml").endswith("{\n")


def test_certificates(reader):
    start_with_a_domain(reader)
    walk(reader, "certificates.md", {"ini": lambda r, text: r.configure(text)}, inline=False)


def test_readme(reader):
    """The tour, in a demonstration with the ports and places that it has."""
    reader.run("rm -rf mxseal/build mxseal/var && mkdir -p mxseal/build && ln -s /usr/bin/mxseal mxseal/build/mxseal")
    reader.cwd = "/root/mxseal"
    reader.start("build/mxseal serve --demo")
    eventually(lambda: "reported by 3 senders" in reader.run("build/mxseal report summary acme.example", range(256)).stdout)
    policy, *_ = pages.of("README.md", "console")
    asked = next(c for c in pages.commands("README.md") if c.program == "curl")
    assert policy.endswith(type_command(reader, asked).stdout.replace("\r", "")), "the policy is what the page shows"
    walk(reader, "README.md", {}, inline=False)
