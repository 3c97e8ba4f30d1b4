# SPDX-License-Identifier: MIT
"""
Free ports, for tests that run side by side.

Ports lie below the range from which the kernel takes the local ports of connections: a port that
it picked for us ("bind to 0") could be taken by an outgoing connection while the server that owns
it is down for a moment, as it is in many tests. A lock file for each port, held while the process
lives, keeps parallel runs apart.
"""
import fcntl
import os
import random
import socket
import tempfile

_DIR = os.path.join(tempfile.gettempdir(), f"aorta-test-ports-{os.getuid()}")
_held = {}


def _ephemeral_start():
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        return int(f.read().split()[0])


def _bindable(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _hold(port):
    lock = open(os.path.join(_DIR, str(port)), "w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        return False
    _held[port] = lock
    return True


def free_port():
    """A port on 127.0.0.1 that is this process's until it ends."""
    os.makedirs(_DIR, exist_ok=True)
    last = max(_ephemeral_start() - 1, 20000)
    for _ in range(1000):
        port = random.randint(10000, last)
        if port not in _held and _bindable(port) and _hold(port):
            return port
    raise RuntimeError(f"no free port between 10000 and {last}")
