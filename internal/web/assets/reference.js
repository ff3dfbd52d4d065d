// The page /reference: lists the operations that the API describes, and calls
// them from the browser.

document.documentElement.classList.add("scripted");
const base = "/api/v1";
const methods = ["get", "post", "put", "patch", "delete"];

// element makes an element with attributes and children.
function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

const described = await (await fetch(`${base}/openapi.json`)).json();

// resolve follows a reference into the description.
function resolve(schema) {
  const name = schema?.$ref?.split("/").pop();
  return name ? described.components.schemas[name] : (schema ?? {});
}

// sample is a body to start from: every field, empty or with its first value.
function sample(schema, depth = 0) {
  schema = resolve(schema);
  const type = [schema.type].flat()[0];
  if (schema.examples?.length) return schema.examples[0];
  if (schema.enum) return schema.enum[0];
  if (type === "object" && depth < 4) {
    return Object.fromEntries(Object.entries(schema.properties ?? {}).map(([key, value]) => [key, sample(value, depth + 1)]));
  }
  if (type === "array") return [];
  return { integer: 0, number: 0, boolean: false }[type] ?? "";
}

function operations() {
  const list = [];
  for (const [path, item] of Object.entries(described.paths)) {
    const root = item.servers ? item.servers[0].url.replace(/\/$/, "") : base;
    for (const method of methods) if (item[method]) list.push({ method, path: root + path, ...item[method] });
  }
  return list;
}

function input(operation, parameter) {
  const id = `${operation.operationId}-${parameter.name}`;
  const values = resolve(parameter.schema).enum;
  const attributes = { id, name: parameter.name, "data-in": parameter.in, ...(parameter.required && { required: "" }) };
  const control = values
    ? element("select", attributes, ...(parameter.required ? [] : [element("option", { value: "" }, "")]), ...values.map((v) => element("option", { value: v }, v)))
    : element("input", { ...attributes, spellcheck: "false", autocomplete: "off", placeholder: parameter.example ?? parameter.schema?.examples?.[0] });
  const field = element("div", { class: "field" }, element("label", { for: id }, parameter.name), control);
  if (parameter.description) {
    control.setAttribute("aria-describedby", `${id}-about`);
    field.append(element("span", { class: "detail", id: `${id}-about` }, parameter.description));
  }
  return field;
}

function show(operation) {
  const form = element("form", { class: "try" });
  const parameters = (operation.parameters ?? []).filter((p) => p.in !== "header");
  if (parameters.length) form.append(element("div", { class: "fields" }, ...parameters.map((p) => input(operation, p))));
  const content = operation.requestBody?.content?.["application/json"];
  if (content) {
    const id = `${operation.operationId}-body`;
    const text = element("textarea", { id, name: "", rows: 8, spellcheck: "false", "data-in": "body" });
    text.value = JSON.stringify(content.example ?? sample(content.schema), null, 2);
    form.append(element("div", { class: "field" }, element("label", { for: id }, "Body"), text));
  }
  const answer = element("div", { class: "answer", role: "status" });
  form.append(element("p", { class: "actions" }, element("button", { class: "main" }, "Send")), answer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(operation, form, answer);
  });
  return element("details", { id: operation.operationId },
    element("summary", {}, element("b", { class: "method" }, operation.method.toUpperCase()), element("code", {}, operation.path), element("span", { class: "faint" }, operation.summary)),
    form);
}

async function send(operation, form, answer) {
  let path = operation.path;
  const query = new URLSearchParams();
  let body;
  for (const control of form.querySelectorAll("[data-in]")) {
    const value = control.value.trim();
    if (control.dataset.in === "path") path = path.replace(`{${control.name}}`, encodeURIComponent(value));
    else if (control.dataset.in === "body") body = value;
    else if (value) query.append(control.name, value);
  }
  const address = query.size ? `${path}?${query}` : path;
  answer.replaceChildren(element("p", { class: "faint" }, "…"));
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(), 10_000); // streams have no end
  try {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    const response = await fetch(address, { method: operation.method.toUpperCase(), body, headers, signal: stop.signal });
    answer.replaceChildren(...(await told(response, address)));
  } catch (error) {
    answer.replaceChildren(element("p", { class: "reason" }, stop.signal.aborted ? "No whole answer in 10 seconds: this operation goes on answering." : String(error)));
  } finally {
    clearTimeout(patience);
  }
}

// told shows an answer: its status, notices, and the text or the file.
async function told(response, address) {
  const type = response.headers.get("Content-Type") ?? "";
  const parts = [element("p", {}, element("span", { class: `status ${response.ok ? "good" : "bad"}` }, `${response.status} ${response.statusText}`), " ", element("code", {}, address))];
  const notice = response.headers.get("Aloft-Notice");
  if (notice) parts.push(element("p", { class: "told" }, notice));
  if (/zip/.test(type)) {
    const blob = await response.blob();
    const name = /filename="([^"]*)"/.exec(response.headers.get("Content-Disposition") ?? "")?.[1];
    parts.push(element("p", {}, element("a", { href: URL.createObjectURL(blob), download: name }, `Save ${name} (${Math.ceil(blob.size / 1000)} kB)`)));
    return parts;
  }
  let text = await response.text();
  if (/json/.test(type) && !/ndjson/.test(type)) text = JSON.stringify(JSON.parse(text), null, 2);
  if (text) parts.push(element("pre", { class: "log", tabindex: "0" }, text));
  return parts;
}

const groups = Map.groupBy(operations(), (operation) => operation.tags[0]);
document.getElementById("operations").replaceChildren(
  ...[...groups].map(([tag, list]) => element("section", {}, element("h2", {}, tag[0].toUpperCase() + tag.slice(1)), ...list.map(show))),
);
const asked = document.getElementById(location.hash.slice(1));
if (asked?.matches("details")) {
  asked.open = true;
  asked.scrollIntoView();
}
