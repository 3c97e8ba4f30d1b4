# SPDX-License-Identifier: MIT
"""mode tcp: bytes in, the same bytes out; ends, stalls and timeouts of both sides."""
import glob
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading

import pytest

from harness.ports import free_port
from harness.waiting import until

CONF = """
listener relay { bind @listen@; mode tcp; pool back; }
pool back { member a 127.0.0.1:@back@; readiness none; @pool@ }
"""


class Server:
    """A TCP server whose sessions are run by a function of the test."""

    def __init__(self, session):
        self.socket = socket.create_server(("127.0.0.1", free_port()))
        self.port = self.socket.getsockname()[1]
        self.session = session
        self.errors = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(s,), daemon=True).start()

    def _run(self, s):
        try:
            with s:
                self.session(s)
        except OSError as e:
            self.errors.append(e)


@pytest.fixture
def relay(aorta):
    """relay(session, pool=""): aorta before a server of the test's own."""
    servers = []

    def start(session, pool=""):
        server = Server(session)
        servers.append(server)
        return aorta(CONF, back=server.port, pool=pool), server
    yield start
    for server in servers:
        server.socket.close()


def read_all(s):
    data = []
    while True:
        piece = s.recv(262144)
        if not piece:
            return b"".join(data)
        data.append(piece)


def echo(s):
    while True:
        data = s.recv(65536)
        if not data:
            return
        s.sendall(data)


def test_bytes_go_both_ways(relay):
    a, _ = relay(echo)
    with socket.create_connection(a.address, 10) as s:
        for i in range(100):
            s.sendall(b"%d" % i)
            assert s.recv(100) == b"%d" % i


def test_megabytes_arrive_unchanged(relay):
    a, _ = relay(echo)
    data = os.urandom(1 << 20) * 8
    with socket.create_connection(a.address, 30) as s:
        threading.Thread(target=lambda: (s.sendall(data), s.shutdown(socket.SHUT_WR)),
                         daemon=True).start()
        assert read_all(s) == data


def test_client_half_closes_first(relay):
    def answer_after_end(s):
        s.sendall(b"got %d" % len(read_all(s)))
    a, _ = relay(answer_after_end)
    with socket.create_connection(a.address, 10) as s:
        s.sendall(b"x" * 100000)
        s.shutdown(socket.SHUT_WR)
        assert read_all(s) == b"got 100000"


def test_server_half_closes_first(relay):
    got = []

    def greet_and_listen(s):
        s.sendall(b"hello")
        s.shutdown(socket.SHUT_WR)
        got.append(read_all(s))
    a, _ = relay(greet_and_listen)
    with socket.create_connection(a.address, 10) as s:
        assert read_all(s) == b"hello"
        s.sendall(b"still talking")
        s.shutdown(socket.SHUT_WR)
        until(lambda: got == [b"still talking"], "the server to get the rest")


def test_server_that_speaks_first(relay):
    a, _ = relay(lambda s: s.sendall(b"220 ready\r\n"))
    with socket.create_connection(a.address, 10) as s:
        assert read_all(s) == b"220 ready\r\n"


def test_reset_is_passed_on(relay):
    import struct

    def reset(s):
        s.recv(10)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    a, _ = relay(reset)
    with socket.create_connection(a.address, 10) as s:
        s.sendall(b"x")
        try:
            assert s.recv(10) == b""
        except ConnectionResetError:
            pass


def test_stalled_reader_holds_memory_flat(relay, sanitizer):
    if sanitizer:
        pytest.skip("memory figures mean nothing under a sanitizer")
    sent = [0]

    def flood(s):
        block = b"x" * 65536
        while True:
            sent[0] += s.send(block)
    a, _ = relay(flood)
    before = a.process.rss_bytes()
    with socket.create_connection(a.address, 10) as s:
        seen = []

        def stalled():
            seen.append(sent[0])
            return len(seen) > 30 and seen[-30] == seen[-1]
        until(stalled, "the sender to be held back", every=0.02)
        assert sent[0] < 64 << 20
        assert a.process.rss_bytes() - before < 8 << 20
        assert len(s.recv(65536)) > 0
        until(lambda: s.recv(1 << 20) and sent[0] > seen[-1], "bytes to flow again")


