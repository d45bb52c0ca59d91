// Files by drag and drop or by choice: sent one after another, each with its progress, then read.
"use strict";

const drop = document.getElementById("drop");
const list = document.getElementById("uploads");
const files = document.getElementById("files");

if (drop) {
  for (const name of ["dragenter", "dragover"]) {
    document.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      drop.classList.add("over");
    });
  }
  document.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) drop.classList.remove("over");
  });
  document.addEventListener("drop", (event) => {
    if (!event.dataTransfer?.files.length) return;
    event.preventDefault();
    drop.classList.remove("over");
    take([...event.dataTransfer.files]);
  });
  files.addEventListener("change", () => {
    take([...files.files]);
    files.value = "";
  });
  drop.addEventListener("submit", (event) => event.preventDefault());
}

async function take(chosen) {
  const sent = [];
  for (const file of chosen) {
    const name = await sendFile(file, false, line(file.name));
    if (name) sent.push(name);
  }
  if (sent.length) read(sent);
}

function read(names) {
  const form = new FormData();
  for (const name of names) form.append("document", name);
  fetch(drop.dataset.index, { method: "POST", body: form, headers: headers() }).then(async (response) => {
    const text = await response.text();
    if (!response.ok) { pakar.say(pakar.problem(text, response.status), true); return; }
    const place = document.getElementById("adding");
    place.innerHTML = text;
    htmx.process(place);
    watchAll();
  }).catch(() => pakar.say(list.dataset.lost, true));
}

function headers() {
  return pakar.csrf ? { "X-CSRF-Token": pakar.csrf } : {};
}

// A row of the list: name, what happens, a bar.
function line(name) {
  const row = document.createElement("li");
  const label = document.createElement("span");
  const says = document.createElement("span");
  const bar = document.createElement("progress");
  label.textContent = name;
  says.className = "muted";
  says.setAttribute("role", "status");
  bar.max = 1;
  bar.setAttribute("aria-label", name);
  row.append(label, says, bar);
  list.append(row);
  return row;
}

// Sends a file; gives its document's name, or null where it was refused.
function sendFile(file, replace, row) {
  const [, says, bar] = row.children;
  says.textContent = list.dataset.sending;
  says.className = "muted";
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    const form = new FormData();
    form.append("replace", replace);
    form.append("file", file);
    request.open("POST", drop.dataset.upload);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) bar.value = event.loaded / event.total;
    });
    request.addEventListener("load", () => {
      bar.hidden = true;
      if (request.status === 201) {
        says.textContent = list.dataset.sent;
        resolve(JSON.parse(request.responseText).document);
        return;
      }
      says.textContent = pakar.problem(request.responseText, request.status);
      says.className = "bad";
      if (request.status === 409) offer(file, row, says);
      resolve(null);
    });
    request.addEventListener("error", () => {
      bar.hidden = true;
      says.textContent = list.dataset.lost;
      says.className = "bad";
      resolve(null);
    });
    request.send(form);
  });
}

function offer(file, row, says) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = list.dataset.replace;
  button.addEventListener("click", async () => {
    button.remove();
    row.children[2].hidden = false;
    const name = await sendFile(file, true, row);
    if (name) read([name]);
  });
  says.append(" ", button);
}
