"""The style of the HTML report: light and dark, phone and paper. Text alone."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root { color-scheme: light dark; --good: #1a7f37; --bad: #b42318; --doubt: #9a6700;
  --line: #d0d7de; --soft: #f6f8fa; --text: #1f2328; --paper: #ffffff; }
@media (prefers-color-scheme: dark) { :root { --good: #4ac26b; --bad: #ff7b72; --doubt: #d4a72c;
  --line: #3d444d; --soft: #151b23; --text: #e6edf3; --paper: #0d1117; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem; background: var(--paper);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.35rem; margin: 0; }
h2 { font-size: 1.15rem; margin: 0 0 0.5rem; }
h3 { font-size: 1rem; margin: 1rem 0 0.25rem; }
header { border-left: 0.5rem solid var(--doubt); padding: 0.75rem 1rem; background: var(--soft); }
header.ready { border-color: var(--good); }
header.not-ready { border-color: var(--bad); }
section { border: 1px solid var(--line); border-radius: 0.5rem; padding: 1rem; margin: 1rem 0; }
.verdict { font-size: 0.85rem; font-weight: normal; border: 1px solid; border-radius: 1rem;
  padding: 0.1rem 0.6rem; white-space: nowrap; color: var(--doubt); }
.ready .verdict { color: var(--good); }
.not-ready .verdict { color: var(--bad); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0.1rem 1rem; margin: 0.5rem 0; }
dt { font-weight: 600; }
dd { margin: 0; }
code { font-family: ui-monospace, monospace; font-size: 0.9em; }
.finding { border-left: 0.25rem solid var(--line); padding: 0.25rem 0.75rem; margin: 0.5rem 0; }
.finding p { margin: 0.2rem 0; }
.copied { margin: 0.2rem 0; white-space: pre-wrap; overflow-wrap: anywhere; user-select: all;
  font: 0.9em/1.5 ui-monospace, monospace; }
.finding.error { border-color: var(--bad); }
.finding.warning { border-color: var(--doubt); }
.reference, footer { font-size: 0.85rem; opacity: 0.8; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; overflow-wrap: normal; }
th, td { text-align: left; vertical-align: top; padding: 0.25rem 0.75rem 0.25rem 0;
  border-bottom: 1px solid var(--line); }
td code { overflow-wrap: anywhere; }
.answer { color: var(--bad); font-weight: 600; }
.match .answer { color: var(--good); }
.alias .answer, .not-asked .answer { color: inherit; font-weight: normal; }
.partial .answer { color: var(--doubt); }
.timeline { overflow: visible; font-size: 0.8rem; }
.timeline text { fill: currentColor; }
.timeline .server { font-weight: 600; }
.absent, .swatch.absent { fill: #9aa4b0; background: #9aa4b0; }
.behind, .swatch.behind { fill: #d4a72c; background: #d4a72c; }
.match, .swatch.match { fill: #2da44e; background: #2da44e; }
.other, .swatch.other { fill: #cf222e; background: #cf222e; }
.silent, .swatch.silent { fill: #57606a; background: #57606a; }
tr.absent, tr.match { background: none; }
.legend { font-size: 0.85rem; margin: 0.25rem 0 0.5rem; }
.key { margin-right: 1rem; white-space: nowrap; }
.swatch { display: inline-block; width: 0.8rem; height: 0.8rem; vertical-align: -0.1rem; }
@media (max-width: 40rem) { body { padding: 0.5rem; } section { padding: 0.75rem; }
  thead { display: none; } tr, td { display: block; border: 0; padding: 0; }
  tr { border-bottom: 1px solid var(--line); padding: 0.4rem 0; }
  td:empty { display: none; } td:first-child { font-weight: 600; }
  .servers td:nth-child(3)::before { content: "serial "; } }
@media print { :root { color-scheme: light; --paper: #ffffff; --text: #000000; --soft: #ffffff;
  --line: #999999; --good: #1a7f37; --bad: #b42318; --doubt: #9a6700; }
  body { max-width: none; font-size: 10pt; } .wide { overflow: visible; }
  tr, .finding, svg { break-inside: avoid; } svg, .swatch { print-color-adjust: exact; } }
"""
