"""The agency's own colour, logo and icons, as a browser sees them."""

import io
import json
from collections.abc import Callable

from browser import ways
from browser.looks import look
from browser.portals import Portal
from PIL import Image, ImageDraw
from playwright.sync_api import Page, expect

BRAND, PART = "/admin/settings/brand", "/admin/settings/brand/pictures/<part>"


def _logo() -> bytes:
    picture = Image.new("RGBA", (600, 600), (0, 0, 0, 0))
    ImageDraw.Draw(picture).ellipse((20, 20, 580, 580), fill=(122, 31, 75))
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def upload(page: Page, part: str, button: str) -> None:
    page.goto(f"{BRAND}/pictures/{part}")
    page.locator("input[type=file]").set_input_files({"name": "logo.png", "mimeType": "image/png", "buffer": _logo()})
    ways.press(page, button)
    expect(page.get_by_text("Saved. It shows at once.")).to_be_visible()


def test_everything_follows_the_brand(portal: Portal, phone: Callable[..., Page]) -> None:
    page = phone(portal.url, reduced_motion="reduce")
    ways.first_start(page, portal.code)
    page.goto(f"{BRAND}/colour")
    page.get_by_label("Or type it (optional)").fill("#ffcc00")
    ways.press(page, "Save")
    expect(page.get_by_text("is too light for text; we darkened it to")).to_be_visible()
    look(page, f"{BRAND}/colour")
    upload(page, "logo", "Upload")
    upload(page, "tile.about_me", "Save")
    look(page, BRAND)
    for part in ("logo", "icon", "tile.about_me"):
        page.goto(f"{BRAND}/pictures/{part}")
        look(page, PART)
    photo, mine = "/admin/my-sign-in/photo", page.locator("img.face")
    page.goto(photo)
    page.locator("input[type=file]").set_input_files({"name": "me.png", "mimeType": "image/png", "buffer": _logo()})
    ways.press(page, "Upload")
    expect(mine).to_have_js_property("naturalHeight", 96)  # it came, and was read
    look(page, photo)
    page.goto("/sign-in" if page.get_by_text("Sign in").count() else "/pages/help")
    expect(page.locator("header .logo")).to_have_js_property("complete", True)
    line = page.context.new_cdp_session(page)
    told = line.send("Page.getAppManifest")
    assert told["errors"] == []
    body = json.loads(told["data"])
    assert body["theme_color"] == page.locator("meta[name=theme-color]").first.get_attribute("content") != "#fbf8f2"
    for icon in body["icons"]:
        assert icon["src"].startswith("/brand/")
        size = page.evaluate("""async (source) => { const image = new Image(); image.src = source; await image.decode();
                                 return `${image.naturalWidth}x${image.naturalHeight}`; }""", icon["src"])  # fmt: skip
        assert size == icon["sizes"]
