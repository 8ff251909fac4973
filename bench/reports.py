#!/usr/bin/python3
"""CPU and time per report mail beside Python's standard library, in one interleaved run.

usage: bench/reports.py MKREPORTS [-b MXSEAL] [-n MAILS] [-r ROUNDS] [--keep DIR]

MKREPORTS makes the mails (typical ones: -p 1-2 -f 1-3 -F 15).  Each round gives the same mails to
bench/peer_reports.py, as a Maildir to `mxseal report import` and by SMTP (20 connections, no TLS, no
signatures) to fresh demonstrations with one edge; CPU is that of all mxseal processes, the importing one
included, until everything is stored.  The median of the rounds' ratios is what counts.  The sender of
mails is no part of it, but its pace is in the wall time of SMTP.
"""
import argparse
import asyncio
import contextlib
import json
import os
import pathlib
import resource
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
PORT_BASE = 39000
CONNECTIONS, PER_CONNECTION = 20, 200  # below what one address may have open, and the commands of a session
DOMAINS = 1000  # what MKREPORTS makes reports about: d00000.example and so on
TICK = os.sysconf("SC_CLK_TCK")


def processes(root):
    """The process, all below it, and the CPU seconds of each with those of its ended children."""
    found = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rsplit(")", 1)[1].split()
            found[int(stat.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])) / TICK)
    family = [root]
    for pid in family:
        family += [child for child, (parent, _) in found.items() if parent == pid]
    return {pid: found[pid][1] for pid in family if pid in found}


def children_cpu():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_memory(pids):
    """{role: KiB} of the largest resident size so far."""
    peaks = {}
    for pid in pids:
        with contextlib.suppress(OSError, StopIteration):
            folder = pathlib.Path(f"/proc/{pid}")
            words = (folder / "cmdline").read_bytes().split(b"\0")
            role = next((w[7:].decode() for w in words if w.startswith(b"--role=")), "parent")
            line = next(s for s in (folder / "status").read_text().splitlines() if s.startswith("VmHWM"))
            peaks[role] = max(peaks.get(role, 0), int(line.split()[1]))
    return peaks


class Server:
    """An empty demonstration that knows the domains."""

    def __init__(self, binary, folder):
        self.binary, self.state = binary, folder / "state"
        self.env = dict(os.environ, MXSEAL_STATE=str(self.state), MXSEAL_REPORT__KEEP_UNSIGNED="unlimited")
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(folder / "notify"))
        self.process = subprocess.Popen(
            [binary, "serve", "--demo", "--empty", "--state", self.state, "--port-base", str(PORT_BASE), "--edges", "1"],
            env=dict(self.env, NOTIFY_SOCKET=str(folder / "notify")), stdout=subprocess.DEVNULL,
            stderr=open(folder / "log", "wb"))
        while b"READY=1" not in notify.recv(4096):
            pass
        self.add_domains(folder)

    def add_domains(self, folder):
        """By a first import, so that what is measured stores every report at once."""
        (folder / "domains").mkdir()
        for first in range(0, DOMAINS, 50):
            policies = [{"policy": {"policy-type": "no-policy-found", "policy-domain": f"d{n:05}.example"},
                         "summary": {"total-successful-session-count": 0, "total-failure-session-count": 0}}
                        for n in range(first, first + 50)]
            report = {"organization-name": "bench", "report-id": f"domains {first}", "policies": policies}
            (folder / "domains" / f"{first:05}.json").write_text(json.dumps(report))
        self.run("report", "import", "--add-domains", folder / "domains")

    def run(self, *words):
        return subprocess.run([self.binary, *words], env=self.env, check=True, capture_output=True, text=True).stdout

    def cpu(self):
        return sum(processes(self.process.pid).values())

    def report_address(self):
        """One of bench.example, a domain of its own."""
        self.run("domain", "add", "bench.example", "--mx", "mx.bench.example")
        uris = json.loads(self.run("records", "bench.example", "--json"))["rua"]
        return next(uri[7:] for uri in uris if uri.startswith("mailto:"))

    def wait_for(self, messages):
        """Until so many of them are stored."""
        db = sqlite3.connect(f"file:{self.state}/mxseal.db?mode=ro", uri=True)
        while db.execute("select count(*) from arrival").fetchone()[0] < messages:
            time.sleep(0.1)
        db.close()

    def stop(self):
        self.process.terminate()
        self.process.wait()


