"""Whatever colour an agency chooses, everything stays readable."""

import random
import re
from pathlib import Path

import pytest

from domain import colour
from domain.rules import RuleBroken

CSS = Path(__file__).resolve().parents[2] / "static" / "doorstep.css"
CHANCE = random.Random(20)
CORNERS = ["#ffffff", "#000000", "#ff0000", "#00ff00", "#0000ff", "#ffff00", "#00ffff", "#ff00ff", "#777777", "#fffffe", "#010101"]
COLOURS = CORNERS + [f"#{CHANCE.randrange(1 << 24):06x}" for _ in range(300)]


def test_any_colour_gives_readable_text_in_light_and_in_dark():
    for chosen in COLOURS:
        made = colour.palette(chosen)
        for tones, ground, least in (
            (made.light, colour.LIGHT, 4.5), (made.dark, colour.DARK, 4.5),
            (made.light_more, colour.LIGHT_MORE, 7), (made.dark_more, colour.DARK_MORE, 7),
        ):  # fmt: skip
            for one, other in tones.pairs(ground):
                assert colour.contrast(one, other) >= least, (chosen, one, other)
            assert colour.contrast(colour.hexed(*ground["ink"]), tones.tint) >= 7, chosen


def test_a_colour_that_can_be_read_is_taken_as_it_is():
    for chosen in ("#7a1f4b", "#1d5a36", "#0b3d91"):
        assert colour.palette(chosen).light.accent == chosen


def test_white_becomes_something_that_can_be_read():
    assert colour.palette("#ffffff").light.accent != "#ffffff"
    assert colour.palette("#ffffff").contrast >= 4.5


def test_contrast_is_that_of_the_standard():
    assert colour.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert colour.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=.01)


@pytest.mark.parametrize(("typed", "read"), [("#1D5A36", "#1d5a36"), ("1d5a36", "#1d5a36"), (" #abc ", "#aabbcc"), ("", "")])
def test_a_colour_may_be_typed_in_several_ways(typed, read):
    assert colour.read(typed) == read


@pytest.mark.parametrize("typed", ["green", "#12345", "#1234567", "#gggggg", "red;}", "#١٢٣٤٥٦", "url(x)"])
def test_what_is_no_colour_is_refused(typed):
    with pytest.raises(RuleBroken) as refused:
        colour.read(typed)
    assert refused.value.field == "accent"


@pytest.mark.parametrize(("ground", "block"), [(colour.LIGHT, 0), (colour.DARK, 1)])
def test_the_grounds_are_those_of_the_stylesheet(ground, block):
    for name, (lightness, chroma, hue) in ground.items():
        said = re.findall(rf"--{name}: oklch\(([\d.]+)% ([\d.]+) ([\d.]+)\)", CSS.read_text())[block]
        assert tuple(map(float, said)) == pytest.approx((lightness * 100, chroma, hue)), name
