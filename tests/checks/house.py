"""The house's own checks: what a compiler does not look for.

usage: house.py BUILD-DIRECTORY [--long].  One line per check, then "N passed, N failed, N skipped".
--long: the analyzer of clang-tidy goes through it as well, and gcc and clang build the product without sanitizers;
otherwise their warnings are those of the build with sanitizers and of clang-tidy.
"""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(sys.argv[1]).resolve()
LONG = "--long" in sys.argv[2:]
TREES = ("src", "tests", "fuzz", "bench")
FLOORS = ["base", "wire", "mtasts", "tlsrpt", "advice", "net", "store", "service", "web", "app"]
# Beside its own floor a file may include these.
BELOW = {floor: set(FLOORS[:i]) for i, floor in enumerate(FLOORS)}
BELOW["net"] = {"base", "wire"}
BELOW["store"] -= {"net"}
PURE = ("wire", "mtasts", "tlsrpt", "advice")

BANNED = re.compile(r"\b(sprintf|vsprintf|strcpy|strcat|strtok|gets|atoi|atol|localtime|gmtime|mktime|"
                    r"system|alloca)\s*\(")
RAW_ALLOC = re.compile(r"\b(malloc|calloc|realloc|strdup|strndup|asprintf)\s*\(")
CLOCK = re.compile(r"\b(time|gettimeofday|clock_gettime)\s*\(")
IMPURE = re.compile(r"(?<![.>])\b(open|openat|fopen|read|write|socket|connect|getenv|getaddrinfo|log_\w+)\s*\(")
# Sockets are opened by these only: outgoing ones by net/dial or behind its check.
SOCKET = re.compile(r"(?<![.>\w])(socket|connect)\s*\(")
SOCKET_FILES = {"net/dial.c", "net/curl_dial.c", "net/listen.c", "service/zone_notify.c", "app/client.c", "app/notify.c"}
SQL = re.compile(r'"\s*(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|BEGIN|COMMIT)\b[^"]')


def sources(*suffixes, trees=TREES):
    for tree in trees:
        for path in sorted((ROOT / tree).rglob("*")):
            if path.suffix in suffixes:
                yield path


def code_lines(path):
    """Numbered lines without comments; strings stay."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group().count("\n"), path.read_text(), flags=re.S)
    return enumerate(text.splitlines(), 1)


def without_strings(line):
    return re.sub(r'"(\\.|[^"\\])*"', '""', line)


def floors():
    for path in sources(".c", ".h", trees=("src",)):
        floor = path.relative_to(ROOT / "src").parts[0]
        for number, line in code_lines(path):
            found = re.match(r'\s*#\s*include "([a-z0-9_]+)/', line)
            if found and found.group(1) != floor and found.group(1) not in BELOW[floor]:
                yield f"{path.relative_to(ROOT)}:{number}: {floor} includes {found.group(1)}"


def banned():
    for path in sources(".c", ".h", trees=("src", "fuzz")):
        parts = path.relative_to(ROOT).parts
        floor = parts[1] if parts[0] == "src" else parts[0]
        rules = [("banned call", BANNED)]
        if floor not in ("base", "fuzz"):
            rules.append(("raw allocation above base", RAW_ALLOC))
        if floor != "net" and parts[-1] != "log.c":
            rules.append(("clock outside net", CLOCK))
        if floor in PURE:
            rules.append(("not pure", IMPURE))
        if parts[0] == "src" and "/".join(parts[1:]) not in SOCKET_FILES:
            rules.append(("socket beside net/dial", SOCKET))
        for number, line in code_lines(path):
            for why, rule in rules:
                if rule.search(without_strings(line)):
                    yield f"{path.relative_to(ROOT)}:{number}: {why}: {line.strip()}"
            if floor != "store" and SQL.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: SQL outside store"


def words():
    """Text that only its author can use."""
    rule = re.compile(r"\b(TODO|FIXME|XXX)\b")
    for path in sources(".c", ".h", ".py", ".js", ".css"):
        if path == pathlib.Path(__file__).resolve():
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if rule.search(line):
                yield f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def sizes():
    for path in sources(".c", ".h", trees=("src",)):
        count = len(path.read_text().splitlines())
        if count > 1000:
            yield f"{path.relative_to(ROOT)}: {count} lines"


def commands():
    return {e["file"]: e for e in json.loads((BUILD / "compile_commands.json").read_text())}


def flags_of(entry):
    """Include paths and definitions of one compile command."""
    return [a for a in entry["command"].split() if re.match(r"-[ID]|-std=|-isystem", a)]


def in_parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for lines in pool.map(work, items):
            yield from lines


def headers():
    flags = sorted({f for e in commands().values() for f in flags_of(e) if not f.startswith("-std")})

    def alone(path):
        done = subprocess.run(["gcc", "-std=c17", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic",
                               "-Werror", "-x", "c", *flags, "-include", str(path), "-"],
                              cwd=BUILD, input="extern int alone;\n", text=True, capture_output=True)
        return [done.stderr.splitlines()[0]] if done.returncode else []

    yield from in_parallel(alone, list(sources(".h", trees=("src",))))


def build_as(name, compiler, *options):
    """A second build of the product, without tests, and its warnings."""
    folder = BUILD / name
    if not (folder / "build.ninja").exists():
        subprocess.run(["meson", "setup", str(folder), str(ROOT), "--werror", "-Dtests=false", *options],
                       env={**os.environ, "CC": compiler}, capture_output=True, check=True)
    done = subprocess.run(["ninja", "-C", str(folder)], text=True, capture_output=True)
    if done.returncode:
        yield from (l for l in done.stdout.splitlines() if "error" in l)


def release_build():
    """gcc's warnings that need optimisation and no instrumentation."""
    return build_as("release", "gcc", "--buildtype=release")


