"""Turns reporters.txt into C: reporters_embed.py IN OUT."""
import json
import re
import sys

DOMAIN = re.compile(r"(?!-)[a-z0-9-]+(\.[a-z0-9-]+)+")


def die(number, why):
    sys.exit(f"reporters.txt:{number}: {why}")


def read(path):
    rows, seen = [], {}
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split("|")]
        if len(parts) != 3 or not parts[0]:
            die(number, "not ORGANISATION | DOMAIN … | NAME, NAME …")
        domains = parts[1].split()
        names = [parts[0]] + [name.strip() for name in parts[2].split(",")]
        for domain in domains:
            if not DOMAIN.fullmatch(domain):
                die(number, f"{domain} is not a domain in lower case")
        if not domains or "" in names:
            die(number, "an empty list or name")
        for word in {word.lower() for word in domains + names}:
            if word in seen:
                die(number, f"{word} stands in line {seen[word]} already")
        seen.update((word.lower(), number) for word in domains + names)
        rows.append((parts[0], domains, names))
    if [row[0].lower() for row in rows] != sorted(row[0].lower() for row in rows):
        die(number, "not sorted by organisation")
    return rows


def c_list(words):
    return "{ " + ", ".join(json.dumps(word) for word in words) + ", NULL }"


with open(sys.argv[2], "w", encoding="utf-8") as out:
    table = read(sys.argv[1])
    print("/* Made by reporters_embed.py from reporters.txt. */\n#include \"tlsrpt/reporters_data.h\"\n",
          file=out)
    for i, (_, domains, names) in enumerate(table):
        print(f"static const char *const domains_{i}[] = {c_list(domains)};", file=out)
        print(f"static const char *const names_{i}[] = {c_list(names)};", file=out)
    print("\nconst struct reporter reporters_table[] = {", file=out)
    for i, (organization, _, _) in enumerate(table):
        print(f"\t{{ {json.dumps(organization)}, domains_{i}, names_{i} }},", file=out)
    print(f"}};\nconst size_t reporters_count = {len(table)};", file=out)
