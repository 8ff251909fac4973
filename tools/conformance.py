"""Writes docs/conformance.md: requirement -> the tests whose labels name it.

usage: tools/conformance.py [--check]   (--check: fail when the page is stale or an id is unknown)

The requirements stand in docs/requirements.tsv; a fourth column "senders" marks those that bind only
who sends mail and reports, which this program does not.  A label is any string in a test program, or the
name or docstring of a Python test, that contains ids such as STS-07 or, in names, sts_07.
"""
import collections
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/conformance.md"
KINDS = "STS|RPT|DKIM|MIME|SMTP|CERT|DANE|ACME|DNS"
ID = re.compile(rf"\b({KINDS})-(\d\d)\b")
C_STRING = re.compile(r'"((?:\\.|[^"\\])*)"')


def requirements():
    rows = (line.split("\t") for line in (ROOT / "docs/requirements.tsv").read_text().splitlines())
    return {row[0]: row[1:] for row in rows if row and ID.fullmatch(row[0])}


def labels():
    """(id, file, label) for every label that names a requirement."""
    for path in sorted((ROOT / "tests").rglob("*")):
        if path.suffix == ".c":
            for text in C_STRING.findall(path.read_text()):
                for found in ID.finditer(text):
                    yield found.group(), path, re.sub(rf"^(({KINDS})-\d\d[ :]*)+", "", text)
        elif path.suffix == ".py" and path.name.startswith("test_"):
            for number, line in enumerate(path.read_text().splitlines(), 1):
                for found in ID.finditer(line):
                    yield found.group(), path, line.strip().strip('"# ')


def page(known, held):
    lines = ["# Conformance", "",
             "Made by `tools/conformance.py` from the labels of the tests; `./test` fails when it is stale.",
             "\"not yet\" means that no test names the requirement; those that bind only senders of mail and",
             "reports, which mxseal is not, say so.", ""]
    done = sum(1 for key in known if held[key])
    others = sum(1 for key in known if not held[key] and known[key][2:] == ["senders"])
    lines += [f"{done} of {len(known)} requirements are named by tests; {others} others bind only senders.", "",
              "| id | source | what | tests |", "|---|---|---|---|"]
    for key, (source, what, *binds) in known.items():
        files = collections.Counter(path.relative_to(ROOT).as_posix() for path, _ in held[key])
        tests = ", ".join(f"{name} ({n})" if n > 1 else name for name, n in sorted(files.items()))
        lines.append(f"| {key} | {source} | {what.replace('|', chr(92) + '|')} | {tests or ('binds senders only' if binds else 'not yet')} |")
    return "\n".join(lines) + "\n"


def main():
    known, held = requirements(), collections.defaultdict(list)
    unknown = []
    for key, path, label in labels():
        if key in known:
            held[key].append((path, label))
        else:
            unknown.append(f"{path.relative_to(ROOT)}: unknown requirement {key}")
    text = page(known, held)
    if "--check" not in sys.argv:
        PAGE.write_text(text)
    elif not PAGE.exists() or PAGE.read_text() != text:
        unknown.append("docs/conformance.md is stale: run tools/conformance.py")
    print("\n".join(unknown))
    sys.exit(1 if unknown else 0)


main()
