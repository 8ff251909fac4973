"""Bad days of the machine: what policies are served through, what is said, and how it goes on by itself.

Each start gets a copy of one state: as SIGTERM left it, or as SIGKILL of everything did.  Disks that are full or
read-only are mounts in a namespace of the service's own.
"""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

import pytest

from conftest import BIN, CONFIG, DEADLINE, EXACT, LONG, ROOT, Service, demo_ports, eventually, free_port, free_port_base

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for mounts")
DOMAIN = "badday.example"
HOST = "mta-sts." + DOMAIN
# What is done to the state before the start, around the copy, and what is said of it; "" when all is well.
TMPFS = "mount -t tmpfs -o size=160m,mode=755 none $STATE && "
FULL = "dd if=/dev/zero of=$STATE/filler bs=64k 2>/dev/null; "
READ_ONLY = "mount --bind $STATE $STATE && mount -o remount,ro,bind $STATE && "
NO_SHM = "rm -f $STATE/*-shm $STATE/edge/*-shm; "
CORRUPT = NO_SHM + "for end in '' -wal; do dd if=/dev/urandom of=$STATE/mxseal.db$end bs=4096 count=4 2>/dev/null; done; "
# Somebody has the main database open for himself, until he is told.
HOLDER = """
import os, sqlite3, sys, time
held = sqlite3.connect(sys.argv[1] + "/state/mxseal.db", isolation_level=None)
held.execute("pragma locking_mode = exclusive")
held.execute("begin exclusive")
open(sys.argv[1] + "/held", "w").close()
while os.path.isdir(sys.argv[1]) and not os.path.exists(sys.argv[1] + "/let-go"):
    time.sleep(0.05)
"""
HELD = "(/usr/bin/python3 -c '" + HOLDER.replace("'", "") + "' $STATE/.. &); while [ ! -e $STATE/../held ]; do sleep 0.05; done; "
NEWER = "/usr/bin/python3 -c 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute(\"pragma user_version = 9999\")' $STATE/mxseal.db; "


def overwritten(name):
    return NO_SHM + f"dd if=/dev/urandom of=$STATE/{name} bs=4096 count=4 2>/dev/null; "


FAULTS = {
    "no-shm": ("", NO_SHM, ""),
    "full": (TMPFS, FULL, None),
    "full-no-shm": (TMPFS, NO_SHM + FULL, "the disk is full: free some space"),
    "read-only": ("", READ_ONLY, "the file system is mounted read-only"),
    "read-only-no-shm": ("", NO_SHM + READ_ONLY, "the file system is mounted read-only"),
    "corrupt": ("", CORRUPT, "restore the last backup"),
    "locked": ("", HELD, "another program holds it locked"),
    "newer": ("", NEWER, "run the newer mxseal again"),
    "no-log": ("", overwritten("mxseal.db-wal"), "put that file aside"),
}
BY_HAND = ("corrupt", "newer")
MORE = {"edge-no-log": ("", overwritten("edge/edge.db-wal"), "")}


class Kept:
    """A demonstration's state with a policy that is served, and the ways it was left in."""

    def __init__(self, folder):
        self.folder = folder
        self.starts = 0
        self.base = free_port_base()
        self.left = {"stopped": folder / "stopped", "killed": folder / "killed"}
        service = self.service("first").start()
        service.run("domain", "add", DOMAIN, "--mx", "mx." + DOMAIN, check=0)
        children = service.children()
        service.process.kill()
        service.process.wait()
        service.log.close()
        eventually(lambda: not any(os.path.exists(f"/proc/{pid}/exe") for pid in children))
        subprocess.run(["cp", "-a", service.state, self.left["killed"]], check=True)
        service.start().stop()
        shutil.move(service.state, self.left["stopped"])
        self.left["absent"] = self.left["stopped"]
        self.ca = self.left["stopped"] / "demo-ca.pem"

    def service(self, name, prefix=()):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        return Service(folder, ["--demo", "--empty", "--state", folder / "state", "--port-base", self.base], demo_ports(self.base),
                       prefix=prefix)

    @contextlib.contextmanager
    def start(self, how, fault):
        """The service as a fresh process on a copy of the state; it is not waited for."""
        self.starts += 1  # the same one may be wanted again
        name = f"{how}-{fault}-{self.starts}"
        before, after, _ = {**FAULTS, **MORE}[fault]
        script = (f"STATE={self.folder}/{name}/state; {before} cp -a {self.left[how]}/. $STATE/ && "
                  f"{{ {after} exec \"$0\" \"$@\"; }}")
        service = self.service(name, ["unshare", "-m", "--propagation", "private", "sh", "-c", script])
        service.state.mkdir()
        service.log = open(service.folder / "log", "ab")
        service.process = subprocess.Popen([*service.prefix, BIN, "serve", *map(str, service.args)], stdout=service.log,
                                           stderr=service.log, cwd=service.folder,
                                           env=dict(service.env, ASAN_OPTIONS="detect_leaks=0"))
        service.inside = pathlib.Path(f"/proc/{service.process.pid}/root{service.state}")
        service.prefix = ["nsenter", "-m", "-r", "-t", str(service.process.pid)]  # its root, too: tests run in a chroot as well
        over = threading.Event()
        service.back = over.set
        killer = threading.Thread(target=keep_away, args=(service, "desk", over))
        if how == "absent":
            killer.start()
        try:
            yield service
        finally:
            over.set()
            if how == "absent":
                killer.join()
            service.stop()


