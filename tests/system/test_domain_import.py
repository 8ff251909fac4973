"""domain import: many domains from a table, each line for itself, again after it was cut off."""
import concurrent.futures
import contextlib
import os
import signal
import sqlite3

from conftest import eventually
from test_cert_import import both

MANY = 2500
LONG_TABLE = 8000


def table(folder, *lines, name="domains.csv"):
    path = folder / name
    path.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return path


def many(folder, first=0, count=MANY):
    return table(folder, "domain,mode,max_age,mx", *(
        f"d{n}.example,testing,86400,mx1.d{n}.example mx2.d{n}.example" for n in range(first, first + count)))


def stored(service):
    return {row["domain"]: row for row in service.json("domain", "list")["items"]}


def test_each_line_for_itself(make_product, tmp_path):
    """What is good is added, what is not is named by line with a way out; the columns come in any order."""
    service = make_product()
    path = table(tmp_path, "\ufeffmx,domain,max_age,mode\r",
                 '"mx1.a.example\n mx2.a.example",A.example.,86400,testing\r',
                 "mx.b.example,b.example,,\r",
                 "mx.c.example,c.example,86400,enforce\r",
                 "mx.d.example,d.example,1209600,testing\r",
                 "mx.e.example,e.example,a day,testing\r",
                 "-mx,f.example,86400,testing\r",
                 "mx.g.example,g.example,86400,maybe\r",
                 "mx.h.example,h.example\r",
                 "mx.a.example,a.EXAMPLE.,86400,testing\r",
                 'm"x,i.example,86400,testing\r',
                 "mx.j.example,,86400,testing\r",
                 ",none.example,86400,none\r")
    dry = service.json("domain", "import", path, "--dry-run", check=1)
    assert (dry["added"], dry["refused"], dry["changed"], dry["dry_run"]) == (3, 9, False, True), dry
    assert stored(service) == {}
    done = service.json("domain", "import", path, check=1)
    assert done["schema"] == "mxseal.domain-import/1" and done["changed"], done
    assert (done["lines"], done["added"], done["unchanged"], done["refused"]) == (12, 3, 0, 9), done
    assert done["not_checked"] == 2, done
    assert [p["line"] for p in sorted(done["problems"], key=lambda p: p["line"])] == [5, 6, 7, 8, 9, 10, 11, 12, 13]
    codes = {p["line"]: p["code"] for p in done["problems"]}
    assert codes[5] == codes[6] == "guard-testing-time" and codes[8] == "policy-mx" and codes[9] == "policy-mode", codes
    assert all(p["fix"] and p["message"] for p in done["problems"])
    assert set(stored(service)) == {"a.example", "b.example", "none.example"}
    shown = service.json("policy", "show", "a.example")
    assert shown["mx"] == ["mx1.a.example", "mx2.a.example"] and shown["max_age"] == 86400
    said = service.run("domain", "import", path, check=1)
    assert f"mxseal: {path}:5: " in said.stderr and said.stderr.count("\nfix: ") == 9, said.stderr
    assert "unchanged       3" in said.stdout and "added           0" in said.stdout, said.stdout


def test_what_is_there_is_left_alone(make_product, tmp_path):
    """The same policy counts as unchanged; another one, or another profile, is named and not taken."""
    service = make_product()
    for name in ("same", "other", "slow"):
        service.run("domain", "add", f"{name}.example", "--mx", f"mx.{name}.example", check=0)
    before = {name: service.json("policy", "show", name)["id"] for name in stored(service)}
    path = table(tmp_path, "domain,mx,profile", "same.example,mx.same.example,", "other.example,elsewhere.example,",
                 "slow.example,mx.slow.example,slow", "new.example,mx.new.example,slow")
    done = service.json("domain", "import", path, check=1)
    assert (done["added"], done["unchanged"], done["refused"]) == (1, 1, 2), done
    assert {(p["line"], p["code"]) for p in done["problems"]} == {(3, "domain-differs"), (4, "domain-differs")}
    assert {name: service.json("policy", "show", name)["id"] for name in before} == before
    assert service.json("domain", "show", "new.example")["profile"] == "slow"


