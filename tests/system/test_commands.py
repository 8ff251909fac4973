"""The command line against a running service: shapes, dry runs, exit statuses, exports."""
import json

import pytest

from conftest import Service, demo_ports, free_port_base


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """A demonstration that all tests here share; each has domains of its own."""
    folder = tmp_path_factory.mktemp("commands")
    base = free_port_base()
    service = Service(folder, ["--demo", "--empty", "--state", folder / "state", "--port-base", base],
                      demo_ports(base)).start()
    yield service
    service.stop()


def add(service, domain):
    service.run("domain", "add", domain, "--mx", f"mx1.{domain}", check=0)
    return domain


def policy_text(domain, *mx):
    lines = ["version: STSv1", "mode: testing", *(f"mx: {host}.{domain}" for host in mx), "max_age: 86400", ""]
    return "\r\n".join(lines)


def test_shapes(service):
    """What scripts read has the members of the contract."""
    domain = add(service, "shapes.example")
    listed = service.json("domain", "list")
    assert listed["schema"] == "mxseal.list/1" and listed["next"] is None
    assert [*listed["items"][0]] == ["domain", "stage", "mode", "max_age", "id", "hosting", "health"]
    policy = service.json("policy", "show", domain)
    assert policy["schema"] == "mxseal.policy-version/1" and policy["text"] == policy_text(domain, "mx1")
    assert policy["state"] == "announced" and policy["mx"] == ["mx1." + domain]
    assert {"domain", "id", "mode", "max_age", "served", "announced"} <= policy.keys()
    records = service.json("records", domain)
    assert records["schema"] == "mxseal.records/1" and {uri.split(":")[0] for uri in records["rua"]} <= {"mailto", "https"}
    assert [r["purpose"] for r in records["records"]] == ["policy-host", "policy-id", "reports"]
    wanted = {"way", "name", "relative", "type", "value", "ttl", "state", "servers", "mistake"}
    assert all(wanted <= r.keys() for r in records["records"])
    done = service.json("policy", "set", domain, "--mode", "enforce", "--anyway", "shapes")
    assert done["changed"] and done["seq"] > 0
    horizon = service.json("horizon", domain, "--retire", "mx1." + domain)
    assert horizon["retire"]["blocking"] == [done["policy"]["id"]] and horizon["retire"]["after"] is None
    assert "newest-policy-blocks" in horizon["warnings"] and horizon["policies"][-1]["held_until"] is None


def test_readers_speak_json(service):
    domain = add(service, "readers.example")
    for command in (["domain", "list"], ["domain", "show", domain], ["policy", "show", domain],
                    ["policy", "history", domain], ["records", domain], ["horizon", domain],
                    ["report", "list", domain], ["report", "summary", domain], ["cert", "list"], ["version"],
                    ["explain", "dane"]):
        whole = service.json(*command)
        assert whole["schema"].startswith("mxseal.") and whole["schema"][-2:] == "/1", command
        lines = service.run(*command, "--jsonl", check=0).stdout.splitlines()
        assert [json.loads(line) for line in lines] == whole.get("items", [whole]), command
        assert service.run(*command, check=0).stdout.strip(), command
    for form in ("--json", "--jsonl"):
        assert json.loads(service.run("doctor", form).stdout)["schema"] == "mxseal.doctor/1", form


def test_dry_runs_change_nothing(service):
    domain = add(service, "dry.example")

    def everything():
        return [service.json(*command) for command in (
            ["domain", "list"], ["domain", "show", domain], ["policy", "history", domain], ["records", domain],
            ["cert", "list"])]

    before = everything()
    for command in (["domain", "add", "new.example", "--mx", "mx.new.example"],
                    ["domain", "set", domain, "--rua", "mailto:tls@dry.example"],
                    ["domain", "set", domain, "--way", "txt"],
                    ["policy", "set", domain, "--add-mx", "mx2.dry.example"],
                    ["policy", "set", domain, "--mode", "none"],
                    ["policy", "bump", domain],
                    ["domain", "remove", domain, "--now"],
                    ["policy", "export", "dry"]):
        assert service.run(*command, "--dry-run", check=0).stdout.strip(), command
        assert everything() == before, command
    planned = service.json("domain", "set", domain, "--way", "txt", "--dry-run")
    assert planned["policy"]["id"] == before[1]["id"], "the policy is none of what would change"
    assert not (service.folder / "dry").exists()
    service.run("policy", "set", domain, "--mode", "enforce", "--dry-run", check=6)
    service.run("domain", "remove", domain, "--dry-run", check=6)
    service.run("domain", "add", domain, "--mx", "mx.dry.example", "--dry-run", check=5)


