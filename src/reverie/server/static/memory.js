"use strict";
// One page, one memory: look at it, search it, mend it, forget. The token stays in this tab.

const $ = (id) => document.getElementById(id);
let token = new URLSearchParams(location.hash.slice(1)).get("token") || sessionStorage.getItem("token") || "";
if (location.hash) history.replaceState(null, "", location.pathname);
let before = null;     // where the list goes on
let searched = null;   // the question that the list answers

async function fetched(path, body) {
  const answer = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 401) close();
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || `The memory answered ${answer.status}.`);
  return answer;
}
const call = async (path, body) => (await fetched(path, body)).json();

async function attempt(action) {
  $("error").hidden = true;
  try { return await action(); }
  catch (error) { $("error").textContent = error.message; $("error").hidden = false; }
}

function done(words) { $("done").textContent = words; $("done").hidden = false; }
function state(kind, words) { $("state").className = `state ${kind}`; $("state").textContent = words; }

function close() {
  token = "";
  sessionStorage.removeItem("token");
  $("memory").hidden = true;
  $("door").hidden = false;
  state("lost", "closed");
}

function make(kind, text, parent) {
  const part = document.createElement(kind);
  if (text !== undefined) part.textContent = text;
  if (parent) parent.append(part);
  return part;
}

const day = (text) => text.slice(0, 10);
const short = (one) => { const text = one.text ?? `${one.who}: ${one.what}: ${one.value}`; return text.length > 60 ? `${text.slice(0, 60)}…` : text; };

// what it holds

async function look() {
  const memory = await call("/api/memory");
  $("facts").replaceChildren(...[["texts", memory.texts], ["facts, all versions", memory.facts], ["encoder", memory.encoder]].map(([name, value]) => {
    const box = make("div");
    make("dt", name, box);
    make("dd", value, box);
    return box;
  }));
  state(memory.asleep ? "asleep" : "awake", memory.asleep ? "asleep" : "awake");
  $("sleep").disabled = memory.asleep;
}

async function list(further) {
  const page = await call(`/api/memories?limit=50${further && before ? `&before=${before}` : ""}`);
  searched = null;
  before = page.before ?? null;
  $("heading").textContent = "Newest first";
  if (!further) $("list").replaceChildren();
  $("list").append(...page.episodes.map(item));
  $("more").hidden = before === null;
  if (!$("list").children.length) make("li", "Nothing is remembered yet.", $("list"));
}

async function search() {
  const question = $("question").value.trim(), at = $("as-of").value;
  if (!question) return list();
  const found = (await call("/api/recall", { question, k: 20, ...(at ? { as_of: at } : {}) })).found;
  searched = question;
  $("heading").textContent = "Best first";
  $("more").hidden = true;
  $("list").replaceChildren(...found.map(item));
  done(found.length === 1 ? "One memory found." : `${found.length} memories found.`);
}

const again = () => searched === null ? list() : search();

// one memory, and how it is mended

function item(one) {
  const line = make("li");
  make("p", one.text ?? `${one.who}: ${one.what}: ${one.value}`, line).className = "said";
  const facts = (one.facts ?? (one.value === undefined ? [] : [one])).map((fact) => `${fact.who}: ${fact.what}: ${fact.value}`);
  const about = [`${one.id}`, facts.join("; "), one.valid_from ? `since ${day(one.valid_from)}` : `heard ${day(one.heard)}`,
    one.valid_to ? `until ${day(one.valid_to)}` : "", one.over ? "no longer so" : "", `from ${one.source}`, one.trusted ? "" : "hearsay",
    one.pinned ? "pinned" : "", one.strength === undefined ? "" : `strength ${one.strength.toFixed(2)}`];
  make("p", about.filter(Boolean).join(" · "), line).className = "soft";
  if (one.id === undefined) return line;
  const tools = make("div", undefined, line);
  tools.className = "tools";
  const button = (words, name, act, parent = tools) => {
    const made = make("button", words, parent);
    made.type = "button";
    made.className = "plain";
    made.setAttribute("aria-label", `${name} ${one.id}: ${short(one)}`);
    made.onclick = () => attempt(act);
    return made;
  };
  if (searched !== null) button("That is right", "confirm", async () => {
    await call("/api/confirm", { question: searched, ids: [one.id] });
    done(`${one.id} stays strong.`);
  });
  const pin = button(one.pinned ? "Pinned" : "Pin", "pin", async () => {
    const now = (await call("/api/change", { id: one.id, pinned: !one.pinned })).episodes[0];
    swap(line, { ...one, ...now, pinned: !!now.pinned }, "pin");
    done(now.pinned ? `${one.id} is pinned: it is never let go.` : `${one.id} is no longer pinned.`);
  });
  pin.setAttribute("aria-pressed", String(!!one.pinned));
  pin.dataset.tool = "pin";
  const form = make("details", undefined, line);
  const summary = make("summary", "Mend", form);
  summary.setAttribute("aria-label", `mend ${one.id}: ${short(one)}`);
  mending(one, line, form);
  button("Forget", "forget", async () => {
    if (!confirm(`Forget ${one.id} for good? ${short(one)}`)) return;
    const next = line.nextElementSibling ?? line.previousElementSibling;
    await call("/api/forget", { ids: [one.id] });
    line.remove();
    (next?.querySelector("button") ?? $("question")).focus();
    done(`${one.id} is forgotten.`);
    await look();
  });
  return line;
}