def test_a_table_that_is_none(make_product, tmp_path):
    """A first line that names what there is no column for is told with the nearest one; nothing is added."""
    service = make_product()
    for lines, words in [
            (["domain,max-age"], ':1: there is no column "max-age"'), (["name,mode"], 'there is no column "name"'),
            (["mode,mx"], "names no column domain"), (["domain,mx,domain"], "stands there twice"), ([""], "nothing in the file"),
            (["domain;mode"], 'there is no column "domain;mode"')]:
        path = table(tmp_path, *lines, "a.example,testing")
        if lines == [""]:
            path.write_bytes(b"\n\n")
        done = service.run("domain", "import", path, check=1)
        assert words in done.stderr and "\nfix: " in done.stderr, done.stderr
    assert "did you mean max_age?" in service.run("domain", "import", table(tmp_path, "domain,max-age"), check=1).stderr
    assert "fix: " in service.run("domain", "import", tmp_path / "absent.csv", check=3).stderr
    assert stored(service) == {}


def test_guards_that_are_put_aside(make_product, tmp_path):
    """--anyway lets enforce in, and the reason stands in the audit log of each domain."""
    service = make_product()
    path = table(tmp_path, "domain,mode,mx", "bank.example,enforce,mx.bank.example")
    assert service.json("domain", "import", path, check=1)["refused"] == 1
    assert service.json("domain", "import", path, "--anyway", "moved from the old host")["added"] == 1
    assert stored(service)["bank.example"]["mode"] == "enforce"


def test_cut_off_and_again(make_product, tmp_path):
    """Killed in the middle, the same command again ends complete, and once more changes nothing."""
    service = make_product()
    path = many(tmp_path, count=LONG_TABLE)
    desk = next(pid for pid, role in service.children().items() if role == "desk")
    with concurrent.futures.ThreadPoolExecutor(1) as beside, \
            contextlib.closing(sqlite3.connect(f"file:{service.state}/mxseal.db?mode=ro", uri=True)) as beneath:
        importing = beside.submit(service.run, "domain", "import", path)
        # By the file itself: a command takes as long as much of the import.
        while beneath.execute("SELECT count(*) FROM domain").fetchone()[0] <= 400:
            assert not importing.done()
        os.kill(desk, signal.SIGKILL)
        # Between two parts nothing of it is in desk's hands, and the next desk takes the rest.
        assert importing.result().returncode in (0, 3)
    some = eventually(lambda: len(stored(service)) if service.run("domain", "list").returncode == 0 else 0)
    assert some > 400 and some % 100 == 0, "a part is stored whole or not at all"
    assert some == LONG_TABLE or importing.result().returncode == 3
    done = service.json("domain", "import", path)
    assert (done["added"], done["unchanged"], done["refused"]) == (LONG_TABLE - some, some, 0), done
    again = service.json("domain", "import", path)
    assert (again["added"], again["unchanged"], again["seq"]) == (0, LONG_TABLE, 0), again
    assert len(stored(service)) == LONG_TABLE


def test_served_with_certificates(make_product, authority, tmp_path):
    """Imported domains are served as soon as their certificates are; only what is covered is given to the edges."""
    service, folder = make_product(), tmp_path / "pem"
    folder.mkdir()
    service.json("domain", "import", many(tmp_path, count=600))
    for n in (0, 299, 599):
        (folder / f"d{n}.pem").write_bytes(both(authority.issue(f"mta-sts.d{n}.example")))
    assert service.json("cert", "import", folder)["certificates"] == 3
    for n in (0, 299, 599):
        status, _, body = service.fetch(f"mta-sts.d{n}.example", ca=authority.cert)
        assert status == 200 and f"mx2.d{n}.example" in body.decode()
    eventually(lambda: service.json("policy", "show", "d299.example")["state"] == "served")
    assert service.json("policy", "show", "d300.example")["state"] == "staged"
