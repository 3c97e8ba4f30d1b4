# SPDX-License-Identifier: MIT
"""A program under test: started, watched, stopped by its pid, its output kept for failures."""
import os
import pathlib
import re
import signal
import subprocess

from .waiting import DEADLINE, until

SOURCE = pathlib.Path(__file__).resolve().parents[3]
BUILD = pathlib.Path(os.environ.get("AORTA_BUILD") or SOURCE / "build").resolve()
SANITIZER = os.environ.get("AORTA_SANITIZER", "")

REPORT = re.compile(r"ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|: runtime error: |LeakSanitizer:")

_ENVIRONMENT = dict(
    os.environ,
    ASAN_OPTIONS="exitcode=99:detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1",
    UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1:exitcode=99",
    TSAN_OPTIONS="exitcode=99:halt_on_error=0:second_deadlock_stack=1",
    PYTHONUNBUFFERED="1",
)


class Process:
    """Owns a child. Its stdout and stderr go to files in `directory`."""

    def __init__(self, name, command, directory, **popen):
        self.name = name
        self.command = [str(word) for word in command]
        self.log = pathlib.Path(directory) / f"{name}.log"
        self._popen_arguments = popen
        self.child = None
        self._log_start = 0
        self.start()

    def start(self):
        """Starts it; also again, after it ended."""
        assert self.child is None or self.child.poll() is not None
        with open(self.log, "ab") as log:
            self._log_start = log.tell()
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log,
                                          stderr=subprocess.STDOUT, env=_ENVIRONMENT,
                                          **self._popen_arguments)
        return self

    @property
    def pid(self):
        return self.child.pid

    @property
    def code(self):
        """Exit status, negative for a signal; None while it runs."""
        return self.child.poll()

    def output(self):
        """What it printed since it was last started."""
        with open(self.log, "rb") as log:
            log.seek(self._log_start)
            return log.read().decode("utf-8", "replace")

    def wait_output(self, text, timeout=DEADLINE):
        """Waits until it has printed `text` (a string or compiled pattern)."""
        def seen():
            output = self.output()
            found = text.search(output) if hasattr(text, "search") else text in output
            if not found and self.code is not None:
                raise AssertionError(f"{self.name} ended with {self.code}:\n{output[-4000:]}")
            return found
        return until(seen, f"{self.name} to print {text}", timeout)

    def signal(self, number):
        self.child.send_signal(number)

    def kill(self):
        """kill -9, and wait."""
        self.signal(signal.SIGKILL)
        self.child.wait(DEADLINE)

    def wait(self, timeout=DEADLINE):
        """Waits for its end; the exit status."""
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} did not end within {timeout:g} s") from None

    def stop(self, timeout=DEADLINE):
        """SIGTERM, and wait; kills it when it does not listen. The exit status."""
        if self.code is None:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        try:
            return self.wait(timeout)
        except AssertionError:
            self.kill()
            raise

    def rss_bytes(self):
        """Resident memory."""
        with open(f"/proc/{self.pid}/status", encoding="ascii") as f:
            return int(re.search(r"VmRSS:\s+(\d+) kB", f.read()).group(1)) * 1024

    def reports(self):
        """Lines in its log that a sanitizer wrote."""
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return [line.strip() for line in f if REPORT.search(line)]
