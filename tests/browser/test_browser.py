"""What a reader meets: on a phone and a desk, light and dark, by mouse and by keyboard."""

from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "_build" / "html"
PAGES = [path.relative_to(SITE).as_posix() for path in sorted((SITE / "book").rglob("*.html"))]
DEMOS = [name for name in PAGES if "hdr-demo" in (SITE / name).read_text(encoding="utf-8")]
WCAG = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "resultTypes": ["violations"],
}

# Drop what MathJax drew before axe looks, where it would spend most of its time: readers get MathML.
DROP_FORMULAS = "document.querySelectorAll('mjx-container').forEach(e => e.remove())"

# The elements that push the page wider than the window: those past its edge, not inside something that scrolls.
OVERFLOW = """() => {
  const root = document.documentElement;
  const scrolls = e => e && e !== root && (getComputedStyle(e).overflowX !== "visible" || scrolls(e.parentElement));
  const wide = e => e.getBoundingClientRect().right > innerWidth + 1 && !scrolls(e.parentElement);
  if (root.scrollWidth <= innerWidth) return [];
  const names = [...document.querySelectorAll("article *")].filter(wide).map(e => `wide: ${e.tagName} ${e.className}`);
  return [`the page is ${root.scrollWidth} wide`, ...names.slice(0, 5)];
}"""


def accessibility(violations):
    """One line an element that breaks a rule."""
    return [f"{rule['id']}: {node['target']} {node['html'][:80]}" for rule in violations for node in rule["nodes"]]


def state(slider, demo):
    """What a slider says, the number beside it, and the drawing."""
    output = demo.locator(f"output[for='{slider.get_attribute('id')}']")
    return slider.input_value(), output.inner_text(), demo.locator("svg, canvas").first.inner_html()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1400])
@pytest.mark.parametrize("name", PAGES)
def test_page(visit, name, width, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = visit(name, width, scheme)
    problems = page.complaints + page.evaluate(OVERFLOW)
    if page.locator("mjx-container").count() < page.locator(".math").count():
        problems.append("a formula is not typeset")
    problems += [f"formula: {text}" for text in page.locator("mjx-merror, [data-mjx-error]").all_inner_texts()]
    if page.evaluate("document.documentElement.dataset.theme") != scheme:
        problems.append(f"the theme is not {scheme}")
    page.evaluate(DROP_FORMULAS)
    contrast = {
        "color-contrast": {"enabled": width > 1000}
    }  # the slowest rule by far; colours do not depend on the width
    problems += accessibility(axe.run(page, options={**WCAG, "rules": contrast}).response["violations"])
    assert problems == []


@pytest.mark.parametrize("name", DEMOS)
def test_sliders_redraw_by_keyboard_and_mouse(visit, name):
    sliders = visit(name).locator(".hdr-demo input[type=range]").count()
    for index in range(sliders):
        page = visit(name)  # each slider from the state in which a reader finds it
        slider = page.locator(".hdr-demo input[type=range]").nth(index)
        demo = page.locator(".hdr-demo").filter(has=page.locator(f"#{slider.get_attribute('id')}"))
        states = [state(slider, demo)]
        slider.focus()
        page.keyboard.press("ArrowRight")
        states.append(state(slider, demo))
        box = slider.bounding_box()
        page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + box["height"] / 2)
        states.append(state(slider, demo))
        for values in zip(*states, strict=True):
            assert len(set(values)) == 3
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
