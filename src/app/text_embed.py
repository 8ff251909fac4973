"""Turns text files into C strings: text_embed.py OUT NAME=FILE…"""
import json
import pathlib
import sys

with open(sys.argv[1], "w", encoding="utf-8") as out:
    print("/* Made by text_embed.py. */\n#include \"app/completion.h\"", file=out)
    for name, file in (pair.split("=", 1) for pair in sys.argv[2:]):
        lines = pathlib.Path(file).read_text(encoding="ascii").splitlines(keepends=True)
        print(f"const char {name}[] =", *("\t" + json.dumps(line) for line in lines),
              sep="\n", end=";\n", file=out)
