import {
  type CommandContext,
  type FieldViolation,
  invalidArgument,
  type Attachment as ProtoAttachment,
} from '@tributary/contracts';
import type { EnumWords } from '../contracts/enums.ts';
import { fromActor, fromAttachment } from '../contracts/from-contract.ts';
import type { Actor, Attachment } from '../domain/ticket.ts';

/** Reads a request's fields, noting what is wrong with each; `done` refuses the request with all of it at once. */
export class RequestFields {
  readonly #violations: FieldViolation[] = [];

  text(field: string, value: string, { min = 0, max }: { readonly min?: number; readonly max: number }): string {
    if (value.length < min || value.length > max) {
      this.refuse(field, `must have ${min} to ${max} characters, has ${value.length}`);
    }
    return value;
  }

  /** @param byDefault What 0 means. */
  integer(
    field: string,
    value: number,
    { min = 1, max, byDefault }: { readonly min?: number; readonly max: number; readonly byDefault: number },
  ): number {
    if (value === 0) return byDefault;
    if (value < min || value > max) this.refuse(field, `must be ${min} to ${max}, or 0 for ${byDefault}; is ${value}`);
    return value;
  }

  items<T>(
    field: string,
    values: readonly T[],
    { min = 0, max }: { readonly min?: number; readonly max: number },
  ): readonly T[] {
    if (values.length < min || values.length > max) {
      this.refuse(field, `must have ${min} to ${max} items, has ${values.length}`);
    }
    return values;
  }

  /** Undefined for UNSPECIFIED. */
  word<Word extends string>(field: string, value: number, words: EnumWords<Word, number>): Word | undefined {
    const word = words.word(value);
    if (word === undefined && value !== 0) {
      this.refuse(field, `must be one of ${words.words.join(', ')} (1 to ${words.words.length}); is ${value}`);
    }
    return word;
  }

  /** E.164, or empty. */
  phoneNumber(field: string, value: string): string {
    if (value !== '' && !/^\+[1-9]\d{6,14}$/.test(value)) {
      this.refuse(field, 'must be a number in E.164, "+" and 7 to 15 digits without spaces, or empty');
    }
    return value;
  }

  /** Milliseconds. Undefined when absent. */
  time(field: string, value: Date | undefined): number | undefined {
    if (value === undefined) return undefined;
    const ms = value.getTime();
    if (Number.isNaN(ms)) this.refuse(field, 'must be a valid time');
    return ms;
  }

  actor(field: string, value: Parameters<typeof fromActor>[0] | undefined): Actor {
    const actor = value && fromActor(value);
    if (actor !== undefined && actor.id.length <= 256) return actor;
    this.refuse(field, 'must be present, with kind AGENT, CUSTOMER or SYSTEM and an id of 1 to 256 characters');
    return { kind: 'system', id: 'nobody', displayName: '' };
  }

  attachments(field: string, values: readonly ProtoAttachment[]): Attachment[] {
    this.items(field, values, { max: 50 });
    values.forEach(({ blob }, i) => {
      if (blob === undefined || blob.key === '')
        this.refuse(`${field}[${i}].blob`, 'must name a stored blob by its key');
    });
    return values.flatMap(fromAttachment);
  }

  context(value: CommandContext | undefined) {
    if (value === undefined) {
      this.refuse('context', 'must be present');
      return { commandId: '', actor: this.actor('context.actor', undefined), expectedVersion: 0 };
    }
    const expectedVersion = Number(value.expectedVersion);
    if (expectedVersion < 0) this.refuse('context.expected_version', 'must be 0 or a version of the ticket');
    return {
      commandId: this.text('context.command_id', value.commandId, { min: 1, max: 128 }),
      actor: this.actor('context.actor', value.actor),
      expectedVersion,
    };
  }

  refuse(field: string, description: string): void {
    this.#violations.push({ field, description });
  }

  /** @throws StatusError INVALID_ARGUMENT naming every bad field. */
  done(): void {
    if (this.#violations.length > 0) throw invalidArgument(...this.#violations);
  }
}
