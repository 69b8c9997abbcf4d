"""Colours and the style sheet: one meaning per colour, the same in both themes."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

FONT = (
    "system-ui, 'Segoe UI', 'Helvetica Neue', "
    "'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"
)


@dataclass(frozen=True)
class Palette:
    """Hex colours; contrast against the ground is at least 4.5:1 for everything that carries text."""

    perception: str
    expectation: str
    minimum: str
    short: str
    above: str
    ground: str
    raised: str
    text: str
    muted: str
    negative: str
    positive: str
    grid: str
    border: str
    warning_ground: str
    warning_text: str


LIGHT = Palette(
    perception="#0B5CAD",
    expectation="#3B4552",
    minimum="#66727F",
    short="#C2410C",
    above="#0B7A6B",
    ground="#FFFFFF",
    raised="#F4F6F8",
    text="#1B2430",
    muted="#596676",
    negative="#B3320E",
    positive="#0B6B5E",
    grid="#E3E8ED",
    border="#D5DBE2",
    warning_ground="#FFF8E1",
    warning_text="#7A5200",
)
DARK = Palette(
    perception="#6CB2FF",
    expectation="#D3DAE3",
    minimum="#8B98A7",
    short="#FF8A5B",
    above="#4FD1C5",
    ground="#10151C",
    raised="#19212B",
    text="#E7ECF2",
    muted="#A3AFBD",
    negative="#FF9468",
    positive="#5CD3C0",
    grid="#2A343F",
    border="#323D4A",
    warning_ground="#2E2714",
    warning_text="#F2C96B",
)


def palette() -> Palette:
    """The palette of the viewer's theme, told by the browser; light where it says nothing."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def style_sheet(colours: Palette) -> str:
    """The one style element of a page; every class of ours starts with ``gw-``."""
    return f"<style>{_CSS % vars(colours)}</style>"


