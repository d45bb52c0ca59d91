// Asks without leaving the page: the answer appears as the model writes it, then with its sources.
"use strict";

const form = document.getElementById("ask");
const box = document.getElementById("question");
const stop = document.getElementById("stop");
const send = document.getElementById("send");
const spoken = document.getElementById("spoken");
let running = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const question = box.value.trim();
  if (!question || running) return;
  box.value = "";
  ask(question);
});
box.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
stop.addEventListener("click", () => running?.abort());

async function ask(question) {
  const turn = document.getElementById("asked").content.firstElementChild.cloneNode(true);
  turn.querySelector(".question").textContent = question;
  document.getElementById("turns").append(turn);
  turn.scrollIntoView({ block: "end" });
  const sent = new FormData(form);
  sent.set("question", question);
  running = new AbortController();
  stop.hidden = false;
  send.disabled = true;
  spoken.textContent = "";
  try {
    const response = await fetch("/ask/stream", {
      method: "POST",
      body: sent,
      headers: pakar.csrf ? { "X-CSRF-Token": pakar.csrf } : {},
      signal: running.signal,
    });
    if (!response.ok) throw new Error(pakar.problem(await response.text(), response.status));
    await read(response.body, turn);
  } catch (error) {
    const stopped = error.name === "AbortError";
    const lost = error instanceof TypeError;
    broken(turn, question, stopped ? spoken.dataset.stopped : lost ? spoken.dataset.lost : error.message);
  } finally {
    running = null;
    stop.hidden = true;
    send.disabled = false;
    box.focus({ preventScroll: true });
  }
}

async function read(body, turn) {
  const text = turn.querySelector(".text");
  let ended = false;
  for await (const [name, data] of events(body)) {
    if (name === "piece") {
      const near = nearEnd();
      text.append(data);
      if (near) turn.scrollIntoView({ block: "end" });
    } else if (name === "answer") {
      ended = true;
      finished(turn, data);
    } else if (name === "problem") {
      throw new Error(data.hint ? `${data.message}. ${data.hint}` : data.message);
    }
  }
  if (!ended) throw new TypeError("the stream ended");
}

// Server-sent events out of a response: pairs of a name and its data, which is JSON.
async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) {
      const lines = block.split("\n");
      const name = lines.find((line) => line.startsWith("event: "))?.slice(7);
      const data = lines.find((line) => line.startsWith("data: "))?.slice(6);
      if (name && data) yield [name, JSON.parse(data)];
    }
  }
}

function finished(turn, data) {
  const near = nearEnd();
  turn.querySelector(".answer").outerHTML = data.html;
  htmx.process(turn);
  spoken.textContent = `${spoken.dataset.ready} ${turn.querySelector(".text").textContent}`;
  if (form.elements.conversation.value !== data.conversation) {
    form.elements.conversation.value = data.conversation;
    history.replaceState(null, "", `/c/${data.conversation}`);
    if (data.heading) {
      document.querySelector(".talk").insertAdjacentHTML("afterbegin", data.heading);
      htmx.process(document.querySelector(".talk > .heading"));
    }
    htmx.ajax("GET", "/conversations", "#conversations");
  }
  if (near) turn.scrollIntoView({ block: "end" });
}

function broken(turn, question, why) {
  const answer = turn.querySelector(".answer");
  answer.classList.remove("writing");
  answer.removeAttribute("aria-busy");
  answer.querySelector(".waiting")?.remove();
  const note = document.getElementById("broken").content.firstElementChild.cloneNode(true);
  note.querySelector("p").textContent = why;
  note.querySelector(".again").addEventListener("click", () => {
    if (running) return;
    turn.remove();
    ask(question);
  });
  answer.append(note);
  note.scrollIntoView({ block: "nearest" });
}

function nearEnd() {
  return window.innerHeight + window.scrollY > document.body.scrollHeight - 200;
}
