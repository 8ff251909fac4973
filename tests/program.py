"""The program as tests run it, and what they need beside it: shared by tests/system and tests/lab.

MXSEAL_BIN names the binary (default build/mxseal).  Readiness is sd_notify's READY=1, no sleep.
"""
import contextlib
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BIN = pathlib.Path(os.environ.get("MXSEAL_BIN", ROOT / "build/mxseal")).resolve()
LONG = bool(os.environ.get("MXSEAL_TEST_LONG"))
# The service's processes may not be traced, which looking for leaks needs; commands are looked at with --long.
NO_LEAKS = ":detect_leaks=0"
# The environment of whoever starts the service may name a proxy; no connection of ours heeds it.
PROXIES = {name: "http://127.0.0.1:9" for name in ("http_proxy", "https_proxy", "all_proxy", "HTTPS_PROXY", "ALL_PROXY")}
# What a second of the program may come to with sanitizers in it and other tests beside it: nothing is said of
# speed.  To the letter with MXSEAL_TEST_EXACT, for a release build on a quiet machine.
EXACT = bool(os.environ.get("MXSEAL_TEST_EXACT"))
SECOND = 1 if EXACT else 20
DEADLINE = 180  # seconds until a test gives up waiting for an event


# Puts NAME=FD... where sd_listen_fds(3) says and becomes what stands behind "--".
PASS = ["/usr/bin/python3", "-c", """
import fcntl, os, sys
end = sys.argv.index("--")
pairs = [word.split("=") for word in sys.argv[1:end]]
high = [fcntl.fcntl(int(fd), fcntl.F_DUPFD, 2000) for _, fd in pairs]
for _, fd in pairs:
    os.close(int(fd))
for place, fd in enumerate(high, 3):
    os.dup2(fd, place, inheritable=True)
    os.close(fd)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(pairs)), LISTEN_FDNAMES=":".join(n for n, _ in pairs))
os.execv(sys.argv[end + 1], sys.argv[end + 1:])
"""]


