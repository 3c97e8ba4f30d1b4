# SPDX-License-Identifier: MIT
"""Reloads, stops and shortages in quick succession, at moments that do not suit."""
import json
import os
import resource
import signal
import socket
import time

import pytest

from harness import http
from harness.load import Load
from harness.ports import free_port
from harness.waiting import until

POOLS = """
listener www {{ bind @listen@; pool web; }}
pool web {{ {members} readiness http {{ get /healthz; interval 1s; fast_interval 50ms; }} }}
{more}
"""


def text(members, more=""):
    return POOLS.format(members=" ".join(f"member {o.name} {o.addr};" for o in members), more=more)


def leave_descriptors(a, n):
    """Takes all descriptors but `n` away, once those of the last questions are closed."""
    seen = []

    def lowest_free():
        used = {int(f) for f in os.listdir(f"/proc/{a.process.pid}/fd")}
        seen.append(min(set(range(len(used) + 1)) - used))
        return seen[-10:] == [seen[-1]] * 10
    until(lowest_free, "descriptors to settle")
    resource.prlimit(a.process.pid, resource.RLIMIT_NOFILE, (seen[-1] + n, 4096))


@pytest.mark.parametrize("busy", [False, True])
def test_a_reload_that_removes_members_and_a_stop_at_once(aorta, origins, busy):
    """The mails about the members that left find their way although the workers have ended."""
    both = origins(2)
    for _ in range(5):
        a = aorta(text(both, "shutdown_timeout 300ms;"))
        a.admin.wait_serving("web", 2)
        with a.connect() as c:
            if busy:
                c.send(http.build(target="/slow?ms=5000"))
            for _ in range(20):
                a.get()
            a.write(text(both[:1], "shutdown_timeout 300ms;"))
            a.process.signal(signal.SIGHUP)
            a.process.signal(signal.SIGTERM)
            assert a.process.wait() == 0, a.process.output()[-3000:]


def test_a_member_drains_while_the_workers_stop(aorta, origins):
    both = origins(2)
    a = aorta(text(both, "shutdown_timeout 2s;"))
    a.admin.wait_serving("web", 2)
    with a.connect() as c, a.connect() as d:
        for x in (c, d):
            x.send(http.build(target="/slow?ms=1000"))
        a.reload(text(both[:1], "shutdown_timeout 2s;"))
        a.terminate()
        assert c.read().status == 200
        assert d.read().status == 200
    assert a.process.wait() == 0


@pytest.mark.slow
def test_many_reloads_under_load_lose_nothing_and_cost_nothing(aorta, origins, sanitizer):
    trio = origins(3)
    extra = free_port()
    more = f"listener other {{ bind 127.0.0.1:{extra}; pool web; }}"
    moved = f"listener another {{ bind 127.0.0.1:{extra}; mode tcp; pool web; }}"
    a = aorta(text(trio))
    a.admin.wait_serving("web", 3)
    with Load(a.address, connections=16) as load:
        load.wait_done(100)
        sizes = []
        for i in range(120):
            members = [trio[:2], trio, trio[1:]][i % 3]
            a.write(text(members, ["", more, moved, more][i % 4]))
            # A port that the reload before has just given up may still be open for a moment.
            until(lambda: a.reload(check=False).status == 200, "the reload")
            if i in (40, 119):
                sizes.append(a.process.rss_bytes())
        load.wait_done(100)
    load.assert_clean()
    if not sanitizer:  # which keep freed memory for a while
        assert sizes[1] - sizes[0] < 4 << 20, sizes


def test_a_tunnel_outlives_its_pool(aorta, origins):
    o, = origins(1)
    tcp = free_port()
    gone = "listener www { bind @listen@; pool web; } pool web { member a @a@; }"
    a = aorta(gone + f"listener t {{ bind 127.0.0.1:{tcp}; mode tcp; pool old; }} "
              "pool old { member a @a@; drain_timeout 30s; }", a=o.addr)
    a.admin.wait_serving("old", 1)
    with http.Connection(("127.0.0.1", tcp)) as c:
        assert c.send(http.build()).read().status == 200
        a.reload(gone)
        for _ in range(3):
            assert c.send(http.build()).read().status == 200
            a.reload(gone)
        a.get()


