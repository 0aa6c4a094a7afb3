"use strict";
// Light and dark, and all evidence at once. Everything can be read without it.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const byId = (id) => document.getElementById(id);
  const folded = [...document.querySelectorAll("details")];

  byId("theme").addEventListener("click", () => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme || (dark ? "dark" : "light");
    root.dataset.theme = now === "dark" ? "light" : "dark";
  });

  const all = byId("all");
  if (all) {
    all.addEventListener("click", () => {
      const open = folded.some((one) => !one.open);
      for (const one of folded) one.open = open;
      all.textContent = open ? "Fold all evidence" : "Show all evidence";
    });
  }

  // whoever follows a link to an attack wants its evidence
  const follow = () => {
    const attack = location.hash.startsWith("#a-") ? byId(location.hash.slice(1)) : null;
    const evidence = attack && attack.querySelector("details");
    if (evidence) evidence.open = true;
  };
  addEventListener("hashchange", follow);
  follow();

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = folded.filter((one) => !one.open);
    for (const one of opened) one.open = true;
  });
  addEventListener("afterprint", () => { for (const one of opened) one.open = false; });
})();
