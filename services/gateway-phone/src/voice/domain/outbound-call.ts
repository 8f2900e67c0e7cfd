/** A call that an agent asked for: they are rung first, then the customer. Times are milliseconds since the epoch. */
export interface OutboundCall {
  /** `OutboundMessage.id`. */
  readonly id: string;
  readonly ticketId: string;
  readonly conversationKey: string;
  /** Our number, which the customer sees. */
  readonly account: string;
  readonly agentId: string;
  /** The customer's number, E.164. */
  readonly to: string;
  readonly displayName: string;
  /** BCP 47 tag. Empty when unknown. */
  readonly language: string;
  readonly step: 'agent' | 'customer' | 'talking' | 'over';
  /** The provider's ids of the two legs. Empty until known. */
  readonly agentCallId: string;
  readonly customerCallId: string;
  readonly startedAtMs: number;
  readonly answeredAtMs?: number;
}

export type OutboundEvent =
  | { readonly type: 'agentRung'; readonly callId: string }
  | { readonly type: 'agentReady' }
  | { readonly type: 'customerRung'; readonly callId: string }
  | { readonly type: 'customerAnswered' }
  /** `status` as the provider names it: completed, busy, no-answer, failed, canceled. */
  | { readonly type: 'legOver'; readonly leg: 'agent' | 'customer'; readonly status: string };

export type OutboundEffect =
  | { readonly type: 'tell'; readonly result: 'answered' | 'failed' | 'no-agent'; readonly status: string }
  | { readonly type: 'hangUp'; readonly leg: 'agent' | 'customer' }
  /** The agent hears that nobody answered. */
  | { readonly type: 'sayNoAnswer' };

/** What an event makes of an outbound call; a repeat changes nothing and returns the very same object. */
export function decideOutbound(
  call: OutboundCall,
  event: OutboundEvent,
  nowMs: number,
): { readonly call: OutboundCall; readonly effects: readonly OutboundEffect[] } {
  const same = { call, effects: [] };
  switch (event.type) {
    case 'agentRung':
      return call.agentCallId === '' ? { call: { ...call, agentCallId: event.callId }, effects: [] } : same;
    case 'agentReady':
      return call.step === 'agent' ? { call: { ...call, step: 'customer' }, effects: [] } : same;
    case 'customerRung':
      return call.customerCallId === '' ? { call: { ...call, customerCallId: event.callId }, effects: [] } : same;
    case 'customerAnswered':
      return call.step === 'customer' ? { call: { ...call, step: 'talking', answeredAtMs: nowMs }, effects: [] } : same;
    case 'legOver': {
      if (call.step === 'over') return same;
      const over: OutboundCall = { ...call, step: 'over' };
      const { leg, status } = event;
      if (call.step === 'agent') return { call: over, effects: [{ type: 'tell', result: 'no-agent', status }] };
      const other: OutboundEffect =
        leg === 'agent'
          ? { type: 'hangUp', leg: 'customer' }
          : call.step === 'customer'
            ? { type: 'sayNoAnswer' }
            : { type: 'hangUp', leg: 'agent' };
      const result = call.step === 'talking' ? 'answered' : 'failed';
      return { call: over, effects: [{ type: 'tell', result, status }, other] };
    }
  }
}
