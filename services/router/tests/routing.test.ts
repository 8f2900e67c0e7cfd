import { describeRouting } from './routing-suite.ts';

describeRouting('the embedded log and store', async () => ({}));
