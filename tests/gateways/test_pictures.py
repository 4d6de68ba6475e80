"""Uploaded pictures: what is harmless comes out small and clean, what is not is refused, and nobody is harmed."""

import contextlib
import io
import os
import random
import resource
import struct
import time
import zlib
from pathlib import Path

import pytest
from PIL import Image

from gateways import picture_child, pictures


def drawn(size=(300, 200), form="PNG", mode="RGB", **how):
    out = io.BytesIO()
    Image.new(mode, size, (200, 30, 60, 128)[: len(mode)] if mode in ("RGB", "RGBA", "CMYK") else 1).save(out, form, **how)
    return out.getvalue()


def header_of_png(width, height):
    """A file of a few bytes that says that it is very large."""
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def svg(inside="", *, attributes='viewBox="0 0 200 100"', before=""):
    return f'{before}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {attributes}>{inside}</svg>'.encode()


def read(made):
    return Image.open(io.BytesIO(made.body))


# ---------------------------------------------------------------- bitmaps


@pytest.mark.parametrize(("form", "mode"), [("PNG", "RGBA"), ("JPEG", "CMYK"), ("WEBP", "RGB"), ("PNG", "P"), ("PNG", "1")])
def test_a_bitmap_is_made_anew_as_a_logo_and_as_icons(form, mode):
    logo, *icons = pictures.make("logo", drawn(form=form, mode=mode))
    assert (logo.content_type, logo.width, logo.height) == ("image/webp", 180, 120)
    assert read(logo).size == (180, 120)
    assert read(logo).format == "WEBP"
    assert {icon.kind: read(icon).size for icon in icons} == {
        "icon-192": (192, 192), "icon-512": (512, 512), "maskable-512": (512, 512), "icon-180": (180, 180), "icon-48": (48, 48),
    }  # fmt: skip


@pytest.mark.parametrize("edge", [200, 2000])
def test_a_grey_scan_of_sixteen_bits_does_not_become_white(edge):
    out = io.BytesIO()
    Image.new("I;16", (edge, edge), 0x4000).save(out, "PNG")
    for task in ("photo", "tile"):
        for made in pictures.make(task, out.getvalue()):
            assert abs(read(made).convert("L").getpixel((9, 9)) - 0x40) < 3


def test_where_and_when_a_photo_was_taken_is_gone_and_it_stands_upright():
    exif = Image.Exif()
    exif[0x010E], exif[0x0112] = "at home", 6  # lies on its side
    [tile] = pictures.make("tile", drawn((300, 200), "JPEG", exif=exif, comment=b"at home"))
    [logo, *_] = pictures.make("logo", drawn((300, 200), "JPEG", exif=exif, comment=b"at home"))
    assert b"at home" not in tile.body + logo.body
    assert (logo.width, logo.height) == (80, 120)


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0nonsense"])
def test_notes_of_a_camera_that_nobody_can_read_spoil_no_picture(exif):
    [tile] = pictures.make("tile", drawn(form="JPEG", exif=exif))
    assert (tile.width, tile.height) == (96, 96)


