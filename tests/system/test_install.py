"""What an installation puts beside the binary, judged by the tools that will read it."""
import os
import pathlib
import re
import subprocess

import pytest

from conftest import BIN, DEADLINE, ROOT
from pages import PAGES, commands, of

SOCKETS = ["mxseal-tls.socket", "mxseal-http.socket", "mxseal-smtp.socket"]


def sh(*words, code=0, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=DEADLINE, check=False, **more)
    assert done.returncode == code, (words, done.stdout, done.stderr)
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The tree that `meson install` makes of the build under test."""
    tree = tmp_path_factory.mktemp("tree")
    sh("meson", "install", "-C", BIN.parent, "--no-rebuild", "--quiet", "--destdir", tree)
    return tree


def find(tree, tail):
    found = [path for path in tree.rglob(pathlib.Path(tail).name) if str(path).endswith(tail)]
    assert len(found) == 1, (tail, found)
    return found[0]


@pytest.fixture
def units(installed, tmp_path):
    """The units, with a program that exists on this machine."""
    for name in ["mxseal.service", *SOCKETS]:
        text = find(installed, "lib/systemd/system/" + name).read_text()
        assert "@" not in re.sub(r"@(system-service|privileged|resources)", "", text)
        (tmp_path / name).write_text(re.sub(r"ExecStart=\S+", f"ExecStart={BIN}", text))
    return tmp_path


def test_everything_is_installed(installed):
    for tail in ("bin/mxseal", "man/man1/mxseal.1", "man/man5/mxseal.conf.5", "man/man7/mxseal-findings.7",
                 "bash-completion/completions/mxseal", "zsh/site-functions/_mxseal",
                 "fish/vendor_completions.d/mxseal.fish", "lib/sysusers.d/mxseal.conf", "lib/tmpfiles.d/mxseal.conf",
                 "examples/mxseal.conf", "doc/mxseal/behind.md", "mxseal/hooks/certbot-deploy"):
        assert find(installed, tail).stat().st_size > 0
    assert not (installed / "etc").exists(), "an installation never writes over the configuration"


def test_units_are_sound_and_closed(units):
    done = sh("systemd-analyze", "verify", "--man=no", *(units / n for n in ["mxseal.service", *SOCKETS]))
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "mxseal" in line]
    assert ours == []
    sh("systemd-analyze", "security", "--offline=true", "--threshold=25", units / "mxseal.service")


def test_user_and_folders(installed, tmp_path):
    """In a root of their own; nothing of this machine is touched."""
    for name in ("etc", "var/lib", "run"):
        (tmp_path / name).mkdir(parents=True)
    sh("systemd-sysusers", f"--root={tmp_path}", find(installed, "sysusers.d/mxseal.conf"))
    user = [line.split(":") for line in (tmp_path / "etc/passwd").read_text().splitlines() if line.startswith("mxseal:")]
    assert len(user) == 1 and user[0][5] == "/var/lib/mxseal" and user[0][6].endswith("nologin")
    if os.geteuid() != 0:
        pytest.skip("needs root, to give folders to somebody else")
    sh("systemd-tmpfiles", f"--root={tmp_path}", "--create", find(installed, "tmpfiles.d/mxseal.conf"))
    state = (tmp_path / "var/lib/mxseal").stat()
    assert state.st_uid == int(user[0][2]) and state.st_mode & 0o777 == 0o755


@pytest.mark.parametrize("all_settings", [False, True])
def test_the_example_is_a_good_configuration(installed, tmp_path, all_settings):
    text = find(installed, "examples/mxseal.conf").read_text()
    if all_settings:
        text = re.sub(r"(?m)^#(?=\w+ = )", "", text)
        assert "accept_terms = yes" in text.splitlines()
    (tmp_path / "mxseal.conf").write_text(text)
    sh(BIN, "serve", "--config", tmp_path / "mxseal.conf", "--check-config")


def test_certbot_hook(installed, demo, authority, tmp_path):
    """What certbot renews is served from then on; it says where the two files lie."""
    demo.run("domain", "add", "renewed.example", "--mx", "mx.renewed.example", check=0)
    crt = authority.issue("mta-sts.renewed.example")
    live = tmp_path / "live"
    live.mkdir()
    (live / "fullchain.pem").write_bytes(crt.read_bytes())
    (live / "privkey.pem").write_bytes(crt.with_suffix(".key").read_bytes())
    hook = find(installed, "hooks/certbot-deploy")
    path = f"{BIN.parent}:{os.environ['PATH']}"
    sh(hook, env=dict(demo.env, PATH=path, RENEWED_LINEAGE=str(live), TMPDIR=str(tmp_path)))
    assert demo.fetch("mta-sts.renewed.example", ca=authority.cert)[0] == 200
    assert not list(tmp_path.glob("tmp.*")), "the key is not left behind"
    assert "certbot sets it" in sh(hook, code=2, env={"PATH": path}).stderr


def test_scripts_of_the_package():
    scripts = [*(ROOT / "packaging/deb").glob("p*"), *(ROOT / name for name in ("tools/deb", "run", "tests/fresh", "tests/fresh-unit"))]
    for script in scripts:
        sh("sh", "-n", script)


@pytest.mark.parametrize("page", PAGES)
def test_commands_and_files_of_the_pages(installed, page):
    """Each mxseal command on the page is one, and what it takes from an installation is there."""
    lines = re.findall(r"(?m)^(?:\$ )?(?:sudo )?(?:build/)?mxseal ([a-z].*)$", "\n".join(c.text for c in commands(page)))
    lines += re.findall(r"`mxseal ([a-z][^`]*)`", PAGES[page])
    assert lines
    for line in lines:
        words = line.split("  ")[0].split("#")[0].split()
        options = {w.split("=")[0] for w in words if w.startswith("--")}
        names = [w for w in words[:2] if re.fullmatch("[a-z]+", w)]
        known = next((d.stdout for d in (subprocess.run([BIN, *names[:n], "--help"], capture_output=True, text=True, check=False)
                                         for n in (len(names), 1)) if d.returncode == 0), None)
        assert known, line
        assert all(o in known for o in options), line
    for path in re.findall(r"/usr/share/(?:doc/)?mxseal/\S+?(?=[ \n`])", PAGES[page]):
        find(installed, path.split("/usr/share/")[1])


def settings_of(text):
    """(section, key) of each line of a configuration."""
    section = None
    for line in text.splitlines():
        if found := re.fullmatch(r"\[(\w+)(?: \w+)?\]", line):
            section = found.group(1)
        elif line.startswith("#"):
            section = None  # a file of somebody else begins
        elif section and (found := re.match(r"(\w+) = ", line)):
            yield section, found.group(1)


@pytest.mark.parametrize("page", PAGES)
def test_settings_of_the_pages(page, tmp_path):
    """Each setting that the page names is one."""
    (tmp_path / "mxseal.conf").write_text("[imap a]\nurl = imaps://imap.example.net/\nuser = a\npassword_file = /x\n")
    known = sh(BIN, "serve", "--config", tmp_path / "mxseal.conf", "--print-config").stdout
    known = {*settings_of(re.sub(r"(?m)^;", "", known))}
    named = {*re.findall(r"\[(server|listen|service|report|acme|dns|resolver|outgoing)\]\s(\w+)", PAGES[page])}
    for block in of(page, "ini", "postfix"):
        named |= {*settings_of(block)}
    assert named <= known, named - known