def test_no_descriptors_left_is_no_busy_loop_and_passes(aorta, origins):
    o, = origins(1)
    a = aorta("max_connections 1000; " + text([o]))
    a.admin.wait_serving("web", 1)
    leave_descriptors(a, 12)

    def cpu():
        with open(f"/proc/{a.process.pid}/stat", encoding="ascii") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100
    clients = [socket.create_connection(a.address) for _ in range(60)]
    time.sleep(0.3)
    before = cpu()
    time.sleep(1.5)
    assert cpu() - before < 0.6, "spins while it cannot accept"
    for c in clients:
        c.close()
    until(lambda: _serves(a), "it to serve again")


def _serves(a):
    try:
        return a.get().status == 200
    except (OSError, AssertionError):
        return False


def test_without_descriptors_for_members_the_answer_is_503_overloaded(aorta, origins):
    o, p = origins(2)
    a = aorta("workers 1; max_connections 1000; " + text([o, p]).replace("interval 1s", "interval 60s"))
    a.admin.wait_serving("web", 2)
    clients = [a.connect() for _ in range(10)]
    for c in clients:  # all are accepted
        assert c.send(http.build("CONNECT", "x:1", host="x:1")).read().status == 405
    leave_descriptors(a, 0)
    r = clients[0].send(http.build()).read()
    resource.prlimit(a.process.pid, resource.RLIMIT_NOFILE, (1024, 4096))
    assert (r.status, r.get("Aorta-Error")) == (503, "overloaded")
    assert a.admin.state("web", "a") == "UP" and a.admin.state("web", "b") == "UP"
    for c in clients:
        c.close()


def test_our_own_shortage_takes_no_member_out(aorta, origins):
    o, = origins(1)
    a = aorta("workers 1; max_connections 1000; listener www { bind @listen@; mode tcp; pool web; } "
              "pool web { member a @a@; passive { connect_errors 1 down; } "
              "readiness http { get /healthz; interval 60s; rise 1; } }", a=o.addr)
    a.admin.wait_serving("web", 1)
    leave_descriptors(a, 1)  # for one client and none for its member
    for _ in range(3):
        with a.connect() as c:
            assert c.send(http.build()).is_closed()
    resource.prlimit(a.process.pid, resource.RLIMIT_NOFILE, (1024, 4096))
    assert a.admin.state("web", "a") == "UP"
    until(lambda: _serves(a), "it to serve again")


def test_sessions_in_every_state_end_with_the_process(aorta, origins):
    o, = origins(1)
    tcp = free_port()
    a = aorta(text([o], f"listener t {{ bind 127.0.0.1:{tcp}; mode tcp; pool web; }} "
                   "shutdown_timeout 1500ms;"))
    a.admin.wait_serving("web", 1)
    conns = []
    for raw in (b"", b"GET / HTTP/1.1\r\nHo", http.build(target="/slow?ms=60000"),
                http.build("POST", headers=[("Content-Length", "1000")]), http.build(),
                http.build(target="/bytes/100000000"), b"bad\r\n\r\n"):
        conns.append(a.connect().send(raw))
    conns.append(http.Connection(("127.0.0.1", tcp)))
    conns.append(http.Connection(("127.0.0.1", tcp)).send(b"GET /slow?ms=60000 HTTP/1.1\r\n"))
    time.sleep(0.2)
    start = a.terminate()
    assert a.process.wait() == 0
    assert time.monotonic() - start < 4
    for c in conns:
        c.close()


def test_a_second_signal_cuts_at_once(aorta, origins):
    o, = origins(1)
    a = aorta(text([o], "shutdown_timeout 60s;"))
    a.admin.wait_serving("web", 1)
    with a.connect() as c:
        c.send(http.build(target="/slow?ms=60000"))
        until(lambda: a.admin.metric("aorta_member_in_flight", member="a") == 1, "in flight")
        a.terminate()
        until(lambda: "accepting nothing new" in a.process.output(), "the first signal")
        start = a.terminate()
        assert a.process.wait() == 0
        assert time.monotonic() - start < 3


@pytest.mark.parametrize("path", ["/dev/full"])
def test_a_full_disk_under_the_log_holds_nobody_up(aorta, origins, path):
    o, = origins(1)
    a = aorta(text([o], f'log {{ access "{path}"; }}'))
    a.admin.wait_serving("web", 1)
    for _ in range(50):
        assert a.get().status == 200


