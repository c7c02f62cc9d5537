// Makes a sign-up form answer in place, on our own page and on any other. Without it, the form works all the same.

const forms = document.querySelectorAll("form[data-mailer]");

for (const form of forms) {
  let work; // begun with the first key, so that it is done when the form is
  const begin = () => (work ??= prove(form.action));
  tell(form.elements.source, new URLSearchParams(location.search));
  form.addEventListener("focusin", begin, { once: true });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(form, event.submitter, begin).finally(() => (work = undefined));
  });
}

/** Where people came from, as the link to this page says it; what the form says itself comes first. */
function tell(source, query) {
  if (!source || source.value) return;
  const tags = [query.get("utm_source"), query.get("utm_campaign")];
  source.value = query.get("source") || tags.filter(Boolean).join(" / ");
}

async function submit(form, submitter, begin) {
  const button = form.querySelector("button:not([type=button]):not([name])");
  const label = button.textContent;
  button.disabled = true;
  button.textContent = form.dataset.wait;
  say(form, "");
  try {
    const sent = new URLSearchParams(new FormData(form, submitter?.name ? submitter : undefined));
    for (const [name, value] of Object.entries(await begin())) sent.set(name, value);
    const headers = { accept: "application/json" };
    const answer = await fetch(form.action, { method: "POST", body: sent, headers });
    show(form, await answer.json());
  } catch {
    say(form, form.dataset.failed, "alert");
  } finally {
    button.disabled = false;
    button.textContent = label;
  }
}

function show(form, answer) {
  const address = form.elements.address;
  address.removeAttribute("aria-invalid");
  if (answer.go) return location.assign(answer.go);
  if (answer.state === "done") return thank(form, answer);
  if (answer.state === "doubt") return ask(form, answer);
  say(form, answer.words, "alert");
  if (answer.at !== "address") return;
  address.setAttribute("aria-invalid", "true");
  address.focus();
}

function thank(form, answer) {
  const heading = element("h2", answer.title);
  heading.tabIndex = -1;
  const place = element("div");
  place.setAttribute("role", "status");
  place.append(heading, element("p", answer.words), element("p", answer.hint));
  const card = form.closest(".card");
  if (card) card.replaceChildren(place);
  else form.replaceChildren(place);
  place.classList.add("thanks");
  heading.focus();
}

function ask(form, answer) {
  const address = form.elements.address;
  const typed = address.value;
  const choose = (value) => {
    address.value = value;
    form.elements.as_typed.value = value;
    form.requestSubmit();
  };
  const yes = element("button", answer.yes);
  const no = element("button", answer.no);
  for (const [one, value] of [[yes, answer.meant], [no, typed]]) {
    one.type = "button";
    one.className = "button compact";
    one.addEventListener("click", () => choose(value));
  }
  const row = element("p");
  row.className = "row";
  row.append(yes, " ", no);
  say(form, answer.words, "status").append(row);
  yes.focus();
}

function say(form, words, role) {
  form.querySelectorAll("[data-mailer-says], .note").forEach((one) => one.remove());
  if (!words) return null;
  const place = element("div");
  place.dataset.mailerSays = "";
  place.className = role === "alert" ? "note problem" : "note";
  place.append(element("p", words));
  place.setAttribute("role", role);
  form.prepend(place);
  return place;
}

function element(name, words = "") {
  const made = document.createElement(name);
  made.textContent = words;
  return made;
}

// Proof of work: a number with which the SHA-256 of challenge:number begins with enough zero bits.
async function prove(action) {
  try {
    const url = new URL(action);
    const answer = await fetch(`${url.origin}${url.pathname}/challenge`, { cache: "no-store" });
    const { challenge, bits } = await answer.json();
    return { challenge, answer: String(await search(challenge, bits)) };
  } catch {
    return {}; // without it, the form takes the way of those without script
  }
}

async function search(challenge, bits) {
  const start = challenge + ":";
  for (let number = 0; ; ) {
    const until = performance.now() + 12;
    while (performance.now() < until) {
      for (let step = 0; step < 200; step++, number++) {
        if (zeroBits(start + number) >= bits) return number;
      }
    }
    await new Promise((go) => setTimeout(go)); // typing goes on meanwhile
  }
}

const PRIMES = [2];
for (let n = 3; PRIMES.length < 64; n += 2) if (PRIMES.every((p) => n % p)) PRIMES.push(n);
const fraction = (x) => ((x - Math.floor(x)) * 2 ** 32) | 0;
const K = new Int32Array(PRIMES.map((p) => fraction(Math.cbrt(p))));
const START = new Int32Array(PRIMES.slice(0, 8).map((p) => fraction(Math.sqrt(p))));
const W = new Int32Array(64);
const turn = (x, by) => (x >>> by) | (x << (32 - by));

// FIPS 180-4; the text is ASCII, and of the digest only its first two words are looked at.
function zeroBits(text) {
  const state = START.slice();
  const blocks = ((text.length + 8) >> 6) + 1;
  for (let block = 0; block < blocks; block++) {
    for (let i = 0; i < 16; i++) W[i] = wordAt(text, (block << 6) + (i << 2), blocks);
    compress(state);
  }
  return state[0] ? Math.clz32(state[0]) : 32 + Math.clz32(state[1]);
}

function wordAt(text, place, blocks) {
  if (place === (blocks << 6) - 4) return text.length << 3;
  let word = 0;
  for (let i = place; i < place + 4; i++) {
    const byte = i < text.length ? text.charCodeAt(i) : i === text.length ? 0x80 : 0;
    word = (word << 8) | byte;
  }
  return word;
}

function compress(state) {
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    const s0 = turn(x, 7) ^ turn(x, 18) ^ (x >>> 3), s1 = turn(y, 17) ^ turn(y, 19) ^ (y >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const t1 = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const t2 = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + t1) | 0, c, b, a, (t1 + t2) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => (state[i] = (state[i] + value) | 0));
}
