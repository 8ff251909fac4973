"""`mxseal explain` as people call it; it needs no service."""
import json
import subprocess

from conftest import BIN, DEADLINE


def explain(*args):
    return subprocess.run([BIN, "explain", *args], capture_output=True, text=True, timeout=DEADLINE)


def test_code_of_the_articles():
    done = explain("X.509-cert-not-trusted")
    assert done.returncode == 0 and done.stderr == ""
    assert "certificate-not-trusted" in done.stdout and "Microsoft 365" in done.stdout


def test_words_need_no_quotes():
    done = explain("bad", "https", "response", "code:", "404", "--json")
    entry = json.loads(done.stdout)
    assert entry["schema"] == "mxseal.explain/1" and entry["id"] == "bad-https-response-code"
    assert set(entry["fix"]) == {"GW", "M365", "PF", "EX"}


def test_fits_a_terminal():
    for code in ("dane", "starttls-not-supported", "5.7.5", "no-report-id", "policy-html"):
        for line in explain(code).stdout.splitlines():
            assert len(line) <= 80 or line.lstrip().startswith("$ "), line


def test_one_platform():
    text = explain("certificate-expired", "--platform", "PF").stdout
    assert "certbot" in text and "Exchange" not in text
    assert explain("certificate-expired", "--platform", "XX").returncode == 2


def test_unknown_names_the_nearest_three():
    done = explain("certifcate-expird\x1b[31m")
    assert done.returncode == 1 and done.stdout == ""
    assert "fix: nearest are: certificate-expired, " in done.stderr
    assert "\x1b" not in done.stderr
    assert len(json.loads(explain("--json", "zzz").stdout)["nearest"]) == 3
