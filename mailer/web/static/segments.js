// The builder of a segment's rule: conditions as rows, the rule's text and the count always beside.
const form = document.querySelector("#segment");
const words = JSON.parse(document.querySelector("#words").textContent);
const phrases = JSON.parse(document.querySelector("#phrases").textContent);
const [builder, list, joined, text, people] = ["builder", "conditions", "joined-by", "rule", "people"].map((id) => document.getElementById(id));
const PAUSE = 350;

const make = (tag, attributes = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), attributes);
  element.append(...children);
  return element;
};
const choice = (options, chosen, label) => {
  const select = make("select", { className: "input compact", ariaLabel: label });
  for (const [value, shown] of options) select.append(make("option", { value, textContent: shown, selected: value === chosen }));
  return select;
};
const entry = (type, value, label) => make("input", { className: "input compact", type, value: value ?? "", ariaLabel: label, ...(type === "number" ? { min: 0, step: "any" } : {}) });
const nameOf = (subject) => (subject.field ? `field ${subject.field}` : subject.subject);
const kinds = () => [
  ...words.subjects.map((one) => [nameOf(one), one.label]),
  ...(words.newsletters.length ? [["standing", phrases.newsletter]] : []),
  ["deed", phrases.did],
  ...(words.segments.length ? [["segment", phrases.segment]] : []),
];

/** What a leaf of the tree is, in the words of the first select; nothing: the builder cannot show it. */
function kindOf(leaf) {
  if ("segment" in leaf) return "segment";
  if ("standing" in leaf) return "standing";
  if ("verb" in leaf) return leaf.target?.named || leaf.window?.newsletter ? null : "deed";
  return words.subjects.some((one) => nameOf(one) === nameOf(leaf)) ? nameOf(leaf) : null;
}

/** The conditions of a tree that is flat; nothing when it is not. */
function flat(tree) {
  if (!tree) return { by: "and", leaves: [] };
  const by = "or" in tree ? "or" : "and";
  const parts = tree[by] ?? [tree];
  const leaves = parts.map((part) => ({ not: "not" in part, leaf: part.not ?? part }));
  return leaves.every(({ leaf }) => !("and" in leaf || "or" in leaf || "not" in leaf) && kindOf(leaf)) ? { by, leaves } : null;
}

function fill(row, kind, leaf) {
  const place = row.querySelector(".rest");
  place.replaceChildren();
  if (kind === "segment") {
    place.append(choice(words.segments.map((one) => [one, one]), leaf?.segment, phrases.segment));
    row.read = () => ({ segment: place.firstChild.value });
  } else if (kind === "standing") {
    const standing = choice(Object.entries(phrases.standings), leaf?.standing, phrases.comparison);
    const newsletter = choice(words.newsletters.map((one) => [one.slug, one.name]), leaf?.newsletter, phrases.newsletter);
    place.append(standing, newsletter);
    row.read = () => ({ standing: standing.value, newsletter: newsletter.value });
  } else if (kind === "deed") {
    fillDeed(row, place, leaf);
  } else {
    fillComparison(row, place, words.subjects.find((one) => nameOf(one) === kind), leaf);
  }
}

function fillDeed(row, place, leaf) {
  const acted = leaf?.target?.aim === "action";
  const verb = choice(Object.entries(phrases.verbs), acted ? "acted" : leaf?.verb, phrases.did);
  const sort = leaf?.window ? Object.keys(leaf.window).find((one) => one in phrases.windows) : "";
  const windowed = choice([["", phrases.ever], ...Object.entries(phrases.windows)], sort ?? "", phrases.when);
  const number = entry("number", leaf?.window?.[sort] ?? 3, phrases.value);
  const show = () => {
    if (verb.value === "did nothing" && !windowed.value) windowed.value = "issues";
    number.hidden = !windowed.value;
  };
  place.append(verb, windowed, number);
  place.addEventListener("change", show);
  show();
  row.read = () => ({
    verb: verb.value === "acted" ? "clicked" : verb.value,
    target: verb.value === "acted" ? { aim: "action", named: "" } : null,
    window: windowed.value ? { [windowed.value]: Number(number.value) } : null,
  });
}