def clang_build():
    return build_as("clang", "clang")


def clang_format():
    version = subprocess.run(["clang-format", "--version"], text=True, capture_output=True).stdout
    if " 14." not in version:
        raise LookupError("clang-format 14 decides the format; this is another version")
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", "--ferror-limit=1",
                           *map(str, sources(".c", ".h"))], text=True, capture_output=True, cwd=ROOT)
    yield from (l for l in done.stderr.splitlines() if "error:" in l)


def cppcheck():
    cache = BUILD / "cppcheck"
    cache.mkdir(exist_ok=True)
    done = subprocess.run(["cppcheck", "--quiet", f"-j{os.cpu_count()}", "--std=c11", "--inline-suppr",
                           "--enable=warning,performance,portability", f"--cppcheck-build-dir={cache}",
                           "--suppressions-list=tests/checks/cppcheck.txt", "--error-exitcode=1",
                           "--template={file}:{line}: {id}: {message}", "-Isrc", '-DMXSEAL_VERSION="0"',
                           *map(str, sources(".c", trees=("src",)))],
                          text=True, capture_output=True, cwd=ROOT)
    if done.returncode:
        yield from done.stderr.splitlines()


def shared_text():
    """What every translation unit may depend on, for the cache of clang-tidy."""
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes())
    for path in sources(".h"):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def clang_tidy():
    cache = BUILD / ("tidy-long" if LONG else "tidy")
    cache.mkdir(exist_ok=True)
    common = shared_text()
    # The analyzer is all but a thirtieth of its time.  Warnings are errors by .clang-tidy, in our own files only.
    brief = [] if LONG else ["--checks=-clang-analyzer-*", "--extra-arg=-Wno-error"]

    def tidy(entry):
        path = (BUILD / entry["file"]).resolve()
        key = hashlib.sha256((common + entry["command"]).encode() + path.read_bytes()).hexdigest()
        if (cache / key).exists():
            return []
        done = subprocess.run(["clang-tidy", "--quiet", "-p", str(BUILD), str(path),
                               "--extra-arg=-Wno-unknown-warning-option", *brief],
                              text=True, capture_output=True, cwd=ROOT)
        bad = [l for l in done.stdout.splitlines() if re.search(r": (warning|error):", l)]
        if done.returncode == 0 and not bad:
            (cache / key).touch()
        return bad or (["clang-tidy: " + done.stderr[-300:]] if done.returncode else [])

    entries = [e for e in commands().values()
               if (BUILD / e["file"]).resolve().is_relative_to(ROOT / "src")]
    yield from in_parallel(tidy, entries)


def conformance():
    done = subprocess.run(["/usr/bin/python3", "tools/conformance.py", "--check"],
                          text=True, capture_output=True, cwd=ROOT)
    if done.returncode:
        yield from (done.stdout + done.stderr).splitlines()


CHECKS = [floors, banned, words, sizes, conformance, headers, clang_format, cppcheck, clang_tidy,
          *([release_build, clang_build] if LONG else [])]


def main():
    passed = failed = skipped = 0
    for check in CHECKS:
        try:
            faults = sorted(set(check()))
        except LookupError as why:
            skipped += 1
            print(f"skip {check.__name__}: {why}", flush=True)
            continue
        passed += not faults
        failed += bool(faults)
        print(("FAIL " if faults else "ok ") + check.__name__, flush=True)
        for fault in faults[:40]:
            print("  " + fault.replace(str(ROOT) + "/", ""))
    print(f"{passed} passed, {failed} failed, {skipped} skipped")


main()
