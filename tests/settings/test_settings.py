from dataclasses import fields

import pytest

from highroad.domain.dependency import BreakerRule, Dependency, dependency_named
from highroad.domain.error import SettingsError
from highroad.domain.identity import Principal
from highroad.domain.limits import Limits
from highroad.domain.policy import Line, PolicyRules, Then
from highroad.settings import Given, Profile, describe, load
from highroad.settings.setting import Absent

WHOLE = """\
profile = "production"
ledger = "sqlite:///data/shop.db"
tools = ["shop.tools"]

[limits]
calls = 20
usd = 1

[keys]
file = "/run/secrets/highroad"

[pins]
file = "committed.pins"

[policy]
allow = ["get_*", "refund"]
deny = [
  "admin.*",
]
owner = "principal"

[policy.roles.support]
permissions = ["orders:read"]
allow = ["refund"]

[policy.agents.helper]
tools = ["get_*"]

[[policy.rules]]
name = "small refunds only"
tools = ["refund"]
when = "args.cents > 10000"

[[policy.rules]]
name = "ask above fifty"
when = "args.cents > 5000"
then = "ask"

[[principals]]
id = "alice"
organization = "acme"
name = "Alice"
roles = ["support"]
permissions = ["orders:write"]

[[principals]]
id = "bob"
"""


@pytest.fixture
def wrong(tmp_path):
    """What is said of a text, without the folder."""

    def say(text, environment=None):
        (tmp_path / "highroad.toml").write_text(text, "utf-8")
        with pytest.raises(SettingsError) as refused:
            load(tmp_path, environment or {})
        return str(refused.value).replace(f"{tmp_path}/", "")

    return say


def test_without_configuration_everything_has_a_default(tmp_path):
    settings = load(tmp_path, {})
    assert settings.profile is Profile.DEV
    assert settings.file is None
    assert settings.root == tmp_path
    assert settings.ledger == f"sqlite:///{tmp_path}/.highroad/ledger.db"
    assert settings.keys_file == tmp_path / ".highroad" / "keys"
    assert settings.pins_file == tmp_path / "highroad.pins"
    assert settings.limits == Limits()
    assert settings.policy == PolicyRules()
    assert settings.policy.is_empty
    assert settings.given == {}


def test_every_setting_can_be_given(tmp_path):
    (tmp_path / "highroad.toml").write_text(WHOLE)
    settings = load(tmp_path, {})
    assert settings.is_production
    assert settings.ledger == f"sqlite:///{tmp_path}/data/shop.db"
    assert settings.tools == ("shop.tools",)
    assert settings.limits == Limits(calls=20, usd=1)
    assert str(settings.keys_file) == "/run/secrets/highroad"
    assert settings.pins_file == tmp_path / "committed.pins"
    assert settings.principals == (
        Principal("alice", "acme", {"support"}, {"orders:write"}, "Alice"),
        Principal("bob"),
    )
    policy = settings.policy
    assert policy.is_production
    assert policy.allow == (
        Line("get_*", "highroad.toml:16"),
        Line("refund", "highroad.toml:16"),
    )
    assert policy.deny == (Line("admin.*", "highroad.toml:18"),)
    assert policy.owner == Line("principal", "highroad.toml:20")
    assert policy.roles[0].permissions == (Line("orders:read", "highroad.toml:23"),)
    assert policy.roles[0].allow == (Line("refund", "highroad.toml:24"),)
    assert policy.agents[0].tools == (Line("get_*", "highroad.toml:27"),)
    small, ask = policy.rules
    assert small.name == Line("small refunds only", "highroad.toml:29")
    assert small.when == Line("args.cents > 10000", "highroad.toml:32")
    assert (small.then, ask.then) == (Then.DENY, Then.ASK)
    assert [line.text for line in ask.tools] == ["*"]


def test_the_nearest_file_upward_counts(tmp_path):
    (tmp_path / "highroad.toml").write_text("[limits]\ncalls = 1")
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    assert load(below, {}).limits.calls == 1
    assert load(below, {}).root == tmp_path
    (tmp_path / "a" / "highroad.toml").write_text("[limits]\ncalls = 2")
    assert load(below, {}).limits.calls == 2


def test_the_working_directory_and_the_process_are_asked_unless_told(tmp_path, monkeypatch):
    (tmp_path / "highroad.toml").write_text("[limits]\ncalls = 1\nproposals = 1")
    monkeypatch.setenv("HIGHROAD_LIMITS_CALLS", "2")
    assert (load().limits.calls, load().limits.proposals) == (2, 1)


def test_the_environment_goes_before_the_file(tmp_path):
    (tmp_path / "highroad.toml").write_text(WHOLE)
    settings = load(
        tmp_path,
        {
            "HIGHROAD_PROFILE": "dev",
            "HIGHROAD_LEDGER": "sqlite:////data/shop.db",
            "HIGHROAD_LIMITS_USD": "0.5",
            "HIGHROAD_POLICY_ALLOW": "get_order, refund",
            "HIGHROAD_LIMITS_CALLS": "",
            "HIGHROAD_MASTER_KEY": "not a setting",
            "HOME": "/root",
        },
    )
    assert settings.profile is Profile.DEV
    assert settings.ledger == "sqlite:////data/shop.db"
    assert settings.limits == Limits(calls=20, usd=0.5)
    assert settings.policy.allow[1] == Line("refund", "HIGHROAD_POLICY_ALLOW")
    assert settings.policy.deny[0].source == "highroad.toml:18"
    assert settings.given["limits.usd"] == Given(0.5, "HIGHROAD_LIMITS_USD")
    assert settings.given["limits.calls"] == Given(20, "highroad.toml:6")


