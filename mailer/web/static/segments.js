// The builder of a segment's rule: conditions and groups of them; its text and the count always beside.
const form = document.querySelector("#segment");
const words = JSON.parse(document.querySelector("#words").textContent);
const phrases = JSON.parse(document.querySelector("#phrases").textContent);
const [builder, list, joined, text, people, note, more, group, days] =
  ["builder", "conditions", "joined-by", "rule", "people", "note", "more", "more-group", "days"].map((id) => document.getElementById(id));
const PAUSE = 350;

const make = (tag, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
};
/** A select; what is chosen stays chosen, also where it is none of the options. */
const choice = (options, chosen, label) => {
  const select = make("select", { className: "input compact", ariaLabel: label });
  const known = chosen === undefined || options.some(([value]) => value === chosen);
  for (const [value, shown] of known ? options : [...options, [chosen, chosen]])
    select.append(make("option", { value, textContent: shown, selected: value === chosen }));
  return select;
};
const entry = (type, value, label, more = {}) => make("input", { className: "input compact", type, value: value ?? "", ariaLabel: label, required: true, ...more });
let lists = 0;
/** A text for which something is offered. */
const offered = (offers, value, label, more) => {
  const input = entry("text", value, label, more);
  if (!offers.length) return [input];
  const list = make("datalist", { id: `offers-${++lists}` }, ...offers.map((one) => make("option", { value: one })));
  input.setAttribute("list", list.id);
  return [input, list];
};
const counted = (value, label) => entry("number", value, label, { min: 1, step: 1 });
const nameOf = (subject) => (subject.field ? `field ${subject.field}` : subject.subject);
/** What is told of an entry: where its days begin, what is wrong with it. */
const describe = (input, { days = "days" in input.dataset, wrong = false }) => {
  if (days) input.dataset.days = "";
  const told = [days && "days", wrong && "note"].filter(Boolean).join(" ");
  if (told) input.setAttribute("aria-describedby", told);
  else input.removeAttribute("aria-describedby");
};
const kinds = () => [
  ...words.subjects.map((one) => [nameOf(one), one.label]),
  ...(words.newsletters.length ? [["standing", phrases.newsletter]] : []),
  ["deed", phrases.did],
  ...(words.segments.length ? [["segment", phrases.segment]] : []),
];

/** What a leaf of the tree is, in the words of the first select. */
const kindOf = (leaf) => ["segment", "standing"].find((one) => one in leaf) ?? ("verb" in leaf ? "deed" : nameOf(leaf));

function fill(row, kind, leaf) {
  const place = row.querySelector(".rest");
  place.replaceChildren();
  if (kind === "segment") {
    const segment = choice(words.segments.map((one) => [one, one]), leaf?.segment, phrases.segment);
    place.append(segment);
    row.leaf = () => ({ segment: segment.value });
  } else if (kind === "standing") {
    const standing = choice(Object.entries(phrases.standings), leaf?.standing, phrases.comparison);
    const newsletter = choice(words.newsletters.map((one) => [one.slug, one.name]), leaf?.newsletter, phrases.newsletter);
    place.append(standing, newsletter);
    row.leaf = () => ({ standing: standing.value, newsletter: newsletter.value });
  } else if (kind === "deed") {
    fillDeed(row, place, leaf);
  } else {
    const subject = words.subjects.find((one) => nameOf(one) === kind);
    if (subject) fillComparison(row, place, subject, leaf);
    else row.leaf = () => leaf; // of something that is gone: kept as it is
  }
}

const VERBS = ["acted", "clicked", "block", "opened", "received", "did nothing"].map((one) => [one, phrases.verbs[one]]);
const WINDOWS = ["issues", "days", "issue"].map((one) => [one, phrases.windows[one]]);
const AIMS = { acted: "action", clicked: "link", block: "block" };

function fillDeed(row, place, leaf) {
  const aimed = leaf?.target?.aim;
  const verb = choice(VERBS, { action: "acted", block: "block" }[aimed] ?? leaf?.verb, phrases.did);
  verb.classList.add("verb");
  const which = entry("text", leaf?.target?.named, phrases.which, { required: false, placeholder: phrases.any });
  which.setAttribute("list", "actions");
  const sort = leaf?.window ? Object.keys(phrases.windows).find((one) => one in leaf.window) : "";
  const windowed = choice([["", phrases.ever], ...WINDOWS], sort, phrases.when);
  const issues = words.issues.map((one) => [String(one.number), `${one.number}: ${one.subject}`]);
  const number = counted(sort === "issue" ? 3 : leaf?.window?.[sort] ?? 3, phrases.value);
  const issue = choice(issues, sort === "issue" ? String(leaf.window.issue) : undefined, phrases.issue);
  const sent = choice([["", phrases.all], ...words.newsletters.map((one) => [one.slug, one.name])], leaf?.window?.newsletter ?? "", phrases.newsletter);
  const show = () => {
    if (verb.value === "did nothing" && !windowed.value) windowed.value = "issues";
    which.hidden = !(verb.value in AIMS);
    issue.hidden = windowed.value !== "issue";
    number.hidden = !windowed.value || !issue.hidden;
    number.disabled = number.hidden;
    sent.hidden = windowed.value !== "issues" || (words.newsletters.length < 2 && !sent.value);
  };
  place.append(verb, which, make("span", { className: "when" }, windowed, number, issue, sent));
  place.onchange = show;
  show();
  const target = () => {
    const aim = AIMS[verb.value];
    const named = which.value.trim();
    return aim && (named || aim !== "link" || aimed === "link") ? { aim, named } : null;
  };
  const window = {
    issues: () => ({ issues: Number(number.value), newsletter: sent.value }),
    issue: () => ({ issue: Number(issue.value) }),
    days: () => ({ days: Number(number.value) }),
  };
  row.leaf = () => ({ verb: verb.value in AIMS ? "clicked" : verb.value, target: target(), window: window[windowed.value]?.() ?? null });
}

