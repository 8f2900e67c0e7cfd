// Plays the customer of the simulated providers. What anybody says only ever becomes a text node.

const lookEveryMs = 1000;

async function ask(path, body) {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await fetch(`/simulators/${path}`, init);
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(answer.message ?? `the simulator answered ${response.status}`);
  return answer;
}

function show(log, who, text) {
  const item = document.createElement('p');
  item.className = who;
  item.dir = 'auto';
  item.textContent = text;
  log.append(item);
  log.scrollTop = log.scrollHeight;
}

/** Runs what a button asks for; a failure is told where the conversation is. */
async function attempt(log, action) {
  try {
    await action();
  } catch (error) {
    show(log, 'fault', error.message);
  }
}

let ourNumber;
async function numberToWriteTo() {
  ourNumber ??= (await ask('twilio/numbers'))[0]?.number;
  return ourNumber;
}

function startConversation(article) {
  const { simulator, customer, medium, act } = article.dataset;
  const log = article.querySelector('.said');
  const form = article.querySelector('form');
  const seen = new Set();
  let looking = false;

  async function answers() {
    if (medium === '') return await ask(`${simulator}/answers?customer=${encodeURIComponent(customer)}`);
    const messages = await ask(`twilio/messages?customer=${encodeURIComponent(customer)}`);
    return messages.filter((message) => message.medium === medium).map((message) => ({ ...message, id: message.sid }));
  }

  async function look() {
    await attempt(log, async () => {
      for (const { id, text, visibility, files = [] } of await answers()) {
        if (seen.has(id)) continue;
        seen.add(id);
        const attached = files.map(({ mediaType }) => ` [${mediaType}]`).join('');
        show(log, 'us', `${visibility === undefined ? '' : `${visibility}: `}${text}${attached}`);
      }
    });
    setTimeout(look, lookEveryMs);
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const { text, kind, stars } = form.elements;
    const said = text.value;
    text.value = '';
    void attempt(log, async () => {
      if (!looking) {
        // What was said before this page was opened is not news.
        for (const { id } of await answers()) seen.add(id);
        looking = true;
        setTimeout(look, lookEveryMs);
      }
      show(log, 'customer', said);
      if (medium === '') {
        const rating = stars === undefined ? {} : { stars: Number(stars.value) };
        await ask(`${simulator}/${kind?.value ?? act}`, { from: customer, text: said, ...rating });
      } else {
        await ask(`${simulator}/${medium}`, { from: customer, to: await numberToWriteTo(), text: said });
      }
    });
  });
}

function startHotline(article) {
  const log = article.querySelector('.said');
  const form = article.querySelector('form');
  const agent = article.querySelector('.agent');
  const [call, hangup, take] = ['call', 'hangup', 'take'].map((name) => article.querySelector(`[data-do="${name}"]`));
  let caller;
  let heard = 0;
  let ringing;

  function update(leg) {
    caller = leg;
    for (const line of leg.heard.slice(heard)) show(log, 'us', /^https?:/.test(line) ? `♪ ${line}` : line);
    heard = Math.max(heard, leg.heard.length);
    const inCall = leg.status === 'in-progress';
    call.disabled = inCall;
    hangup.disabled = !inCall;
    for (const key of article.querySelectorAll('[data-key]')) key.disabled = !inCall;
    form.querySelector('button').disabled = !inCall || !['Record', 'Conference'].includes(leg.at);
    if (!inCall) show(log, 'note', `The call is ${leg.status}.`);
  }

  const act = (action, body = {}) =>
    attempt(log, async () => update(await ask(`twilio/calls/${caller.sid}/${action}`, body)));

  async function look() {
    await attempt(log, async () => {
      const legs = await ask('twilio/calls');
      ringing = legs.find(({ direction, status }) => direction === 'outbound-api' && status === 'ringing');
      agent.hidden = ringing === undefined;
      agent.querySelector('span').textContent = ringing === undefined ? '' : `${ringing.to} is rung.`;
      const own = legs.find(({ sid }) => sid === caller.sid);
      if (caller.status === 'in-progress' && own !== undefined) update(own);
    });
    if (caller.status === 'in-progress' || ringing !== undefined) setTimeout(look, lookEveryMs);
  }

  call.addEventListener('click', () => {
    heard = 0;
    void attempt(log, async () => {
      const to = await numberToWriteTo();
      show(log, 'note', `Calling ${to} …`);
      update(await ask('twilio/calls', { from: article.dataset.customer, to }));
      setTimeout(look, lookEveryMs);
    });
  });
  hangup.addEventListener('click', () => void act('hangup'));
  take.addEventListener('click', () =>
    attempt(log, async () => {
      const { sid, to } = ringing;
      const answered = await ask(`twilio/calls/${sid}/answer`, {});
      if (answered.at === 'Gather') await ask(`twilio/calls/${sid}/press`, { digit: '1' });
      show(log, 'note', `${to} takes the call.`);
    }),
  );
  article.querySelector('.keypad').addEventListener('click', (event) => {
    const key = event.target.dataset.key;
    if (key === undefined) return;
    show(log, 'customer', `[${key}]`);
    void act('press', { digit: key });
  });
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const { text } = form.elements;
    show(log, 'customer', text.value);
    void act('say', { text: text.value });
    text.value = '';
  });
}

for (const article of document.querySelectorAll('.conversation')) startConversation(article);
for (const article of document.querySelectorAll('.hotline')) startHotline(article);
