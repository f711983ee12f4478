// Applies generated PATCHes with Roster and with npm scim-patch, and compares the resources.
//
// The connection's profile has to be strict: scim-patch knows no tolerances. Where the RFC and scim-patch disagree a named
// rule says the section that decides; it changes what is put to scim-patch or what came of it, and the result is still
// compared to the last member. (No value has a colon: scim-patch takes one inside a filter for the end of a URN.)

import { ENTERPRISE, GROUP, PATCH, Random, Report, USER, each, expect, load, same, scim, tidy } from "./oracle.mjs";

const { scimPatch } = load("scim-patch");
const { parse, filter } = load("scim2-parse-filter");

const USERS = 450;
const GROUPS = 150;
const WIDTH = 4;

const RULES = {
  "one-primary": "RFC 7644 section 3.5.2: setting primary to true sets it to false on the other values; scim-patch keeps both",
  "merge-complex": 'RFC 7644 section 3.5.2.1: the sub-attributes in "value" are added to a complex attribute; without a path scim-patch puts the object in its place',
  "no-duplicates": "RFC 7643 section 2.4: a list holds a pair of type and value once, so adding it again sets its other sub-attributes; scim-patch adds what differs in any of them",
  "label-of-nothing": "RFC 7643 section 2.4: type and primary say what a value is for; a value that lost its last other sub-attribute is none; scim-patch keeps its label",
  "nothing-to-remove": "RFC 7644 section 3.5.2.2: only a remove without a path has no target; scim-patch refuses a filter on a list that is absent, and accepts one that matches nothing in another",
  "add-what-is-selected": "RFC 7644 section 3.5.2.1: if the target does not exist it is added, with every value that the filter demands; scim-patch adds it for a filter of one comparison alone",
  "caseless": 'RFC 7643 section 2.2: text is compared without regard to case unless caseExact; scim2-parse-filter compares it exactly',
};

const pick = new Random(Number(process.env.ROSTER_SEED ?? 1));
const TYPES = ["work", "home", "other"];
const WORDS = ["Ada", "Grace", "Katherine", "Émilie", "a b", "x.y", "ö", "0", "Ω-7"];
const TEXTS = ["displayName", "title", "nickName", "userType", "preferredLanguage"];
const NAMES = ["givenName", "familyName", "middleName", "honorificPrefix"];
const WORK = ["department", "costCenter", "division", "employeeNumber"];
const LISTS = { emails: (n) => `m${n}@example.com`, phoneNumbers: (n) => `+1-201-555-01${n}${n}`, roles: (n) => `role-${n}` };

const object = (names) => {
  const some = pick.some(names, 0.4);
  return Object.fromEntries((some.length ? some : [names[0]]).map((name) => [name, pick.one(WORDS)]));
};

/** Values of a list, at most one of them primary. */
function values(attribute, most) {
  const out = [];
  for (let n = pick.below(most + 1); n > 0; n -= 1) {
    const value = { value: LISTS[attribute](pick.below(6)), type: pick.one(TYPES) };
    if (pick.chance(0.3)) value.display = pick.one(WORDS);
    if (pick.chance(0.2)) value.primary = !out.some((other) => other.primary);
    if (!out.some((other) => other.value === value.value && other.type === value.type)) out.push(value);
  }
  return out;
}

function user(userName) {
  const out = { schemas: [USER, ENTERPRISE], userName, active: pick.chance(0.5) };
  for (const name of pick.some(TEXTS)) out[name] = pick.one(WORDS);
  if (pick.chance(0.7)) out.name = object(NAMES);
  for (const name of Object.keys(LISTS)) {
    const list = values(name, 4);
    if (list.length) out[name] = list;
  }
  if (pick.chance(0.6)) out[ENTERPRISE] = object(WORK);
  return out;
}

/** What selects elements of a list. */
function selection(op, attribute, depth = 0) {
  const one = () => {
    switch (pick.below(6)) {
      case 0: return `value eq "${LISTS[attribute](pick.below(6))}"`;
      case 1: return `value sw "${LISTS[attribute](0).slice(0, 3)}"`;
      case 2: return "display pr";
      // Not where the value may be made as it is said.
      case 3: return `type eq "${op === "add" ? pick.one(TYPES) : pick.one(TYPES).toUpperCase()}"`;
      default: return `type eq "${pick.one(TYPES)}"`;
    }
  };
  if (depth < 2 && pick.chance(0.3)) {
    const [a, b] = [selection(op, attribute, depth + 1), selection(op, attribute, depth + 1)];
    return pick.one([`${a} and ${b}`, `(${a}) or (${b})`, `not (${a})`]);
  }
  return one();
}

