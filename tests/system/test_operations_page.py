"""Each command of docs/operations.md, in the order in which it stands there."""
import re
import shlex
import signal

from conftest import ROOT, eventually

PAGE = (ROOT / "docs/operations.md").read_text()
BLOCKS = re.findall(r"^```[\w-]*\n(.*?)^```$", PAGE, re.M | re.S)
COMMANDS = [line.split("#")[0].strip().removeprefix("sudo ") for text in BLOCKS for line in text.splitlines()
            if line.removeprefix("sudo ").startswith(("mxseal ", "systemctl "))]
# Looking for what is wrong may find something on the machine of a test.
MAY_FIND = ("doctor", "alert")


def test_commands(make_product, tmp_path):
    service = make_product()
    service.run("domain", "add", "example.com", "--mx", "mx.example.com", "--way", "txt", check=0)
    reloads = lambda: service.log_text().count("configuration read")
    systemctl = {"stop": service.stop, "start": service.start,
                 "reload": lambda: service.process.send_signal(signal.SIGHUP)}
    assert len(COMMANDS) > 8
    for line in COMMANDS:
        program, *words = shlex.split(line.replace("/srv/backup", str(tmp_path / "backup")))
        if program == "systemctl":
            assert words[1:] == ["mxseal"], line
            before = reloads()
            systemctl[words[0]]()
            if words[0] == "reload":
                eventually(lambda: reloads() > before)
            continue
        if words[0] == "backup":
            (tmp_path / "backup").mkdir()
        words += {"serve": ["--config", service.folder / "mxseal.conf"], "restore": ["--yes"]}.get(words[0], [])
        done = service.run(*words)
        assert done.returncode in ((0, 1, 3) if words[0] in MAY_FIND else (0,)), (line, done)
        assert "no such command" not in done.stderr and "usage" not in done.stderr.lower(), (line, done)
    assert service.json("domain", "list")["items"][0]["domain"] == "example.com", "it came through all of it"
