import { parsePhoneNumberFromString } from 'libphonenumber-js/min';
import { type Policy, recordedRegion } from '../policy/policy.ts';
import type { GradingInput } from './grade.ts';

export interface RegionGuess {
  readonly region: string;
  readonly method:
    | 'account-region'
    | 'phone-country'
    | 'customer-record'
    | 'address-country'
    | 'region-hint'
    | 'language-country'
    | 'default-region';
  readonly detail: string;
}

/** The region a message belongs to: the first of account, phone number, customer record, address, hint and language tag that knows. */
export function findRegion(input: GradingInput, policy: Policy): RegionGuess {
  const ofAccount = policy.accountRegions[`${input.channel}/${input.account}`] ?? policy.accountRegions[input.account];
  if (ofAccount !== undefined) {
    return { region: ofAccount, method: 'account-region', detail: `it came in by account "${input.account}"` };
  }
  if (input.contactKind === 'phone') {
    const country = parsePhoneNumberFromString(input.contactAddress)?.country;
    const region = regionOf(country, policy);
    if (region !== undefined) return { region, method: 'phone-country', detail: `the phone number is of ${country}` };
  }
  const recorded = recordedRegion(input.contactAddress, policy);
  if (recorded !== undefined) {
    return { region: recorded, method: 'customer-record', detail: 'the customer’s record says so' };
  }
  if (input.contactKind === 'email') {
    const country = /\.([a-z]{2})$/.exec(input.contactAddress)?.[1]?.toUpperCase();
    const region = regionOf(country, policy);
    if (region !== undefined) return { region, method: 'address-country', detail: `the mail domain is of ${country}` };
  }
  const hinted = policy.regions.find(({ id }) => id === input.regionHint)?.id ?? regionOf(input.regionHint, policy);
  if (hinted !== undefined) {
    return { region: hinted, method: 'region-hint', detail: `the channel suggests "${input.regionHint}"` };
  }
  const country = /-([A-Z]{2})\b/.exec(input.languageHint)?.[1];
  const ofLanguage = regionOf(country, policy);
  if (ofLanguage !== undefined) {
    return { region: ofLanguage, method: 'language-country', detail: `the language tag is "${input.languageHint}"` };
  }
  return { region: policy.defaultRegion, method: 'default-region', detail: 'nothing tells the region' };
}

function regionOf(country: string | undefined, policy: Policy): string | undefined {
  if (country === undefined || country === '') return undefined;
  return policy.regions.find(({ countries }) => countries.includes(country.toUpperCase()))?.id;
}