function operation() {
  const op = pick.one(["add", "replace", "remove"]);
  const list = pick.one(Object.keys(LISTS));
  const prefix = pick.chance(0.2) ? `${USER}:` : "";
  const text = (path) => (op === "remove" ? { op, path } : { op, path, value: pick.one(WORDS) });
  switch (pick.below(10)) {
    case 0: return text(prefix + pick.one(TEXTS));
    case 1: return text(`${prefix}name.${pick.one(NAMES)}`);
    case 2: return text(`${ENTERPRISE}:${pick.one(WORK)}`);
    case 3: return op === "remove" ? { op, path: "name" } : { op, path: "name", value: object(NAMES) };
    case 4: return op === "remove" ? { op, path: list } : { op, path: list, value: values(list, 3) };
    case 5: return text(`${list}[${selection(op, list)}].display`);
    case 6: {
      const path = `${list}[${selection(op, list)}]`;
      if (op === "remove") return { op, path };
      return { op: "replace", path, value: { type: pick.one(TYPES), display: pick.one(WORDS) } };
    }
    case 7: return op === "remove" ? { op, path: `${list}[${selection(op, list)}]` } : { op, path: "active", value: pick.chance(0.5) };
    case 8: {
      const value = { primary: true, value: LISTS[list](pick.below(6)), type: pick.one(TYPES) };
      return { op: "add", path: list, value: [value] };
    }
    default: {
      // Without a path.
      const value = { ...object(TEXTS) };
      if (pick.chance(0.5)) value.name = object(NAMES);
      if (pick.chance(0.4)) value[list] = values(list, 2);
      if (pick.chance(0.4)) value[ENTERPRISE] = object(WORK);
      return { op: op === "remove" ? "replace" : op, value };
    }
  }
}

/** What a filter demands of a value, if it is nothing but equalities that must all hold and do not contradict. */
function demanded(node) {
  if (node.op === "eq") return [[node.attrPath, node.compValue]];
  const all = node.op === "and" ? node.filters.map(demanded) : [undefined];
  if (all.includes(undefined)) return undefined;
  return all.flat().every(([name, text], _, every) => every.every(([other, of]) => other !== name || of.toLowerCase() === text.toLowerCase())) ? all.flat() : undefined;
}

/** One operation put to scim-patch, as the rules restate it. Notes the rules that mattered. */
function apply(resource, operation, used) {
  const { op, path, value } = operation;
  if (path === undefined) {
    for (const [name, part] of Object.entries(value)) {
      const isComplex = part !== null && typeof part === "object" && !Array.isArray(part);
      if (isComplex && resource[name]) used.push("merge-complex");
      if (Array.isArray(part) && op === "add" && resource[name]) used.push("no-duplicates");
      // The same by paths; a whole extension by its attributes.
      if (isComplex) for (const [sub, of] of Object.entries(part)) resource = step(resource, { op, path: `${name}${name === ENTERPRISE ? ":" : "."}${sub}`, value: of }, used);
      else resource = step(resource, { op, path: name, value: part }, used);
    }
    return resource;
  }
  return step(resource, operation, used);
}

function step(resource, operation, used) {
  const { op, value } = operation;
  const name = operation.path.split("[")[0];
  const patch = (path, value) => scimPatch(resource, [structuredClone({ op, path, value })], { treatMissingAsAdd: false });
  if (!(name in LISTS) && name !== "members") return patch(operation.path, value);
  const list = resource[name] ?? [];
  const before = structuredClone(list);
  let path = operation.path;
  if (path.includes("[")) {
    const end = path.lastIndexOf("]");
    const selected = (path) => parse(path.slice(name.length + 1, path.lastIndexOf("]")));
    path = path.replace(/"(WORK|HOME|OTHER)"/g, (text) => {
      used.push("caseless");
      return text.toLowerCase();
    });
    const isThere = list.some(filter(selected(path)));
    if (!isThere && op === "remove") {
      used.push("nothing-to-remove");
      return resource;
    }
    if (!isThere && op === "add") {
      const demands = demanded(selected(path));
      if (demands?.length > 1) {
        used.push("add-what-is-selected");
        resource[name] = [...list, { ...Object.fromEntries(demands), [path.slice(end + 2)]: value }];
        return resource;
      }
    }
  }
  let put = value;
  if (op === "add" && path === name) {
    const twin = (given) => list.find((old) => old.value === given.value && old.type === given.type);
    put = value.filter((given) => !twin(given));
    if (put.length < value.length) used.push("no-duplicates");
    for (const given of value) Object.assign(twin(given) ?? {}, given);
  }
  resource = patch(path, put);
  if (op === "remove" && /]\.\w+$/.test(path)) {
    const now = resource[name] ?? [];
    const left = now.filter((one) => Object.keys(one).some((key) => key !== "type" && key !== "primary"));
    if (left.length < now.length) used.push("label-of-nothing");
    resource[name] = left;
  }
  // An empty list is no value, and what follows meets none.
  if (resource[name]?.length === 0) delete resource[name];
  const fresh = (resource[name] ?? []).filter((now) => now.primary && !before.some((old) => old.primary && old.value === now.value && old.type === now.type));
  for (const now of fresh.length === 1 ? resource[name] : []) {
    if (now.primary && now !== fresh[0]) {
      now.primary = false;
      used.push("one-primary");
    }
  }
  return resource;
}

