# SPDX-License-Identifier: MIT
"""
The admin side by itself, with a made-up world behind it (tests/unit/admin/harness): rude and slow
clients, limits, orders that end late, badly or never, and what aortactl makes of all that.
"""
import json
import os
import re
import signal
import socket
import stat
import subprocess
import time

import pytest

from harness import http
from harness.process import BUILD, REPORT
from harness.waiting import DEADLINE, until

TOKEN = "server-test-token"
CONF = """
admin { bind 127.0.0.1:9900; socket "@dir@/s"; token @token@; }
probe ready http { get /readyz; rise 2; fall 3; }
pool web { member a 127.0.0.1:81; member b 127.0.0.1:82; readiness ready; liveness tcp; }
pool api { member c 127.0.0.1:83; }
listener www { bind 127.0.0.1:84; pool web; }
"""
TCP_MAX, LOCAL_MAX = 56, 8  # src/admin/server.h


class Harness:
    """Owns the program; its commands are in tests/unit/admin/harness.c."""

    def __init__(self, directory, text=CONF, history=1000, prefix=()):
        self.path = str(directory / "s")
        self.errors = directory / "harness.err"
        file = directory / "harness.conf"
        file.write_text(text.replace("@dir@", str(directory)).replace("@token@", TOKEN))
        with open(self.errors, "wb") as errors:
            self.child = subprocess.Popen([*prefix, BUILD / "tests/unit/admin/harness", file, str(history)],
                                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
                                          text=True)
        line = self.child.stdout.readline().strip()
        assert line, self.errors.read_text()
        self.address = ("127.0.0.1", int(line))
        self.url = f"http://127.0.0.1:{line}"

    def do(self, *lines):
        for line in lines:
            self.child.stdin.write(line + "\n")
            self.child.stdin.flush()
            assert self.child.stdout.readline() == "ok\n", self.errors.read_text()

    def all_up(self):
        self.do(*(f"state {m} UP" for m in ("web/a", "web/b", "api/c")))

    def ask(self, target, method="GET", headers=(), body=None, unix=False):
        return http.request(self.path if unix else self.address, method, target, headers=headers,
                            body=body, host="localhost")

    def post(self, target):
        return self.ask(target, "POST", body=b"", unix=True)

    def json(self, target):
        answer = self.ask(target)
        assert answer.status == 200, answer.text
        return json.loads(answer.body)

    def ctl(self, *words, **how):
        return subprocess.run([BUILD / "aortactl", "-s", self.path, *words], capture_output=True,
                              text=True, timeout=30, check=False, **how)

    def alive(self):
        assert self.ask("/livez", unix=True).status == 200

    def stop(self):
        self.child.stdin.close()
        try:
            code = self.child.wait(DEADLINE)
        finally:
            if self.child.poll() is None:
                self.child.kill()
                self.child.wait()
        text = self.errors.read_text()
        assert not REPORT.search(text) and code == 0, f"{code}: {text[-4000:]}"


@pytest.fixture(name="start")
def fixture_start(tmp_path):
    if not (BUILD / "tests/unit/admin/harness").exists():
        pytest.skip("tests/unit/admin/harness is not built")
    started = []

    def start(**how):
        started.append(Harness(tmp_path, **how))
        return started[-1]
    yield start
    for h in started:
        h.stop()


@pytest.fixture(name="h")
def fixture_h(start):
    h = start()
    h.all_up()
    return h


# ---- requests, odd and large ----

def test_a_request_that_drips_in_is_answered(h):
    with http.Connection(h.address) as c:
        for byte in http.build(target="/livez", host="localhost", headers=[("X-Long", "y" * 300)]):
            c.send(bytes([byte]))
        assert c.read().status == 200


@pytest.mark.parametrize("size,status", [(7900, 200), (8300, 431), (200000, 431)])
def test_heads_are_bounded(h, size, status):
    request = http.build(target="/livez", host="localhost", headers=[("X", "y" * size)])
    with http.Connection(h.address) as c:
        try:
            c.send(request)
        except OSError:
            pass  # closed while we were still sending
        assert c.read().status == status
    h.alive()


