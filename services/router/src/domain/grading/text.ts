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

const han = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * Prepares a phrase of the policy. Chinese and Japanese have no spaces between words, so there a phrase matches anywhere;
 * elsewhere it matches whole words, and a `*` at its end any ending.
 */
export function toPhrase(text: string): Phrase {
  const open = text.endsWith('*');
  const words = normaliseText(text).trim();
  if (han.test(words)) return { text, needle: words };
  return { text, needle: ` ${words}${open ? '' : ' '}` };
}

/** What turns the word after it into its opposite, and the small words that may stand between. */
const negatedBefore =
  /(?:\b(?:no|not|never|without|isn't|wasn't|aren't|don't|didn't|doesn't)(?: (?:a|an|any|the|really|yet|more))?|没有|没|不是|并非|并不|未)$/;

/** Finds all phrases of a policy in one pass over a text: their number hardly matters. */
export interface PhraseIndex {
  /** By a space and the first letters, for phrases of whole words. */
  readonly words: ReadonlyMap<string, readonly string[]>;
  /** By the first character, for phrases without spaces around them. */
  readonly characters: ReadonlyMap<string, readonly string[]>;
}

const keyLength = 3;

export function indexPhrases(phrases: Iterable<Phrase>): PhraseIndex {
  const words = new Map<string, string[]>();
  const characters = new Map<string, string[]>();
  for (const needle of new Set([...phrases].map((phrase) => phrase.needle))) {
    const index = needle.startsWith(' ') ? words : characters;
    const key = needle.slice(0, needle.startsWith(' ') ? keyLength : 1);
    const list = index.get(key);
    if (list === undefined) index.set(key, [needle]);
    else list.push(needle);
  }
  return { words, characters };
}

/** The needles a normalised text says, other than only right after a negation ("no smoke", "没有冒烟"). */
export function findNeedles(text: string, { words, characters }: PhraseIndex): Set<string> {
  const found = new Set<string>();
  for (let at = 0; at < text.length; at++) {
    const candidates = text[at] === ' ' ? words.get(text.slice(at, at + keyLength)) : characters.get(text[at] ?? '');
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
