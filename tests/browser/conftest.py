# SPDX-License-Identifier: MIT
"""
Fixtures of the browser tests: those of tests/func, and a headless Chromium.
"""
import contextlib
import importlib.util
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

FUNC = pathlib.Path(__file__).resolve().parents[1] / "func"
sys.path.insert(0, str(FUNC))
_spec = importlib.util.spec_from_file_location("func_conftest", FUNC / "conftest.py")
_func = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_func)

aorta, origins, web, keep_log = _func.aorta, _func.origins, _func.web, _func.keep_log
pytest_runtest_makereport = _func.pytest_runtest_makereport

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--hide-scrollbars", "--enable-logging=stderr"]


# A profile in which no page may run scripts: how somebody who forbids them sees things.
NO_SCRIPT = {"profile": {"default_content_setting_values": {"javascript": 2}}}


class Browser:
    """One run of Chromium per look, each with a profile of its own."""

    def __init__(self, program, directory):
        self.program, self.directory, self.runs = program, directory, 0

    def command(self, url, *flags, script=True):
        self.runs += 1
        profile = self.directory / f"profile{self.runs}"
        (profile / "Default").mkdir(parents=True)
        if not script:
            (profile / "Default/Preferences").write_text(json.dumps(NO_SCRIPT))
        return [self.program, *FLAGS, f"--user-data-dir={profile}", *flags, url]

    def _run(self, command, complaints=False):
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert result.returncode == 0, result.stderr[-2000:]
        console = [line for line in result.stderr.splitlines() if "CONSOLE" in line]
        assert complaints or not console, f"the page complains: {console}"
        return result.stdout

    def dom(self, url, after_ms=0, complaints=False):
        """The document as it stands after `after_ms` of the page's own time; the console must be
        empty unless `complaints` are expected."""
        flags = ["--dump-dom"] + ([f"--virtual-time-budget={after_ms}"] if after_ms else [])
        return self._run(self.command(url, *flags), complaints)

    def picture(self, url, file, size=(1280, 900), script=True):
        """A screenshot, as PNG."""
        self._run(self.command(url, f"--screenshot={file}", f"--window-size={size[0]},{size[1]}",
                               script=script))
        return file

    @contextlib.contextmanager
    def open(self, url, script=True):
        """The page stays open meanwhile."""
        with subprocess.Popen(self.command(url, "--remote-debugging-port=0", script=script),
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                yield
            finally:
                process.terminate()


@pytest.fixture
def browser(tmp_path):
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not program:
        pytest.skip("there is no chromium")
    return Browser(program, tmp_path)


@pytest.fixture
def admin_url(web):
    """admin_url(n, ...): the address of the page of an aorta in front of `n` origins, aorta, origins."""
    def start(n=2, **how):
        a, members = web(n, **how)
        return a.admin.url, a, members
    return start