@pytest.mark.parametrize("size,status", [(0, 200), (4096, 200), (4097, 413), (10 ** 12, 413)])
def test_bodies_are_bounded(h, size, status):
    head = http.build("POST", "/api/v1/reload", host="localhost",
                      headers=[("Content-Length", str(size)), ("Authorization", f"Bearer {TOKEN}")])
    with http.Connection(h.address) as c:
        c.send(head)
        c.send(b"x" * min(size, 4096))
        assert c.read().status == status


def test_a_body_before_its_answer_and_another_request_behind_it(h):
    with http.Connection(h.path) as c:
        c.send(http.build("POST", "/api/v1/reload", body=b"GET /metrics HTTP/1.1\r\n\r\n", host="localhost")
               + http.build(target="/livez", host="localhost"))
        assert json.loads(c.read().body)["reloaded"] is True
        assert c.read().body == b"ok"


def test_chunked_bodies_are_refused(h):
    with http.Connection(h.path) as c:
        c.send(http.build("POST", "/api/v1/reload", host="localhost",
                          headers=[("Transfer-Encoding", "chunked")]) + b"0\r\n\r\n")
        assert c.read().status == 411
        assert c.is_closed()


def test_expect_100_continue(h):
    with http.Connection(h.path) as c:
        c.send(http.build("POST", "/api/v1/reload", host="localhost",
                          headers=[("Content-Length", "3"), ("Expect", "100-continue")]))
        assert c.read(interim=False).status == 100
        assert c.send(b"abc").read().status == 200


def test_head_is_get_without_the_body(h):
    with http.Connection(h.address) as c:
        c.send(http.build("HEAD", "/?text", host="localhost"))
        head = c.read("HEAD")
        assert head.status == 200 and int(head.get("Content-Length")) > 100
        assert c.send(http.build(target="/livez", host="localhost")).read().body == b"ok"


@pytest.mark.parametrize("method,target,allow", [
    ("DELETE", "/", "GET, HEAD"), ("POST", "/metrics", "GET, HEAD"), ("GET", "/api/v1/reload", "POST"),
    ("OPTIONS", "/api/v1/pools", "GET, HEAD"), ("GET", "/api/v1/pools/web/members/a/drain", "POST")])
def test_wrong_methods_name_the_right_one(h, method, target, allow):
    answer = h.ask(target, method)
    assert (answer.status, answer.get("Allow")) == (405, allow)
    assert json.loads(answer.body)["error"]


@pytest.mark.parametrize("target,status,hint", [
    ("/api/v1/pools/wen", 404, "Did you mean web?"), ("/api/v1/pools/web/members/aa", 404, "Did you mean a?"),
    ("/?pool=wen", 404, "Did you mean web?"), ("/?pool=web&member=zzzzzz", 404, None),
    ("/?text&pool=wen", 404, "Did you mean web?"), ("/api/v1/events?pool=wen", 404, "Did you mean web?"),
    ("/nothing", 404, "GET /api lists what there is."), ("/api/v1/pools/%00", 404, None),
    ("/api/v1/pools/" + "x" * 200, 404, None), ("/api/v1/events?since=x", 400, None),
    ("/api/v1/events?limit=0", 400, None), ("/readyz/nothing", 404, None)])
def test_mistakes_are_told_in_json(h, target, status, hint):
    answer = h.ask(target)
    assert answer.status == status
    told = json.loads(answer.body)
    assert told["error"]
    if hint:
        assert told["hint"] == hint


def test_http_1_0_is_closed_unless_asked_to_be_kept(h):
    with http.Connection(h.address) as c:
        answer = c.send(http.build(target="/livez", version="HTTP/1.0", host=None)).read()
        assert answer.get("Connection") == "close" and c.is_closed()
    with http.Connection(h.address) as c:
        for _ in range(2):
            c.send(http.build(target="/livez", version="HTTP/1.0", host=None, headers=[("Connection", "keep-alive")]))
            assert c.read().status == 200


# ---- slow and many ----

@pytest.mark.slow
def test_a_request_that_never_ends_is_408_and_an_idle_connection_is_closed(h):
    start = time.monotonic()
    with http.Connection(h.address, timeout=20) as slow, http.Connection(h.address, timeout=20) as idle:
        slow.send(b"GET /livez HTTP/1.1\r\nHost: loc")
        assert slow.read().status == 408
        assert idle.is_closed()
    assert 9 < time.monotonic() - start < 20