def test_the_value_in_force_of_a_setting_can_be_shown(tmp_path):
    settings = load(tmp_path, {"HIGHROAD_LIMITS_CALLS": "7"})
    assert settings.value_of("limits.calls") == 7
    assert settings.value_of("limits.usd") == 0.10
    assert settings.value_of("limits.per_minute") is None


def test_production_has_no_keys_file_unless_one_is_given(tmp_path):
    assert load(tmp_path, {"HIGHROAD_PROFILE": "production"}).keys_file is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nprofile = 'prod'", 'highroad.toml:2: profile: it must be "dev" or "production"'),
        ("profle = 'dev'", "highroad.toml:1: profle: there is no such setting; did you mean pro"),
        (
            "zzz = 1",
            "highroad.toml:1: zzz: there is no such setting; there are agents, approvals, ",
        ),
        ("[limits]\n\ncals = 1", "highroad.toml:3: limits.cals: there is no such setting; did yo"),
        ("limits.calls = 'x'", "highroad.toml:1: limits.calls: it must be a whole number, 0 or"),
        ("[limits]\ncalls = true", "highroad.toml:2: limits.calls: it must be a whole number"),
        ("[limits]\ncalls = 1.5", "highroad.toml:2: limits.calls: it must be a whole number"),
        ("[limits]\nusd = -0.1", "highroad.toml:2: limits.usd: it must be a number, 0 or more"),
        ("[limits]\nusd = nan", "highroad.toml:2: limits.usd: it must be a number"),
        ("[limits]\nusd = inf", "highroad.toml:2: limits.usd: it must be a number"),
        ("[limits]\nparallel = 0", "highroad.toml:2: limits.parallel: it must be a whole number"),
        (
            "[dependencies.bank]\nparalel = 1",
            "highroad.toml:2: dependencies.bank.paralel: there is no such setting; did you mean pa",
        ),
        (
            "[dependencies.bank.breaker]\nfailures = 0",
            "highroad.toml:2: dependencies.bank.breaker.failures: it must be a whole number, 1 or",
        ),
        (
            "[dependencies.bank.breaker]\nfailure_rate = 0",
            "highroad.toml:2: dependencies.bank.breaker.failure_rate: it must be a part of all: ab",
        ),
        (
            "[dependencies.bank.breaker]\nslow_rate = 1.5",
            "highroad.toml:2: dependencies.bank.breaker.slow_rate: it must be a part of all: above",
        ),
        (
            "[dependencies.bank.breaker]\nwindow_s = 0.5",
            "highroad.toml:2: dependencies.bank.breaker.window_s: it must be a number, 1 or more",
        ),
        (
            "[dependencies.bank]\nretry_ratio = 2",
            "highroad.toml:2: dependencies.bank.retry_ratio: it must be a part of all: 0 to 1",
        ),
        ("dependencies.bank = 3", "highroad.toml:1: dependencies.bank: it must be a table: [depe"),
        ("limits = 3", "highroad.toml:1: limits: it must be a table: [limits]"),
        ("tools = 'shop'", "highroad.toml:1: tools: it must be a list of texts"),
        ("tools = ['shop', 1]", "highroad.toml:1: tools: it must be a list of texts"),
        ("ledger = 'shop.db'", 'highroad.toml:1: ledger: it must be a URL: "sqlite:///path"'),
        ("ledger = 'sqlite:///'", "highroad.toml:1: ledger: it must be a URL"),
        ("keys.file = ''", "highroad.toml:1: keys.file: it must be text"),
        ("[policy.roles]\nboss = 1", "highroad.toml:2: policy.roles.boss: it must be a table"),
        (
            "[policy.roles.boss]\npermision = []",
            "highroad.toml:2: policy.roles.boss.permision: there is no such setting; did you",
        ),
        (
            "[policy]\nroles = { boss = { permissions = 'x' } }",
            "highroad.toml:2: policy.roles.boss.permissions: it must be a list of texts",
        ),
        ("policy.agents.a = {}", "highroad.toml:1: policy.agents.a.tools: it is missing here"),
        ("policy.rules = {}", "highroad.toml:1: policy.rules: it must be an array of tables"),
        (
            "[[policy.rules]]\nname = 'a'\nwhen = 'b'\n\n[[policy.rules]]\nname = 'b'",
            "highroad.toml:5: policy.rules.when: it is missing here",
        ),
        (
            "[[policy.rules]]\nname = 'a'\nwhen = 'b'\nthen = 'run'",
            'highroad.toml:4: policy.rules.then: it must be "deny" or "ask"',
        ),
        ("[[principals]]\n[[principals]]\nid='x'", "highroad.toml:1: principals.id: it is miss"),
        (
            "[[principals]]\nid = 'x'\n[[principals]]\nid = 'x'\norganization = 'default'",
            "highroad.toml:3: principals: there is another of this name",
        ),
        (
            "[[policy.rules]]\nname='a'\nwhen='b'\n[[policy.rules]]\nname='a'\nwhen='c'",
            "highroad.toml:4: rules: there is another of this name",
        ),
        ("[limits]\ncalls = ", "highroad.toml:2: this is not TOML: Invalid value"),
        ("a = 1\na = 2\nb = 3", "highroad.toml:2: this is not TOML: Cannot overwrite a value"),
        ("a = '''x\n\n", "highroad.toml:3: this is not TOML: Expected \"'''\""),
    ],
)
def test_a_mistake_is_told_with_line_setting_and_what_is_allowed(wrong, text, message):
    assert wrong(text).startswith(message)


