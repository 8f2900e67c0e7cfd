/** Grading reads no further than this; a long mail says what it wants near its beginning. */
const maxCharacters = 4000;

/**
 * A text in the form in which phrases are looked for: NFKC (full width becomes half width), lower case, straight
 * apostrophes, everything but letters, digits and `'` turned into one space, and a space at both ends, so that a phrase
 * between spaces is a phrase of whole words.
 */
export function normaliseText(text: string): string {
  const words = text
    .slice(0, maxCharacters)
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(/[’‘ʼ`]/g, "'")
    .replaceAll(/[^\p{L}\p{M}\p{N}']+/gu, ' ')
    .trim();
  return ` ${words} `;
}

/** A phrase as it is looked for in a normalised text. */
export interface Phrase {
  /** As the policy has it, for the reasons. */
  readonly text: string;
  /** Spaces stand for word boundaries. */
  readonly needle: string;
}

/** Phrases by their needles, in the policy's order; of two with the same needle, one. */
export type Phrases = ReadonlyMap<string, Phrase>;

const han = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * Prepares a phrase of the policy. Chinese and Japanese have no spaces between words, so there a phrase matches anywhere;
 * elsewhere it matches whole words, and a `*` at its end any ending.
 */
function toPhrase(text: string): Phrase {
  const open = text.endsWith('*');
  const words = normaliseText(text).trim();
  if (han.test(words)) return { text, needle: words };
  return { text, needle: ` ${words}${open ? '' : ' '}` };
}

/** Prepares a list of phrases of the policy. */
export function toPhrases(texts: readonly string[]): Phrases {
  return new Map(texts.map(toPhrase).map((phrase) => [phrase.needle, phrase]));
}

/** What turns the word after it into its opposite, and the small words that may stand between. */
const negatedBefore =
  /(?:\b(?:no|not|never|without|isn't|wasn't|aren't|don't|didn't|doesn't)(?: (?:a|an|any|the|really|yet|more))?|没有|没|不是|并非|并不|未)$/;

/** Finds all phrases of a policy in one pass over a text: their number hardly matters. */
export interface PhraseIndex {
  /** By a space and the first letters, for phrases of whole words. */
  readonly words: ReadonlyMap<string, readonly string[]>;
  /** By the first UTF-16 unit, for phrases without spaces around them. */
  readonly characters: ReadonlyMap<number, readonly string[]>;
}

const keyLength = 3;
const space = 0x20;

export function indexPhrases(lists: readonly Phrases[]): PhraseIndex {
  const words = new Map<string, string[]>();
  const characters = new Map<number, string[]>();
  for (const needle of new Set(lists.flatMap((phrases) => [...phrases.keys()]))) {
    if (needle.startsWith(' ')) add(words, needle.slice(0, keyLength), needle);
    else add(characters, needle.charCodeAt(0), needle);
  }
  return { words, characters };
}

function add<K>(lists: Map<K, string[]>, key: K, needle: string): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [needle]);
  else list.push(needle);
}

/** The needles a normalised text says, other than only right after a negation ("no smoke", "没有冒烟"). */
export function findNeedles(text: string, { words, characters }: PhraseIndex): Set<string> {
  const found = new Set<string>();
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const candidates = code === space ? words.get(text.slice(at, at + keyLength)) : characters.get(code);
    if (candidates === undefined) continue;
    for (const needle of candidates) {
      if (text.startsWith(needle, at) && !found.has(needle) && !isNegated(text, at)) found.add(needle);
    }
  }
  return found;
}

function isNegated(text: string, at: number): boolean {
  return negatedBefore.test(text.slice(Math.max(0, at - 20), at).trimEnd());
}
