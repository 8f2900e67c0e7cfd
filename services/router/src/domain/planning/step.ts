import type { Grade, SkillLevel } from '../grading/grade.ts';
import type { Policy, StepTemplate } from '../policy/policy.ts';

/** One step of a ticket's requirement: who qualifies, until it expires. */
export interface Step {
  readonly index: number;
  /** Equal for equal needs, whatever the ticket: work with one key suits the same agents. */
  readonly needsKey: string;
  readonly skills: readonly SkillLevel[];
  /** Any of these. Empty: any region. */
  readonly regions: readonly string[];
  /** Empty: any. */
  readonly language: string;
  /** 0: any. */
  readonly tier: number;
  /** Only these. Empty: anyone. */
  readonly agentIds: readonly string[];
  /** 0 never expires. */
  readonly expiresAfterMs: number;
  readonly skipWhenNobodyPresent: boolean;
}

/** What a step asks of an agent, without its clock. */
export type Needs = Pick<Step, 'skills' | 'regions' | 'language' | 'tier' | 'agentIds'>;

/** The requirement of a ticket: the policy's steps filled in from its grade and tier. */
export function stepsFor(grade: Grade, tier: number, policy: Policy): Step[] {
  return policy.steps.map((template, index) => {
    const needs: Needs = {
      skills: neededSkills(grade, template),
      regions: neededRegions(grade.region, template, policy),
      language: template.language === 'same' && grade.language !== 'und' ? grade.language : '',
      tier: template.tier === 'same' ? tier : 0,
      agentIds: template.agentIds,
    };
    return {
      index,
      needsKey: keyOf(needs),
      ...needs,
      expiresAfterMs: template.expiresAfterMs[grade.severity],
      skipWhenNobodyPresent: template.skipWhenNobodyPresent,
    };
  });
}

function neededSkills(grade: Grade, { proficiencyBelow }: StepTemplate): SkillLevel[] {
  if (proficiencyBelow === undefined) return [];
  return grade.skills.map(({ skill, proficiency }) => ({
    skill,
    proficiency: Math.max(1, proficiency - proficiencyBelow),
  }));
}

function neededRegions(region: string, template: StepTemplate, policy: Policy): readonly string[] {
  if (template.region === 'any') return [];
  if (template.region === 'same') return [region];
  return [region, ...(policy.regions.find(({ id }) => id === region)?.neighbours ?? [])];
}

function keyOf({ skills, regions, language, tier, agentIds }: Needs): string {
  const levels = skills.map(({ skill, proficiency }) => `${skill}:${proficiency}`).sort();
  return [levels.join(','), regions.join(','), language, tier, [...agentIds].sort().join(',')].join('|');
}