function mending(one, line, parent) {
  const dated = make("form", undefined, parent), row = make("div", undefined, dated);
  row.className = "row";
  const since = make("input", undefined, row);
  since.type = "date";
  since.required = true;
  since.value = day(one.valid_from ?? one.heard);
  since.setAttribute("aria-label", `since when ${one.id} holds`);
  make("button", "Set the date", row);
  dated.onsubmit = (event) => {
    event.preventDefault();
    attempt(async () => {
      await call("/api/change", { id: one.id, valid_from: since.value });
      done(`${one.id} holds since ${since.value}.`);
      await again();
    });
  };
  if (one.text === undefined) return;
  const said = make("form", undefined, parent), line2 = make("div", undefined, said);
  line2.className = "row";
  const text = make("input", undefined, line2);
  text.value = one.text;
  text.required = true;
  text.setAttribute("aria-label", `what ${one.id} should say`);
  make("button", "Correct", line2);
  said.onsubmit = (event) => {
    event.preventDefault();
    attempt(async () => {   // the new one first: nothing is lost where that is refused
      const { valid_from, session, source } = one;
      const told = await call("/api/remember", { text: text.value, source, hearsay: !one.trusted, pinned: !!one.pinned,
        ...(valid_from ? { valid_from } : {}), ...(session ? { session } : {}) });
      if (!told.ids.includes(one.id)) await call("/api/forget", { ids: [one.id] });
      done(told.ids.includes(one.id) ? `${one.id} says that already.` : `${told.ids[0]} is in the place of ${one.id}, which is forgotten.`);
      await again();
      await look();
    });
  };
}

function swap(line, one, tool) {
  const made = item(one);
  line.replaceWith(made);
  made.querySelector(`[data-tool=${tool}]`)?.focus();
}

// nights

async function night() {
  for (;;) {
    const now = await call("/api/sleep");
    if (!now.asleep) {
      const slept = now.report?.retriever;
      $("night").textContent = slept ? `The night is over, after ${now.seconds.toFixed(1)} s: ${slept.verdict}, ${slept.merged.length} merged, ${slept.pruned.length} let go.`
        : now.error ? `The night has failed (${now.error}). Nothing was changed.` : "";
      await look();
      if (slept) await again();
      return;
    }
    state("asleep", "asleep");
    $("sleep").disabled = true;
    $("night").textContent = `asleep for ${now.seconds.toFixed(0)} s (${now.stage}) …`;
    await new Promise((wake) => setTimeout(wake, 500));
  }
}

async function open() {
  await look();
  sessionStorage.setItem("token", token);
  $("door").hidden = true;
  $("memory").hidden = false;
  await list();
  await night();
}

$("search").onsubmit = (event) => { event.preventDefault(); attempt(search); };
$("all").onclick = () => attempt(async () => { $("question").value = $("as-of").value = ""; await list(); });
$("remember").onsubmit = (event) => {
  event.preventDefault();
  attempt(async () => {
    const told = await call("/api/remember", { text: $("text").value, hearsay: $("hearsay").checked });
    $("text").value = "";
    const facts = told.facts.map((fact) => `${fact.who}: ${fact.what}: ${fact.value}`).join("; ");
    done(`Remembered as ${told.ids.join(", ")}.${facts ? ` ${facts}.` : ""}`);
    await list();
    await look();
  });
};
$("more").onclick = () => attempt(() => list(true));
$("sleep").onclick = () => attempt(async () => { await call("/api/sleep", {}); await night(); });
$("export").onclick = (event) => {
  event.preventDefault();
  attempt(async () => {
    const file = URL.createObjectURL(await (await fetched("/api/export")).blob()), link = make("a");
    Object.assign(link, { href: file, download: "memory.jsonl" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(file), 10_000);
  });
};
$("door").onsubmit = (event) => { event.preventDefault(); token = $("token").value.trim(); attempt(open); };
addEventListener("keydown", (event) => {   // "/" goes to the search, as in many places
  if (event.key === "/" && !/^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName)) { event.preventDefault(); $("question").focus(); }
});

if (token) attempt(open).then(() => { if ($("memory").hidden) $("door").hidden = false; }); else close();