def test_idle_session_is_closed(relay):
    a, _ = relay(echo, pool="idle_timeout 300ms;")
    with socket.create_connection(a.address, 10) as s:
        for _ in range(5):  # as long as there are bytes it lives
            s.sendall(b"x")
            assert s.recv(1) == b"x"
            assert not threading.Event().wait(0.1)
        assert s.recv(1) == b""


def test_refused_member_is_passed_over(aorta):
    server = Server(echo)
    a = aorta("""listener relay { bind @listen@; mode tcp; pool back; }
                 pool back { member dead 127.0.0.1:@dead@; member a 127.0.0.1:@back@;
                             readiness none; }""", back=server.port, dead=free_port())
    for _ in range(6):
        with socket.create_connection(a.address, 10) as s:
            s.sendall(b"x")
            assert s.recv(1) == b"x"
    server.socket.close()


def test_no_member_closes_the_connection(aorta):
    a = aorta("""listener relay { bind @listen@; mode tcp; pool back; }
                 pool back { member dead 127.0.0.1:@dead@; readiness none; }""", dead=free_port())
    try:
        with socket.create_connection(a.address, 10) as s:
            assert s.recv(1) == b""
    except ConnectionResetError:
        pass


def test_sessions_are_counted(relay):
    a, _ = relay(echo)
    with socket.create_connection(a.address, 10) as s:
        s.sendall(b"12345")
        assert s.recv(5) == b"12345"
        assert a.admin.member("back", "a")["traffic"]["in_flight"] == 1
        assert a.admin.metric("aorta_listener_connections", listener="relay") == 1
    until(lambda: a.admin.member("back", "a")["traffic"]["in_flight"] == 0, "the session to end")
    until(lambda: a.admin.metric("aorta_member_received_bytes_total", member="a") == 5,
          "the bytes to be counted")


# ---- PostgreSQL ----

def postgres_programs():
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return os.path.dirname(found[-1]) if found and shutil.which("psql") else None


@pytest.fixture
def postgres(process):
    """A private cluster on a port of its own; the port and how to stop and start it."""
    programs = postgres_programs()
    if not programs:
        pytest.skip("PostgreSQL is not installed")
    root = os.getuid() == 0
    directory = tempfile.mkdtemp(prefix="aorta-pg-")  # pytest's own is closed to other users
    if root:
        user = pwd.getpwnam("postgres")
        os.chown(directory, user.pw_uid, user.pw_gid)
    change_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if root else []
    port = free_port()
    data = f"{directory}/data"
    subprocess.run([*change_user, f"{programs}/initdb", "-D", data, "-U", "tester", "-A", "trust",
                    "--no-sync", "--locale=C"], check=True, capture_output=True, timeout=120,
                   cwd=directory)
    server = process("postgres", [*change_user, f"{programs}/postgres", "-D", data, "-p", str(port),
                                  "-k", directory, "-h", "127.0.0.1", "-c", "fsync=off"],
                     cwd=directory)
    server.wait_output("ready to accept connections")
    yield port
    # Immediate shutdown, so that no session can hold it up; then the `process` fixture waits.
    if server.code is None:
        server.signal(3)
        server.wait()
    shutil.rmtree(directory, ignore_errors=True)


def psql(port, sql, check=True):
    result = subprocess.run(["psql", "-X", "-A", "-t", "-h", "127.0.0.1", "-p", str(port), "-U",
                             "tester", "-d", "postgres", "-c", sql], capture_output=True, text=True,
                            timeout=60, check=False)
    if check:
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()
    return result


def test_postgresql_through_mode_tcp(aorta, postgres):
    a = aorta("""listener db { bind @listen@; mode tcp; pool pg; }
                 pool pg { member pg1 127.0.0.1:@pg@;
                           readiness tcp { interval 200ms; timeout 200ms; } }""", pg=postgres)
    a.admin.wait_state("pg", "pg1", "UP")
    assert psql(a.port, "select 6 * 7") == "42"
    psql(a.port, "create table t as select i, repeat('x', 1000) as filler "
                 "from generate_series(1, 20000) i")
    assert psql(a.port, "select count(*), sum(length(filler)) from t") == "20000|20000000"
    assert len(psql(a.port, "copy t to stdout")) > 20_000_000
    results = []
    threads = [threading.Thread(target=lambda: results.append(
        psql(a.port, "select pg_sleep(0.2), 'done'"))) for _ in range(10)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert results == ["|done"] * 10
    failed = psql(a.port, "select no_such_column", check=False)
    assert failed.returncode != 0 and "no_such_column" in failed.stderr
