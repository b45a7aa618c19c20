// How status pages look: as the HTML report does, and what they have besides. Light and dark, narrow and wide; nothing is loaded.
import { STYLE as REPORT_STYLE } from '../../report/preview/html-style.ts';

export const STYLE = `${REPORT_STYLE}
header { padding: 1.1rem 0 1rem; } header.info { border-top-color: var(--info); } header.held, header.waiting { border-top-color: var(--dim); }
.top { display: flex; flex-wrap: wrap; gap: .3rem 1rem; align-items: baseline; justify-content: space-between; } .top h1 { font-size: 1.35rem; }
.top h1 a { color: inherit; text-decoration: none; } .top h1 a:hover { text-decoration: underline; }
#live { font-size: .85rem; color: var(--dim); margin: .3rem 0 0 1rem; float: right; } #live::before { content: ''; display: inline-block; width: .6rem; height: .6rem; border-radius: 50%; background: var(--line); margin-right: .45rem; }
#live.on::before { background: var(--good); } #live.off { color: var(--error); font-weight: 600; } #live.off::before { background: var(--error); border-radius: 1px; }
.tiles { margin-top: .8rem; grid-template-columns: repeat(auto-fit, minmax(7rem, 1fr)); } .tiles b { font-size: 1.35rem; } .tiles .info b { color: var(--info); }
.badge { margin-right: .25rem; } .badge.held, .badge.waiting { color: var(--dim); background: var(--code); }
.sources { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 20rem), 1fr)); gap: .75rem; } .sources .card { margin: 0; min-width: 0; } .sources p { font-size: .88rem; overflow-wrap: anywhere; }
.source.wide { grid-column: 1 / -1; } .source.failing { border-left: 5px solid var(--error); }
.cells { display: flex; flex-wrap: wrap; gap: 3px; margin-top: .6rem; }
.cells a { width: 1.15rem; height: 1.15rem; border-radius: 4px; font: 700 .8rem/1.15rem ui-monospace, Menlo, Consolas, monospace; text-align: center; text-decoration: none; color: var(--card); background: var(--good); opacity: .8; }
.cells a:hover { opacity: 1; outline: 2px solid var(--text); outline-offset: 1px; }
.cells .error { background: var(--error); opacity: 1; } .cells .warning { background: var(--warning); opacity: 1; } .cells .info { background: var(--info); opacity: 1; } .cells .held { background: var(--dim); } .cells .waiting { background: var(--line); color: var(--dim); }
.cells.many a { width: .7rem; height: .7rem; font-size: .6rem; line-height: .7rem; border-radius: 2px; gap: 2px; }
.app { border-left: 5px solid var(--line); } .app.error { border-left-color: var(--error); } .app.warning { border-left-color: var(--warning); } .app.info { border-left-color: var(--info); }
.app > p:first-of-type { overflow-wrap: anywhere; } .app .scroll, .app .rollout { margin-top: .5rem; } .meta { font-size: .87rem; color: var(--dim); } .meta > * + *::before { content: '· '; color: var(--dim); }
.rows { list-style: none; margin: 0; padding: 0; } .rows li { display: grid; grid-template-columns: minmax(9rem, 1.4fr) minmax(9rem, auto) 8rem minmax(8.5rem, auto); gap: .2rem .9rem; align-items: baseline; padding: .4rem 0; border-bottom: 1px solid var(--line); content-visibility: auto; contain-intrinsic-size: auto 2.2rem; }
.rows li:last-child { border-bottom: 0; } .rows li > :first-child { overflow-wrap: anywhere; font-weight: 600; } .rows .at { text-align: right; color: var(--dim); font-size: .87rem; }
h3 a, .rows a { color: var(--text); text-decoration: none; } h3 a:hover, .rows a:hover { text-decoration: underline; }
.of { color: var(--dim); font-weight: 400; }
.rollout svg { display: block; width: 100%; height: .55rem; margin-top: .3rem; border-radius: 3px; } .rollout .none { fill: var(--code); } .rollout .old { fill: var(--dim); } .rollout p { font-size: .87rem; margin: .15rem 0 0; overflow-wrap: anywhere; }
.rollouts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: .8rem 1.6rem; } td code { white-space: pre-wrap; } td .object { font-weight: 600; } table.drift { font-size: .87rem; }
#filter { font: inherit; font-size: .93rem; width: min(100%, 18rem); padding: .3rem .6rem; border: 1px solid var(--line); border-radius: 7px; background: var(--card); color: var(--text); }
#filter:focus-visible { outline: 2px solid var(--info); outline-offset: 1px; } .tools { margin: 1.2rem 0 -.9rem; } [hidden] { display: none !important; }
.log { list-style: none; margin: 0; padding: 0; font-size: .88rem; } .log li { display: grid; grid-template-columns: 8.5rem 1fr; gap: .1rem .8rem; padding: .22rem 0; } .log time { color: var(--dim); font-variant-numeric: tabular-nums; } .log span { overflow-wrap: anywhere; } .log .error span { color: var(--error); } .log .warn span { color: var(--warning); }
ul.faults li { font-size: .92rem; } ul.faults .dim::before { content: '→ '; } .back { font-size: .9rem; margin: 0; }
@media (max-width: 34rem) { .tiles { grid-template-columns: repeat(3, 1fr); } .tiles li { padding: .4rem .6rem; } .tiles li:last-child:nth-child(odd) { grid-column: auto; } .tiles b { font-size: 1.15rem; } .tiles span { font-size: .78rem; }
  .rows li { grid-template-columns: 1fr auto; } .rows .rev { display: none; } .rows .at { grid-column: 2; } .rows li > :nth-child(2) { grid-column: 1; grid-row: 2; } .rows .at { grid-row: 1; } .log li { grid-template-columns: 1fr; }
  .scroll table, .scroll tbody, .scroll tr, .scroll td { display: block; } .scroll thead { display: none; } .scroll tr { padding: .45rem 0; border-bottom: 1px solid var(--line); } .scroll td, .scroll td.n { border: 0; padding: .05rem 0; text-align: left; white-space: normal; } .scroll td:empty { display: none; } td[data-is]::before { content: attr(data-is) ' '; color: var(--dim); } }
`;
