#!/usr/bin/python3
"""The pages that people type from: their blocks and commands, and who runs which.

Every fenced block names its language, and every command of a page is run as it stands: by tests/system/test_docs.py
on the machine of a reader (tests/reader.py), or by tests/fresh-unit, where it needs a booted system.  As a program it
prints the commands for tests/fresh-unit, one a line, or the first block of a page in a language:
    tests/pages.py [PAGE LANGUAGE]
"""
import pathlib
import re
import sys
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGES = {page.name: page.read_text() for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
         if page.name not in ("conformance.md", "performance.md")}
# Commands that stand within a sentence, known by how they begin.
INLINE = re.compile(r"`((?:sudo |mxseal |man |apt-get |systemctl |journalctl |a2enmod |postmap |chmod |dig |ip |tsig-keygen )[^`]+)`")
# They need systemd as the first process, dpkg's database, a terminal or a compiler.
BOOTED = re.compile(r"(\./run|\./test|meson|ninja|apt-get|systemctl|systemd-\w+|journalctl|adduser|a2enmod)\b")


class Block(NamedTuple):
    page: str
    line: int
    language: str
    text: str


class Command(NamedTuple):
    page: str
    line: int
    text: str
    inline: bool

    @property
    def program(self):
        return self.text.removeprefix("sudo ").split()[0]

    @property
    def is_booted(self):
        """Whether it is for tests/fresh-unit; the whole block By hand is, with what stands between."""
        parts = self.text.split(" && ")
        return any(BOOTED.match(part.removeprefix("sudo ")) for part in parts) or self.text in BETWEEN


# Nobody runs these: what they need is not there where tests run.
NOT_RUN = {
    "podman": "its image begins with one from the network",
    "traefik": "Debian has no package of it",
    "exim": "its package and Postfix's do not lie on one machine",
    "powershell": "it is for somebody else's service",
}
# Of the block that begins with `meson setup`.
BETWEEN = ("sudo install -d /etc/mxseal",
           "sudo install -m 644 /usr/share/doc/mxseal/examples/mxseal.conf /etc/mxseal/mxseal.conf",
           "sudo sh -c 'umask 377; head -c 32 /dev/urandom >/etc/mxseal/master.key'")


def blocks(page):
    text = PAGES[page]
    return [Block(page, text.count("\n", 0, m.start()) + 1, m[1], m[2])
            for m in re.finditer(r"^```([^\n`]*)\n(.*?)^```$", text, re.M | re.S)]


def of(page, *languages):
    """The texts of a page's blocks in these languages."""
    return [b.text for b in blocks(page) if b.language in languages]


def lines_of(block):
    """(line, command) of each command; one that goes on behind a backslash is one, a comment is none of it."""
    typed = block.text
    if block.language == "console":
        typed = "\n".join(re.findall(r"(?m)^[$#] ((?:.*\\\n)*.*)", typed))
    elif block.language != "sh":
        return
    for m in re.finditer(r"(?:.*\\\n)*.+", typed):
        text = re.sub(r" +# .*$", "", m[0]).strip()
        if text and not text.startswith("#"):
            yield block.line + 1 + block.text[:max(block.text.find(m[0]), 0)].count("\n"), text


def commands(page):
    """All commands of a page, those of sentences too, in the order in which they stand there."""
    found = [Command(page, line, text, False) for b in blocks(page) for line, text in lines_of(b)]
    prose = re.sub(r"(?ms)^```.*?^```$", lambda m: "\n" * m[0].count("\n"), PAGES[page])
    found += [Command(page, prose.count("\n", 0, m.start()) + 1, " ".join(m[1].split()), True)
              for m in INLINE.finditer(prose)]
    return sorted(found, key=lambda c: c.line)


PEOPLE_TYPE_FROM = ("install.md", "behind.md", "operations.md")


def main():
    if len(sys.argv) == 3:
        print(of(*sys.argv[1:])[0], end="")
        return
    for name in PEOPLE_TYPE_FROM:
        for text in dict.fromkeys(c.text for c in commands(name) if c.is_booted):
            print(text)


if __name__ == "__main__":
    main()
