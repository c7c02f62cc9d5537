// What pages do better with a script; each works without it.

for (const field of document.querySelectorAll("[data-time-zone]")) {
  field.value ||= Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
}

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

// What is there to be copied is selected by a click.
for (const field of document.querySelectorAll("[data-select]")) field.addEventListener("focus", () => field.select());

// The look of a mail, drawn again while one chooses. Without a script, saving shows it.
const look = document.querySelector("[data-look]");
if (look) {
  const frame = document.querySelector("iframe[name=look-frame]");
  let scheme = "light";
  let waiting;
  const draw = () => {
    // A form of its own: the answer goes into the frame, with the policy of the frame.
    const form = document.createElement("form");
    form.method = "post";
    form.action = look.dataset.look;
    form.target = frame.name;
    for (const [name, value] of [...new FormData(look), ["scheme", scheme]]) {
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
  look.addEventListener("input", (event) => {
    const own = event.target.type === "color" && look.elements[`${event.target.name}_own`];
    if (own) own.checked = true;
    clearTimeout(waiting);
    waiting = setTimeout(draw, 200);
  });
  for (const link of document.querySelectorAll("[data-scheme]")) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      scheme = link.dataset.scheme;
      for (const one of document.querySelectorAll("[data-scheme]")) one.toggleAttribute("aria-current", one === link);
      link.setAttribute("aria-current", "true");
      draw();
    });
  }
}
