"""The page about a selection, in a browser."""

import itertools
import json
import pathlib
import random
import shutil

import pytest

import dsir

playwright = pytest.importorskip("playwright.sync_api")

# As root and without a network: what Chromium would start in the background is left out.
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")

HOSTILE = [
    "<script>document.title = 'owned'; alert(1)</script>",
    "</pre></style></title></body></html><img src=x onerror=alert(1)>",
    "\"><svg onload='alert(1)'><a href='https://example.org/'>click</a>",
    "&lt;script&gt; &#60;b&#62; &amp;amp; ' \" ` ${1} {{1}}",
    "\u202eright to left\u202c \u2066isolate\u2069 \u200f\u200e \ufeff\u00ad",
    "\x00\x01\x1b[2J\x1b]0;title\x07\x7f\x9b",
    "שלום עולם مرحبا بالعالم",
    "字" * 50 + " \U0001f600 e\u0301\u0301\u0301\u0301 \ud7ff",
    "<!-- comment --><![CDATA[x]]><?php echo 1 ?>",
    "javascript:alert(1) data:text/html,<b>x</b> @import url(https://example.org/x.css);",
]
#: What the page is made of.
ELEMENTS = {
    "a",
    "bdi",
    "caption",
    "circle",
    "code",
    "dd",
    "details",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "h1",
    "h2",
    "h3",
    "header",
    "li",
    "line",
    "main",
    "mark",
    "nav",
    "p",
    "polyline",
    "pre",
    "rect",
    "section",
    "small",
    "span",
    "strong",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "text",
    "th",
    "thead",
    "tr",
    "ul",
}
ATTRIBUTES = {"aria-label", "aria-labelledby", "class", "dir", "href", "id", "role", "scope", "style", "tabindex"}
SEA = "the sea a ship sails with the tide to the harbour and the wind"
TAX = "the tax form goes to the office before the committee votes on it"


def lines(texts):
    return "".join(json.dumps({"text": text, "from": text[:20]}) + "\n" for text in texts)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages about 10 000 documents that are harmless, and as many that are not."""
    folder = tmp_path_factory.mktemp("pages")
    chance = random.Random(1)

    def words(source):
        return " ".join(chance.choice(source.split()) for _ in range(chance.randint(20, 60)))

    target = [words(SEA) for _ in range(200)]
    (folder / "target.jsonl").write_text(lines(target))
    pages = {}
    for name, extra in [("plain", [""]), ("hostile", HOSTILE)]:
        raw = [f"{extra[i % len(extra)]} {words(SEA if i % 3 else TAX)}" for i in range(10_000)]
        (folder / f"{name}.jsonl").write_text(lines(raw))
        pages[name] = folder / f"{name}.html"
        dsir.select(
            raw=folder / f"{name}.jsonl",
            target=folder / "target.jsonl",
            k=500,
            min_tokens=5,
            out=folder / "out.jsonl",
            report=pages[name],
            report_by="from",
        )
    return pages


@pytest.fixture(scope="module")
def chromium():
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser
        browser.close()


@pytest.fixture
def visit(chromium):
    """Opens a page, and fails on all that it should not do."""
    opened = []

    def visit(path: pathlib.Path, **options):
        context = chromium.new_context(**options)
        page = context.new_page()
        found = []
        page.on("request", lambda request: found.append(("request", request.url)))
        page.on("console", lambda message: found.append(("console", message.text)))
        page.on("pageerror", lambda error: found.append(("error", str(error))))
        page.on("dialog", lambda dialog: (found.append(("dialog", dialog.message)), dialog.dismiss()))
        page.goto(path.as_uri())
        opened.append((context, path, found))
        return page

    yield visit
    for context, path, found in opened:
        context.close()
        assert found == [("request", path.as_uri())]


def count(page, selector):
    return page.locator(selector).count()


def test_structure(pages, visit):
    page = visit(pages["plain"])
    assert page.title() == "dsir: 500 documents selected"
    assert count(page, "h1") == 1
    levels = page.locator("h1, h2, h3").evaluate_all("all => all.map(h => Number(h.tagName[1]))")
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    for link in page.locator("nav a").evaluate_all("all => all.map(a => a.getAttribute('href'))"):
        assert link.startswith("#") and count(page, link) == 1
    assert count(page, "svg") == count(page, "svg[role=img][aria-label]") >= 3
    assert count(page, "table") == count(page, "table > caption") > 10
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator(".verdict").inner_text().startswith("It worked")
    # What is folded is not lost: everything is in the file, and opens.
    assert count(page, "section[aria-labelledby=documents] details") == 30
    assert pages["plain"].stat().st_size < 2_000_000


def test_by_keyboard_alone(pages, visit):
    page = visit(pages["plain"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    for _ in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    assert count(page, "details[open]") == 0
    page.keyboard.press("Enter")
    assert count(page, "details[open]") == 1
    assert page.locator("details[open] .text").is_visible()
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "the focus is seen"


# The contrast of every text with what is behind it (WCAG 2.2, 1.4.3).
CONTRAST = """
() => {
  const parse = color => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b]
    .map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const color = parse(getComputedStyle(e).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  document.querySelectorAll('details').forEach(d => d.open = true);
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const faint = [];
  let texts = 0;
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim()) continue;
    texts += 1;
    const style = getComputedStyle(element);
    const color = parse(element.namespaceURI.endsWith('svg') ? style.fill : style.color);
    const [a, b] = [luminance(color), luminance(behind(element))].sort((x, y) => y - x);
    const contrast = (a + 0.05) / (b + 0.05);
    if (contrast < 4.5) faint.push([element.outerHTML.slice(0, 80), contrast]);
  }
  return [texts, faint.slice(0, 5)];
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast(pages, visit, scheme):
    page = visit(pages["plain"], color_scheme=scheme)
    texts, faint = page.evaluate(CONTRAST)
    assert texts > 500 and faint == []
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (background == "rgb(255, 255, 255)") == (scheme == "light")


def test_it_fits_a_narrow_screen_and_paper(pages, visit):
    page = visit(pages["hostile"], viewport={"width": 360, "height": 700}, color_scheme="dark")
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)", "paper is white"
    assert page.pdf()[:5] == b"%PDF-"


def test_text_of_a_corpus_is_text(pages, visit):
    hostile = visit(pages["hostile"])
    assert hostile.title() == "dsir: 500 documents selected"
    for element in ["script", "img", "iframe", "object", "link", "form", "main svg a"]:
        assert count(hostile, element) == 0, element
    assert count(hostile, "a:not([href^='#'])") == 0
    # No element and no attribute but those that the page itself is made of.
    kinds = set(hostile.locator("body *").evaluate_all("all => [...new Set(all.map(e => e.localName))]"))
    assert kinds <= ELEMENTS, kinds - ELEMENTS
    names = "all => [...new Set(all.filter(e => !e.closest('svg')).flatMap(e => e.getAttributeNames()))]"
    attributes = set(hostile.locator("body *").evaluate_all(names))
    assert attributes <= ATTRIBUTES, attributes - ATTRIBUTES
    shown = hostile.locator("body").evaluate("body => body.textContent")
    assert "<script>document.title = 'owned'; alert(1)</script>" in shown
    assert "\\u{202e}right to left" in shown and "שלום" in shown
    unseen = set("\u202e\u202c\u2066\u2069\u200e\u200f\ufeff\u00ad\x00\x01\x1b\x7f\x9b")
    assert not unseen & set(shown)
    assert pages["hostile"].stat().st_size < 2_000_000