def test_how_a_domain_is_published(service):
    """Ways and report addresses; what the policy says stays."""
    domain = add(service, "ways.example")
    before, own = service.json("policy", "show", domain), service.json("records", domain)["rua"]
    uris = ["mailto:a@ways.example", "https://r.ways.example/t"]
    service.run("domain", "set", domain, "--rua", uris[0], "--rua", uris[1], check=0)
    service.run("domain", "set", domain, "--way", "txt", check=0)
    after = service.json("records", domain)
    assert after["rua"] == uris
    ways = {r["purpose"]: (r["way"], r["type"], r["value"]) for r in after["records"]}
    assert ways["policy-host"][0] == "address" and ways["policy-host"][1] in ("A", "CNAME")
    assert ways["policy-id"] == ("txt", "TXT", f"v=STSv1; id={before['id']};")
    assert ways["reports"] == ("txt", "TXT", "v=TLSRPTv1; rua=" + ",".join(uris))
    zone = service.run("records", domain, "--format", "zone", check=0).stdout
    assert f'_mta-sts.{domain}. 300 IN TXT "v=STSv1; id={before["id"]};"' in zone
    service.run("domain", "set", domain, "--no-rua", "--way", "cname", check=0)
    assert service.json("records", domain)["rua"] == own
    assert service.json("policy", "show", domain) == before
    service.run("domain", "set", domain, "--rua", "http://ways.example/", check=1)
    service.run("domain", "set", domain, check=2)


def test_removing(service):
    """Not while senders hold the policy; at once only for somebody who says so twice."""
    domain = add(service, "gone.example")
    service.run("domain", "remove", domain, check=6)
    service.run("domain", "remove", domain, "--now", check=2)
    service.run("domain", "remove", domain, "--now", "--yes", check=0)
    service.run("domain", "show", domain, check=1)
    assert domain not in [item["domain"] for item in service.json("domain", "list")["items"]]


def test_export(service):
    """Files for web space elsewhere: whole, only when they changed, and then the hook."""
    domain = add(service, "web.example")
    args = ("policy", "export", "web", "--hook", "echo ran >> ../hook")
    path = f"web/mta-sts.{domain}/.well-known/mta-sts.txt"
    file, hook = service.folder / path, service.folder / "hook"
    assert path in service.run(*args, check=0).stdout.splitlines()
    assert file.read_bytes().decode() == policy_text(domain, "mx1")
    assert [p.name for p in file.parent.iterdir()] == ["mta-sts.txt"]
    assert service.run(*args, check=0).stdout == "" and hook.read_text() == "ran\n"
    service.run("policy", "set", domain, "--add-mx", "mx2." + domain, check=0)
    assert service.run(*args, check=0).stdout == path + "\n" and hook.read_text() == "ran\nran\n"
    assert file.read_bytes().decode() == policy_text(domain, "mx1", "mx2")
    service.run("policy", "set", domain, "--remove-mx", "mx2." + domain, check=0)
    failed = service.run("policy", "export", "web", "--hook", "exit 7", check=3)
    assert "the files are written" in failed.stderr and "mx2" not in file.read_text()


def test_colours_and_streams(service):
    """No colour into a pipe unless asked; errors stand on stderr alone."""
    assert "\x1b" not in service.run("explain", "dane", check=0).stdout
    assert "\x1b" in service.run("explain", "dane", "--color", "always", check=0).stdout
    wrong = service.run("policy", "show", "missing.example", "--json", check=1)
    assert wrong.stdout == "" and wrong.stderr.count("\n") == 2
