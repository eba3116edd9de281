"""Places where a process may die: counted in one run, and died at in others."""

import os
import signal
from collections import Counter
from functools import partial


class Points:
    """Every place that a program passes, by name and occurrence.

    Args:
        dies_at: Name and occurrence, from 1, at which this process kills itself.
        strikes: What is done there in its place, if not that.
    """

    def __init__(self, dies_at=None, strikes=None):
        self.dies_at = None if dies_at is None else tuple(dies_at)
        self.strikes = strikes or _kill_itself
        self.seen = Counter()
        self.passed = []

    def reach(self, name):
        self.seen[name] += 1
        here = (name, self.seen[name])
        self.passed.append(here)
        if here == self.dies_at:
            self.strikes()

    def counted(self, name, work):
        """A coroutine function with a point at each of its suspensions and resumptions."""

        async def counting(*arguments, **options):
            self.reach(f"{name} begins")
            result = await _Steps(self, name, work(*arguments, **options))
            self.reach(f"{name} is over")
            return result

        return counting


def _kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


class _Steps:
    """Drives a coroutine by hand, and sees it stop and go on."""

    def __init__(self, points, name, work):
        self.points = points
        self.name = name
        self.work = work

    def __await__(self):
        steps = self.work.__await__()
        go_on = partial(steps.send, None)
        while True:
            try:
                waits_for = go_on()
            except StopIteration as done:
                return done.value
            self.points.reach(f"{self.name} suspended")
            try:
                answer = yield waits_for
            except BaseException as error:  # noqa: BLE001 - it goes to the coroutine
                go_on = partial(steps.throw, error)
            else:
                go_on = partial(steps.send, answer)
            self.points.reach(f"{self.name} resumed")