/** What scim-patch makes of it: the resource, or `undefined` where it refuses. */
function expected(resource, operations, used) {
  try {
    return operations.reduce((at, operation) => apply(at, operation, used), structuredClone(resource));
  } catch (error) {
    return undefined;
  }
}

const bare = ({ id, meta, schemas, groups, ...rest }) => rest;
const members = (group) => ({ displayName: group.displayName, externalId: group.externalId, members: (group.members ?? []).map((m) => m.value).sort() });

async function compare(report, url, document, operations, show) {
  const put = await expect(200, "PUT", url, document);
  if (!same(show(put), show(document))) report.difference({ what: "PUT", document, put });
  const used = [];
  const oracle = expected(document, operations, used);
  const answer = await scim("PATCH", url, { schemas: [PATCH], Operations: operations });
  const after = await expect(200, "GET", url);
  report.case(used, oracle === undefined && answer.status >= 400);
  if (oracle === undefined || answer.status >= 400) {
    // Refused by both or by neither, and a refused PATCH changes nothing (RFC 7644 section 3.5.2).
    const is = answer.status === 400 && oracle === undefined && same(after, put);
    if (!is) report.difference({ what: "refusal", document: bare(document), operations, oracle: oracle && show(oracle), roster: answer.body });
    return;
  }
  if (answer.body && !same(answer.body, after)) report.difference({ what: "the answer is not the resource", operations, answer: answer.body, after });
  if (!same(show(oracle), show(after))) {
    report.difference({ what: "result", document: tidy(bare(document)), operations, oracle: tidy(show(oracle)), roster: tidy(show(after)) });
  }
}

const run = Math.random().toString(36).slice(2, 10);
const report = new Report("scim-patch", RULES);
const made = [];
const make = async (endpoint, document) => {
  const { id } = await expect(201, "POST", endpoint, document);
  made.push(`${endpoint}/${id}`);
  return id;
};

// Users: each lane of work has one, and puts a generated document there before each PATCH.
const places = [];
for (let n = 0; n < WIDTH; n += 1) places.push(`/Users/${await make("/Users", { schemas: [USER], userName: `patch-${run}-${n}` })}`);
const userCases = Array.from({ length: USERS }, () => ({ document: user(), operations: Array.from({ length: 1 + pick.below(4) }, operation) }));
await each(userCases, WIDTH, ({ document, operations }, lane) => {
  return compare(report, places[lane], { ...document, userName: `patch-${run}-${lane}` }, operations, bare);
});

// Groups: their members.
const people = [];
for (let n = 0; n < 12; n += 1) people.push(await make("/Users", { schemas: [USER], userName: `member-${run}-${n}` }));
const crowd = (probability) => pick.some(people, probability).map((value) => ({ value }));
function groupOperation() {
  switch (pick.below(7)) {
    case 0: return { op: "replace", path: "members", value: crowd(0.3) };
    case 1: return { op: "remove", path: `members[value eq "${pick.one(people)}"]` };
    case 2: return { op: "remove", path: "members" };
    case 3: return pick.one([{ op: "replace", path: "displayName", value: pick.one(WORDS) }, { op: "replace", value: { displayName: pick.one(WORDS) } }]);
    case 4: return { op: "remove", path: `members[value eq "${pick.one(people)}" or value eq "${pick.one(people)}"]` };
    default: return { op: "add", path: "members", value: crowd(0.3) };
  }
}
const halls = [];
for (let n = 0; n < WIDTH; n += 1) halls.push(`/Groups/${await make("/Groups", { schemas: [GROUP], displayName: `patch-${run}-${n}` })}`);
const groupCases = Array.from({ length: GROUPS }, () => ({
  document: { schemas: [GROUP], displayName: pick.one(WORDS), members: crowd(0.5) },
  operations: Array.from({ length: 1 + pick.below(4) }, groupOperation),
}));
await each(groupCases, WIDTH, ({ document, operations }, lane) => compare(report, halls[lane], document, operations, members));

for (const place of made.reverse()) await expect(204, "DELETE", place);
report.end(500);
