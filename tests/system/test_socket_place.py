"""The place of a Unix socket: what is in its way is named, with the command that mends it, and left alone."""
import os
import socket
import subprocess

import pytest

from conftest import CONFIG, DEADLINE, Service, free_port

ELSE = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


@pytest.fixture
def lmtp(tmp_path):
    """lmtp(path, prefix): a service that is not started yet, with an LMTP socket there."""
    made = []

    def make(path, prefix=()):
        ports = {name: free_port() for name in ("tls", "http", "smtp", "admin")}
        config = tmp_path / "mxseal.conf"
        config.write_text(CONFIG.format(state=tmp_path / "state", **ports).replace("[service]", f"lmtp = unix:{path}\n[service]"))
        made.append(Service(tmp_path, ["--config", config], ports, prefix=prefix))
        return made[-1]

    yield make
    for service in made:
        if service.process:
            service.stop()


def refused(service):
    """(exit status, words) of a start that must fail."""
    done = subprocess.run([*service.prefix, service.program, "serve", *map(str, service.args)], capture_output=True, text=True,
                          timeout=DEADLINE, check=False, env=service.env)
    return done.returncode, done.stderr


def doctor(service):
    rows = service.json("doctor", "--config", service.folder / "mxseal.conf", check=None)["checks"]
    return [(r["severity"], r["detail"], r["fix"]) for r in rows if r["check"] == "ports" and r["detail"].startswith("lmtp ")]


def test_a_folder_that_is_not_there(lmtp, tmp_path):
    """Its line works as it stands; then there is nothing more to do."""
    path = tmp_path / "spool/mxseal/lmtp"
    service = lmtp(path)
    code, said = refused(service)
    line = f"install -d -o root -m 755 {path.parent}"
    assert code == 1 and f"unix:{path}: its folder {path.parent} is not there" in said and f"fix: make it: sudo {line}" in said
    assert doctor(service) == [("fail", f"lmtp unix:{path}: its folder {path.parent} is not there", f"make it: sudo {line}")]
    subprocess.run(line.split(), check=True)
    assert doctor(service) == [("pass", f"lmtp unix:{path}: can be made", None)] and not path.exists()
    service.start()
    assert doctor(service) == [("pass", f"lmtp unix:{path}: is answered", None)]
    path.unlink()
    assert doctor(service)[0][:2] == ("fail", f"lmtp unix:{path}: nobody listens")


def test_a_running_service_goes_on_without_it(lmtp, tmp_path):
    """Who has served before goes on serving, and says what is missing."""
    path = tmp_path / "spool/lmtp"
    path.parent.mkdir()
    service = lmtp(path).start()
    service.run("domain", "add", "place.example", "--way", "txt", "--mx", "mx.place.example", check=0)
    service.stop()
    path.unlink()
    path.parent.rmdir()
    service.start()
    assert f"its folder {path.parent} is not there" in service.log_text()
    assert doctor(service)[0][0] == "fail"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to be somebody else")
def test_a_folder_of_somebody_else(lmtp, tmp_path):
    path = tmp_path / "spool/lmtp"
    path.parent.mkdir(mode=0o755)
    (tmp_path / "state").mkdir()
    os.chown(tmp_path / "state", 65534, 65534)
    for folder in tmp_path.parents:
        if folder.stat().st_mode & 0o1 == 0 and folder.is_relative_to("/tmp"):
            folder.chmod(0o711)
    tmp_path.chmod(0o755)
    code, said = refused(lmtp(path, ELSE))
    assert code == 1 and f"nobody may not write to its folder {path.parent}" in said
    assert f"sudo install -d -o nobody -m 755 {path.parent}" in said
    assert doctor(lmtp(path))[0][1] == f"lmtp unix:{path}: nobody may not write to its folder {path.parent}"


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_left_alone(lmtp, tmp_path, kind):
    path = tmp_path / "lmtp"
    if kind == "file":
        path.write_text("of somebody")
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("elsewhere")
    service = lmtp(path)
    code, said = refused(service)
    assert code == 1 and "something that is no socket lies there" in said and f"move {path} away, or change [listen]" in said
    assert path.is_symlink() or path.exists()
    assert kind != "file" or path.read_text() == "of somebody"
    assert doctor(service)[0][0] == "fail"


def test_a_socket_left_behind_is_replaced(lmtp, tmp_path):
    path = tmp_path / "lmtp"
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))
    assert doctor(lmtp(path).start()) == [("pass", f"lmtp unix:{path}: is answered", None)]


def test_a_socket_that_is_taken(lmtp, tmp_path):
    path = tmp_path / "lmtp"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        other.listen()
        code, said = refused(lmtp(path))
    assert code == 5 and f"unix:{path}: taken by python3 (process {os.getpid()})" in said
