"use strict";
// One page, one brain: it listens to /api/events and shows what it hears. The token stays in this tab.

const $ = (id) => document.getElementById(id);
let token = new URLSearchParams(location.hash.slice(1)).get("token") || sessionStorage.getItem("token") || "";
if (location.hash) history.replaceState(null, "", location.pathname);
let known = null;    // the brain, as it was last told
let asked = null;    // the samples that were last asked about
let corrected = 0;   // the version that the last correction has made
const SHOWN = 20;    // answers that can be corrected one by one

async function call(path, body) {
  const answer = await fetch(path, {
    method: body === undefined ? "GET" : "POST",
    headers: { Authorization: `Bearer ${token}`, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const said = await answer.json().catch(() => ({}));
  if (answer.status === 401) close();
  if (!answer.ok) throw new Error(said.error || `The brain answered ${answer.status}.`);
  return said;
}

async function attempt(action) {
  $("error").hidden = true;
  try { return await action(); }
  catch (error) { $("error").textContent = error.message; $("error").hidden = false; }
}

// what the brain tells

async function listen() {
  for (;;) {
    try {
      const answer = await fetch("/api/events", { headers: { Authorization: `Bearer ${token}` } });
      if (answer.status === 401) return close();
      if (!answer.ok) throw new Error();
      sessionStorage.setItem("token", token);
      $("door").hidden = true;
      $("brain").hidden = false;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        text += value;
        const parts = text.split("\n\n");
        text = parts.pop();
        for (const part of parts) if (part.startsWith("data: ")) show(JSON.parse(part.slice(6)));
      }
    } catch { /* told below */ }
    state("lost", "connection lost; trying again …");
    await new Promise((wake) => setTimeout(wake, 1500));
  }
}

function close() {
  token = "";
  sessionStorage.removeItem("token");
  $("brain").hidden = true;
  $("door").hidden = false;
  state("lost", "closed");
}

function state(kind, words) { $("state").className = `state ${kind}`; $("state").textContent = words; }

function make(kind, text, parent) {
  const part = document.createElement(kind);
  if (text !== undefined) part.textContent = text;
  if (parent) parent.append(part);
  return part;
}

const percent = (share) => share === undefined ? "–" : `${(100 * share).toFixed(0)} %`;
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(2)} MB`;
const when = (text) => new Date(text).toLocaleString([], { dateStyle: "short", timeStyle: "short" });

function show(brain) {
  known = brain;
  if (brain.version > corrected) $("undo").hidden = true;    // there was another change since
  state(brain.asleep ? "asleep" : "awake", brain.asleep ? "asleep" : "awake");
  $("sleep").disabled = brain.asleep || brain.classes.length === 0;
  $("label").type = brain.targets === "numbers" ? "number" : "text";
  $("label").step = "any";
  const facts = [["classes", brain.classes.length], ["samples learned", brain.samples], ["state", megabytes(brain.state_bytes)],
    ["version", brain.version], ["encoder", brain.encoder]];
  $("facts").replaceChildren(...facts.map(([name, value]) => {
    const box = make("div");
    make("dt", name, box);
    make("dd", value, box);
    return box;
  }));
  const drift = brain.drift;
  $("drift").hidden = !(drift && drift.found);
  if (drift && drift.found) $("drift").textContent = `The stream has drifted: since version ${drift.since}, samples differ ` +
    `from their class ${drift.now.toFixed(1)} times as much as its spread explains (${drift.before.toFixed(1)} before).`;
  $("labels").replaceChildren(...brain.classes.map((one) => { const item = make("option"); item.value = one.label; return item; }));
  $("classes").tBodies[0].replaceChildren(...brain.classes.map((one) => {
    const row = make("tr");
    make("td", one.label, row);
    make("td", one.samples, row);
    make("td", percent(brain.known[one.label]), row);
    const button = make("button", "forget", make("td", undefined, row));
    button.className = "plain";
    button.setAttribute("aria-label", `forget ${one.label}`);
    button.onclick = () => confirm(`Forget ${one.label}, as if it had never been learned?`) &&
      attempt(() => call("/api/forget", { label: one.label }));
    return row;
  }));
  $("nights").tBodies[0].replaceChildren(...brain.nights.slice().reverse().map((night) => {
    const row = make("tr");
    make("td", when(night.time), row);
    const sharp = night.sharpened && night.sharpened.sharpened
      ? `sharpened (log-loss ${night.sharpened.loss.toFixed(3)} → ${night.sharpened.sharp_loss.toFixed(3)})` : "";
    const deep = night.deeper && night.deeper.deepened && night.deeper.deep_loss
      ? `a deeper cortex (log-loss ${night.deeper.loss.toFixed(3)} → ${night.deeper.deep_loss.toFixed(3)})` : "";
    make("td", [[night.verdict, sharp, deep].filter(Boolean).join(", "), night.reason || night.left_out]
      .filter(Boolean).join(": "), row);
    make("td", night.explained.map((share) => share.toFixed(3)).join(" → "), row);
    make("td", night.state_bytes.map(megabytes).join(" → "), row);
    make("td", `${night.seconds.toFixed(1)} s`, row);
    return row;
  }));
  $("history").replaceChildren(...brain.history.slice().reverse().map((event) => {
    const item = make("li");
    make("time", when(event.time), item);
    const more = [event.samples ? `${event.samples} samples` : "", event.new && event.new.length ? `new: ${event.new.join(", ")}` : "",
      event.name || "", event.label || "", event.to === undefined ? "" : `to ${event.to}`, event.verdict || ""].filter(Boolean).join(", ");
    item.append(`${event.version} ${event.kind}${more ? `: ${more}` : ""}`);
    return item;
  }));
  draw("retention", brain.retention, [["mean", "mean", "--accent"], ["least", "least known class", "--second"]]);
  draw("novelty", brain.novelty, [["mean", "novelty", "--accent"], ["new", "share that is new", "--second"]]);
}

// plots

const plots = {};
function draw(name, points, lines) {
  const box = $(name), colour = (variable) => getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
  const data = [points.map((point) => point.time), ...lines.map(([key]) => points.map((point) => point[key]))];
  if (plots[name]) return plots[name].setData(data);
  if (!box.clientWidth) return;
  const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
  plots[name] = new uPlot({
    width: box.clientWidth - 20, height: 200,
    scales: { x: { range: span }, y: { range: [0, 1.02] } },
    axes: [axis, { ...axis, size: 52 }],
    series: [{}, ...lines.map(([, label, variable]) => ({ label, stroke: colour(variable), width: 2, points: { show: true, size: 5 },
      value: (_, value) => value == null ? "" : value.toFixed(2) }))],
  }, data, box);
}
function span(plot) {   // a minute at least
  const times = plot.data[0], now = Date.now() / 1000;
  const from = times.length ? times[0] : now, to = times.length ? times[times.length - 1] : now;
  return to - from < 60 ? [(from + to) / 2 - 30, (from + to) / 2 + 30] : [from, to];
}
addEventListener("resize", () => {
  for (const [name, plot] of Object.entries(plots)) plot.setSize({ width: $(name).clientWidth - 20, height: 200 });
});

// showing it something

function base64(file) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(new Error("The file cannot be read."));
    reader.readAsDataURL(file);
  });
}

async function ask(samples, count, names) {
  asked = { samples, count, learned: Array(count).fill(null) };
  $("answer").hidden = false;
  $("answers").replaceChildren();
  $("corrected").hidden = true;
  $("verdict").textContent = "…";
  if (known.samples === 0) return void ($("verdict").textContent = "It knows nothing yet. Tell it what this is.");
  let found;
  try { found = await call("/api/predict", { samples }); }
  catch (error) { $("verdict").textContent = ""; throw error; }
  $("verdict").replaceChildren();
  if (found.values) return tellNumbers(found, names);
  const tally = new Map();
  found.labels.forEach((label, i) => tally.set(found.new[i] ? "something new" : label, (tally.get(found.new[i] ? "something new" : label) || 0) + 1));
  if (count === 1) {
    make("b", found.new[0] ? "This is new." : String(found.labels[0]), $("verdict"));
    $("verdict").append(found.new[0] ? ` Nearest: ${found.labels[0]}` : "",
      `, confidence ${percent(found.confidence[0])}, novelty ${found.novelty[0].toFixed(2)}`);
  } else {
    $("verdict").textContent = [...tally].map(([label, n]) => `${n} × ${label}`).join(", ");
  }
  $("answers").replaceChildren(...found.labels.slice(0, SHOWN).map((label, i) => answer(label, i, count > 1 ? names[i] : "")));
}

// numbers, and the limits between which they lie

function tellNumbers(found, names) {
  const said = (i) => [found.values[i]].flat().map((value, k) => {
    const [low, high] = [[found.low[i]].flat()[k], [found.high[i]].flat()[k]];
    return `${found.targets[k] ? `${found.targets[k]}: ` : ""}${amount(value)} (${amount(low)} … ${amount(high)})`;
  }).join(", ");
  $("verdict").textContent = `${found.values.length === 1 ? said(0) + ". " : ""}Between the limits lie ` +
    `${percent(found.coverage)} of new numbers.`;
  if (found.values.length > 1) $("answers").replaceChildren(...found.values.slice(0, SHOWN).map((_, i) => make("li", `${names[i]}: ${said(i)}`)));
}

const amount = (value) => value === null ? "?" : Number(value.toPrecision(5)).toLocaleString();

// an answer, and a small form beside it to correct it

function answer(label, i, name) {
  const item = make("li"), said = make("span", name ? `${name}: ${label}` : "", item);
  const form = make("form", undefined, item), row = make("div", undefined, form);
  row.className = "row";
  const right = make("input", undefined, row);
  right.required = true;
  right.autocomplete = "off";
  right.placeholder = "it is …";
  right.setAttribute("list", "labels");
  right.setAttribute("aria-label", `what it is, in place of ${label}`);
  make("button", "Not right", row);
  const of = asked;
  form.onsubmit = (event) => {
    event.preventDefault();
    attempt(() => correct(of, i, labelOf(right.value), (text) => { said.textContent = name ? `${name}: ${text}` : text; right.value = ""; }));
  };
  return item;
}

async function correct(of, i, to, tell) {
  const [kind, all] = Object.entries(of.samples)[0];
  const body = { samples: { [kind]: [all[i]] }, to };
  if (of.learned[i] !== null && of.learned[i] !== to) body.was = of.learned[i];   // this page has taught it so
  const done = await call("/api/correct", body);
  of.learned[i] = null;
  tell(String(done.after));
  const others = done.others.filter((one) => one.share > 0).sort((a, b) => b.share - a.share);
  $("corrected").firstElementChild.textContent = (done.changed
    ? `It answered ${done.before}, and answers ${done.after} now; this sample counts ${done.weight} times. `
    : `It answers ${done.after} still: too many samples speak against ${to}. This one was learned once. `) +
    (others.length ? `Of dreams, answered differently now: ${others.slice(0, 8).map((one) => `${one.label} ${percent(one.share)}`).join(", ")}.`
      : "No dream is answered differently.");
  corrected = done.version;
  $("undo").hidden = false;
  $("corrected").hidden = false;
}

function labelOf(word) {
  const text = word.trim();
  return known.classes.find((one) => String(one.label) === text)?.label ?? text;
}

async function take(files) {
  const pictures = [...files].filter((file) => file.type.startsWith("image/"));
  if (!pictures.length) throw new Error("That was no picture.");
  $("shown").src = URL.createObjectURL(pictures[0]);
  $("shown").hidden = false;
  $("hint").textContent = pictures.length > 1 ? `${pictures.length} pictures` : pictures[0].name;
  await ask({ pictures: await Promise.all(pictures.map(base64)) }, pictures.length, pictures.map((file) => file.name));
}

$("drop").onclick = () => $("files").click();
$("drop").onkeydown = (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); $("files").click(); } };
$("files").onclick = (event) => event.stopPropagation();
$("files").onchange = (event) => attempt(() => take(event.target.files));
$("drop").ondragover = (event) => { event.preventDefault(); $("drop").classList.add("over"); };
$("drop").ondragleave = () => $("drop").classList.remove("over");
$("drop").ondrop = (event) => { event.preventDefault(); $("drop").classList.remove("over"); attempt(() => take(event.dataTransfer.files)); };
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", (event) => event.preventDefault());
$("say").onsubmit = (event) => {
  event.preventDefault();
  const text = $("sentence").value.trim();
  if (text) attempt(() => ask({ texts: [text] }, 1, [text]));
};
$("teach").onsubmit = (event) => {
  event.preventDefault();
  const numbers = known.targets === "numbers", label = numbers ? $("label").valueAsNumber : labelOf($("label").value);
  attempt(async () => {
    const done = await call("/api/learn", { samples: asked.samples, [numbers ? "numbers" : "labels"]: Array(asked.count).fill(label) });
    $("verdict").textContent = `Learned ${done.samples} as ${label}${done.new.length ? ", a new class" : ""}.`;
    asked.learned.fill(label);
    $("label").value = "";
  });
};
$("undo").onclick = () => attempt(async () => {
  await call("/api/rollback", { to: corrected - 1 });
  $("corrected").firstElementChild.textContent = "Undone: it is as before the correction.";
  $("undo").hidden = true;
});
$("sleep").onclick = () => attempt(() => call("/api/sleep", {}));
$("door").onsubmit = (event) => { event.preventDefault(); token = $("token").value.trim(); listen(); };

if (token) listen(); else close();
