"""policy lint, record lint and horizon: shapes, exit statuses, odd input, through the built binary."""
import json
import os
import pathlib
import subprocess

import pytest

from conftest import DEADLINE

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MXSEAL_BIN", str(ROOT / "build" / "mxseal"))
GOOD = b"version: STSv1\r\nmode: enforce\r\nmx: mx1.example.net\r\nmax_age: 604800\r\n"


def run(*args, stdin=b""):
    return subprocess.run([BINARY, *map(str, args)], input=stdin, capture_output=True, timeout=DEADLINE,
                          check=False)


def answer(*args, stdin=b"", code=0):
    done = run(*args, "--json", stdin=stdin)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def codes(got):
    return [finding["code"] for finding in got["findings"]]


def test_policy_lint_shape(tmp_path):
    (tmp_path / "p.txt").write_bytes(GOOD)
    assert answer("policy", "lint", tmp_path / "p.txt") == {
        "schema": "mxseal.policy/1", "valid": True, "mode": "enforce", "max_age": 604800,
        "mx": ["mx1.example.net"], "findings": []}


def test_policy_lint_standard_input():
    assert answer("policy", "lint", "-", stdin=GOOD)["valid"]
    text = run("policy", "lint", "-", stdin=GOOD)
    assert text.returncode == 0 and b"valid" in text.stdout


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xff\xfe\0v", b"x" * 2_000_000,
                                     b"mx: a.b\n" * 200_000, b"\n" * 70_000],
                         ids=["empty", "nul", "utf16", "long", "long-lines", "line-ends"])
def test_policy_lint_refuses_anything_else(content):
    got = answer("policy", "lint", "-", stdin=content, code=1)
    assert not got["valid"] and got["mode"] is None and got["max_age"] is None
    assert 0 < len(got["findings"]) <= 100


def test_policy_lint_ceiling_is_65536_bytes():
    """STS-52: 65536 bytes are read, one more is refused."""
    text = GOOD + b"x: " + b"y" * (65536 - len(GOOD) - 3)
    assert answer("policy", "lint", "-", stdin=text)["valid"]
    assert codes(answer("policy", "lint", "-", stdin=text + b"y", code=1)) == ["policy-too-long"]


def test_policy_lint_keeps_what_it_could_read():
    got = answer("policy", "lint", "-", stdin=GOOD + b"max_age: x\r\nbad\r\n", code=1)
    assert got["mode"] == "enforce" and got["max_age"] == 604800
    assert [f for f in got["findings"] if f["code"] == "policy-no-colon"][0]["line"] == 6


def test_policy_lint_fail_on():
    doubtful = GOOD.replace(b"604800", b"60")
    assert answer("policy", "lint", "-", stdin=doubtful)["valid"]
    assert answer("policy", "lint", "--fail-on", "warn", "-", stdin=doubtful, code=1)["valid"]
    assert run("policy", "lint", "--fail-on", "never", "-", stdin=GOOD).returncode == 2


def test_files_that_cannot_be_read(tmp_path):
    for command in (("policy", "lint", tmp_path / "none"), ("policy", "lint", tmp_path),
                    ("horizon", "--history", tmp_path / "none")):
        done = run(*command)
        assert done.returncode == 3 and not done.stdout
        assert done.stderr.count(b"\n") == 2 and b"\nfix: " in done.stderr


def test_usage():
    for command in (("policy", "lint"), ("policy", "lint", "a", "b"), ("record", "lint"),
                    ("horizon",), ("horizon", "a.example", "--history", "x"),
                    ("horizon", "--history", "x", "--now", "today"),
                    ("horizon", "a.example", "--now", "1"),
                    ("horizon", "--history", "x", "--retire", "a b"),
                    ("horizon", "--history", "x", "--wrong", "")):
        assert run(*command).returncode == 2, command


def test_record_lint_shapes():
    assert answer("record", "lint", "v=STSv1; id=20260101;") == {
        "schema": "mxseal.record/1", "kind": "sts", "valid": True, "id": "20260101", "rua": [],
        "findings": []}
    assert answer("record", "lint", "v=TLSRPTv1; rua=mailto:r@x.example,https://h.example/p") == {
        "schema": "mxseal.record/1", "kind": "tlsrpt", "valid": True, "id": None,
        "rua": ["mailto:r@x.example", "https://h.example/p"], "findings": []}
    nothing = answer("record", "lint", "v=spf1 -all", code=1)
    assert nothing["kind"] is None and not nothing["valid"] and nothing["id"] is None


