import { type Html, html } from './html.ts';

/** A command with a button that copies it. */
export function command(text: string): Html {
  return html`<div class="command"><code>${text}</code><button type="button" class="copy" data-copy="${text}">Copy</button></div>
`;
}