class Service:
    """`mxseal serve`, started and stopped; run() is the command line against it.

    prefix: the words before the program, which must become it by exec (`ip netns exec NAME`).
    """
    program = BIN

    def __init__(self, folder, args, ports, env=None, prefix=()):
        self.folder, self.args, self.ports, self.prefix = folder, args, ports, list(prefix)
        self.state = folder / "state"
        self.env = dict(os.environ, **PROXIES, MXSEAL_STATE=str(self.state), **(env or {}))
        self.process = None
        self.stored = []  # (name, descriptor) that the service left with its manager

    def start(self, passed=(), keep=False):
        """passed: (name, descriptor) as a service manager hands them over; keep: be one that stores descriptors."""
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = f"{self.folder}/notify.sock"
        pathlib.Path(path).unlink(missing_ok=True)
        notify.bind(path)
        os.chmod(path, 0o666)  # also for a service that gives root up
        notify.settimeout(DEADLINE)
        self.log = open(self.folder / "log", "ab")
        prefix = [*self.prefix, *([*PASS, *(f"{name}={fd}" for name, fd in passed), "--"] if passed else [])]
        self.process = subprocess.Popen([*prefix, self.program, "serve", *map(str, self.args)],
                                        stdout=self.log, stderr=self.log, cwd=self.folder,
                                        pass_fds=[fd for _, fd in passed],
                                        env=dict(self.env, NOTIFY_SOCKET=path,
                                                 ASAN_OPTIONS=self.env.get("ASAN_OPTIONS", "") + NO_LEAKS))
        end = time.monotonic() + DEADLINE
        while True:
            notify.settimeout(1)
            try:
                text, fds, *_ = socket.recv_fds(notify, 4096, 250) if keep else (notify.recv(4096), ())
                self.store(text.decode(), fds)
                if b"READY=1" in text:
                    break
            except socket.timeout:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("service did not start:\n" + self.log_text())
        notify.close()
        return self

    def store(self, text, fds):
        """What systemd does with FDSTORE and FDSTOREREMOVE."""
        said = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
        if "FDSTOREREMOVE" in said:
            for name, fd in [(n, fd) for n, fd in self.stored if n == said["FDNAME"]]:
                self.stored.remove((name, fd))
                os.close(fd)
        self.stored += [(said["FDNAME"], fd) for fd in fds]

    def log_text(self):
        return (self.folder / "log").read_text(errors="replace")

    def stop(self, sig=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
        self.log.close()

    def run(self, *args, stdin=None, check=None):
        """The finished command; check: the exit status that must come."""
        done = subprocess.run([*self.prefix, self.program, *map(str, args)], input=stdin, capture_output=True, env=self.env,
                              cwd=self.folder, timeout=300, text=not isinstance(stdin, bytes))
        if check is not None:
            assert done.returncode == check, (args, done.returncode, done.stdout, done.stderr)
        return done

    def json(self, *args, check=0):
        return json.loads(self.run(*args, "--json", check=check).stdout)

    def children(self):
        """{pid: role} of the live processes below the parent."""
        found = {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, IndexError, ValueError):
                fields = stat.read_text().rsplit(")", 1)[1].split()
                if int(fields[1]) != self.process.pid or fields[0] == "Z":
                    continue
                words = (stat.parent / "cmdline").read_bytes().split(b"\0")
                roles = [w[7:].decode() for w in words if w.startswith(b"--role=")]
                if roles:
                    found[int(stat.parent.name)] = roles[0]
        return found

    def fetch(self, host, path="/.well-known/mta-sts.txt", ca=None, port=None):
        """(status, headers, body) of one HTTPS fetch as a sender makes it."""
        context = ssl.create_default_context(cafile=str(ca or self.state / "demo-ca.pem"))
        context.verify_flags |= ssl.VERIFY_X509_STRICT  # RFC 5280 to the letter, as newer senders do
        with socket.create_connection(("127.0.0.1", port or self.ports["tls"]), timeout=5 if EXACT else DEADLINE) as raw, \
                context.wrap_socket(raw, server_hostname=host) as tls:
            tls.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            data = b""
            with contextlib.suppress(ssl.SSLEOFError):
                while chunk := tls.recv(65536):
                    data += chunk
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode("ascii").split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}
        return int(lines[0].split()[1]), headers, body


def eventually(what, seconds=DEADLINE, pause=0.02):
    """The first true value of what(); for states that have no event of their own."""
    end = time.monotonic() + seconds
    while True:
        began = time.monotonic()
        value = what()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s"
        # Asking leaves most of the machine to what is waited for, and to the tests beside.
        time.sleep(pause if EXACT else max(pause, min(3 * (time.monotonic() - began), 1)))


def openssl(*args, before=(), **kw):
    subprocess.run([*before, "openssl", *map(str, args)], check=True, capture_output=True, **kw)


class Authority:
    """A certification authority of the test's own."""

    days = 30  # that its certificates are valid, its own too

    def __init__(self, folder):
        self.folder = folder
        self.cert, self.key = folder / "ca.pem", folder / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=Test CA", "-days", str(self.days), "-keyout", self.key, "-out", self.cert,
                "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, *names, days=None, rsa=False, stem=None, made=None):
        """NAME.crt with its NAME.key beside it; the path of the certificate.  made: when, for faketime."""
        stem = stem or names[0].replace("*", "_")
        crt, key, csr = (self.folder / f"{stem}.{end}" for end in ("crt", "key", "csr"))
        kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl("req", "-newkey", *kind, "-nodes", "-subj", "/", "-keyout", key, "-out", csr)
        ext = self.folder / f"{stem}.ext"
        kinds = ["IP:" if n.replace(".", "").isdigit() else "DNS:" for n in names]
        ext.write_text("subjectAltName=critical," + ",".join(k + n for k, n in zip(kinds, names)) +
                       "\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n"
                       "authorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n")
        openssl("x509", "-req", "-in", csr, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial",
                "-days", days or self.days, "-extfile", ext, "-out", crt, before=["faketime", made] if made else [])
        return crt
