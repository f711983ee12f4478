"""Makes a large export to begin with, and measures the memory of a command and of the server that it calls.

    python transfer.py make 1000000 FILE
    python transfer.py measure PID --most 128 -- roster export …

The second fails if the command fails, or if it or the server grows by more than --most MiB: the server beyond what was resident
before, the command from nothing.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

from resident import Process

MIB = 1024 * 1024
TIME = "2026-01-01T00:00:00Z"
TIMES = {"create_time": TIME, "update_time": TIME}


def identifier(kind, number):
    return f"0198f0a0-{kind:04x}-7000-8000-{number:012x}"


def records(users, groups, memberships):
    """Users, groups, and edges in the order of groups and members."""
    for number in range(users):
        name = f"person{number}@example.com"
        yield {
            "user": {
                "id": identifier(1, number),
                "meta": TIMES,
                "user_name": name,
                "active": number % 10 != 0,
                "name": {"family_name": f"Family {number}", "given_name": "Given"},
                "display_name": f"Given Family {number}",
                "emails": [{"value": name, "type": "work", "primary": True}],
                "setup_state": "SETUP_STATE_PROVISIONED",
            }
        }
    for number in range(groups):
        yield {"group": {"id": identifier(2, number), "meta": TIMES, "display_name": f"Group {number}"}}
    each = memberships // groups
    for group in range(groups):
        members = sorted((group * each * 7 + step) % users for step in range(each))
        for member in members:
            yield {"membership": {"group_id": identifier(2, group), "member": {"user_id": identifier(1, member)}}}


def make(count, file):
    groups = max(count // 1000, 1)
    users = count // 2
    memberships = (count - users - groups) // groups * groups
    with open(file, "w", encoding="utf-8") as out:
        def line(record):
            out.write(json.dumps(record) + "\n")
        line({"header": {"format": 1, "organization_id": "made", "users": users, "groups": groups}})
        for record in records(users, groups, memberships):
            line(record)
        line({"footer": {"users": users, "groups": groups, "memberships": memberships}})
    print(f"{users} users, {groups} groups, {memberships} memberships")


def measure(pid, most, command):
    server = Process(pid)
    server.forget_peak()
    before, begun = server.memory("VmRSS"), time.monotonic()
    status = subprocess.run(command).returncode
    seconds = time.monotonic() - begun
    grown = (server.memory("VmHWM") - before) / MIB
    itself = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 / MIB
    verb = next(word for word in command if word in ("export", "import"))
    print(f"{verb}: {seconds:.0f} s, the server grew by {grown:.0f} MiB, the command took {itself:.0f} MiB", flush=True)
    if status != 0:
        sys.exit(f"{verb} ended with {status}")
    if max(grown, itself) > most:
        sys.exit(f"more than {most} MiB")


def main():
    arguments = argparse.ArgumentParser()
    verbs = arguments.add_subparsers(dest="verb", required=True)
    making = verbs.add_parser("make")
    making.add_argument("count", type=int)
    making.add_argument("file")
    measuring = verbs.add_parser("measure")
    measuring.add_argument("pid", type=int)
    measuring.add_argument("--most", type=int, required=True)
    measuring.add_argument("command", nargs="+")
    arguments = arguments.parse_args()
    if arguments.verb == "make":
        make(arguments.count, arguments.file)
    else:
        measure(arguments.pid, arguments.most, arguments.command)


if __name__ == "__main__":
    main()
