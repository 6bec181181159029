#!/usr/bin/env python3
"""Write the numbered migrations as one C table: embed.py OUT.c 0001-first.sql ..."""
import os
import sys


def literal(text):
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return "\n".join('\t"%s\\n"' % line for line in escaped.splitlines())


def main(out, paths):
    rows = []
    for expected, path in enumerate(sorted(paths), start=1):
        name = os.path.basename(path)
        if int(name[:4]) != expected:
            sys.exit("%s: expected migration %04d" % (name, expected))
        with open(path, encoding="utf-8") as file:
            rows.append("\t/* %s */\n%s,\n" % (name, literal(file.read())))
    with open(out, "w", encoding="utf-8") as file:
        file.write('#include <stddef.h>\n\n#include "store/db.h"\n\n')
        file.write("const char *const db_migrations[] = {\n%s\tNULL,\n};\n" % "".join(rows))


main(sys.argv[1], sys.argv[2:])
