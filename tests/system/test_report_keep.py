"""How long things are kept, and what the figures say about senders and odd reports."""
import concurrent.futures
import datetime
import json
import sqlite3

import pytest

from conftest import Service, demo_ports, eventually, free_port_base

DAY = datetime.timedelta(days=1)


@pytest.fixture
def start(tmp_path):
    """start(keep_raw): an empty demonstration that knows keep.example."""
    running = []

    def make(keep):
        base = free_port_base()
        service = Service(tmp_path, ["--demo", "--empty", "--state", tmp_path / "state", "--port-base", base],
                          demo_ports(base), env={"MXSEAL_REPORT__KEEP_RAW": keep})
        running.append(service)
        service.start().run("domain", "add", "keep.example", "--mx", "mx.keep.example", check=0)
        return service

    yield make
    for service in running:
        service.stop()


def report(number, day, good=10, failed=0, details=(), start="00:00:00Z", end="23:59:59Z"):
    return json.dumps({
        "organization-name": "Example Sender", "contact-info": "a@sender.example", "report-id": f"r{number}",
        "date-range": {"start-datetime": f"{day}T{start}", "end-datetime": f"{day}T{end}"},
        "policies": [{"policy": {"policy-type": "sts", "policy-domain": "keep.example"},
                      "summary": {"total-successful-session-count": good, "total-failure-session-count": failed},
                      "failure-details": [{"result-type": kind, "failed-session-count": n} for kind, n in details]}]})


def age(service, day):
    """The day's segment and its rows become those of another day."""
    segment = next((service.state / "archive").glob("*.seg"))
    today = segment.stem
    segment.rename(segment.with_name(f"{day}.seg"))
    with sqlite3.connect(service.state / "mxseal.db") as db:
        for table in ("arrival", "report"):
            db.execute(f"update {table} set segment = ?", (day,))
        db.execute("update archive_position set segment = ?", (day,))
    db.close()
    return int(today)


def segments(service):
    return sorted(path.stem for path in (service.state / "archive").glob("*.seg"))


def test_raw_goes_and_figures_stay(start, tmp_path):
    """report purge: whole days by age, a dry run first; what was read from them stays, and counts once."""
    service = start("unlimited")
    (tmp_path / "one.json").write_text(report(1, "2026-05-12"))
    (tmp_path / "two.json").write_text(report(2, "2026-05-13"))
    assert service.json("report", "import", tmp_path / "one.json")["new"] == 1
    service.stop()
    age(service, 20240101)
    service.start()
    assert service.json("report", "import", tmp_path / "two.json")["new"] == 1
    summary = service.json("report", "summary", "keep.example", "--from", "2026-05-01", "--to", "2026-05-31")
    assert summary["reports"] == 2
    assert "for ever" in service.run("report", "purge", "--dry-run", check=0).stdout
    purge = ("report", "purge", "--older-than", "400")
    eventually(lambda: service.json(*purge, "--dry-run")["segments"])  # when the archive's position is stored
    dry = service.json(*purge, "--dry-run")
    assert (dry["schema"], dry["dry_run"], dry["segments"], dry["messages"]) == ("mxseal.purge/1", True, 1, 1)
    assert len(segments(service)) == 2 and dry["bytes"] > 100
    done = service.json(*purge)
    assert {**done, "dry_run": True} == dry
    assert "20240101" not in segments(service) and len(segments(service)) == 1
    again = service.json(*purge)
    assert (again["segments"], again["messages"]) == (0, 0)
    assert service.json("report", "purge", "--older-than", "1")["segments"] == 0, "today's stays"
    assert service.json("report", "summary", "keep.example", "--from", "2026-05-01", "--to", "2026-05-31") == summary
    assert service.json("report", "import", tmp_path / "one.json")["duplicates"] == 1, "it is still known"
    for wrong in ("0", "x", "36501"):
        assert service.run("report", "purge", "--older-than", wrong).returncode == 2


def test_the_service_purges_by_itself(start, tmp_path):
    """[report] keep_raw: once a day, the first time after the start."""
    service = start("unlimited")
    (tmp_path / "one.json").write_text(report(1, "2026-05-12"))
    (tmp_path / "two.json").write_text(report(2, "2026-05-13"))
    assert service.json("report", "import", tmp_path / "one.json")["new"] == 1
    service.stop()
    age(service, 20240101)
    service.start()
    assert service.json("report", "import", tmp_path / "two.json")["new"] == 1
    service.stop()
    assert len(segments(service)) == 2
    service.env["MXSEAL_REPORT__KEEP_RAW"] = "400"
    service.start()
    eventually(lambda: len(segments(service)) == 1)
    assert service.json("report", "summary", "keep.example", "--from", "2026-05-12", "--to", "2026-05-13")["reports"] == 2


