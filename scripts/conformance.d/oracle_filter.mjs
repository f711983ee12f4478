// Asks generated filters of Roster, evaluates them with npm scim2-parse-filter over the listed resources, and compares who
// is found.
//
// Where the RFC and scim2-parse-filter disagree a named rule says the section that decides; it restates the filter's tree
// or what it is evaluated over, and the result is still compared to the last resource.

import { ENTERPRISE, GROUP, Random, Report, USER, each, expect, load, scim } from "./oracle.mjs";

const { parse, filter } = load("scim2-parse-filter");

const USER_FILTERS = 500;
const GROUP_FILTERS = 150;
const PEOPLE = 60;
const HALLS = 12;
const WIDTH = 4;

const RULES = {
  "caseless": "RFC 7643 section 2.2: text is compared without regard to case unless caseExact; scim2-parse-filter compares it exactly",
  "core-urn": "RFC 7644 section 3.10: a core attribute may be named with its schema's URN; scim2-parse-filter looks for an object of that name",
  "value-of-complex": 'RFC 7644 section 3.4.2.2: `emails co "x"` compares the value of each e-mail; scim2-parse-filter the object',
  "same-element": "RFC 7644 section 3.4.2.2: a value path holds of one value of the list; scim2-parse-filter lets each comparison have another",
  "not-equal": "RFC 7644 section 3.4.2.2: ne is true of what eq is false of, so of no value too, and of a list only when no value of it is equal",
  "null": "RFC 7643 section 2.5: null is the same as no value; scim2-parse-filter looks for a value that is null",
  "instants": "RFC 7644 section 3.4.2.2: instants are compared as such, whatever their offset; scim2-parse-filter compares their text",
  "not-primary": "RFC 7643 section 2.4: a value that does not say that it is primary is not; scim2-parse-filter finds no value to compare",
  "no-order": "RFC 7644 section 3.4.2.2, table 3: a boolean has no order, which is 400 invalidFilter; scim2-parse-filter answers",
};

const pick = new Random(Number(process.env.ROSTER_SEED ?? 1));
const run = Math.random().toString(36).slice(2, 8);

const FIRST = ["Ada", "Grace", "Katherine", "Émilie", "Alan", "Barbara"];
const LAST = ["Lovelace", "Hopper", "Johnson", "du Châtelet", "Turing", "Liskov"];
const TITLES = ["Countess", "Rear Admiral", "x-ray", "X-Ray", "10", "9"];
const TYPES = ["work", "home", "other"];
const DEPARTMENTS = ["Engines", "Compilers", "Orbits", "engines"];

/** Caseless text attributes, and what their values may be like. */
const TEXTS = {
  userName: FIRST,
  displayName: FIRST,
  title: TITLES,
  nickName: TITLES,
  "name.familyName": LAST,
  "name.givenName": FIRST,
  userType: ["Employee", "Contractor"],
  "emails.value": ["ada@example.com", "GRACE@example.org", "@example.com", "example"],
  "emails.type": TYPES,
  "phoneNumbers.value": ["+1-201-555-0100", "+1-201", "0111"],
  [`${ENTERPRISE}:department`]: DEPARTMENTS,
  [`${ENTERPRISE}:employeeNumber`]: ["7", "70", "8"],
};
const EXACT = { externalId: ["Ext-1", "ext-1", "EXT-2"], id: [] };
const GROUP_TEXTS = { displayName: ["Engines", "compilers", "Orbits"], "members.display": [] };

