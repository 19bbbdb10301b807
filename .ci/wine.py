"""Reads what `go test -json` said of the tests under Wine: prints a line for each package and the output of what failed, and compares
what was skipped with the README's table. Exit status 1 if anything is not as it must be."""

import json
import re
import sys

BEGIN, END = "<!-- wine: printed by .ci/wine --list -->", "<!-- end of wine -->"
MODULE = re.compile(r"^github\.com/[^/]+/[^/]+/")
REASON = re.compile(r"^\s+\S+\.go:\d+: under Wine: (.*)$")
LINES = 300  # of the output of one test that failed


def events(path):
    """The events of a log; what is no event was printed by something that go started, and is kept as its output."""
    with open(path, encoding="utf-8", errors="replace") as log:
        for line in log:
            try:
                yield json.loads(line)
            except ValueError:
                yield {"Action": "output", "Output": line}


def read(path):
    """Gives {(package, test): (how it ended, its lines)}; the test is "" for the package itself."""
    lines, ends = {}, {}
    for e in events(path):
        key = e.get("Package", e.get("ImportPath", "")), e.get("Test", "")
        if e["Action"] in ("output", "build-output"):
            lines.setdefault(key, []).append(e["Output"])
        elif e["Action"] in ("pass", "fail", "skip", "build-fail"):
            ends[key] = e["Action"]
    return {key: (ends.get(key, "unfinished"), lines.get(key, [])) for key in ends | lines}


def reason(lines):
    found = [m[1] for m in map(REASON.match, "".join(lines).splitlines()) if m]
    return found[0] if found else None


def table(results):
    """What was skipped, as rows of the README's table."""
    rows = []
    for (package, test), (end, lines) in results.items():
        if test and end == "skip":
            rows.append(f"| `{MODULE.sub('', package)}` | `{test}` | {reason(lines)} |")
    return sorted(rows)


def listed(readme):
    with open(readme, encoding="utf-8") as f:
        block = f.read().partition(BEGIN)[2].partition(END)[0]
    return [row for row in block.splitlines() if row.startswith("| `")]


def show(results):
    """Prints how packages ended and what failed, and gives whether all passed."""
    good, passed = True, 0
    for (package, test), (end, lines) in results.items():
        if test and end == "pass":
            passed += 1
        bad = end in ("fail", "build-fail") or end == "unfinished" and package
        if bad:
            good = False
            print(f"--- {end}: {package} {test}")
            print("".join(lines[-LINES:]), end="")
        elif not test and package:
            print("".join(line for line in lines if line.startswith(("ok ", "?   "))), end="")
    print(f"under Wine: {passed} passed")
    return good


def compare(rows, wanted, whole):
    """Prints where the README's table is not what was skipped."""
    new = [row for row in rows if row not in wanted]
    old = [row for row in wanted if row not in rows] if whole else []
    for row in new:
        print("skipped, and not in the README's table:", row)
    for row in old:
        print("in the README's table, and not skipped:", row)
    unexplained = [row for row in rows if row.endswith("| None |")]
    for row in unexplained:
        print("skipped without a reason (under Wine: why):", row)
    return not (new or old or unexplained)


def main(log, readme, *flags):
    results = read(log)
    good = show(results)
    rows = table(results)
    if "--list" in flags:
        print("\n".join(["| package | test | why |", "|---|---|---|", *rows]))
        return good
    return compare(rows, listed(readme), "--all" in flags) and good


sys.exit(0 if main(*sys.argv[1:]) else 1)
