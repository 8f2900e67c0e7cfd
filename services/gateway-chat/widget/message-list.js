import { drawPicture, element, icon, linked, saveFile } from './dom.js';

/**
 * @typedef {import('./chat-client.js').ChatClient} ChatClient
 * @typedef {import('./chat-client.js').Attachment} Attachment
 * @typedef {import('./texts.js').Texts} Texts
 * @typedef {'sending' | 'sent' | 'read' | 'notSent' | 'received'} State
 * @typedef {{ key: string, author: 'customer' | 'agent' | 'system', authorName: string, text: string, time: string,
 *   attachments: (Attachment & { id?: string })[], state: State, problem?: string }} Line
 * @typedef {{ line: Line, item: HTMLLIElement, update: (line: Line) => void }} Shown
 */

const pictureSizePx = 220;
/** What every browser of today can draw. */
const drawable = /^image\/(png|jpeg|gif|webp|avif)$/;

/**
 * The transcript and, behind it, what waits in the outbox.
 * @param {ChatClient} client
 * @param {Texts} texts
 * @returns {Line[]}
 */
export function linesOf(client, texts) {
  const waiting = client.outbox;
  const unacknowledged = new Set(waiting.map((item) => item.clientId));
  const known = new Set(client.messages.map((message) => message.clientId));
  /** @type {(message: import('./chat-client.js').Message) => State} */
  const stateOf = (message) => {
    if (message.author !== 'customer') return 'received';
    if (unacknowledged.has(message.clientId ?? '')) return 'sending';
    return message.sequence <= client.marks.agentReadSequence ? 'read' : 'sent';
  };
  /** @type {(item: import('./chat-storage.js').OutboxItem, state: State, problem?: string) => Line} */
  const own = (item, state, problem) => ({
    key: item.clientId,
    author: 'customer',
    authorName: '',
    text: item.text,
    time: item.writtenTime,
    attachments: item.uploads,
    state,
    ...(problem !== undefined && { problem }),
  });
  return [
    ...client.messages.map((message) => ({ ...message, key: message.clientId ?? message.id, state: stateOf(message) })),
    ...[...client.refused.values()].map(({ item, refusal }) =>
      own(item, 'notSent', texts.problems[refusal.code] ?? texts.problems['other'] ?? ''),
    ),
    ...waiting.filter((item) => !known.has(item.clientId)).map((item) => own(item, 'sending')),
  ];
}

/**
 * Shows lines as a list. What is shown already stays the same element, so that a screen reader reads each line once.
 */
export class MessageList {
  element = element('ol', { className: 'messages' });
  #client;
  #texts;
  #content;
  #time;
  /** @type {Map<string, Shown>} */
  #shown = new Map();

  /**
   * @param {ChatClient} client
   * @param {Texts} texts
   * @param {string} language
   * @param {(attachment: Line['attachments'][number]) => Promise<Blob>} content
   */
  constructor(client, texts, language, content) {
    this.#client = client;
    this.#texts = texts;
    this.#content = content;
    this.#time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  }

  /** @param {Line[]} lines */
  show(lines) {
    const keys = new Set(lines.map((line) => line.key));
    for (const [key, { item }] of this.#shown) {
      if (keys.has(key)) continue;
      item.remove();
      this.#shown.delete(key);
    }
    let at = this.element.firstElementChild;
    for (const line of lines) {
      const shown = this.#shown.get(line.key) ?? this.#make(line);
      shown.line = line;
      shown.update(line);
      this.#shown.set(line.key, shown);
      if (shown.item === at) at = at.nextElementSibling;
      else this.element.insertBefore(shown.item, at);
    }
  }

  /**
   * @param {Line} line
   * @returns {Shown}
   */
  #make(line) {
    const texts = this.#texts;
    const state = element('span', { className: 'state' });
    const actions = element('span', { className: 'actions' });
    const item = element(
      'li',
      { className: `message ${line.author}` },
      element('p', { className: line.author === 'customer' ? 'unseen' : 'author' }, this.#authorOf(line)),
      element(
        'div',
        { className: 'bubble' },
        ...(line.text === '' ? [] : [element('p', { className: 'text' }, ...linked(line.text))]),
        ...line.attachments.map((attachment, index) =>
          this.#attachment(attachment, () => shown.line.attachments[index]),
        ),
      ),
      element(
        'p',
        { className: 'meta' },
        element('time', { dateTime: line.time }, this.#time.format(new Date(line.time))),
        state,
        actions,
      ),
    );
    /** @type {Shown} */
    const shown = {
      line,
      item,
      update: (now) => {
        const text = now.state === 'received' ? '' : [texts[now.state], now.problem].filter(Boolean).join(' — ');
        if (state.textContent === text) return;
        state.textContent = text;
        item.dataset.state = now.state;
        actions.replaceChildren(...(now.state === 'notSent' ? this.#actionsOf(now.key) : []));
      },
    };
    return shown;
  }

  /** @param {Line} line */
  #authorOf(line) {
    if (line.author === 'customer') return this.#texts.you;
    if (line.author === 'system') return this.#texts.automatic;
    return line.authorName || this.#texts.us;
  }

  /** @param {string} key */
  #actionsOf(key) {
    const again = () => this.#client.writeAgain(key);
    const discard = () => this.#client.discard(key);
    return [
      element('button', { type: 'button', className: 'link', onclick: again }, this.#texts.again),
      element('button', { type: 'button', className: 'link', onclick: discard }, this.#texts.discard),
    ];
  }

  /**
   * @param {Line['attachments'][number]} attachment
   * @param {() => Line['attachments'][number] | undefined} latest The same once the transcript has it.
   */
  #attachment(attachment, latest) {
    const { texts, content } = { texts: this.#texts, content: this.#content };
    const isPicture = drawable.test(attachment.mediaType);
    const name = attachment.name || (isPicture ? texts.picture : texts.file);
    const save = async () => saveFile(await content(latest() ?? attachment), attachment.name);
    const button = element('button', { type: 'button', className: 'attachment', 'aria-label': texts.openFile(name) });
    button.addEventListener('click', () => void save().catch(() => button.classList.add('broken')));
    button.append(icon('file'), name);
    if (isPicture) void this.#replaceWithPicture(button, attachment);
    return button;
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {Line['attachments'][number]} attachment
   */
  async #replaceWithPicture(button, attachment) {
    try {
      const canvas = element('canvas');
      await drawPicture(canvas, await this.#content(attachment), pictureSizePx);
      button.replaceChildren(canvas);
      button.classList.add('picture');
    } catch {
      // Not there or not drawable: its name stays.
    }
  }
}