function person(n) {
  const first = pick.one(FIRST);
  const out = { schemas: [USER, ENTERPRISE], userName: `${first}.${n}.${run}@example.com`, active: pick.chance(0.5) };
  if (pick.chance(0.6)) out.displayName = `${first} ${pick.one(LAST)}`;
  if (pick.chance(0.5)) out.title = pick.one(TITLES);
  if (pick.chance(0.3)) out.nickName = pick.one(TITLES);
  if (pick.chance(0.7)) out.name = { givenName: first, ...(pick.chance(0.7) && { familyName: pick.one(LAST) }) };
  if (pick.chance(0.5)) out.userType = pick.one(TEXTS.userType);
  if (pick.chance(0.6)) out.externalId = `${pick.one(EXACT.externalId)}-${n}-${run}`;
  const emails = pick.some(TYPES).map((type) => ({ value: `${pick.one(FIRST)}@example.${pick.one(["com", "org"])}`, type, ...(pick.chance(0.3) && { display: pick.one(LAST) }) }));
  if (emails.length) {
    if (pick.chance(0.5)) pick.one(emails).primary = true;
    out.emails = emails;
  }
  if (pick.chance(0.4)) out.phoneNumbers = [{ value: `+1-201-555-01${pick.below(2)}${pick.below(2)}`, type: "work" }];
  if (pick.chance(0.6)) out[ENTERPRISE] = { department: pick.one(DEPARTMENTS), ...(pick.chance(0.5) && { employeeNumber: pick.one(TEXTS[`${ENTERPRISE}:employeeNumber`]) }) };
  return out;
}

/** A letter or two in the other case, sometimes. */
const recase = (text) => (pick.chance(0.3) ? (pick.chance(0.5) ? text.toUpperCase() : text.toLowerCase()) : text);
const quote = (text) => JSON.stringify(text);
/** A value that is there, or a part of it, or one like it. */
function literal(operator, choices, there) {
  const text = there.length && pick.chance(0.6) ? pick.one(there) : pick.one(choices.length ? choices : ["x"]);
  const letters = [...text];
  const cut = 1 + pick.below(letters.length);
  switch (operator) {
    case "sw": return letters.slice(0, cut).join("");
    case "ew": return letters.slice(-cut).join("");
    case "co": return letters.slice(pick.below(cut), cut).join("") || text;
    default: return text;
  }
}

function dig(value, path) {
  if (Array.isArray(value)) return value.flatMap((one) => dig(one, path));
  if (path.length === 0) return value === undefined ? [] : [value];
  return value !== null && typeof value === "object" ? dig(value[path[0]], path.slice(1)) : [];
}
const steps = (name) => (name.includes(":") ? [name.slice(0, name.lastIndexOf(":")), ...name.slice(name.lastIndexOf(":") + 1).split(".")] : name.split("."));

const OPERATORS = ["eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"];

function comparison(kind, all) {
  const [texts, urn] = kind === "User" ? [TEXTS, USER] : [GROUP_TEXTS, GROUP];
  const operator = pick.one(OPERATORS);
  const word = pick.chance(0.1) ? operator.toUpperCase() : operator;
  switch (pick.below(kind === "User" ? 12 : 7)) {
    case 0: {
      const name = pick.one(Object.keys(EXACT));
      if (operator === "pr") return `${name} pr`;
      return `${name} ${word} ${quote(recase(literal(operator, EXACT[name], all.flatMap((r) => dig(r, [name])))))}`;
    }
    case 1: {
      const name = `meta.${pick.one(["created", "lastModified"])}`;
      const at = pick.one(["eq", "gt", "ge", "lt", "le"]);
      let when = pick.one(all).meta.created;
      if (pick.chance(0.3)) when = new Date(Date.parse(when) + 7200000).toISOString().replace("Z", "+02:00");
      return `${name} ${at} ${quote(when)}`;
    }
    case 2: return `${pick.one(["title", "nickName", "displayName", "externalId"].slice(kind === "User" ? 0 : 2))} ${pick.one(["eq", "ne"])} null`;
    case 3: {
      if (kind === "Group") {
        const someone = pick.one(all.flatMap((r) => dig(r, ["members", "value"])));
        return pick.one([`members.value eq ${quote(someone)}`, `members[value eq ${quote(someone)}]`, `members eq ${quote(someone)}`, "members pr"]);
      }
      return pick.chance(0.1) ? `active gt ${pick.chance(0.5)}` : `active ${pick.one(["eq", "ne"])} ${pick.chance(0.5)}`;
    }
    case 7: return `emails ${operator === "pr" ? "pr" : `${word} ${quote(recase(literal(operator, TEXTS["emails.value"], all.flatMap((r) => dig(r, ["emails", "value"])))))}`}`;
    case 8: return `${pick.one(["name", "emails", "phoneNumbers", "addresses", "meta"])} pr`;
    case 9:
    case 10: {
      const inner = () => {
        const [sub, values] = pick.one([["type", TYPES], ["value", TEXTS["emails.value"]], ["display", LAST]]);
        if (pick.chance(0.1)) return `primary eq ${pick.chance(0.5)}`;
        const op = pick.one(["eq", "ne", "co", "sw", "pr"]);
        return op === "pr" ? `${sub} pr` : `${sub} ${op} ${quote(recase(literal(op, values, [])))}`;
      };
      const joined = pick.one([() => inner(), () => `${inner()} and ${inner()}`, () => `${inner()} or ${inner()}`, () => `not (${inner()}) and ${inner()}`])();
      return `emails[${joined}]`;
    }
    default: {
      let name = pick.one(Object.keys(texts).filter((name) => texts[name].length));
      if (operator === "pr") return `${name} pr`;
      const text = quote(recase(literal(operator, texts[name], all.flatMap((r) => dig(r, steps(name))))));
      if (!name.includes(":") && pick.chance(0.15)) name = `${urn}:${name}`;
      return `${pick.chance(0.1) ? name.toLowerCase() : name} ${word} ${text}`;
    }
  }
}

