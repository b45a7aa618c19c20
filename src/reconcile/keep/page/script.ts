// What a status page does in a browser: follows the events, fetches itself anew when something has happened, and puts in what is otherwise,
// so that what is open, focused and filtered stays so. Without scripts the page is whole too, as of when it was asked for.

export const SCRIPT = `
const live = document.getElementById('live');
const main = document.querySelector('main');
const say = (state, text) => { live.className = state; live.textContent = text; };
const today = () => new Date(Date.now()).toDateString();

function localTimes(root) {
  for (const one of root.querySelectorAll('time')) {
    const at = new Date(one.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    const clock = at.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit', second: '2-digit' });
    one.textContent = at.toDateString() === today() ? clock : at.toLocaleDateString([], { day: 'numeric', month: 'short' }) + ' ' + clock;
    one.title = at.toLocaleString();
  }
}

// children of what is keyed are told by their ids, all else is taken as a whole
function merge(from, to) {
  if (from.isEqualNode(to)) return;
  if (!('keyed' in to.dataset) || !('keyed' in from.dataset)) {
    const focused = from.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
    for (const one of from.querySelectorAll('details[id][open]')) to.querySelector('#' + CSS.escape(one.id))?.setAttribute('open', '');
    from.replaceWith(to);
    if (focused) to.querySelector('[href="' + CSS.escape(focused) + '"]')?.focus();
    return;
  }
  from.className = to.className;
  const old = new Map([...from.children].map((child) => [child.id, child]));
  let last = null;
  for (const child of [...to.children]) {
    const known = old.get(child.id);
    old.delete(child.id);
    const place = last ? last.nextElementSibling : from.firstElementChild;
    if (!known) from.insertBefore(child, place);
    else {
      if (known !== place) from.insertBefore(known, place);
      merge(known, child);
    }
    last = last ? last.nextElementSibling : from.firstElementChild;
  }
  for (const child of old.values()) child.remove();
}

const filter = document.createElement('input');
Object.assign(filter, { id: 'filter', type: 'search', placeholder: 'Filter apps…  ( / )' });
filter.setAttribute('aria-label', 'Show only apps whose name has this in it');
function filtered() {
  const wanted = filter.value.trim().toLowerCase();
  for (const one of document.querySelectorAll('[data-name]')) one.hidden = wanted !== '' && !one.dataset.name.includes(wanted);
}
const tools = document.querySelector('.tools');
if (tools) {
  tools.append(filter);
  filter.oninput = filtered;
  addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || event.target === filter) return;
    event.preventDefault();
    filter.focus();
  });
}

let isBusy = false;
let isStale = false;
async function refresh() {
  if (isBusy) { isStale = true; return; }
  isBusy = true;
  isStale = false;
  try {
    const answer = await fetch(location.pathname, { headers: { accept: 'text/html' } });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
      localTimes(page);
      document.title = page.title;
      merge(document.getElementById('head'), page.getElementById('head'));
      merge(main, page.querySelector('main'));
      filtered();
    } else if (answer.status === 404) location.assign('/');
  } catch { isStale = true; }
  // many events of one moment are one look
  setTimeout(() => { isBusy = false; if (isStale && live.className === 'on') refresh(); }, 700);
}

let last = document.body.dataset.last;
function connect() {
  const source = new EventSource('/api/v1/events?lastEventId=' + encodeURIComponent(last));
  source.onopen = () => { const wasOff = live.className === 'off'; say('on', 'live'); if (wasOff) refresh(); };
  source.onmessage = ({ lastEventId }) => { last = lastEventId; refresh(); };
  source.addEventListener('reset', ({ lastEventId }) => { last = lastEventId; refresh(); });
  source.onerror = () => {
    say('off', 'not connected: what is shown may be old; trying again…');
    // a browser gives up where the answer was no stream
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 3000);
  };
}
localTimes(document);
connect();
// when sources were last looked at is no event
setInterval(refresh, 30000);
`;
