/** A person or a bot, as the Bot API's `User`. */
export interface TelegramUser {
  readonly id: number;
  readonly first_name: string;
  readonly last_name?: string;
  readonly username?: string;
  readonly language_code?: string;
  readonly is_bot?: boolean;
}

/** A private chat has its user's id; groups have negative ones. */
export interface TelegramChat {
  readonly id: number;
  readonly type: 'private' | 'group' | 'supergroup';
  readonly title?: string;
}

/** A `Message`; what it holds beside these fields is whatever was written. */
export interface TelegramMessage {
  readonly message_id: number;
  readonly date: number;
  readonly chat: TelegramChat;
  readonly from: TelegramUser;
  readonly [field: string]: unknown;
}

export interface TelegramUpdate {
  readonly update_id: number;
  readonly [kind: string]: unknown;
}

/** What the bot sent and a customer sees. */
export interface SentToCustomer {
  readonly method: string;
  readonly chatId: number;
  readonly messageId: number;
  /** Text or caption. */
  readonly text: string;
  /** The message it quotes. */
  readonly replyTo?: number;
  readonly file?: { readonly name: string; readonly mediaType: string; readonly bytes: Buffer };
}

export interface StoredFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** All that a Telegram with one bot knows. */
export class TelegramState {
  readonly bot: TelegramUser & { readonly username: string };
  readonly chats = new Map<number, TelegramChat>();
  readonly files = new Map<string, StoredFile>();
  readonly blockedBy = new Set<number>();
  readonly sent: SentToCustomer[] = [];
  /** Chat actions such as "typing". */
  readonly actions: { readonly chatId: number; readonly action: string }[] = [];
  /** Answered buttons. */
  readonly answeredCallbacks: string[] = [];
  /** Groups that became supergroups. */
  readonly migrated = new Map<number, number>();
  webhook: { readonly url: string; readonly secretToken: string } | undefined;
  readonly #updates: TelegramUpdate[] = [];
  readonly #messageIds = new Map<number, number>();
  #updateId: number;
  #wake: () => void = () => {};

  constructor(bot: TelegramState['bot'], firstUpdateId: number) {
    this.bot = bot;
    this.#updateId = firstUpdateId;
  }

  /** Message ids count within a chat. */
  nextMessageId(chatId: number): number {
    const id = (this.#messageIds.get(chatId) ?? 0) + 1;
    this.#messageIds.set(chatId, id);
    return id;
  }

  newUpdate(content: Readonly<Record<string, unknown>>): TelegramUpdate {
    return { update_id: this.#updateId++, ...content };
  }

  /** Something for the bot. */
  offer(update: TelegramUpdate): void {
    this.#updates.push(update);
    this.#wake();
  }

  /** Forgets what the bot has confirmed, and returns what is left. */
  pending(offset: number): TelegramUpdate[] {
    const confirmed = this.#updates.findIndex(({ update_id }) => update_id >= offset);
    this.#updates.splice(0, confirmed < 0 ? this.#updates.length : confirmed);
    return [...this.#updates];
  }

  /** Updates that are not confirmed yet. */
  get unconfirmed(): readonly TelegramUpdate[] {
    return this.#updates;
  }

  /** Resolves when something is there, the time is over or `signal` aborts. */
  async arrival(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.#updates.length > 0 || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, timeoutMs);
      function done() {
        clearTimeout(timer);
        resolve();
      }
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
