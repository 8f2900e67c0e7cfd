import { detectAll } from 'tinyld';

export interface LanguageGuess {
  /** ISO 639-1; `und` when it could not be told. */
  readonly language: string;
  readonly method: 'script' | 'language-detector' | 'language-hint' | 'undetermined';
  readonly detail: string;
}

/** Enough of a text to tell its language by; the detector's time grows with it (50 µs for these). */
const maxCharacters = 80;
/** Below this the detector guesses rather than knows: what it said of "hello?" was Italian with 0.2. */
const sureAccuracy = 0.25;

/**
 * Tells the language of a text: by its script where that decides, else by the detector; a hint decides what the detector is
 * not sure of.
 * @param languages ISO 639-1 codes the detector may answer with.
 * @param hint BCP 47 tag; empty when there is none.
 */
export function detectLanguage(text: string, hint: string, languages: readonly string[]): LanguageGuess {
  const sample = withoutAddresses(text.slice(0, 500)).slice(0, maxCharacters);
  const hinted = hint.split('-')[0]?.toLowerCase() ?? '';
  const byScript = detectByScript(sample);
  if (byScript !== undefined) return byScript;
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

/** Chinese, Japanese and Korean have their own scripts; Latin words among them are mostly names and do not count. */
function detectByScript(text: string): LanguageGuess | undefined {
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
  return text.replaceAll(/\S+@\S+|https?:\/\/\S+|\s+/g, ' ').trim();
}
