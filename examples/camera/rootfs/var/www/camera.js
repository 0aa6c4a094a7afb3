"use strict";

const show = (id, text) => { document.getElementById(id).textContent = text; };

function list(id, tag, texts) {
    const items = texts.map((text) => {
        const item = document.createElement(tag);
        item.textContent = text;
        return item;
    });
    document.getElementById(id).replaceChildren(...items);
}

async function refresh() {
    const state = await (await fetch("cgi-bin/state.cgi")).json();
    show("name", state.settings.name);
    show("version", state.version);
    list("state", "dd", [`Up for ${Math.round(state.uptime / 60)} minutes`, `Load ${state.load}`]);
    list("events", "li", state.events);
    for (const [key, value] of Object.entries(state.settings)) {
        const field = document.getElementById("settings").elements.namedItem(key);
        if (field !== null) { field.value = value; }
    }
}

document.getElementById("settings").addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(event.target));
    const answer = await fetch("cgi-bin/settings.cgi", { method: "POST", body });
    show("saved", answer.ok ? "saved" : "refused");
    await refresh();
});

refresh();
