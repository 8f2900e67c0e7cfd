/** Small words that only one of these languages has. What several of them share ("in", "de", "que") says nothing and is left out. */
const wordsOf: Readonly<Record<string, string>> = {
  en: 'the and my with this that have it you your what when how are but does not would could please from since there been they will has which where while after every only any out into our nobody should than their',
  de: 'und ist nicht das ich mit für eine einen auf sich von wie mein meine wenn aber auch noch bitte kann wird habe zu dem sie wir ihr',
  fr: 'je est pas dans vous avec mon mes votre une sur mais pour depuis bonjour merci suis nous les qui ça aux ai',
  es: 'el los las pero hola gracias muy cuando mis más ya tengo puedo hace usted hay y esta este',
  it: 'il che non è della sono ho come anche questo gli nel grazie buongiorno mio più dopo vorrei perché alla',
  pt: 'não uma com meu minha os eu você obrigado obrigada mas foi isso já ao são muito olá pelo quero',
  nl: 'het een niet ik van mijn op dat voor aan ook maar deze zijn bij heeft naar wij geen hoe wat heb graag nog',
};
/** Languages that their script tells from those above. */
const ofOwnScript: ReadonlySet<string> = new Set(['zh', 'ja', 'ko', 'ru']);
const languageOf: ReadonlyMap<string, string> = new Map(
  Object.entries(wordsOf).flatMap(([language, words]) => words.split(' ').map((word) => [word, language] as const)),
);
/** So many different words of one language are no accident, and three times as many as of all others no quotation. */
const enough = 3;

/**
 * The language a text's small words speak for, with the words; undefined when there are too few, or when one of `languages` is not
 * known here and might have the same words.
 * @param languages ISO 639-1 codes it may answer with.
 */
export function languageByFunctionWords(
  text: string,
  languages: readonly string[],
): { readonly language: string; readonly words: readonly string[] } | undefined {
  if (languages.some((language) => wordsOf[language] === undefined && !ofOwnScript.has(language))) return undefined;
  const found = new Map<string, Set<string>>();
  let all = 0;
  for (const word of text.toLowerCase().split(/[^\p{L}]+/u)) {
    const language = languageOf.get(word);
    if (language === undefined || !languages.includes(language)) continue;
    const words = found.get(language) ?? new Set();
    if (words.has(word)) continue;
    found.set(language, words.add(word));
    all++;
  }
  for (const [language, words] of found) {
    if (words.size >= enough && (all - words.size) * 3 <= words.size) return { language, words: [...words] };
  }
  return undefined;
}