def test_many_go_a_few_at_a_time(start, tmp_path):
    """What a long day brought goes in many short steps, with the rest of the work in between."""
    many = 30000
    service = start("unlimited")
    (tmp_path / "one.json").write_text(report(1, "2026-05-12"))
    (tmp_path / "two.json").write_text(report(2, "2026-05-13"))
    assert service.json("report", "import", tmp_path / "one.json")["new"] == 1
    service.stop()
    age(service, 20240101)
    with sqlite3.connect(service.state / "mxseal.db") as db:
        db.execute("with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)"
                   " insert into arrival select printf('%064x', i * 7919), 20240101, 0, 9, 'smtp', 1, 0, 0, 0 from n",
                   (many,))
    db.close()
    service.start()
    assert service.json("report", "import", tmp_path / "two.json")["new"] == 1
    purge = ("report", "purge", "--older-than", "400")
    eventually(lambda: service.json(*purge, "--dry-run")["segments"])
    assert service.json(*purge, "--dry-run")["messages"] == many + 1
    seen = set()
    with concurrent.futures.ThreadPoolExecutor(1) as other, sqlite3.connect(service.state / "mxseal.db") as db:
        done = other.submit(service.json, *purge)
        while not done.done():
            seen.add(db.execute("select count(*) from arrival").fetchone()[0])
    db.close()
    assert done.result()["messages"] == many + 1 and segments(service) != ["20240101"]
    assert len(seen - {1, many + 2}) > 1, seen
    assert service.json(*purge)["messages"] == 0


def test_reports_go_after_their_time_and_figures_stay(start, tmp_path):
    """[report] keep_reports: once a day, the first time after the start; what comes again counts once."""
    service = start("unlimited")
    (tmp_path / "old.json").write_text(report(1, "2025-05-12"))
    (tmp_path / "new.json").write_text(report(2, "2025-05-13"))
    assert service.json("report", "import", tmp_path / "old.json")["new"] == 1
    service.stop()
    with sqlite3.connect(service.state / "mxseal.db") as db:
        db.execute("update report set arrived = arrived - 401 * 86400, arrived_day = arrived_day - 401 * 86400")
        db.execute("delete from arrival")
    db.close()
    service.env["MXSEAL_REPORT__KEEP_REPORTS"] = "unlimited"
    service.start()
    assert service.json("report", "import", tmp_path / "new.json")["new"] == 1
    summary = service.json("report", "summary", "keep.example", "--from", "2025-05-01", "--to", "2025-05-31")
    assert summary["reports"] == 2
    listed = lambda: [r["report_id"] for r in map(json.loads, service.run(
        "report", "export", "--jsonl", "--since", "2020-01-01", check=0).stdout.splitlines())]
    assert listed() == ["r1", "r2"]
    service.stop()
    service.env["MXSEAL_REPORT__KEEP_REPORTS"] = "400"
    service.start()
    eventually(lambda: listed() == ["r2"])
    again = service.json("report", "import", tmp_path / "old.json", tmp_path / "new.json")
    assert (again["new"], again["duplicates"]) == (0, 2)
    assert service.json("report", "summary", "keep.example", "--from", "2025-05-01", "--to", "2025-05-31") == summary
    assert listed() == ["r2"]


def test_figures_follow_the_summary_and_mark_odd_ranges(start, tmp_path):
    """RPT-38 RPT-21: details that do not add up, ranges that are no UTC day, the rhythm of a sender."""
    service = start("400")
    today = datetime.datetime.now(datetime.timezone.utc).date()
    for number in range(12):
        day = today - (16 - number) * DAY  # the last one five days ago
        (tmp_path / f"{number:02}.json").write_text(report(number, day))
    odd = today - 6 * DAY
    (tmp_path / "odd.json").write_text(report("odd", odd, 5, 4, [("certificate-expired", 1)], "12:00:00Z", "14:00:00Z"))
    shown = [json.loads(line) for line in service.run("report", "show", "--jsonl", tmp_path / "odd.json").stdout.splitlines()]
    assert {"counts-differ", "odd-range"} <= set(shown[0]["notes"])
    assert service.json("report", "import", tmp_path)["new"] == 13
    summary = service.json("report", "summary", "keep.example")
    assert (summary["successful"], summary["failed"]) == (125, 4)
    assert {f["result_type"]: f["sessions"] for f in summary["failures"]} == {"certificate-expired": 1, "not-detailed": 3}
    assert {d["day"]: d["failed"] for d in summary["days"]}[str(odd)] == 4
    sender = summary["organizations"][0]
    assert (sender["every_days"], sender["silent_days"], sender["share_permille"]) == (1, 3, 1000)
    assert "daily; nothing for 3 days" in service.run("report", "summary", "keep.example", check=0).stdout
    for code in ("counts-differ", "odd-range", "not-detailed"):
        service.run("explain", code, check=0)
