// Two interactive plots of the Kullback-Leibler divergence, drawn in SVG: no library, no request.
(() => {
  "use strict";

  // Loss of one entry, data y and model z, with 0 log 0 = 0; a negative model has infinite loss.
  const kl = (y, z) => {
    if (z < 0) return Infinity;
    if (y === 0) return z;
    return z === 0 ? Infinity : y * Math.log(y / z) - y + z;
  };
  const half = (y, z) => 0.5 * (y - z) * (y - z);
  const show = (v, digits = 2) => (Number.isFinite(v) ? v.toFixed(digits).replace("-", "−") : "infinite");

  // A frame maps data units to the drawing; the axes are drawn once from it.
  const frame = (width, height, xmax, ymax, left = 46, bottom = 44) => ({
    left, bottom, width, height, xmax, ymax,
    x: (v) => left + ((width - left - 14) * v) / xmax,
    y: (v) => height - bottom - ((height - bottom - 14) * v) / ymax,
  });
  const axes = (f, xlabel, ylabel, step) => {
    let out = "";
    for (let v = step; v <= f.xmax; v += step)
      out += `<path class="grid" d="M${f.x(v)} ${f.y(0)}V${f.y(f.ymax)}"/>` +
        `<text x="${f.x(v)}" y="${f.y(0) + 17}" text-anchor="middle">${v}</text>`;
    for (let v = step; v <= f.ymax; v += step)
      out += `<path class="grid" d="M${f.x(0)} ${f.y(v)}H${f.x(f.xmax)}"/>` +
        `<text x="${f.left - 7}" y="${f.y(v) + 5}" text-anchor="end">${v}</text>`;
    out += `<path class="axis" d="M${f.x(0)} ${f.y(f.ymax)}V${f.y(0)}H${f.x(f.xmax)}"/>` +
      `<text x="${(f.x(0) + f.x(f.xmax)) / 2}" y="${f.height - 6}" text-anchor="middle">${xlabel}</text>` +
      `<text transform="translate(14 ${(f.y(0) + f.y(f.ymax)) / 2}) rotate(-90)" text-anchor="middle">${ylabel}</text>`;
    return out;
  };
  const path = (points, kind) =>
    `<path class="${kind}" d="M${points.map((p) => p[0].toFixed(1) + " " + p[1].toFixed(1)).join("L")}"/>`;
  const clip = (f, id) =>
    `<clipPath id="${id}"><rect x="${f.x(0)}" y="${f.y(f.ymax)}" width="${f.x(f.xmax) - f.x(0)}" height="${f.y(0) - f.y(f.ymax)}"/></clipPath>`;

  // Reads every slider of a demo, writes its value beside it, and redraws when one moves.
  const bind = (ids, draw) => {
    const inputs = ids.map((id) => document.getElementById(id));
    if (inputs.some((input) => !input)) return;
    const refresh = () => {
      inputs.forEach((input) => {
        document.getElementById(input.id + "-out").value = (+input.value).toFixed(input.step < 0.1 ? 2 : 1);
      });
      draw(...inputs.map((input) => +input.value));
    };
    inputs.forEach((input) => input.addEventListener("input", refresh));
    refresh();
  };

  const curve1d = (f, loss, y, kind) => {
    const points = [];
    for (let i = 0; i <= 400; i++) {
      const z = 0.002 + (f.xmax * i) / 400;
      points.push([f.x(z), f.y(Math.min(loss(y, z), 2 * f.ymax))]);
    }
    return path(points, kind);
  };
  const dot = (f, px, py, kind) =>
    py <= f.ymax
      ? `<circle class="${kind}" cx="${f.x(px)}" cy="${f.y(py)}" r="5.5"/>`
      : `<path class="${kind}" d="M${f.x(px) - 6} ${f.y(f.ymax) + 10}h12l-6 -10z"/>`; // above the frame: an arrowhead

  const draw1d = (y, z) => {
    const f = frame(480, 300, 10, 6);
    const a = kl(y, z), b = half(y, z);
    document.getElementById("kl1-svg").innerHTML =
      clip(f, "kl1-clip") + axes(f, "model z", "loss", 2) +
      `<g clip-path="url(#kl1-clip)">` + curve1d(f, kl, y, "curve-a") + curve1d(f, half, y, "curve-b") + `</g>` +
      dot(f, z, a, "dot-a") + dot(f, z, b, "dot-b");
    document.getElementById("kl1-say").textContent =
      `At z = ${show(z)} the Kullback-Leibler loss is ${show(a)}, its slope 1 − y/z = ${show(1 - y / z)} ` +
      `and its curvature y/z² = ${show(y / (z * z))}. ` +
      `The Euclidean loss is ${show(b)}; its curvature is 1 everywhere.`;
  };

  // The level sets are convex and hold the data point, so one distance a direction describes them.
  const level = (loss, data, height, reach) => {
    const points = [];
    for (let i = 0; i <= 180; i++) {
      // Rounded, so that the two directions along an axis do not leave the quadrant by 1e-16.
      const c = +Math.cos((Math.PI * i) / 90).toFixed(12), s = +Math.sin((Math.PI * i) / 90).toFixed(12);
      let low = 0, high = reach;
      for (let k = 0; k < 40; k++) {
        const mid = (low + high) / 2;
        if (loss(data[0], data[0] + mid * c) + loss(data[1], data[1] + mid * s) <= height) low = mid;
        else high = mid;
      }
      points.push([data[0] + low * c, data[1] + low * s]);
    }
    return points;
  };
  const draw2d = (y0, y1) => {
    const f = frame(400, 400, 10, 10);
    let lines = "";
    for (const height of [0.05, 0.25, 0.75, 1.5, 3, 5])
      for (const [loss, kind] of [[half, "curve-b"], [kl, "curve-a"]])
        lines += path(level(loss, [y0, y1], height, 40).map((p) => [f.x(p[0]), f.y(p[1])]), kind);
    document.getElementById("kl2-svg").innerHTML =
      clip(f, "kl2-clip") + axes(f, "model z₀", "model z₁", 2) +
      `<g clip-path="url(#kl2-clip)">${lines}</g><circle class="dot-y" cx="${f.x(y0)}" cy="${f.y(y1)}" r="4.5"/>`;
    const curvature = (y) => (y === 0 ? "0 (a straight line)" : show(1 / y));
    document.getElementById("kl2-say").textContent =
      `Lines at 0.05, 0.25, 0.75, 1.5, 3 and 5. At the data the curvature 1/y of the Kullback-Leibler loss ` +
      `is ${curvature(y0)} along z₀ and ${curvature(y1)} along z₁. The Euclidean one is 1 along both.`;
  };

  const start = () => {
    bind(["kl1-data", "kl1-model"], draw1d);
    bind(["kl2-first", "kl2-second"], draw2d);
  };
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
