"use strict";
(() => {
  const form = document.getElementById("filter");
  const words = document.getElementById("words");
  const choices = { profile: "profile", verdict: "verdict-of", level: "level" };
  const groups = [...document.querySelectorAll(".group")];
  const clauses = [...document.querySelectorAll(".clause")].map((element) => ({
    element,
    text: `${element.id} ${element.textContent}`.toLowerCase(),
  }));

  const asked = ({ element, text }) =>
    Object.entries(choices).every(([name, id]) => ["", element.dataset[name]].includes(document.getElementById(id).value)) &&
    words.value.toLowerCase().split(/\s+/).every((word) => text.includes(word));

  const filter = () => {
    const shown = clauses.filter(asked);
    clauses.forEach((clause) => (clause.element.hidden = !shown.includes(clause)));
    groups.forEach((group) => (group.hidden = !group.querySelector(".clause:not([hidden])")));
    document.getElementById("count").textContent = `${shown.length} of ${clauses.length} clauses`;
  };

  const reveal = () => {
    const target = document.getElementById(decodeURIComponent(window.location.hash.slice(1)));
    if (!target) return;
    if (target.closest("[hidden]")) {
      form.reset();
      filter();
    }
    if (target.matches(".clause")) target.open = true;
    target.scrollIntoView();
  };

  form.hidden = false;
  ["input", "change"].forEach((event) => form.addEventListener(event, filter));
  form.addEventListener("reset", () => setTimeout(filter)); // the event comes before what it tells of
  form.addEventListener("submit", (event) => event.preventDefault());
  window.addEventListener("hashchange", reveal);
  filter();
  reveal();
})();
