import { drawPicture, element, icon } from './dom.js';

/**
 * @typedef {import('./chat-client.js').ChatClient} ChatClient
 * @typedef {import('./chat-storage.js').OutboxItem['uploads'][number]} Upload
 * @typedef {import('./texts.js').Texts} Texts
 */

const thumbnailPx = 56;

/** Where the visitor writes, with the files that go along. */
export class Composer {
  /** Contents of files uploaded from here, by upload id: shown without asking the server. @type {Map<string, File>} */
  localFiles = new Map();
  #client;
  #texts;
  /** @type {Set<{ upload?: Upload }>} */
  #files = new Set();

  /**
   * @param {ChatClient} client
   * @param {Texts} texts
   */
  constructor(client, texts) {
    this.#client = client;
    this.#texts = texts;
    this.problem = element('p', { className: 'problem', role: 'alert' });
    this.list = element('ul', { className: 'files' });
    this.text = element('textarea', {
      id: 'message',
      rows: 1,
      placeholder: texts.placeholder,
      'aria-describedby': 'hint',
      oninput: () => this.#typed(),
      onblur: () => client.sayTyping(false),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
      onpaste: (/** @type {ClipboardEvent} */ event) => this.#addAll(event.clipboardData?.files),
    });
    this.picker = element('input', {
      type: 'file',
      multiple: true,
      hidden: true,
      onchange: () => {
        this.#addAll(this.picker.files);
        this.picker.value = '';
      },
    });
    this.sendButton = element(
      'button',
      { type: 'submit', className: 'send', title: texts.send, 'aria-label': texts.send, disabled: true },
      icon('send'),
    );
    this.element = element(
      'form',
      {
        className: 'composer',
        noValidate: true,
        onsubmit: (/** @type {SubmitEvent} */ event) => {
          event.preventDefault();
          this.#submit();
        },
        ondragover: (/** @type {DragEvent} */ event) => event.preventDefault(),
        ondrop: (/** @type {DragEvent} */ event) => {
          event.preventDefault();
          this.#addAll(event.dataTransfer?.files);
        },
      },
      this.problem,
      this.list,
      element(
        'div',
        { className: 'row' },
        element(
          'button',
          {
            type: 'button',
            className: 'attach',
            title: texts.attach,
            'aria-label': texts.attach,
            onclick: () => this.picker.click(),
          },
          icon('clip'),
        ),
        this.picker,
        element('label', { htmlFor: 'message', className: 'unseen' }, texts.message),
        this.text,
        this.sendButton,
      ),
      element('p', { id: 'hint', className: 'hint' }, texts.hint),
    );
  }

  focus() {
    this.text.focus();
  }

  /** Takes over what the server allows. */
  update() {
    const { limits } = this.#client;
    if (limits === undefined) return;
    this.text.maxLength = limits.textCharacters;
    this.picker.accept = limits.uploadMediaTypes.join(',');
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    // While an input method composes, Enter takes the candidate; keyCode 229 is how Safari says so.
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    this.#submit();
  }

  #typed() {
    this.#client.sayTyping(this.text.value.trim() !== '');
    this.#say('');
    this.#enable();
  }

  #submit() {
    const text = this.text.value.trim();
    const uploads = this.#uploads();
    if (!this.#isReady()) return;
    this.#client.write(text, uploads);
    this.text.value = '';
    this.#files.clear();
    this.list.replaceChildren();
    this.#enable();
    this.text.focus();
  }

  #uploads() {
    return [...this.#files].flatMap(({ upload }) => (upload === undefined ? [] : [upload]));
  }

  /** Something to send, and no upload under way. */
  #isReady() {
    const uploads = this.#uploads();
    return uploads.length === this.#files.size && (this.text.value.trim() !== '' || uploads.length > 0);
  }

  #enable() {
    this.sendButton.disabled = !this.#isReady();
  }

  /** @param {string} problem */
  #say(problem) {
    this.problem.textContent = problem;
  }

  /** @param {FileList | null | undefined} files */
  #addAll(files) {
    for (const file of files ?? []) void this.#add(file);
  }

  /** @param {File} file */
  async #add(file) {
    const { limits } = this.#client;
    const texts = this.#texts;
    this.#say('');
    if (limits !== undefined && this.#files.size >= limits.uploadsPerMessage) {
      return this.#say(texts.tooManyFiles(limits.uploadsPerMessage));
    }
    if (limits !== undefined && file.size > limits.uploadBytes) {
      return this.#say(texts.fileTooLarge(file.name, Math.floor(limits.uploadBytes / 1024 / 1024)));
    }
    /** @type {{ upload?: Upload }} */
    const entry = {};
    const remove = () => {
      this.#files.delete(entry);
      item.remove();
      this.#enable();
      this.text.focus();
    };
    const label = element('span', { className: 'name' }, texts.uploading(file.name));
    const item = element(
      'li',
      {},
      label,
      element(
        'button',
        { type: 'button', className: 'remove', 'aria-label': texts.removeFile(file.name), onclick: remove },
        icon('close'),
      ),
    );
    this.#files.add(entry);
    this.list.append(item);
    this.#enable();
    const canvas = element('canvas', { 'aria-hidden': 'true' });
    drawPicture(canvas, file, thumbnailPx).then(
      () => item.prepend(canvas),
      () => item.prepend(icon('file')),
    );
    try {
      entry.upload = await this.#client.upload(file);
      this.localFiles.set(entry.upload.id, file);
      label.textContent = file.name;
      this.#enable();
    } catch (error) {
      const code = /** @type {{ code?: string }} */ (error).code ?? '';
      if (!this.#files.has(entry)) return;
      remove();
      this.#say(`${file.name}: ${texts.problems[code] ?? texts.problems['other']}`);
    }
  }
}
