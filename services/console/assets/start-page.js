// The live feed: one card per message or ticket, replaced as a whole whenever it changes. What customers wrote only ever
// becomes a text node.

const list = document.getElementById('cards');
const empty = document.getElementById('empty');
const connection = document.getElementById('connection');
const news = document.getElementById('news');
const cli = document.body.dataset.cli;
/** The page keeps as many cards as the server. */
const maxCards = 100;

function element(name, { className, text, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (className !== undefined) made.className = className;
  if (text !== undefined) made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  made.append(...children);
  return made;
}

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' });

function timeOf(ms) {
  const time = new Date(ms);
  return element('time', { datetime: time.toISOString(), text: timeFormat.format(time) });
}

/** What a shell takes as one word, whatever is in it. */
function quoted(word) {
  return /^[\w.-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function command(text) {
  const button = element('button', { className: 'copy', type: 'button', text: 'Copy', 'data-copy': text });
  return element('div', { className: 'command' }, element('code', { text }), button);
}

function badge(className, text) {
  return text === '' ? '' : element('span', { className: `badge ${className}`, text });
}

function lines(texts) {
  return element('ul', { className: 'details' }, ...texts.map((text) => element('li', { text, dir: 'auto' })));
}

function stepItem(step, index, steps) {
  const item = element('li', { className: `step ${step.kind}${step.bad ? ' bad' : ''}` });
  item.append(
    element('p', { className: 'what' }, timeOf(step.atMs), element('span', { text: step.title, dir: 'auto' })),
  );
  // An answer and its going out say the same: once is enough.
  const said = step.kind === 'answer' && steps.slice(0, index).some(({ text }) => text === step.text);
  if (step.text !== '' && !said) item.append(element('blockquote', { text: step.text, dir: 'auto' }));
  if (step.details.length > 0) item.append(lines(step.details));
  if (step.candidates.length > 0) {
    const count = step.candidates.length;
    const summary = element('summary', { text: `${count} ${count === 1 ? 'agent was' : 'agents were'} looked at` });
    item.append(element('details', { id: `why-${step.id}` }, summary, lines(step.candidates)));
  }
  return item;
}

function cardItem(card) {
  const name = card.ticketNumber === '' ? 'New message' : `Ticket ${card.ticketNumber}`;
  const headingId = `card-${card.id}`;
  const heading = element('h3', { id: headingId }, element('span', { text: name }));
  if (card.subject !== '') heading.append(' ', element('bdi', { className: 'subject', text: card.subject }));
  const holder = card.owner === '' ? (card.queue === '' ? '' : `queue ${card.queue}`) : card.owner;
  const badges = element(
    'p',
    { className: 'badges' },
    badge('channel', card.channel),
    badge(`state ${card.state}`, card.state),
    badge(`grade ${card.grade.split(' ')[0]}`, card.grade),
    badge(card.owner === '' ? 'queue' : 'owner', holder),
    element('bdi', { className: 'customer', text: card.customer }),
  );
  const steps = element('ol', { className: 'steps' }, ...card.steps.map(stepItem));
  const article = element('article', { 'aria-labelledby': headingId }, heading, badges, steps);
  if (card.omittedSteps > 0) {
    article.append(element('p', { className: 'omitted', text: `${card.omittedSteps} older steps are not shown.` }));
  }
  if (card.ticketNumber !== '') {
    article.append(
      element('p', { className: 'next', text: 'Answer it, or see the whole decision:' }),
      command(`${cli} tickets reply ${quoted(card.ticketNumber)} --text 'Hello, …'`),
      command(`${cli} explain ${quoted(card.ticketNumber)}`),
    );
  }
  const item = element('li', { className: 'card' }, article);
  item.dataset.card = card.id;
  return item;
}

/** The cards on the page by their id. */
const shown = new Map();

/** Puts the new card where the old one was, with what was open still open and the keyboard where it was. */
function keepPlace(place, item) {
  const open = [...place.querySelectorAll('details[open]')].map(({ id }) => id);
  for (const details of item.querySelectorAll('details')) details.open = open.includes(details.id);
  const stops = (root) => [...root.querySelectorAll('button, summary')];
  const nameOf = (stop) => stop.dataset.copy ?? stop.parentElement.id;
  const focused = stops(place).find((stop) => stop === document.activeElement);
  place.replaceWith(item);
  if (focused !== undefined) {
    stops(item)
      .find((stop) => nameOf(stop) === nameOf(focused))
      ?.focus();
  }
}

function show(card) {
  const item = cardItem(card);
  const places = [card.id, ...card.replaces].map((id) => shown.get(id)).filter((place) => place !== undefined);
  const [place, ...others] = places;
  for (const id of card.replaces) shown.delete(id);
  shown.set(card.id, item);
  // A card stays where it is while it fills in: what one is reading must not move away.
  if (place === undefined) list.prepend(item);
  else keepPlace(place, item);
  for (const other of others) other.remove();
  while (list.children.length > maxCards) {
    shown.delete(list.lastElementChild.dataset.card);
    list.lastElementChild.remove();
  }
  empty.hidden = true;
}

/** What happened last, for those who do not see the cards; not more often than one can listen to. */
let pendingNews;
function announce(card) {
  const last = card.steps.at(-1);
  const text = `${card.ticketNumber === '' ? 'New message' : `Ticket ${card.ticketNumber}`}: ${last?.title ?? ''}`;
  if (pendingNews === undefined) {
    setTimeout(() => {
      news.textContent = pendingNews;
      pendingNews = undefined;
    }, 2000);
  }
  pendingNews = text;
}

function connect() {
  const source = new EventSource('/feed');
  let ready = false;
  source.addEventListener('open', () => {
    connection.textContent = 'Connected';
    connection.className = 'connection live';
    // What comes with the first answer is the past; only what follows is news.
    setTimeout(() => {
      ready = true;
    }, 500);
  });
  source.addEventListener('error', () => {
    connection.textContent =
      source.readyState === EventSource.CLOSED ? 'Not available' : 'Lost the connection, trying again …';
    connection.className = 'connection lost';
    // The browser gives up for good after an answer that is no stream, such as 503 while we start.
    if (source.readyState === EventSource.CLOSED) setTimeout(connect, 5000);
  });
  source.addEventListener('reset', () => {
    shown.clear();
    list.replaceChildren();
    empty.hidden = false;
  });
  source.addEventListener('card', (event) => {
    const card = JSON.parse(event.data);
    show(card);
    if (ready) announce(card);
  });
}

document.addEventListener('click', async (event) => {
  const button = event.target.closest('button[data-copy]');
  if (button === null) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = 'Copied';
  } catch {
    // No clipboard outside a secure context: select it, so that the keyboard copies it.
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = 'Selected';
  }
  setTimeout(() => {
    button.textContent = 'Copy';
  }, 1500);
});

if (document.body.dataset.feed === 'on') connect();
