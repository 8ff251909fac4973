"""The whole program in tests: a service on free loopback ports with a state of its own.

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

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("MXSEAL_BIN", ROOT / "build/mxseal")).resolve()
LONG = bool(os.environ.get("MXSEAL_TEST_LONG"))
DEADLINE = 60  # seconds until a test gives up waiting for an event


def free_port_base():
    """N such that the demonstration's ports N, N+25, N+53, N+80 and N+443 are free."""
    for base in range(21000 + os.getpid() % 400 * 25, 60000, 500):
        with contextlib.ExitStack() as held:
            try:
                for offset in (0, 25, 53, 80, 443):
                    s = held.enter_context(socket.socket())
                    s.bind(("127.0.0.1", base + offset))
                return base
            except OSError:
                continue
    raise RuntimeError("no free ports")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Service:
    """`mxseal serve`, started and stopped; run() is the command line against it."""

    def __init__(self, folder, args, ports, env=None):
        self.folder, self.args, self.ports = folder, args, ports
        self.state = folder / "state"
        self.env = dict(os.environ, MXSEAL_STATE=str(self.state), **(env or {}))
        self.process = None

    def start(self):
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = f"{self.folder}/notify.sock"
        pathlib.Path(path).unlink(missing_ok=True)
        notify.bind(path)
        notify.settimeout(DEADLINE)
        self.log = open(self.folder / "log", "ab")
        self.process = subprocess.Popen([str(BIN), "serve", *map(str, self.args)], stdout=self.log,
                                        stderr=self.log, cwd=self.folder,
                                        env=dict(self.env, NOTIFY_SOCKET=path))
        end = time.monotonic() + DEADLINE
        while True:
            notify.settimeout(1)
            try:
                if b"READY=1" in notify.recv(4096):
                    break
            except socket.timeout:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("service did not start:\n" + self.log_text())
        notify.close()
        return self

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
        done = subprocess.run([BIN, *map(str, args)], input=stdin, capture_output=True, env=self.env,
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
        with socket.create_connection(("127.0.0.1", port or self.ports["tls"]), timeout=5) as raw, \
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
        value = what()
        if value:
            return value
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(pause)


def demo_ports(base):
    return {"tls": base + 443, "http": base + 80, "dns": base + 53, "admin": base}


@pytest.fixture
def make_demo(tmp_path):
    """make_demo(*args): a demonstration; --empty unless full=True."""
    running = []

    def make(*args, full=False, name="demo"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        base = free_port_base()
        service = Service(folder, ["--demo", "--state", folder / "state", "--port-base", base,
                                   *([] if full else ["--empty"]), *args], demo_ports(base))
        running.append(service)
        return service.start()

    yield make
    for service in running:
        service.stop()


@pytest.fixture
def demo(make_demo):
    """An empty demonstration."""
    return make_demo()


@pytest.fixture(scope="module")
def full_demo(tmp_path_factory):
    """A demonstration with its three domains and sixty days of reports; shared, so read only."""
    folder = tmp_path_factory.mktemp("full")
    base = free_port_base()
    service = Service(folder, ["--demo", "--state", folder / "state", "--port-base", base],
                      demo_ports(base)).start()
    days = lambda: service.json("report", "summary", "acme.example")["days"]
    eventually(lambda: sum(day["reports"] > 0 for day in days()) == 60)
    yield service
    service.stop()


CONFIG = """
[server]
state = {state}
[listen]
tls = 127.0.0.1:{tls}
http = 127.0.0.1:{http}
admin = 127.0.0.1:{admin}
[service]
host = mx.service.example
[report]
host = reports.service.example
[outgoing]
allow = 127.0.0.0/8
"""


@pytest.fixture
def make_product(tmp_path):
    """make_product(extra configuration): the product on loopback ports."""
    running = []

    def make(extra="", name="product", args=(), text=CONFIG):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        ports = {name: free_port() for name in ("tls", "http", "dns", "admin")}
        config = folder / "mxseal.conf"
        config.write_text(text.format(state=folder / "state", **ports) + extra)
        service = Service(folder, ["--config", config, *args], ports)
        running.append(service)
        return service.start()

    yield make
    for service in running:
        service.stop()


def openssl(*args, **kw):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True, **kw)


class Authority:
    """A certification authority of the test's own."""

    def __init__(self, folder):
        self.folder = folder
        self.cert, self.key = folder / "ca.pem", folder / "ca.key"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", "/CN=Test CA", "-days", "30", "-keyout", self.key, "-out", self.cert,
                "-addext", "basicConstraints=critical,CA:TRUE",
                "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, *names, days=30, rsa=False, stem=None):
        """NAME.crt with its NAME.key beside it; the path of the certificate."""
        stem = stem or names[0].replace("*", "_")
        crt, key, csr = (self.folder / f"{stem}.{end}" for end in ("crt", "key", "csr"))
        kind = ["rsa:2048"] if rsa else ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        openssl("req", "-newkey", *kind, "-nodes", "-subj", "/", "-keyout", key, "-out", csr)
        ext = self.folder / f"{stem}.ext"
        ext.write_text("subjectAltName=" + ",".join("DNS:" + n for n in names) +
                       "\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n")
        openssl("x509", "-req", "-in", csr, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial",
                "-days", days, "-extfile", ext, "-out", crt)
        return crt


@pytest.fixture
def authority(tmp_path):
    folder = tmp_path / "authority"
    folder.mkdir()
    return Authority(folder)


@pytest.fixture
def corpus():
    """The corpus beside the checkout, where there is one."""
    path = ROOT.parent / "shared/corpus"
    if not path.is_dir():
        pytest.skip("no corpus beside the checkout")
    return path