def test_a_photo_of_a_worker_is_a_square_from_the_middle_that_tells_nothing_of_its_place():
    """Coordinates in EXIF and in XMP, words in a comment and in a colour profile; it lies on its side."""
    picture = Image.new("RGB", (900, 300), (0, 0, 200))
    picture.paste((200, 30, 60), (300, 0, 600, 300))
    exif, secret, out = Image.Exif(), b"44.6478N 63.5728W", io.BytesIO()
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (44.0, 38.0, 52.0), 3: "W", 4: (63.0, 34.0, 22.0)})
    picture.save(out, "JPEG", exif=exif, comment=secret, icc_profile=secret * 9, xmp=b"<x:xmpmeta>" + secret + b"</x:xmpmeta>")
    assert Image.open(io.BytesIO(out.getvalue())).getexif().get_ifd(0x8825)[2] == (44.0, 38.0, 52.0)
    small, large = pictures.make("photo", out.getvalue())
    assert [(made.kind, made.content_type, read(made).size) for made in (small, large)] == [
        ("small", "image/webp", (96, 96)), ("large", "image/webp", (192, 192)),
    ]  # fmt: skip
    for made in (small, large):
        assert not read(made).getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & {*read(made).info}
        assert secret not in made.body
        for place in ((4, 4), (made.width - 5, 4), (4, made.height - 5), (made.width // 2, made.height // 2)):
            assert abs(read(made).convert("RGB").getpixel(place)[0] - 200) < 30  # of the middle third only


def test_a_photo_stands_upright():
    picture, exif, out = Image.new("RGB", (200, 200), (200, 30, 60)), Image.Exif(), io.BytesIO()
    picture.paste((0, 0, 200), (0, 0, 100, 200))  # the left half, which is then above
    exif[0x0112] = 6
    picture.save(out, "JPEG", exif=exif)
    large = read(pictures.make("photo", out.getvalue())[1]).convert("RGB")
    assert large.getpixel((150, 30))[2] > 150
    assert large.getpixel((30, 150))[0] > 150


def test_a_photo_is_light_even_when_it_is_noise_and_what_is_clear_stands_on_white():
    out, clear = io.BytesIO(), io.BytesIO()
    Image.frombytes("RGB", (300, 300), random.Random(1).randbytes(270_000)).save(out, "PNG")
    small, large = pictures.make("photo", out.getvalue())
    assert len(small.body) <= 4 * 1024
    assert len(large.body) <= 10 * 1024
    Image.new("RGBA", (60, 60), (0, 0, 0, 0)).save(clear, "PNG")
    assert read(pictures.make("photo", clear.getvalue())[0]).convert("RGB").getpixel((9, 9)) == (255, 255, 255)


@pytest.mark.parametrize("form", ["WEBP", "PNG"])
def test_of_what_moves_a_photo_is_the_first_picture(form):
    out = io.BytesIO()
    first, second = (Image.new("RGB", (60, 60), colour) for colour in ((200, 30, 60), (0, 0, 200)))
    first.save(out, form, save_all=True, append_images=[second], duration=100)
    for made in pictures.make("photo", out.getvalue()):
        assert getattr(read(made), "n_frames", 1) == 1
        assert abs(read(made).convert("RGB").getpixel((9, 9))[0] - 200) < 30


def test_a_picture_of_a_tile_is_light_even_when_it_is_noise():
    noise = Image.frombytes("RGB", (300, 300), random.Random(1).randbytes(270_000))
    out = io.BytesIO()
    noise.save(out, "PNG")
    [tile] = pictures.make("tile", out.getvalue())
    assert (tile.width, tile.height) == (96, 96)
    assert len(tile.body) <= 6 * 1024


def test_what_hangs_behind_a_picture_does_not_come_out():
    hidden = drawn() + b"<script>alert(1)</script>PK\x03\x04"
    assert all(b"<script>" not in made.body for made in pictures.make("logo", hidden))


def test_the_corners_of_a_maskable_icon_are_inside_the_circle():
    made = {each.kind: read(each) for each in pictures.make("icon", drawn((300, 300)))}
    icon = made["maskable-512"]
    for x in range(512):
        for y in range(512):
            if (x - 255.5) ** 2 + (y - 255.5) ** 2 > (.4 * 512 + 1) ** 2:
                assert icon.getpixel((x, y)) == (255, 255, 255)
    assert icon.getpixel((256, 256)) != (255, 255, 255)


def test_the_door_takes_the_colour():
    made = {each.kind: read(each) for each in pictures.make("door", colour="#7a1f4b")}
    assert made["maskable-512"].getpixel((4, 4)) == (0x7A, 0x1F, 0x4B)


GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
NASTY = {
    "nothing": (b"", "empty"), "spaces": (b"  \n", "empty"), "a script": (b"#!/bin/sh\nrm -rf /\n", "not_picture"),
    "GIF": (GIF, "not_picture"), "PDF": (b"%PDF-1.7\n1 0 obj\n", "not_picture"),
    "HTML": (b"<!doctype html><title>x</title><script>alert(1)</script>", "not_picture"),
    "HTML with a drawing": (b"<html><body><svg onload='alert(1)'></svg></body></html>", "svg_broken"),
    "a BMP": (drawn(form="BMP"), "not_picture"), "a TIFF": (drawn(form="TIFF"), "not_picture"), "an ICO": (drawn(form="ICO"), "not_picture"),
    "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(/etc/passwd) run\n", "not_picture"),
    "half a PNG": (drawn()[:100], "broken"), "half a JPEG": (drawn(form="JPEG")[:400], "broken"), "only a beginning": (b"\x89PNG\r\n\x1a\n", "not_picture"),
    "20,000 by 20,000": (header_of_png(20_000, 20_000), "too_many_pixels"), "more than can be": (header_of_png(2**31 - 1, 2**31 - 1), "too_many_pixels"),
    "1 by 60,000": (drawn((1, 60_000)), "too_narrow"), "a dot": (drawn((1, 1)), "too_small"),
    "a zip": (b"PK\x03\x04" + b"\0" * 500, "not_picture"), "noise": (random.Random(3).randbytes(5000), "not_picture"),
}  # fmt: skip


@pytest.mark.parametrize("what", NASTY)
def test_what_is_no_picture_to_use_is_refused(what):
    body, code = NASTY[what]
    for task in ("logo", "photo"):
        with pytest.raises(pictures.Refused) as refused:
            pictures.make(task, body)
        assert refused.value.args[0] == (code if task == "logo" else code.replace("svg_broken", "svg_here"))


@pytest.mark.long
def test_a_picture_that_unpacks_to_a_gigabyte_harms_nobody():
    """Each as large as may be, or larger: the portal's own memory hardly moves, and each is over in time."""
    largest = drawn((4990, 4990))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    assert len(pictures.make("tile", largest)) == 1
    with pytest.raises(pictures.Refused):
        pictures.make("tile", header_of_png(12_000, 12_000))
    assert time.monotonic() - started < 15
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 60_000  # KB


def children():
    """The numbers of our own processes that open pictures."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # over meanwhile
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if parent == str(os.getpid()) and b"picture_child" in (folder / "cmdline").read_bytes():
                found.append(folder.name)
    return found


def test_one_that_takes_too_long_is_ended_and_leaves_nothing():
    with pytest.raises(pictures.Refused) as refused:
        pictures.make("logo", drawn(), seconds=.01)
    assert refused.value.args[0] == "too_long"
    assert children() == []
    assert pictures.make("tile", drawn())


@pytest.mark.parametrize(("deed", "code"), [
    ("bytearray(800 * 1024 * 1024)", "broken"), ("open(__file__ + '.new', 'wb', buffering=0).write(b'x')", "broken"), ("None", "went_well"),
])  # fmt: skip
def test_the_child_gets_no_more_memory_and_writes_no_file(monkeypatch, tmp_path, deed, code):
    child = tmp_path / "child.py"
    child.write_text(
        f"import runpy\nrunpy.run_path({str(pictures.CHILD)!r})['limit']()\n{deed}\nprint('{{\"refused\": \"went_well\"}}', flush=True)"
    )
    monkeypatch.setattr(pictures, "CHILD", child)
    with pytest.raises(pictures.Refused) as refused:
        pictures.make("logo", b"x")
    assert refused.value.args[0] == code


def test_the_child_knows_nothing_of_the_portals_secrets(monkeypatch, tmp_path):
    child = tmp_path / "child.py"
    child.write_text("import json, os, sys\nprint(json.dumps({'refused': ' '.join(os.environ)}))")
    monkeypatch.setattr(pictures, "CHILD", child)
    monkeypatch.setenv("SECRET_KEY", "do not tell")
    with pytest.raises(pictures.Refused) as told:
        pictures.make("logo", b"x")
    assert "SECRET_KEY" not in told.value.args[0]


# ---------------------------------------------------------------- SVG


def test_a_drawing_is_kept_as_a_drawing_with_its_own_styles():
    inside = '<style>.a{fill:#123456}</style><defs><linearGradient id="g"/></defs><rect class="a" fill="url(#g)" width="9" height="9"/>'
    [made] = pictures.make("logo", svg(inside, before='<?xml version="1.0"?><!DOCTYPE svg>'))
    assert (made.content_type, made.width, made.height) == ("image/svg+xml", 240, 120)
    assert b"fill:#123456" in made.body
    assert b"url(#g)" in made.body
    assert b"DOCTYPE" not in made.body


CODE = ("script", "alert", "javascript", "onload", "onclick", "foreignobject", "evil.example", "@import", "/etc/passwd", "<image", "entity")
HOSTILE = (
    svg("<script>alert(1)</script>"), svg(attributes='viewBox="0 0 9 9" onload="alert(1)"'),
    svg("<rect onclick='alert(1)' width='9'/>"), svg("<foreignObject><body xmlns='http://www.w3.org/1999/xhtml'>x</body></foreignObject>"),
    svg("<a href='javascript:alert(1)'><rect/></a>"), svg("<a xlink:href='https://evil.example/'><rect/></a>"),
    svg("<image href='https://evil.example/x.png'/>"), svg("<image href='data:image/svg+xml,&lt;svg onload=alert(1)&gt;'/>"),
    svg("<use href='https://evil.example/x.svg#a'/>"), svg("<use xlink:href='//evil.example/x.svg#a'/>"),
    svg("<style>@import url(https://evil.example/x.css);</style>"), svg("<style>rect{fill:url(https://evil.example/x)}</style>"),
    svg("<style>rect{background:u\\72l(https://evil.example/x)}</style>"), svg("<rect style='fill:url(https://evil.example/x#a)'/>"),
    svg("<rect fill='url( \"https://evil.example/x\")'/>"), svg("<set attributeName='onload' to='alert(1)'/>"),
    svg("<animate attributeName='href' values='javascript:alert(1)'/>"), svg("<feImage href='https://evil.example/x'/>"),
    svg("<text>&e;</text>", before='<!DOCTYPE svg [<!ENTITY e SYSTEM "file:///etc/passwd">]>'),
    svg("<x:script xmlns:x='http://www.w3.org/2000/svg'>alert(1)</x:script>"),
    svg("<iframe xmlns='http://www.w3.org/1999/xhtml' src='javascript:alert(1)'/>"),
    svg(before='<?xml-stylesheet href="https://evil.example/x.css"?>'),
    svg("<style><![CDATA[</style><script>alert(1)</script>]]></style>"),
    svg("<style>rect{fill:image-set('evil.example/x.png' 1x)}</style>"), svg("<style>rect{mask-image:src('evil.example')}</style>"),
    svg("<style>rect{fill:image-set('data:image/png;base64,evil.example' 1x)}</style>"),
    svg("<style>:root{--x:'evil.example'}rect{mask:var(--x)}</style>"),
)  # fmt: skip


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_runs_or_reaches_out_comes_out_of_a_drawing(hostile):
    try:
        [made] = pictures.make("logo", hostile)
    except pictures.Refused as refused:
        assert refused.args[0] in ("svg_unsafe", "svg_broken", "svg_empty")
        return
    body = made.body.decode().lower().replace("http://www.w3.org/", "")
    assert not [word for word in CODE if word in body], body


LAUGHS = '<!DOCTYPE svg [<!ENTITY a "ha">' + "".join(f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)) + "]>"


@pytest.mark.parametrize(("drawing", "code"), [
    (svg("<text>&i;</text>", before=LAUGHS), "svg_unsafe"), (svg("<rect>"), "svg_broken"), (svg(attributes=""), "svg_size"),
    (svg("<script>alert(1)</script>"), "svg_empty"), (svg("<defs><path d='M0 0h9v9z'/></defs><title>Us</title>"), "svg_empty"),
    (svg("<image width='9' height='9' href='https://evil.example/x.png'/>"), "svg_unsafe"),
    (svg(attributes='viewBox="0 0 0 0"'), "svg_size"), (svg(attributes='viewBox="0 0 1 60000"'), "too_narrow"),
])  # fmt: skip
def test_a_drawing_that_cannot_be_used_is_refused(drawing, code):
    with pytest.raises(pictures.Refused) as refused:
        pictures.make("logo", drawing)
    assert refused.value.args[0] == code


def ten_times(reference, last=9):
    """Each ``<g>`` shows the one before ten times: a small file, and a thousand million shapes."""
    return '<g id="a0"><rect width="1" height="1"/></g>' + "".join(
        f'<g id="a{n}">{reference.format(n - 1) * 10}</g>' for n in range(1, last + 1)) + f'<use href="#a{last}"/>'  # fmt: skip


def masks(inside, rules=""):
    return f"<style>{rules}</style>" + "".join(f'<mask id="m{n}">{inside.format(n=n, before=n - 1) * 4}</mask>' for n in range(1, 20))


HEAVY = {
    "use in use": svg(ten_times('<use href="#a{0}"/>')), "by the old word": svg(ten_times('<use xlink:href="#a{0}"/>')),
    "itself": svg('<g id="a"><use href="#a"/></g>'), "each other": svg('<g id="a"><use href="#b"/></g><g id="b"><use href="#a"/></g>'),
    "masks": svg(masks('<rect mask="url(#m{before})" width="9" height="9"/>')),
    "masks by style": svg(masks("<rect style='mask: url( &quot;#m{before}&quot; )' width='9' height='9'/>")),
    "masks by class": svg(masks('<rect class="x c{n}"/>', "".join(f".c{n}, .d{{mask:url(#m{n - 1})}}" for n in range(1, 20)))),
    "masks by a selector": svg(masks('<rect lang="c{n}"/>', "".join(f"[lang=c{n}]{{mask:url(#m{n - 1})}}" for n in range(1, 20)))),
    "masks by a hidden rule": svg(masks('<rect class="c{n}"/>', "".join(
        f".c{n}{{x:'}} .d{{'; mask:url(#m{n - 1})}}" for n in range(1, 20)))),
    "a long path often": svg(f'<path id="p" d="{"M0 0L1 1" * 9000}"/>' + '<use href="#p"/>' * 500),
    "many filters": svg('<filter id="f">' + "<feGaussianBlur stdDeviation='900'/>" * 900 + "</filter><rect filter='url(#f)'/>" * 1),
    "deep": svg("<g>" * 4000 + "</g>" * 4000), "a chain": svg("".join(
        f'<linearGradient id="g{n}" href="#g{n + 1}"/>' for n in range(3000))), "much": svg("<rect width='1' height='1'/>" * 5000),
    "many rules": svg(f"<style>{''.join(f'.c{n}{{fill:url(#g)}}' for n in range(40_000))}</style>" + "<rect class='x'/>" * 15_000),
}  # fmt: skip


@pytest.mark.parametrize(("arrow", "is_plain"), [
    ("url(#a)", True), ("fill:URL( '#a' );mask:url(\"#b\")", True), ("url(\"#a(b\")", False), ("url('#a b')", False), ("url(\"#a)b\")", False),
    ("url(#a", False), ("url(#)", False), ("url(#a) url(b#a)", False),
])  # fmt: skip
def test_an_arrow_that_is_hard_to_follow_is_as_bad_as_one_that_leads_outside(arrow, is_plain):
    """Whoever could hide one would have browsers work unseen."""
    assert picture_child.is_reaching(arrow) != is_plain


@pytest.mark.parametrize("what", HEAVY)
def test_a_drawing_that_every_browser_would_choke_on_is_refused(what):
    with pytest.raises(pictures.Refused) as refused:
        pictures.make("logo", HEAVY[what])
    assert refused.value.args[0] == "svg_heavy"


def test_what_drawing_programs_make_is_no_burden():
    paths = "".join(f'<path class="cls-{n % 9}" d="{"c1.25,3.5,7.25,9.125,2,4" * 20}"/>' for n in range(100))
    styles = "<style>.cls-0{fill:url(#g);font-family:'Noto Sans', \"x\"}.cls-1,.cls-2{clip-path:url(#c)}.cls-3{filter:url(#f)}</style>"
    kept = ('<linearGradient id="h"><stop offset="1"/></linearGradient><linearGradient id="g" xlink:href="#h"/>'
            '<clipPath id="c"><rect width="200" height="100"/></clipPath><filter id="f"><feOffset dx="1"/></filter>'
            '<symbol id="s"><circle r="5"/></symbol>')  # fmt: skip
    [made] = pictures.make("logo", svg(f"<defs>{styles}{kept}</defs>{paths}" + '<use href="#s"/>' * 20))
    assert made.body.count(b"<path") == 100
    [made] = pictures.make("logo", svg("<g>" * 60 + "<text> a <tspan>b</tspan> c</text>" + "</g>" * 60))
    assert len(made.body) < 1200, "nothing is added between the elements"
    assert b"<text> a <tspan>b</tspan> c</text>" in made.body


@pytest.mark.parametrize("task", ["tile", "icon", "photo"])
def test_where_only_bitmaps_fit_a_drawing_is_refused(task):
    with pytest.raises(pictures.Refused) as refused:
        pictures.make(task, svg())
    assert refused.value.args[0] == "svg_here"