def test_every_mistake_is_told_at_once(wrong):
    said = wrong("profile = 1\n[limits]\ncalls = 'x'\nnope = 1").splitlines()
    assert [line.split(": ")[0] for line in said] == [
        "highroad.toml:1",
        "highroad.toml:3",
        "highroad.toml:4",
    ]


@pytest.mark.promise("P7")
def test_a_mistake_is_told_without_its_value(wrong):
    assert "hunter2" not in wrong("[limits]\ncalls = 'hunter2'")
    assert "hunter2" not in wrong("", {"HIGHROAD_LIMITS_CALLS": "hunter2"})


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("HIGHROAD_PROFLE", "x", "HIGHROAD_PROFLE: there is no such setting; did you mean HIGHR"),
        ("HIGHROAD_XYZZY_PLUGH", "x", "HIGHROAD_XYZZY_PLUGH: there is no such setting; see docs"),
        ("HIGHROAD_LIMITS_CALLS", "many", "HIGHROAD_LIMITS_CALLS: limits.calls: it must be a wh"),
        ("HIGHROAD_LIMITS_USD", "many", "HIGHROAD_LIMITS_USD: limits.usd: it must be a number"),
        ("HIGHROAD_PROFILE", "prod", 'HIGHROAD_PROFILE: profile: it must be "dev" or "product'),
    ],
)
def test_a_mistake_in_the_environment_is_told_by_its_variable(wrong, variable, value, message):
    assert wrong("", {variable: value}).startswith(message)


def test_a_variable_below_what_is_no_table_is_told_of_the_file(wrong):
    said = wrong("limits = 3", {"HIGHROAD_LIMITS_CALLS": "1"})
    assert said == "highroad.toml:1: limits: it must be a table: [limits]"


def test_a_file_that_is_no_text_is_told(tmp_path):
    (tmp_path / "highroad.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path, {})


def test_a_byte_order_mark_is_no_mistake(tmp_path):
    (tmp_path / "highroad.toml").write_bytes(b"\xef\xbb\xbf[limits]\ncalls = 3")
    assert load(tmp_path, {}).limits.calls == 3


def test_every_limit_is_a_setting_with_the_same_default():
    limits = {field.name: field.default for field in fields(Limits)}
    settings = {
        setting.name.removeprefix("limits."): setting.default
        for setting in describe()
        if setting.name.startswith("limits.")
    }
    assert settings.pop("per_minute") == "none"
    assert limits.pop("per_minute") is None
    assert settings == limits


def test_dependencies_are_read_by_name_each_with_its_breaker(tmp_path):
    (tmp_path / "highroad.toml").write_text(
        "[dependencies.bank]\nparallel = 4\nretry_ratio = 0\n"
        "[dependencies.bank.breaker]\nfailures = 2\nslow_s = 1.5\n"
        '[dependencies."*"]\nretry_floor = 3\n'
    )
    given = load(tmp_path, {}).dependencies
    breaker = BreakerRule(failures=2, slow_s=1.5)
    bank = Dependency(name="bank", parallel=4, retry_ratio=0, breaker=breaker)
    assert given == {"bank": bank, "*": Dependency(name="*", retry_floor=3)}
    assert dependency_named("bank", given) == bank
    assert dependency_named("mail", given) == Dependency(name="mail", retry_floor=3)
    assert dependency_named("mail", {}) == Dependency(name="mail")


@pytest.mark.parametrize("kind", [Dependency, BreakerRule])
def test_everything_of_a_dependency_is_a_setting_with_the_same_default(kind):
    prefix = "dependencies.<name>." + ("breaker." if kind is BreakerRule else "")
    settings = {
        setting.name.removeprefix(prefix): setting.default
        for setting in describe()
        if setting.name.startswith(prefix) and "." not in setting.name.removeprefix(prefix)
    }
    told = {name: None if default is Absent.NONE else default for name, default in settings.items()}
    assert told == {
        each.name: each.default for each in fields(kind) if each.name not in {"name", "breaker"}
    }


def test_no_two_settings_share_a_variable():
    variables = [setting.variable for setting in describe() if setting.variable]
    assert len(set(variables)) == len(variables)
