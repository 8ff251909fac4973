"""backup and restore: nothing lost, nothing held up, the master key never in it."""
import contextlib
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import threading

import pytest

from conftest import BIN, DEADLINE, eventually

A, B = "first.example", "later.example"


def report(domain, number):
    return json.dumps({
        "organization-name": "Sender", "report-id": f"r-{number}@{domain}", "contact-info": "tls@sender.example",
        "date-range": {"start-datetime": "2026-05-12T00:00:00Z", "end-datetime": "2026-05-12T23:59:59Z"},
        "policies": [{"policy": {"policy-type": "sts", "policy-string": ["version: STSv1"], "policy-domain": domain},
                      "summary": {"total-successful-session-count": 4, "total-failure-session-count": 0}}]})


def take(service, domain, number):
    path = service.folder / f"report-{number}.json"
    path.write_text(report(domain, number))
    return service.json("report", "import", path)


def add(service, authority, domain):
    service.run("domain", "add", domain, "--way", "txt", "--mx", "mx." + domain, check=0)
    service.run("cert", "import", authority.issue("mta-sts." + domain), check=0)
    eventually(lambda: shown(service, domain)["state"] != "staged")


def shown(service, domain):
    return service.json("policy", "show", domain)


def test_a_backup_restored(make_product, authority):
    """Made under load; what came later is set aside, its reports are kept, and what senders may hold is said."""
    service = make_product()
    add(service, authority, A)
    assert take(service, A, 1)["new"] == 1
    folder = service.folder / "backup"
    over, failures = threading.Event(), []

    def load():
        while not over.is_set():
            if service.run("policy", "bump", A).returncode != 0:
                failures.append("bump")
    thread = threading.Thread(target=load)
    thread.start()
    made = service.json("backup", folder)
    over.set()
    thread.join()
    assert not failures and made["master_key"] is False and made["folder"] == str(folder)
    assert oct(folder.stat().st_mode & 0o777) == "0o700"
    key = (service.state / "master.key").read_bytes()
    assert all(key not in path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert not any((service.state / "backup").glob("*.db")), "the copies are gone"

    add(service, authority, B)
    service.run("policy", "bump", A, check=0)
    before, later = shown(service, A), shown(service, B)
    assert take(service, A, 2)["new"] == 1
    service.run("backup", folder, check=5)

    running = service.run("restore", folder, "--yes", check=5)
    assert "is running" in running.stderr
    service.stop()
    asked = service.run("restore", folder, check=2)
    assert "--yes" in asked.stderr and "fix: " in asked.stderr
    done = service.json("restore", folder, "--yes", "--further-ids")
    newer = {p["domain"]: p["id"] for p in done["newer"]}
    assert newer == {A: before["id"], B: later["id"]} and done["further_ids"] == 1

    service.start()
    assert [d["domain"] for d in service.json("domain", "list")["items"]] == [A]
    assert shown(service, A)["id"] > before["id"], "a further id, which no sender has seen"
    assert service.fetch("mta-sts." + A, ca=authority.cert)[0] == 200
    # The second report was acknowledged after the backup; the archive still has it.
    summed = lambda: service.json("report", "summary", A, "--from", "2026-05-01", "--to", "2026-05-31")["reports"]
    eventually(lambda: summed() == 2)
    assert os.path.isdir(done["set_aside"])


def test_on_a_new_machine(make_product, authority, tmp_path):
    """Only the backup and the master key: the same policies under the same ids, and the reports."""
    service = make_product()
    add(service, authority, A)
    take(service, A, 1)
    before = shown(service, A)
    folder = tmp_path / "moved"
    service.run("backup", folder, check=0)
    key = (service.state / "master.key").read_bytes()
    service.stop()
    shutil.rmtree(service.state)
    service.state.mkdir()
    said = service.run("restore", folder, "--yes", check=0)
    assert "Senders may hold" in said.stdout and "further id" in said.stdout and "master key" in said.stderr
    (service.state / "master.key").write_bytes(key)
    (service.state / "master.key").chmod(0o400)
    service.start()
    assert shown(service, A)["id"] == before["id"]
    assert service.fetch("mta-sts." + A, ca=authority.cert)[0] == 200
    assert service.json("report", "summary", A, "--from", "2026-05-01", "--to", "2026-05-31")["reports"] == 1


def test_what_is_no_backup_changes_nothing(make_product, tmp_path):
    service = make_product()
    folder = tmp_path / "backup"
    service.run("backup", folder, check=0)
    service.stop()
    before = (service.state / "mxseal.db").read_bytes()

    def refused(why, where=folder):
        done = service.run("restore", where, "--yes", check=1)
        assert why in done.stderr and "\nfix: " in done.stderr, done.stderr

    refused("no backup", tmp_path)
    listed = (folder / "manifest.json").read_text()
    for text, why in ((listed.replace('"mxseal.db"', '"../mxseal.db"'), "cannot be read"), ("{", "cannot be read")):
        (folder / "manifest.json").write_text(text)
        refused(why)
    (folder / "manifest.json").write_text(listed)
    full = subprocess.run(["sh", "-c", 'trap "" XFSZ; ulimit -f 16; exec "$@"', "-", BIN, "restore", folder, "--yes"],
                          env=service.env, cwd=service.folder, capture_output=True, text=True, check=False)
    assert full.returncode > 1 and "\nfix: " in full.stderr, "as on a disk that is full"
    assert not list(service.state.rglob("*.restore"))
    with open(folder / "mxseal.db", "r+b") as f:
        f.seek(5000)
        f.write(b"\x55")
    refused("is not as it was")
    assert (service.state / "mxseal.db").read_bytes() == before
    assert not list(service.state.glob("before-restore-*"))


def change(folder, statement):
    """The main database of a backup, otherwise than it was made, and listed as it is."""
    path = folder / "mxseal.db"
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("pragma journal_mode = delete")
        db.execute("pragma foreign_keys = off")
        db.execute(statement)
    made = json.loads((folder / "manifest.json").read_text())
    for f in made["files"]:
        if f["name"] == "mxseal.db":
            f.update(size=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    (folder / "manifest.json").write_text(json.dumps(made))


def test_a_backup_of_a_newer_program_changes_nothing(make_product, tmp_path):
    service = make_product()
    folder = tmp_path / "backup"
    service.run("backup", folder, check=0)
    service.stop()
    before = (service.state / "mxseal.db").read_bytes()
    change(folder, "pragma user_version = 1000")
    done = service.run("restore", folder, "--yes", check=1)
    assert "newer mxseal" in done.stderr and "\nfix: use the newer mxseal, or an older backup" in done.stderr
    assert (service.state / "mxseal.db").read_bytes() == before
    assert not list(service.state.glob("before-restore-*"))


def test_what_ends_halfway_leaves_a_state_of_its_owner(make_product, tmp_path):
    """The files are the service's again, and it is said where the state that was there lies."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    service = make_product()
    folder = tmp_path / "backup"
    service.run("backup", folder, check=0)
    service.stop()
    for path in [service.state, *service.state.rglob("*")]:
        os.chown(path, 65534, 65534)
    change(folder, "drop table domain")
    done = service.run("restore", folder, "--yes", "--further-ids", check=3)
    aside, = service.state.glob("before-restore-*")
    assert "cannot be read" in done.stderr and f"{aside}" in done.stderr.split("\nfix: ")[1], done.stderr
    for name in ("mxseal.db", "edge/edge.db", "lock"):
        assert (service.state / name).stat().st_uid == 65534, name


def test_only_an_owner_takes_a_backup(make_product, tmp_path):
    if os.geteuid() != 0:
        pytest.skip("needs root, to be somebody else")
    service = make_product()
    tmp_path.chmod(0o777)
    for folder in [service.folder, *service.folder.parents]:
        if folder.stat().st_uid == os.geteuid() and str(folder).startswith("/tmp/pytest"):
            folder.chmod(folder.stat().st_mode | 0o055)
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o777)
    done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", BIN, "backup", tmp_path / "open/b",
                           "--state", service.state], capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 4, done.stderr
