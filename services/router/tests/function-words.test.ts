import { detectAll } from 'tinyld';
import { describe, expect, test } from 'vitest';
import { languageByFunctionWords } from '../src/domain/grading/function-words.ts';
import { gradingMessages } from './grading-messages.ts';

const languages = ['en', 'zh', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'ru', 'ja', 'ko'];
const languageOf = (text: string) => languageByFunctionWords(text, languages)?.language;

const sentences = [
  ['en', 'Where is my parcel? I have been waiting for it since Monday and nobody answers.'],
  ['de', 'Mein Staubsauger lädt nicht mehr und ich kann die App nicht öffnen.'],
  ['fr', 'Bonjour, je ne peux pas me connecter à mon compte depuis hier.'],
  ['es', 'Hola, mi pedido no ha llegado y ya han pasado dos semanas.'],
  ['it', 'Buongiorno, il mio ordine non è ancora arrivato.'],
  ['pt', 'Olá, o meu pedido não chegou e já passaram duas semanas.'],
  ['nl', 'Ik kan niet inloggen op mijn account sinds gisteren.'],
] as const;

describe('small words', () => {
  test.each(sentences)('tell %s: %s', (language, text) => {
    expect(languageOf(text)).toBe(language);
  });

  test('say what the detector says, wherever they say something', () => {
    const texts = [...gradingMessages.map(([text]) => text), ...sentences.map(([, text]) => text)];
    const told = texts.filter((text) => languageOf(text) !== undefined);
    for (const text of told) expect(detectAll(text, { only: languages })[0]?.lang, text).toBe(languageOf(text));
    expect(told.length).toBeGreaterThan(sentences.length + 10);
  });

  test('say nothing when they are few, of two languages, or of one that the policy does not name', () => {
    expect(languageOf('Power bank, 20,000 mAh')).toBeUndefined();
    expect(languageOf('Ich sehe nicht mehr als "the server is not there" und "please try this"')).toBeUndefined();
    expect(languageOf('Min ordre er ikke kommet endnu, og jeg kan ikke logge ind')).toBeUndefined();
    expect(languageByFunctionWords(sentences[1][1], ['en', 'zh'])).toBeUndefined();
  });

  test('say nothing when the policy names a language that might have the same', () => {
    expect(languageByFunctionWords(sentences[6][1], [...languages, 'af'])).toBeUndefined();
  });
});