def test_a_client_that_does_not_read_holds_nobody_up(h):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.connect(h.address)
        s.sendall(http.build(target="/metrics", host="localhost") * 50)
        start = time.monotonic()
        for _ in range(20):
            assert h.ask("/?text").status == 200
        assert time.monotonic() - start < DEADLINE
    h.alive()


def test_idle_connections_make_room_for_new_ones(h):
    idle = [http.Connection(h.address) for _ in range(TCP_MAX)]
    for c in idle:
        assert c.send(http.build(target="/livez", host="localhost")).read().status == 200
    with http.Connection(h.address) as c:
        assert c.send(http.build(target="/livez", host="localhost")).read().status == 200
    assert idle.pop(0).is_closed(), "the one that was idle longest"
    assert idle[-1].send(http.build(target="/livez", host="localhost")).read().status == 200
    for c in idle:
        c.close()


def test_busy_connections_are_bounded_and_the_socket_is_kept_free(h):
    busy = [http.Connection(h.address).send(b"GET /livez HTTP/1.1\r\n") for _ in range(TCP_MAX)]
    # Only when all of them have been read from is there nobody to give up for a new one.
    until(lambda: h.ask("/livez").status == 503, "the server to be full")
    h.alive()
    assert "web" in h.ctl("status").stdout
    busy.pop().close()
    until(lambda: h.ask("/livez").status == 200, "room again")
    for c in busy:
        c.close()


def test_the_page_is_reachable_without_descriptors(start):
    h = start(prefix=("prlimit", "--nofile=64"))
    h.all_up()
    h.do("hog")
    for _ in range(20):
        assert h.ask("/?text").status == 200
        h.alive()
    # All of those held back are taken by somebody who says nothing: he has to go for the next.
    idle = [http.Connection(h.address) for _ in range(5)]
    assert h.ask("/?text").status == 200
    for c in idle:
        c.close()
    h.alive()


# ---- orders ----

@pytest.mark.parametrize("pace", ["prompt", "late"])
@pytest.mark.parametrize("order,state", [("drain", "DRAINING"), ("maint", "MAINT"), ("ready", "UP")])
def test_an_order_is_answered_when_it_is_done(h, pace, order, state):
    h.do(pace)
    answer = h.post(f"/api/v1/pools/web/members/a/{order}")
    assert answer.status == 200
    told = json.loads(answer.body)
    assert (told["done"], told["member"]["state"]) == (order, state)
    assert told["member"]["evidence"]["note"].startswith("uid ")


def test_who_ordered_is_recorded(h):
    assert h.ctl("drain", "web/a").returncode == 0
    event = h.json("/api/v1/events?transitions=1&limit=1")["events"][0]
    assert event["note"] == f"aortactl, uid {os.getuid()}"
    assert event["source"] == "ADMIN" and (event["from"], event["to"]) == ("UP", "DRAINING")


def test_a_probe_on_demand(h):
    h.do("late")
    answer = h.post("/api/v1/pools/api/members/c/probe")
    assert json.loads(answer.body)["done"] == "probe"


def test_an_order_that_is_refused_is_409(h):
    h.do("refuse")
    answer = h.post("/api/v1/pools/web/members/a/drain")
    assert answer.status == 409 and "the engine is stopping" in json.loads(answer.body)["error"]
    result = h.ctl("drain", "web/a")
    assert result.returncode == 1 and "the engine is stopping" in result.stderr


@pytest.mark.slow
def test_an_order_that_never_ends_is_504(h):
    h.do("mute")
    start = time.monotonic()
    answer = h.post("/api/v1/pools/web/members/a/drain")
    assert answer.status == 504 and json.loads(answer.body)["hint"]
    assert 4.5 < time.monotonic() - start < 10
    h.do("prompt")
    assert h.post("/api/v1/pools/web/members/a/drain").status == 200


def test_a_client_that_leaves_before_its_answer(h):
    h.do("late")
    for _ in range(20):
        with http.Connection(h.path) as c:
            c.send(http.build("POST", "/api/v1/pools/web/members/a/drain", host="localhost", body=b""))
    until(lambda: h.json("/api/v1/pools/web/members/a")["state"] == "DRAINING", "the order")
    h.alive()


