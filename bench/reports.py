#!/usr/bin/python3
"""CPU and time per report mail beside Python's standard library, in one interleaved run.

usage: bench/reports.py MKREPORTS [-b MXSEAL] [-n MAILS] [-r ROUNDS] [--keep DIR]

MKREPORTS makes the mails (typical ones: -p 1-2 -f 1-3 -F 15).  Each round gives the same mails to
bench/peer_reports.py, as a Maildir to `mxseal report import`, by SMTP (20 connections, no TLS) to fresh
demonstrations with one edge, and once more by SMTP, each with an RSA-2048 signature, to services that ask
a knot on loopback for the keys and must believe every mail; CPU is that of all mxseal processes, the
importing one included, until everything is stored.  The median of the rounds' ratios is what counts.  The
sender of mails is no part of it, but its pace is in the wall time of SMTP.
"""
import argparse
import asyncio
import base64
import contextlib
import hashlib
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
SIGNED = ("From", "To", "Subject", "Date", "TLS-Report-Domain", "TLS-Report-Submitter", "MIME-Version", "Content-Type")
TRUST_DKIM = 0
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


def install():
    """The Debian packages that only a bench needs."""
    root = HERE.parent
    subprocess.run(["sh", "-c", f"root={root}; assume_yes=1; . {root}/tools/packages.sh; packages_install bench"],
                   check=True)


class Signer:
    """One RSA-2048 key for all senders, each mail signed by its author's domain."""

    def __init__(self):
        from cryptography.hazmat.primitives.asymmetric import rsa
        self.key, self.domains = rsa.generate_private_key(public_exponent=65537, key_size=2048), set()

    def record(self):
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
        public = self.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return "v=DKIM1; k=rsa; p=" + base64.b64encode(public).decode()

    def sign(self, mail):
        """RFC 6376 with simple canonicalization: what is signed are the bytes as they stand."""
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding
        head, _, body = mail.partition(b"\r\n\r\n")
        fields = [field.encode() for field in head.decode().replace("\r\n\t", "\0").split("\r\n")]
        named = {field.partition(b":")[0].decode(): field.replace(b"\0", b"\r\n\t") for field in fields}
        domain = named["From"].rpartition(b"@")[2].strip(b"> ").decode()
        self.domains.add(domain)
        hashed = base64.b64encode(hashlib.sha256(body.rstrip(b"\r\n") + b"\r\n").digest()).decode()
        own = (f"DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d={domain}; s=bench;\r\n"
               f"\th={':'.join(SIGNED)};\r\n\tbh={hashed};\r\n\tb=").encode()
        text = b"".join(named[name] + b"\r\n" for name in SIGNED) + own
        signature = base64.b64encode(self.key.sign(text, padding.PKCS1v15(), hashes.SHA256()))
        return own + signature + b"\r\n" + mail


def signed_mails(mails, to):
    """The same mails signed, in a folder of their own, and who signed them."""
    signer = Signer()
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    for path in mails.iterdir():
        (to / path.name).write_bytes(signer.sign(path.read_bytes()))
    return signer


