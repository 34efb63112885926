// Shows the page anew every few seconds: each part that has changed, and nothing else, so that focus and what is open stay.
(() => {
  "use strict";
  const live = document.getElementById("live");
  if (!live) return;
  const seconds = Number(live.dataset.seconds);
  const said = new Map();
  for (const part of live.querySelectorAll("[data-part]")) said.set(part.dataset.part, part.innerHTML);

  const bar = document.createElement("p");
  bar.className = "quiet live";
  const note = document.createElement("span");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "plain";
  bar.append(note, " ", button);
  live.before(bar);

  let paused = false;
  let timer = 0;

  function tell(text) {
    if (note.textContent !== text) note.textContent = text;
  }

  function state() {
    button.textContent = paused ? "Go on" : "Pause";
    tell(paused ? "Paused: the page stays as it is." : `Shown anew every ${seconds} seconds.`);
  }

  // What an element is for, whatever it says by now.
  function key(element) {
    const details = element.closest("details");
    return element.getAttribute("href") || (element.form && element.form.action) || (details ? details.id : element.id);
  }

  function put(part, html) {
    const focused = part.contains(document.activeElement) ? document.activeElement : null;
    const name = focused && key(focused);
    const open = [...part.querySelectorAll("details[open]")].map((each) => each.id);
    part.innerHTML = html;
    for (const id of open) {
      const details = document.getElementById(id);
      if (details) details.open = true;
    }
    if (!focused) return;
    const again = [...part.querySelectorAll("a, button, summary")].find((each) => key(each) === name);
    if (again) again.focus({ preventScroll: true });
  }

  async function show() {
    const answer = await fetch(live.dataset.from, { credentials: "same-origin", cache: "no-store", redirect: "error" });
    if (!answer.ok) throw new Error(String(answer.status));
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const fresh of found.querySelectorAll("[data-part]")) {
      const part = live.querySelector(`[data-part="${CSS.escape(fresh.dataset.part)}"]`);
      if (!part || said.get(fresh.dataset.part) === fresh.innerHTML) continue;
      said.set(fresh.dataset.part, fresh.innerHTML);
      put(part, fresh.innerHTML);
    }
  }

  async function turn() {
    if (!paused && !document.hidden) {
      try {
        await show();
        live.classList.remove("old");
        if (!paused) state();
      } catch {
        live.classList.add("old");
        tell("The page does not answer: what is shown is old. It is tried again.");
      }
    }
    timer = setTimeout(turn, seconds * 1000);
  }

  button.addEventListener("click", () => {
    paused = !paused;
    state();
    if (!paused) {
      clearTimeout(timer);
      turn();
    }
  });
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    clearTimeout(timer);
    turn();
  });
  state();
  timer = setTimeout(turn, seconds * 1000);
})();
