"""What a crash or a wrong permission does to an anchor in a file."""

import pytest

from highroad.adapters.anchors.local import FileAnchor
from highroad.domain.error import AnchorError

WHOLE = '{"signature":"00","statement":"first"}'


@pytest.fixture
def path(tmp_path):
    return tmp_path / "heads.jsonl"


@pytest.mark.promise("P12")
@pytest.mark.parametrize("torn", ['{"signature":"0', "x" * 100_000], ids=["short", "long"])
@pytest.mark.parametrize("before", ["", WHOLE + "\n"], ids=["alone", "behind a whole one"])
async def test_a_torn_last_line_is_cut_off_before_the_next_one(path, before, torn):
    path.write_text(before + torn, "utf-8")
    anchor = FileAnchor(path)
    assert "".join(f"{line}\n" for line in await anchor.lines()) == before
    await anchor.publish([WHOLE])
    assert path.read_text("utf-8") == before + WHOLE + "\n"


async def test_whole_lines_are_never_touched(path):
    anchor = FileAnchor(path)
    await anchor.publish([WHOLE])
    first = path.stat().st_ino
    await anchor.publish(["second"])
    assert path.read_text("utf-8") == f"{WHOLE}\nsecond\n"
    assert path.stat().st_ino == first


async def test_what_cannot_be_written_or_read_is_told(path):
    path.mkdir()
    with pytest.raises(AnchorError, match=r"heads.jsonl cannot be written"):
        await FileAnchor(path).publish([WHOLE])
    with pytest.raises(AnchorError, match=r"heads.jsonl cannot be read"):
        await FileAnchor(path).lines()


async def test_its_name_is_its_address_wherever_the_program_stands(path, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert FileAnchor(path).name == f"file://{path}"