def keep_away(service, role, over):
    while not over.wait(0.02):
        for pid in [pid for pid, r in service.children().items() if r == role]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def served(kept, service):
    with contextlib.suppress(OSError):
        return service.fetch(HOST, ca=kept.ca)[0] == 200
    return False


@pytest.fixture(scope="module")
def kept():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="mxseal-faults-"))
    yield Kept(folder)
    shutil.rmtree(folder)


WAYS = ("stopped", "killed", "absent")
# Each fault once, each way of having ended about as often; with MXSEAL_TEST_LONG all of them.
ROWS = [(how, fault) for n, fault in enumerate(FAULTS) for k, how in enumerate(WAYS) if LONG or k == n % 3]
ROWS.remove(("killed", "no-log")) if LONG else None  # what it held is nowhere else


def mend(service, fault):
    (service.folder / "let-go").touch()
    if fault.startswith("full"):
        (service.inside / "filler").unlink()
    elif fault.startswith("read-only"):
        subprocess.run([*service.prefix, "mount", "-o", "remount,rw,bind", service.state], check=True)
    elif fault == "no-log":
        (service.inside / "mxseal.db-wal").unlink()


def changed(service):
    """Whether a change can be made; what it says of itself when not."""
    done = service.run("policy", "bump", DOMAIN)
    assert done.returncode == 0 or "\nfix: " in done.stderr, done
    return done.returncode == 0


@pytest.mark.parametrize("how, fault", ROWS)
def test_a_start_serves(kept, how, fault):
    """Served at once, the reason said with what mends it, and mended without a restart."""
    said = FAULTS[fault][2]
    with contextlib.ExitStack() as stack:
        service = stack.enter_context(kept.start(how, fault))
        eventually(lambda: served(kept, service), seconds=4 if EXACT else DEADLINE)
        eventually(lambda: "service is ready" in service.log_text())
        if said is not None:  # a full disk need not be noticed yet
            assert said in service.log_text() and bool(said) == ("cannot be used" in service.log_text())
        for _ in range(5):
            assert served(kept, service)
        service.back()
        mend(service, fault)
        if fault not in BY_HAND:
            eventually(lambda: changed(service))
        assert served(kept, service)


def answered(service, path):
    """(status, body) of the dashboard's listener."""
    request = urllib.request.Request(f"http://127.0.0.1:{service.ports['admin']}{path}")
    try:
        with urllib.request.urlopen(request, timeout=20) as got:
            return got.status, got.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


@pytest.mark.parametrize("fault, why", [("newer", "it was made by a newer mxseal"), ("no-log", "its write-ahead log"),
                                        ("corrupt", "the file is damaged")])
def test_the_reason_is_said_where_somebody_looks(kept, fault, why):
    """By every command, doctor, /healthz and the dashboard; /readyz goes on saying that policies are served."""
    fix = FAULTS[fault][2]
    with kept.start("stopped", fault) as service:
        eventually(lambda: "service is ready" in service.log_text() and served(kept, service))
        done = service.run("policy", "bump", DOMAIN)
        assert done.returncode == 3 and why in done.stderr and fix in done.stderr.split("\nfix: ")[1], done
        told = json.loads(service.run("doctor", "--json").stdout)
        rows = [r for r in told["checks"] if r["check"] == "service"]
        assert [r["severity"] for r in rows] == ["fail"] and why in rows[0]["detail"] and fix in rows[0]["fix"]
        assert "policies are served" in rows[0]["detail"] and told["running"] is True
        assert answered(service, "/readyz")[0] == 200
        status, health = answered(service, "/healthz")
        assert status == 503 and json.loads(health)["status"] == "no-database" and why in json.loads(health)["fault"]["why"]
        status, page = answered(service, "/")
        assert status == 503 and why in page
        assert served(kept, service)
        roles = set(service.children().values())
        assert "edge" in roles and "desk" in roles and "intake" not in roles
        service.stop()
        assert service.process.returncode == 0
        said = service.log_text().count("error migrate: the database cannot be used")
        assert (said == 1) if fault == "newer" else (said >= 1), service.log_text()


