"""doctor: each trouble has a row and a fix, with the service up or down."""
import json
import os
import socket
import subprocess

import pytest

from conftest import BIN, DEADLINE

ORDER = ["pass", "skip", "info", "warn", "fail"]


class Doctor:
    def __init__(self, service, *args):
        done = service.run("doctor", "--config", service.folder / "mxseal.conf", "--json", *args)
        self.code, self.answer = done.returncode, json.loads(done.stdout)
        assert self.answer["schema"] == "mxseal.doctor/1" and done.stderr == "", done.stderr
        for row in self.answer["checks"]:
            assert row["severity"] in ORDER and row["detail"]
            assert row["fix"] or row["severity"] in ("pass", "info"), row

    def of(self, check):
        """Rows of a check: {severity: [detail]}"""
        found = {}
        for row in self.answer["checks"]:
            if row["check"] == check:
                found.setdefault(row["severity"], []).append(row["detail"])
        return found


def product(make_product, extra=""):
    return make_product("[resolver]\nforward = 127.0.0.1:1\n" + extra)


def test_a_good_service_and_what_goes_wrong_with_it(make_product, authority):
    """The resolver of this test answers nobody, which is not found out, and neither good nor bad."""
    service = product(make_product)
    service.run("domain", "add", "ill.example", "--way", "txt", "--mx", "mx.ill.example", check=0)
    service.run("cert", "import", authority.issue("mta-sts.ill.example", "mx.service.example", "reports.service.example"), check=0)
    seen = Doctor(service)
    assert seen.answer["running"] is True
    for check in ("configuration", "service", "ports", "permissions", "disk"):
        assert set(seen.of(check)) <= {"pass", "warn"}, (check, seen.of(check))
    assert len(seen.of("ports")["pass"]) == 3 and "outside is not tested" in seen.of("ports")["pass"][0]
    assert set(seen.of("resolver")) == {"skip"}
    assert seen.of("cages") and seen.of("clock") and seen.of("anchor")
    assert seen.of("backup") == {"warn": ["there was never one"]}
    assert Doctor(service, "--fail-on", "warn").code == 1
    service.run("backup", service.folder / "backup", check=0)
    assert set(Doctor(service).of("backup")) == {"pass"}
    old = service.state / "backup/last"
    os.utime(old, (1, 1))
    assert set(Doctor(service).of("backup")) == {"warn"}

    service.run("domain", "add", "bare.example", "--way", "txt", "--mx", "mx.bare.example", check=0)
    key = service.state / "master.key"
    key.chmod(0o644)
    seen = Doctor(service)
    assert seen.code == 1
    assert any("bare.example" in detail for detail in seen.of("certificates")["fail"])
    assert any("master.key" in detail for detail in seen.of("permissions")["fail"])
    key.chmod(0o400)

    text = service.run("doctor", "--config", service.folder / "mxseal.conf").stdout
    assert "[FAIL] certificates" in text and "fix: " in text


def test_with_the_service_down(make_product):
    service = product(make_product)
    service.stop()
    seen = Doctor(service)
    assert seen.code == 1 and seen.answer["running"] is False
    assert set(seen.of("service")) == {"fail"} and set(seen.of("certificates")) == {"skip"}
    assert all("is free" in detail for detail in seen.of("ports")["pass"])
    config = service.folder / "mxseal.conf"
    config.write_text(config.read_text().replace("[listen]", "[listen]\nlisten_to = 1"))
    seen = Doctor(service)
    assert seen.code == 1 and any(":4: " in d or "listen_to" in d for d in seen.of("configuration")["fail"])


def test_a_taken_port_is_named(make_product):
    service = product(make_product)
    service.stop()
    with socket.create_server(("127.0.0.1", service.ports["tls"])):
        taken = Doctor(service).of("ports")["fail"]
    assert len(taken) == 1 and str(service.ports["tls"]) in taken[0] and "taken by" in taken[0]


def test_a_port_that_somebody_took_meanwhile(make_product):
    """The service goes on without it, and who listens there is not taken for the service."""
    service = make_product("[resolver]\nforward = 127.0.0.1:1\n")
    service.run("domain", "add", "port.example", "--way", "txt", "--mx", "mx.port.example", check=0)
    service.stop()
    with socket.create_server(("127.0.0.1", service.ports["http"])):
        service.start()
        rows = Doctor(service).of("ports")
    assert len(rows["pass"]) == 2 and [r for r in rows["fail"] if f"{service.ports['http']}: taken by python3" in r], rows


def test_dns_is_looked_at_by_both_ways(make_product):
    service = make_product("[resolver]\nforward = 127.0.0.1:1\n")
    config = service.folder / "mxseal.conf"
    service.stop()
    config.write_text(config.read_text().replace("[listen]", f"[listen]\ndns = 127.0.0.1:{service.ports['dns']}").replace(
        "[service]", "[service]\nzone = sts.service.example\naddresses = 192.0.2.1"))
    service.start()
    of = lambda: {s: [r for r in rows if r.startswith("dns ")] for s, rows in Doctor(service).of("ports").items()}
    assert len(of()["pass"]) == 2
    service.stop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as name servers do
        other.bind(("127.0.0.1", service.ports["dns"]))
        rows = of()
    assert len(rows["pass"]) == 1 and len(rows["fail"]) == 1 and "by UDP: taken by python3" in rows["fail"][0], rows


def test_a_demonstration(demo):
    done = demo.run("doctor", "--json")
    answer = json.loads(done.stdout)
    assert answer["running"] is True and not [r for r in answer["checks"] if r["severity"] == "fail"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_by_somebody_else(demo):
    """What this user may not see is skipped, not called good."""
    done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", BIN, "doctor", "--json",
                           "--state", "/nonexistent"], capture_output=True, text=True, timeout=DEADLINE, check=False, cwd="/")
    answer = json.loads(done.stdout)
    assert done.returncode == 1 and any(r["check"] == "permissions" and r["severity"] == "fail" for r in answer["checks"])
