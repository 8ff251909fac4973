"""Every report of ../shared/corpus comes out as its EXPECTED.tsv says, through the built binary.

The corpus is not part of the repository: without it these tests are skipped.
"""
import csv
import datetime
import json
import os
import pathlib
import subprocess

import pytest

from conftest import DEADLINE

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MXSEAL_BIN", str(ROOT / "build" / "mxseal"))
CORPUS = ROOT.parent / "shared" / "corpus" / "reports"
EXPECTED = CORPUS / "EXPECTED.tsv"

# Expectations that are wrong, with the section of RFC 8460 that says so.
WRONG = {}


def rows():
    if not EXPECTED.exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="no corpus beside the checkout"))]
    with EXPECTED.open(newline="") as f:
        table = csv.DictReader(f, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [pytest.param(row, id=row["file"]) for row in table]


def instant(text):
    """Seconds; zone-less times are UTC."""
    if text in (None, "-"):
        return None
    stamp = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    if stamp.tzinfo is None:
        stamp = stamp.replace(tzinfo=datetime.timezone.utc)
    return stamp.timestamp()


def show(*paths):
    done = subprocess.run([BINARY, "report", "show", "--jsonl", *map(str, paths)],
                          capture_output=True, text=True, timeout=DEADLINE, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def facts(line):
    return {
        "organization-name": line["organization"] or "-",
        "report-id": line["report_id"] or "-",
        "start": instant(line["start"]),
        "end": instant(line["end"]),
        "policies": line["totals"]["policies"],
        "policy-domains": ",".join(p["domain"] or "-" for p in line["policies"]),
        "sum-successful": line["totals"]["successful"],
        "sum-failed": line["totals"]["failed"],
        "failure-detail-rows": line["totals"]["failure_rows"],
    }


def wanted(row):
    return {
        "organization-name": row["organization-name"],
        "report-id": row["report-id"],
        "start": instant(row["start"]),
        "end": instant(row["end"]),
        "policies": int(row["policies"]),
        "policy-domains": row["policy-domains"],
        "sum-successful": int(row["sum-successful"]),
        "sum-failed": int(row["sum-failed"]),
        "failure-detail-rows": int(row["failure-detail-rows"]),
    }


@pytest.mark.parametrize("row", rows())
def test_report(row):
    if row["file"] in WRONG:
        pytest.xfail(WRONG[row["file"]])
    status, lines = show(CORPUS / row["file"])
    assert len(lines) == 1
    line = lines[0]
    if row["verdict"] == "accept":
        assert status == 0, line
        assert line["schema"] == "mxseal.report/1"
        assert facts(line) == wanted(row)
    elif row["verdict"] == "reject":
        assert status == 1
        assert line["schema"] == "mxseal.error/1"
        assert line["code"] != "no-report"
    elif row["verdict"] == "no-report":
        assert status == 1
        assert line["schema"] == "mxseal.error/1"
        assert line["code"] == "no-report"
    else:
        assert line["schema"] in ("mxseal.report/1", "mxseal.error/1")


def test_abbreviated():
    """The report as articles print it keeps its counts, with notes of what is missing."""
    path = CORPUS / "articles" / "abbreviated.json"
    if not path.exists():
        pytest.skip("no corpus beside the checkout")
    status, lines = show(path)
    assert status == 0
    assert lines[0]["totals"] == {"policies": 1, "successful": 1247, "failed": 3, "failure_rows": 1}
    assert {"no-report-id", "no-date-range", "no-policy-type"} <= set(lines[0]["notes"])
    assert (lines[0]["report_id"], lines[0]["start"], lines[0]["end"]) == (None, None, None)
    assert lines[0]["policies"][0]["type"] is None
    assert lines[0]["policies"][0]["failures"][0]["reason_code"] == "X.509-cert-not-trusted"


def test_all_at_once():
    """One run over every file gives the same lines in the order given."""
    if not EXPECTED.exists():
        pytest.skip("no corpus beside the checkout")
    paths = [str(p) for p in sorted(CORPUS.rglob("*")) if p.is_file() and p.suffix != ".tsv"]
    _, lines = show(*paths)
    assert [line["file"] for line in lines] == paths
    assert all(line["index"] == 0 for line in lines)
