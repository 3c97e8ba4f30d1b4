# SPDX-License-Identifier: MIT
"""Programs that are not ours on both sides: nginx and Python's http.server, curl and Python."""
import hashlib
import http.client
import sys

import pytest
import requests

from harness.ports import free_port
from harness.waiting import until

NGINX = """
daemon off; master_process off; pid {dir}/nginx.pid; error_log stderr;
events {{ worker_connections 512; }}
http {{
    access_log off; client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy;
    fastcgi_temp_path {dir}/fastcgi; uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
    keepalive_timeout {keepalive};
    gzip on; gzip_types *; gzip_min_length 100; gzip_proxied any;
    server {{ listen 127.0.0.1:{port}; root {root};
              location = /put {{ client_max_body_size 100m; return 204; }} }}
}}
"""
CONF = """
listener www { bind @listen@; pool web; }
pool web { member m 127.0.0.1:@member@; readiness http { get /small; interval 200ms; timeout 200ms; } }
"""


@pytest.fixture
def files(tmp_path):
    root = tmp_path / "www"
    root.mkdir(mode=0o755)
    for parent in root.parents:  # nginx's worker may not be root
        if parent == tmp_path.parent.parent:
            break
        parent.chmod(0o755)
    (root / "small").write_bytes(b"small file\n")
    (root / "large").write_bytes(bytes(range(256)) * 20000)
    return root


@pytest.fixture
def nginx(process, files, tmp_path):
    def start(keepalive="75s"):
        port = free_port()
        conf = tmp_path / "nginx.conf"
        conf.write_text(NGINX.format(dir=tmp_path, port=port, root=files, keepalive=keepalive))
        process("nginx", ["nginx", "-c", conf, "-p", tmp_path])
        return port
    return start


@pytest.fixture
def member(request, nginx, process, files):
    """The port of the member of this kind."""
    if request.param == "nginx":
        return nginx()
    port = free_port()
    process("http.server", [sys.executable, "-m", "http.server", "--bind", "127.0.0.1",
                            "--directory", files, port])
    return port


BOTH = pytest.mark.parametrize("member", ["nginx", "http.server"], indirect=True)


@pytest.fixture
def a(aorta, member):
    started = aorta(CONF, member=member)
    started.admin.wait_state("web", "m", "UP")
    return started


@BOTH
def test_curl(a, run, files, tmp_path):
    out = tmp_path / "out"
    text = run("curl", "-s", "-w", "%{http_code} %{size_download}\n", "-o", str(out), f"{a.url}/large",
               "-o", "/dev/null", f"{a.url}/small", "-o", "/dev/null", f"{a.url}/missing")
    assert [line.split()[0] for line in text.splitlines()] == ["200", "200", "404"]
    assert out.read_bytes() == (files / "large").read_bytes()
    assert "HTTP/1.1 200" in run("curl", "-sI", f"{a.url}/small")
    assert run("curl", "-s0", f"{a.url}/small") == "small file\n"
    # HTTP/1.0 without Host: as 1.1 a member would have to refuse it.
    assert run("curl", "-s0", "-H", "Host:", f"{a.url}/small") == "small file\n"


@BOTH
def test_python_client_with_keep_alive(a):
    with requests.Session() as session:
        for _ in range(50):
            answer = session.get(f"{a.url}/small", timeout=10)
            assert (answer.status_code, answer.text) == (200, "small file\n")
    assert a.admin.metric("aorta_listener_accepted_total", listener="www") == 1


@BOTH
def test_http_client(a, files):
    connection = http.client.HTTPConnection("127.0.0.1", a.port, timeout=10)
    for _ in range(5):
        connection.request("GET", "/large")
        answer = connection.getresponse()
        assert answer.status == 200
        assert hashlib.sha256(answer.read()).digest() == \
            hashlib.sha256((files / "large").read_bytes()).digest()
    connection.close()


@pytest.mark.parametrize("member", ["nginx"], indirect=True)
def test_ranges_conditions_and_compression_pass(a, files):
    r = requests.get(f"{a.url}/large",
                     headers={"Range": "bytes=100-199", "Accept-Encoding": "identity"}, timeout=10)
    assert (r.status_code, len(r.content)) == (206, 100)
    etag = requests.head(f"{a.url}/small", timeout=10).headers["ETag"]
    r = requests.get(f"{a.url}/small", headers={"If-None-Match": etag}, timeout=10)
    assert (r.status_code, r.content) == (304, b"")
    r = requests.get(f"{a.url}/large", headers={"Accept-Encoding": "gzip"}, timeout=10)
    assert r.headers["Content-Encoding"] == "gzip" and r.content == (files / "large").read_bytes()


@pytest.mark.parametrize("member", ["nginx"], indirect=True)
def test_uploads(a):
    r = requests.put(f"{a.url}/put", data=b"x" * 5_000_000, timeout=30)
    assert r.status_code == 204
    r = requests.put(f"{a.url}/put", data=iter([b"x" * 1000] * 100), timeout=30)
    assert r.status_code == 204


def test_member_that_closes_idle_connections_soon(aorta, nginx):
    """nginx drops kept connections just when the next request comes: clients must never see it."""
    a = aorta(CONF, member=nginx(keepalive="200ms"))
    a.admin.wait_state("web", "m", "UP")
    with requests.Session() as session:
        end = []
        until(lambda: end or session.get(f"{a.url}/small", timeout=10).status_code != 200 or
              a.admin.metric("aorta_member_connects_total", member="m") >= 10 and end.append(1),
              "a few kept connections to be dropped", every=0.2)
        assert end
