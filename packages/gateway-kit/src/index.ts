export { OverloadedError } from './admission.ts';
export * from './channel.ts';
export { createGateway, type Gateway, type GatewayDependencies } from './gateway.ts';
export { createIntake, type Intake } from './intake.ts';
export { type KeepFileOptions, type KeptFile, keepFile, type RemoteFile } from './keep-file.ts';
export * from './send-errors.ts';
export { createSender, type Sender, type SenderOptions } from './sender.ts';
export { type Bucket, isFull, type Rate, takeToken } from './token-bucket.ts';
export {
  jsonBody,
  refuseReplay,
  replayWindowMs,
  type Webhook,
  type WebhookAnswer,
  WebhookRefusal,
  type WebhookRequest,
} from './webhook.ts';
