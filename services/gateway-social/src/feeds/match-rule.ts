import type { MentionRule } from './account.ts';

/** The first rule that fits a text, and the word by which it does. */
export function matchRule(
  rules: readonly MentionRule[],
  text: string,
): { readonly become: MentionRule['become']; readonly word: string } | undefined {
  const searched = folded(text);
  const isThere = (word: string) => occurs(folded(word), searched);
  for (const { words, with: alsoWith, become } of rules) {
    const word = words.find(isThere);
    if (word !== undefined && (alsoWith.length === 0 || alsoWith.some(isThere))) return { become, word };
  }
  return undefined;
}

/** Case, width, composition and line breaks make no difference. */
function folded(text: string): string {
  return text.normalize('NFKC').toLowerCase().replaceAll(/\s+/g, ' ').trim();
}

/** As a whole word: "art" is not in "party". Scripts that are written without spaces have no such ends. */
function occurs(word: string, text: string): boolean {
  for (let at = text.indexOf(word); at >= 0 && word !== ''; at = text.indexOf(word, at + 1)) {
    const isWhole =
      !joins(text.slice(0, at).match(/.$/su)?.[0], word.match(/^./su)?.[0]) &&
      !joins(word.match(/.$/su)?.[0], text.slice(at + word.length).match(/^./su)?.[0]);
    if (isWhole) return true;
  }
  return false;
}

const letter = /[\p{L}\p{M}\p{N}_]/u;
const unspaced = /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]/u;

/** Whether two characters side by side are inside one word. */
function joins(left = ' ', right = ' '): boolean {
  return letter.test(left) && letter.test(right) && !unspaced.test(left) && !unspaced.test(right);
}
