"""[report] watch: folders, Maildirs and mbox files in which reports appear while the service runs."""
import gzip
import mailbox
import os
import signal

import pytest

from test_intake_ways import mail, report, reports_by_trust
from test_mailbox import BROKEN_JSON, CLAIMS, COMPLEX, DMARC, archive_bytes, private, quarantined, way

from conftest import CONFIG, eventually


@pytest.fixture
def watched(make_product, tmp_path):
    """A product that watches a folder, a Maildir and an mbox file, all empty."""
    folder, maildir, mbox = tmp_path / "in", tmp_path / "Maildir", tmp_path / "mbox"
    folder.mkdir()
    mailbox.Maildir(maildir, create=True)
    mbox.touch()
    text = CONFIG.replace("[report]", f"[report]\nwatch = {folder} {maildir}\n  {mbox} {tmp_path}/missing\n")
    service = make_product(text=text)
    service.run("domain", "add", "loop.example", "--mx", "mx.loop.example", check=0)
    service.folder_in, service.maildir, service.mbox = folder, maildir, mbox
    return service


def deliver(service, name, content, part="new"):
    path = service.maildir / "tmp" / name
    path.write_bytes(content)
    path.rename(service.maildir / part / name)


def append(service, *messages):
    with open(service.mbox, "ab") as box:
        for message in messages:
            box.write(b"From x@y Thu Jan  1 00:00:00 2026\n" + message.replace(b"\r\n", b"\n") + b"\n")


def test_what_appears_is_taken_once(watched):
    """RPT-23: files by their names, mails by their content; nothing is taken twice, nothing is changed."""
    service = watched
    deliver(service, "1.host", mail(report("m1")))
    deliver(service, "2.host:2,S", mail(report("m2")), "cur")
    deliver(service, "3.host", private("mine"))
    deliver(service, "4.host", DMARC)
    deliver(service, "5.host", COMPLEX)
    deliver(service, "6.host", BROKEN_JSON)
    append(service, private("mine"), mail(report("b1")), mail(report("m1")))
    (service.folder_in / "a.json").write_bytes(report("f1"))
    (service.folder_in / "b.json.gz").write_bytes(gzip.compress(report("f2")))
    (service.folder_in / "c.eml").write_bytes(mail(report("f3")))
    (service.folder_in / "google.com!loop.example!1!2.xml.gz").write_bytes(gzip.compress(b"<feedback/>"))
    (service.folder_in / "notes.txt").write_bytes(report("f4"))
    (service.folder_in / "link.json").symlink_to(service.folder_in / "notes.txt")
    os.mkfifo(service.folder_in / "pipe.json")
    eventually(lambda: reports_by_trust(service) == {"imported": 2, "unsigned": 4})
    assert quarantined(service) == 0
    kept = archive_bytes(service)
    assert b"4711" not in kept and b"Subject: dmarc" not in kept and b"Subject: odd" not in kept
    ways = {w["name"]: w for w in service.json("report", "ways")["items"]}
    assert [ways[str(p)]["with_reports"] for p in (service.folder_in, service.maildir, service.mbox)] == [3, 2, 2]
    assert ways[str(service.maildir.parent / "missing")]["why"] == "No such file or directory"
    # Later ones, and one that is written so slowly that half of it is read.
    with open(service.folder_in / "slow.json", "wb") as slow:
        slow.write(report("slow")[:50])
    deliver(service, "7.host", mail(report("m3")))
    append(service, mail(report("b2")))
    eventually(lambda: reports_by_trust(service) == {"imported": 2, "unsigned": 6})
    eventually(lambda: quarantined(service) == 1)
    with open(service.folder_in / "slow.json", "ab") as slow:
        slow.write(report("slow")[50:])
    eventually(lambda: reports_by_trust(service) == {"imported": 3, "unsigned": 6})
    deliver(service, "8.host", CLAIMS)
    eventually(lambda: quarantined(service) == 2)
    (service.maildir / "new/1.host").rename(service.maildir / "cur/1.host:2,S")
    ways = {w["name"]: w for w in service.json("report", "ways")["items"]}
    taken = ways[str(service.mbox)]["with_reports"]
    assert taken == 3, "an mbox is read on from where it was"
    assert sorted(p.name for p in service.folder_in.iterdir())[:3] == ["a.json", "b.json.gz", "c.eml"]


def test_what_is_made_or_replaced_later_is_reached(watched, tmp_path):
    """Intake's cage knows files, not names: for a path that is another one now it begins anew, by itself."""
    service = watched
    pid = next(p for p, role in service.children().items() if role == "intake")
    (tmp_path / "missing").mkdir()
    (tmp_path / "missing" / "a.json").write_bytes(report("made later"))
    eventually(lambda: reports_by_trust(service) == {"imported": 1})
    service.folder_in.rename(tmp_path / "aside")
    service.folder_in.mkdir()
    (service.folder_in / "b.json").write_bytes(report("in the new one"))
    (tmp_path / "aside" / "c.json").write_bytes(report("in the old one"))
    eventually(lambda: reports_by_trust(service) == {"imported": 2})
    assert pid not in service.children(), "it has begun anew"
    assert service.log_text().count("a path of the settings was replaced") == 2
    assert "process died" not in service.log_text()


def test_over_restarts(watched):
    """What arrives while intake is dead is taken afterwards; what was there before counts once."""
    service = watched
    for n in range(40):
        deliver(service, f"{n}.host", mail(report(f"m{n}")))
    append(service, *[mail(report(f"b{n}")) for n in range(40)])
    for _ in range(2):
        eventually(lambda: reports_by_trust(service).get("unsigned", 0) > 0)
        for pid, role in service.children().items():
            if role in ("intake", "reader"):
                os.kill(pid, signal.SIGKILL)
    append(service, mail(report("late")))
    (service.maildir.parent / "missing").mkdir()
    (service.maildir.parent / "missing/x.json").write_bytes(report("x"))
    eventually(lambda: reports_by_trust(service) == {"imported": 1, "unsigned": 81})
    eventually(lambda: way(service, str(service.maildir.parent / "missing"))["state"] == "ok")
    # Another file under the same name is read from its start.
    service.mbox.unlink()
    append(service, mail(report("b1")), mail(report("fresh")))
    eventually(lambda: reports_by_trust(service) == {"imported": 1, "unsigned": 82})