def test_orders_and_reads_in_one_pipeline_are_answered_in_order(h):
    h.do("late")
    read = http.build(target="/api/v1/pools/web/members/a", host="localhost")
    with http.Connection(h.path) as c:
        c.send(read + http.build("POST", "/api/v1/pools/web/members/a/drain", host="localhost", body=b"") + read)
        states = [json.loads(c.read().body) for _ in range(3)]
    assert [s.get("state") or s["member"]["state"] for s in states] == ["UP", "DRAINING", "DRAINING"]


def test_a_reload_that_fails_says_why(h):
    h.do("file broken")
    answer = h.post("/api/v1/reload")
    told = json.loads(answer.body)
    assert answer.status == 422 and told["reloaded"] is False and "aorta.conf:3:1" in told["report"]
    result = h.ctl("reload")
    assert result.returncode == 1 and "aorta.conf:3:1" in result.stderr
    h.do("file good")
    assert h.ctl("reload").stdout == "reloaded\nnothing changed\n"


# ---- the history ----

def test_events_go_on_from_the_last_one_seen(start):
    h = start(history=16)
    h.all_up()
    first = h.json("/api/v1/events")
    assert [e["to"] for e in first["events"]] == ["UP"] * 3 and first["missed"] is False
    h.do("state web/a DOWN", *["fail web/b L7STS"] * 5)
    newer = h.json(f"/api/v1/events?since={first['last']}&limit=4")["events"]
    assert [e["transition"] for e in newer] == [True, False, False, False]
    h.do(*["fail web/b L4CON"] * 40)
    later = h.json(f"/api/v1/events?since={first['last']}")
    assert later["missed"] is True and later["events"][0]["to"] == "DOWN"
    only = h.json("/api/v1/events?transitions=1&pool=web&member=a")["events"]
    assert [e["to"] for e in only] == ["UP", "DOWN"]


def test_evidence_is_whole(h):
    h.do("state web/a DOWN")
    member = h.json("/api/v1/pools/web/members/a")
    e = member["evidence"]
    assert (e["source"], e["from"], e["to"], e["streak"], e["needed"]) == ("READINESS", "UP", "DOWN", 3, 3)
    f = e["finding"]
    assert (f["code"], f["phase"], f["errno_name"]) == ("L4CON", "connect", "ECONNREFUSED")
    assert f["connect_us"] is None and f["total_us"] == 240
    assert member["why"] == e["sentence"] and "ECONNREFUSED" in member["why"]
    role = member["roles"]["readiness"]
    assert (role["passing"], role["progress"]) == (False, {"have": 0, "need": 2, "toward": "rise"})
    assert member["changes"][-1] == e


# ---- what is shown ----

def test_page_text_and_api_agree(h):
    h.do("state web/b DOWN", "inflight api/c 7", "state api/c DRAINING ADMIN", "traffic web/a 100 1500 bad")
    page, text, api = h.ask("/").text, h.ask("/?text").text, h.json("/api/v1/pools")
    plain = re.sub(r"\s+", " ", text)
    for headline in api["headlines"]:
        start = headline["text"].split(", since")[0]
        assert start in plain and start in page.replace("&quot;", '"')
    assert "1 of 2 members of pool web is DOWN: b" in api["headlines"][1]["text"]
    assert "7 in flight" in text and "7 in flight" in page


def test_what_members_say_is_escaped(h):
    h.do("fail web/a L7STS")
    page = h.ask("/").text
    assert "<b>&quot;sorry&quot;" not in page and "<b>\"sorry" not in page
    assert "&lt;b&gt;" in page
    h.ask("/api/v1/pools/web/members/a/drain", "POST", [("User-Agent", "<img>")], b"", unix=True)
    page = h.ask("/").text
    assert "<img>" not in page and "&lt;img&gt;" in page


def test_only_what_is_wrong(h):
    h.do("state web/b DOWN")
    for target in ("/?only=wrong", "/?text&only=wrong"):
        text = h.ask(target).text
        assert "127.0.0.1:82" in text and "127.0.0.1:81" not in text and "127.0.0.1:83" not in text


