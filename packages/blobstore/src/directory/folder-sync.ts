import { open } from 'node:fs/promises';

interface Syncs {
  running: Promise<void>;
  /** Begins when the running one ends; all who come meanwhile share it. */
  next: Promise<void> | undefined;
}

/** Makes names in folders durable. Whoever asks while a sync of the folder runs shares the next one. */
export class FolderSync {
  readonly #folders = new Map<string, Syncs>();

  /** Resolves when every name that was in the folder at the call is durable. */
  async sync(folder: string): Promise<void> {
    const syncs = this.#folders.get(folder);
    if (syncs === undefined) return this.#run(folder);
    syncs.next ??= syncs.running.catch(() => {}).then(() => this.#run(folder));
    return syncs.next;
  }

  #run(folder: string): Promise<void> {
    const syncs: Syncs = { running: syncFolder(folder), next: undefined };
    this.#folders.set(folder, syncs);
    const forget = () => {
      if (this.#folders.get(folder) === syncs && syncs.next === undefined) this.#folders.delete(folder);
    };
    syncs.running.then(forget, forget);
    return syncs.running;
  }
}

async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