function expression(kind, all, depth = 0) {
  if (depth < 3 && pick.chance(0.45)) {
    const [a, b] = [expression(kind, all, depth + 1), expression(kind, all, depth + 1)];
    return pick.one([`${a} and ${b}`, `${a} or ${b}`, `(${a}) and (${b})`, `not (${a})`, `(${a} or ${b})`]);
  }
  return comparison(kind, all);
}

/** Whether an attribute is compared without regard to case. */
const isCaseless = (path) => !/^(id|externalid|meta\..*|members(\.value|\.\$ref)?)$/.test(path.toLowerCase());
/** Lower-cases what is caseless, in a copy. */
function fold(value, path = "") {
  if (Array.isArray(value)) return value.map((one) => fold(one, path));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [key, fold(of, path === "" || path === ENTERPRISE ? key : `${path}.${key}`)]));
  }
  return typeof value === "string" && isCaseless(path) ? value.toLowerCase() : value;
}

/** Whether somewhere in a tree a boolean is asked for its order. */
const ordersBooleans = (node) =>
  (node.filters ?? [node.filter ?? node.valFilter]).some((one) => one && ordersBooleans(one)) || (typeof node.compValue === "boolean" && !["eq", "ne"].includes(node.op));

/** Evaluates a tree over a folded resource, or over one value of a list. Leaves go to scim2-parse-filter. */
function holds(node, resource, used, within = "") {
  const test = (restated) => filter(restated)(resource);
  switch (node.op) {
    case "and": return node.filters.every((one) => holds(one, resource, used, within));
    case "or": return node.filters.some((one) => holds(one, resource, used, within));
    case "not": return !holds(node.filter, resource, used, within);
    case "[]": {
      used.push("same-element");
      return dig(resource, [node.attrPath]).some((value) => holds(node.valFilter, value, used, `${node.attrPath}.`));
    }
  }
  let { op, attrPath, compValue } = node;
  for (const urn of [USER, GROUP]) {
    if (attrPath.toLowerCase().startsWith(`${urn.toLowerCase()}:`)) {
      used.push("core-urn");
      attrPath = attrPath.slice(urn.length + 1);
    }
  }
  if (op === "pr") return test({ op, attrPath });
  if (/^(emails|members)$/i.test(attrPath)) {
    used.push("value-of-complex");
    attrPath += ".value";
  }
  if (compValue === null) {
    used.push("null");
    return test({ op: "pr", attrPath }) === (op === "ne");
  }
  if (/^meta\./i.test(attrPath)) {
    if (!compValue.endsWith("Z")) used.push("instants");
    // To the microsecond, as they are listed: the fraction is the same in every offset.
    const normal = (text) => new Date(Math.floor(Date.parse(text) / 1000) * 1000).toISOString().slice(0, 19) + (/\.(\d+)/.exec(text)?.[1] ?? "").padEnd(6, "0");
    return filter({ op, attrPath: "at", compValue: normal(compValue) })({ at: normal(dig(resource, steps(attrPath).map((s) => (s.toLowerCase() === "lastmodified" ? "lastModified" : s)))[0]) });
  }
  if (typeof compValue === "string" && isCaseless(within + attrPath)) {
    if (compValue !== compValue.toLowerCase()) used.push("caseless");
    compValue = compValue.toLowerCase();
  }
  if (within !== "" && attrPath.toLowerCase() === "primary" && resource.primary === undefined) {
    used.push("not-primary");
    resource = { ...resource, primary: false };
  }
  if (op === "ne") {
    used.push("not-equal");
    return !test({ op: "eq", attrPath, compValue });
  }
  return test({ op, attrPath, compValue });
}

