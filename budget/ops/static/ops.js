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
  let asking = null; // what can end the question that is being answered: there is one at most
  const patience = 2 * seconds;

  function tell(text) {
    if (note.textContent !== text) note.textContent = text;
  }

  function state() {
    button.textContent = paused ? "Go on" : "Pause";
    tell(paused ? "Paused: the page stays as it is." : `Shown anew every ${seconds} seconds.`);
  }

  // What an element is for, whatever it says by now: two alerts may have one runbook, and one incident.
  function key(element) {
    const about = element.closest("[data-key]");
    const details = element.closest("details");
    const does = element.getAttribute("href") || (element.form && element.form.action) || (details || element).id;
    return `${about ? about.dataset.key : ""} ${does}`;
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
    const heading = part.querySelector("h2") || part; // where it was, if it is gone: else the next Tab begins at the top
    if (!again) heading.tabIndex = -1;
    (again || heading).focus({ preventScroll: true });
  }

  async function read(signal) {
    const asked = { credentials: "same-origin", cache: "no-store", redirect: "error", signal };
    const answer = await fetch(live.dataset.from, asked);
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.text();
  }

  function show(html) {
    const found = new DOMParser().parseFromString(html, "text/html");
    for (const fresh of found.querySelectorAll("[data-part]")) {
      const part = live.querySelector(`[data-part="${CSS.escape(fresh.dataset.part)}"]`);
      if (!part || said.get(fresh.dataset.part) === fresh.innerHTML) continue;
      said.set(fresh.dataset.part, fresh.innerHTML);
      put(part, fresh.innerHTML);
    }
  }

  function stop() {
    clearTimeout(timer);
    if (asking) asking.abort();
    asking = null;
  }

  async function turn() {
    stop();
    if (paused || document.hidden) return;
    const mine = (asking = new AbortController());
    const late = setTimeout(() => mine.abort(), patience * 1000);
    try {
      const html = await read(mine.signal);
      if (mine !== asking) return; // it was paused, hidden or asked anew meanwhile
      show(html);
      live.classList.remove("old");
      state();
    } catch {
      if (mine !== asking) return;
      live.classList.add("old");
      tell("The page does not answer: what is shown is old. It is tried again.");
    } finally {
      clearTimeout(late);
    }
    timer = setTimeout(turn, seconds * 1000);
  }

  button.addEventListener("click", () => {
    paused = !paused;
    state();
    turn();
  });
  document.addEventListener("visibilitychange", turn);
  state();
  timer = setTimeout(turn, seconds * 1000);
})();
