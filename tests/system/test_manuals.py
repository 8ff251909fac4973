"""Manual pages and completion: made from the tables of the program, so they are judged by real tools."""

import re
import subprocess

import pytest

from conftest import BIN, DEADLINE

PAGES = {"1": "MXSEAL(1)", "5": "MXSEAL.CONF(5)", "7": "MXSEAL-FINDINGS(7)"}


def out(*words, **more):
    return subprocess.run(words, capture_output=True, text=True, timeout=DEADLINE, check=True, **more).stdout


@pytest.mark.parametrize("section", PAGES)
def test_mandoc_has_no_complaint(section):
    page = out(BIN, "man", section)
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning"], input=page, capture_output=True, text=True)
    assert (lint.returncode, lint.stdout) == (0, "")
    assert out("mandoc", "-T", "utf8", input=page).split()[0] == PAGES[section]


def without_overstrikes(page):
    return re.sub(".\b", "", page)


def test_every_command_is_in_its_manual_and_its_help_agrees():
    page = out("mandoc", "-T", "ascii", "-O", "width=200", input=out(BIN, "man", "1"))
    plain = without_overstrikes(page)
    listed = [l.split("  ")[1] for l in out(BIN, "help").splitlines() if l.startswith("  ") and "  " in l[2:]]
    names = [n for n in listed if n and not n.startswith("mxseal")]
    assert len(names) > 25
    for name in names:
        assert f"   mxseal {name}\n" in plain, name
        assert out(BIN, *name.split(), "--help").startswith(f"mxseal {name}: "), name


def test_every_setting_is_in_its_manual(tmp_path):
    page = without_overstrikes(out("mandoc", "-T", "ascii", input=out(BIN, "man", "5")))
    config = tmp_path / "mxseal.conf"
    config.write_text("")
    printed = out(BIN, "serve", "--config", str(config), "--print-config")
    keys = [l.split("=")[0].strip() for l in printed.splitlines() if "=" in l and not l.startswith((";", "#"))]
    assert len(keys) > 10
    for key in keys:
        assert f"     {key}\n" in page or f"     {key} " in page, key


def test_every_wrong_setting_has_its_line_and_a_fix(tmp_path):
    config = tmp_path / "mxseal.conf"
    config.write_text("[listen]\ntsl = 127.0.0.1:1\ntls = 127.0.0.1:99999\n[serve]\n")
    done = subprocess.run([BIN, "serve", "--config", config, "--check-config"], capture_output=True, text=True, check=False)
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and len(lines) == 6
    assert all(line.startswith("fix: ") for line in lines[1::2])
    assert {line.split(":")[2] for line in lines[::2]} == {"2", "3", "4"}
    assert "[listen] tls?" in done.stderr and "[server]?" in done.stderr


def complete(*words, service=None):
    """What a real bash offers for the last word."""
    line = " ".join(words)
    script = f"""
source <("$0" completion bash)
mxseal() {{ "$0" "$@"; }}
COMP_WORDS=({' '.join(repr(w) for w in words)}); COMP_CWORD={len(words) - 1}
COMP_LINE={line!r}; COMP_POINT=${{#COMP_LINE}}
_mxseal; printf '%s\\n' "${{COMPREPLY[@]}}"
"""
    words = out("bash", "--norc", "-c", script, BIN, cwd=service).split()
    return set(words)


@pytest.mark.parametrize("words, offered, not_offered", [
    (["mxseal", "rec"], {"record", "records"}, {"report"}),
    (["mxseal", "policy", ""], {"lint", "show", "set", "bump", "history", "export"}, {"add"}),
    (["mxseal", "policy", "set", "--m"], {"--mode", "--max-age", "--mx"}, {"--add-mx"}),
    (["mxseal", "policy", "set", "--mode", ""], {"none", "testing", "enforce"}, {"--mx"}),
    (["mxseal", "explain", "certificate-exp"], {"certificate-expired"}, {"dane"}),
    (["mxseal", "completion", ""], {"bash", "zsh", "fish"}, set()),
    (["mxseal", "m"], set(), {"man"}),
])
def test_bash_completes(words, offered, not_offered):
    got = complete(*words)
    assert offered <= got and not not_offered & got


def test_bash_completes_the_domains_of_the_running_service(full_demo):
    got = complete(str(BIN), "domain", "show", "--state", str(full_demo.state), "")
    assert {"acme.example", "bank.example", "clinic.example"} <= got


def test_bash_completes_files(tmp_path):
    (tmp_path / "a-policy.txt").write_text("")
    assert complete("mxseal", "policy", "lint", "a-p", service=tmp_path) == {"a-policy.txt"}


def test_an_unknown_shell_names_the_known_ones():
    done = subprocess.run([BIN, "completion", "tcsh"], capture_output=True, text=True)
    assert done.returncode == 2 and "fix: use bash, zsh or fish" in done.stderr
