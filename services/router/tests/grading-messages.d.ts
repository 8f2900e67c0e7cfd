import type { Severity, TicketType } from '../src/domain/grading/grade.ts';

type Labelled = readonly [text: string, type: TicketType, severity: Severity];
/** Messages as customers write them, with what a trained agent would say. */
export declare const gradingMessages: readonly Labelled[];
//# sourceMappingURL=grading-messages.d.ts.map
