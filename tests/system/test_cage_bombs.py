"""Hostile messages cost bounded time and memory; the one after them is read as if nothing had been."""
import contextlib
import gzip
import io
import json
import os
import pathlib
import signal
import subprocess
import time
import zipfile

import pytest

from conftest import BIN, DEADLINE, LONG, Service, demo_ports, eventually, free_port_base
from test_intake_ways import mail, report, reports_by_trust

READER_MEMORY = 1 << 30  # bytes; what a reader may need for the largest message that it takes
READER_TIME = 30         # seconds until intake ends it


def zipped(*entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, body in entries:
            z.writestr(name, body)
    return out.getvalue()


def multipart(parts, body=b"x"):
    return (b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
            b"--b\r\nContent-Type: text/plain\r\n\r\n%s\r\n" % body * parts + b"--b--\r\n")


def nested(depth):
    head = b"From: a@b.example\r\nMIME-Version: 1.0\r\n"
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(depth))
    return head + opened + b"Content-Type: text/plain\r\n\r\nx\r\n"


def in_json(inner):
    """A report whose list of policies is inner."""
    return (b'{"organization-name":"o","report-id":"bomb","date-range":{"start-datetime":"2026-05-12T00:00:00Z",'
            b'"end-datetime":"2026-05-12T23:59:59Z"},"policies":[' + inner + b"]}")


POLICY = b'{"policy":{"policy-type":"sts","policy-domain":"loop.example"},"summary":{}}'

def packed(times, body):
    return packed(times - 1, gzip.compress(body)) if times else body


BOMBS = {
    "packed-too-often.json.gz": lambda: packed(4, report("packed too often")),
    "gzip.json.gz": lambda: gzip.compress(b"\0" * (65 << 20)),
    "gzip-in-gzip.json.gz": lambda: gzip.compress(gzip.compress(gzip.compress(b" " * (65 << 20)))),
    "zip.zip": lambda: zipped(("a.json", b"\0" * (65 << 20))),
    "zip-entries.zip": lambda: zipped(*((f"{n}.json", b"{}") for n in range(20000))),
    "parts.eml": lambda: multipart(200000),
    "nested.eml": lambda: nested(5000),
    "header-lines.eml": lambda: b"X: y\r\n" * 1000000 + b"\r\nx\r\n",
    "part-header-lines.eml": lambda: multipart(1, b"\r\n--b\r\n" + b"X: y\r\n" * 1000000),
    "header-line.eml": lambda: b"X: " + b"y" * (20 << 20) + b"\r\n\r\nx\r\n",
    "depth.json": lambda: in_json(b"[" * 1000000),
    "values.json": lambda: in_json(b"[" + b"1," * 3000000 + b"1]"),
    "policies.json.gz": lambda: gzip.compress(in_json(b",".join([POLICY] * 800000)), 1),
    "million-policies.json": lambda: in_json(b",".join([b"{}"] * 1000000)),
    "failures.json.gz": lambda: gzip.compress(in_json(
        POLICY[:-1] + b',"failure-details":[' +
        b",".join([b'{"result-type":"certificate-expired","failed-session-count":1}'] * 150000) + b"]}"), 1),
    "string.json.gz": lambda: gzip.compress(in_json(b'{"policy":{"policy-type":"' + b"x" * (60 << 20) + b'"}}'), 1),
}


def readers(service):
    """{pid: largest resident bytes so far} of the caged processes; their makers meet no message."""
    makers = {pid for pid, role in service.children().items() if role == "reader"}
    found = {}
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, IndexError, ValueError, StopIteration):
            if int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) not in makers:
                continue
            line = next(s for s in (folder / "status").read_text().splitlines() if s.startswith("VmHWM"))
            found[int(folder.name)] = int(line.split()[1]) << 10
    return found


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    folder, base = tmp_path_factory.mktemp("bombs"), free_port_base()
    running = Service(folder, ["--demo", "--empty", "--state", folder / "state", "--port-base", base],
                      demo_ports(base)).start()
    running.run("domain", "add", "loop.example", "--mx", "mx.loop.example", check=0)
    yield running
    running.stop()


def status(pid):
    return dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())


def test_every_process_is_in_its_cage(service):
    """Those that meet strangers run behind a filter of calls, and no exec gives them anything back."""
    caged = eventually(lambda: len(found := list(readers(service))) == 2 and found)
    caged += [pid for pid, role in service.children().items() if role in ("edge", "intake")]
    assert len(caged) >= 4
    for pid in caged:
        eventually(lambda: (status(pid)["Seccomp"], status(pid)["NoNewPrivs"]) == ("2", "1"))


def expect_next(service, folder, number):
    """An ordinary report is read."""
    (folder / "next.json").write_bytes(report(f"next {number}"))
    assert service.json("report", "import", folder / "next.json")["new"] == 1


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_bounded(service, tmp_path, name):
    """RPT-49 MIME-06: kept in quarantine, or no report, in bounded time and memory; the next one is read."""
    (tmp_path / name).write_bytes(BOMBS[name]())
    begun = time.monotonic()
    done = service.json("report", "import", tmp_path / name)
    assert time.monotonic() - begun < READER_TIME, "the reader ended it by itself"
    assert done["new"] == done["reports"] == 0 and done["quarantined"] + done["no_report"] == 1, done
    used = readers(service)
    assert used, "no reader died of it"
    if "asan" not in subprocess.run(["ldd", BIN], capture_output=True,
                                    text=True).stdout:
        assert max(used.values()) < READER_MEMORY, used
    expect_next(service, tmp_path, name)


