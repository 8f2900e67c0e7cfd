/**
 * A message that is not acknowledged yet.
 * @typedef {object} OutboxItem
 * @property {string} clientId
 * @property {string} text
 * @property {string} writtenTime ISO 8601
 * @property {string} pageUrl
 * @property {{ id: string, name: string, mediaType: string, size: number }[]} uploads
 */

/**
 * What outlives a reload, shared by all tabs of a site: the session token and what is not acknowledged yet. Each change
 * reads the store anew, so that tabs do not undo each other's.
 */
export class ChatStorage {
  #prefix;
  #storage;

  /** @param {string} site */
  constructor(site, storage = usableStorage()) {
    this.#prefix = `tributary-chat:${site}:`;
    this.#storage = storage;
  }

  /** @returns {string | undefined} */
  get token() {
    return this.#storage.getItem(`${this.#prefix}token`) ?? undefined;
  }

  /** @param {string | undefined} token */
  set token(token) {
    if (token === undefined) this.#storage.removeItem(`${this.#prefix}token`);
    else this.#write('token', token);
  }

  /** @returns {OutboxItem[]} Oldest first. */
  get outbox() {
    try {
      const items = JSON.parse(this.#storage.getItem(`${this.#prefix}outbox`) ?? '[]');
      return Array.isArray(items) ? items : [];
    } catch {
      return [];
    }
  }

  /** @param {OutboxItem} item */
  addToOutbox(item) {
    this.#write('outbox', JSON.stringify([...this.outbox, item]));
  }

  /** @param {string} clientId */
  removeFromOutbox(clientId) {
    this.#write('outbox', JSON.stringify(this.outbox.filter((item) => item.clientId !== clientId)));
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #write(name, value) {
    try {
      this.#storage.setItem(this.#prefix + name, value);
    } catch {
      // Full or forbidden meanwhile: go on without what outlives a reload.
      const kept = this.#storage;
      this.#storage = memoryStorage();
      for (const key of ['token', 'outbox']) {
        const old = kept.getItem(this.#prefix + key);
        if (old !== null) this.#storage.setItem(this.#prefix + key, old);
      }
      this.#storage.setItem(this.#prefix + name, value);
    }
  }
}

/** @typedef {Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>} KeyValueStorage */

/** @returns {KeyValueStorage} */
function usableStorage() {
  try {
    // Merely naming it throws where the browser blocks site data.
    window.localStorage.getItem('');
    return window.localStorage;
  } catch {
    return memoryStorage();
  }
}

/** @returns {KeyValueStorage} */
function memoryStorage() {
  /** @type {Map<string, string>} */
  const values = new Map();
  return {
    getItem: (key) => values.get(key) ?? null,
    setItem: (key, value) => void values.set(key, value),
    removeItem: (key) => void values.delete(key),
  };
}