@pytest.mark.parametrize("text,stripped", [
    ('_mta-sts.example.com. 300 IN TXT "v=STSv1; id=2026" "0101;"', "paste-zone-line"),
    ('"v=STSv1; id=2026" "0101;"', "paste-strings"),
    ('"v=STSv1; id=20260101;"', "paste-quotes"),
    ("v=STSv1\\; id=20260101\\;", "paste-escapes"),
])
def test_record_lint_says_what_it_took_off(text, stripped):
    """STS-16: strings are joined with nothing between."""
    got = answer("record", "lint", text)
    assert got["valid"] and got["id"] == "20260101" and stripped in codes(got)


def test_record_lint_judges_arguments_together():
    """STS-13: two records at one name are none."""
    got = answer("record", "lint", "v=STSv1; id=a", "v=STSv1; id=b", code=1)
    assert got["kind"] == "sts" and got["id"] is None
    assert answer("record", "lint", "x=y", "v=STSv1; id=a")["id"] == "a"
    zone = b'_smtp._tls.x. 9 IN TXT "v=TLSRPTv1; rua=mailto:r@x.example"\n'
    assert answer("record", "lint", "-", stdin=zone)["rua"] == ["mailto:r@x.example"]
    assert not answer("record", "lint", "-", stdin=b"v=STSv1; id=a;\0", code=1)["valid"]


def policy(name, mx, start, end=None, **more):
    return {"id": name, "mode": "enforce", "max_age": 604800, "mx": mx, "served_from": start,
            "served_until": end, "ended": False, "id_seen": start + 120, "ttl": 300, **more}


def test_horizon(tmp_path):
    """STS-87: the vector with a retirement and a mistake, in the shape of the contract."""
    history = {"policies": [policy("1", ["mx1.example.net"], 0, 1000000),
                            policy("2", ["mx1.example.net", "mx2.example.net"], 1000000)],
               "leftover": 60, "fetch": 60, "give_up": 345600}
    path = tmp_path / "h.json"
    path.write_text(json.dumps(history))
    wanted = {"schema": "mxseal.horizon/1",
              "policies": [{"id": "1", "held_until": 1604920}, {"id": "2", "held_until": None}],
              "old_policy_until": 1604920, "remove_after": None, "retire": None, "wrong": None,
              "warnings": []}
    assert answer("horizon", "--history", path) == wanted
    assert answer("horizon", "--history", "-", stdin=path.read_bytes()) == wanted
    got = answer("horizon", "--history", path, "--now", 1100000, "--retire", "mx1.example.net",
                 "--wrong", "1")
    assert got["retire"] == {"mx": "mx1.example.net", "after": 1604920,
                             "after_if_delays_are_acceptable": 1100000, "blocking": ["1"]}
    assert got["wrong"] == {"resolvers_may_answer_until": 1000420, "bounce_free": False}
    text = run("horizon", "--history", path, "--now", 1100000, "--retire", "mx1.example.net")
    assert b"1970-01-19" in text.stdout and text.returncode == 0


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"policies":1}', b"\0", b'{"policies":[{}]}',
                                  b"[" * 100000, b'{"policies":[],"policies":[]}'],
                         ids=["empty", "cut", "list", "number", "nul", "no-id", "deep", "twice"])
def test_horizon_refuses(text):
    done = run("horizon", "--history", "-", "--json", stdin=text)
    assert done.returncode == 1 and not done.stdout and b"fix: " in done.stderr


def test_horizon_unknown_wrong_id():
    done = run("horizon", "--history", "-", "--wrong", "x", stdin=b'{"policies":[]}')
    assert done.returncode == 1 and b"no policy of the history has that id" in done.stderr


def one_policy(kind, good, failed):
    return {"policy": {"policy-type": kind, "policy-domain": "acme.example", "policy-string": []},
            "summary": {"total-successful-session-count": good, "total-failure-session-count": failed}}


def test_report_show_for_people_and_for_scripts(tmp_path):
    """RPT-28: people read what really happened, scripts the plain sums."""
    report = {"organization-name": "Evil \x1b[2J\u202e", "contact-info": "tls@x.example", "report-id": "1",
              "date-range": {"start-datetime": "2026-05-12T00:00:00Z", "end-datetime": "2026-05-13T00:00:00Z"},
              "policies": [one_policy("tlsa", 10, 1), one_policy("sts", 11, 0)]}
    path = tmp_path / "r.json"
    path.write_text(json.dumps(report))
    shown = run("report", "show", path)
    assert b"together: 10 sessions good, 1 failed (listed under tlsa and sts, counted once)" in shown.stdout
    assert b"\x1b" not in shown.stdout and "\u202e".encode() not in shown.stdout
    line = json.loads(run("report", "show", "--jsonl", path).stdout)
    assert line["totals"] == {"policies": 2, "successful": 21, "failed": 1, "failure_rows": 0}
    report["policies"].pop()
    path.write_text(json.dumps(report))
    assert b"together" not in run("report", "show", path).stdout
