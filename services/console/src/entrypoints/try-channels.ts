import { command } from './command.ts';
import { type Html, html } from './html.ts';

/** Somewhere a customer writes, played on this machine. */
interface Place {
  readonly simulator: string;
  readonly title: string;
  /** Who writes, as the provider names people. */
  readonly customer: string;
  /** Twilio alone has two kinds of text. */
  readonly medium?: 'sms' | 'whatsapp';
  readonly hint: string;
  readonly example: string;
  readonly shell: readonly string[];
  /** What it is called there, and in the simulator's path. Default: a message. */
  readonly act?: 'review' | 'mention';
  /** What kind of message, where there are several. */
  readonly kinds?: readonly (readonly [value: string, name: string])[];
  /** It is given stars. */
  readonly hasStars?: true;
}

const places: readonly Place[] = [
  {
    ...{ simulator: 'twilio', medium: 'sms', title: 'Text message', customer: '+12025550143' },
    hint: 'Write from a telephone.',
    example: 'My scooter does not switch on',
    shell: [`send sms --text 'My scooter does not switch on' --wait`],
  },
  {
    ...{ simulator: 'twilio', medium: 'whatsapp', title: 'WhatsApp', customer: '+12025550143' },
    hint: 'The same telephone, another app.',
    example: 'Where is my parcel?',
    shell: [`send whatsapp --text 'Where is my parcel?' --wait`],
  },
  {
    ...{ simulator: 'telegram', title: 'Telegram', customer: '501' },
    hint: 'Write to our bot.',
    example: 'My battery gives off smoke',
    shell: [`send telegram --text 'My battery gives off smoke' --wait`],
  },
  {
    ...{ simulator: 'wechat', title: 'WeChat', customer: 'oMei_501' },
    hint: 'Write to our Official Account as a follower.',
    example: '电池冒烟了',
    shell: [`send wechat --text '电池冒烟了' --wait`],
  },
  {
    ...{ simulator: 'weibo', title: 'Weibo', customer: '梅' },
    hint: 'In public you get an invitation to write privately; what you then write privately is on the same ticket.',
    example: '我的电池冒烟了',
    shell: [`send weibo --text '我的电池冒烟了' --wait`, `send weibo --as message --text '订单号 77'`],
    kinds: [
      ['mention', 'A post that mentions us'],
      ['comment', 'A comment under our post'],
      ['message', 'A private message'],
    ],
  },
  {
    ...{ simulator: 'app-store', title: 'App Store', customer: 'Mei', act: 'review', hasStars: true },
    hint: 'Review our app; the answer stands under it for anyone to read. Writing again changes the review.',
    example: 'The app drains my battery',
    shell: [`send review --stars 1 --text 'The app drains my battery' --wait`],
  },
  {
    ...{ simulator: 'google-play', title: 'Google Play', customer: 'Mei', act: 'review', hasStars: true },
    hint: 'The same on the other store.',
    example: 'The app does not find my scooter',
    shell: [`send review --on google-play --stars 2 --text 'The app does not find my scooter' --wait`],
  },
  {
    ...{ simulator: 'feeds', title: 'A blog', customer: 'Bo', act: 'mention' },
    hint: 'Post about us. What names Tributary is counted; with smoke, fire or a refund in it, it becomes a ticket. Nobody is answered by a feed.',
    example: 'My Tributary scooter gives off smoke',
    shell: [`send mention --text 'My Tributary scooter gives off smoke'`, `tail mentions.v1`],
  },
  {
    ...{ simulator: 'webhook', title: 'Any platform', customer: 'Mei' },
    hint: 'Joined by a signed webhook; /channels/webhook/openapi.json describes it.',
    example: 'My battery gives off smoke',
    shell: [`send webhook --text 'My battery gives off smoke' --wait`],
  },
];

/** A telephone to call with and a place to write for each channel that is simulated here; nothing where there is none. */
export function tryChannels(simulators: readonly string[], cli: string): Html {
  const simulated = places.filter(({ simulator }) => simulators.includes(simulator));
  if (simulated.length === 0) return html``;
  return html`<section class="try" aria-labelledby="channels-heading">
<h2 id="channels-heading">Try each channel</h2>
<p class="simulated">Simulated: the providers are played on this machine, through their own protocols and signatures. Nothing leaves it.</p>
<div class="ways">
${simulators.includes('twilio') ? hotline(cli) : html``}${simulated.map((place) => conversation(place, cli))}</div>
</section>
`;
}

function conversation(place: Place, cli: string): Html {
  const { title, simulator, customer, medium = '', act = 'message', kinds = [] } = place;
  return html`<article class="conversation" data-simulator="${simulator}" data-customer="${customer}" data-medium="${medium}" data-act="${act}">
<h3>${title} <small>(simulated)</small></h3>
<p>${place.hint}</p>
<div class="said" role="log" aria-label="${title}: what is said" tabindex="0"></div>
<form>
${
  kinds.length === 0
    ? html``
    : html`<label>Kind <select name="kind">${kinds.map(([value, name]) => html`<option value="${value}">${name}</option>`)}</select></label>
`
}${place.hasStars ? starsField : html``}<label>Message <input name="text" required autocomplete="off" value="${place.example}"></label>
<button>Send</button>
</form>
${fromAShell(place.shell, cli)}</article>
`;
}

const starsField = html`<label>Stars <select name="stars">${[1, 2, 3, 4, 5].map(
  (stars) => html`<option value="${String(stars)}">${'★'.repeat(stars)}</option>`,
)}</select></label>
`;

function hotline(cli: string): Html {
  const keys = ['1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '0', '#'];
  return html`<article class="hotline" data-customer="+12025550143">
<h3>Call the hotline <small>(simulated)</small></h3>
<p>Press keys in the menu; what you write in the box is said when somebody, or a recording, listens.</p>
<p><button type="button" data-do="call">Call</button> <button type="button" data-do="hangup" disabled>Hang up</button></p>
<div class="said" role="log" aria-label="Hotline: what is heard" tabindex="0"></div>
<div class="keypad" role="group" aria-label="Keypad">${keys.map((key) => html`<button type="button" data-key="${key}" disabled>${key}</button>`)}</div>
<form>
<label>Your voice <input name="text" required autocomplete="off" value="My kettle is dead"></label>
<button disabled>Say</button>
</form>
<p class="agent" hidden><span></span> <button type="button" data-do="take">Take the call as the agent</button></p>
${fromAShell([`send call --keys 111 --take --text 'My kettle is dead' --wait 10s`], cli)}</article>
`;
}

function fromAShell(words: readonly string[], cli: string): Html {
  return html`<details><summary>From a shell</summary>
${words.map((each) => command(`${cli} ${each}`))}</details>
`;
}
