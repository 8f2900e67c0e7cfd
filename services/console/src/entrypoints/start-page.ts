import { type Html, html } from './html.ts';

/** Where the other services are, as a browser or a shell on this machine reaches them. */
export interface Links {
  /** The chat gateway's URL without a slash at the end. Empty: the same address as the page. */
  readonly chatUrl: string;
  /** Undefined: no mail server listens. */
  readonly smtpPort: number | undefined;
  readonly grpcPort: number;
  readonly supportAddress: string;
  /** Providers that are played here, by name. */
  readonly simulators: readonly string[];
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

/** The start page. What it needs to know at run time stands in data attributes. */
export function startPage(links: Links, feedOn: boolean): string {
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
${links.simulators.includes('twilio') ? waysByTelephone(cli) : html``}${links.simulators.includes('telegram') ? waysBySocial(cli) : html``}${links.simulators.includes('weibo') ? waysByWeibo(cli) : html``}${links.simulators.includes('webhook') ? waysByWebhook(cli) : html``}<article>
<h3>Then, as the agent</h3>
<p>Look at the tickets, see why one went to whom, and answer.</p>
${command(`${grpc}${cli} tickets list`)}
${command(`${grpc}${cli} agents list`)}
</article>
</div>
</section>
<section id="feed" aria-labelledby="feed-heading" tabindex="-1">
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

function waysByTelephone(cli: string): Html {
  return html`<article>
<h3>By text message or WhatsApp <small>(simulated)</small></h3>
<p>Twilio is played on this machine: nothing leaves it. With <code>--wait</code> you see what arrives on the customer’s telephone.</p>
${command(`${cli} send sms --text 'My scooter does not switch on' --wait`)}
${command(`${cli} send whatsapp --text 'Where is my parcel?' --wait`)}
</article>
`;
}

function waysBySocial(cli: string): Html {
  return html`<article>
<h3>By Telegram or WeChat <small>(simulated)</small></h3>
<p>Both are played on this machine: nothing leaves it. <code>--attach</code> sends a picture, <code>--wait</code> shows what the customer sees.</p>
${command(`${cli} send telegram --text 'My battery gives off smoke' --wait`)}
${command(`${cli} send wechat --text '电池冒烟了' --wait`)}
</article>
`;
}

function waysByWeibo(cli: string): Html {
  return html`<article>
<h3>On Weibo <small>(simulated)</small></h3>
<p>In public you get an invitation to write privately; what the same person then writes privately is on the same ticket.</p>
${command(`${cli} send weibo --text '我的电池冒烟了' --wait`)}
${command(`${cli} send weibo --as message --text '订单号 77'`)}
</article>
`;
}

function waysByWebhook(cli: string): Html {
  return html`<article>
<h3>On any platform <small>(simulated)</small></h3>
<p>Joined by a <a href="/channels/webhook/openapi.json">signed webhook</a>. With <code>--public</code> anyone can read it.</p>
${command(`${cli} send webhook --text 'My battery gives off smoke' --wait`)}
</article>
`;
}

/** A shell's assignment before a command, where the default would not do. */
function unlessUsual(name: string, port: number, usual: number): string {
  return port === usual ? '' : `${name}=${port} `;
}

function command(text: string): Html {
  return html`<div class="command"><code>${text}</code><button type="button" class="copy" data-copy="${text}">Copy</button></div>
`;
}
