import { ChatClient } from './chat-client.js';
import { Composer } from './composer.js';
import { element, icon } from './dom.js';
import { linesOf, MessageList } from './message-list.js';
import { styles } from './styles.js';
import { textsFor } from './texts.js';

/**
 * Puts the chat onto the page: a button in the corner that opens a dialog, in a shadow tree of its own.
 * @param {{ base: string, site: string, language: string }} options
 */
export function mountChat(options) {
  const { language, texts } = textsFor(options.language);
  const client = new ChatClient({ ...options, language: options.language.slice(0, 35) });
  const composer = new Composer(client, texts);
  const list = new MessageList(client, texts, language, (attachment) => {
    const local = attachment.id === undefined ? undefined : composer.localFiles.get(attachment.id);
    if (local !== undefined) return Promise.resolve(local);
    return attachment.path === undefined ? Promise.reject(new Error('not there')) : client.download(attachment.path);
  });

  const status = element('p', { className: 'status', role: 'status' });
  const news = element('p', { className: 'unseen', role: 'status' });
  const scroller = element(
    'div',
    { className: 'scroller', tabIndex: 0, role: 'region', 'aria-label': texts.log },
    element('p', { className: 'greeting' }, texts.greeting),
    aboutForm(client, texts),
    element('div', { role: 'log', 'aria-label': texts.log, 'aria-relevant': 'additions' }, list.element),
  );
  const panel = element(
    'section',
    { id: 'panel', className: 'panel', role: 'dialog', 'aria-labelledby': 'title', hidden: true },
    element(
      'div',
      { className: 'header' },
      element(
        'div',
        {},
        element('h2', { id: 'title' }, texts.title),
        element('p', { className: 'subtitle' }, texts.subtitle),
      ),
      element(
        'button',
        { type: 'button', className: 'close', title: texts.close, 'aria-label': texts.close, onclick: () => close() },
        icon('close'),
      ),
    ),
    scroller,
    status,
    composer.element,
  );
  const badge = element('span', { className: 'badge', 'aria-hidden': 'true', hidden: true });
  const launcher = element(
    'button',
    {
      type: 'button',
      className: 'launcher',
      'aria-expanded': 'false',
      'aria-controls': 'panel',
      onclick: () => (panel.hidden ? open() : close()),
    },
    icon('chat'),
    badge,
  );
  const root = element('div', { className: 'chat', lang: language }, panel, launcher, news);
  // What is typed here is none of the host page's shortcuts.
  root.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !panel.hidden && !event.isComposing) close();
    event.stopPropagation();
  });

  function open() {
    panel.hidden = false;
    launcher.setAttribute('aria-expanded', 'true');
    client.connect();
    update();
    scroller.scrollTop = scroller.scrollHeight;
    composer.focus();
  }

  function close() {
    panel.hidden = true;
    launcher.setAttribute('aria-expanded', 'false');
    client.sayTyping(false);
    update();
    launcher.focus();
  }

  function update() {
    const isSeen = !panel.hidden && document.visibilityState === 'visible';
    if (isSeen && client.unread > 0) client.markRead();
    const atEnd = scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 60;
    list.show(linesOf(client, texts));
    if (atEnd || list.element.lastElementChild?.classList.contains('customer')) {
      scroller.scrollTop = scroller.scrollHeight;
    }
    composer.update();
    say(status, statusText());
    status.dataset.kind = client.status === 'offline' ? 'offline' : 'quiet';
    badge.hidden = client.unread === 0;
    badge.textContent = client.unread > 99 ? '99+' : String(client.unread);
    const label = panel.hidden ? (client.unread > 0 ? texts.openUnread(client.unread) : texts.open) : texts.close;
    if (launcher.ariaLabel !== label) launcher.ariaLabel = label;
    say(news, panel.hidden && client.unread > 0 ? texts.openUnread(client.unread) : '');
  }

  function statusText() {
    if (client.status === 'offline') return texts.offline;
    if (client.status === 'connecting') return texts.connecting;
    return client.typing === undefined ? '' : texts.typing(client.typing);
  }

  client.addEventListener('change', update);
  document.addEventListener('visibilitychange', update);
  const host = element('div', { id: 'tributary-chat' });
  const shadow = host.attachShadow({ mode: 'open' });
  // A constructed style sheet needs no `style-src 'unsafe-inline'` in the host page's content security policy.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  shadow.adoptedStyleSheets = [sheet];
  shadow.append(root);
  document.body.append(host);
  // Whoever has a chat hears of answers without opening it; for everybody else nothing is sent before they do.
  if (client.hasSession) client.connect();
  update();
}

/** Changes a live region only when its text does. @param {HTMLElement} region @param {string} text */
function say(region, text) {
  if (region.textContent !== text) region.textContent = text;
}

/**
 * Who the visitor is, if they want to say.
 * @param {ChatClient} client
 * @param {import('./texts.js').Texts} texts
 */
function aboutForm(client, texts) {
  const problem = element('p', { id: 'about-problem', className: 'problem', role: 'alert' });
  const name = element('input', {
    id: 'name',
    autocomplete: 'name',
    maxLength: 100,
    onchange: () => client.setProfile({ name: name.value.trim() }),
  });
  const email = element('input', {
    id: 'email',
    type: 'email',
    autocomplete: 'email',
    maxLength: 254,
    'aria-describedby': 'about-problem',
    onchange: () => {
      const isGood = email.value === '' || /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(email.value.trim());
      problem.textContent = isGood ? '' : texts.badEmail;
      email.setAttribute('aria-invalid', String(!isGood));
      if (isGood) client.setProfile({ email: email.value.trim() });
    },
  });
  return element(
    'details',
    { className: 'about' },
    element('summary', {}, texts.about),
    element('label', { htmlFor: 'name' }, texts.name),
    name,
    element('label', { htmlFor: 'email' }, texts.email),
    email,
    problem,
  );
}