function fillComparison(row, place, subject, leaf) {
  const operator = choice(subject.operators.map((one) => [one.operator, phrases.operators[one.operator]]), leaf?.operator, phrases.comparison);
  const values = make("span", { className: "rest" });
  const now = () => subject.operators.find((one) => one.operator === operator.value) ?? { value: "text" };
  const show = (given) => {
    const { value, several } = now();
    const first = given?.[0];
    values.replaceChildren();
    if (value === "nothing") return;
    if (value === "yes-no") values.append(choice([["yes", phrases.yes], ["no", phrases.no]], first === false ? "no" : "yes", phrases.value));
    else if (several) values.append(entry("text", given?.map(enclosed).join(", "), phrases.several, { placeholder: phrases.several }));
    else if (subject.options.length) values.append(choice(subject.options.map((one) => [one, one]), first, phrases.value));
    else if (value === "days") values.append(counted(first ?? 30, phrases.value));
    else if (value === "day") values.append(entry("date", first, phrases.value));
    else if (value === "number") values.append(entry("number", first, phrases.value, { step: "any" }));
    else values.append(...offered(subject.examples, first, phrases.value, { required: first !== "" }));
    // A field's own days are the calendar's: only "today" depends on where one is.
    if (value === (subject.field ? "days" : "day")) describe(values.firstChild, { days: true });
  };
  operator.addEventListener("change", () => show());
  place.append(operator, values);
  show(leaf?.values);
  row.leaf = () => ({ subject: subject.subject, ...(subject.field ? { field: subject.field } : {}), operator: operator.value, values: read(now(), values.firstChild) });
}

