"""What a person reads on a page that was run without a browser."""

from __future__ import annotations

import base64
import html
import re

from streamlit.testing.v1 import AppTest


def title(at: AppTest) -> str:
    """The page's title as it is read: without the backslashes that make it inert."""
    assert not at.exception, at.exception
    assert len(at.title) == 1
    return re.sub(r"\\(.)", r"\1", at.title[0].value)


def words(at: AppTest) -> str:
    """All text of the page, markup taken off."""
    bodies = [element.proto.body for element in at.get("html")]
    bodies += [element.value for element in [*at.markdown, *at.subheader, *at.error, *at.code]]
    without_style = re.sub(r"<style>.*?</style>", " ", " ".join(bodies), flags=re.DOTALL)
    return _text(without_style)


def rows(at: AppTest, label: str) -> list[list[str]]:
    """Cells, as text, of the table with this label."""
    for element in at.get("html"):
        if f'aria-label="{label}"' in element.proto.body:
            body = element.proto.body.split("<tbody>")[1]
            return [
                [_text(cell) for cell in re.findall(r"<td[^>]*>(.*?)</td>", row)]
                for row in re.findall(r"<tr>(.*?)</tr>", body)
            ]
    return []


def pictures(at: AppTest) -> list[str]:
    """What each graphic in HTML says of itself, charts by week among them."""
    return [alt for alt, _ in drawings(at)]


def drawings(at: AppTest) -> list[tuple[str, str]]:
    """What each graphic in HTML says of itself, and its SVG."""
    image = re.compile(r'<img src="data:image/svg\+xml;base64,([^"]+)" [^>]*alt="([^"]+)"')
    found = [image.findall(element.proto.body) for element in at.get("html")]
    return [(html.unescape(alt), base64.b64decode(svg).decode()) for each in found for svg, alt in each]


def reasons(at: AppTest) -> list[str]:
    """Explanations behind words that carry one."""
    found = [re.findall(r'<abbr title="([^"]+)"', element.proto.body) for element in at.get("html")]
    return [html.unescape(text) for each in found for text in each]


def expanders(at: AppTest) -> list[str]:
    """What is one click away."""
    return [element.label for element in at.expander]


def banners(at: AppTest) -> list[str]:
    """Banners above the title, as text."""
    return [_text(e.proto.body) for e in at.get("html") if 'class="gw-banner"' in e.proto.body]


def alts(at: AppTest) -> list[str]:
    """What each chart of the page says of itself: first those by week, then those that Vega draws."""
    by_week = re.compile(r'class="gw-field"><img [^>]*alt="([^"]+)"')
    found = [by_week.findall(element.proto.body) for element in at.get("html")]
    vega = [element.proto.alt for element in at.get("vega_lite_chart")]
    return [*(html.unescape(text) for each in found for text in each), *vega]


def _text(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", markup)).split())
