"""What a page must be for somebody with poor eyes, a small phone, a finger, or a patient screen reader."""

import re
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_SCRIPT as AXE
from axe_playwright_python.base import AxeResults
from playwright.sync_api import Page, expect

ALL_RULES = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
OTHER_LIGHT = {"resultTypes": ["violations"], "runOnly": {"type": "rule", "values": ["color-contrast", "target-size"]}}
LEAST_TARGET = 44  # pixels each way (spec 02, accessibility)

# Text whose letters are cut off, or that stands beside the screen.
LOST_TEXT = """() => {
  const width = document.documentElement.clientWidth, lost = [];
  for (const place of document.body.querySelectorAll('*')) {
    const own = [...place.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
    const isOut = place.closest('.unseen, .skip, thead, option, svg');
    if (!own || isOut || !place.checkVisibility({ visibilityProperty: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(place);
    for (const box of range.getClientRects()) {
      if (box.left < -1 || box.right > width + 1) { lost.push(place.outerHTML.slice(0, 200)); break; }
    }
    for (let around = place; around && around !== document.body; around = around.parentElement) {
      const style = getComputedStyle(around), cuts = /hidden|clip/;
      if ((cuts.test(style.overflowX) && around.scrollWidth > around.clientWidth + 1)
        || (cuts.test(style.overflowY) && around.scrollHeight > around.clientHeight + 1)) {
        lost.push('cut off: ' + place.outerHTML.slice(0, 200)); break;
      }
    }
  }
  return lost;
}"""

# What can be touched and is smaller than a fingertip; links inside a sentence are exempt, as in WCAG 2.5.8.
SMALL_TARGETS = """(least) => [...document.querySelectorAll(
  'a[href], button, input:not([type="hidden"]), select, textarea, summary')].filter((place) => {
  if (!place.checkVisibility({ visibilityProperty: true }) || place.closest('.skip')) return false;
  const around = place.closest('label') ?? place, box = around.getBoundingClientRect();
  const isInSentence = place.matches('a') && getComputedStyle(place).display === 'inline'
    && [...place.parentElement.childNodes].some((node) => node !== place && node.textContent.trim());
  return !isInSentence && (box.width < least - .5 || box.height < least - .5);
}).map((place) => { const box = place.getBoundingClientRect();
  return `${Math.round(box.width)} × ${Math.round(box.height)}: ${place.outerHTML.slice(0, 160)}`; })"""


def look(page: Page, route: str) -> None:
    """Look at an open page of ``route`` in every light and width; leaves it as it was."""
    pattern = re.sub(r"<[^>]*>", "[^/]+", route)
    assert re.fullmatch(pattern, urlsplit(page.url).path), f"{page.url} is no page of {route}"
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    is_accessible(page, ALL_RULES, "light, phone")
    assert page.evaluate(SMALL_TARGETS, LEAST_TARGET) == []
    _is_whole_with_large_text(page)
    _is_whole_when_narrow(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # or a button is on its way from one light to the other
    is_accessible(page, OTHER_LIGHT, "dark, phone")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("scrollTo(0, 0)")  # as it opens there: what a phone had scrolled to would stand under the bar
    is_accessible(page, OTHER_LIGHT, "light, wide")  # dark and wide has the colours of the one and the places of the other
    page.set_viewport_size({"width": 390, "height": 844})


def is_accessible(page: Page, rules: dict, light: str) -> None:
    """axe-core finds nothing."""
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE)
    found = AxeResults(page.evaluate("rules => axe.run(rules)", rules))
    assert found.violations_count == 0, f"{page.url} in {light}: {found.generate_report()}"


def _is_whole_when_narrow(page: Page) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    assert sideways(page) <= 0, f"{page.url} scrolls sideways at 320"
    assert page.evaluate(LOST_TEXT) == [], f"{page.url} loses text at 320"
    page.set_viewport_size({"width": 390, "height": 844})


def _is_whole_with_large_text(page: Page) -> None:
    """The reader's own setting of the browser, twice the usual: what rem and em are counted from."""
    session = page.context.new_cdp_session(page)
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 32, "fixed": 26}})
    expect(page.locator("html")).to_have_css("font-size", "32px")
    assert sideways(page) <= 0, f"{page.url} scrolls sideways with large text"
    assert page.evaluate(LOST_TEXT) == [], f"{page.url} loses text when it is large"
    session.send("Page.setFontSizes", {"fontSizes": {"standard": 16, "fixed": 13}})
    expect(page.locator("html")).to_have_css("font-size", "16px")
    session.detach()


def sideways(page: Page) -> int:
    """By how many pixels the page is wider than the screen."""
    return page.evaluate("""() => Math.max(document.documentElement.scrollWidth, document.body.scrollWidth, innerWidth)
                            - screen.width""")  # fmt: skip
