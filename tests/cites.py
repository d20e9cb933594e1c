#!/usr/bin/python3
"""Prints each citation of a page, or of a section of one, that is not in this tree; for tidy.sh.

A page is cited as PAGE.md (by its path from the top or from the citing file's folder, or by its name
below docs/), a section as `PAGE.md, section HEADING` or with `"HEADING"`, a manual page as conclave.conf(5).
"""
import os
import re
import subprocess

PAGE = re.compile(r"[\w./-]*\w\.md\b")
SECTION = re.compile(r"(?:[\s,(]*sections?\s+[\"“]?|,\s+[\"“])(.{1,90})", re.S)
MANUAL = re.compile(r"\b(conclave[\w.-]*)\((\d)\)")
LINE = re.compile(r"\n[ \t]*(?:\*|//|#+|\.\\\")?[ \t]*")  # with what opens a comment's next line
TEXTS = (".c", ".h", ".sh", ".bash", ".bats", ".py", ".md", ".1", ".5", ".7", ".8", ".conf", ".service")


def find(page, citing):
    for folder in ("", os.path.dirname(citing), "docs"):
        path = os.path.normpath(os.path.join(folder, page))
        if os.path.isfile(path):
            return path
    return None


def headings(path):
    with open(path, encoding="utf-8") as f:
        found = [m[1].strip().lower() for m in re.finditer(r"^#+ (.*)$", f.read(), re.M)]
    return found + [h[: h.index(".")] for h in found if re.match(r"\d+\. ", h)]


def breaches(citing, text):
    for m in PAGE.finditer(text):
        path = find(m[0], citing)
        if not path:
            yield f"{m[0]} is not in the tree"
            continue
        section = SECTION.match(text, m.end())
        rest = " ".join(section[1].split()).lower() if section else ""
        if section and not any(rest.startswith(h) for h in headings(path)):
            yield f"{path} has no section like: {rest[:40]}"
    for m in MANUAL.finditer(text):
        if not os.path.isfile(f"docs/man/{m[1]}.{m[2]}"):
            yield f"the manual page {m[0]} is not in the tree"


def main():
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    for citing in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n"):
        name = os.path.basename(citing)
        if not (name.endswith(TEXTS) or name == "Makefile") or name == "cites.py" or not os.path.isfile(citing):
            continue
        with open(citing, encoding="utf-8", errors="replace") as f:
            text = LINE.sub("\n", f.read())
        for what in sorted(set(breaches(citing, text))):
            print(f"{citing}: {what}")


main()
