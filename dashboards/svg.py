"""Pieces of images: SVG in the address and words in ``alt``, since Streamlit strips inline SVG."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import TypeVar

from dashboards.markup import in_html

Drawn = TypeVar("Drawn")


def scale(domain: tuple[float, float], start: float, end: float) -> Callable[[float], float]:
    """Position on screen of a value, held within the domain."""
    low, high = domain

    def place(value: float) -> float:
        inside = min(high, max(low, value))
        return start + (end - start) * (inside - low) / (high - low)

    return place


def unbroken(values: Sequence[Drawn | None]) -> list[list[tuple[int, Drawn]]]:
    """Runs of weeks that have a value, each with its place in the row: a week without one breaks the line."""
    runs: list[list[tuple[int, Drawn]]] = []
    previous_known = False
    for at, value in enumerate(values):
        if value is not None:
            if not previous_known:
                runs.append([])
            runs[-1].append((at, value))
        previous_known = value is not None
    return runs


def dot(x: float, y: float, radius: float, colour: str, *, edge: str = "") -> str:
    """A circle, hollow with an ``edge``."""
    rim = f' stroke="{edge}" stroke-width="1.6"' if edge else ""
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"{rim}/>'


def line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    colour: str,
    width: float,
    *,
    dash: str = "",
    opacity: float = 1,
) -> str:
    """A straight line."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" '
        f'stroke-width="{width}" stroke-opacity="{opacity}"{dashes}/>'
    )


def image(
    width: int, height: int, parts: Sequence[str], alt: str, css: str = "", *, stretches: bool = False
) -> str:
    """The image as HTML; one that ``stretches`` fills the room its ``css`` gives it."""
    free = ' preserveAspectRatio="none"' if stretches else ""
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"{free}>{"".join(parts)}</svg>'
    )
    address = base64.b64encode(svg.encode()).decode()
    style = f' style="{css}"' if css else ""
    return (
        f'<img src="data:image/svg+xml;base64,{address}" width="{width}" height="{height}" '
        f'alt="{in_html(alt)}"{style}>'
    )
