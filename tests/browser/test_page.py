# SPDX-License-Identifier: MIT
"""The page in a browser: with and without its script, wide and narrow, and when aorta is gone."""
import html
import http.server
import re
import struct
import threading
import urllib.request

import pytest

from harness.waiting import until


class Between:
    """
    Stands between browser and aorta, as the same origin to both: runs before_look(n) ahead of the
    n-th look at the page, and passes the request on when that returns True; else it hangs up.
    """

    def __init__(self, url, before_look):
        outer = self
        self.looks = 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.looks += 1
                if not before_look(outer.looks):
                    self.close_connection = True
                    return
                with urllib.request.urlopen(url + self.path, timeout=10) as answer:
                    body = answer.read()
                    self.send_response(answer.status)
                    for name in ("Content-Type", "Content-Security-Policy"):
                        self.send_header(name, answer.headers[name])
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def part(dom, name):
    """What stands in one part of the page, as text."""
    match = re.search(rf'<(section|footer|span)\b[^>]* data-part="{name}"[^>]*>(.*?)</\1>', dom, re.S)
    assert match, f"no part {name}"
    return html.unescape(re.sub(r"<[^>]+>", " ", match[2]))


def take_down(a, origin):
    origin.command("refuse")
    a.admin.wait_state("web", origin.name, "DOWN")


@pytest.mark.parametrize("script", [True, False], ids=["browser", "as-sent"])
def test_what_is_wrong_comes_first(admin_url, browser, script):
    url, a, members = admin_url(3)
    take_down(a, members[1])
    dom = browser.dom(url) if script else a.admin.get("/").text
    head = part(dom, "head")
    assert "1 of 3 members of pool web is DOWN: b" in head and "ECONNREFUSED" in head
    assert re.search(r'class="head wrong"', dom)
    assert dom.index('data-part="head"') < dom.index('data-part="wrong"') < dom.index('data-part="pools"')
    assert "DOWN" in part(dom, "wrong") and "web/b" in part(dom, "wrong")
    assert dom.count("<tr class=\"good\">") == 2 and dom.count('<tr class="wrong">') == 1


def test_when_all_is_well_it_says_so(admin_url, browser):
    url, *_ = admin_url(2)
    dom = browser.dom(url)
    assert part(dom, "head").strip() == "All 2 members of 1 pool serve."
    assert "<title>aorta: all well</title>" in dom


def test_without_a_script_the_page_is_seen_and_fetched_again(admin_url, browser, tmp_path):
    url, *_ = admin_url(1)
    seen = browser.picture(url, tmp_path / "page.png", script=False)
    blank = browser.picture("about:blank", tmp_path / "blank.png")
    assert seen.stat().st_size > 5 * blank.stat().st_size
    with Between(url, lambda n: True) as between, browser.open(between.url, script=False):
        until(lambda: between.looks >= 3, "the page to be fetched again", timeout=30)


def test_the_script_puts_what_is_new_in_place(admin_url, browser):
    url, a, (o, _) = admin_url(2)

    def before_look(n):
        if n == 2:
            take_down(a, o)
        return True
    with Between(url, before_look) as between:
        dom = browser.dom(between.url, after_ms=7000)
        assert between.looks >= 2
    assert "1 of 2 members of pool web is DOWN: a" in part(dom, "head")
    assert "<title>1 DOWN - aorta</title>" in dom
    assert 'class="stale"' not in dom


def test_when_aorta_is_gone_the_page_says_that_it_is_old(admin_url, browser):
    url, *_ = admin_url(1)
    with Between(url, lambda n: n == 1) as between:
        # The browser tells its console of each fetch that failed; the page cannot help it.
        dom = browser.dom(between.url, after_ms=9000, complaints=True)
    assert re.search(r'<body[^>]* class="stale"', dom)
    assert "No answer from aorta for" in dom
    assert part(dom, "head").strip() == "The one member serves."


def test_filters_are_links_that_work(admin_url, browser):
    url, a, (o, _) = admin_url(2)
    take_down(a, o)
    dom = browser.dom(url + "/?only=wrong")
    assert dom.count("<tr class=\"good\">") == 0 and dom.count('<tr class="wrong">') == 1
    dom = browser.dom(url + "/?pool=web&member=a")
    assert "Evidence" in dom and "readiness" in part(dom, "wrong")


@pytest.mark.parametrize("size", [(1400, 900), (400, 900)], ids=["wide", "phone"])
def test_a_picture_can_be_taken_of_it(admin_url, browser, tmp_path, size):
    url, a, (o, _) = admin_url(2)
    take_down(a, o)
    data = browser.picture(url, tmp_path / "page.png", size).read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n" and struct.unpack(">II", data[16:24]) == size
