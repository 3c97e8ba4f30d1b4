# SPDX-License-Identifier: MIT
"""Waiting for events, always with a deadline; never sleeping in the hope that it is enough."""
import time

# Sanitizers and a machine shared with others make things slow, not wrong.
DEADLINE = 15.0


def until(condition, what, timeout=DEADLINE, every=0.01):
    """The first true value of condition(), polled; an AssertionError naming `what` if it stays false."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {timeout:g} s: {what}")
        time.sleep(every)