function fillComparison(row, place, subject, leaf) {
  const operators = subject.operators.map((one) => [one.operator, one.operator]);
  const operator = choice(operators, leaf?.operator, phrases.comparison);
  const values = make("span", { className: "rest" });
  const now = () => subject.operators.find((one) => one.operator === operator.value);
  const show = (given) => {
    const { value, several } = now();
    values.replaceChildren();
    if (value === "nothing") return;
    if (value === "yes-no") values.append(choice([["yes", phrases.yes], ["no", phrases.no]], given?.[0] === false ? "no" : "yes", phrases.value));
    else if (subject.options.length && !several) values.append(choice(subject.options.map((one) => [one, one]), given?.[0], phrases.value));
    else {
      const type = several ? "text" : { day: "date", days: "number", number: "number" }[value] ?? "text";
      values.append(entry(type, given?.join(", "), several ? phrases.several : phrases.value));
    }
  };
  operator.addEventListener("change", () => show());
  place.append(operator, values);
  show(leaf?.values);
  row.read = () => ({ subject: subject.subject, ...(subject.field ? { field: subject.field } : {}), operator: operator.value, values: read(now(), values.firstChild) });
}

function read({ value, several }, input) {
  if (value === "nothing" || !input) return [];
  if (value === "yes-no") return [input.value === "yes"];
  const parts = several ? input.value.split(",").map((one) => one.trim()).filter(Boolean) : [input.value];
  return value === "number" || value === "days" ? parts.map(Number) : parts;
}

function addRow(not = false, leaf = undefined) {
  const kind = (leaf && kindOf(leaf)) ?? kinds()[0][0];
  const row = make("li");
  const first = choice(kinds(), kind, phrases.condition);
  const negated = choice([["", "–"], ["not", phrases.not]], not ? "not" : "", phrases.not);
  const gone = make("button", { type: "button", className: "button plain compact", textContent: phrases.remove });
  first.addEventListener("change", () => fill(row, first.value));
  gone.addEventListener("click", () => { row.remove(); fromRows(); document.querySelector("#more").focus(); });
  row.append(negated, first, make("span", { className: "rest" }), gone);
  row.negated = () => negated.value === "not";
  list.append(row);
  fill(row, kind, leaf);
  return first;
}

function tree() {
  const leaves = [...list.children].map((row) => (row.negated() ? { not: row.read() } : row.read()));
  return leaves.length === 1 ? leaves[0] : { [joined.value]: leaves };
}

let latest = 0;
async function ask(fields) {
  const mine = ++latest;
  const body = new URLSearchParams({ ...fields, csrf: form.elements.csrf.value });
  const answer = await fetch(form.dataset.check, { method: "POST", body, headers: { accept: "application/json" } }).catch(() => null);
  if (!answer || mine !== latest) return null;
  const said = await answer.json();
  people.classList.toggle("wrong", "problem" in said);
  if (said.problem) people.textContent = said.problem;
  else people.replaceChildren(make("b", { textContent: said.people.toLocaleString(document.documentElement.lang) }), ` ${said.people === 1 ? phrases.person : phrases.people}`);
  return said.problem ? null : said;
}

let timer;
const later = (work) => { clearTimeout(timer); timer = setTimeout(work, PAUSE); };

function fromRows() {
  later(async () => {
    if (!list.children.length) { text.value = ""; people.textContent = ""; return; }
    const said = await ask({ tree: JSON.stringify(tree()) });
    if (said) text.value = said.rule;
  });
}

function show(given) {
  const found = flat(given);
  for (const part of [list, joined, document.querySelector("#more")]) part.hidden = !found;
  document.querySelector("#by-hand").hidden = Boolean(found);
  list.replaceChildren();
  if (!found) return;
  joined.value = found.by;
  for (const { not, leaf } of found.leaves) addRow(not, leaf);
}

builder.hidden = false;
show(words.tree);
builder.addEventListener("input", fromRows);
document.querySelector("#more").addEventListener("click", () => { addRow().focus(); fromRows(); });
text.addEventListener("input", () => later(async () => {
  if (!text.value.trim()) return show(null);
  const said = await ask({ rule: text.value });
  if (said) show(said.tree);
}));