def measured(work, cpu, count):
    cpu_before, begun = cpu(), time.monotonic()
    said = work()
    return {"wall": (time.monotonic() - begun) / count * 1e6, "cpu": (cpu() - cpu_before) / count * 1e6}, said


def python(folder, mails, totals):
    result, said = measured(lambda: subprocess.run(
        [sys.executable, HERE / "peer_reports.py", mails, folder / "peer.db"], check=True, capture_output=True).stdout,
        children_cpu, totals["files"])
    assert json.loads(said)["reports"] == totals["reports"], said
    return result


def report_import(folder, mails, totals, binary):
    server = Server(binary, folder)
    try:
        result, said = measured(lambda: server.run("report", "import", "--json", mails.parent),
                                lambda: server.cpu() + children_cpu(), totals["files"])
        assert json.loads(said)["new"] == totals["reports"], said
        peaks = peak_memory(processes(server.process.pid))
        result["memory"] = {role: peaks[role] for role in ("intake", "reader")}
    finally:
        server.stop()
    return result


async def send_some(paths, to):
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT_BASE + 25)

    async def answer(code):
        while True:
            line = await reader.readline()
            assert line.startswith(code), line
            if line[3:4] != b"-":
                return

    await answer(b"220")
    writer.write(b"EHLO bench.example\r\n")
    await answer(b"250")
    for path in paths:
        mail = path.read_bytes().replace(b"\r\n.", b"\r\n..")
        writer.write(b"MAIL FROM:<>\r\nRCPT TO:<%s>\r\nDATA\r\n" % to)
        for code in (b"250", b"250", b"354"):
            await answer(code)
        writer.write(mail + (b".\r\n" if mail.endswith(b"\r\n") else b"\r\n.\r\n"))
        await answer(b"250")
    writer.write(b"QUIT\r\n")
    await answer(b"221")
    writer.close()


async def send_all(folder, to):
    paths = sorted(folder.iterdir())
    parts = [paths[i:i + PER_CONNECTION] for i in range(0, len(paths), PER_CONNECTION)]

    async def worker():
        while parts:
            await send_some(parts.pop(), to)

    await asyncio.gather(*(worker() for _ in range(CONNECTIONS)))


def smtp(folder, mails, totals, binary):
    server = Server(binary, folder)
    try:
        to = server.report_address().encode()
        db = sqlite3.connect(f"file:{server.state}/mxseal.db?mode=ro", uri=True)
        before = db.execute("select count(*) from arrival").fetchone()[0]
        db.close()

        def work():
            asyncio.run(send_all(mails, to))
            server.wait_for(before + totals["files"])

        result, _ = measured(work, server.cpu, totals["files"])
        peaks = peak_memory(processes(server.process.pid))
        result["memory"] = {role: peaks[role] for role in ("intake", "reader")}
    finally:
        server.stop()
    return result


def in_folder(root, work, *words):
    with tempfile.TemporaryDirectory(dir=root) as name:
        return work(pathlib.Path(name), *words)


def show(name, result):
    print(f"{name:8} wall {result['wall']:8.1f} us  cpu {result['cpu']:8.1f} us  {result.get('memory', '')}", flush=True)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("mkreports")
    parser.add_argument("-b", default="build/mxseal")
    parser.add_argument("-n", type=int, default=20000)
    parser.add_argument("-r", type=int, default=3)
    parser.add_argument("--keep")
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        root = pathlib.Path(args.keep or stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        mails = root / "Maildir" / "cur"
        if not mails.exists():
            subprocess.run([args.mkreports, "-n", str(args.n), "-o", root / "made", "--eml", "-d", str(DOMAINS),
                            "-p", "1-2", "-f", "1-3", "-F", "15"], check=True, stdout=subprocess.DEVNULL)
            mails.parent.mkdir()
            shutil.move(root / "made" / "eml", mails)
        totals = json.loads((root / "made" / "totals.json").read_text())
        ways = {"import": report_import, "smtp": smtp}
        ratios = {(way, what): [] for way in ways for what in ("wall", "cpu")}
        for _ in range(args.r):
            theirs = in_folder(root, python, mails, totals)
            show("python", theirs)
            for way, work in ways.items():
                ours = in_folder(root, work, mails, totals, pathlib.Path(args.b).resolve())
                show(way, ours)
                for what in ("wall", "cpu"):
                    ratios[way, what].append(theirs[what] / ours[what])
        for (way, what), values in ratios.items():
            print(f"{way}, {what}: times as fast", " ".join(f"{v:.2f}" for v in values),
                  "median", f"{statistics.median(values):.2f}")


if __name__ == "__main__":
    main()
