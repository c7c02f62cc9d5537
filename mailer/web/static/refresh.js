// Keeps the part of a page marked data-refresh="seconds" up to date; without it, reload by hand.
const selector = "[data-refresh]";

async function refresh() {
  const region = document.querySelector(selector);
  if (!region) return;
  const next = () => setTimeout(refresh, 1000 * Number(region.dataset.refresh));
  const busy = region.contains(document.activeElement) && document.activeElement.matches("input");
  if (document.hidden || busy) return next();
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (answer.ok) replace(region, await answer.text());
  } catch {
    // The server is away for a moment: try again later.
  }
  next();
}

function replace(region, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const content = fresh.querySelector(selector);
  document.title = fresh.title;
  if (!content || content.innerHTML === region.innerHTML) return;
  const held = region.contains(document.activeElement) && document.activeElement.getAttribute("href");
  const open = new Set([...region.querySelectorAll("details[open]")].map((one) => one.id));
  for (const one of content.querySelectorAll("details")) one.open = one.open || open.has(one.id);
  region.replaceChildren(...content.childNodes);
  if (held) [...region.querySelectorAll("a")].find((one) => one.getAttribute("href") === held)?.focus();
}

setTimeout(refresh, 1500);
