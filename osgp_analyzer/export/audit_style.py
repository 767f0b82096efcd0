# SPDX-License-Identifier: GPL-2.0-or-later
"""How the page of an audit looks: by day, by night, and on paper."""

STYLE = """
:root { --ground: #fff; --ink: #1c2126; --quiet: #66707a; --line: #e1e5e9; --soft: #f6f7f9; --link: #1f5c99;
  --verified: #4f9a6b; --bad: #c4453c; --open: #b9c0c8; --warn: #b87a14; --note: #4a7bb0; --chat: #7d8790; }
@media (prefers-color-scheme: dark) {
  :root { --ground: #14171a; --ink: #dde1e5; --quiet: #8d97a1; --line: #2b3138; --soft: #1b1f24; --link: #82b4e6;
    --verified: #5fae7d; --bad: #e0685f; --open: #535c66; --warn: #d79a3c; --note: #6d9fd6; --chat: #8d97a1; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2rem 1.5rem; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", "Noto Sans", sans-serif; }
h1 { font-size: 1.7rem; font-weight: 600; margin: 0; }
h2 { font-size: 1.15rem; font-weight: 600; margin: 2.2rem 0 .7rem; }
h3 { font-size: 1rem; font-weight: 600; margin: 0 0 .3rem; }
section > h3 { margin-top: 1rem; font-size: .9rem; }
p { margin: .3rem 0; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
ul { margin: 0; padding: 0; list-style: none; }
code { font: .85em ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; color: var(--quiet); }
header p, footer, .quiet, .advice { color: var(--quiet); }
header p { overflow-wrap: anywhere; }
footer { margin-top: 3rem; font-size: .85rem; border-top: 1px solid var(--line); padding-top: .7rem; }
.bar { display: flex; height: .6rem; border-radius: .3rem; overflow: hidden; gap: 1px; background: var(--ground); }
.bar i { min-width: 3px; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.4rem; margin: .6rem 0 .4rem; }
.legend i { display: inline-block; width: .7rem; height: .7rem; border-radius: .2rem; margin-right: .45rem; }
i { background: var(--open); }
i.verified { background: var(--verified); }
i.bad-digest { background: var(--bad); }
i.not-authenticated { background: var(--warn); }
i.challenged { background: var(--note); }
table { border-collapse: collapse; width: 100%; font-size: .87rem; font-variant-numeric: tabular-nums; }
th { text-align: left; font-weight: 600; color: var(--quiet); white-space: nowrap; }
th, td { padding: .3rem .9rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
td { overflow-wrap: anywhere; }
td:first-child { min-width: 10.5rem; }
.meters td:last-child { width: 30%; font-size: .8rem; }
.n { text-align: right; white-space: nowrap; }
.frames { width: 45%; }
.time { white-space: nowrap; }
tr:target, article:target { background: var(--soft); outline: 2px solid var(--line); }
summary { cursor: pointer; color: var(--quiet); font-size: .87rem; }
article { border-left: 3px solid var(--chat); padding: .2rem 0 .2rem 1rem; margin: 1.2rem 0; }
article.error { border-color: var(--bad); }
article.warn { border-color: var(--warn); }
article.note { border-color: var(--note); }
article details { margin-top: .4rem; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: .3rem; padding: 0 .4rem;
  font-size: .78rem; font-weight: 600; line-height: 1.45; color: var(--chat); white-space: nowrap; }
.badge.error { color: var(--bad); }
.badge.warn { color: var(--warn); }
.badge.note { color: var(--note); }
input[name=level] { position: absolute; opacity: 0; }
input[name=level] + label { display: inline-block; padding: .1rem .7rem; margin-right: .3rem; border-radius: 1rem;
  border: 1px solid var(--line); color: var(--quiet); font-size: .87rem; cursor: pointer; }
input[name=level]:checked + label { background: var(--soft); color: var(--ink); border-color: var(--quiet); }
input[name=level]:focus-visible + label { outline: 2px solid var(--link); }
#level-error:checked ~ article:not(.error), #level-warn:checked ~ article:not(.error, .warn) { display: none; }
@media (max-width: 46rem) {
  section { overflow-x: auto; }
}
@media print {
  :root { --ground: #fff; --ink: #000; --quiet: #444; --line: #ccc; --soft: #fff; --link: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  input[name=level] + label { display: none; }
  :is(article, section) > details::details-content { content-visibility: visible; block-size: auto; }
  h2, h3, .advice { break-after: avoid; }
  tr { break-inside: avoid; }
  i { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""
