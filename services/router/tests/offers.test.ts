import { describeOffers } from './offers-suite.ts';

describeOffers('the embedded log and store', async () => ({}));