/** Everything that is listed, page by page; `undefined` where the filter is refused. */
async function list(endpoint, filter) {
  const found = [];
  for (;;) {
    const query = new URLSearchParams({ count: "500", startIndex: String(found.length + 1), ...(filter !== undefined && { filter }) });
    const { status, body } = await scim("GET", `${endpoint}?${query}`);
    if (status !== 200) {
      if (status !== 400 || body.scimType !== "invalidFilter") throw new Error(`${filter} answered ${status} ${JSON.stringify(body)}`);
      return undefined;
    }
    found.push(...body.Resources);
    if (found.length >= body.totalResults || body.Resources.length === 0) return found;
  }
}

async function compare(report, endpoint, all, text) {
  const used = [];
  const tree = parse(text);
  let expected;
  if (ordersBooleans(tree)) used.push("no-order");
  else expected = all.filter((resource) => holds(tree, fold(resource), used)).map((resource) => resource.id).sort();
  // Among others, only those of this run are looked at.
  const found = await list(endpoint, crowded ? `(${text}) and ${scope[endpoint]}` : text);
  report.case(used, found === undefined && expected === undefined);
  const ids = found?.map((resource) => resource.id).sort();
  if (JSON.stringify(ids) !== JSON.stringify(expected)) {
    const only = (a, b) => a?.filter((id) => !b?.includes(id)).map((id) => all.find((resource) => resource.id === id)).slice(0, 1);
    report.difference({ filter: text, refused: [ids === undefined, expected === undefined], roster: only(ids, expected), oracle: only(expected, ids) });
  }
}

const report = new Report("scim2-parse-filter", RULES);
const scope = { "/Users": `userName ew "${run}@example.com"`, "/Groups": `displayName ew "${run}"` };
const made = [];
const make = async (endpoint, document) => {
  const { id } = await expect(201, "POST", endpoint, document);
  made.push(`${endpoint}/${id}`);
  return id;
};
const people = [];
for (let n = 0; n < PEOPLE; n += 1) people.push(await make("/Users", person(n)));
for (let n = 0; n < HALLS; n += 1) {
  const externalId = pick.chance(0.5) ? { externalId: `${pick.one(EXACT.externalId)}-${n}-${run}` } : {};
  await make("/Groups", { schemas: [GROUP], displayName: `${recase(pick.one(GROUP_TEXTS.displayName))} ${n} ${run}`, members: pick.some(people, 0.2).map((value) => ({ value })), ...externalId });
}

const total = (await expect(200, "GET", "/Users?count=0")).totalResults + (await expect(200, "GET", "/Groups?count=0")).totalResults;
const crowded = total > made.length;
for (const [endpoint, kind, count] of [["/Users", "User", USER_FILTERS], ["/Groups", "Group", GROUP_FILTERS]]) {
  const all = await list(endpoint, crowded ? scope[endpoint] : undefined);
  const filters = Array.from({ length: count }, () => expression(kind, all));
  await each(filters, WIDTH, (text) => compare(report, endpoint, all, text));
}

for (const place of made.reverse()) await expect(204, "DELETE", place);
report.end(500);
