import re
from importlib import import_module
from pkgutil import iter_modules

from highroad.settings import areas, describe
from highroad.settings.setting import Absent

ROW = re.compile(r"^\| `[^`]+` \|.*$", re.MULTILINE)


def shown(default):
    match default:
        case Absent.REQUIRED:
            return "required"
        case Absent.NONE:
            return "none"
        case tuple():
            return "`[" + ", ".join(f'"{text}"' for text in default) + "]`"
        case bool():
            return f"`{str(default).lower()}`"
        case str():
            return f'`"{default}"`'
        case _:
            return f"`{default}`"


def row_of(setting):
    return (
        f"| `{setting.name}` | {setting.kind.allowed} | {shown(setting.default)} | {setting.doc} |"
    )


def test_the_documentation_has_every_setting_as_it_is_and_no_other(repository):
    page = (repository / "docs" / "settings.md").read_text("utf-8")
    assert ROW.findall(page) == [row_of(setting) for setting in describe()]


def test_the_catalogue_has_every_area():
    there = [
        import_module(f"{areas.__name__}.{each.name}") for each in iter_modules(areas.__path__)
    ]
    assert {setting for area in there for setting in area.SETTINGS} == set(describe())
