#!/usr/bin/python3
"""Server CPU per DNS answer beside nsd's, in one interleaved run (RRL off in both).

usage: bench/dns.py [MXSEAL [SECONDS]]     (default build/mxseal, 5; needs dnsperf, nsd, dig)

A demonstration with one edge is asked for every name of its zone, and for names beside them that do
not exist; nsd has the same zone by transfer.  The median of three ratios is what counts.
"""
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

BASE, NSD_PORT, RATE = 38000, 38153, 30000
ZONE = "sts.mxseal.example"

NSD = """
server:
  ip-address: 127.0.0.1@{port}
  server-count: 1
  username: ""
  chroot: ""
  pidfile: "{dir}/nsd.pid"
  zonesdir: "{dir}"
  database: ""
  xfrdfile: "{dir}/xfrd"
  zonelistfile: "{dir}/list"
  logfile: "{dir}/nsd.log"
  rrl-ratelimit: 0
remote-control:
  control-enable: no
zone:
  name: {zone}
  zonefile: zone
"""


def family(pid):
    """The process and all below it."""
    found = [pid]
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == pid:
                found += family(int(stat.parent.name))
        except OSError:
            continue
    return found


def cpu(pids):
    fields = [pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split() for pid in pids]
    return sum(int(f[11]) + int(f[12]) for f in fields) / os.sysconf("SC_CLK_TCK")


def measure(name, port, pids, queries, seconds):
    before = cpu(pids)
    said = subprocess.run(["dnsperf", "-s", "127.0.0.1", "-p", str(port), "-d", str(queries), "-l", str(seconds),
                           "-c", "4", "-q", "50", "-Q", str(RATE)], capture_output=True, text=True).stdout
    spent = cpu(pids) - before
    count, lost = (int(re.search(rf"Queries {word}:\s+(\d+)", said)[1]) for word in ("completed", "lost"))
    print(f"{name:8} {count} answers, {lost} lost, {spent / count * 1e6:.2f} us each")
    return spent / count


def dig(port, *words):
    return subprocess.run(["dig", "-p", str(port), "@127.0.0.1", *words], capture_output=True, text=True).stdout


def main():
    binary = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "build/mxseal").resolve()
    seconds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        env = dict(os.environ, MXSEAL_SERVICE__DNS_RATE="off", MXSEAL_SERVICE__SECONDARIES="127.0.0.1")
        server = subprocess.Popen([binary, "serve", "--demo", "--state", folder / "state", "--port-base", str(BASE),
                                   "--edges", "1"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while "v=STSv1" not in dig(BASE + 53, ZONE, "AXFR"):
            time.sleep(0.2)  # the demonstration is being fed
        time.sleep(5)        # until it has done with its reports
        zone = [line for line in dig(BASE + 53, ZONE, "AXFR", "+onesoa").splitlines() if line and line[0] != ";"]
        (folder / "zone").write_text("\n".join(zone) + "\n")
        names = [line.split() for line in zone]
        (folder / "queries").write_text("".join(f"{n[0]} {n[3]}\nx.{n[0]} TXT\n" for n in names))
        (folder / "nsd.conf").write_text(NSD.format(dir=folder, port=NSD_PORT, zone=ZONE))
        subprocess.run(["/usr/sbin/nsd", "-c", folder / "nsd.conf"], check=True)
        while ZONE not in dig(NSD_PORT, ZONE, "SOA", "+short"):
            time.sleep(0.2)
        other = int((folder / "nsd.pid").read_text())
        ratios = []
        for _ in range(3):
            ours = measure("mxseal", BASE + 53, family(server.pid), folder / "queries", seconds)
            ratios.append(ours / measure("nsd", NSD_PORT, family(other), folder / "queries", seconds))
        print("ratio", " ".join(f"{r:.2f}" for r in ratios), "median", f"{statistics.median(ratios):.2f}")
        os.kill(other, 15)
        server.terminate()
        server.wait()


main()
