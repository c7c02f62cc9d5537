// Progress while it happens, and a chosen time in words; the page is right without, only not live.
const live = document.querySelector("[data-progress]");
const put = (name, text) => {
  const place = live.querySelector(`[data-${name}]`);
  if (place && place.textContent !== text) place.textContent = text;
};

function show(told) {
  if (told.state !== live.dataset.state) return location.reload();
  for (const name of ["planned", "done", "accepted", "refused", "skipped", "left", "waits"]) put(name, told[name]);
  const timer = live.querySelector("[data-countdown]");
  if (timer) timer.textContent = timer.textContent.replace(/\d+/, told.seconds);
  let start = 0;
  ["accepted", "refused", "skipped"].forEach((name, at) => {
    const bar = live.querySelector(`rect.${name}`);
    bar?.setAttribute("x", start);
    bar?.setAttribute("width", told.share[at]);
    start += told.share[at];
  });
}

if (live) {
  let events;
  const open = () => {
    events = new EventSource(live.dataset.progress);
    events.addEventListener("progress", (event) => show(JSON.parse(event.data)));
  };
  // One stream per visible tab: browsers allow six connections to a host.
  document.addEventListener("visibilitychange", () => (document.hidden ? events.close() : open()));
  addEventListener("pagehide", () => events.close());
  open();
}

const form = document.querySelector("[data-when]");
form?.addEventListener("change", async ({ target }) => {
  if (target.name !== "day" && target.name !== "hour") return;
  const query = new URLSearchParams({ day: form.elements.day.value, hour: form.elements.hour.value });
  const answer = await fetch(`${form.dataset.when}?${query}`, { headers: { accept: "application/json" } });
  if (!answer.ok) return;
  const { when, until, problem } = await answer.json();
  const place = form.querySelector("[data-when-words]");
  const zone = place.textContent.match(/\(([^)]*)\)/)?.[0] ?? "";
  place.textContent = problem || `${when} ${zone}, ${until}`;
});
