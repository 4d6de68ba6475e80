"""Run as a program of its own, with ``-I`` and no environment: one line of JSON and an upload in, one line of JSON and pictures out.

Codes of a refusal: empty, not_picture, broken, too_many_pixels, too_narrow, too_small, svg_here, svg_broken, svg_size, svg_unsafe,
svg_empty, svg_heavy.
"""

import contextlib
import io
import json
import re
import struct
import sys
import warnings
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

Said = tuple[dict[str, Any], bytes]  # what a picture is, and its bytes

MEMORY = 700 * 1024 * 1024  # bytes of address space: twice what the largest picture takes
MOST_PIXELS, MOST_SIDE, MOST_RATIO, LEAST_SIDE = 25_000_000, 12_000, 12, 16
SHOWN = (480, 120)  # a logo is shown at a third of it
TILE, MOST_TILE = 96, 6 * 1024
PHOTOS = {"small": (96, 4 * 1024), "large": (192, 10 * 1024)}  # edge, and bytes at most
ICONS = {"icon-192": (192, .8), "icon-512": (512, .8), "maskable-512": (512, 0), "icon-180": (180, .8), "icon-48": (48, 1)}
SAFE = .8  # of a maskable icon's width: the circle that no device cuts
SVG = "{http://www.w3.org/2000/svg}"
XLINK = "{http://www.w3.org/1999/xlink}href"
FORBIDDEN = {
    "script", "foreignObject", "iframe", "embed", "object", "image", "feImage", "a", "audio", "video", "handler", "listener",
    "set", "animate", "animateColor", "animateMotion", "animateTransform", "discard",
}  # fmt: skip
WORDS = {f"{SVG}{name}" for name in ("text", "tspan", "textPath", "title", "desc", "style")}  # whose white space is not only looks
SEEN = {f"{SVG}{name}" for name in ("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "use")}
UNSEEN = {f"{SVG}{name}" for name in ("defs", "symbol", "clipPath", "mask", "marker", "pattern")}  # but where something points to it
MOST_DRAWING = 100_000  # bytes of an SVG, which every page loads
MOST_RULES = 1000  # of a style, that point to something
MOST_WORK, POINTING, FILTERING = 20_000, 20, 50  # for a browser, in simple shapes; what an arrow and a step of a filter cost
ARROW = re.compile(r"url\(\s*([\"']?)#([^\"'()\s]+)\1\s*\)", re.IGNORECASE)


class Refused(Exception):
    pass


def limit(memory: int = MEMORY, seconds: int = 15) -> None:
    """So much memory and time, no files, nothing left behind; where the system knows or allows no limits, only the parent's clock."""
    try:
        import resource
    except ImportError:
        return
    for what, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError):  # a sandbox may forbid to limit oneself
            resource.setrlimit(what, (least, least))


def main() -> None:
    limit()
    asked = json.loads(sys.stdin.buffer.readline())
    body = sys.stdin.buffer.read()
    made: list[Said] = []
    try:
        made = make(asked["task"], body, asked["colour"])
        told: dict[str, Any] = {"made": [{**about, "size": len(picture)} for about, picture in made]}
    except Refused as refused:
        told = {"refused": refused.args[0]}
    except MemoryError:
        told = {"refused": "too_many_pixels"}
    sys.stdout.buffer.write(json.dumps(told).encode() + b"\n" + b"".join(picture for _, picture in made))


def make(task: str, body: bytes, colour: str) -> list[Said]:
    if task == "door":
        return icons(lambda size, kind: door(size, colour, kind))
    if not body.strip():
        raise Refused("empty")
    if looks_like_svg(body):
        if task != "logo":
            raise Refused("svg_here")
        return [svg(body)]
    picture = opened(body)
    if task == "tile":
        return [square(picture, "picture", TILE, MOST_TILE)]
    if task == "photo":
        return [square(on_white(picture), kind, edge, most) for kind, (edge, most) in PHOTOS.items()]
    made = icons(lambda size, kind: framed(picture, size, kind))
    return made if task == "icon" else [logo(picture), *made]


# ---------------------------------------------------------------- bitmaps


def opened(body: bytes) -> Any:
    from PIL import Image, ImageOps, UnidentifiedImageError

    warnings.simplefilter("ignore")  # such as of a camera's notes that nobody can read
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        picture: Any = Image.open(io.BytesIO(body), formats=("PNG", "JPEG", "WEBP"))
        check(*picture.size)
        picture.draft("RGB", (2048, 2048))
        picture.load()
        if picture.mode.startswith("I"):  # 16 bits of grey, as scanners have them: taken for 8 it would be white
            picture = picture.convert("I").point(lambda grey: grey * (1 / 256)).convert("L")
        with contextlib.suppress(SyntaxError, struct.error):  # notes that nobody can read turn nothing
            picture = ImageOps.exif_transpose(picture)
        picture.thumbnail((1024, 1024))
        return picture.convert("RGBA")
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
        raise Refused("too_many_pixels") from None
    except UnidentifiedImageError:
        raise Refused("not_picture") from None
    except Refused:
        raise
    except Exception:
        raise Refused("broken") from None


def check(width: int, height: int) -> None:
    short, long = sorted((width, height))
    if width * height > MOST_PIXELS or (long > MOST_SIDE and long < short * MOST_RATIO):
        raise Refused("too_many_pixels")
    if long > short * MOST_RATIO:
        raise Refused("too_narrow")
    if short < LEAST_SIDE:
        raise Refused("too_small")


def logo(picture: Any) -> Said:
    small = picture.copy()
    small.thumbnail(SHOWN)
    return said("picture", "image/webp", small.size, webp(small))


def webp(picture: Any) -> bytes:
    kinds: tuple[dict[str, Any], ...] = ({"lossless": True}, {"quality": 88})
    return min((saved(picture, "WEBP", method=6, **kind) for kind in kinds), key=len)


def square(picture: Any, kind: str, edge: int, most: int) -> Said:
    """From its middle; as fine as so many bytes allow."""
    from PIL import ImageOps

    cut = ImageOps.fit(picture, (edge, edge))
    for quality in (88, 75, 60, 45, 30, 10):
        body = saved(cut, "WEBP", method=6, quality=quality, alpha_quality=quality)
        if len(body) <= most:
            break
    return said(kind, "image/webp", cut.size, body)


def on_white(picture: Any) -> Any:
    from PIL import Image

    ground = Image.new("RGBA", picture.size, (255, 255, 255, 255))
    ground.alpha_composite(picture)
    return ground.convert("RGB")


def saved(picture: Any, form: str, **how: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **how)
    return out.getvalue()


def said(kind: str, content_type: str, size: tuple[int, int], body: bytes) -> Said:
    return {"kind": kind, "content_type": content_type, "width": size[0], "height": size[1]}, body


# ---------------------------------------------------------------- icons


def icons(draw: Callable[[int, str], Any]) -> list[Said]:
    return [said(kind, "image/png", (size, size), saved(draw(size, kind), "PNG", optimize=True)) for kind, (size, _) in ICONS.items()]


def framed(picture: Any, size: int, kind: str) -> Any:
    """The picture on white; on a maskable icon its corners are inside the circle that no device cuts."""
    from PIL import Image, ImageOps

    width, height = picture.size
    share = ICONS[kind][1] or SAFE * max(width, height) / (width**2 + height**2) ** .5
    room = max(1, int(size * share))
    small = ImageOps.contain(picture, (room, room), Image.Resampling.LANCZOS)
    ground = Image.new("RGBA", (size, size), (255, 255, 255, 0 if kind == "icon-48" else 255))
    ground.alpha_composite(small, ((size - small.width) // 2, (size - small.height) // 2))
    return ground if kind == "icon-48" else ground.convert("RGB")


def door(size: int, colour: str, kind: str) -> Any:
    """The portal's own door on the agency's colour, as script/app-icons draws it."""
    from PIL import Image, ImageDraw

    paper, glow, over = (253, 250, 244), (255, 214, 140), 4
    scale, radius = {"maskable-512": (.82, 0), "icon-180": (.95, 0)}.get(kind, (1, 112))
    edge = size * over
    unit = edge / 512

    def place(points: Any) -> Any:
        return [tuple((256 + (v - 256) * scale) * unit for v in point) for point in points]

    def box(left: int, top: int, right: int, bottom: int) -> Any:
        return [v for point in place([(left, top), (right, bottom)]) for v in point]

    image = Image.new("RGBA", (edge, edge), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    draw.rounded_rectangle((0, 0, edge - 1, edge - 1), radius * unit, fill=colour)
    draw.rounded_rectangle(box(104, 396, 408, 420), 12 * unit * scale, fill=paper)
    draw.rounded_rectangle(box(152, 92, 360, 400), 28 * unit * scale, fill=paper, corners=(True, True, False, False))
    draw.rectangle(box(176, 92, 336, 420), fill=glow)
    draw.polygon(place(((176, 116), (272, 148), (272, 364), (176, 396))), fill=colour)
    draw.ellipse(box(240, 250, 258, 268), fill=paper)
    image = image.resize((size, size), Image.Resampling.LANCZOS)
    return image if radius else image.convert("RGB")


# ---------------------------------------------------------------- SVG


def looks_like_svg(body: bytes) -> bool:
    return re.match(rb"(?:\xef\xbb\xbf)?\s*<", body) is not None and re.search(rb"<(?:[A-Za-z_]+:)?svg[\s>]", body[:65536]) is not None


def svg(body: bytes) -> Said:
    import py_svg_hush

    if re.search(rb"<!(?:entity|attlist|element)", body, re.IGNORECASE):
        raise Refused("svg_unsafe")
    try:
        clean = py_svg_hush.filter_svg(body)
        if b"<!DOCTYPE" in clean or b"<!ENTITY" in clean or b"<?xml-stylesheet" in clean:
            raise Refused("svg_unsafe")
        root = ElementTree.fromstring(clean)  # noqa: S314 - no entities are left, and expat loads nothing
    except (ValueError, ElementTree.ParseError):
        raise Refused("svg_broken") from None
    if root.tag != f"{SVG}svg":
        raise Refused("not_picture")
    for each in root.iter():
        must_be_harmless(each)
    width, height = size_of(root)
    root.set("width", str(width))
    root.set("height", str(height))
    must_be_light(root)
    if not shows_something(root):
        raise Refused("svg_empty")
    ElementTree.register_namespace("", SVG[1:-1])
    ElementTree.register_namespace("xlink", XLINK[1:-5])
    drawing = ElementTree.tostring(close_up(root), encoding="utf-8", xml_declaration=True)
    if len(drawing) > MOST_DRAWING:
        raise Refused("svg_heavy")
    return said("picture", "image/svg+xml", (width, height), drawing)


def shows_something(element: ElementTree.Element) -> bool:
    """False for what is white once its scripts are gone."""
    return element.tag in SEEN or any(each.tag not in UNSEEN and shows_something(each) for each in element)


def close_up(root: ElementTree.Element) -> ElementTree.Element:
    """Without the white space between elements, of which the filter adds much."""
    for each in root.iter():
        if each.tag not in WORDS:
            each.text = (each.text or "").strip() or None
            for child in each:
                child.tail = (child.tail or "").strip() or None
    return root


def must_be_light(root: ElementTree.Element) -> None:
    """Raises Refused for what makes every browser that shows it draw for seconds: a small file can show itself a million times."""
    by_id: dict[str, ElementTree.Element] = {}
    for each in root.iter():
        by_id.setdefault(each.get("id", ""), each)
    styled = rules_of(root)
    if len(styled) > MOST_RULES:
        raise Refused("svg_heavy")
    known: dict[ElementTree.Element, int] = {}

    def work(element: ElementTree.Element) -> int:
        if element in known:
            return known[element]
        known[element] = MOST_WORK + 1  # whoever meets it inside itself
        targets = [by_id[name] for name in points_to(element, styled) if name in by_id]
        step = FILTERING if element.tag.startswith(f"{SVG}fe") else 1
        total = step + sum(len(value) for value in element.attrib.values()) // 64 + POINTING * len(targets)
        for each in (*element, *targets):
            total += work(each)
            if total > MOST_WORK:
                raise Refused("svg_heavy")
        known[element] = total
        return total

    try:
        if work(root) > MOST_WORK:
            raise Refused("svg_heavy")
    except RecursionError:
        raise Refused("svg_heavy") from None


def points_to(element: ElementTree.Element, styled: list[tuple[set[str] | None, list[str]]]) -> list[str]:
    """The ids that an element shows, is cut by or filled with, by itself or by a rule of a style."""
    found = []
    for name, value in element.attrib.items():
        found += arrows(value)
        if name.rpartition("}")[2] == "href":
            found.append(value.strip()[1:])
    called = {element.tag.removeprefix(SVG), element.get("id", ""), *element.get("class", "").split()}
    for words, names in styled:
        if words is None or words & called:
            found += names
    return [unquote(name) for name in found]


def rules_of(root: ElementTree.Element) -> list[tuple[set[str] | None, list[str]]]:
    """The ids in each rule of a style, with the words of its selector; without words where it may be any element's."""
    text = "".join(each.text or "" for each in root.iter(f"{SVG}style"))
    plain = re.sub(r"\"[^\"{}]*\"|'[^'{}]*'", "", ARROW.sub(r"url(#\2)", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)))
    found: list[tuple[set[str] | None, list[str]]] = []
    for rule in plain.split("}"):
        selector, brace, _ = rule.rpartition("{")
        if names := arrows(rule):
            is_simple = brace and re.fullmatch(r"[\w\s.,#>-]*", selector)
            found.append((set(re.findall(r"[\w-]+", selector)) if is_simple else None, names))
    every = arrows(text)
    if re.search(r"[\"']", plain) or len(every) != sum(len(names) for _, names in found):
        return [(None, every)] if every else []
    return found


def must_be_harmless(element: ElementTree.Element) -> None:
    """Raises Refused for whatever runs, or asks for something from elsewhere."""
    if not isinstance(element.tag, str) or not element.tag.startswith(SVG) or element.tag.removeprefix(SVG) in FORBIDDEN:
        raise Refused("svg_unsafe")
    for name, value in element.attrib.items():
        plain = name.rpartition("}")[2].lower()
        if plain.startswith("on") or (plain == "href" and not value.strip().startswith("#")) or is_reaching(value):
            raise Refused("svg_unsafe")
    text = element.text or ""
    if element.tag == f"{SVG}style" and ("@" in text or "<" in text or is_reaching(text)):
        raise Refused("svg_unsafe")


def is_reaching(value: str) -> bool:
    """True for words that name a place outside the picture, or that hide one."""
    squeezed = re.sub(r"[\s\x00-\x1f]|/\*.*?\*/", "", value.lower(), flags=re.DOTALL)
    if "\\" in value or any(word in squeezed for word in ("javascript:", "//", "data:", "image-set(", "src(", "var(")):
        return True
    return squeezed.count("url(") != len(arrows(value))


def arrows(text: str) -> list[str]:
    """The ids that are pointed to as url(#id)."""
    return [found[2] for found in ARROW.finditer(text)]


def size_of(root: ElementTree.Element) -> tuple[int, int]:
    box = re.findall(r"-?[\d.]+(?:e-?\d+)?", root.get("viewBox", ""))
    try:
        width, height = (float(box[2]), float(box[3])) if len(box) == 4 else (measured(root.get("width")), measured(root.get("height")))
    except ValueError:
        raise Refused("svg_size") from None
    if not (0 < width < 1e6 and 0 < height < 1e6):
        raise Refused("svg_size")
    if len(box) != 4:
        root.set("viewBox", f"0 0 {width:g} {height:g}")
    if max(width, height) > MOST_RATIO * min(width, height):
        raise Refused("too_narrow")
    share = min(SHOWN[0] / width, SHOWN[1] / height)
    return max(1, round(width * share)), max(1, round(height * share))


def measured(text: str | None) -> float:
    found = re.fullmatch(r"\s*([\d.]+)\s*(?:px|pt|mm|cm|in)?\s*", text or "")
    if found is None:
        raise ValueError
    return float(found.group(1))


if __name__ == "__main__":
    main()
