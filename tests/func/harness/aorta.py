# SPDX-License-Identifier: MIT
"""The balancer under test: the real program with a file of its own, and what can be asked of it."""
import json
import re
import subprocess
import time

from . import http
from .ports import free_port
from .process import BUILD, Process
from .waiting import DEADLINE, until

TOKEN = "functional-test-token"

# Probes that judge within a test's patience; what a test does not say otherwise.
FAST_PROBE = ("http { get /healthz; interval 1s; fast_interval 50ms; down_interval 100ms; "
              "timeout 1s; rise 2; fall 3; }")


def fill(text, values):
    """Puts values for @name@; an unknown name is a mistake of the test."""
    def one(match):
        return fill(str(values[match.group(1)]), values)
    return re.sub(r"@(\w+)@", one, text)


class Admin:
    """The admin API, over TCP."""

    def __init__(self, port, socket):
        self.port, self.socket = port, socket
        self.address = ("127.0.0.1", port)
        self.url = f"http://127.0.0.1:{port}"

    def ask(self, target, method="GET", headers=(), body=None, unix=False, host="localhost"):
        address = self.socket if unix else self.address
        return http.request(address, method, target, headers=headers, body=body, host=host)

    def get(self, target):
        answer = self.ask(target)
        assert answer.status == 200, f"{target}: {answer.status} {answer.text[:500]}"
        return answer

    def json(self, target):
        answer = self.get(target)
        assert answer.get("Content-Type").startswith("application/json"), answer
        return json.loads(answer.body)

    def post(self, target, token=TOKEN):
        headers = [("Authorization", f"Bearer {token}")] if token else []
        return self.ask(target, "POST", headers, body=b"")

    def order(self, pool, member, what):
        answer = self.post(f"/api/v1/pools/{pool}/members/{member}/{what}")
        assert answer.status in (200, 202), answer.text
        return answer

    def pools(self):
        """Pools by name."""
        return {p["name"]: p for p in self.json("/api/v1/pools")["pools"]}

    def pool(self, pool):
        return self.pools()[pool]

    def member(self, pool, member):
        return next(m for m in self.pool(pool)["members"] if m["name"] == member)

    def state(self, pool, member):
        return self.member(pool, member)["state"]

    def wait_state(self, pool, member, state, timeout=DEADLINE):
        """Waits until the member is in that state; what is known of it then."""
        seen = []

        def reached():
            m = self.member(pool, member)
            seen[:] = [m["state"], m.get("why")]
            return m if m["state"] == state else None
        try:
            return until(reached, "", timeout)
        except AssertionError:
            raise AssertionError(f"{pool}/{member} is {seen}, not {state}, "
                                 f"after {timeout:g} s") from None

    def wait_serving(self, pool, n, timeout=DEADLINE):
        """Waits until `n` members of the pool are UP."""
        until(lambda: sum(m["state"] == "UP" for m in self.pool(pool)["members"]) == n,
              f"{n} members of {pool} to be UP", timeout)

    def events(self, **parameters):
        query = "&".join(f"{k}={v}" for k, v in parameters.items())
        return self.json(f"/api/v1/events?{query}")["events"]

    def metrics(self):
        """{(name, frozenset of labels): value}"""
        result = {}
        for line in self.get("/metrics").text.splitlines():
            if line.startswith("#") or not line.strip():
                continue
            match = re.fullmatch(r'([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)(?: \d+)?', line)
            assert match, f"not a sample: {line!r}"
            labels = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', match[2] or "")
            result[match[1], frozenset(labels)] = float(match[3])
        return result

    def metric(self, name, **labels):
        """Sum of the samples of `name` that carry these labels; None when there are none."""
        wanted = set(labels.items())
        found = [v for (n, have), v in self.metrics().items() if n == name and wanted <= have]
        return sum(found) if found else None


class Aorta:
    """Owns a running aorta."""

    def __init__(self, name, text, directory, values):
        self.directory = directory
        self.port, self.admin_port = free_port(), free_port()
        self.address = ("127.0.0.1", self.port)
        self.url = f"http://127.0.0.1:{self.port}"
        self.socket = str(directory / f"{name}.sock")
        self.file = directory / f"{name}.conf"
        self.access_log = directory / f"{name}.access.log"
        self.admin = Admin(self.admin_port, self.socket)
        self.values = dict(values, listen=f"127.0.0.1:{self.port}", dir=directory,
                           admin_port=self.admin_port,
                           access_log=self.access_log, fast_probe=FAST_PROBE)
        self.write(text)
        self.process = Process(name, [BUILD / "aorta", "-c", self.file], directory)
        self.expected_exit = 0
        self.alive = False  # it has answered once: what it ends with matters

    def write(self, text):
        """Writes the file; what every test needs is put before it unless it has its own."""
        lines = []
        if not re.search(r"^\s*workers\b", text, re.M):
            lines.append("workers 2;")
        if not re.search(r"^\s*admin\b", text, re.M):
            lines.append(f'admin {{ bind 127.0.0.1:{self.admin_port}; socket "{self.socket}"; '
                         f'token {TOKEN}; }}')
        self.file.write_text("\n".join(lines) + "\n" + fill(text, self.values))

    def wait_alive(self, timeout=DEADLINE):
        """Waits until the admin side answers at all."""
        def answers():
            if self.process.code is not None:
                raise AssertionError(f"aorta ended with {self.process.code}:\n"
                                     f"{self.process.output()[-4000:]}")
            try:
                return self.admin.ask("/livez").status == 200
            except OSError:
                return False
        until(answers, "aorta to answer /livez", timeout)
        self.alive = True

    def wait_ready(self, timeout=DEADLINE):
        """Waits until aorta says that it can serve."""
        last = []

        def ready():
            answer = self.admin.ask("/readyz?verbose")
            last[:] = [answer.text]
            return answer.status == 200
        try:
            until(ready, "", timeout)
        except AssertionError:
            raise AssertionError(f"not ready after {timeout:g} s: {last}") from None

    # ---- clients ----

    def connect(self, timeout=DEADLINE):
        return http.Connection(self.address, timeout)

    def get(self, target="/", **how):
        return http.request(self.address, "GET", target, **how)

    # ---- operating ----

    def ctl(self, *words, check=True):
        """aortactl with these words; its stdout, or the whole result with check=False."""
        result = subprocess.run([str(BUILD / "aortactl"), "--socket", self.socket, *words],
                                capture_output=True, text=True, timeout=30, check=False)
        if not check:
            return result
        assert result.returncode == 0, f"aortactl {words}: {result.stdout}{result.stderr}"
        return result.stdout

    def reload(self, text=None, check=True):
        """Puts a new file in place and has it read. The answer of the API."""
        if text is not None:
            self.write(text)
        answer = self.admin.post("/api/v1/reload")
        if check:
            assert answer.status == 200, answer.text
        return answer

    def terminate(self):
        """SIGTERM; does not wait."""
        import signal
        self.process.signal(signal.SIGTERM)
        return time.monotonic()

    def stop(self):
        """SIGTERM, and checks the end: exit status, no report of a sanitizer."""
        code = self.process.stop()
        reports = self.process.reports()
        assert not reports, f"sanitizer: {reports[:3]}"
        assert code == self.expected_exit or not self.alive, f"aorta ended with {code}"


def check_file(path):
    """aorta -t: the whole result."""
    return subprocess.run([str(BUILD / "aorta"), "-t", str(path)], capture_output=True, text=True,
                          timeout=30, check=False)
