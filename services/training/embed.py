#!/usr/bin/env python3
"""Turn files into one C source of constant texts: embed.py OUT.c NAME=FILE..."""
import sys


def literal(text):
    for line in text.splitlines(keepends=True):
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        yield f'\t"{escaped}"\n'


def main():
    with open(sys.argv[1], "w", encoding="utf-8") as out:
        out.write('#include "services/training/embedded.h"\n')
        for pair in sys.argv[2:]:
            name, path = pair.split("=", 1)
            with open(path, encoding="utf-8") as source:
                out.write(f"\nconst char embedded_{name}[] =\n{''.join(literal(source.read()))}\t;\n")


main()
