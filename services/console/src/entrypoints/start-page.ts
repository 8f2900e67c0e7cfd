import { command } from './command.ts';
import { type Html, html } from './html.ts';
import { tryChannels } from './try-channels.ts';

/** Where the other services are, as a browser or a shell on this machine reaches them. */
export interface Links {
  /** The chat gateway's URL without a slash at the end. Empty: the same address as the page. */
  readonly chatUrl: string;
  /** Undefined: no mail server listens. */
  readonly smtpPort: number | undefined;
  readonly grpcPort: number;
  readonly supportAddress: string;
}

/** No inline script or style; besides ourselves only the chat gateway, whose widget is on the page. */
export function contentSecurityPolicy({ chatUrl }: Links): string {
  const chat = chatUrl === '' ? '' : ` ${new URL(chatUrl).origin}`;
  const chatSocket = chat.replace(' http', ' ws');
  return [
    "default-src 'none'",
    `script-src 'self'${chat}`,
    `style-src 'self'${chat}`,
    `connect-src 'self'${chat}${chatSocket}`,
    `img-src 'self' data: blob:${chat}`,
    `font-src 'self'${chat}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/**
 * The start page. What it needs to know at run time stands in data attributes.
 * @param simulators Providers that are played here, by name.
 */
export function startPage(links: Links, feedOn: boolean, simulators: readonly string[]): string {
  const grpc = unlessUsual('GRPC_PORT', links.grpcPort, 50051);
  const cli = 'npm run tributary --';
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Tributary</title>
<link rel="stylesheet" href="/console/start-page.css">
<link rel="icon" href="/console/icon.svg" type="image/svg+xml">
<script src="/console/start-page.js" type="module"></script>
<script src="/console/try-channels.js" type="module"></script>
<script src="${links.chatUrl}/chat/v1/widget.js" defer></script>
</head>
<body data-feed="${feedOn ? 'on' : 'off'}" data-cli="${grpc}${cli}">
<a class="skip" href="#feed">Skip to the live feed</a>
<header>
<h1><img src="/console/icon.svg" alt="" width="36" height="36">Tributary</h1>
<p>Every customer message on exactly one ticket, graded, owned and answered. Write one and watch it go through.</p>
</header>
<main>
<section class="try" aria-labelledby="try-heading">
<h2 id="try-heading">Write a message</h2>
<div class="ways">
<article>
<h3>By chat</h3>
<p>Use the chat button in the corner of this page, or the <a href="${links.chatUrl}/chat/v1/demo">chat demo page</a>. From a shell:</p>
${command(`${cli} send chat --text 'The app shows error 42' --wait`)}
</article>
<article>
<h3>By mail</h3>
${waysByMail(links, cli)}</article>
<article>
<h3>Then, as the agent</h3>
<p>Look at the tickets, see why one went to whom, and answer.</p>
${command(`${grpc}${cli} tickets list`)}
${command(`${grpc}${cli} agents list`)}
</article>
</div>
</section>
${tryChannels(simulators, cli)}<section id="feed" aria-labelledby="feed-heading" tabindex="-1">
<div class="feed-head">
<h2 id="feed-heading">Live feed</h2>
<p id="connection" class="connection" role="status">${feedOn ? 'Connecting …' : 'Off'}</p>
</div>
<noscript><p class="empty">The live feed needs JavaScript.</p></noscript>
<p id="empty" class="empty">${
    feedOn
      ? 'Nothing yet. The next message shows up here within the second, and its card fills in with each thing that happens.'
      : 'The live feed shows what customers write, so it is off here. CONSOLE_FEED=on turns it on.'
  }</p>
<ol id="cards" class="cards"></ol>
<p id="news" class="visually-hidden" role="status"></p>
</section>
</main>
</body>
</html>
`.text;
}

function waysByMail({ smtpPort, supportAddress }: Links, cli: string): Html {
  if (smtpPort === undefined)
    return html`<p>No mail server listens here: SMTP_PORT is off.</p>
`;
  const text = 'My scooter gives off smoke when charging. What shall I do?';
  const variable = unlessUsual('SMTP_PORT', smtpPort, 2525);
  const swaks = `swaks --server localhost:${smtpPort} --from mei@example.com --to ${supportAddress}`;
  return html`<p>A mail server listens on port <strong>${smtpPort}</strong> of this machine. It takes any mail client, for example:</p>
${command(`${variable}${cli} send email --text '${text}'`)}
${command(`${swaks} --header 'Subject: Smoke' --body '${text}'`)}
`;
}

/** A shell's assignment before a command, where the default would not do. */
function unlessUsual(name: string, port: number, usual: number): string {
  return port === usual ? '' : `${name}=${port} `;
}
