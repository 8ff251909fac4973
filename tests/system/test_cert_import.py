"""cert import: which key belongs to which certificate, what each is for, and what is said of the rest."""
import ssl


def both(crt):
    return crt.read_bytes() + crt.with_suffix(".key").read_bytes()


def test_a_folder(make_product, authority, tmp_path):
    """CERT-09: each finds its key and its hosts; what is of no use is named, and the rest is taken all the same."""
    service, folder = make_product(), tmp_path / "pem"
    for domain in ("one.example", "two.example", "mail.two.example", "three.example"):
        service.run("domain", "add", domain, "--mx", f"mx.{domain}", check=0)
    (folder / "deep").mkdir(parents=True)
    one, three = authority.issue("mta-sts.one.example"), authority.issue("mta-sts.three.example")
    hosts = authority.issue("mx.service.example", "reports.service.example")
    files = {"one.crt": one.read_bytes(), "one.key": one.with_suffix(".key").read_bytes(),
             "hosts.pem": hosts.read_bytes(), "hosts.key": hosts.with_suffix(".key").read_bytes(),
             "deep/two.pem": (wild := both(authority.issue("*.two.example"))), "deep/two-again.pem": wild,
             "three.crt": three.read_bytes(), "three.key": one.with_suffix(".key").read_bytes(),
             "stray.pem": both(authority.issue("mta-sts.stray.example")), "notes.txt": b"not for anybody"}
    for name, content in files.items():
        (folder / name).write_bytes(content)
    assert service.json("cert", "import", folder, "--dry-run")["certificates"] == 3
    assert all(item["state"] == "missing" for item in service.json("cert", "list")["items"])
    done = service.json("cert", "import", folder)
    assert done["schema"] == "mxseal.cert-import/1" and done["certificates"] == 3, done
    assert {tuple(sorted(row["hosts"])): row["new"] for row in done["imported"]} == {
        ("mta-sts.one.example",): True, ("mta-sts.two.example",): True,
        ("mx.service.example", "reports.service.example"): True}
    codes = sorted(row["code"] for row in done["warnings"])
    assert codes == ["key-mismatch", *["no-public-root"] * 3, "wildcard-one-label"], done["warnings"]
    star = next(row["message"] for row in done["warnings"] if row["code"] == "wildcard-one-label")
    assert "*.two.example does not cover mta-sts.mail.two.example" in star
    assert [(row["code"], row["name"]) for row in done["unused"]] == [("cert-unused", "mta-sts.stray.example")]
    assert service.fetch("mta-sts.two.example", ca=authority.cert)[0] == 200
    missing = {item["name"] for item in service.json("cert", "list")["items"] if item["state"] == "missing"}
    assert missing == {"mta-sts.mail.two.example", "mta-sts.three.example"}
    said = service.run("cert", "import", folder, check=0).stdout
    assert said.count("[ OK ]") == 3 and said.count("[WARN]") == 5 and said.count("[ -- ]") == 1, said
    assert not any(row["new"] for row in service.json("cert", "import", folder)["imported"])
    alone = service.run("cert", "import", folder / "three.crt", check=1)
    assert "three.crt" in alone.stderr and "\nfix: " in alone.stderr


def test_files_of_no_use_hide_nothing(make_product, authority, tmp_path):
    """A store of authorities and a DER file among the others are named, and the rest is taken."""
    service, folder = make_product(), tmp_path / "pem"
    service.run("domain", "add", "one.example", "--mx", "mx.one.example", check=0)
    folder.mkdir()
    one = authority.issue("mta-sts.one.example")
    (folder / "store.pem").write_bytes(authority.cert.read_bytes() * 65)
    (folder / "der.crt").write_bytes(ssl.PEM_cert_to_DER_cert(one.read_text().split("\n\n")[0]))
    alone = service.run("cert", "import", folder / "der.crt", check=0).stdout
    assert "der.crt holds no certificate or key in PEM form" in alone, alone
    (folder / "one.pem").write_bytes(both(one))
    done = service.json("cert", "import", folder)
    assert [row["hosts"] for row in done["imported"]] == [["mta-sts.one.example"]], done
    assert sorted(row["code"] for row in done["unused"]) == ["cert-bundle", "no-pem"], done
