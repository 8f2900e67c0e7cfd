export * from './intake.ts';
export * from './send-errors.ts';
export { createSender, type Sender, type SenderOptions, type SentMessage } from './sender.ts';
