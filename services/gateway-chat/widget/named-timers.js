/** Timers by name: setting one again replaces it. */
export class NamedTimers {
  /** @type {Map<string, number>} */
  #timers = new Map();

  /** @param {string} name */
  has(name) {
    return this.#timers.has(name);
  }

  /**
   * @param {string} name
   * @param {number} delayMs
   * @param {() => void} callback
   */
  set(name, delayMs, callback) {
    this.clear(name);
    const timer = window.setTimeout(() => {
      this.#timers.delete(name);
      callback();
    }, delayMs);
    this.#timers.set(name, timer);
  }

  /** @param {string} name */
  clear(name) {
    window.clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  clearAll() {
    for (const name of [...this.#timers.keys()]) this.clear(name);
  }
}
