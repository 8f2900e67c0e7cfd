import { promiseOfChannel } from '@tributary/gateway-kit/contract';
import { describe } from 'vitest';
import { askedTelegram } from './telegram-provider.ts';
import { callingTelegram } from './telegram-webhook-provider.ts';

describe('Telegram, asked by us', () => promiseOfChannel(askedTelegram));
describe('Telegram, calling us', () => promiseOfChannel(callingTelegram));
