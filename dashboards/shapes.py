"""Shapes with one meaning each, as small images: situations of clients, and days at the gate.

Shape and colour say the same, so that either alone is enough.
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboards import svg
from dashboards.theme import Palette

# Vega's names of the same shapes.
VEGA = {"both_good": "circle", "felt_bad": "square", "factual_bad": "triangle-down", "both_bad": "diamond"}
STEP = 11  # pixels from one day to the next
IN_LINE = "display:inline-block;vertical-align:-2px"


def situation_colours(colours: Palette) -> dict[str, str]:
    """Colour of each situation."""
    return {
        "both_good": colours.minimum,
        "felt_bad": colours.perception,
        "factual_bad": colours.expectation,
        "both_bad": colours.short,
    }


def situation_key(situation: str, colours: Palette) -> str:
    """The mark of a situation."""
    shape = VEGA.get(situation, "circle")
    colour = situation_colours(colours).get(situation, colours.muted)
    return svg.image(14, 14, [_shape(shape, 7, 7, 6, colour)], "", IN_LINE)


def outcome_key(outcome: str, colours: Palette) -> str:
    """The mark of a day at the gate."""
    return svg.image(12, 12, [_outcome(outcome, 6, colours)], "", IN_LINE)


def days(outcomes: Sequence[str], colours: Palette, alt: str) -> str:
    """One mark for each day, oldest first."""
    marks = [_outcome(outcome, STEP * at + 6, colours) for at, outcome in enumerate(outcomes)]
    return svg.image(STEP * len(outcomes) + 1, 12, marks, alt, IN_LINE)


def _outcome(outcome: str, x: float, colours: Palette) -> str:
    shape, colour, size = {
        "pass": ("square", colours.minimum, 4.0),
        "quarantine": ("triangle-up", colours.perception, 5.0),
        "held": ("diamond", colours.short, 5.5),
        "crashed": ("cross", colours.text, 5.0),
    }.get(outcome, ("circle", colours.border, 1.6))
    return _shape(shape, x, 6, size, colour)


def _shape(shape: str, x: float, y: float, size: float, colour: str) -> str:
    near, far = [(x - size, x + size), (y - size, y + size)]
    fill = f'fill="{colour}"'
    if shape == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.1f}" {fill}/>'
    if shape == "square":
        side = 1.7 * size
        corner = f'x="{x - side / 2:.1f}" y="{y - side / 2:.1f}"'
        return f'<rect {corner} width="{side:.1f}" height="{side:.1f}" {fill}/>'
    if shape == "cross":
        return (
            f'<path d="M{near[0]:.1f} {far[0]:.1f}L{near[1]:.1f} {far[1]:.1f}M{near[0]:.1f} {far[1]:.1f}'
            f'L{near[1]:.1f} {far[0]:.1f}" stroke="{colour}" stroke-width="2.4"/>'
        )
    corners = {
        "diamond": [(x, far[0]), (near[1], y), (x, far[1]), (near[0], y)],
        "triangle-down": [(near[0], far[0] + 1), (near[1], far[0] + 1), (x, far[1])],
        "triangle-up": [(near[0], far[1] - 1), (near[1], far[1] - 1), (x, far[0])],
    }[shape]
    points = " ".join(f"{px:.1f},{py:.1f}" for px, py in corners)
    return f'<polygon points="{points}" {fill}/>'
