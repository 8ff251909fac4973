"""The master key is another one, or gone: it is said, and what was sealed under the old one has a way out."""
import json
import os
import secrets
import shutil
import ssl
import time

import pytest

from conftest import eventually
from test_acme import add as add_hosted, certs, fingerprint, internet, issued, orders, product, served  # noqa: F401
from test_acme import ADMIN, REPORT

A = "first.example"
HOST = "mta-sts." + A
ANOTHER = "not the one this state was sealed under"


def put_key(service, key):
    path = service.state / "master.key"
    path.unlink(missing_ok=True)
    path.write_bytes(key)
    path.chmod(0o400)


def doctor(service, check="master-key"):
    """[severity, detail, fix] of the rows of a check."""
    done = service.run("doctor", "--config", service.folder / "mxseal.conf", "--json")
    return [(r["severity"], r["detail"], r["fix"]) for r in json.loads(done.stdout)["checks"] if r["check"] == check]


def is_own(service):
    return eventually(lambda: [severity for severity, *_ in doctor(service)] == ["pass"])


def imported(make_product, authority):
    service = make_product("[resolver]\nforward = 127.0.0.1:1\n")
    service.run("domain", "add", A, "--way", "txt", "--mx", "mx." + A, check=0)
    pem = authority.issue(HOST)
    service.run("cert", "import", pem, check=0)
    eventually(lambda: service.json("policy", "show", A)["state"] != "staged")
    eventually(lambda: "one of this state" in doctor(service)[0][1])
    return service, pem


def refused(service, authority):
    with pytest.raises(ssl.SSLError):
        service.fetch(HOST, ca=authority.cert)
    return True


def test_another_key_is_said_and_the_old_one_mends_it(make_product, authority):
    service, _ = imported(make_product, authority)
    old = (service.state / "master.key").read_bytes()
    service.stop()
    assert doctor(service)[0][:2] == ("pass", f"{service.state}/master.key: it is the one of this state")
    files = sorted(p.name for p in service.state.rglob("*"))
    put_key(service, secrets.token_bytes(32))
    (severity, detail, fix), = doctor(service)
    assert severity == "fail" and ANOTHER in detail and "old key" in fix and "anew" in fix
    assert sorted(p.name for p in service.state.rglob("*")) == files, "looking makes no file"

    service.start()
    eventually(lambda: "certificates do not open" in service.log_text())
    assert ANOTHER in service.log_text()
    assert doctor(service)[0][0] == "fail"
    assert certs(service)[HOST]["state"] == "other-master-key"
    assert any(s == "fail" and HOST in d for s, d, _ in doctor(service, "certificates"))
    assert refused(service, authority)

    service.stop()
    put_key(service, old)
    service.start()
    assert service.fetch(HOST, ca=authority.cert)[0] == 200
    assert certs(service)[HOST]["state"] != "other-master-key" and is_own(service)


def test_imported_again_under_another_key(make_product, authority):
    """The same certificate, whose key is sealed anew; then the state knows the new key for its own."""
    service, pem = imported(make_product, authority)
    service.stop()
    put_key(service, secrets.token_bytes(32))
    service.start()
    assert refused(service, authority) and service.run("policy", "bump", A).returncode == 0
    service.run("cert", "import", pem, check=0)
    status, _, body = service.fetch(HOST, ca=authority.cert)
    assert status == 200 and b"mx: mx." + A.encode() in body
    assert certs(service)[HOST]["state"] != "other-master-key"
    service.stop()
    service.start()
    assert is_own(service)
    assert service.fetch(HOST, ca=authority.cert)[0] == 200


def test_no_key_beside_data(make_product, authority):
    service, _ = imported(make_product, authority)
    (service.state / "master.key").unlink()
    (severity, detail, fix), = doctor(service)
    assert severity == "fail" and "no key file" in detail and "put the master key back" in fix, "before the next start"
    service.stop()
    assert doctor(service)[0][0] == "fail"
    with pytest.raises(RuntimeError) as failed:
        service.start()
    assert "no key file" in str(failed.value) and "head -c 32 /dev/urandom" in str(failed.value)
    put_key(service, b"short")
    assert doctor(service)[0][0] == "fail"


def test_restore_compares(make_product, authority, tmp_path):
    service, _ = imported(make_product, authority)
    key, folder = (service.state / "master.key").read_bytes(), tmp_path / "moved"
    service.run("backup", folder, check=0)
    files = sorted(os.listdir(folder))
    service.stop()
    shutil.rmtree(service.state)
    service.state.mkdir()

    said = service.run("restore", folder, "--yes", check=0).stderr
    assert "master.key is not there" in said and "\nfix: put the master key" in said
    put_key(service, secrets.token_bytes(32))
    time.sleep(1.1)  # each sets aside what was there under the name of its second
    said = service.run("restore", folder, "--yes", check=0).stderr
    assert "another master key than the one this backup was sealed under" in said and "\nfix: " in said
    put_key(service, key)
    time.sleep(1.1)
    assert service.json("restore", folder, "--yes")["master_key"] == {
        "file": str(service.state / "master.key"), "is": "same"}
    assert sorted(os.listdir(folder)) == files, "looking makes no file"
    service.start()
    assert service.fetch(HOST, ca=authority.cert)[0] == 200


@pytest.mark.skipif(not shutil.which("pebble"), reason="pebble is not installed")
def test_ordered_anew(product, internet):  # noqa: F811
    """A new account, and a new certificate for each host at once, long before its renewal is due."""
    service = product(ca={})
    add_hosted(service, A)
    hosts = [ADMIN, REPORT, HOST]
    issued(service, *hosts)
    eventually(lambda: {o["state"] for o in orders(service).values()} == {"idle"})
    before = {h: fingerprint(service, h) for h in hosts}
    is_own(service)
    service.stop()
    put_key(service, secrets.token_bytes(32))
    service.start()
    eventually(lambda: all(certs(service).get(h, {}).get("fingerprint", before[h]) != before[h] for h in hosts))
    assert {certs(service)[h]["state"] for h in hosts} & {"other-master-key"} == set()
    assert "a new account is made" in service.log_text() and ANOTHER in service.log_text()
    root = internet.roots()
    assert eventually(lambda: served(service, HOST, root))[0] == 200
    service.stop()
    service.start()
    assert is_own(service)
    assert eventually(lambda: served(service, HOST, root))[0] == 200
