import { openInMemory } from './embedded.ts';
import { describeTicketing } from './ticketing.suite.ts';

describeTicketing('the embedded adapters', openInMemory);
