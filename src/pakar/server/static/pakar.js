// What all pages share: forms of ours are known, problems are shown, sources open and close, work is
// watched as it goes. Pages work without it, only less pleasantly.
"use strict";

const pakar = {
  csrf: document.querySelector('meta[name="csrf"]').content,

  say(text, isBad = false) {
    const toast = document.createElement("div");
    toast.className = "toast";
    toast.textContent = text;
    if (isBad) toast.setAttribute("role", "alert");
    document.getElementById("toasts").append(toast);
    setTimeout(() => toast.remove(), isBad ? 12000 : 5000);
  },

  // The message in an error's body, which is JSON.
  problem(text, status) {
    try {
      const error = JSON.parse(text).error;
      return error.hint && !error.message.includes(error.hint)
        ? `${error.message}. ${error.hint}` : error.message;
    } catch {
      return `${status}`;
    }
  },

  isTyping(target) {
    return target.closest("input, textarea, select, [contenteditable]") !== null;
  },
};

document.addEventListener("htmx:configRequest", (event) => {
  if (pakar.csrf) event.detail.headers["X-CSRF-Token"] = pakar.csrf;
});
document.addEventListener("htmx:responseError", (event) => {
  const { responseText, status } = event.detail.xhr;
  pakar.say(pakar.problem(responseText, status), true);
});
document.addEventListener("htmx:sendError", () => pakar.say(navigator.onLine ? "…" : "offline", true));

// The source beside what it supports -------------------------------------------------------------

let opener = null;

function showSource(panel) {
  panel.hidden = false;
  panel.focus({ preventScroll: true });
  panel.scrollTop = 0;
  panel.querySelector(".used, mark, .cited")?.scrollIntoView({ block: "center", inline: "nearest" });
}

function closeSource() {
  const panel = document.getElementById("source");
  if (!panel || panel.hidden) return false;
  panel.hidden = true;
  panel.replaceChildren();
  document.querySelectorAll("[hx-target='#source'][aria-current]").forEach((one) => one.removeAttribute("aria-current"));
  opener?.focus();
  return true;
}

document.addEventListener("htmx:beforeRequest", (event) => {
  const link = event.detail.elt;
  if (link.getAttribute("hx-target") !== "#source") return;
  opener = link;
  document.querySelectorAll("[hx-target='#source'][aria-current]").forEach((one) => one.removeAttribute("aria-current"));
  document.querySelectorAll(`[hx-get="${CSS.escape(link.getAttribute("hx-get"))}"]`).forEach((one) => one.setAttribute("aria-current", "true"));
});
document.addEventListener("htmx:afterSwap", (event) => {
  const place = event.detail.target;
  if (place.id === "source") showSource(place);
  if (place.classList.contains("picture")) {
    place.removeAttribute("aria-busy");
    place.querySelector(".marked")?.scrollIntoView({ block: "center" });
  }
});
document.addEventListener("click", (event) => {
  if (event.target.closest("#source .close")) closeSource();
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// Keys ------------------------------------------------------------------------------------------

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) menu.open = false;
    else closeSource();
    return;
  }
  if (pakar.isTyping(event.target)) return;
  if (event.key === "/") {
    const field = document.querySelector("#question, main input[type=search]");
    if (field) { event.preventDefault(); field.focus(); }
    return;
  }
  const pressed = document.querySelector(`main [data-key="${CSS.escape(event.key)}"]`);
  if (pressed && !event.repeat) { event.preventDefault(); pressed.click(); }
});

// Work that goes on: the server sends the part of the page as it is now -----------------------------

function watch(place) {
  if (place.watched) return;
  place.watched = true;
  const stream = new EventSource(place.dataset.live);
  stream.addEventListener("now", (event) => {
    if (!place.isConnected) { stream.close(); return; }
    place.innerHTML = JSON.parse(event.data);
    htmx.process(place);
  });
  stream.addEventListener("end", () => {
    stream.close();
    htmx.trigger(document.body, "work-ended");
  });
}

function watchAll() {
  document.querySelectorAll("[data-live]").forEach(watch);
}
document.addEventListener("htmx:load", watchAll);
document.addEventListener("DOMContentLoaded", watchAll);