def test_one_pool_and_one_member(h):
    assert "127.0.0.1:83" not in h.ask("/?pool=web").text
    page = h.ask("/?pool=web&member=a").text
    assert "127.0.0.1:81" in page and "127.0.0.1:82" not in page


def test_the_page_asks_nothing_of_anybody_else(h):
    answer = h.ask("/")
    policy = answer.get("Content-Security-Policy")
    nonce = re.search(r"script-src 'nonce-([0-9a-f]{32})'", policy)[1]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.text.count(f'nonce="{nonce}"') == 2
    assert re.search(r"script-src 'nonce-([0-9a-f]{32})'", h.ask("/").get("Content-Security-Policy"))[1] != nonce
    assert " style=" not in answer.text and " onclick" not in answer.text
    links = re.findall(r'(?:href|src|action)="([^"]*)"', answer.text)
    assert links and all(link.startswith(("/", "data:")) for link in links)


@pytest.mark.parametrize("scene", [[], ["state web/a UP", "state web/b DOWN", "traffic web/a 300 900 bad", "own www 4"]])
def test_metrics_are_valid_at_any_time(start, scene):
    h = start()
    h.do(*scene)
    text = h.ask("/metrics").text
    result = subprocess.run(["promtool", "check", "metrics"], input=text, text=True, capture_output=True,
                            timeout=30, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    samples = [line.rsplit(" ", 1)[0] for line in text.splitlines() if not line.startswith("#")]
    assert len(samples) == len(set(samples)), "a series twice"
    buckets = [int(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if line.startswith('aorta_member_latency_seconds_bucket{pool="web",member="a"')]
    assert buckets == sorted(buckets) and buckets[-1:] == ([300] if scene else [])


def test_checks_in_kubernetes_form(h):
    h.do("ready no")
    answer = h.ask("/readyz")
    assert answer.status == 503
    assert answer.text == ("[+]workers ok\n[+]health ok\n[-]pool:web failed: no member serves\n"
                           "readyz check failed\n")
    assert h.ask("/readyz?exclude=pool:web").text == "ok"
    assert h.ask("/readyz?verbose&exclude=pool:web&exclude=x").text == (
        "[+]workers ok\n[+]health ok\n[+]pool:web excluded: ok\n"
        "warn: some health checks cannot be excluded: no matches for \"x\"\nreadyz check passed\n")
    assert h.ask("/readyz/pool:web").status == 503 and h.ask("/readyz/workers").text == "ok"
    assert h.ask("/livez?verbose").text == "[+]workers ok\n[+]health ok\nlivez check passed\n"
    assert h.ask("/livez/pool:web").status == 404


# ---- the Unix socket ----

def test_the_socket_is_for_owner_and_group_and_goes_with_us(start, tmp_path):
    h = start()
    assert stat.S_IMODE(os.stat(h.path).st_mode) == 0o660
    h.child.send_signal(signal.SIGCONT)
    h.stop()
    assert not os.path.exists(h.path)
    h.stop = lambda: None


def test_a_stale_socket_is_replaced_and_a_live_one_is_not(start, tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))
        old.listen(1)
        second = subprocess.run([BUILD / "tests/unit/admin/harness", _conf(tmp_path)], stdin=subprocess.DEVNULL,
                                capture_output=True, text=True, timeout=30, check=False)
        assert second.returncode != 0 and "in use" in second.stderr and str(path) in second.stderr
    assert path.exists(), "the stale file is there"
    start().alive()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path):
    path = tmp_path / "s"
    path.write_text("precious")
    result = subprocess.run([BUILD / "tests/unit/admin/harness", _conf(tmp_path)], stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode != 0 and path.read_text() == "precious"


def _conf(directory):
    file = directory / "second.conf"
    file.write_text(CONF.replace("@dir@", str(directory)).replace("@token@", TOKEN))
    return file


# ---- aortactl ----

def test_ctl_over_tcp_needs_the_token_for_changes(h, tmp_path):
    def ctl(*words):
        return subprocess.run([BUILD / "aortactl", "-a", f"127.0.0.1:{h.address[1]}", *words],
                              capture_output=True, text=True, timeout=30, check=False)
    assert ctl("status").returncode == 0
    refused = ctl("drain", "web/a")
    assert refused.returncode == 1 and "token" in refused.stderr
    assert ctl("-t", "wrong", "drain", "web/a").returncode == 1
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    assert ctl("-t", f"file:{token}", "drain", "web/a").returncode == 0
    assert ctl("-t", TOKEN, "ready", "web/a").stdout == "web/a is UP\n"


def test_ctl_drain_waits_and_shows_progress(h):
    h.do("inflight web/a 3")
    with subprocess.Popen([BUILD / "aortactl", "-s", h.path, "drain", "web/a", "--wait", "--timeout", "30"],
                          stdout=subprocess.PIPE, text=True) as ctl:
        assert ctl.stdout.readline().startswith("web/a is DRAINING, 3 in flight, cut in ")
        h.do("inflight web/a 1")
        assert ctl.stdout.readline().startswith("web/a is DRAINING, 1 in flight, cut in ")
        h.do("inflight web/a 0")
        assert ctl.stdout.readline() == "web/a is DRAINING, 0 in flight\n"
        assert ctl.wait(DEADLINE) == 0


def test_ctl_wait_gives_up(h):
    h.do("inflight web/a 3")
    result = h.ctl("drain", "web/a", "--wait", "--timeout", "1")
    assert result.returncode == 1 and "not done after 1 s" in result.stderr


def test_ctl_follows_events(h):
    with subprocess.Popen([BUILD / "aortactl", "-s", h.path, "events", "--follow", "--changes", "--json",
                           "--limit", "1"], stdout=subprocess.PIPE, text=True) as ctl:
        try:
            assert json.loads(ctl.stdout.readline())["member"] == "c"
            h.do("state web/a DOWN", "fail web/b L7STS", "state web/b DOWN")
            assert [json.loads(ctl.stdout.readline())["member"] for _ in range(2)] == ["a", "b"]
        finally:
            ctl.terminate()


def test_ctl_why_is_a_tree_of_all_there_is(h):
    h.do("state web/a DOWN", "traffic web/a 50 2000 good")
    text = h.ctl("why", "web/a").stdout
    lines = text.splitlines()
    assert lines[0] == "web/a (127.0.0.1:81) is DOWN: judged unable to serve"
    for part in ("|- since ", "|- because 3 of 3 readiness probes failed at connect", "READINESS, UP -> DOWN",
                 "operator   ready", "readiness  fails, 0 of 2 to rise", "last good ", "|- traffic: ",
                 "is given no new work", "UP -> DOWN: "):
        assert part in text, part


@pytest.mark.parametrize("words,code", [
    (["status", "wen"], 1), (["status", "a", "b"], 2), (["why"], 2), (["why", "web"], 2), (["why", "a/b/c"], 2),
    (["drain", "web/a", "--follow"], 2), (["status", "--wait"], 2), (["events", "--since", "x"], 2),
    (["drain", "web/a", "--timeout", "3"], 2), (["--nonsense"], 2), (["status", "-t", "x"], 2), (["frob"], 2)])
def test_ctl_exit_codes(h, words, code):
    result = h.ctl(*words)
    assert result.returncode == code and result.stderr and not result.stdout


def test_ctl_says_what_it_cannot_reach(tmp_path):
    env = dict(os.environ, AORTA_SOCKET=str(tmp_path / "none"))
    result = subprocess.run([BUILD / "aortactl", "status"], env=env, capture_output=True, text=True, timeout=30,
                            check=False)
    assert result.returncode == 3 and str(tmp_path / "none") in result.stderr and "running" in result.stderr
    result = subprocess.run([BUILD / "aortactl", "-a", "127.0.0.1:1", "status"], capture_output=True, text=True,
                            timeout=30, check=False)
    assert result.returncode == 3 and "127.0.0.1:1" in result.stderr


@pytest.mark.parametrize("words", [["status"], ["status", "web"], ["why", "web/a"], ["events"], ["listeners"], ["metrics"],
                                   ["version"], ["reload"], ["drain", "web/a"], ["probe", "web/b"]])
def test_ctl_speaks_json_everywhere(h, words):
    result = h.ctl("--json", *words)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)
