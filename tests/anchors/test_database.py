"""What is wrong with an anchor in a database is told."""

import pytest

from highroad.adapters.anchors.local import SQLiteAnchor
from highroad.domain.error import AnchorError


async def test_what_cannot_be_used_is_told(tmp_path):
    path = tmp_path / "heads.db"
    path.write_bytes(b"no database, and long enough to be seen as none" * 30)
    anchor = SQLiteAnchor(path)
    with pytest.raises(AnchorError, match=r"heads.db cannot be used"):
        await anchor.publish(["line"])
    with pytest.raises(AnchorError, match=r"heads.db cannot be used"):
        await anchor.lines()
    assert anchor.name == f"sqlite:///{path}"
