#!/usr/bin/python3
"""Honest fetches beside hostile connections: how many fail, how long they take, and what stays in memory afterwards.

usage: bench/hostile.py STSLOAD [-b MXSEAL] [-m CONNECTIONS] [-t SECONDS] [-r RATE]   (default build/mxseal, 10000, 20, 150)

STSLOAD is a load generator that holds bad connections from 64 addresses and opens them again when they are closed, while
this program fetches in an open loop from addresses of its own; a fetch's time counts from when it was due. A demonstration
is started for it. Kinds: idle (no byte), hello (half a ClientHello, byte by byte), tlsidle (a handshake and nothing more),
header (half a request). One line of JSON for each.
"""
import argparse
import concurrent.futures
import contextlib
import json
import pathlib
import socket
import ssl
import subprocess
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


def fetch(context, number, due):
    """Seconds from due to the end of the answer; None: none came."""
    time.sleep(max(0, due - time.monotonic()))
    name = f"mta-sts.d{number % DOMAINS}.example"
    with contextlib.suppress(OSError), socket.socket() as sock:
        sock.settimeout(10)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((f"127.7.{number % 200}.1", 0))
        sock.connect(("127.0.0.1", BASE + 443))
        with context.wrap_socket(sock, server_hostname=name) as tls:
            tls.sendall(f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            text = b""
            while piece := tls.recv(4096):
                text += piece
        if b"version: STSv1" in text:
            return time.monotonic() - due
    return None


def honest(ca, rate, seconds):
    """Fetches at a steady rate: how many failed, and how long the others took."""
    context = ssl.create_default_context(cafile=ca)
    start = time.monotonic() + 0.5
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        took = list(pool.map(lambda n: fetch(context, n, start + n / rate), range(rate * seconds)))
    good = sorted(1000 * t for t in took if t is not None)
    share = lambda part: round(good[int(part * (len(good) - 1))], 1) if good else None
    return {"fetches": len(took), "failed": len(took) - len(good), "p50_ms": share(0.5), "p95_ms": share(0.95),
            "p99_ms": share(0.99), "max_ms": share(1)}


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
                bad = None if kind == "none" else subprocess.Popen(
                    [args.stsload, "-f", names, "-p", str(BASE + 443), "-c", "1", "-R", "1", "-t", "600", "-B", "64", "-m", str(args.m),
                     "-k", kind], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                try:
                    time.sleep(5 if bad else 0)
                    told = honest(state / "demo-ca.pem", args.r, args.t)
                    held = connections(BASE + 443)
                    if bad and bad.poll() is not None:
                        raise SystemExit(f"{args.stsload} ended with {bad.returncode}: nothing hostile was measured")
                finally:
                    if bad:
                        bad.kill()
                        bad.wait()
                time.sleep(45)  # beyond every deadline, and the rest before memory goes back
                after = pss(family(service.pid))
                before = before or after
                print(json.dumps({"kind": kind, **told, "held": held, "left": connections(BASE + 443), "edges_pss_mib": round(after, 1),
                                  "grown_mib": round(after - before, 1)}), flush=True)
        finally:
            service.terminate()
            service.wait(30)


main()
