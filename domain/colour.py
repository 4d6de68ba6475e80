"""Colours: what the agency's accent becomes in light and in dark, so that everything stays readable (WCAG 2.2)."""

from __future__ import annotations

import dataclasses
import functools
import math
import re

from domain.rules import N_, RuleBroken

TEXT, BODY = 4.5, 7.0  # contrast that text keeps, and body text
Ground = dict[str, tuple[float, float, float]]
LIGHT: Ground = {
    "paper": (.98, .008, 85), "surface": (1, 0, 0), "surface-2": (.962, .01, 85), "ink": (.25, .02, 70), "ink-2": (.46, .02, 70),
}  # fmt: skip
DARK: Ground = {
    "paper": (.19, .01, 75), "surface": (.235, .012, 75), "surface-2": (.275, .013, 75), "ink": (.94, .01, 85), "ink-2": (.76, .014, 80),
}  # fmt: skip
LIGHT_MORE: Ground = LIGHT | {"paper": (1, 0, 0), "ink": (.12, .01, 70)}
DARK_MORE: Ground = DARK | {"paper": (.12, .005, 75), "surface": (.16, .008, 75), "ink": (.99, .005, 85)}
_STEP = .005
_BARELY = .02  # added to what is promised, for whoever rounds otherwise


@dataclasses.dataclass(frozen=True)
class Tones:
    """The tokens that an accent decides on one ground, as #rrggbb."""

    accent: str
    strong: str
    tint: str
    on_accent: str

    def pairs(self, ground: Ground) -> list[tuple[str, str]]:
        """Which text stands on what."""
        under = [hexed(*ground[name]) for name in ("paper", "surface", "surface-2")] + [self.tint]
        return [(ink, paper) for ink in (self.accent, self.strong) for paper in under] + [
            (self.on_accent, self.accent), (self.on_accent, self.strong),
        ]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Palette:
    """What became of an accent: tones in light, in dark, and in both when more contrast is asked for."""

    light: Tones
    dark: Tones
    light_more: Tones
    dark_more: Tones

    @property
    def contrast(self) -> float:
        """Between the accent and the surface that its texts stand on, in light."""
        return contrast(self.light.accent, "#ffffff")


def read(typed: str) -> str:
    """What was typed as #rrggbb in small letters; empty for nothing.  Raises RuleBroken (field ``accent``)."""
    text = typed.strip().lower().removeprefix("#")
    if not text:
        return ""
    if re.fullmatch(r"[0-9a-f]{3}", text):
        text = "".join(c * 2 for c in text)
    if not re.fullmatch(r"[0-9a-f]{6}", text):
        raise RuleBroken(N_("Enter a colour such as #1d5a36: six digits or letters from a to f."), code="colour", field="accent")
    return f"#{text}"


@functools.lru_cache(maxsize=16)
def palette(accent: str) -> Palette:
    """The tones that keep the hue of ``accent`` (#rrggbb), and as much of the rest as can be read."""
    lightness, chroma, hue = _oklch(accent)
    mild = min(chroma, .14)
    return Palette(
        light=_tones(LIGHT, min(lightness, .62), chroma, hue, -1, TEXT),
        dark=_tones(DARK, min(max(lightness, .72), .88), mild, hue, 1, TEXT),
        light_more=_tones(LIGHT_MORE, min(lightness, .4), chroma, hue, -1, BODY),
        dark_more=_tones(DARK_MORE, max(lightness, .84), mild, hue, 1, BODY),
    )


def _tones(ground: Ground, lightness: float, chroma: float, hue: float, way: int, least: float) -> Tones:
    """Darker step by step on a light ground, lighter on a dark one, until everything can be read."""
    while True:
        if way < 0:
            tint, on_accent = hexed(.945, min(chroma * .35, .03), hue), hexed(.99, .005, 85)
        else:
            tint, on_accent = hexed(.31, min(chroma * .45, .045), hue), hexed(.2, min(chroma * .3, .03), hue)
        made = Tones(hexed(lightness, chroma, hue), hexed(lightness + way * .06, chroma * .9, hue), tint, on_accent)
        if all(contrast(*pair) >= least + _BARELY for pair in made.pairs(ground)) or not 0 < lightness < 1:
            return made
        lightness += way * _STEP


def contrast(one: str, other: str) -> float:
    """The contrast of two colours, from 1 to 21, as WCAG 2.2 defines it."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + .05) / (dark + .05)


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return .2126 * red + .7152 * green + .0722 * blue


def _linear(colour: str) -> tuple[float, ...]:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return tuple(part / 12.92 if part <= .04045 else ((part + .055) / 1.055) ** 2.4 for part in parts)


def _oklch(colour: str) -> tuple[float, float, float]:
    red, green, blue = _linear(colour)
    long = (.4122214708 * red + .5363325363 * green + .0514459929 * blue) ** (1 / 3)
    middle = (.2119034982 * red + .6806995451 * green + .1073969566 * blue) ** (1 / 3)
    short = (.0883024619 * red + .2817188376 * green + .6299787005 * blue) ** (1 / 3)
    lightness = .2104542553 * long + .793617785 * middle - .0040720468 * short
    a = 1.9779984951 * long - 2.428592205 * middle + .4505937099 * short
    b = .0259040371 * long + .7827717662 * middle - .808675766 * short
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360


@functools.lru_cache(maxsize=4096)
def hexed(lightness: float, chroma: float, hue: float) -> str:
    """A colour of OKLCH as #rrggbb, with less chroma where a screen cannot show so much."""
    while True:
        parts = _rgb(lightness, chroma, hue)
        if chroma < .001 or all(-.0005 <= part <= 1.0005 for part in parts):
            return "#" + "".join(f"{round(_curved(min(max(part, 0), 1)) * 255):02x}" for part in parts)
        chroma -= .002


def _rgb(lightness: float, chroma: float, hue: float) -> tuple[float, float, float]:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + .3963377774 * a + .2158037573 * b) ** 3
    middle = (lightness - .1055613458 * a - .0638541728 * b) ** 3
    short = (lightness - .0894841775 * a - 1.291485548 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + .2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - .3413193965 * short,
        -.0041960863 * long - .7034186147 * middle + 1.707614701 * short,
    )


def _curved(part: float) -> float:
    return part * 12.92 if part <= .0031308 else 1.055 * part ** (1 / 2.4) - .055
