"use strict";
/* One map: pan, zoom, a slider over the dates of the first map, incidents with their uncertainty.
   Everything arrives in `d`; nothing is fetched. World units are 100 m; sizes of marks are screen px. */
function trucelineMap(root, d) {
  const NS = "http://www.w3.org/2000/svg", C = d.colours, W = d.words;
  const still = root.querySelector("noscript");
  if (still) still.remove();
  const make = (tag, attrs, parent, text) => {
    const html = !attrs || !attrs.svg, node = html ? document.createElement(tag) : document.createElementNS(NS, tag);
    for (const key in attrs || {}) if (key !== "svg") node.setAttribute(key, attrs[key]);
    if (text !== undefined) node.textContent = text;
    if (parent) parent.appendChild(node);
    return node;
  };
  const draw = (tag, attrs, parent, text) => make(tag, Object.assign({ svg: 1 }, attrs), parent, text);

  /* shapes: rings of shared arcs; ~n is arc n backwards */
  const walked = d.arcs.map(a => {
    const p = [[a[0], a[1]]];
    for (let i = 2, x = a[0], y = a[1]; i < a.length; i += 2) p.push([x += a[i], y += a[i + 1]]);
    return p;
  });
  const paths = d.shapes.map(rings => rings.map(ring => "M" + ring.map(n => {
    const p = n < 0 ? walked[~n].slice().reverse() : walked[n];
    return p.map(q => q[0] + " " + q[1]).join("L");
  }).join("L") + "Z").join(""));

  const stage = make("div", { class: "stage" }, root);
  const svg = draw("svg", { role: "img", "aria-label": d.title }, stage);
  if (d.invented) make("div", { class: "invented" }, stage, _("Invented case: nothing here happened"));
  const world = draw("g", {}, svg), over = draw("g", {}, svg);
  const path = (text, style) => draw("path", Object.assign({ d: text, "vector-effect": "non-scaling-stroke", fill: "none", "stroke-linejoin": "round" }, style), world);
  draw("rect", { width: d.w, height: d.h, fill: C.sea }, world);
  stage.style.aspectRatio = d.w + "/" + d.h;
  path(d.land, { fill: C.land, "fill-rule": "evenodd" });
  path(d.coast, { stroke: C.coast, "stroke-width": .8 });
  for (const g of d.graticule) {
    let text = "";
    for (let i = 0; i < g.points.length; i += 2) text += (i ? "L" : "M") + g.points[i] + " " + g.points[i + 1];
    path(text, { stroke: C.graticule, "stroke-width": .6 });
  }
  const others = d.others.map(o => [path(o.ground, { fill: o.colour, "fill-opacity": .8, "fill-rule": "evenodd" }), path(o.edge, { stroke: C.line, "stroke-width": 1.2 })]);
  const held = path("", { fill: C.held, "fill-opacity": .8, "fill-rule": "evenodd" });
  const moved = path("", { fill: C.moved, stroke: C.moved, "stroke-width": 1.6 });
  const movedNow = path("", { fill: C.movedNow, stroke: C.movedNow, "stroke-width": 2.2 });
  const line = path(d.line, { stroke: C.line, "stroke-width": 1.2 });
  const second = path(d.second.join(""), { stroke: C.line, "stroke-width": 1.2, "stroke-dasharray": "5 3" });
  const circles = draw("g", {}, over), dots = draw("g", {}, over), values = draw("g", {}, over), names = draw("g", {}, over), ticks = draw("g", {}, over), scale = draw("g", {}, over);
  const halo = (size, colour) => ({ "font-size": size, fill: colour || C.ink, stroke: C.land, "stroke-width": 3, "paint-order": "stroke", "stroke-linejoin": "round" });

  /* view: screen = world * k + t */
  let k = 1, tx = 0, ty = 0, least = 1, width = 0, height = 0, at = d.steps.length - 1, spots = [], small = 1;
  const put = (p) => [p[0] * k + tx, p[1] * k + ty];
  function fit() {
    width = stage.clientWidth; height = stage.clientHeight;
    small = Math.min(1, Math.max(.72, width / 700));
    least = Math.min(width / d.w, height / d.h);
    k = least; tx = (width - d.w * k) / 2; ty = (height - d.h * k) / 2;
  }
  function look(next, x, y) {
    next = Math.min(Math.max(next, least), least * 80);
    tx = x - (x - tx) * next / k; ty = y - (y - ty) * next / k; k = next; show();
  }
  function hold() {
    const clamp = (t, size, room) => size * k <= room ? (room - size * k) / 2 : Math.min(0, Math.max(room - size * k, t));
    tx = clamp(tx, d.w, width); ty = clamp(ty, d.h, height);
  }
  let waiting = 0;
  const show = () => { if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; hold(); paint(); }); };

  function paint() {
    world.setAttribute("transform", `matrix(${k} 0 0 ${k} ${tx} ${ty})`);
    card.hidden = true;
    for (const s of spots) {
      const p = put(s.at);
      s.dot.setAttribute("transform", `translate(${p[0]} ${p[1]})`);
      if (s.ring) { s.ring.setAttribute("cx", p[0]); s.ring.setAttribute("cy", p[1]); s.ring.setAttribute("r", s.radius * k); }
    }
    const taken = [[width - 52, 0, width, 130], [width - 150, height - 34, width, height]];
    for (const v of d.symbols) {
      const p = put(v.at);
      v.node.setAttribute("transform", `translate(${p[0]} ${p[1]}) scale(${small})`);
      if (on.values) taken.push([p[0] - 10 * small, p[1] - 9 * small, p[0] + 10 * small, p[1] + 9 * small]);
    }
    tickLabels(taken); scaleBar();
    names.textContent = "";
    if (on.names) for (const n of d.places) nameAt(n, taken);
  }
  function nameAt(n, taken) {
    const p = put(n.at), half = n.name.length * 3.6;
    if (p[0] < 0 || p[1] < 0 || p[0] > width || p[1] > height) return;
    const under = on.values && d.symbols.some(v => { const q = put(v.at); return Math.hypot(q[0] - p[0], q[1] - p[1]) < 10; });
    const gap = under ? 3 + 10 * small : 5;
    for (const [x, y, anchor] of [[gap, 4, "start"], [-gap, 4, "end"], [0, -gap - 3, "middle"], [0, gap + 11, "middle"]]) {
      const left = p[0] + x - (anchor === "end" ? 2 * half : anchor === "middle" ? half : 0);
      const box = [left, p[1] + y - 11, left + 2 * half, p[1] + y + 3];
      if (box[0] < 2 || box[2] > width - 2 || box[1] < 2 || box[3] > height - 16) continue;
      if (taken.some(b => box[0] < b[2] && b[0] < box[2] && box[1] < b[3] && b[1] < box[3])) continue;
      taken.push(box);
      if (!under) draw("circle", { cx: p[0], cy: p[1], r: 2, fill: C.paper, stroke: C.ink }, names);
      draw("text", Object.assign({ x: p[0] + x, y: p[1] + y, "text-anchor": anchor }, halo(12)), names, n.name);
      return;
    }
  }
  function tickLabels(taken) {
    ticks.textContent = "";
    for (const g of d.graticule) for (let i = 0; i + 3 < g.points.length; i += 2) {
      const a = put([g.points[i], g.points[i + 1]]), b = put([g.points[i + 2], g.points[i + 3]]), v = g.kind === "lon" ? 1 : 0;
      const edge = v ? height - Math.max(0, ty) - 6 : Math.max(0, tx) + 4, s = (edge - a[v]) / (b[v] - a[v]);
      if (!(s >= 0 && s <= 1)) continue;
      const other = a[1 - v] + s * (b[1 - v] - a[1 - v]);
      if (v ? other > 44 && other < width - 170 : other > 40 && other < height - 24) {
        taken.push(v ? [other - 22, edge - 12, other + 22, height] : [0, other - 14, edge + 38, other]);
        draw("text", Object.assign({ x: v ? other : edge, y: v ? edge : other - 3, "text-anchor": v ? "middle" : "start" }, halo(11, C.soft)), ticks, g.label);
      }
      break;
    }
  }
  function scaleBar() {
    scale.textContent = "";
    let km = 1;
    for (const c of [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]) if (c / d.kmPerUnit * k <= 120) km = c;
    const size = km / d.kmPerUnit * k, x = width - 12, y = height - 10;
    draw("path", { d: `M${x - size} ${y - 4}v4h${size}v-4`, fill: "none", stroke: C.ink, "stroke-width": 1.2 }, scale);
    draw("text", Object.assign({ x, y: y - 7, "text-anchor": "end" }, halo(12)), scale, _("{n} km", {n: km})).appendChild(
      make("title", { svg: 1 }, null, _("True at the centre of the map; elsewhere within half a per cent")));
  }

  /* the date shown */
  function choose(step) {
    at = Math.max(0, Math.min(d.steps.length - 1, step));
    const s = d.steps[at];
    held.setAttribute("d", paths[s.shape] || "");
    moved.setAttribute("d", d.steps.slice(1, at).map(x => x.moved).join(""));
    movedNow.setAttribute("d", at ? s.moved : "");
    const places = new Map();
    for (const i of d.incidents) if (i[3] <= at && at <= i[4]) {
      const key = i[0] + " " + i[1] + " " + i[2];
      if (!places.has(key)) places.set(key, { at: [i[0], i[1]], radius: i[2], list: [] });
      places.get(key).list.push(i);
    }
    circles.textContent = dots.textContent = "";
    spots = [...places.values()].sort((a, b) => b.radius - a.radius);
    for (const p of spots) {
      if (p.radius) p.ring = draw("circle", { fill: C.incident, "fill-opacity": .09, stroke: C.incident, "stroke-opacity": .5, "stroke-width": .6, "pointer-events": "none" }, circles);
      p.dot = draw("circle", { class: "dot", r: p.list[0][12] ? 9 * Math.sqrt(p.list[0][13]) : Math.min(2.2 * Math.sqrt(p.list.length), 8), fill: C.incident }, dots);
    }
    values.style.visibility = s.window ? "visible" : "hidden"; // they count the window, not the date shown
    range.value = at;
    const count = spots.reduce((n, p) => n + p.list.reduce((m, i) => m + (i[12] || 1), 0), 0);
    const text = s.period + (s.window ? _(", in the window") : "") + ": " + (count === 1 ? _("{n} incident", {n: count}) : _("{n} incidents", {n: count}));
    now.textContent = "";
    make("b", null, now, s.text);
    now.append((s.change ? ": " + s.change : "") + ". " + text + ".");
    range.setAttribute("aria-valuetext", s.text + ". " + s.change + ". " + text);
    show();
  }

  /* cards */
  const decimal = x => String(x).replace(".", _("."));
  function tapped(x, y) {
    const near = (p, most) => { const q = put(p); return Math.hypot(q[0] - x, q[1] - y) <= most; };
    const found = dots.style.display ? [] : spots.filter(p => near(p.at, 13)), marks = on.values && d.steps[at].window ? d.symbols.filter(v => near(v.at, 13)) : [];
    card.hidden = true;
    if (found.length || marks.length) open(found, marks);
  }
  function open(found, marks) {
    card.textContent = "";
    const list = found.flatMap(p => p.list), p = found[0] || marks[0];
    for (const v of marks) {
      const text = make("p", null, card);
      make("b", null, text, v.name);
      text.append(v.lost ? _(": could not, or not wholly, be seen") : ": " + v.text + (W.values ? " · " + W.values : ""));
    }
    for (const i of list.slice(0, 12)) {
      const text = make("p", null, card);
      if (i[12]) { make("b", null, text, _("{n} incidents", {n: i[12]})); continue; }
      make("b", null, text, i[5] || _("Place not named"));
      text.append(" · " + i[6]); make("br", null, text);
      text.append(i[7] + " · " + (i[8] === null ? _("no probability: no basis") : _("probability that it happened {p}", {p: decimal(i[8])}))); make("br", null, text);
      text.append((i[9] === 1 ? _("{n} source", {n: i[9]}) : _("{n} sources", {n: i[9]})) + ", " + (i[10] ? _("{n} independent", {n: i[10]}) : _("independence not known"))); make("br", null, text);
      make("span", { class: "id" }, text, i[11]);
    }
    if (list.length > 12) make("p", null, card, _("and {n} more here", {n: (list.length - 12)}));
    if (p.radius) make("p", { class: "id" }, card, _("95 %: within {n} km of the dot", {n: decimal((p.radius / 10).toFixed(1))}));
    card.hidden = false;
    const q = put(p.at);
    card.style.left = Math.max(8, Math.min(q[0] + 12, width - card.offsetWidth - 8)) + "px";
    card.style.top = Math.max(8, Math.min(q[1] + 12, height - card.offsetHeight - 8)) + "px";
  }

  /* controls */
  const zoom = make("div", { class: "zoom" }, stage);
  const press = (text, label, act, parent) => { const b = make("button", { type: "button", "aria-label": label, title: label }, parent, text); b.onclick = act; return b; };
  press("+", _("Zoom in"), () => look(k * 1.6, width / 2, height / 2), zoom);
  press("−", _("Zoom out"), () => look(k / 1.6, width / 2, height / 2), zoom);
  press("⤢", _("Whole map"), () => { fit(); show(); }, zoom);
  const card = make("div", { class: "card", role: "status", hidden: "" }, stage);
  const bar = make("div", { class: "bar" }, root);
  let timer = 0;
  const play = press(_("Play"), _("Play or stop"), () => {
    if (timer) return stop();
    if (at === d.steps.length - 1) choose(0);
    play.textContent = _("Stop");
    timer = setInterval(() => at < d.steps.length - 1 ? choose(at + 1) : stop(), 450);
  }, bar);
  function stop() { clearInterval(timer); timer = 0; play.textContent = _("Play"); }
  const slide = make("div", { class: "slide" }, bar);
  const range = make("input", { type: "range", min: 0, max: d.steps.length - 1, step: 1, "aria-label": _("Date of the map") }, slide);
  range.oninput = () => { stop(); choose(+range.value); };
  const first = d.steps.findIndex(s => s.window);
  if (first >= 0 && d.steps.length > 1) {
    make("i", { style: `left:${100 * Math.max(0, first - .5) / (d.steps.length - 1)}%;right:0`, title: _("Window: {window}", {window: W.window}) }, slide);
    make("small", null, slide, _("window"));
  }
  const now = make("p", { class: "now", "aria-live": "polite" }, root);
  const keys = make("fieldset", { class: "keys", "aria-label": _("Layers") }, root), on = { values: true, names: true };
  function key(text, sample, layers, act) {
    if (!text) return;
    const label = make("label", null, keys), box = make("input", { type: "checkbox", checked: "" }, label);
    const icon = draw("svg", { width: 24, height: 16, "aria-hidden": "true" }, label);
    for (const [tag, attrs] of sample) draw(tag, attrs, icon);
    make("span", null, label, text);
    box.onchange = () => { for (const l of layers) l.style.display = box.checked ? "" : "none"; if (act) act(box.checked); show(); };
  }
  const stroke = (colour, wide, dash) => [["path", { d: "M1 8h22", stroke: colour, "stroke-width": wide, "stroke-dasharray": dash || "" }]];
  key(W.held, [["rect", { x: 1, y: 3, width: 22, height: 10, fill: C.held }]], [held]);
  d.others.forEach((o, i) => key(o.text, [["rect", { x: 1, y: 3, width: 22, height: 10, fill: o.colour }]], others[i]));
  key(W.line, stroke(C.line, 1.2), [line]);
  key(W.moved, [["path", { d: "M1 8h12", stroke: C.moved, "stroke-width": 3 }], ["path", { d: "M13 8h10", stroke: C.movedNow, "stroke-width": 3 }]], [moved, movedNow]);
  key(W.second, stroke(C.line, 1.2, "5 3"), [second]);
  key(_("{incidents} on the date shown", {incidents: W.incidents}), [["circle", { cx: 12, cy: 8, r: 3, fill: C.incident }]], [dots]);
  key(W.circles, [["circle", { cx: 12, cy: 8, r: 7, fill: C.incident, "fill-opacity": .1, stroke: C.incident }]], [circles]);
  key(W.values && W.values + (W.lost ? "; " + W.lost : ""), [["circle", { cx: 12, cy: 8, r: 7, fill: C.paper, stroke: C.ink }]], [values], v => { on.values = v; });
  key(_("Names of places"), [["circle", { cx: 12, cy: 8, r: 2.5, fill: C.paper, stroke: C.ink }]], [names], v => { on.names = v; });
  make("p", { class: "note" }, root, [W.withheld && W.withheld + ".", W.unplaced, _("Times: {zone}. Arrow keys move the slider. Edges along coasts are left out; others may follow frontiers.", {zone: W.zone}), W.credits].filter(Boolean).join(" "));
  for (const v of d.symbols) {
    v.node = draw("g", {}, values);
    draw("title", {}, v.node, v.name + (v.lost ? _(": could not, or not wholly, be seen") : ": " + v.text));
    const quiet = v.text === "0" || v.text === "–", half = Math.max(9, v.text.length * 3.6 + 4);
    draw("rect", { x: -half, y: -8, width: 2 * half, height: 16, rx: v.lost ? 0 : 8, fill: C.paper, stroke: quiet && !v.lost ? C.soft : C.ink, "stroke-width": quiet && !v.lost ? .8 : 1.4 }, v.node);
    if (v.lost) draw("path", { d: `M${-half} -8L${half} 8M${-half} 8L${half} -8`, stroke: C.ink }, v.node);
    else draw("text", { y: 4, "text-anchor": "middle", "font-size": 12, fill: quiet ? C.soft : C.ink, "font-weight": quiet ? 400 : 600 }, v.node, v.text);
  }

  /* wheel, drag, pinch, tap */
  const fingers = new Map();
  let travelled = 0;
  const here = e => { const b = svg.getBoundingClientRect(); return [e.clientX - b.left, e.clientY - b.top]; };
  svg.addEventListener("wheel", e => { e.preventDefault(); look(k * Math.exp(-e.deltaY * .0016), ...here(e)); }, { passive: false });
  svg.addEventListener("dblclick", e => look(k * 2, ...here(e)));
  svg.addEventListener("pointerdown", e => {
    fingers.set(e.pointerId, here(e)); travelled = 0;
    svg.setPointerCapture(e.pointerId);
  });
  svg.addEventListener("pointermove", e => {
    const old = fingers.get(e.pointerId);
    if (!old) return;
    const p = here(e), others = [...fingers].filter(f => f[0] !== e.pointerId).map(f => f[1]);
    travelled += Math.hypot(p[0] - old[0], p[1] - old[1]);
    fingers.set(e.pointerId, p);
    if (others.length) {
      const q = others[0], was = Math.hypot(old[0] - q[0], old[1] - q[1]), is = Math.hypot(p[0] - q[0], p[1] - q[1]);
      if (was > 0) look(k * is / was, (p[0] + q[0]) / 2, (p[1] + q[1]) / 2);
    } else { tx += p[0] - old[0]; ty += p[1] - old[1]; if (travelled > 4) show(); }
  });
  const lift = e => {
    if (!fingers.delete(e.pointerId)) return;
    if (e.type === "pointerup" && travelled <= 4) tapped(...here(e));
  };
  svg.addEventListener("pointerup", lift); svg.addEventListener("pointercancel", lift);
  root.addEventListener("keydown", e => { if (e.key === "Escape") card.hidden = true; });
  new ResizeObserver(() => { if (stage.clientWidth !== width || stage.clientHeight !== height) { fit(); show(); } }).observe(stage);
  fit(); choose(at); root.dataset.ready = "1";
}
