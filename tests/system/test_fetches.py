"""Counts of policy fetches: everything that was answered, whatever dies meanwhile, in every place that shows them."""
import calendar
import contextlib
import os
import re
import signal
import socket
import sqlite3
import ssl
import urllib.request

from conftest import DEADLINE, eventually

DOMAIN = "fetched.example"
HOST = "mta-sts." + DOMAIN


def sums(service):
    """{(id, status): fetches}; None while desk is on its way back."""
    done = service.run("domain", "fetches", DOMAIN, "--json")
    if done.returncode != 0:
        return None
    found = {}
    for row in service.json("domain", "fetches", DOMAIN)["items"]:
        key = (row["id"], row["status"])
        found[key] = found.get(key, 0) + row["fetches"]
    return found


def ask(service, path, times):
    """Several requests on one connection, each of them counted."""
    context = ssl.create_default_context(cafile=str(service.state / "demo-ca.pem"))
    with socket.create_connection(("127.0.0.1", service.ports["tls"]), timeout=DEADLINE) as raw, \
            context.wrap_socket(raw, server_hostname=HOST) as tls:
        for _ in range(times):
            tls.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode())
            assert tls.recv(65536).startswith(b"HTTP/1.1 ")


def page(service):
    jar = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    jar.open(service.json("login")["url"], timeout=DEADLINE).close()
    return jar.open(f"http://127.0.0.1:{service.ports['admin']}/domains/{DOMAIN}", timeout=DEADLINE).read().decode()


def counted(service, policy, status, number):
    """Waits until so many answers of a status are counted."""
    got = lambda: (sums(service) or {}).get((policy, status), 0)
    eventually(lambda: got() >= number)
    assert got() == number


def own(service):
    return sum(day["fetches"] for day in service.json("domain", "fetches", DOMAIN)["own"])


def test_every_answer_is_counted(demo):
    """By id, status and network; through the death of desk and of edges; nothing is said to be lost."""
    demo.run("domain", "add", DOMAIN, "--mx", "mx." + DOMAIN, check=0)
    eventually(lambda: demo.json("policy", "show", DOMAIN)["state"] == "announced")
    first = demo.json("policy", "show", DOMAIN)["id"]
    assert demo.json("domain", "fetches", DOMAIN)["lost"] == 0
    ask(demo, "/.well-known/mta-sts.txt", 7)
    ask(demo, "/robots.txt", 2)
    eventually(lambda: own(demo) >= 1)  # the look before the id was announced, once it is counted
    eventually(lambda: sums(demo)[first, 200] == 7 + own(demo))
    counted(demo, first, 404, 2)
    # desk stands still while senders fetch, and dies: what waits in the pipe is the next one's.
    desk = next(pid for pid, role in demo.children().items() if role == "desk")
    os.kill(desk, signal.SIGSTOP)
    ask(demo, "/robots.txt", 50)
    os.kill(desk, signal.SIGKILL)
    counted(demo, first, 404, 52)
    for pid in [pid for pid, role in demo.children().items() if role == "edge"]:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: served(demo))
    # A further publication, of the same text, is counted apart.
    demo.run("policy", "bump", DOMAIN, check=0)
    second = demo.json("policy", "show", DOMAIN)["id"]
    ask(demo, "/robots.txt", 3)
    counted(demo, second, 404, 3)
    counted(demo, first, 404, 52)
    answer = demo.json("domain", "fetches", DOMAIN)
    assert answer["lost"] == 0 and {row["network"] for row in answer["items"]} == {"127.0.0.0/24"}
    assert all(row["first"] <= row["last"] and row["day"] == row["last"][:10] for row in answer["items"])
    with urllib.request.urlopen(f"http://127.0.0.1:{demo.ports['admin']}/metrics", timeout=DEADLINE) as got:
        metrics = got.read().decode()
    assert 'mxseal_policy_fetches_total{status="404"} 55\n' in metrics
    assert "mxseal_fetches_lost_total 0\n" in metrics
    assert re.search(r"^mxseal_policy_fetches_own_total [1-9]\d*$", metrics, re.M)
    shown = demo.run("domain", "fetches", DOMAIN, check=0).stdout
    assert "127.0.0.0/24" in shown and second in shown
    assert re.search(r"^Looks of this service itself among them, status 200: [1-9]\d*$", shown, re.M)
    assert re.search(r"<code>404</code>.*?data-label=\"Fetches\">55<.*?data-label=\"Networks\">1<", page(demo), re.S)


def served(service):
    with contextlib.suppress(OSError):
        return service.fetch(HOST)[0] == 200
    return False


def test_old_days_become_months(demo):
    """What is kept for ever is a row a month: made by the service itself, and shown as what it is."""
    demo.run("domain", "add", DOMAIN, "--mx", "mx." + DOMAIN, check=0)
    demo.stop()
    first = calendar.timegm((2024, 3, 1, 0, 0, 0))
    with contextlib.closing(sqlite3.connect(demo.state / "mxseal.db", isolation_level=None)) as db:
        publication, = db.execute("select p.id from publication p join domain d on d.id = p.domain where d.name = ?",
                                  (DOMAIN,)).fetchone()
        for day in range(31):
            at = first + day * 86400
            db.execute("insert into policy_fetch values (?, ?, 404, '', 2, ?, ?)", (publication, at, at + 1, at + 2))
    demo.start()
    old = lambda: [row for row in demo.json("domain", "fetches", DOMAIN)["items"] if row["day"] < "2025"]
    eventually(lambda: len(old()) == 1)
    row, = old()
    assert (row["day"], row["span"], row["fetches"], row["first"], row["last"]) == (
        "2024-03-01", "month", 62, "2024-03-01T00:00:01Z", "2024-03-31T00:00:02Z")
    assert re.search(r"^2024-03     \d{14}     404  - +62 ", demo.run("domain", "fetches", DOMAIN, check=0).stdout, re.M)