# Percent formatting, because braces belong to CSS.
_CSS = """
.gw-line { color: %(muted)s; font-size: .93rem; line-height: 1.6; }
.gw-line b, .gw-line strong { color: %(text)s; font-weight: 600; }
.gw-line .gw-late { color: %(negative)s; font-weight: 650; }
.gw-line a { color: inherit; text-decoration: underline; }
.gw-line .gw-alert { color: %(text)s; font-size: 1.02rem; }
.gw-alert .gw-neg { font-weight: 650; }
.gw-banner { background: %(warning_ground)s; color: %(warning_text)s; border-radius: 6px; padding: .8rem 1rem;
  line-height: 1.5; }
.gw-banner p { margin: 0; }
.gw-banner p + p { margin-top: .3rem; }
.gw-note { color: %(text)s; border-left: 3px solid %(muted)s; margin: 0; padding: .2rem .7rem;
  line-height: 1.5; }
.gw-neg { color: %(negative)s; }
.gw-pos { color: %(positive)s; }
.gw-muted { color: %(muted)s; }
.gw-num { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.gw-scroll { overflow-x: auto; }
.gw-table { border-collapse: collapse; width: 100%%; font-size: .93rem; line-height: 1.35; color: %(text)s;
  margin: 0; }
.gw-table caption { text-align: left; color: %(muted)s; font-size: .85rem; padding: .45rem 0 0;
  caption-side: bottom; line-height: 1.5; }
.gw-table th { text-align: left; font-weight: 500; color: %(muted)s; font-size: .85rem;
  padding: .3rem .6rem .3rem 0; border: 0; border-bottom: 1px solid %(border)s; vertical-align: bottom; }
.gw-table td { padding: .4rem .6rem .4rem 0; border: 0; border-bottom: 1px solid %(grid)s;
  vertical-align: middle; }
.gw-table th.gw-num { text-align: right; }
.gw-table td:last-child, .gw-table th:last-child { padding-right: 0; }
.gw-table a { color: %(perception)s; font-weight: 600; text-decoration: none; }
.gw-table a:hover { text-decoration: underline; }
.gw-table small { display: block; color: %(muted)s; font-size: .85rem; font-weight: 400; }
.gw-table img { display: block; max-width: none; }
.gw-table a.gw-term, a.gw-term { color: inherit; font-weight: inherit; text-decoration: underline dotted;
  text-underline-offset: 3px; cursor: help; }
.gw-table .gw-why { font-weight: 600; }
.gw-table .gw-gap { font-weight: 650; font-size: 1.05rem; }
.gw-table .gw-wrap { overflow-wrap: anywhere; }
.gw-table abbr { text-decoration: underline dotted; text-underline-offset: 3px; cursor: help; }
.gw-fall td { padding: .12rem .6rem .12rem 0; border: 0; }
.gw-fall td:first-child { white-space: nowrap; }
.gw-fall td small { display: inline; }
.gw-fall td:last-child { width: 60%%; }
.gw-fall .gw-total { font-weight: 650; }
.gw-more summary { cursor: pointer; color: %(perception)s; font-size: .9rem; padding: .25rem 0; }
.gw-more summary:focus-visible { outline: 2px solid %(perception)s; }
.gw-more p { margin: .2rem 0; font-size: .9rem; line-height: 1.5; color: %(muted)s; }
.gw-table .gw-tight { white-space: nowrap; }
.gw-believe .gw-wide { width: 17%%; }
.gw-believe .gw-widest { width: 29%%; }
.gw-believe td { vertical-align: top; }
.gw-unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%%); }
.gw-phone { display: none; }
.gw-work .gw-client { width: 20%%; }
.gw-work .gw-why-cell { width: 40%%; }
.gw-work td.gw-tight, .gw-work th.gw-tight, .gw-work .gw-gap-cell,
.gw-believe .gw-num { padding-right: 1.1rem; }
.gw-risky .gw-client { width: 16%%; }
.gw-risky .gw-why-cell { width: 42%%; }
.gw-risky td { vertical-align: top; }
.gw-risky .gw-owner-cell { width: 12%%; }
.gw-table small.gw-todo { color: %(text)s; }
.gw-table small.gw-neg { color: %(negative)s; font-weight: 600; }
.gw-table small.gw-text { color: %(text)s; font-weight: 600; }
.gw-text { color: %(text)s; }
.gw-risky .gw-risk-cell { padding-right: 1.1rem; }
.gw-made td { vertical-align: top; }
.gw-made .gw-driver { width: 24%%; }
.gw-made .gw-play { width: 38%%; }
.gw-cards { display: grid; grid-template-columns: repeat(4, minmax(0, 1fr)); gap: .8rem; margin: .3rem 0; }
.gw-card { border: 1px solid %(border)s; border-radius: 6px; padding: .7rem .9rem; color: %(text)s; }
.gw-terms { margin: 0; line-height: 1.55; color: %(text)s; }
.gw-terms dt { font-weight: 600; margin-top: .5rem; }
.gw-terms dd { margin: 0; color: %(muted)s; }
.gw-terms dt.gw-asked { border-left: 3px solid %(perception)s; padding-left: .5rem; }
.gw-state { white-space: nowrap; font-weight: 600; }
.gw-problems div { margin: .25rem 0; line-height: 1.55; color: %(text)s; }
.gw-problems small { display: block; color: %(muted)s; font-size: .87rem; overflow-wrap: anywhere; }
.gw-name { overflow-wrap: anywhere; min-width: 8.6rem; }
.gw-problems code, .gw-table code { background: %(raised)s; color: %(text)s; padding: .05rem .3rem;
  border-radius: 4px; font-size: .87rem; overflow-wrap: anywhere; }
.gw-card h3 { font-size: .9rem; font-weight: 400; margin: 0; padding: 0; color: %(text)s; }
.gw-card .gw-big { font-size: 1.6rem; line-height: 1.35; font-variant-numeric: tabular-nums; }
.gw-card p { margin: 0; font-size: .87rem; line-height: 1.45; color: %(muted)s; }
.gw-legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; color: %(muted)s; font-size: .87rem;
  align-items: center; }
.gw-legend span { display: inline-flex; align-items: center; gap: .35rem; }
.gw-panel h3 { font-size: .95rem; font-weight: 600; margin: 0; padding: 0; color: %(text)s; }
.gw-panel a { color: %(perception)s; text-decoration: none; }
.gw-panel p { margin: 0; font-size: .85rem; line-height: 1.4; color: %(muted)s; }
.gw-panel + .gw-plot { margin-top: 4px; }
.gw-plot { container-type: inline-size; padding-top: 8px; font-size: .78rem; line-height: 1; }
.gw-plotted { display: grid; grid-template-columns: max-content minmax(0, 1fr) max-content; }
.gw-ticks, .gw-ends, .gw-field, .gw-months { position: relative; }
.gw-ticks > b, .gw-ends > b { display: block; height: 0; visibility: hidden; font-weight: 600; }
.gw-ticks > b { padding-right: 7px; }
.gw-ends > b { padding-left: 6px; }
.gw-ticks > span, .gw-ends > span { position: absolute; transform: translateY(-50%%); white-space: nowrap; }
.gw-ticks > span { right: 7px; }
.gw-ends > span { left: 6px; font-weight: 600; }
.gw-field img { display: block; }
.gw-months { grid-column: 2; color: %(muted)s; }
.gw-months > span { position: absolute; top: 8px; transform: translateX(-50%%); white-space: nowrap; }
.gw-months > .gw-start { transform: none; }
.gw-months > .gw-end { transform: translateX(-100%%); }
.gw-weeks > i { position: absolute; top: 0; bottom: 0; width: var(--gw-week); }
.gw-weeks > i:hover::before { content: ""; position: absolute; top: 0; bottom: 0; left: 50%%; width: 1px;
  background: %(muted)s; }
.gw-weeks > i:hover::after { content: attr(data-tip); position: absolute; z-index: 9; top: 4px;
  left: calc(100%% + 8px); padding: .4rem .55rem; background: %(ground)s; color: %(text)s;
  border: 1px solid %(border)s; border-radius: 4px; white-space: pre; line-height: 1.5; font-style: normal;
  pointer-events: none; }
.gw-weeks > .gw-leftward:hover::after { left: auto; right: calc(100%% + 8px); }
@container (max-width: 260px) { .gw-months > span:nth-child(even) { display: none; } }
.gw-box { border: 1px solid %(border)s; border-radius: 6px; padding: .8rem 1rem; box-sizing: border-box; }
.gw-box h3 { font-size: .95rem; font-weight: 600; margin: 0 0 .3rem; padding: 0; color: %(text)s; }
.gw-box p { margin: 0; font-size: .9rem; line-height: 1.5; color: %(muted)s; }
@media (min-width: 641px) { .gw-table .gw-num + :not(.gw-num) { padding-left: .8rem; } }
@media (max-width: 1100px) { .gw-work .gw-hide-narrow { display: none; } }
@media (max-width: 900px) { .gw-cards { grid-template-columns: repeat(2, minmax(0, 1fr)); } }
@media (max-width: 640px) {
  .gw-card { padding: .6rem .7rem; }
  .gw-card .gw-big { font-size: 1.4rem; }
  .gw-work thead { display: none; }
  .gw-work { display: flex; flex-direction: column; }
  .gw-work caption { order: 2; }
  .gw-work tbody { display: block; }
  .gw-work tr { display: grid; grid-template-columns: 1fr auto; border-bottom: 1px solid %(grid)s;
    padding: .5rem 0; }
  .gw-work td { display: none; border: 0; padding: 0; }
  .gw-work td.gw-client { display: block; grid-area: 1 / 1; width: auto; }
  .gw-work td.gw-gap-cell { display: block; grid-area: 1 / 2; padding: 0; }
  .gw-work td.gw-risk-cell { display: block; grid-area: 1 / 2; padding: 0; }
  .gw-risky td.gw-owner-cell { display: block; grid-area: 3 / 1 / 4 / 3; width: auto; color: %(muted)s; }
  .gw-risky td.gw-owner-cell small { display: inline; }
  .gw-risky td.gw-owner-cell small::before { content: " · "; }
  .gw-risk-cell small.gw-hide-phone-cell { display: none; }
  .gw-work td.gw-why-cell { display: block; grid-area: 2 / 1 / 3 / 3; width: auto; }
  .gw-plain .gw-hide-phone { display: none; }
  .gw-table th.gw-num { white-space: normal; }
  .gw-phone { display: inline; }
  .gw-days thead { display: none; }
  .gw-days tr { display: block; border-bottom: 1px solid %(grid)s; padding: .4rem 0; }
  .gw-days td { display: block; border: 0; padding: 0; }
  .gw-gap-cell small { text-align: right; }
  .gw-fall td small { display: block; }
  .gw-believe thead { display: none; }
  .gw-believe { display: flex; flex-direction: column; }
  .gw-believe caption { order: 2; }
  .gw-believe tbody { display: block; }
  .gw-believe tr { display: grid; grid-template-columns: 1fr 1fr; gap: .15rem .8rem; padding: .6rem 0;
    border-bottom: 1px solid %(grid)s; }
  .gw-believe td { border: 0; padding: 0; }
  .gw-believe td.gw-num { text-align: left; white-space: normal; padding: 0; }
  .gw-believe td.gw-whole { grid-column: 1 / 3; width: auto; }
}
"""
