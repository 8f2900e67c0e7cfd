import { openInMemory } from './embedded.ts';
import { describeCalls } from './suites/calls.ts';
import { describeLifeOfATicket } from './suites/life-of-a-ticket.ts';
import { describePlacingMessages } from './suites/placing-messages.ts';
import { describePublicFirst } from './suites/public-first.ts';
import { describePublishingEvents } from './suites/publishing-events.ts';

describeLifeOfATicket(openInMemory);
describePlacingMessages(openInMemory);
describePublicFirst(openInMemory);
describePublishingEvents(openInMemory);
describeCalls(openInMemory);