def test_doctor_of_a_service_that_is_down(kept):
    """It says of the files what the service would."""
    for fault, why in (("newer", "newer mxseal"), ("no-log", "write-ahead log"), ("corrupt", "damaged")):
        service = kept.service(f"down-{fault}")
        subprocess.run(["cp", "-a", kept.left["stopped"], service.state], check=True)
        before = {p.name for p in service.state.iterdir()}
        assert not [r for r in down(service) if r["check"] == "database"]
        subprocess.run(["sh", "-c", FAULTS[fault][1]], env={**os.environ, "STATE": str(service.state)}, check=True)
        rows = [r for r in down(service) if r["check"] == "database"]
        assert [r["severity"] for r in rows] == ["fail"] and why in rows[0]["detail"] and rows[0]["fix"]
        assert {p.name for p in service.state.iterdir()} <= before, "it leaves nothing behind"


def down(service):
    return json.loads(service.run("doctor", "--json").stdout)["checks"]


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_an_overwritten_log_of_the_edges(kept, how):
    """It is said; what was in it comes back from the main database."""
    with kept.start(how, "edge-no-log") as service:
        eventually(lambda: served(kept, service))
        assert "the write-ahead log of edge.db was overwritten" in service.log_text()
        eventually(lambda: changed(service))
        assert served(kept, service)


def report(number):
    return json.dumps({"organization-name": "Example Sender", "contact-info": "tls@sender.example", "report-id": f"r{number}",
                       "date-range": {"start-datetime": "2026-05-12T00:00:00Z", "end-datetime": "2026-05-12T23:59:59Z"},
                       "policies": [{"policy": {"policy-type": "sts", "policy-domain": DOMAIN, "mx-host": ["x" * 400] * 40},
                                     "summary": {"total-successful-session-count": 1, "total-failure-session-count": 0}}]})


def mail(number):
    return ("From: tls@sender.example\r\nMIME-Version: 1.0\r\nContent-Type: application/tlsrpt+json\r\n\r\n" +
            report(number)).encode()


def test_a_disk_that_fills_during_an_import(kept):
    """It says so and what to do; nothing that was acknowledged is lost, and the same import goes on afterwards."""
    with kept.start("stopped", "full") as service:
        eventually(lambda: "service is ready" in service.log_text())
        folder = service.folder / "reports"
        folder.mkdir()
        for n in range(100):
            (folder / f"{n}.json").write_text(report(n))
        done = service.run("report", "import", folder)
        assert done.returncode == 3 and done.stderr.count("its disk is full") == 1, done
        assert "\nfix: free some space" in done.stderr
        assert service.run("ingest", stdin=mail("while full")).returncode == 75
        assert served(kept, service)
        mend(service, "full")
        told = eventually(lambda: imported(service, folder))
        assert told["new"] + told["duplicates"] == 100
        assert eventually(lambda: imported(service, folder))["duplicates"] == 100
        eventually(lambda: service.run("ingest", stdin=mail("later")).returncode == 0)
        assert served(kept, service)


def imported(service, folder):
    done = service.run("report", "import", folder, "--json")
    return json.loads(done.stdout) if done.returncode == 0 else None


class Clock:
    """The wall clock of a namespace, which the test moves: two files more in its /etc."""

    def __init__(self, folder):
        self.folder = folder
        (folder / "etc").mkdir()
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", folder / "shift.so", ROOT / "tests/system/clock_shift.c"], check=True)
        (folder / "etc/ld.so.preload").write_text(f"{folder}/shift.so\n")
        self.set(0)

    def set(self, seconds):
        with open(self.folder / "etc/clock-shift", "r+b" if (self.folder / "etc/clock-shift").exists() else "wb") as f:
            f.write(seconds.to_bytes(8, "little", signed=True).ljust(4096, b"\0"))

    @property
    def prefix(self):
        return ["unshare", "-m", "--propagation", "private", "sh", "-c", f'mount -t overlay overlay -o lowerdir={self.folder}/etc:/etc /etc && exec "$0" "$@"']


