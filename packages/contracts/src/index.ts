export * from './api.ts';
export * from './events.ts';
export * from './gen/tributary/agents/v1/agents.ts';
export * from './gen/tributary/messages/v1/messages.ts';
export * from './gen/tributary/routing/v1/routing.ts';
export * from './gen/tributary/tickets/v1/tickets.ts';
export * from './status-error.ts';
export * from './topics.ts';
