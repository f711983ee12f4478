"""Runs `roster load` against `roster serve --bench`, round by round, and writes what calls cost. Called by scripts/bench.

    python bench.py BINARY [--sqlite] [--postgres URL] --output FILE --commit TEXT --build TEXT [--rounds N] [--seconds N] [--members N]

CPU time is what /proc says of the server (and of PostgreSQL's processes) before and after; ratios are taken within a round, and
the median of the rounds is told.
"""

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")
SMALL = 100
USER_PAGE = 1000
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
WATCHERS = 16
ALONE, WATCHED = "gRPC CreateUser, 1 in flight", f"the same, followed by {WATCHERS} watchers"
# What is measured: name, what `roster load` is asked for, calls in flight, whether a group is needed and which.
CASES = [
    ("Echo (the floor)", "echo", 16, None),
    ("gRPC GetUser", "get-user", 16, None),
    ("gRPC BatchGetUsers of 100", "batch-get-users", 16, None),
    (ALONE, "create-user", 1, None),
    (WATCHED, "create-user", 1, None),
    ("gRPC CreateUser, 64 in flight", "create-user", 64, None),
    ("SCIM GET /Users/{id}", "scim-get", 16, None),
    ("SCIM POST /Users", "scim-post", 16, None),
    ("one member, group of 100", "member", 1, "small"),
    ("one member, large group", "member", 1, "large"),
    ("gRPC BatchCheckAccess, one membership", "check-access", 16, "large"),
]
LEAST_GAIN = {"SQLite": 3.0, "PostgreSQL": 2.0}
MOST_GROWTH = 1.5


