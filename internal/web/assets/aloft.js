// The pages are rendered by the server. This script renews them when the event
// stream says so, follows logs, keeps times true and carries out the buttons.

const api = "/api/v1";
const subject = document.body.dataset.subject;
document.documentElement.classList.add("scripted");

// Times in words; the server's own words come from words.go.

function relative(time, now) {
  const distance = Math.abs(now - time);
  for (const [length, name] of [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"]]) {
    if (distance < length) continue;
    const words = `${Math.floor(distance / length)} ${name}`;
    return time > now ? `in ${words}` : `${words} ago`;
  }
  return time > now ? "in a moment" : "just now";
}

function lasting(milliseconds) {
  const seconds = Math.max(0, milliseconds / 1000);
  const whole = Math.floor(seconds);
  const two = (n) => String(n).padStart(2, "0");
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${whole} s`;
  if (seconds < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor(whole / 60) % 60)} min`;
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function tick() {
  const now = Date.now();
  for (const e of document.querySelectorAll("[data-moment]")) setText(e, relative(Date.parse(e.dateTime), now));
  for (const e of document.querySelectorAll("[data-since]")) setText(e, lasting(now - Date.parse(e.dataset.since)));
}

// Renewal: fetch this page again and put in the parts that changed.

const shown = new Map();
for (const part of document.querySelectorAll("[data-live]")) shown.set(part.id, part.innerHTML);

async function renew() {
  let response;
  try {
    response = await fetch(location.href, { headers: { Accept: "text/html" } });
  } catch {
    return; // the event stream connects again, and then renews
  }
  if (response.status === 401) return location.reload();
  if (!response.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const before = announced();
  for (const part of document.querySelectorAll("[data-live]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || fresh.innerHTML === shown.get(part.id)) continue;
    shown.set(part.id, fresh.innerHTML);
    replace(part, fresh);
  }
  tick();
  announce(before);
}

// replace keeps what the reader has opened and where the keyboard is.
function replace(part, fresh) {
  const open = new Set([...part.querySelectorAll("details[open]")].map((e) => e.id));
  const known = new Set([...part.querySelectorAll("details")].map((e) => e.id));
  const focused = part.contains(document.activeElement) ? [...part.querySelectorAll("a, button, summary")].indexOf(document.activeElement) : -1;
  part.replaceChildren(...fresh.childNodes);
  for (const e of part.querySelectorAll("details")) if (known.has(e.id)) e.open = open.has(e.id);
  if (focused >= 0) part.querySelectorAll("a, button, summary")[focused]?.focus({ preventScroll: true });
}

// Changes of status are told to those who cannot see the dots.

function announced() {
  return new Map([...document.querySelectorAll("[data-announce]")].map((e) => [e.dataset.announce, e.textContent.trim()]));
}

function announce(before) {
  const news = [];
  for (const [name, status] of announced()) {
    if (before.has(name) && before.get(name) !== status) news.push(`${name} is ${status}`);
  }
  if (news.length) document.getElementById("news").textContent = news.join(", ");
}

// Events. Only a visible page listens: browsers open few connections to a server.

const connection = document.getElementById("connection");
let events;
let planned;

function soon() {
  planned ??= setTimeout(() => {
    planned = undefined;
    renew();
  }, 120);
}

function concerns(message) {
  const { project, environment, runID } = JSON.parse(message.data);
  return !subject || subject === `${project}/${environment}` || subject === `run/${runID}`;
}

function listen() {
  events = new EventSource(`${api}/events`);
  events.onopen = () => {
    connection.hidden = true;
    soon();
  };
  events.onerror = () => {
    connection.hidden = false;
    connection.textContent = "reconnecting";
    if (events.readyState === EventSource.CLOSED) retry();
  };
  for (const name of ["environment", "run"]) {
    events.addEventListener(name, (message) => concerns(message) && soon());
  }
}

function retry() {
  setTimeout(async () => {
    await renew();
    if (!document.hidden && events?.readyState === EventSource.CLOSED) listen();
  }, 3000);
}

// Logs. A line's kind is told by log.go, too.

const controls = /\x1b\[[0-9;?]*[ -\/]*[@-~]|\x1b[@-Z\\-_]|[\x00-\x08\x0b-\x1f\x7f]/g;
const mostLines = 5000;
const kinds = [["=====>", "head"], ["----->", "step"], [" !", "bad"]];

function lineElement(text) {
  const line = document.createElement("span");
  line.className = kinds.find(([start]) => text.startsWith(start))?.[1] ?? "text";
  line.textContent = `${text}\n`;
  return line;
}

function append(log, text) {
  const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 24;
  const lines = text.replace(controls, "").split("\n");
  const rest = lines.pop();
  log.append(...lines.map(lineElement));
  while (log.childElementCount > mostLines) log.firstElementChild.remove();
  if (atEnd) log.scrollTop = log.scrollHeight;
  return rest;
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function follow(log, signal) {
  for (let wait = 500; !signal.aborted; wait = Math.min(2 * wait, 8000)) {
    try {
      const response = await fetch(api + log.dataset.stream, { signal });
      if (response.ok) {
        wait = 500;
        await copy(response, log);
        if ("untilEnd" in log.dataset) return;
      } else if (response.status < 500) {
        return;
      }
    } catch {
      // The connection broke, or the page was hidden.
    }
    await pause(wait);
  }
}

// copy shows a stream in place of what was there, which it begins with.
async function copy(response, log) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let first = true; ; first = false) {
    const { done, value } = await reader.read();
    if (done) break;
    if (first) log.replaceChildren();
    rest = append(log, rest + value);
  }
  if (rest) append(log, `${rest}\n`);
}

let following;

function followLogs() {
  following = new AbortController();
  for (const log of document.querySelectorAll("[data-stream]")) follow(log, following.signal);
}

// Buttons.

function complain(problem) {
  const box = document.createElement("div");
  box.textContent = [problem.detail ?? "The server did not answer.", problem.hint].filter(Boolean).join(" – ");
  document.getElementById("notice").replaceChildren(box);
  setTimeout(() => box.remove(), 12_000);
}

async function call(button) {
  const { call: method, path, body, then } = button.dataset;
  button.disabled = true;
  try {
    const headers = body ? { "Content-Type": "application/json" } : {};
    const response = await fetch(api + path, { method, body, headers });
    if (response.status === 401) return location.reload();
    const answer = response.status === 204 ? {} : await response.json();
    if (!response.ok) return complain(answer);
    button.closest("dialog")?.close();
    if (then === "run") location.assign(`/runs/${answer.id}`);
    else await renew();
  } catch {
    complain({});
  } finally {
    button.disabled = false;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.call) call(button);
  if (button?.dataset.dialog) document.getElementById(button.dataset.dialog).showModal();
});

document.addEventListener("input", (event) => {
  const wanted = event.target.dataset.mustBe;
  if (wanted) event.target.closest("form").querySelector("[data-call]").disabled = event.target.value !== wanted;
});

// Enter in the confirmation destroys when the name is right, and never by accident.
document.addEventListener("submit", (event) => {
  const button = event.target.querySelector("[data-call]");
  if (!button || event.submitter !== event.target.querySelector("button:not([data-call])")) return;
  if (document.activeElement?.dataset.mustBe !== undefined) {
    event.preventDefault();
    if (!button.disabled) call(button);
  }
});

// Life of the page.

function wake() {
  listen();
  followLogs();
}

function sleep() {
  events?.close();
  following?.abort();
}

document.addEventListener("visibilitychange", () => (document.hidden ? sleep() : wake()));
window.addEventListener("pagehide", sleep);
window.addEventListener("pageshow", (event) => event.persisted && wake());
setInterval(tick, 1000);
tick();
for (const log of document.querySelectorAll(".log")) log.scrollTop = log.scrollHeight;
if (!document.hidden) wake();
