import type { PolicyFile } from './policy-schema.ts';

type Path = readonly (string | number)[];
type Report = (path: (string | number)[], message: string) => void;

/** A name in one part of the policy that another part must know. */
interface Reference {
  readonly name: string;
  readonly path: Path;
}

/** What one part of a policy says about another: names must exist, and ids must be there once. */
export function crossCheck(file: PolicyFile, report: Report): void {
  const check = (what: string, known: readonly string[], references: readonly Reference[]) => {
    for (const { name, path } of references) {
      if (known.includes(name)) continue;
      report([...path], `"${name}" is not a ${what} of this policy; known are ${[...new Set(known)].join(', ')}`);
    }
  };
  check(
    'region',
    file.regions.map(({ id }) => id),
    regionReferences(file),
  );
  check(
    'skill',
    file.skills.map(({ skill }) => skill),
    file.agents.flatMap(({ skills }, at) =>
      skills.map(({ skill }, index) => ({ name: skill, path: ['agents', at, 'skills', index, 'skill'] })),
    ),
  );
  check(
    'agent',
    file.agents.map(({ id }) => id),
    [
      ...file.steps.flatMap(({ agents }, at) => each(agents, ['steps', at, 'agents'])),
      ...file.customers.flatMap(({ adviser }, at) =>
        adviser === undefined ? [] : [{ name: adviser, path: ['customers', at, 'adviser'] }],
      ),
    ],
  );
  check(
    'channel of capacity.channels',
    Object.keys(file.capacity.channels),
    Object.keys(file.offers).map((name) => ({ name, path: ['offers', name] })),
  );
  checkOnce(file, report);
  checkLastStep(file, report);
}

function regionReferences(file: PolicyFile): Reference[] {
  return [
    { name: file.default_region, path: ['default_region'] },
    ...Object.entries(file.account_regions).map(([account, name]) => ({ name, path: ['account_regions', account] })),
    ...file.regions.flatMap(({ neighbours }, at) => each(neighbours, ['regions', at, 'neighbours'])),
    ...file.skills.flatMap(({ when }, at) => each(when.regions, ['skills', at, 'when', 'regions'])),
    ...file.queues.rules.flatMap(({ when }, at) => each(when.regions, ['queues', 'rules', at, 'when', 'regions'])),
    ...file.agents.flatMap(({ regions }, at) => each(regions, ['agents', at, 'regions'])),
    ...file.customers.flatMap(({ region }, at) =>
      region === undefined ? [] : [{ name: region, path: ['customers', at, 'region'] }],
    ),
  ];
}

function each(names: readonly string[], path: Path): Reference[] {
  return names.map((name, index) => ({ name, path: [...path, index] }));
}

/** After the last step nothing follows: an expiry there would leave the ticket without a step. */
function checkLastStep(file: PolicyFile, report: Report): void {
  const last = file.steps.length - 1;
  for (const [severity, expiresAfterMs] of Object.entries(file.steps[last]?.expires_after ?? {})) {
    if (expiresAfterMs !== 0) report(['steps', last, 'expires_after', severity], 'the last step must never expire');
  }
}

function checkOnce(file: PolicyFile, report: Report): void {
  const lists = [
    [file.regions, ['regions']],
    [file.types.rules, ['types', 'rules']],
    [file.severities.rules, ['severities', 'rules']],
    [file.steps, ['steps']],
    [file.agents, ['agents']],
  ] as const;
  for (const [list, path] of lists) {
    const seen = new Set<string>();
    for (const [index, { id }] of list.entries()) {
      if (seen.has(id)) report([...path, index, 'id'], `"${id}" is there twice`);
      seen.add(id);
    }
  }
  if (new Set(file.types.order).size !== file.types.order.length) report(['types', 'order'], 'names a type twice');
}
