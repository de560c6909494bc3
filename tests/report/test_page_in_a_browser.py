"""The page in a browser: no error, no request, nothing wider than the screen, no barrier.

Needs a Chromium that is installed, and is skipped where there is none.
"""

import shutil

import pytest

import synthetic
from seqtransfer.report import register
from seqtransfer.report.page import comparison, document
from seqtransfer.report.studies import finished_studies
from seqtransfer.study import unfinished

playwright = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed")


SHEET = 688  # pixels: A4 without the margins of the page
# Drawn in every study of text, random and domain.
FIGURES = (
    *("summary", "scores", "convergence", "claims", "gains_over_steps", "similarity"),
    *("cost", "generalization"),
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Of a finished study."""
    made = tmp_path_factory.mktemp("browser")
    synthetic.paged(made / "report", synthetic.write_study(made, seeds=(0, 1)), FIGURES)
    return made


@pytest.fixture(scope="module")
def url(folder):
    return (folder / "report/claims.html").as_uri()


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def opened(browser, url):
    """A function from a width, a scheme and an address to the page, what it said and asked for."""
    pages = []

    def open_page(width=1280, scheme="light", url=url):
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.set_default_timeout(300_000)
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(url)
        pages.append(page)
        return page, said, asked

    yield open_page
    for page in pages:
        page.close()


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_the_page_is_quiet_fits_the_screen_and_has_no_barrier(opened, url, width):
    page, said, asked = opened(width)
    assert _is_too_wide(page) is False
    assert _barriers_in_both_schemes(page, {"exclude": [["figure"]]}) == []
    assert (said, [one for one in asked if not one.startswith("data:")]) == ([], [url])


@pytest.mark.parametrize("width", [390, 1280])
def test_the_comparison_of_two_studies_is_quiet_fits_and_has_no_barrier(opened, folder, width):
    one = finished_studies.read(folder)
    path = folder / "comparison.html"
    path.write_text(comparison.html(one, one), encoding="utf-8")
    page, said, asked = opened(width, url=path.as_uri())
    assert page.locator("#effects table").count() > 1
    assert (said, asked, _is_too_wide(page)) == ([], [path.as_uri()], False)
    assert _barriers_in_both_schemes(page, {}) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_of_an_unfinished_study_is_quiet_fits_and_has_no_barrier(opened, folder, width):
    logs = [
        f"logs/a-study/finetune/a-task-with-a-long-name/layernorm-only-seed-{n}.log" for n in (0, 1)
    ]
    stages = [
        unfinished.Stage("encode", 3, 3, [], [], []),
        unfinished.Stage("finetune", 24, 20, logs, [], logs[:1]),
    ]
    path = folder / "status.html"
    known = {"diverged": ["random weights in splice, seed 0"], "kept": "3 states, 2.1 GB"}
    filled = document.fill("status.html.j2", study="a", stages=stages, when="2026-01-01", **known)
    path.write_text(filled, encoding="utf-8")
    page, said, asked = opened(width, url=path.as_uri())
    assert page.locator("li code").count() == 3
    assert (said, asked, _is_too_wide(page)) == ([], [path.as_uri()], False)
    assert _barriers_in_both_schemes(page, {}) == []


def test_the_tables_that_are_opened_fit_and_have_no_barrier(opened):
    page, said, _ = opened(390, "dark")
    assert page.locator("details:not([open])").count() > 10
    _open_all(page)
    assert (said, _is_too_wide(page)) == ([], False)
    # A few rows of each, since what is said of one row is said of all.
    page.evaluate(
        "for (const row of document.querySelectorAll('tbody tr:nth-child(n+4)')) row.remove()"
    )
    assert _barriers(page, {"exclude": [["figure"]]}) == []


def test_the_first_screen_shows_the_first_verdicts_and_on_a_phone_the_figure_comes_next(opened):
    page, _, _ = opened(1280)
    badges = page.locator(".claims .line .verdict")
    ends = [badges.nth(number).bounding_box() for number in range(badges.count())]
    # This study has nine claims with long verdicts: those of scores, and one of likeness, at least.
    assert all(one["y"] + one["height"] < 800 for one in ends[:4]) and len(ends) >= 4
    page, _, _ = opened(390)
    assert page.locator(".claims .more").first.is_hidden()
    assert page.locator("#figure-summary .narrow a").is_visible()


def test_numbers_are_sorted_by_value_in_a_table_whose_cells_hold_intervals(opened):
    page, _, _ = opened()
    head = page.locator("#table-main th").nth(1)
    head.locator("button").click()
    texts = page.locator("#table-main tbody td:nth-child(2)").all_text_contents()
    values = [float(text.split(" ")[0].replace("\u2212", "-")) for text in texts if text]
    assert values == sorted(values) and len(set(values)) > 2


def test_words_are_sorted_as_they_are_read(opened):
    page, _, _ = opened()
    page.evaluate("document.querySelector('#table-scores').open = true")
    table = page.locator("#table-scores table")
    head = table.locator("th", has_text="arm").first
    head.locator("button").click()
    column = 1 + head.evaluate("cell => cell.cellIndex")
    texts = table.locator(f"tbody td:nth-child({column})").all_text_contents()
    # The identifiers of the last two, `text` and `majority`, have another order.
    assert texts == sorted(texts) and texts[-1] == "the majority class" and texts[0] != texts[-1]


def test_effects_are_sorted_by_keyboard_by_number_or_verdict_with_their_mean_last(opened):
    page, _, _ = opened()
    table = page.locator("#b table.effects")
    heads = table.locator("thead th")
    assert heads.locator("button").count() == heads.count() - 1  # none above the plots
    for name, number in (("effect", True), ("verdict", False)):
        head = table.locator("thead th", has_text=name).first
        column = 1 + head.evaluate("cell => cell.cellIndex")
        for order in ("ascending", "descending"):
            head.locator("button").focus()
            page.keyboard.press("Enter")
            assert head.get_attribute("aria-sort") == order
            rows = table.locator("tbody tr:not(.overall)")
            texts = rows.locator(f"td:nth-child({column})").all_text_contents()
            known = [float(text.replace("\u2212", "-")) for text in texts] if number else texts
            assert known == sorted(known, reverse=order == "descending") and len(known) == 4
            assert table.locator("tbody tr").last.get_attribute("class") == "overall"


def test_the_tables_of_tasks_and_sources_are_sorted(opened):
    page, _, _ = opened()
    for table in page.locator("#data table").all():
        table.locator("thead button").first.click()
        names = table.locator("tbody th").all_text_contents()
        assert names == sorted(names) and len(names) > 1


def test_a_row_of_all_stays_last_and_is_not_filtered_away(browser):
    script = (document.TEMPLATES / "tables.js").read_text(encoding="utf-8")
    rows = "".join(f"<tr><th>task-{n}</th><td>{n % 5}</td></tr>" for n in range(9))
    overall = "<tr class=overall><th>all tasks</th><td>2</td></tr>"
    page = browser.new_page()
    page.set_content(
        "<div class=scroll><table class=sortable><thead><tr><th>task</th><th class=number>mean</th>"
        f"</tr></thead><tbody>{rows}{overall}</tbody></table></div><script>{script}</script>"
    )
    page.locator("input").fill("task-7")
    assert page.locator("tbody tr:not([hidden]) th").all_text_contents() == ["task-7", "all tasks"]
    assert page.locator("output").text_content() == "1 of 9 rows"
    page.locator("input").fill("")
    page.locator("th button").nth(1).click()
    numbers = page.locator("tbody td").all_text_contents()
    assert numbers == ["0", "0", "1", "1", "2", "2", "3", "3", "4", "2"]
    page.close()


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_every_figure_fits_the_screen_with_its_description_and_marks_that_say_values(opened, width):
    page, said, _ = opened(width)
    _open_all(page)
    assert (said, _is_too_wide(page)) == ([], False)
    assert _barriers_in_both_schemes(page, "figure") == []
    for name in FIGURES:
        figure = page.locator(f"#figure-{name} .paper > svg")
        assert figure.get_attribute("aria-describedby") == f"figure-{name}-description"
        words = page.locator(f"#figure-{name}-description").text_content()
        caption = register.FIGURES[name].caption.replace("`", "")
        assert words.startswith(f"{caption} Seeds")
    told = page.locator("#figure-claims svg g > title").all_text_contents()
    assert any("95 % interval" in text and "MCC, " in text for text in told)


def _open_all(page):
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


def _is_too_wide(page):
    return page.evaluate("document.documentElement.scrollWidth > window.innerWidth")


def _barriers(page, part, options=None):
    """Rules of axe-core with a serious or critical finding; part: of the page, as axe takes it."""
    found = axe.Axe().run(page, part, options).response["violations"]
    return [one["id"] for one in found if one["impact"] in ("serious", "critical")]


def _barriers_in_both_schemes(page, part):
    """`_barriers` in the light scheme, and those of the dark one, where colours alone differ."""
    light = _barriers(page, part)
    page.emulate_media(color_scheme="dark")
    return light + _barriers(page, part, {"runOnly": ["color-contrast"]})


def test_tables_are_sorted_and_filtered_by_keyboard_alone(opened):
    page, _, _ = opened()
    page.locator("#table-scores > summary").focus()
    page.keyboard.press("Enter")
    table = page.locator("#table-scores table")
    head = table.locator("th", has_text="mean").first
    head.locator("button").focus()
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    column = 1 + head.evaluate("cell => cell.cellIndex")
    shown = f"#table-scores tbody tr:not([hidden]) td:nth-child({column})"
    texts = page.locator(shown).all_text_contents()
    values = [float(text.replace("\u2212", "-")) for text in texts]
    assert values == sorted(values) and len(set(values)) > 2
    page.locator("#table-scores input").focus()
    page.keyboard.type("splice n-gram")
    assert page.locator("#table-scores tbody tr:not([hidden])").count() == 1
    assert page.locator("#table-scores output").text_content().startswith("1 of ")


def test_on_paper_figures_and_short_tables_are_open_and_afterwards_as_they_were(opened):
    page, _, _ = opened()
    closed = "[...document.querySelectorAll('details:not([open])')]"
    before = page.evaluate(f"{closed}.length")
    page.evaluate(
        f"() => addEventListener('beforeprint', () => {{ window.left = {closed}.map("
        "one => one.querySelector('.long, pre') !== null || one.matches('details details')) })"
    )
    assert page.pdf().startswith(b"%PDF")
    left = page.evaluate("window.left")
    assert 0 < len(left) < before and all(left)
    assert page.evaluate(f"{closed}.length") == before


def test_a_sheet_of_paper_cuts_no_table_and_no_figure(opened):
    page, _, _ = opened(SHEET)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    reach = "all => all.filter(one => one.checkVisibility())"
    reach += ".map(one => one.getBoundingClientRect().right)"
    ends = page.locator("table, .paper, pre").evaluate_all(reach)
    assert len(ends) >= 12 and max(ends) <= SHEET
