import { randomUUID } from 'node:crypto';
import { Grade, hashId, InboundMessage, inboundMessageId } from '@tributary/contracts';

/** Some 400 characters each, as customers write. */
const problems = [
  [
    'Battery gives off smoke',
    'Hello, since this morning the battery of my scooter gives off smoke while charging. I have unplugged the charger and put it on the balcony. It is eight months old and I always used the original charger. Is it safe to keep it in the flat, and how do I get a new one? I need the scooter for work every day, so please tell me how long it takes.',
  ],
  [
    'App crashes when I open the map',
    'Hi, the app crashes every time I open the map. I have an older phone with the latest version of the system, installed the app again twice and restarted the phone. It worked until the update of last week. The error message was shown too short to read it. Can you tell me what to do, or give me the version of before the update?',
  ],
  [
    'How do I pair my new phone?',
    'Good morning, I bought a new phone and would like to use it with my vacuum cleaner. The old phone is still paired and I do not find where to remove it. The manual speaks of a button below the lid, but there is none on my model. Do I have to set up the whole device anew, and are the maps of my rooms lost then?',
  ],
  [
    '电池充电时发热',
    '您好，我的滑板车电池充电的时候非常热，昨天晚上还闻到了烧焦的味道。我已经拔掉充电器了。这个车是去年十一月买的，一直用原装的充电器，没有摔过也没有进过水。请问这样还能继续用吗？如果要换电池，需要多长时间，费用是多少？我每天上下班都要用，麻烦尽快回复，谢谢。',
  ],
  [
    'Very unhappy with your service',
    'I am very disappointed. I wrote three weeks ago about my refund and nobody answered. The parcel was returned, the tracking says it arrived at your warehouse, and still there is no money on my account. I have been a customer for six years and this is unacceptable. Please tell me today who is responsible and when I get my money back.',
  ],
  [
    'An idea for the timer',
    'Dear team, I use the timer of the air purifier every night and it would be great if it could remember the last setting. It would also be nice to have different times for week days and for the weekend, as with the heating. Otherwise I am very happy with it. Thank you for the good work, and greetings from the Black Forest.',
  ],
] as const;

/** A first mail of somebody who has not written before; every call makes another one. */
export function sampleMessage(number: number, receivedTime = new Date()): InboundMessage {
  const [subject, text] = problems[number % problems.length] as (typeof problems)[number];
  const providerMessageId = `${randomUUID()}@mail.example.com`;
  const address = `customer-${providerMessageId.slice(0, 18)}@example.com`;
  return InboundMessage.fromPartial({
    id: inboundMessageId('email', '', providerMessageId),
    channel: 'email',
    account: 'support@tributary.local',
    providerMessageId,
    conversationKey: `email:${hashId('conversation', providerMessageId)}`,
    sender: { kind: 'email', address, displayName: `Customer ${number}`, verification: 2 },
    participants: [{ kind: 'email', address, displayName: `Customer ${number}`, verification: 2 }],
    subject,
    text,
    kind: 1,
    visibility: 1,
    automatic: 1,
    providerTime: receivedTime,
    receivedTime,
  });
}

export function sampleMessages(count: number): InboundMessage[] {
  return Array.from({ length: count }, (_, number) => sampleMessage(number));
}

/** As the demo policy grades such a message. */
export const sampleGrade: Grade = Grade.fromPartial({
  type: 1,
  severity: 1,
  complexity: 2,
  language: 'en',
  region: 'emea',
  sentiment: 2,
  skills: [{ skill: 'hardware', proficiency: 3 }],
  queue: 'hardware',
  reasons: [
    { field: 'type', rule: 'hardware-unsafe-en', detail: '"smoke" (6) in the message' },
    { field: 'severity', rule: 'danger-en', detail: '"smoke" (4) in the message' },
    { field: 'language', rule: 'language-detector', detail: 'the detector says "en"' },
    { field: 'region', rule: 'default-region', detail: 'nothing tells the region' },
  ],
  policyVersion: 'bench',
});
