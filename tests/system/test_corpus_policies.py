"""Policies and TXT records of ../shared/corpus get their verdict through the built binary.

The corpus is not part of the repository: without it these tests are skipped.
"""
import json
import os
import pathlib
import subprocess

import pytest

from conftest import DEADLINE

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("MXSEAL_BIN", str(ROOT / "build" / "mxseal"))
CORPUS = ROOT.parent / "shared" / "corpus" / "policies"

# Expectations that are wrong, with the section of the standard that says so.
WRONG_POLICIES = {}
WRONG_RECORDS = {}


def rows(name):
    """The lines of a table without its head; one skipped row when there is no corpus."""
    if not (CORPUS / name).exists():
        return [pytest.param(None, marks=pytest.mark.skip(reason="no corpus beside the checkout"))]
    lines = (CORPUS / name).read_text(encoding="utf-8").splitlines()[1:]
    return [pytest.param(line.split("\t"), id=f"{name}:{number}")
            for number, line in enumerate(lines, 2)]


def lint(kind, *args):
    """The answer, checked for its shape and for an exit status that fits."""
    done = subprocess.run([BINARY, kind, "lint", "--json", *args], capture_output=True,
                          timeout=DEADLINE, check=False)
    answer = json.loads(done.stdout)
    assert answer["schema"] == f"mxseal.{kind}/1"
    assert done.returncode == (0 if answer["valid"] else 1), done.stderr
    assert answer["valid"] == all(f["severity"] != "fail" for f in answer["findings"])
    assert all(set(f) == {"code", "severity", "line", "message"} for f in answer["findings"])
    return answer


@pytest.mark.parametrize("row", rows("INDEX.tsv"))
def test_policy_of_the_corpus(row):
    name, verdict = row[0], row[5]
    answer = lint("policy", str(CORPUS / name))
    if verdict in ("valid", "invalid") and name not in WRONG_POLICIES:
        assert answer["valid"] == (verdict == "valid"), answer


def verdict_of(words):
    """True, False, or None where the corpus itself is not sure."""
    return True if words.startswith("valid") else False if words.startswith("invalid") else None


@pytest.mark.parametrize("row", rows("TXT.tsv"))
def test_record_of_the_corpus(row):
    texts = [text.replace("\\t", "\t") for text in row[0].split(" || ")]
    answer = lint("record", *texts)
    wanted = verdict_of(row[3])
    if wanted is not None and row[0] not in WRONG_RECORDS:
        assert answer["valid"] == wanted, answer
