#!/usr/bin/python3
"""Honest fetches beside hostile connections: how many fail, how long they take, and what stays in memory afterwards.

usage: bench/hostile.py STSLOAD [-b MXSEAL] [-m CONNECTIONS] [-t SECONDS] [-r RATE]   (default build/mxseal, 10000, 20, 150)

STSLOAD is a load generator that holds bad connections beside an open loop of fetches and prints one line of JSON.
A demonstration is started for it. Kinds: idle (no byte), hello (half a ClientHello, byte by byte), tlsidle (a handshake
and nothing more), header (half a request). The bad ones come from 64 addresses and are opened again when they are closed.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile
import time

KINDS = ("none", "idle", "hello", "tlsidle", "header")
BASE = 38600
DOMAINS = 20


def family(pid):
    found = [pid]
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found += family(int(stat.parent.name))
        except OSError:
            continue
    return found


def role(pid):
    return (pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"--role=") + [b"parent"])[1].strip(b"\0").decode()


def pss(pids):
    """MiB, of the edges among them."""
    total = 0
    for pid in pids:
        if role(pid) == "edge":
            for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
                total += int(line.split()[1]) if line.startswith("Pss:") else 0
    return total / 1024


def connections(port):
    done = subprocess.run(["ss", "-Htn", "state", "established", f"( sport = :{port} )"], capture_output=True, text=True, check=True)
    return len(done.stdout.splitlines())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stsload")
    parser.add_argument("-b", default="build/mxseal")
    parser.add_argument("-m", type=int, default=10000)
    parser.add_argument("-t", type=int, default=20)
    parser.add_argument("-r", type=int, default=150)
    args = parser.parse_args()
    binary = pathlib.Path(args.b).resolve()
    with tempfile.TemporaryDirectory() as folder:
        state = pathlib.Path(folder, "state")
        log = open(pathlib.Path(folder, "log"), "wb")
        service = subprocess.Popen([binary, "serve", "--demo", "--empty", "--state", state, "--port-base", str(BASE)],
                                   stdout=log, stderr=log)
        try:
            names = pathlib.Path(folder, "names")
            while subprocess.run([binary, "domain", "list", "--state", state], capture_output=True, check=False).returncode:
                time.sleep(0.1)
            for n in range(DOMAINS):
                subprocess.run([binary, "domain", "add", f"d{n}.example", "--mx", f"mx.d{n}.example", "--state", state],
                               capture_output=True, check=True)
            names.write_text("".join(f"mta-sts.d{n}.example\n" for n in range(DOMAINS)))
            before = None
            for kind in KINDS:
                bad = [] if kind == "none" else ["-m", str(args.m), "-k", kind]
                done = subprocess.run([args.stsload, "-f", names, "-p", str(BASE + 443), "-R", str(args.r), "-t", str(args.t), "-c", "256",
                                       "-W", "3", "-A", state / "demo-ca.pem", "-B", "64", "-J", *bad],
                                      capture_output=True, text=True, check=False)
                if not done.stdout.strip():
                    sys.exit(done.stderr)
                told = json.loads(done.stdout.splitlines()[-1])
                time.sleep(12)  # beyond every deadline
                after = pss(family(service.pid))
                before = before or after
                print(json.dumps({"kind": kind, **told, "left": connections(BASE + 443), "edges_pss_mib": round(after, 1),
                                  "grown_mib": round(after - before, 1)}), flush=True)
        finally:
            service.terminate()
            service.wait(30)


main()