// Of several: one with a comma or a quotation mark in it stands in quotation marks.
const enclosed = (value) => (/^\s|[",]|\s$/.test(value) || value === "" ? `"${value.replace(/["\\]/g, "\\$&")}"` : String(value));
const parted = (line) => [...line.matchAll(/\s*(?:"((?:[^"\\]|\\.)*)"|([^,]+))\s*(?:,|$)/g)].map(([, quoted, plain]) => quoted?.replace(/\\(.)/g, "$1") ?? plain.trim()).filter((one, n, all) => one || all.length === 1);

function read({ value, several }, input) {
  if (value === "nothing" || !input) return [];
  if (value === "yes-no") return [input.value === "yes"];
  const parts = several ? parted(input.value) : [input.value];
  return value === "number" || value === "days" ? parts.map(Number) : parts;
}

function removal(row, beside) {
  const gone = make("button", { type: "button", className: "button plain compact gone", ariaLabel: phrases.remove, title: phrases.remove, textContent: "×" });
  gone.addEventListener("click", () => {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    fromRows();
    (next?.querySelector("select") ?? beside).focus();
  });
  return gone;
}

/** Whether those are meant of whom it does not hold. */
function negation(not) {
  const box = make("input", { type: "checkbox", checked: not });
  return [make("label", { className: "negation" }, box, phrases.not), box];
}

function condition(leaf, not, beside) {
  const row = make("li");
  const kind = leaf ? kindOf(leaf) : kinds()[0][0];
  const first = choice(kinds(), kind, phrases.condition);
  const [label, negated] = negation(not);
  first.addEventListener("change", () => fill(row, first.value));
  row.append(label, first, make("span", { className: "rest" }), removal(row, beside));
  row.read = () => (negated.checked ? { not: row.leaf() } : row.leaf());
  fill(row, kind, leaf);
  return row;
}

function inner(tree, not, beside) {
  const by = choice([["and", phrases.together], ["or", phrases.either]], "or" in tree ? "or" : "and", phrases.how);
  const [label, negated] = negation(not);
  const rows = make("ol", { className: "conditions" });
  const another = make("button", { type: "button", className: "button compact", textContent: phrases.more });
  const row = make("li", { className: "group" }, make("div", { className: "row" }, label, by), rows);
  row.append(make("div", { className: "row" }, another), removal(row, beside));
  another.addEventListener("click", () => { rows.append(condition(undefined, false, another)); rows.lastChild.querySelector("select").focus(); fromRows(); });
  for (const part of tree.and ?? tree.or) rows.append(shown(part, another));
  row.read = () => {
    const whole = together(rows, by.value);
    return whole && negated.checked ? { not: whole } : whole;
  };
  return row;
}

/** The row of any part of a tree: "not" twice is none. */
function shown(tree, beside) {
  let not = false;
  while ("not" in tree) [tree, not] = [tree.not, !not];
  return "and" in tree || "or" in tree ? inner(tree, not, beside) : condition(tree, not, beside);
}

function together(rows, by) {
  const parts = [...rows.children].map((row) => row.read()).filter(Boolean);
  return parts.length > 1 ? { [by]: parts } : parts[0];
}

/** Mark the conditions of which something has to be said; *parts* counts them through all groups. */
function mark(parts) {
  [...list.querySelectorAll("li:not(.group)")].forEach((row, number) => {
    row.classList.toggle("doubtful", parts.includes(number));
    for (const input of row.querySelectorAll(".rest .input")) describe(input, { wrong: parts.includes(number) });
  });
}

/** A piece of the text around the place where it cannot be understood. */
function excerpt(source, at) {
  const [wrong] = source.slice(at).match(/^(?:"[^"]*"?|[^\s"]+)/) ?? ["…"];
  return make("code", { dir: "ltr" }, source.slice(Math.max(0, at - 30), at), make("mark", { textContent: wrong }), source.slice(at + wrong.length, at + wrong.length + 15));
}

let latest = 0;
async function ask(fields) {
  const mine = ++latest;
  const body = new URLSearchParams({ ...fields, csrf: form.elements.csrf.value });
  const answer = await fetch(form.dataset.check, { method: "POST", body, headers: { accept: "application/json" } }).catch(() => null);
  const said = await answer?.json().catch(() => null);
  if (mine !== latest) return null;
  const wrong = !said || "problem" in said;
  people.classList.toggle("wrong", wrong);
  note.replaceChildren(...[said?.note, ...(said?.doubts ?? []).map((one) => one.words)].filter(Boolean).map((one) => make("p", { textContent: one })));
  if (!wrong) people.replaceChildren(make("b", { textContent: said.people.toLocaleString(document.documentElement.lang) }), ` ${said.people === 1 ? phrases.person : phrases.people}`);
  else if (said?.position !== undefined && fields.rule) people.replaceChildren(said.problem, make("br"), excerpt(fields.rule, said.position));
  else people.textContent = said?.alone ?? said?.problem ?? phrases.unreachable;
  if (fields.tree) mark([said?.part, ...(said?.doubts ?? []).map((one) => one.part)]);
  return wrong ? null : said;
}

const tellDays = () => { days.hidden = !list.querySelector("[data-days]"); };
let timer;
/** After a pause; what was asked before is overtaken. */
const later = (work) => { latest++; clearTimeout(timer); timer = setTimeout(work, PAUSE); };

// Until the text says what the conditions say, it is these that are saved.
let ahead = false;
const fromAll = () => together(list, joined.value);
function lead(they) {
  ahead = they;
  text.required = !they;
}
form.addEventListener("formdata", ({ formData }) => { if (ahead) formData.set("tree", JSON.stringify(fromAll())); });

function fromRows() {
  tellDays();
  lead(Boolean(fromAll()));
  if (!ahead) text.value = "";
  later(async () => {
    const blank = [...list.querySelectorAll("input")].some((one) => !one.validity.valid);
    people.classList.toggle("wrong", blank);
    if (!ahead || blank) { people.textContent = ahead ? phrases.blank : ""; return; }
    const said = await ask({ tree: JSON.stringify(fromAll()) });
    if (!said) return;
    text.value = said.rule;
    lead(false);
  });
}

function show(tree) {
  const whole = tree && ("and" in tree || "or" in tree);
  joined.value = tree?.or ? "or" : "and";
  lists = 0;
  list.replaceChildren(...(whole ? tree.and ?? tree.or : tree ? [tree] : []).map((part) => shown(part, more)));
  tellDays();
}

const add = (row) => { list.append(row); row.querySelector("select").focus(); fromRows(); };
builder.hidden = false;
show(words.tree);
mark(words.doubts.map((one) => one.part));
builder.addEventListener("input", fromRows);
builder.addEventListener("change", tellDays); // comes after "input", when the entries are there
more.addEventListener("click", () => add(condition(undefined, false, more)));
group.addEventListener("click", () => {
  const row = inner({ or: [] }, false, group);
  row.querySelector("ol").append(condition(undefined, false, group));
  add(row);
});
text.addEventListener("input", () => {
  lead(false);
  later(async () => {
    if (!text.value.trim()) return show(null);
    const said = await ask({ rule: text.value });
    if (!said) return;
    show(said.tree);
    mark(said.doubts.map((one) => one.part));
  });
});

// What was changed and not saved is not left behind unasked.
const begun = text.value;
let leaving = false;
form.addEventListener("submit", () => { leaving = true; });
addEventListener("beforeunload", (event) => { if (!leaving && (ahead || text.value !== begun)) event.preventDefault(); });
