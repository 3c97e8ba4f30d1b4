# SPDX-License-Identifier: MIT
"""aorta-origin: members that misbehave on command."""
import json
import signal
import urllib.parse

from . import http
from .ports import free_port
from .process import BUILD, Process

# Every byte of /bytes/N, /chunked/N and /close/N: byte i is byte i % 64 of this line.
FILLER = b"0123456789 abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXY\n"


def filler(n):
    return (FILLER * (n // 64 + 1))[:n]


class Origin:
    """One process with one serving port and a control port, so that it can be killed alone."""

    def __init__(self, name, directory):
        self.name = name
        self.port, self.control_port = free_port(), free_port()
        self.address = ("127.0.0.1", self.port)
        self.addr = f"127.0.0.1:{self.port}"
        self.url = f"http://{self.addr}"
        self.process = Process(f"origin-{name}", [
            BUILD / "aorta-origin", "--listen", self.addr, "--name", name,
            "--control", f"127.0.0.1:{self.control_port}"], directory)
        self.process.wait_output("ready\n")

    def command(self, word, body=None, **parameters):
        """Gives a command through the control port, e.g. command("status", code=503, count=1)."""
        query = urllib.parse.urlencode(dict(parameters, port=self.name))
        answer = http.request(("127.0.0.1", self.control_port), "POST" if body else "GET",
                              f"/_origin/{word}?{query}", body=body)
        assert answer.status == 200, answer.text
        return answer

    def raw(self, answer, **parameters):
        """From now on it answers with exactly these bytes."""
        return self.command("raw", body=answer, **parameters)

    def normal(self):
        self.command("normal")

    def state(self):
        return json.loads(self.command("state").body)

    def requests(self):
        """How many requests it has had, those of probes to /healthz not counted."""
        return self.state()["requests"]

    def kill(self):
        self.process.kill()

    def start(self):
        """After a kill: back on the same ports."""
        self.process.start()
        self.process.wait_output("ready\n")

    def freeze(self):
        """SIGSTOP: the kernel still accepts, nobody answers."""
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)
