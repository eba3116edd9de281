"""Paths stay below their roots: by their text before the call, and on the disk during it."""

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from highroad.domain.error import ToolError
from highroad.tools.semantic import SafePath

DOCS = SafePath("/srv/docs", "/srv/more")


@pytest.mark.parametrize(
    "text",
    [
        "a.txt",
        "a/b/c.txt",
        "./a.txt",
        ".hidden/.gitignore",
        "a..b/c...txt",
        "with space/100%.txt",
        "naïve/日本.txt",
        "12:30.log",
        "/srv/docs/a.txt",
        "/srv/more/a.txt",
        "/srv/docs",
        "a/b/",
    ],
)
def test_ordinary_paths_pass(text):
    assert DOCS.objection(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "../etc/passwd",
        "a/../../etc/passwd",
        "a/..",
        "./../x",
        "....//....//etc/passwd/..",
        "/etc/passwd",
        "/srv/docs/../../etc/passwd",
        "/srv/docs2/x",
        "/",
        "//server/share",
        "//srv/docs/a.txt",
        "\\\\server\\share",
        "..\\..\\windows",
        "a\\b",
        "C:/windows",
        "C:x",
        "a.txt::$DATA",
        "~/x",
        "~root/x",
        "a\x00.txt",
        "a\n.txt",
        "a\x85b",
        "%2e%2e/etc",
        "..%2fetc",
        "%2E%2E%5Cetc",
        "%252e%252e%252fetc",
        "a%00.txt",
        "%c0%ae%c0%ae/etc",
        "%uff0e%uff0e/etc",
        ".. /etc",
        "a/.. ./etc",
        "a/ /b",
        "\N{FULLWIDTH FULL STOP}\N{FULLWIDTH FULL STOP}/etc",
        "\N{TWO DOT LEADER}/etc",
        "a\N{FULLWIDTH SOLIDUS}\N{FULLWIDTH SOLIDUS}..\N{FULLWIDTH SOLIDUS}b",
        "..\N{FULLWIDTH REVERSE SOLIDUS}etc",
        "x" * 5_000,
    ],
)
def test_what_could_lead_out_is_refused(text):
    assert DOCS.objection(text) == "a path below /srv/docs or /srv/more, without `..`"


def test_roots_are_absolute_directories():
    for roots in [(), ("docs",), ("/srv", "docs")]:
        with pytest.raises(ValueError, match="absolute directories"):
            SafePath(*roots)


PIECES = st.sampled_from(["..", ".", "a", "/", "//", "\\", "~", "srv", "docs", "%2e", "\x00", " "])


@given(st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join))
def test_what_passes_stays_below_a_root_however_it_is_joined(text):
    if DOCS.objection(text) is None:
        joined = os.path.normpath(PurePosixPath("/srv/docs") / text)
        assert any(PurePosixPath(joined).is_relative_to(root) for root in DOCS.roots)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    root = tmp_path / "docs"
    (root / "in").mkdir(parents=True)
    (root / "in" / "a.txt").write_text("inside")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.txt").write_text("outside")
    (root / "link_in.txt").symlink_to(root / "in" / "a.txt")
    (root / "link_out.txt").symlink_to(tmp_path / "secret" / "key.txt")
    (root / "dir_out").symlink_to(tmp_path / "secret")
    return root


def test_a_file_below_the_root_is_read_and_written(docs):
    path = SafePath(docs)
    with path.open("in/a.txt") as file:
        assert file.read() == "inside"
    with path.open(f"{docs.as_posix()}/in/b.txt", "w", encoding="utf-8") as file:
        file.write("new")
    assert (docs / "in" / "b.txt").read_text() == "new"
    with path.open("in/b.txt", "rb") as file:
        assert file.read() == b"new"


def test_a_link_that_stays_inside_is_followed(docs):
    with SafePath(docs).open("link_in.txt") as file:
        assert file.read() == "inside"


@pytest.mark.parametrize("text", ["link_out.txt", "dir_out/key.txt", "dir_out/new.txt", "../x"])
def test_a_link_that_leads_out_is_refused_and_nothing_is_made(docs, text):
    with pytest.raises(ToolError) as caught:
        SafePath(docs).open(text, "w")
    assert caught.value.code == "path_outside"
    assert caught.value.applied is False
    assert text not in caught.value.message
    assert (docs.parent / "secret" / "key.txt").read_text() == "outside"
    assert not (docs.parent / "secret" / "new.txt").exists()


@pytest.mark.skipif(os.open not in os.supports_dir_fd, reason="no opening relative to a directory")
@pytest.mark.parametrize(("text", "swapped"), [("in/a.txt", "in"), ("in/a.txt", "in/a.txt")])
def test_a_link_that_comes_up_after_the_look_is_not_followed(docs, monkeypatch, text, swapped):
    (docs.parent / "secret" / "a.txt").write_text("outside")
    path = SafePath(docs)
    found = path.resolve(text)

    def swap_then_answer(_self, _text):
        (docs / swapped).rename(docs / "moved")
        target = "secret" if swapped == "in" else "secret/key.txt"
        (docs / swapped).symlink_to(docs.parent / target)
        return found

    monkeypatch.setattr(SafePath, "resolve", swap_then_answer)
    with pytest.raises(OSError):  # noqa: PT011 - ELOOP or ENOTDIR, as the system likes it
        path.open(text)


def test_without_relative_opening_the_opened_file_is_compared(docs, monkeypatch):
    monkeypatch.setattr(os, "supports_dir_fd", set())
    path = SafePath(docs)
    with path.open("in/a.txt") as file:
        assert file.read() == "inside"

    found = path.resolve("in/a.txt")

    def swap_then_answer(_self, _text):
        (docs / "in").rename(docs / "moved")
        (docs / "in").symlink_to(docs.parent / "secret")
        (docs.parent / "secret" / "a.txt").write_text("outside")
        return found

    monkeypatch.setattr(SafePath, "resolve", swap_then_answer)
    with pytest.raises(OSError, match="changed while it was opened"):
        path.open("in/a.txt")