def test_a_clock_that_jumps(tmp_path):
    """A day ahead, then a day back: the same processes serve, ids go on rising, mail is taken."""
    clock = Clock(tmp_path)
    base = free_port_base()
    service = Service(tmp_path, ["--demo", "--empty", "--state", tmp_path / "state", "--port-base", base], demo_ports(base),
                      env={"ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}, prefix=clock.prefix).start()
    try:
        service.run("domain", "add", DOMAIN, "--mx", "mx." + DOMAIN, check=0)
        before, last = service.children(), bumped(service)
        began = time.strftime("%Y%m%d%H%M%S", time.gmtime())
        for shift in (30 * 86400, -86400, 0):
            clock.set(shift)
            policy = bumped(service)
            assert policy["id"] > last["id"] and policy["state"] == "announced", (shift, policy)
            last = policy
            assert service.fetch(HOST)[0] == 200
            assert service.run("ingest", stdin=mail(f"clock{shift}")).returncode == 0
        assert last["id"] > time.strftime("%Y%m%d%H%M%S", time.gmtime(time.time() + 29 * 86400)) > began, "it did move"
        eventually(lambda: service.json("report", "summary", DOMAIN, "--from", "2026-05-12", "--to", "2026-05-12",
                                        "--trust", "unsigned")["reports"] == 3)
        assert service.children() == before
    finally:
        service.stop()


def bumped(service):
    service.run("policy", "bump", DOMAIN, check=0)
    eventually(lambda: service.json("policy", "show", DOMAIN)["state"] == "announced")
    return service.json("policy", "show", DOMAIN)


def test_a_port_that_is_taken(make_product, authority):
    """It is said with its owner; a service that has policies serves them without it, unless it is the one they need."""
    service = make_product(text=CONFIG.replace("[service]", "smtp = 127.0.0.1:{smtp}\n[service]"))
    service.run("domain", "add", DOMAIN, "--way", "txt", "--mx", "mx." + DOMAIN, check=0)
    service.run("cert", "import", authority.issue(HOST), check=0)
    for taken in ("admin", "smtp", "http", "tls"):
        service.stop(signal.SIGKILL)
        with eventually(lambda: holder(service.ports[taken])):
            if taken == "tls":
                began = time.monotonic()
                with pytest.raises(RuntimeError):
                    service.start()
                assert service.process.returncode == 75 and time.monotonic() - began > 5, "it is started again, not at once"
            else:
                service.start()
                assert service.fetch(HOST, ca=authority.cert)[0] == 200
        said = service.log_text()
        assert f"127.0.0.1:{service.ports[taken]}: taken by python3" in said and "fix: stop that, or change [listen]" in said


def test_a_port_that_a_new_installation_does_not_get(tmp_path):
    """A person is there to mend it, so nobody starts it again."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = {"tls": other.getsockname()[1], "http": free_port(), "admin": free_port()}
        config = tmp_path / "mxseal.conf"
        config.write_text(CONFIG.format(state=tmp_path / "state", **ports))
        service = Service(tmp_path, ["--config", config], ports)
        with pytest.raises(RuntimeError):
            service.start()
    assert service.process.returncode == 5 and f"127.0.0.1:{ports['tls']}: taken by python3" in service.log_text()


def holder(port):
    """Somebody else on the port; None while those of a killed service still let go of it."""
    with contextlib.suppress(OSError):
        return socket.create_server(("127.0.0.1", port))
    return None


def test_out_of_descriptors(tmp_path):
    """Too few for a start: said, with what to do.  Enough for it, and then used up by idle clients: policies are served."""
    base = free_port_base()
    args = ["--demo", "--empty", "--state", tmp_path / "state", "--port-base", base, "--edges", "2"]
    few = Service(tmp_path, args, demo_ports(base), prefix=["prlimit", "--nofile=20:20"])
    with pytest.raises(RuntimeError):
        few.start()
    assert "the system gives no more sockets\nfix: raise the limit of open files (ulimit -n" in few.log_text()
    service = Service(tmp_path, args, demo_ports(base), prefix=["prlimit", "--nofile=64:64"]).start()
    try:
        service.prefix = []
        service.run("domain", "add", DOMAIN, "--mx", "mx." + DOMAIN, check=0)
        idle = [socket.create_connection(("127.0.0.1", service.ports[port]), timeout=DEADLINE)
                for port in ("tls", "http", "smtp", "admin") for _ in range(80)]
        for _ in range(10):
            assert service.fetch(HOST)[0] == 200
        for sock in idle:
            sock.close()
        assert eventually(lambda: service.run("policy", "bump", DOMAIN).returncode == 0)
        assert service.fetch(HOST)[0] == 200
    finally:
        service.stop()


def test_an_older_database_is_said_to_be_brought_up_to_date(demo):
    """What a large one takes its time for; a start that finds nothing to do says nothing."""
    said = lambda: demo.log_text().count("brought up to date")
    assert said() == 0
    demo.stop()
    with contextlib.closing(sqlite3.connect(demo.state / "mxseal.db", isolation_level=None)) as db:
        # As version 20 had it.
        db.execute("drop table alert_pace")
        db.execute("drop index domain_order")
        db.execute("drop index cert_order_service")
        db.execute("alter table domain drop column ordered")
        db.execute("alter table cert_order add column wanted integer not null default 0")
        db.execute("pragma user_version = 20")
        db.execute("pragma wal_checkpoint(truncate)")
    demo.start()
    assert said() == 1 and "the database is up to date" in demo.log_text()
    demo.stop()
    demo.start()
    assert said() == 1
