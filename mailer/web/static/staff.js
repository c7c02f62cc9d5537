// What pages do better with a script; each works without it.

for (const field of document.querySelectorAll("[data-time-zone]")) {
  field.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

// Where there are more tabs than fit, the current one is seen.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Menus are <details>: one is open at a time, Escape and a click elsewhere close it.
const menus = () => document.querySelectorAll("details.menu[open]");
document.addEventListener("click", (event) => {
  for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of menus()) {
    menu.open = false;
    if (menu.contains(document.activeElement)) menu.querySelector("summary").focus();
  }
});

// How far an issue is. Browsers allow few connections to one host: hidden tabs close theirs.
for (const section of document.querySelectorAll("[data-moving]")) {
  let events;
  const close = () => events?.close();
  const open = () => {
    close();
    events = new EventSource(section.dataset.moving);
    events.addEventListener("progress", (event) => {
      const far = JSON.parse(event.data);
      const done = far.share.reduce((sum, part) => sum + part);
      section.querySelector(".progress .value").setAttribute("width", done);
      for (const words of section.querySelectorAll("[data-live]")) words.textContent = far[words.dataset.live];
      section.querySelector(".progress").setAttribute("aria-label", section.querySelector(".live-words b").textContent);
      if (far.state === "sending") return;
      close();
      location.reload();
    });
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  open();
}

// What is there to be copied is selected by a click, and copied by a button.
for (const field of document.querySelectorAll("[data-select]")) field.addEventListener("focus", () => field.select());
for (const button of document.querySelectorAll("[data-copy]")) {
  const field = document.getElementById(button.dataset.copy);
  const words = button.querySelector("[role=status]");
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(field.value);
    words.textContent = button.dataset.copied;
  });
}

// A mail or a page, drawn again while one chooses what it looks like. Without a script, saving shows it.
const chosen = document.querySelector("form[data-preview]");
if (chosen) {
  const views = document.querySelectorAll("[data-view]");
  const frame = document.querySelector(`iframe[name="${views[0].target}"]`);
  let view = views[0];
  let waiting;
  const draw = () => {
    // A form of its own: the answer goes into the frame, with the policy of the frame.
    const form = document.createElement("form");
    form.method = "post";
    form.action = chosen.dataset.preview;
    form.target = frame.name;
    for (const [name, value] of [...new FormData(chosen), view.dataset.view.split("=")]) {
      if (typeof value !== "string") continue; // a picture is seen once it is saved
      const field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      field.value = value;
      form.append(field);
    }
    document.body.append(form);
    form.submit();
    form.remove();
  };
  chosen.addEventListener("input", (event) => {
    const own = event.target.type === "color" && chosen.elements[`${event.target.name}_own`];
    if (own) own.checked = true;
    clearTimeout(waiting);
    waiting = setTimeout(draw, 200);
  });
  for (const link of views) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      view = link;
      for (const one of views) one.removeAttribute("aria-current");
      link.setAttribute("aria-current", "true");
      draw();
    });
  }
}
