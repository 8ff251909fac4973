#!/usr/bin/python3
"""What many domains cost: import, start-up, memory of an edge, a fetch beside one among few, a further domain.

usage: bench/scale.py STSLOAD MKCERTS [-b MXSEAL] [-n DOMAINS] [-f FETCHES] [-d FOLDER]
       (default build/mxseal, 100000, 1000000, a new folder that is removed; with -d it is kept and used again)

STSLOAD is a load generator: -f NAMES -p PORT -n FETCHES -t SECONDS -z EXPONENT -c CONNECTIONS -A CA -P PID -J, one line
of JSON.  MKCERTS makes certificates: -n COUNT -o FOLDER -H.  Services run on loopback; their resolver leads nowhere.
Each figure is one line with its target; the exit status is 1 when one is missed.
"""
import argparse
import json
import pathlib
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

FEW = 100
SOME = 500
ROUNDS = 5
ROUND_FETCHES = 4000
BASE = 37600
CONFIG = """
[server]
state = {state}
[listen]
tls = 127.0.0.1:{tls}
http = off
admin = 127.0.0.1:{admin}
[service]
host = mx.service.example
[resolver]
forward = 127.0.0.1@9
trust_anchor = off
"""
missed = []


def say(name, value, unit, target, good):
    print(f"{name:44} {value:>9} {unit:4} target {target:8} {'ok' if good else 'MISSED'}", flush=True)
    if not good:
        missed.append(name)


def children(pid):
    """{pid: role} of a service."""
    found = {pid: "parent"}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            words = (stat.parent / "cmdline").read_bytes().split(b"--role=")
        except OSError:
            continue
        if parent in found and len(words) > 1:
            found[int(stat.parent.name)] = words[1].strip(b"\0").decode()
    return found


def pss(pid):
    """MB."""
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0


