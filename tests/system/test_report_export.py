"""report export and the lines of the log: what feeds a SIEM."""
import json

from test_intake_ways import JSON, Intake, report

from conftest import CONFIG, eventually

FAILURES = [{"result-type": "certificate-expired", "receiving-mx-hostname": "mx.loop.example",
             "failed-session-count": 2, "failure-reason-code": "E1"}]


def lines(service, *args):
    return [json.loads(line) for line in service.run("report", "export", *args, check=0).stdout.splitlines()]


def test_export(make_product, authority):
    """Every stored report once, in the order of arrival; a since in the future gives nothing."""
    text = CONFIG.replace("[server]", "[server]\nlog = info json")
    made = Intake(make_product(text=text), authority)
    assert lines(made.service) == []
    assert made.post(report(1, failures=FAILURES), JSON)[0] == 201
    for n in range(210):
        (made.service.folder / f"{n}.json").write_bytes(report(f"i{n}", good=n))
    made.service.run("report", "import", *[made.service.folder / f"{n}.json" for n in range(210)], check=0)
    eventually(lambda: len(lines(made.service)) == 211)
    got = lines(made.service, "--jsonl")
    assert [g["arrived"] for g in got] == sorted(g["arrived"] for g in got)
    assert len({g["id"] for g in got}) == 211
    posted = [g for g in got if g["report_id"] == "r1"][0]
    assert posted["schema"] == "mxseal.report/1" and posted["organization"] == "Example Sender"
    assert (posted["domain"], posted["trust"], posted["signer"]) == ("loop.example", "posted", None)
    assert (posted["start"], posted["end"], posted["day"]) == ("2026-05-12T00:00:00Z", "2026-05-12T23:59:59Z",
                                                               "2026-05-12")
    assert posted["totals"] == {"policies": 1, "successful": 1, "failed": 1, "failure_rows": 1}
    failure = posted["policies"][0]["failures"][0]
    assert (failure["result_type"], failure["failed_sessions"], failure["reason_code"]) == (
        "certificate-expired", 2, "E1")
    shown = made.service.run("report", "show", "--jsonl", "-", stdin=report("i7", good=7).decode(), check=0)
    one, other = json.loads(shown.stdout), [g for g in got if g["report_id"] == "ri7"]
    assert other[0]["policies"] == one["policies"] and other[0]["totals"] == one["totals"]
    assert lines(made.service, "--since", "2099-01-01") == []
    assert len(lines(made.service, "--since", posted["arrived"])) == 211
    assert len(lines(made.service, "--since", posted["arrived"][:10])) == 211
    whole = made.service.json("report", "export")
    assert whole["schema"] == "mxseal.list/1" and whole["items"] == got and whole["next"] is None
    assert made.service.run("report", "export", "--since", "yesterday").returncode == 1
    logged = [json.loads(line) for line in made.service.log_text().splitlines() if line.startswith("{")]
    stored = [line for line in logged if line["event"] == "report stored"]
    assert len(stored) == 211, "one line a report"
    line = [s for s in stored if s["report_id"] == "r1"][0]
    assert (line["domain"], line["trust"], line["way"], line["failed"]) == ("loop.example", "posted", "post", 1)
    made.service.run("report", "import", made.service.folder / "3.json", check=0)
    assert made.service.log_text().count('"report stored"') == 211, "a copy gives none"
