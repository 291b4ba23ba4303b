"""What a reader meets: on a phone and a desk, light and dark, by mouse and by keyboard."""

from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "_build" / "html"
PAGES = [path.relative_to(SITE).as_posix() for path in sorted((SITE / "book").rglob("*.html"))]
DEMOS = [name for name in PAGES if "hdr-demo" in (SITE / name).read_text(encoding="utf-8")]
WCAG = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}}

# What each element shows that is wider than the window and not inside something that scrolls.
OVERFLOW = """() => document.documentElement.scrollWidth <= innerWidth ? [] :
  [...document.querySelectorAll("article *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .map(e => `${e.tagName} ${e.className}`).slice(0, 5).concat(`page is ${document.documentElement.scrollWidth} wide`)"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("name", PAGES)
def test_page(visit, name, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(name, width, scheme)
    assert page.complaints == []
    assert page.evaluate(OVERFLOW) == []
    formulas = page.locator(".math").count()
    assert page.locator("mjx-container").count() >= formulas
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    assert page.evaluate("document.documentElement.dataset.theme") == scheme
    found = axe.run(page, options=WCAG).response["violations"]
    assert [(v["id"], [node["target"] for node in v["nodes"]][:5]) for v in found] == []


@pytest.mark.parametrize("name", DEMOS)
def test_sliders_redraw_by_keyboard_and_mouse(visit, name):
    page = visit(name)
    for demo in page.locator(".hdr-demo").all():
        picture = demo.locator("svg, canvas").first
        for slider in demo.locator("input[type=range]").all():
            seen = [(slider.input_value(), picture.inner_html())]
            slider.focus()
            page.keyboard.press("ArrowRight")
            seen.append((slider.input_value(), picture.inner_html()))
            box = slider.bounding_box()
            page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
            seen.append((slider.input_value(), picture.inner_html()))
            assert len({value for value, _ in seen}) == 3
            assert len({drawing for _, drawing in seen}) == 3
            assert demo.locator(f"output[for='{slider.get_attribute('id')}']").inner_text()
    assert page.complaints == []


def test_search_finds_separable(visit):
    page = visit("search.html?q=separable")
    page.wait_for_selector("#search-results li a")
    assert page.locator("#search-results li a").count() > 0
    assert page.complaints == []


def test_comments_load_on_click_only(visit):
    page = visit("book/index.html")
    page.route("**/hypothes.is/**", lambda route: route.abort())
    assert page.complaints == []
    with page.expect_request("https://hypothes.is/embed.js"):
        page.get_by_role("button", name="comments").click()