class Names:
    """A knot that has the signers' keys."""

    def __init__(self, folder, signer):
        record = signer.record()
        strings = " ".join('"' + record[i:i + 200].replace(";", "\\;") + '"' for i in range(0, len(record), 200))
        conf = f"server:\n    rundir: {folder}\n    listen: 127.0.0.1@{PORT_BASE + 54}\n" \
               f"database:\n    storage: {folder}\nzone:\n"
        for domain in signer.domains:
            (folder / f"{domain}.zone").write_text(
                f"$ORIGIN {domain}.\n$TTL 3600\n@ SOA ns hostmaster 1 3600 600 86400 1\n@ NS ns\nns A 127.0.0.1\n"
                f"bench._domainkey TXT {strings}\n")
            conf += f"  - domain: {domain}\n    file: {folder}/{domain}.zone\n    journal-content: none\n"
        (folder / "knot.conf").write_text(conf)
        self.process = subprocess.Popen(["/usr/sbin/knotd", "-c", folder / "knot.conf"], stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        while socket.socket().connect_ex(("127.0.0.1", PORT_BASE + 54)) != 0:
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait()


def configuration(folder, signer):
    """A service as it is set up for real, but for its ports, with the signers' zones on a server of ours."""
    text = f"[server]\nstate = {folder / 'state'}\n[listen]\n"
    for name, port in (("tls", 443), ("http", 80), ("admin", 90), ("smtp", 25)):
        text += f"{name} = 127.0.0.1:{PORT_BASE + port}\n"
    stub = "\n  ".join(f"{domain}=127.0.0.1:{PORT_BASE + 54}" for domain in sorted(signer.domains))
    return text + ("[service]\nhost = mx.service.example\n[report]\nhost = reports.service.example\n"
                   f"[resolver]\nstub = {stub}\ntrust_anchor = off\n")


class Server:
    """A service that knows the domains and nothing else: an empty demonstration, or one that looks for signatures."""

    def __init__(self, binary, folder, signer=None):
        self.binary, self.state = binary, folder / "state"
        self.env = dict(os.environ, MXSEAL_STATE=str(self.state), MXSEAL_REPORT__KEEP_UNSIGNED="unlimited")
        self.names = None
        how = ["--demo", "--empty", "--state", self.state, "--port-base", str(PORT_BASE), "--edges", "1"]
        if signer is not None:
            (folder / "names").mkdir()
            self.names = Names(folder / "names", signer)
            (folder / "mxseal.conf").write_text(configuration(folder, signer))
            how = ["--config", folder / "mxseal.conf"]
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(str(folder / "notify"))
        notify.settimeout(60)
        self.process = subprocess.Popen([binary, "serve", *how],
                                        env=dict(self.env, NOTIFY_SOCKET=str(folder / "notify")),
                                        stdout=subprocess.DEVNULL, stderr=open(folder / "log", "wb"))
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

    def stored(self, where="1"):
        with contextlib.closing(sqlite3.connect(f"file:{self.state}/mxseal.db?mode=ro", uri=True)) as db:
            return db.execute(f"select count(*) from arrival where {where}").fetchone()[0]

    def wait_for(self, messages):
        """Until so many of them are stored."""
        while self.stored() < messages:
            time.sleep(0.1)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        if self.names is not None:
            self.names.stop()


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


def smtp(folder, mails, totals, binary, signer=None):
    server = Server(binary, folder, signer)
    try:
        to = server.report_address().encode()
        before = server.stored()

        def work():
            asyncio.run(send_all(mails, to))
            server.wait_for(before + totals["files"])

        result, _ = measured(work, server.cpu, totals["files"])
        believed = server.stored(f"trust = {TRUST_DKIM}")
        assert believed == (totals["files"] if signer else 0), believed
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
    install()
    with contextlib.ExitStack() as stack:
        root = pathlib.Path(args.keep or stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        mails = root / "Maildir" / "cur"
        if not mails.exists():
            subprocess.run([args.mkreports, "-n", str(args.n), "-o", root / "made", "--eml", "-d", str(DOMAINS),
                            "-p", "1-2", "-f", "1-3", "-F", "15"], check=True, stdout=subprocess.DEVNULL)
            mails.parent.mkdir()
            shutil.move(root / "made" / "eml", mails)
        totals = json.loads((root / "made" / "totals.json").read_text())
        signer = signed_mails(mails, root / "signed")
        ways = {"import": (report_import, mails), "smtp": (smtp, mails), "rsa": (smtp, root / "signed", signer)}
        ratios = {(way, what): [] for way in ways for what in ("wall", "cpu")}
        for _ in range(args.r):
            theirs = in_folder(root, python, mails, totals)
            show("python", theirs)
            for way, (work, folder, *more) in ways.items():
                ours = in_folder(root, work, folder, totals, pathlib.Path(args.b).resolve(), *more)
                show(way, ours)
                for what in ("wall", "cpu"):
                    ratios[way, what].append(theirs[what] / ours[what])
        for (way, what), values in ratios.items():
            print(f"{way}, {what}: times as fast", " ".join(f"{v:.2f}" for v in values),
                  "median", f"{statistics.median(values):.2f}")


if __name__ == "__main__":
    main()