def test_stalled_members_leave_nothing_behind(aorta, origins):
    """SIGSTOP and SIGCONT under load: nobody waits for ever, all counts return to 0."""
    pair = origins(2)
    a = aorta(text(pair))
    a.admin.wait_serving("web", 2)
    with Load(a.address, connections=20) as load:
        load.wait_done(200)
        pair[0].freeze()
        a.admin.wait_state("web", "a", "DOWN")
        load.wait_done(200)
        pair[0].thaw()
        a.admin.wait_state("web", "a", "UP")
        load.wait_done(200)
    until(lambda: a.admin.metric("aorta_member_in_flight") == 0, "counts to return to 0")
    load.assert_clean()


def test_a_listener_changes_its_mode_under_its_sessions(aorta, origins):
    o, = origins(1)
    pool = "pool web { member a @a@; } listener www { bind @listen@; mode %s; pool web; }"
    a = aorta(pool % "http", a=o.addr)
    a.admin.wait_serving("web", 1)
    with a.connect() as was_http:
        assert was_http.send(http.build()).read().status == 200
        a.reload(pool % "tcp")
        with a.connect() as is_tcp:
            assert is_tcp.send(http.build()).read().status == 200
            assert was_http.send(http.build()).read().status == 200
            a.reload(pool % "http")
            assert is_tcp.send(http.build()).read().status == 200
            assert was_http.send(http.build()).read().status == 200


def test_access_lines_of_odd_requests_are_json(aorta, origins):
    o, = origins(1)
    a = aorta(text([o], 'log { access "@access_log@"; }'))
    a.admin.wait_serving("web", 1)
    targets = ["/" + c * 6000 for c in '"\\%~\'{'] + ["/?" + '"' * 3000]
    for target in targets:
        with a.connect() as c:
            c.send(http.build(target=target, headers=[("Referer", '"' * 3000)]))
            c.read()
    until(lambda: len(a.access_log.read_text().splitlines()) == len(targets), "the lines")
    for line in a.access_log.read_text().splitlines():
        record = json.loads(line)
        assert "duration_ms" in record


def test_a_stale_unix_socket_is_no_obstacle(aorta, origins):
    o, = origins(1)
    a = aorta(text([o]))
    a.process.kill()
    a.alive = False
    a.process.start()
    a.wait_alive()
    a.admin.wait_serving("web", 1)
    assert a.get().status == 200


def test_a_second_aorta_on_the_same_port_says_so(aorta, origins, process):
    o, = origins(1)
    a = aorta(text([o]))
    second = process("second", a.process.command)
    assert second.wait() == 1
    assert "in use" in second.output() and "127.0.0.1" in second.output()
    assert a.get().status == 200


def test_stale_connections_under_load_cost_nobody_an_answer(aorta):
    """A member that closes each connection after three answers, at once or a moment later."""
    from test_attack_member import Scripted
    import random
    rng = random.Random(7)

    class Closing(Scripted):
        def _serve(self, c):
            data, n = b"", 0
            try:
                while n < 3:
                    while b"\r\n\r\n" not in data:
                        more = c.recv(65536)
                        if not more:
                            return
                        data += more
                    _, data = data.split(b"\r\n\r\n", 1)
                    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                    n += 1
                time.sleep(rng.choice([0, 0, 0.0005]))
            except OSError:
                pass
            finally:
                c.close()
    with Closing(None) as m:
        a = aorta("listener www { bind @listen@; pool web; } pool web { member m @m@; "
                  "readiness tcp { interval 1s; } }", m=m.addr)
        a.admin.wait_serving("web", 1)
        with Load(a.address, connections=8) as load:
            load.wait_done(2000)
        load.assert_clean()
        assert a.admin.metric("aorta_member_in_flight") == 0


def test_a_member_that_falls_twice_is_noticed_by_traffic_twice(aorta, origins):
    a_, b_ = origins(2)
    a = aorta("listener www { bind @listen@; pool web; } pool web { member a @a@; member b @b@; "
              "passive { connect_errors 1 down; } readiness http { get /healthz; interval 60s; "
              "fast_interval 50ms; down_interval 50ms; timeout 1s; rise 1; } }", a=a_.addr, b=b_.addr)
    a.admin.wait_serving("web", 2)
    for _ in range(3):
        a_.kill()
        for _ in range(4):
            assert a.get().status == 200
        a.admin.wait_state("web", "a", "DOWN", 3)
        a_.start()
        a.admin.wait_state("web", "a", "UP")
