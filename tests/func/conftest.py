# SPDX-License-Identifier: MIT
"""
Fixtures of the functional tests: real programs, each test with its own directory and ports.

What a test started is stopped when it ends; then aorta must exit with 0 and without a report of
a sanitizer, or the test has an error. Logs are shown for tests that fail, and only for those.
Which programs: AORTA_BUILD, a build directory (default: build/ beside tests/).
"""
import subprocess
import sys
import pathlib

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness.aorta import Aorta  # noqa: E402
from harness.origin import Origin  # noqa: E402
from harness.ports import free_port  # noqa: E402
from harness.process import BUILD, SANITIZER, Process  # noqa: E402

LOG_TAIL = 6000


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """Adds the ends of the logs to the report of a test that failed."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for name in ("_logs",):
        for log in getattr(item, name, []):
            if log.exists():
                report.sections.append((str(log.name), log.read_text(errors="replace")[-LOG_TAIL:]))


@pytest.fixture
def keep_log(request):
    """Names a file whose end is shown when the test fails."""
    request.node._logs = []
    return request.node._logs.append


@pytest.fixture
def process(tmp_path, keep_log):
    """process(name, command...): any program, stopped at the end."""
    started = []

    def start(name, command, **popen):
        p = Process(name, command, tmp_path, **popen)
        keep_log(p.log)
        started.append(p)
        return p
    yield start
    for p in reversed(started):
        p.stop()


@pytest.fixture
def origins(tmp_path, keep_log):
    """origins(n): so many aorta-origins, called a, b, c ..."""
    started = []

    def start(n=1, names="abcdefgh"):
        fresh = []
        for _ in range(n):
            origin = Origin(names[len(started)], tmp_path)
            keep_log(origin.process.log)
            started.append(origin)
            fresh.append(origin)
        return fresh
    yield start
    for origin in started:
        code = origin.process.stop()
        assert not origin.process.reports(), origin.process.reports()[:3]
        assert code in (0, -9), f"aorta-origin {origin.name} ended with {code}"


@pytest.fixture
def aorta(tmp_path, keep_log):
    """aorta(text, **values): a running aorta with this file, in which @name@ stands for a value."""
    if not (BUILD / "aorta").exists():
        pytest.skip(f"{BUILD}/aorta is not built")
    started = []

    def start(text, ready=True, **values):
        a = Aorta(f"aorta{len(started) or ''}", text, tmp_path, values)
        keep_log(a.process.log)
        started.append(a)
        a.wait_alive()
        if ready:
            a.wait_ready()
        return a
    yield start
    for a in reversed(started):
        a.stop()


MEMBERS = """
listener www {{ bind @listen@; pool web; {listener} }}
pool web {{ {members} readiness @fast_probe@ {pool} }}
{more}
"""


@pytest.fixture
def web(aorta, origins):
    """
    web(n, pool="...", listener="..."): an aorta with one http listener and one pool `web` of `n`
    origins, all UP. Gives (aorta, origins).
    """
    def start(n=1, pool="", listener="", more="", member="", **values):
        members = origins(n)
        lines = " ".join(f"member {o.name} {o.addr} {member};" for o in members)
        a = aorta(MEMBERS.format(members=lines, pool=pool, listener=listener, more=more), **values)
        a.admin.wait_serving("web", n)
        return a, members
    return start


@pytest.fixture
def port():
    return free_port


@pytest.fixture(scope="session")
def sanitizer():
    """"", "asan" or "tsan"."""
    return SANITIZER


def run(*command, **how):
    """A command to its end; its stdout."""
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **how)
    assert result.returncode == 0, f"{command}: {result.returncode} {result.stdout} {result.stderr}"
    return result.stdout


@pytest.fixture(name="run")
def run_fixture():
    return run
