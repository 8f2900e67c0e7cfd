import { contactKey, type Ticket } from './ticket.ts';

/** Most terms kept for one ticket: what it is about stands in its subject and first messages. */
export const maxTerms = 200;
/** Terms kept of one text. Each costs as much as a fiftieth of storing the ticket. */
const maxTermsOfText = 64;
/** Characters of one text that are looked at. */
const maxChars = 4000;
const maxTermLength = 40;

const words = /[\p{L}\p{N}]+/gu;
/** Scripts that write no spaces between words: pairs of characters stand for words. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]+/gu;

// Most texts, and nine tenths of the time it would take otherwise.
const ascii = /^[\s!-~]*$/;
const asciiTerms = /[a-z0-9]{2,}/g;

/** The first different terms of a text: its words in lower case, and pairs of characters where a script writes no spaces. */
export function termsOfText(text: string): string[] {
  return [...new Set(allTerms(text.slice(0, maxChars)))].slice(0, maxTermsOfText);
}

function allTerms(text: string): string[] {
  if (ascii.test(text)) return (text.toLowerCase().match(asciiTerms) ?? []).map((term) => term.slice(0, maxTermLength));
  const terms: string[] = [];
  for (const [word] of text.normalize('NFKC').toLowerCase().matchAll(words)) {
    let rest = word;
    for (const [run] of word.matchAll(unspaced)) {
      const characters = [...run];
      for (let i = 0; i + 1 < characters.length; i++) terms.push(`${characters[i]}${characters[i + 1]}`);
      rest = rest.replace(run, ' ');
    }
    for (const part of rest.split(' ')) if (part.length >= 2) terms.push(part.slice(0, maxTermLength));
  }
  return terms;
}

/** The terms of a query; a ticket matches when it has all of them. An address or a number is one term. */
export function termsOfQuery(query: string): string[] {
  const terms = query
    .normalize('NFKC')
    .toLowerCase()
    .split(/\s+/)
    .flatMap((word) => (/[@+:]/.test(word) ? [word.slice(0, 254)] : termsOfText(word)));
  return [...new Set(terms)];
}

/** The terms a ticket is found by. */
export function termsOfTicket(ticket: Ticket): string[] {
  const terms = new Set([ticket.number, ticket.customerId]);
  for (const participant of [contactKey(ticket.contact), ...ticket.participants.slice(0, 20)]) {
    const address = participant.slice(participant.indexOf(':') + 1);
    if (address !== '') terms.add(address.toLowerCase().slice(0, 254));
  }
  for (const text of [ticket.contact.displayName, ticket.subject, ...ticket.entries.map((entry) => entry.text)]) {
    for (const term of termsOfText(text)) {
      if (terms.size >= maxTerms) return [...terms];
      terms.add(term);
    }
  }
  return [...terms];
}
