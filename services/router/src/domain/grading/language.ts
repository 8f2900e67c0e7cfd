import { detectAll } from 'tinyld';
import { languageByFunctionWords } from './function-words.ts';

export interface LanguageGuess {
  /** ISO 639-1; `und` when it could not be told. */
  readonly language: string;
  readonly method: 'script' | 'function-words' | 'language-detector' | 'language-hint' | 'undetermined';
  readonly detail: string;
}

/** Enough of a text to tell its language by; small words are looked up in a few µs, the detector takes some 50 µs for these. */
const maxCharacters = { words: 120, detector: 80 };
/** Below this the detector guesses rather than knows: what it said of "hello?" was Italian with 0.2. */
const sureAccuracy = 0.25;

/**
 * Tells the language of a text: by its script where that decides, then by its small words, else by the detector; a hint decides
 * what the detector is not sure of.
 * @param languages ISO 639-1 codes the detector may answer with.
 * @param hint BCP 47 tag; empty when there is none.
 */
export function detectLanguage(text: string, hint: string, languages: readonly string[]): LanguageGuess {
  const said = withoutAddresses(text.slice(0, 500));
  const sample = said.slice(0, maxCharacters.detector);
  const hinted = hint.split('-')[0]?.toLowerCase() ?? '';
  const byScript = detectByScript(sample);
  if (byScript !== undefined) return byScript;
  const byWords = languageByFunctionWords(said.slice(0, maxCharacters.words), languages);
  if (byWords !== undefined) {
    const { language, words } = byWords;
    return { language, method: 'function-words', detail: words.map((word) => `"${word}"`).join(', ') };
  }
  const guesses = /\p{L}{2}/u.test(sample) ? detectAll(sample, { only: [...languages] }) : [];
  const [best] = guesses;
  if (best !== undefined && best.accuracy >= sureAccuracy) return detected(best.lang, best.accuracy);
  if (hinted !== '' && (best === undefined || guesses.some(({ lang }) => lang === hinted))) {
    return {
      language: hinted,
      method: 'language-hint',
      detail: `the channel or the customer's settings say "${hint}"`,
    };
  }
  if (best !== undefined) return detected(best.lang, best.accuracy);
  return { language: 'und', method: 'undetermined', detail: 'too few words, and no hint' };
}

function detected(language: string, accuracy: number): LanguageGuess {
  const detail = `the detector says "${language}" with ${accuracy.toFixed(2)}`;
  return { language, method: 'language-detector', detail };
}

/** Those scripts are all beyond this; most texts have nothing there to count. */
const beyondLatin = /[\u1100-\uffff]/;

/** Chinese, Japanese and Korean have their own scripts; Latin words among them are mostly names and do not count. */
function detectByScript(text: string): LanguageGuess | undefined {
  if (!beyondLatin.test(text)) return undefined;
  const count = (script: RegExp) => text.match(script)?.length ?? 0;
  const kana = count(/[\p{Script=Hiragana}\p{Script=Katakana}]/gu);
  const hangul = count(/\p{Script=Hangul}/gu);
  const han = count(/\p{Script=Han}/gu);
  // One character of these says about as much as three letters.
  const others = count(/\p{L}/gu) - kana - hangul - han;
  if ((kana + hangul + han) * 3 <= others) return undefined;
  if (hangul > kana + han) return { language: 'ko', method: 'script', detail: `${hangul} Hangul characters` };
  if (kana > 0) return { language: 'ja', method: 'script', detail: `${kana} Kana characters` };
  if (han > 0) return { language: 'zh', method: 'script', detail: `${han} Han characters and no Kana` };
  return undefined;
}

function withoutAddresses(text: string): string {
  // The first alternative looks at what is left of every word from each of its letters.
  const gaps = text.includes('@') ? /\S+@\S+|https?:\/\/\S+|\s+/g : /https?:\/\/\S+|\s+/g;
  return text.replaceAll(gaps, ' ').trim();
}
