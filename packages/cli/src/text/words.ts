import {
  type Agent,
  automaticToJSON,
  complexityToJSON,
  deadlineKindToJSON,
  decisionOutcomeToJSON,
  decisionTriggerToJSON,
  deliveryStatusToJSON,
  type Grade,
  offerStateToJSON,
  outboundPurposeToJSON,
  presenceToJSON,
  type SkillLevel,
  sentimentToJSON,
  severityToJSON,
  ticketStateToJSON,
  ticketTypeToJSON,
} from '@tributary/contracts';

/** An enum's value in words: `TICKET_TYPE_HARDWARE_FAULT` → `hardware fault`. Empty for UNSPECIFIED. */
function word<Value>(prefix: string, toJson: (value: Value) => string) {
  return (value: Value): string => {
    const name = toJson(value).replace(`${prefix}_`, '');
    return name === 'UNSPECIFIED' ? '' : name.toLowerCase().replaceAll('_', ' ');
  };
}

export const stateWord = word('TICKET_STATE', ticketStateToJSON);
export const typeWord = word('TICKET_TYPE', ticketTypeToJSON);
export const severityWord = word('SEVERITY', severityToJSON);
export const complexityWord = word('COMPLEXITY', complexityToJSON);
export const sentimentWord = word('SENTIMENT', sentimentToJSON);
export const deadlineWord = word('DEADLINE_KIND', deadlineKindToJSON);
export const deliveryWord = word('DELIVERY_STATUS', deliveryStatusToJSON);
export const purposeWord = word('OUTBOUND_PURPOSE', outboundPurposeToJSON);
export const automaticWord = word('AUTOMATIC', automaticToJSON);
export const offerStateWord = word('OFFER_STATE', offerStateToJSON);
export const outcomeWord = word('DECISION_OUTCOME', decisionOutcomeToJSON);
export const triggerWord = word('DECISION_TRIGGER', decisionTriggerToJSON);

/** UNSPECIFIED reads as offline, as the contract says. */
export function presenceWord(agent: Agent): string {
  return word('PRESENCE', presenceToJSON)(agent.presence) || 'offline';
}

/** `hardware 3, zh-writing 2`. */
export function skillWords(skills: readonly SkillLevel[]): string {
  return skills.map(({ skill, proficiency }) => `${skill} ${proficiency}`).join(', ');
}

/** `urgent hardware fault`. Empty when not graded. */
export function gradeWords(grade: Grade | undefined): string {
  return grade === undefined ? '' : `${severityWord(grade.severity)} ${typeWord(grade.type)}`.trim();
}