def test_ordinary_and_foreign_charsets_are_read(service, tmp_path):
    """MIME-06: the cage keeps nothing from a reader that an ordinary mail needs."""
    plain = mail(report("charset 1"))
    foreign = (b"From: =?koi8-r?B?8NLJ18XU?= <tls@sender.example>\r\nSubject: =?iso-2022-jp?B?GyRCJDMbKEI=?=\r\n"
               b"MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=tlsrpt; boundary=b\r\n\r\n"
               b"--b\r\nContent-Type: text/plain; charset=koi8-r\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
               b"\xf0\xd2\xc9\xd7\xc5\xd4\r\n--b\r\nContent-Type: application/tlsrpt+json;\r\n"
               b" name*=iso-2022-jp''%1B%24B%243%1B%28B.json\r\n\r\n" + report("charset 2") + b"\r\n--b--\r\n")
    for number, body in enumerate((plain, foreign)):
        (tmp_path / f"{number}.eml").write_bytes(body)
    assert service.json("report", "import", tmp_path)["new"] == 2


def test_a_death_costs_one_message(service, tmp_path):
    """A reader that dies twice over a message: quarantine, a new reader, the next message."""
    before = service.json("report", "retry")["quarantined"]
    body = gzip.compress(in_json(b",".join([POLICY] * 790000)), 1)
    (tmp_path / "slow.json.gz").write_bytes(body)
    client = subprocess.Popen([BIN, "report", "import", "--json",
                               tmp_path / "slow.json.gz"], env=service.env, stdout=subprocess.PIPE)
    while client.poll() is None:
        for pid in readers(service):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)
    assert json.loads(client.stdout.read())["quarantined"] == 1
    expect_next(service, tmp_path, "after death")
    assert eventually(lambda: len(readers(service)) == 2), "both are back"
    assert service.json("report", "retry")["quarantined"] == before + 1


@contextlib.contextmanager
def frozen(service):
    """Both readers stand still, so that what comes is in their hands."""
    held = eventually(lambda: len(found := list(readers(service))) == 2 and found)
    for pid in held:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield held
    finally:
        for pid in held:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def give(service, name):
    """A mail that is acknowledged and that a reader has been given."""
    service.run("ingest", stdin=mail(report(name, f"{name}.example")), check=0)
    intake = next(pid for pid, role in service.children().items() if role == "intake")
    answers = lambda: [link for link in pathlib.Path(f"/proc/{intake}/fd").glob("*") if "memfd:facts" in os.readlink(link)]
    eventually(answers)


def expect_one(service, domain):
    """The one report of the domain is in its figures, and nothing is in quarantine."""
    eventually(lambda: sum(reports_by_trust(service, domain).values()) == 1)
    assert service.json("report", "retry")["quarantined"] == 0


def test_an_end_harms_no_message(make_demo):
    """What a reader has in hand when the service ends is read to its end: intake ends before its readers."""
    service = make_demo()
    service.run("domain", "add", "end.example", "--mx", "mx.end.example", check=0)
    with frozen(service):
        give(service, "end")
        service.process.send_signal(signal.SIGTERM)
        eventually(lambda: "desk" not in service.children().values())
        assert list(service.children().values()).count("reader") == 2, "intake needs them to the last"
    service.process.wait(DEADLINE)
    service.start()
    expect_one(service, "end.example")


def test_readers_that_are_killed_together(make_demo):
    """Deaths that are not a message's doing do not add up to its quarantine."""
    service = make_demo()
    service.run("domain", "add", "both.example", "--mx", "mx.both.example", check=0)
    with frozen(service):
        give(service, "both")
        makers = [pid for pid, role in service.children().items() if role == "reader"]
        for pid in makers:
            os.kill(pid, signal.SIGKILL)
    expect_one(service, "both.example")


def test_a_reader_asked_to_end_finishes(make_demo):
    """SIGTERM, as for a new configuration: what is in hand is answered first."""
    service = make_demo()
    service.run("domain", "add", "new.example", "--mx", "mx.new.example", check=0)
    makers = [pid for pid, role in service.children().items() if role == "reader"]
    with frozen(service) as held:
        give(service, "new")
        for pid in makers:
            os.kill(pid, signal.SIGTERM)
        for pid in makers:  # it was told, and waits for what its reader has in hand
            eventually(lambda: int(status(pid)["ShdPnd"], 16) == 0)
            assert pid in service.children()
    expect_one(service, "new.example")
    eventually(lambda: not set(held) & set(readers(service)) and len(readers(service)) == 2)


@pytest.mark.skipif(not LONG, reason="waits for the time limit")
def test_a_silent_reader_is_ended(service, tmp_path):
    """A reader that does not answer in time: quarantine, a new reader, the next message."""
    eventually(lambda: len(readers(service)) == 2)
    stopped = list(readers(service))
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    (tmp_path / "stuck.json").write_bytes(report("stuck"))
    assert service.json("report", "import", tmp_path / "stuck.json")["quarantined"] == 1
    for pid in stopped:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    expect_next(service, tmp_path, "after silence")
