// The page /new is a form that works by itself. This script asks for the page
// again whenever something is chosen, and puts in the parts that changed.

const form = document.getElementById("choices");
document.documentElement.classList.add("scripted");

const shown = new Map();
for (const part of document.querySelectorAll("[data-part]")) shown.set(part.id, part.innerHTML);

let latest = 0;
let waiting;

function addressOf(submitter) {
  return `/new?${new URLSearchParams(new FormData(form, submitter))}`;
}

async function show(address) {
  const turn = ++latest;
  clearTimeout(waiting);
  let response;
  try {
    response = await fetch(address, { headers: { Accept: "text/html" } });
  } catch {
    return tell("The server does not answer; what is shown is old.");
  }
  const text = await response.text();
  if (turn !== latest) return; // something else was chosen meanwhile
  if (!response.ok) return tell("The server could not show the files; its log tells why.");
  tell("");
  const page = new DOMParser().parseFromString(text, "text/html");
  const focused = focus();
  for (const part of document.querySelectorAll("[data-part]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || fresh.innerHTML === shown.get(part.id)) continue;
    shown.set(part.id, fresh.innerHTML);
    replace(part, fresh);
  }
  focused();
  history.replaceState(null, "", document.getElementById("link")?.getAttribute("href") ?? address);
}

// replace keeps what is opened and closed, and how far it is scrolled.
function replace(part, fresh) {
  const open = new Map([...part.querySelectorAll("details")].map((e) => [e.id, e.open]));
  const file = (from) => from.querySelector("#preview")?.textContent;
  const scrolled = file(part) === file(fresh) ? part.querySelector(".source")?.scrollTop : 0;
  part.replaceChildren(...fresh.childNodes);
  for (const e of part.querySelectorAll("details")) {
    const needed = e.querySelector("[aria-current], [aria-invalid]");
    if (open.has(e.id)) e.open = open.get(e.id) || needed !== null;
  }
  if (scrolled) part.querySelector(".source").scrollTop = scrolled;
}

// focus notes where the keyboard is; what it returns puts it there again, or on
// the name of the app when the button has gone.
function focus() {
  const was = document.activeElement;
  if (!was?.id) return () => {};
  const { id, value, selectionStart, selectionEnd } = was;
  return () => {
    const now = document.getElementById(id) ?? (id.startsWith("do-") ? document.getElementById("f-app-name") : null);
    if (!now || now === was) return;
    now.focus({ preventScroll: true });
    if (now.id !== id || typeof selectionStart !== "number") return;
    now.value = value; // what was typed since
    now.setSelectionRange(selectionStart, selectionEnd);
  };
}

function tell(message) {
  const box = document.getElementById("notice");
  if (!message) return box.replaceChildren();
  const text = document.createElement("div");
  text.textContent = message;
  box.replaceChildren(text);
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const adds = event.submitter?.value === "add";
  await show(addressOf(event.submitter));
  if (adds) document.getElementById("f-app-name").select();
});

form.addEventListener("input", (event) => {
  clearTimeout(waiting);
  const typed = event.target.matches("input:not([type=radio])");
  waiting = setTimeout(() => show(addressOf()), typed ? 250 : 0);
});

// copy puts the text of an element on the clipboard. Pages that come by plain
// HTTP from another machine have no navigator.clipboard.
async function copy(element) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  }
  getSelection().selectAllChildren(element);
  return document.execCommand("copy");
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-file]");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    form.elements.file.value = link.dataset.file;
    show(addressOf());
  }
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const element = document.getElementById(button.dataset.copy);
  const copied = await copy(element).catch(() => false);
  if (!copied) getSelection().selectAllChildren(element);
  button.textContent = copied ? "Copied" : "Selected";
  document.getElementById("news").textContent = copied ? "Copied" : "Selected; copy it with the keyboard";
  setTimeout(() => (button.textContent = "Copy"), 2000);
});
