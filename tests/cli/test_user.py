"""Who is at the terminal."""

from dataclasses import replace
from pathlib import Path

import pytest

from highroad import Principal
from highroad.cli.misuse import Misuse
from highroad.cli.user import principal_for
from highroad.settings import Profile, load

ZOE = Principal("zoe", "acme", roles={"support"})
ZOE_OF_GLOBEX = Principal("zoe", "globex", roles={"manager"})


@pytest.fixture
def settings(visitor):
    return replace(load(Path.cwd()), principals=(ZOE, Principal("bob", "acme")))


def test_the_user_of_the_operating_system_is_who_the_settings_say(settings):
    assert principal_for(None, settings) == replace(ZOE, authenticated=True)


def test_a_user_whom_the_settings_do_not_know_is_nobody_in_particular(settings, visitor):
    me = principal_for(None, replace(settings, principals=()))

    assert (me.id, me.organization, me.roles) == (visitor, "default", frozenset())


def test_in_production_the_settings_make_nobody_anything(settings):
    me = principal_for(None, replace(settings, profile=Profile.PRODUCTION))

    assert me.roles == frozenset()


def test_somebody_else_is_played_but_not_authenticated(settings):
    bob = principal_for("bob", settings)

    assert (bob.id, bob.authenticated) == ("bob", False)


def test_two_of_one_name_are_told_apart_by_their_organization(settings):
    both = replace(settings, principals=(ZOE, ZOE_OF_GLOBEX))

    with pytest.raises(Misuse) as misuse:
        principal_for("zoe", both)

    assert "acme/zoe or globex/zoe" in misuse.value.do
    assert principal_for("globex/zoe", both) == ZOE_OF_GLOBEX


def test_of_two_who_bear_the_name_of_the_operating_systems_user_neither_is_taken(settings):
    with pytest.raises(Misuse):
        principal_for(None, replace(settings, principals=(ZOE, ZOE_OF_GLOBEX)))
