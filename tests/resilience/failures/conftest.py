"""Errors as libraries raise them, made of nothing but their names and attributes."""

import pytest


def foreign(*names, root=Exception, **attributes):
    """An error of the first class of `names`, each of which derives from the next.

    A name is `httpx.ConnectError`: the module of the class, and its own name.
    """
    kind = root
    for name in reversed(names):
        module, _, own = name.rpartition(".")
        kind = type(own, (kind,), {"__module__": module})
    error = kind()
    for name, value in attributes.items():
        setattr(error, name, value)
    return error


class Thing:
    """Has whatever attributes it is given."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)


@pytest.fixture
def raised():
    return foreign


@pytest.fixture
def thing():
    return Thing
