"""The place of the state and of the key, as the manual shows them: what is in the way is named with what mends it."""
import json
import os
import subprocess

import pytest

from conftest import BIN, CONFIG, DEADLINE, Service, free_port

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, for mounts and to be somebody else")
ELSE = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


@pytest.fixture
def place(tmp_path):
    """A folder that everybody gets to."""
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.is_relative_to("/tmp") and folder.stat().st_mode & 0o1 == 0:
            folder.chmod(0o711)
    return tmp_path


def product(place, state, **settings):
    """settings: one in its section, as server="key_file = PATH"."""
    ports = {name: free_port() for name in ("tls", "http", "admin")}
    config = place / "mxseal.conf"
    text = CONFIG.format(state=state, **ports)
    for section, line in settings.items():
        text = text.replace(f"[{section}]\n", f"[{section}]\n{line}\n")
    config.write_text(text)
    service = Service(place, ["--config", config], ports)
    del service.env["MXSEAL_STATE"]
    return service


def refused(service, prefix):
    """The words of a start that must fail, as one who may not go on without mending it."""
    done = subprocess.run([*prefix, BIN, "serve", *map(str, service.args)], capture_output=True, text=True, timeout=DEADLINE,
                          check=False, env=service.env, cwd="/")
    assert done.returncode == 4, done
    return done.stderr


def read_only(folder):
    """Before a program that sees the folder as it sees all folders under ProtectSystem=strict."""
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c",
            'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"', folder]


def test_a_state_that_the_unit_may_not_write(place):
    """Each line works as it stands, and the next one is said then."""
    above, state = place / "srv", place / "srv/mxseal"
    above.mkdir()
    service = product(place, state)
    opened = f"sudo systemctl edit mxseal, with the lines [Service] and ReadWritePaths={state}"
    said = refused(service, [*read_only(above), *ELSE])
    assert f"{state}: cannot make the state directory: Read-only file system" in said
    assert f"fix: sudo install -d -o nobody -m 755 {state}; then {opened}\n" in said
    state.mkdir()
    said = refused(service, [*read_only(above), *ELSE])
    assert f"{state}: cannot write there: Read-only file system" in said and f"fix: {opened}\n" in said
    said = refused(service, ELSE)
    line = f"sudo install -d -o nobody -m 755 {state}"
    assert f"{state}: cannot write there: Permission denied" in said and f"fix: give it to the service: {line}\n" in said
    subprocess.run(line.split()[1:], check=True)
    service.prefix = ELSE
    service.start().stop()


def test_a_state_in_a_folder_that_is_not_there(place):
    state = place / "srv/data/mxseal"
    said = refused(product(place, state), [])
    assert f"fix: give it to the service: sudo install -d -o root -m 755 {state}\n" in said


@pytest.mark.parametrize("section, setting", [("server", "key_file"), ("service", "transfer_key_file")])
def test_a_key_that_the_service_may_not_read(place, section, setting):
    """As root has it: what is there is not to be restored, and the unit passes the master key."""
    key, state = place / "a.key", place / "state"
    key.write_bytes(os.urandom(32))
    key.chmod(0o400)
    state.mkdir()
    os.chown(state, 65534, 65534)
    said = refused(product(place, state, **{section: f"{setting} = {key}"}), ELSE)
    assert f"{key}: this user may not read " in said and f"sudo chown nobody {key}\n" in said
    assert ("fix: under systemd leave [server] key_file unset: the unit passes the key; else: " in said) == (setting == "key_file")


def test_doctor_finds_the_state_by_the_file(place):
    """Another one that is asked for goes first."""
    service = product(place, place / "elsewhere").start()
    try:
        told = ["doctor", "--config", place / "mxseal.conf"]
        assert service.json(*told, check=None)["running"] and service.json(*told, check=None)["state"] == str(place / "elsewhere")
        other = service.json(*told, "--state", place, check=None)
        assert not other["running"] and other["state"] == str(place)
    finally:
        service.stop()


def test_a_service_that_does_not_run(place, make_demo):
    """What starts it, and what says why it stopped."""
    service = product(place, place / "state")
    done = service.run("domain", "list", "--state", place / "state", check=3)
    assert ("the service is not running\nfix: sudo systemctl start mxseal (sudo mxseal doctor says why it stopped), or name another "
            "one with --state DIR\n") in done.stderr
    demo = make_demo()
    demo.stop()
    assert "fix: start it with `mxseal serve --demo`" in demo.run("domain", "list", check=3).stderr
    assert json.loads(demo.run("doctor", "--json").stdout)["state"] == str(demo.state)