class Service:
    def __init__(self, binary, folder, port, count, demo=False):
        self.binary, self.folder, self.port, self.count = binary, folder, port, count
        folder.mkdir(exist_ok=True)
        self.state = folder / "state"
        self.args = ["--demo", "--state", self.state, "--port-base", str(port - 443)] if demo else ["--config", folder / "mxseal.conf"]
        (folder / "mxseal.conf").write_text(CONFIG.format(state=self.state, tls=port, admin=port + 1))
        self.process = None

    def spawn(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([self.binary, "serve", *map(str, self.args)], stdout=log, stderr=log)

    def start(self):
        self.spawn()
        for _ in range(600):
            if subprocess.run([self.binary, "domain", "show", "x.example", "--state", self.state], capture_output=True,
                              check=False).returncode != 3:
                return self
            time.sleep(0.1)
        sys.exit(f"the service does not start: see {self.folder}/log")

    def stop(self):
        self.process.terminate()
        self.process.wait()

    def run(self, *args):
        done = subprocess.run([self.binary, *map(str, args), "--state", self.state], stdout=subprocess.PIPE, check=False)
        if done.returncode != 0:
            sys.exit(f"{args}: exit {done.returncode}")
        return done.stdout

    def edges(self):
        return [pid for pid, role in children(self.process.pid).items() if role == "edge"]

    def fill(self, certs):
        """Domains and their certificates; seconds of each."""
        table = self.folder / "domains.csv"
        table.write_text("domain,mode,max_age,mx\n" + "".join(
            f"d{n:05}.example,testing,86400,mx1.d{n:05}.example mx2.d{n:05}.example\n" for n in range(self.count)))
        began = time.monotonic()
        self.run("domain", "import", table)
        between = time.monotonic()
        self.run("cert", "import", certs)
        return between - began, time.monotonic() - between

    def names(self):
        path = self.folder / "names"
        path.write_text("".join(f"mta-sts.d{n:05}.example\n" for n in range(self.count)))
        return path


def answers(port, name, ca):
    """Whether an edge answers the policy of that host."""
    context = ssl.create_default_context(cafile=str(ca))
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as raw, context.wrap_socket(raw, server_hostname=name) as tls:
            tls.sendall(f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
            return tls.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def load(stsload, service, ca, fetches, seconds):
    done = subprocess.run([stsload, "-f", service.names(), "-p", str(service.port), "-n", str(fetches), "-t", str(seconds), "-z", "1.0",
                           "-c", "32", "-A", ca, "-J", *sum((["-P", str(pid)] for pid in service.edges()), [])],
                          capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        sys.exit(f"{stsload}: {done.stderr or done.stdout}")


def ticks(pids):
    """CPU of processes in microseconds."""
    return sum(int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) for pid in pids) / 1000


def cost(stsload, service, ca):
    """CPU of the edges for one fetch, in microseconds."""
    edges = service.edges()
    before = ticks(edges)
    done = load(stsload, service, ca, ROUND_FETCHES, 120)
    return (ticks(edges) - before) / done_count(done)


def done_count(done):
    """Fetches that came back whole, whatever the generator calls them."""
    for key in ("ok", "fetches", "done"):
        if isinstance(done.get(key), int) and done[key] > 0:
            return done[key]
    sys.exit(f"no fetch came back whole: {done}")


def measure_start(service, ca):
    times = []
    for turn in range(3):
        name = f"mta-sts.d{(turn * 7919 + 1) % service.count:05}.example"
        began = time.monotonic()
        service.spawn()
        while not answers(service.port, name, ca):
            if time.monotonic() - began > 120:
                sys.exit("no edge answers")
            time.sleep(0.005)
        times.append(time.monotonic() - began)
        if turn < 2:
            service.stop()
    return statistics.median(times)


def measure_one_more(service, mkcerts, folder):
    """Seconds until a further domain is served, and whether the edges stayed the same."""
    made = folder / "further"
    subprocess.run([mkcerts, "-n", "1", "-s", str(service.count), "-o", made, "-H"], check=True, capture_output=True)
    edges, name = service.edges(), f"d{service.count:05}.example"
    began = time.monotonic()
    service.run("domain", "add", name, "--mx", "mx." + name)
    service.run("cert", "import", made / "certs")
    while not answers(service.port, "mta-sts." + name, made / "ca.crt"):
        time.sleep(0.005)
    return time.monotonic() - began, edges == service.edges()


def measure_whole(binary, folder, port, certs, demo):
    service = Service(binary, folder, port, SOME, demo).start()
    if not demo:
        service.fill(certs)
    time.sleep(15)
    found = children(service.process.pid)
    total = sum(pss(pid) for pid in found)
    service.stop()
    return total


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("stsload")
    parser.add_argument("mkcerts")
    parser.add_argument("-b", default="build/mxseal")
    parser.add_argument("-n", type=int, default=100000)
    parser.add_argument("-f", type=int, default=1000000)
    parser.add_argument("-d")
    args = parser.parse_args()
    binary = pathlib.Path(args.b).resolve()
    folder = pathlib.Path(args.d or tempfile.mkdtemp(prefix="mxseal-scale-"))
    folder.mkdir(exist_ok=True)
    running = []
    try:
        certs, few = folder / f"certs{args.n}", folder / f"certs{FEW}"
        some = folder / f"certs{SOME}"
        for path, count in ((certs, args.n), (few, FEW), (some, SOME)):
            if not (path / "names.txt").exists():
                subprocess.run([args.mkcerts, "-n", str(count), "-o", path, "-H"], check=True, capture_output=True)
        many = Service(binary, folder / "many", BASE, args.n).start()
        running.append(many)
        domains_s, certs_s = many.fill(certs / "certs")
        say(f"domain import of {args.n}", f"{domains_s:.0f}", "s", "minutes", domains_s < 600)
        say(f"cert import of {args.n}", f"{certs_s:.0f}", "s", "minutes", certs_s < 900)
        many.stop()
        start = measure_start(many, certs / "ca.crt")
        say(f"start to first answer, {args.n} domains", f"{start:.2f}", "s", "< 1", start < 1)
        small = Service(binary, folder / "few", BASE + 10, FEW).start()
        running.append(small)
        small.fill(few / "certs")
        load(args.stsload, many, certs / "ca.crt", min(args.f, 50000), 600)  # what is asked most lies in memory
        pairs = []
        for turn in range(ROUNDS):
            order = [(many, certs), (small, few)]
            got = {s.count: cost(args.stsload, s, c / "ca.crt") for s, c in (order if turn % 2 else order[::-1])}
            pairs.append((got[args.n], got[FEW], got[args.n] / got[FEW]))
        ratio = statistics.median(p[2] for p in pairs)
        print("".join(f"  a round: {a:.0f} and {b:.0f} µs, {r:.2f}\n" for a, b, r in pairs), end="")
        say(f"CPU of a fetch, {args.n} beside {FEW}", f"{ratio:.2f}", "", "< 1.3", ratio < 1.3)
        done, failed = 0, 0
        while done < args.f:
            got = load(args.stsload, many, certs / "ca.crt", max(args.f - done, ROUND_FETCHES), 600)
            done, failed = done + done_count(got), failed + got.get("errors", 0)
        say(f"fetches that failed, of {done}", f"{failed}", "", "none", failed == 0)
        worst = max(pss(pid) for pid in many.edges())
        say(f"an edge after {done} fetches", f"{worst:.1f}", "MB", "< 100", worst < 100)
        more, same = measure_one_more(many, args.mkcerts, folder)
        say("a further domain, added and served", f"{more:.2f}", "s", "no reload", same)
        for service in running:
            service.stop()
        running.clear()
        real = measure_whole(binary, folder / "some", BASE + 20, some / "certs", False)
        say(f"all processes, {SOME} domains", f"{real:.1f}", "MB", "< 64", real < 64)
        demo = measure_whole(binary, folder / "demo", BASE + 443 + 30, some / "certs", True)
        say("all processes, demonstration", f"{demo:.1f}", "MB", "< 64", demo < 64)
    finally:
        for service in running:
            service.stop()
        if not args.d:
            shutil.rmtree(folder)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
