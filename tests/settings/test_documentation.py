import re

from highroad.settings import describe
from highroad.settings.catalogue import Absent

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