def stat(pid):
    """Parent, and CPU seconds of a process and of its children that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[1]), sum(int(fields[n]) for n in (11, 12, 13, 14)) / TICK


class Database:
    """Where a server keeps its data, and what else works for it."""

    def __init__(self, name, url=None):
        self.name, self.url = name, url
        self.postmaster = None
        if url:
            port = str(urllib.parse.urlsplit(url).port)
            for folder in Path("/proc").glob("[0-9]*"):
                try:
                    words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
                except OSError:
                    continue
                if "postgres" in words[0] and "-p" in words and words[words.index("-p") + 1] == port:
                    self.postmaster = int(folder.name)

    def cpu(self):
        if self.postmaster is None:
            return 0.0
        total = stat(self.postmaster)[1]
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                parent, used = stat(folder.name)
            except (OSError, IndexError, ValueError):
                continue
            if parent == self.postmaster:
                total += used
        return total


class Server:
    """`roster serve --bench`, whose lanes take so many writes at once."""

    def __init__(self, binary, database, folder, batch):
        self.binary, self.database, self.folder = binary, database, folder
        command = [binary, "serve", "--data-dir", folder, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--log", "warn"]
        command += ["--bench", str(batch)]
        if database.url:
            command += ["--database", database.url]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if line.startswith("Roster serves "):
                break
        else:
            sys.exit("the server did not start")
        found = json.loads((Path(folder) / "bootstrap.json").read_text())
        self.base, self.token = found["scim_base_url"], found["scim_token"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def cpu(self):
        return stat(self.process.pid)[1] + self.database.cpu()

    def load(self, what, in_flight, seconds, ids, group, watchers=0):
        command = [self.binary, "load", what, "--data-dir", self.folder, "--in-flight", str(in_flight), "--seconds", str(seconds)]
        command += ["--ids", ids, "--base", self.base, "--group", group, "--watchers", str(watchers)]
        before = self.cpu()
        told = subprocess.run(command, stdout=subprocess.PIPE, env={**os.environ, "ROSTER_SCIM_TOKEN": self.token}, check=True)
        used = self.cpu() - before
        told = json.loads(told.stdout)
        return {
            "cpu": used * 1e6 / told["calls"],
            "rate": told["calls"] / told["seconds"],
            "p50": told["p50_us"],
            "delivery": told["delivery_p50_us"],
        }

    def scim(self, method, path, body):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
        request = urllib.request.Request(f"{self.base}{path}", json.dumps(body).encode(), headers, method=method)
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def group(self, members):
        made = self.scim("POST", "/Groups", {"schemas": [GROUP], "displayName": f"Of {len(members)}"})
        document = {"schemas": [GROUP], "displayName": made["displayName"], "members": [{"value": id} for id in members]}
        self.scim("PUT", f"/Groups/{made['id']}?attributes=id", document)
        return made["id"]


def populate(server, count, file):
    crowd = Path(__file__).parent / "conformance.d" / "crowd.py"
    command = [sys.executable, str(crowd), server.base, "--users", str(count), "--ids", file]
    subprocess.run(command, env={**os.environ, "ROSTER_SCIM_TOKEN": server.token}, check=True, stdout=subprocess.DEVNULL)
    return Path(file).read_text().split()


def measure(binary, database, rounds, seconds, members):
    """CPU, rate and latency of each case in each round, and the rates of creates in a lane that takes one write at a time."""
    with tempfile.TemporaryDirectory() as folder:
        found = {name: [] for name, *_ in CASES}
        alone = []
        everybody, others = f"{folder}/everybody", f"{folder}/others"
        data = f"{folder}/data"
        with Server(binary, database, data, 64) as server:
            ids = populate(server, members + USER_PAGE, everybody)
            # Whoever comes and goes is in neither group.
            Path(others).write_text("\n".join(ids[members:]) + "\n")
            groups = {None: "", "small": server.group(ids[:SMALL]), "large": server.group(ids[:members])}
        for turn in range(rounds):
            with Server(binary, database, data, 64) as server:
                server.load("echo", 16, 0.3, everybody, "")
                for name, what, in_flight, group in CASES:
                    who = others if what == "member" else everybody
                    watchers = WATCHERS if name == WATCHED else 0
                    found[name].append(server.load(what, in_flight, seconds, who, groups[group], watchers))
            with Server(binary, database, data, 1) as server:
                alone.append(server.load("create-user", 64, seconds, everybody, "")["rate"])
            print(f"{database.name}: round {turn + 1} of {rounds}", flush=True)
        return found, alone


def median(numbers):
    return statistics.median(list(numbers))


def table(database, found, alone, members):
    """The lines of the table, and the bars that were missed."""
    echo = [one["cpu"] for one in found[CASES[0][0]]]
    lines = [
        f"## {database.name}",
        "",
        "| call | CPU µs a call, median (least) | ratio to Echo | calls a second | p50 µs |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, *_ in CASES:
        ones = found[name]
        ratio = median(one["cpu"] / floor for one, floor in zip(ones, echo))
        cpu, least = median(one["cpu"] for one in ones), min(one["cpu"] for one in ones)
        rate, p50 = median(one["rate"] for one in ones), median(one["p50"] for one in ones)
        label = name.replace("large group", f"group of {members:,}")
        lines.append(f"| {label} | {cpu:.0f} ({least:.0f}) | {ratio:.1f} | {rate:,.0f} | {p50:,.0f} |")
    growth = median(
        big["cpu"] / small["cpu"] for big, small in zip(found["one member, large group"], found["one member, group of 100"])
    )
    gain = median(one["rate"] / rate for one, rate in zip(found["gRPC CreateUser, 64 in flight"], alone))
    delivery = median((with_all["cpu"] - without["cpu"]) / WATCHERS for with_all, without in zip(found[WATCHED], found[ALONE]))
    later = median(one["delivery"] for one in found[WATCHED])
    least = LEAST_GAIN[database.name]
    lines += [
        "",
        f"- One member of {members:,} costs {growth:.2f} times one of {SMALL} (bar: at most {MOST_GROWTH}).",
        f"- Durable creates with 64 in flight: {gain:.1f} times as many as where a lane takes one write at a time (bar: at least {least:.0f}).",
        f"- A commit told to one more watcher costs {delivery:.0f} µs, {delivery / median(echo):.2f} of an Echo, and arrives {later:,.0f} µs after"
        " it was made (median).",
        "",
    ]
    missed = [f"{database.name}: one member costs {growth:.2f} times"] if growth > MOST_GROWTH else []
    missed += [f"{database.name}: {gain:.1f} times as many creates"] if gain < least else []
    return lines, missed


def machine():
    model = next((line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?")
    return f"{model}, {os.cpu_count()} cores, {platform.system()} {platform.release()}"


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("binary")
    arguments.add_argument("--sqlite", action="store_true")
    arguments.add_argument("--postgres")
    arguments.add_argument("--output", required=True)
    arguments.add_argument("--commit", required=True)
    arguments.add_argument("--build", required=True)
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--seconds", type=float, default=2.0)
    arguments.add_argument("--members", type=int, default=100_000)
    arguments = arguments.parse_args()
    databases = [Database("SQLite")] if arguments.sqlite else []
    databases += [Database("PostgreSQL", arguments.postgres)] if arguments.postgres else []

    lines = [
        "# What calls cost",
        "",
        f"Written by `scripts/bench` at commit {arguments.commit} ({arguments.build} build) on {time.strftime('%Y-%m-%d')}:",
        f"{machine()}. {arguments.rounds} rounds of {arguments.seconds:g} s a case, everything on loopback without TLS; CPU time is",
        "that of the server and of PostgreSQL, without the load's own. Ratios are taken within a round; calls a second and latency are",
        "what was left of the machine beside the load.",
        "",
    ]
    missed = []
    for database in databases:
        found, alone = measure(arguments.binary, database, arguments.rounds, arguments.seconds, arguments.members)
        told, short = table(database, found, alone, arguments.members)
        lines += told
        missed += short
    Path(arguments.output).write_text("\n".join(lines))
    print("\n".join(lines))
    if missed:
        sys.exit("missed: " + "; ".join(missed))


main()
