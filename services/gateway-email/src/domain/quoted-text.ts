/** A mail's text in two: what its writer wrote now, and what they quote. */
export interface SeparatedText {
  readonly text: string;
  readonly quoted: string;
}

/**
 * Separates what is new in an answer from what it quotes. Knows the marks of the common mail programs in English, Chinese,
 * German, French, Spanish, Japanese and Russian. A forwarded mail is news, not a quote; so is everything when nothing else
 * would be left. Signatures stay. Nothing is lost: every line is in one of the two.
 */
export function separateQuoted(text: string): SeparatedText {
  const lines = text.replace(/\r\n?/g, '\n').split('\n');
  const quotedFrom = lines.findIndex((_, index) => beginsQuote(lines, index));
  const top = quotedFrom === -1 ? lines : lines.slice(0, quotedFrom);
  const rest = quotedFrom === -1 ? [] : lines.slice(quotedFrom);
  const fresh: string[] = [];
  const quoted: string[] = [];
  for (let index = 0; index < top.length; index++) {
    const attribution = attributionLines(top, index);
    if (attribution > 0) {
      quoted.push(...top.slice(index, index + attribution));
      index += attribution - 1;
    } else if (isMarked(top[index])) quoted.push(top[index] ?? '');
    else fresh.push(top[index] ?? '');
  }
  const own = tidy(fresh);
  if (own === '') return { text: tidy(lines), quoted: '' };
  return { text: own, quoted: tidy([...quoted, ...rest]) };
}

/** Everything from here on is quoted, whether the lines are marked or not. */
function beginsQuote(lines: readonly string[], index: number): boolean {
  const line = lines[index]?.trim() ?? '';
  if (line === '') return false;
  if (originalMark.test(line)) return true;
  if (/^_{10,}$/.test(line)) return isMailHead(lines, index + 1);
  if (isMailHead(lines, index)) return true;
  const attribution = attributionLines(lines, index);
  // Marked lines after it are told apart one by one: the writer may have answered between them.
  return attribution > 0 && !lines.slice(index + attribution).some(isMarked);
}

/** `-----Original Message-----` and its like; `Forwarded` is none of them. */
const originalMark =
  /^(?:>\s*)?[-_=*–—\s]{2,}(?:original (?:message|e?-?mail)?|ursprüngliche nachricht|originalnachricht|message d'origine|mensaje original|原始邮件|原邮件|原始郵件|原始信件|元のメッセージ|исходное сообщение|reply message|回复的原邮件)\s*[-_=*–—\s]{2,}$/i;

const headLine: readonly RegExp[] = [
  /^\*?(?:from|von|de|发件人|寄件者|寄件人|差出人|от)\s*[:：]/i,
  /^\*?(?:sent|date|gesendet|datum|envoyé|enviado|fecha|发送时间|发送日期|日期|寄件日期|傳送日期|送信日時|日時|отправлено|дата)\s*[:：]/i,
  /^\*?(?:to|an|à|para|收件人|收件者|宛先|кому)\s*[:：]/i,
  /^\*?(?:subject|betreff|objet|asunto|主题|主題|主旨|件名|тема)\s*[:：]/i,
  /^\*?(?:cc|抄送|副本|kopie|копия)\s*[:：]/i,
];

/** The head of a mail as Outlook and others write it above what they quote: From and two more within a few lines. */
function isMailHead(lines: readonly string[], index: number): boolean {
  let at = index;
  while (at < lines.length && at < index + 2 && lines[at]?.trim() === '') at++;
  const first = lines[at]?.trim() ?? '';
  if (!headLine.slice(0, 2).some((pattern) => pattern.test(first))) return false;
  if (followsForward(lines, at)) return false;
  const seen = new Set<number>();
  for (const line of lines.slice(at, at + 7)) {
    const kind = headLine.findIndex((pattern) => pattern.test(line.trim()));
    if (kind !== -1) seen.add(kind);
  }
  return seen.has(0) && seen.size >= 3;
}

function followsForward(lines: readonly string[], index: number): boolean {
  return lines.slice(Math.max(0, index - 3), index).some((line) => forwardMark.test(line));
}

const forwardMark =
  /forwarded message|begin forwarded|weitergeleitete nachricht|message transféré|mensaje reenviado|转发(?:的)?邮件|转发邮件信息|轉寄|転送/i;

/** How programs introduce a quote in one sentence, on up to three lines. */
const attributions: readonly RegExp[] = [
  /^on\b.{6,300}\bwrote\s*[:：]$/i,
  /^.{3,200}\bwrote\s*[:：]$/i,
  /^am\b.{6,300}\bschrieb\b.{0,200}[:：]$/i,
  /^.{6,200}\bschrieb\b.{0,120}[:：]$/i,
  /^le\b.{6,300}\ba écrit\s*[:：]$/i,
  /^el\b.{6,300}\bescribió\s*[:：]$/i,
  /^(?:在|于)?.{4,300}(?:写道|寫道|写到)\s*[:：]$/,
  /^.{4,200}のメール\s*[:：]$/,
  /^.{4,200}(?:пишет|написала?)\s*[:：]$/i,
];

/** How many lines from here introduce a quote; 0 when they do not. */
function attributionLines(lines: readonly string[], index: number): number {
  const first = lines[index]?.trim() ?? '';
  if (first === '' || isMarked(first)) return 0;
  for (let count = 1; count <= 3; count++) {
    const parts = lines.slice(index, index + count).map((line) => line.trim());
    if (parts.length < count || parts.some((part) => part === '' || isMarked(part))) return 0;
    const sentence = parts.join(' ');
    if (!attributions.some((pattern) => pattern.test(sentence))) continue;
    if (count > 1 && !/\d/.test(first) && !/^(?:on|am|le|el|在|于)\b/i.test(first)) return 0;
    // A sentence of the writer may end in "wrote:"; an introduction names a time or an address, or a quote follows.
    const next = lines.slice(index + count).find((line) => line.trim() !== '');
    return isMarked(next) || /\d.*\d|@/.test(sentence) ? count : 0;
  }
  return 0;
}

function isMarked(line: string | undefined): boolean {
  return line !== undefined && /^\s?[>|｜]/.test(line);
}

function tidy(lines: readonly string[]): string {
  return lines
    .join('\n')
    .replace(/^\s*\n/, '')
    .replace(/\n{4,}/g, '\n\n\n')
    .trimEnd();
}
