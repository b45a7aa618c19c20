// How the HTML report looks: on screens light and dark, narrow and wide, and on paper. Nothing is loaded from anywhere.

export const STYLE = `
:root { color-scheme: light dark; --bg: #f6f7f9; --card: #fff; --text: #1b1f24; --dim: #5d6670; --line: #dfe3e8; --code: #f1f3f5;
  --error: #b42318; --error-bg: #fdecea; --warning: #8a5a00; --warning-bg: #fdf3dc; --good: #17703a; --good-bg: #e4f5ea;
  --info: #1f5fbf; --info-bg: #e6effb; --ready: #2f7de1; --all: #b8d3f5; --asked: #5d6670; --gap: #d92d20; }
@media (prefers-color-scheme: dark) { :root { --bg: #101418; --card: #181d23; --text: #e4e8ed; --dim: #98a3af; --line: #2b323b; --code: #20262e;
  --error: #ff8a80; --error-bg: #3a1a1a; --warning: #f0b849; --warning-bg: #33270d; --good: #6bd08f; --good-bg: #12301e;
  --info: #82b1ff; --info-bg: #172a45; --ready: #5b9df5; --all: #2c4a75; --asked: #aab4bf; --gap: #ff6b5e; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--bg); color: var(--text); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main, header > div { max-width: 68rem; margin: 0 auto; padding: 0 1.25rem; }
header { background: var(--card); border-bottom: 1px solid var(--line); padding: 1.5rem 0 1.25rem; border-top: 6px solid var(--good); }
header.error { border-top-color: var(--error); } header.warning { border-top-color: var(--warning); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; } h2 small, h3 small { font-weight: 400; color: var(--dim); }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .35rem 0; } .dim { color: var(--dim); } .over { color: var(--dim); margin-top: .3rem; }
code, pre { font: .86em/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; }
code { background: var(--code); border-radius: 4px; padding: .1em .35em; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem; margin: 1.1rem 0 0; padding: 0; list-style: none; }
.tiles li { border: 1px solid var(--line); border-radius: 10px; padding: .6rem .85rem; background: var(--bg); }
.tiles b { display: block; font-size: 1.5rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums; }
.tiles span { color: var(--dim); font-size: .87rem; }
.tiles .error b { color: var(--error); } .tiles .warning b { color: var(--warning); } .tiles .good b { color: var(--good); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .85rem 1.1rem; margin: 0 0 .75rem; break-inside: avoid; }
.hazard { border-left: 5px solid var(--info); } .hazard.error { border-left-color: var(--error); } .hazard.warning { border-left-color: var(--warning); }
.hazard.accepted { border-left-color: var(--line); }
.hazard p { overflow-wrap: anywhere; }
.badge { display: inline-block; border-radius: 99px; padding: .05rem .6rem; font-size: .78rem; font-weight: 600; vertical-align: .1em; white-space: nowrap; }
.badge.error, .badge.failed { color: var(--error); background: var(--error-bg); } .badge.warning, .badge.paused, .badge.progressing { color: var(--warning); background: var(--warning-bg); }
.badge.info { color: var(--info); background: var(--info-bg); } .badge.good, .badge.complete { color: var(--good); background: var(--good-bg); }
.badge.accepted { color: var(--dim); background: var(--code); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem .9rem; margin: .6rem 0 0; font-size: .93rem; }
dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; min-width: 0; }
ul.plain { margin: 0; padding-left: 1.2rem; } ul.plain li { margin: .25rem 0; overflow-wrap: anywhere; }
.good-news { color: var(--good); background: var(--good-bg); border-color: transparent; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 25rem), 1fr)); gap: .75rem; } .charts .card { margin: 0; min-width: 0; }
.charts p { font-size: .9rem; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; margin: 0 0 .7rem; padding: 0; list-style: none; font-size: .85rem; color: var(--dim); }
.legend i { display: inline-block; width: 1.15rem; height: .7rem; border-radius: 2px; margin-right: .4rem; vertical-align: -.02em; }
.legend .r { background: var(--ready); } .legend .a { background: var(--all); } .legend .g { background: color-mix(in srgb, var(--gap) 30%, transparent); border-bottom: 3px solid var(--gap); }
.legend .d { height: 0; border-top: 2px dashed var(--asked); vertical-align: .22em; border-radius: 0; }
.plot { display: grid; grid-template-columns: auto 1fr; column-gap: .5rem; margin-top: .55rem; font-size: .75rem; color: var(--dim); font-variant-numeric: tabular-nums; }
.plot .y { display: flex; flex-direction: column; justify-content: space-between; text-align: right; line-height: 1; }
.plot svg { display: block; width: 100%; height: 6rem; } .plot .x { grid-column: 2; position: relative; height: 1.2rem; margin-top: .15rem; }
.plot .x span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.plot .x .end { transform: translateX(-100%); }
svg .ready { fill: var(--ready); } svg .all { fill: var(--all); } svg .grid { stroke: var(--line); stroke-width: 1; } svg .axis { stroke: var(--dim); stroke-width: 1; }
svg .asked { stroke: var(--asked); stroke-width: 1.75; stroke-dasharray: 5 4; } svg .gap { fill: var(--gap); opacity: .2; } svg .gap-line { stroke: var(--gap); stroke-width: 4; }
svg line, svg path { vector-effect: non-scaling-stroke; }
details > summary { cursor: pointer; } details > summary:hover { color: var(--info); }
summary:focus-visible, a:focus-visible, button:focus-visible { outline: 2px solid var(--info); outline-offset: 2px; border-radius: 4px; }
details.numbers { font-size: .85rem; color: var(--dim); margin-top: .3rem; }
.change { padding: 0; overflow: hidden; } .change > summary, .change > div { padding: .6rem 1.1rem; overflow-wrap: anywhere; }
.change > summary b { font-weight: 600; } .change pre { margin: 0; padding: .6rem 1.1rem .8rem; border-top: 1px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; }
pre .red, .red { color: var(--error); } pre .green, .green { color: var(--good); } pre .dim { color: var(--dim); } .yellow { color: var(--warning); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .9rem; } th, td { text-align: left; vertical-align: top; padding: .35rem .9rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--dim); font-weight: 500; } td.n, th.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; } td { overflow-wrap: break-word; } tr:last-child td { border-bottom: 0; }
nav { margin-top: 1rem; display: flex; flex-wrap: wrap; gap: .3rem 1.1rem; font-size: .92rem; } a { color: var(--info); text-underline-offset: 2px; }
button { font: inherit; font-size: .85rem; color: var(--info); background: none; border: 1px solid var(--line); border-radius: 6px; padding: .15rem .6rem; cursor: pointer; float: right; }
footer { color: var(--dim); font-size: .85rem; margin: 2.5rem 0 2rem; }
@media (max-width: 34rem) { body { font-size: 14.5px; } main, header > div { padding: 0 .85rem; } .tiles { grid-template-columns: 1fr 1fr; gap: .5rem; } .tiles li:last-child:nth-child(odd) { grid-column: span 2; }
  dl { grid-template-columns: 1fr; gap: .05rem; } dd { margin-bottom: .4rem; } .card { padding: .75rem .85rem; }
  .events table, .events tbody, .events tr, .events td { display: block; } .events thead { display: none; } .events tr { padding: .4rem 0; border-bottom: 1px solid var(--line); } .events td { border: 0; padding: 0; text-align: left; } }
@media print { :root { color-scheme: light; --bg: #fff; } body { font-size: 10.5pt; } nav, button { display: none; } header { border-bottom: 0; padding-top: .5rem; } h2, .legend { break-after: avoid; } main, header > div { padding: 0; } @page { margin: 14mm; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } details.change::details-content { content-visibility: visible; display: block; height: auto; } .numbers { display: none; } .charts { grid-template-columns: 1fr 1fr; } }
`;

/** Folds and unfolds all changes at once; without scripts each is folded by itself. */
export const SCRIPT = `
for (const section of document.querySelectorAll('section[data-folds]')) {
  const button = document.createElement('button');
  const all = [...section.querySelectorAll('details.change')];
  const tell = () => { button.textContent = all.every((one) => one.open) ? 'Fold all' : 'Unfold all'; };
  button.onclick = () => { const open = !all.every((one) => one.open); for (const one of all) one.open = open; tell(); };
  for (const one of all) one.ontoggle = tell;
  tell();
  if (all.length > 1) section.querySelector('h2').append(button);
}
`;
