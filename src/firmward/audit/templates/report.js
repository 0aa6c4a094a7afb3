"use strict";
// Filters the findings; what is chosen stands in the address, so that a view can be sent on.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const byId = (id) => document.getElementById(id);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const findings = all(".finding");
  const chips = all(".chip");
  const fields = ["area", "part", "outcome"];
  const folded = all("details.more");
  const texts = new Map();

  const text = (finding) => {
    if (!texts.has(finding)) {
      const group = finding.closest(".group");
      const heading = group.querySelector("header").textContent;
      texts.set(finding, `${heading} ${finding.textContent} ${finding.dataset.part}`.toLowerCase());
    }
    return texts.get(finding);
  };

  const read = () => {
    const state = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    const severities = (state.get("severity") || "").split(",").filter(Boolean);
    return {
      theme: state.get("theme"),
      q: state.get("q") || "",
      severities: severities,
      chosen: Object.fromEntries(fields.map((name) => [name, state.get(name) || ""])),
    };
  };

  // kept apart from the address, which a link to a section takes away without ending the filter
  let state = read();

  const write = () => {
    const parameters = new URLSearchParams();
    if (state.q) parameters.set("q", state.q);
    if (state.severities.length) parameters.set("severity", state.severities.join(","));
    for (const name of fields) if (state.chosen[name]) parameters.set(name, state.chosen[name]);
    if (state.theme) parameters.set("theme", state.theme);
    const hash = parameters.toString();
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
    apply();
  };

  const apply = () => {
    if (state.theme === "light" || state.theme === "dark") root.dataset.theme = state.theme;
    if (!byId("q")) return;
    if (byId("q").value !== state.q) byId("q").value = state.q;
    for (const name of fields) byId(name).value = state.chosen[name];
    for (const chip of chips) chip.setAttribute("aria-pressed", String(state.severities.includes(chip.dataset.severity)));
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const finding of findings) {
      const data = finding.dataset;
      const fits =
        (!state.severities.length || state.severities.includes(data.severity)) &&
        fields.every((name) => !state.chosen[name] || data[name] === state.chosen[name]) &&
        words.every((word) => text(finding).includes(word));
      finding.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    const filtered = shown < findings.length;
    for (const group of all(".group")) group.hidden = !group.querySelector(".finding:not([hidden])");
    for (const details of folded) {
      const any = details.querySelector(".finding:not([hidden])");
      details.hidden = !any;
      if (words.length || filtered) details.open = Boolean(any);
    }
    byId("shown").textContent = filtered ? `${shown} of ${findings.length}` : String(findings.length);
    byId("none").hidden = shown > 0;
  };

  const update = (change) => {
    change();
    write();
  };

  const clear = () => {
    state.q = "";
    state.severities = [];
    for (const name of fields) state.chosen[name] = "";
  };

  const reset = () => update(clear);

  const show = (severity) => update(() => {
    clear();
    state.severities = [severity];
    state.chosen.outcome = "fail";
  });

  if (byId("q")) {
    byId("q").addEventListener("input", (event) => update(() => { state.q = event.target.value.trim(); }));
    for (const name of fields) {
      byId(name).addEventListener("change", (event) => update(() => { state.chosen[name] = event.target.value; }));
    }
    for (const chip of chips) {
      chip.addEventListener("click", () => update(() => {
        const name = chip.dataset.severity;
        const on = state.severities.includes(name);
        state.severities = on ? state.severities.filter((other) => other !== name) : [...state.severities, name];
      }));
    }
    document.querySelector(".filters").addEventListener("submit", (event) => event.preventDefault());
    byId("reset").addEventListener("click", reset);
    byId("reset-none").addEventListener("click", reset);
    document.addEventListener("keydown", (event) => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        byId("q").focus();
      } else if (event.key === "Escape" && event.target === byId("q")) {
        reset();
      }
    });
  }
  for (const tile of all(".tile")) {
    tile.addEventListener("click", () => {
      show(tile.dataset.tile);
      byId("findings").scrollIntoView();
    });
  }
  byId("theme").addEventListener("click", () => update(() => {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches;
    const now = root.dataset.theme || (dark ? "dark" : "light");
    state.theme = now === "dark" ? "light" : "dark";
  }));

  // a link to one finding opens what folds it away; a link to an area filters by it
  const follow = () => {
    if (location.hash.includes("=")) {
      state = { ...read(), theme: read().theme || state.theme };
      apply();
      return;
    }
    const target = location.hash.startsWith("#f-") ? byId(location.hash.slice(1)) : null;
    if (target) {
      if (target.hidden) {
        clear();
        apply();
      }
      const details = target.closest("details");
      if (details) details.open = true;
      target.scrollIntoView({ block: "center" });
    }
  };
  for (const link of all('a[href^="#area="]')) {
    link.addEventListener("click", () => setTimeout(() => byId("findings").scrollIntoView(), 0));
  }
  addEventListener("hashchange", follow);
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = all("details:not([open])");
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => { for (const details of opened) details.open = false; });
  apply();
  follow();
})();
