"""Builds with sanitizers, then runs the unit and the system tests, with the lab and the house's checks beside them.

Prints one line per part and, last, "N passed, N failed, N skipped".
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-test"


def sh(*cmd, **kw):
    return subprocess.run([str(c) for c in cmd], cwd=ROOT, text=True, **kw)


def build():
    if not (BUILD / "build.ninja").exists():
        done = sh("meson", "setup", BUILD, "--buildtype=debugoptimized", "--werror",
                  "-Db_sanitize=address,undefined", "-Doptimization=1",
                  "-Dc_args=-g1", "-Dc_link_args=-fuse-ld=lld",  # quicker to build; lines in traces need no more
                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode != 0:
            sys.exit(done.stdout)
    done = sh("ninja", "-C", BUILD, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode != 0:
        sys.exit(done.stdout[-20000:])


def unit(args):
    """Every C test program and every fuzz corpus, by meson."""
    env = dict(os.environ, UBSAN_OPTIONS="halt_on_error=1:print_stacktrace=1",
               ASAN_OPTIONS="detect_leaks=1")
    if args.long:
        env["MXSEAL_TEST_LONG"] = "1"
    if os.access("/dev/shm", os.W_OK):  # nothing of them is meant to outlive a machine
        env.setdefault("TMPDIR", "/dev/shm")
    done = sh("meson", "test", "-C", BUILD, "--no-rebuild", "--print-errorlogs",
              "--timeout-multiplier", "20" if args.long else "10",
              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env)
    counts = {"OK": 0, "FAIL": 0, "SKIP": 0}
    for line in (BUILD / "meson-logs/testlog.json").read_text().splitlines():
        result = json.loads(line)["result"]
        counts["OK" if result == "OK" else "SKIP" if result == "SKIP" else "FAIL"] += 1
    if done.returncode != 0:
        print(done.stdout)
    return counts["OK"], counts["FAIL"] or int(done.returncode != 0), counts["SKIP"]


def checks(args):
    # Pure computing: what the other parts leave of the machine while they wait for peers and timers.
    done = sh("nice", "-n", "19", "/usr/bin/python3", "tests/checks/house.py", BUILD, *(["--long"] if args.long else []),
              stdout=subprocess.PIPE)
    print(done.stdout, end="")
    last = done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""
    found = re.match(r"(\d+) passed, (\d+) failed, (\d+) skipped", last)
    if not found:
        print(f"checks: no count, ended with {done.returncode}")
        return 0, 1, 0
    return tuple(int(n) for n in found.groups())


def by_pytest(args, name, *command):
    """Runs a command that ends in pytest; what its report counts."""
    report = BUILD / f"{name}.xml"
    report.unlink(missing_ok=True)
    env = dict(os.environ, MXSEAL_BIN=str(BUILD / "mxseal"), PYTHONDONTWRITEBYTECODE="1")
    if args.long:
        env["MXSEAL_TEST_LONG"] = "1"
    else:  # these are half of what a short command costs; unit tests have them always
        env["ASAN_OPTIONS"] = "detect_leaks=0:quarantine_size_mb=4:malloc_context_size=3"
    # One of them shows how far it is.
    kept = {} if args.only or name == "system" else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = sh(*command, "--junitxml", report, "-o", "junit_family=xunit2", *(["-k", args.k] if args.k else []), env=env, **kept)
    print(done.stdout or "", end="", flush=True)
    if not report.exists():
        print(f"{name}: no report, ended with {done.returncode}")
        return 0, 1, 0
    suite = ET.parse(report).getroot().find("testsuite")
    total, bad, skipped = (int(suite.get(k)) for k in ("tests", "failures", "skipped"))
    bad += int(suite.get("errors"))
    return total - bad - skipped, bad, skipped


def system(args):
    # Tests mostly wait for peers and timers: more of them than cores, each file in one process.
    return by_pytest(args, "system", "/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider",
                     "-n", str(3 * (os.cpu_count() or 1)), "--dist", "loadfile", "tests/system")


def lab(args):
    """A small internet in namespaces: its short form, with --long the whole."""
    probe = sh("tests/lab/run", "--probe", stderr=subprocess.PIPE)
    if probe.returncode != 0:
        print("lab: skipped:", probe.stderr.strip())
        return 0, 0, 1
    return by_pytest(args, "lab", "tests/lab/run", *([] if args.long else ["--short"]))


PARTS = {"unit": unit, "system": system, "lab": lab, "checks": checks}
BESIDE = ("checks", "lab")  # begun first, waited for last


def timed(part, args):
    began = time.monotonic()
    return part(args), time.monotonic() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="many rounds and big counts")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--build", action="store_true", help="stop after building")
    parser.add_argument("-k", help="system tests and lab tests whose names match")
    args = parser.parse_args()
    began = time.monotonic()
    build()
    print(f"built with address and undefined sanitizers in {time.monotonic() - began:.0f} s")
    if args.build:
        return
    sums = [0, 0, 0]
    wanted = [name for name in PARTS if args.only in (None, name)]
    pool = concurrent.futures.ThreadPoolExecutor(len(BESIDE))
    beside = {name: pool.submit(timed, PARTS[name], args) for name in BESIDE if name in wanted}
    for name in wanted:
        counts, took = beside[name].result() if name in beside else timed(PARTS[name], args)
        sums = [a + b for a, b in zip(sums, counts)]
        print(f"{name}: {counts[0]} passed, {counts[1]} failed, {counts[2]} skipped in {took:.0f} s", flush=True)
    print(f"{sums[0]} passed, {sums[1]} failed, {sums[2]} skipped")
    sys.exit(1 if sums[1] else 0)


main()
