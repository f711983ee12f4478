// What the two oracles share: a seeded generator, a SCIM client, a deep comparison, the report.
//
// Environment: ROSTER_SCIM_URL and ROSTER_SCIM_TOKEN say which server, ROSTER_NODE_MODULES where the packages are,
// and ROSTER_SEED, if it is there, which cases are made.

import { createRequire } from "node:module";

export const USER = "urn:ietf:params:scim:schemas:core:2.0:User";
export const GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group";
export const ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
export const PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

export const load = createRequire(`${process.env.ROSTER_NODE_MODULES}/`);

/** A small generator (mulberry32): one seed, one sequence, on every machine. */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0;
  }
  fraction() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let t = this.state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  below(bound) {
    return Math.floor(this.fraction() * bound);
  }
  chance(probability) {
    return this.fraction() < probability;
  }
  one(list) {
    return list[this.below(list.length)];
  }
  /** Some of a list, in its order. */
  some(list, probability = 0.5) {
    return list.filter(() => this.chance(probability));
  }
}

/** The status and the parsed body; a 5xx ends the run. */
export async function scim(method, path, body) {
  const answer = await fetch(`${process.env.ROSTER_SCIM_URL}${path}`, {
    method,
    headers: { authorization: `Bearer ${process.env.ROSTER_SCIM_TOKEN}`, "content-type": "application/scim+json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (answer.status >= 500) throw new Error(`${method} ${path} answered ${answer.status} ${text} to ${JSON.stringify(body)}`);
  return { status: answer.status, body: text === "" ? undefined : JSON.parse(text) };
}

/** The body of an answer with this status. */
export async function expect(status, method, path, body) {
  const answer = await scim(method, path, body);
  if (answer.status !== status) {
    throw new Error(`${method} ${path} answered ${answer.status}, not ${status}: ${JSON.stringify(answer.body)} to ${JSON.stringify(body)}`);
  }
  return answer.body;
}

/** Works through a list, `width` at a time. */
export async function each(list, width, work) {
  let next = 0;
  const lane = async (number) => {
    while (next < list.length) await work(list[next++], number);
  };
  await Promise.all(Array.from({ length: width }, (_, number) => lane(number)));
}

/** Without what means nothing: null, [] and {} are no value (RFC 7643 section 2.5). Keys in order. */
export function tidy(value) {
  if (Array.isArray(value)) {
    const items = value.map(tidy).filter((item) => item !== undefined);
    return items.length ? items : undefined;
  }
  if (value !== null && typeof value === "object") {
    const entries = Object.entries(value)
      .map(([key, of]) => [key, tidy(of)])
      .filter(([, of]) => of !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.length ? Object.fromEntries(entries) : undefined;
  }
  return value === null ? undefined : value;
}

export const same = (a, b) => JSON.stringify(tidy(a)) === JSON.stringify(tidy(b));

/** Counts cases, the rules they needed, and differences; says all of it at the end. */
export class Report {
  constructor(name, rules) {
    Object.assign(this, { name, rules, cases: 0, refused: 0, used: {}, differences: [] });
  }
  case(rules, refused = false) {
    this.cases += 1;
    if (refused) this.refused += 1;
    for (const rule of new Set(rules)) {
      if (!(rule in this.rules)) throw new Error(`no rule is called ${rule}`);
      this.used[rule] = (this.used[rule] ?? 0) + 1;
    }
  }
  difference(what) {
    this.differences.push(what);
  }
  end(least) {
    for (const [rule, count] of Object.entries(this.used).sort()) console.log(`  ${rule}: ${count} cases; ${this.rules[rule]}`);
    for (const what of this.differences.slice(0, 20)) console.log(JSON.stringify(what));
    console.log(`${this.name}: ${this.cases} cases, ${this.refused} refused by both, ${this.differences.length} differences`);
    if (this.cases < least || this.differences.length) process.exitCode = 1;
  }
}
