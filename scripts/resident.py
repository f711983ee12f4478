"""Reads of another process how much of its memory is resident. Linux only: /proc says it."""

import pathlib
import sys


class Process:
    def __init__(self, pid):
        self.folder = pathlib.Path("/proc") / str(pid)

    def memory(self, field):
        """A line of /proc/PID/status, in bytes."""
        for line in (self.folder / "status").read_text().splitlines():
            if line.startswith(f"{field}:"):
                return int(line.split()[1]) * 1024
        sys.exit(f"/proc has no {field}")

    def forget_peak(self):
        """Sets the peak (VmHWM) to what is resident now: proc(5), clear_refs."""
        (self.folder / "clear_refs").write_text("5")
