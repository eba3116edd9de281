"""How an outage is drawn and written down."""

from xml.etree import ElementTree as ET

import pytest
from bench.outage.drawing import Panel, blocks, svg
from bench.outage.figures import percentile
from bench.outage.report import BEGIN, END, seconds, written


class Told:
    """A report of two lines."""

    def table(self):
        return ["| a |"]

    def curves(self):
        return ["▁█"]


def test_a_curve_is_drawn_in_blocks_and_what_is_little_shows_all_the_same():
    assert blocks([0, 0.01, 4, 8, 9], 8) == " ▁▄██"


def test_a_picture_has_a_line_for_each_curve_of_each_panel_within_its_bounds():
    panel = Panel(
        title="0 % & more",
        curves={"asked for": [1, 2, 3], "bare": [3, 3, 9], "road": [0, 0, 0]},
        most=3,
        shaded=(1, 2),
    )
    picture = ET.fromstring(svg([panel, panel]))  # noqa: S314 - our own
    lines = [each for each in picture.iter() if each.tag.endswith("polyline")]
    assert len(lines) == 6
    _, _, width, height = map(float, picture.attrib["viewBox"].split())
    for line in lines:
        points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
        assert len(points) == 3
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
    asked, bare, road = (
        [float(p.split(",")[1]) for p in line.attrib["points"].split()] for line in lines[:3]
    )
    assert asked[0] > asked[1] > asked[2] == bare[0] == bare[2]  # cut off at the top
    assert len(set(road)) == 1
    assert max(asked) < road[0]
    assert "0 % & more" in [each.text for each in picture.iter()]


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 ms"), (0.0789, "79 ms"), (1, "1.0 s"), (16.49, "16.5 s")]
)
def test_a_time_is_told_in_the_unit_that_fits(value, text):
    assert seconds(value) == text


def test_of_a_hundred_the_99th_percentile_is_but_one_exceeds_it():
    assert 99 <= percentile(range(1, 101), 99) < 100
    assert percentile(range(1, 101), 50) == 50.5


def test_a_page_keeps_what_stands_around_its_figures():
    page = f"# Before\n\n{BEGIN}old\n{END}\nBehind\n"
    again = written(page, Told())
    assert again == f"# Before\n\n{BEGIN}| a |\n\n```text\n▁█\n```\n{END}\nBehind\n"
    assert written(again, Told()) == again
