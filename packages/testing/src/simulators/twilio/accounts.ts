/** A Twilio account that exists here alone. */
export interface SimulatedAccount {
  readonly accountSid: string;
  readonly authToken: string;
}

/** A number of an account, with what its console page holds: where Twilio reports to. */
export interface SimulatedNumber {
  readonly accountSid: string;
  /** E.164. */
  readonly number: string;
  /** "A message comes in", for text messages. */
  readonly smsUrl?: string;
  /** The same of its WhatsApp sender. */
  readonly whatsappUrl?: string;
  /** "A call comes in". */
  readonly voiceUrl?: string;
  /** "Call status changes". */
  readonly voiceStatusUrl?: string;
}

/** Which accounts and numbers there are. */
export class Registry {
  readonly #accounts = new Map<string, SimulatedAccount>();
  readonly #numbers = new Map<string, SimulatedNumber>();

  add(account: SimulatedAccount): void {
    this.#accounts.set(account.accountSid, account);
  }

  /** Adds a number, or changes what is known of it. */
  configure(number: SimulatedNumber): void {
    this.#numbers.set(number.number, { ...this.#numbers.get(number.number), ...number });
  }

  account(accountSid: string): SimulatedAccount | undefined {
    return this.#accounts.get(accountSid);
  }

  /** @throws when nobody has it. */
  owner(number: string): { readonly account: SimulatedAccount; readonly number: SimulatedNumber } {
    const known = this.#numbers.get(number);
    const account = known && this.#accounts.get(known.accountSid);
    if (known === undefined || account === undefined) throw new Error(`${number} is not a number of an account here`);
    return { account, number: known };
  }

  get numbers(): readonly SimulatedNumber[] {
    return [...this.#numbers.values()];
  }
}
