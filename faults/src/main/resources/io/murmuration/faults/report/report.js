"use strict";
// Draws the charts with the colours of the page, and again when the width, the colour scheme or the medium changes.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const charts = [];
  const colour = name => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  const time = seconds => {
    const whole = Math.round(seconds * 1000) / 1000;
    const h = Math.floor(whole / 3600), m = Math.floor(whole % 3600 / 60), s = Math.round(whole % 60 * 1000) / 1000;
    return (h ? h + "h" : "") + (m ? m + "m" : "") + (s || !(h || m) ? s + "s" : "");
  };
  const short = value => {
    const size = Math.abs(value);
    for (const [unit, name] of [[1e9, "G"], [1e6, "M"], [1e3, "k"]]) {
      if (size >= unit) return +(value / unit).toPrecision(4) + name;
    }
    return String(+value.toPrecision(4));
  };
  // Round numbers of seconds, so that the labels are short.
  const TIMES = [.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 86400];

  const faultWindows = () => ({
    hooks: {
      drawAxes: u => {
        const ctx = u.ctx, { left, top, width, height } = u.bbox, ratio = devicePixelRatio;
        ctx.save();
        ctx.beginPath();
        ctx.rect(left, top - 18 * ratio, width, height + 18 * ratio);
        ctx.clip();
        ctx.font = `600 ${11 * ratio}px system-ui, sans-serif`;
        ctx.textAlign = "center";
        let free = -Infinity;
        data.faults.forEach(([from, until], i) => {
          const a = u.valToPos(from, "x", true), b = u.valToPos(until, "x", true);
          ctx.fillStyle = colour("--fault-fill");
          ctx.fillRect(a, top, Math.max(b - a, 1), height);
          ctx.fillStyle = colour("--fault");
          ctx.fillRect(a - ratio / 2, top, ratio, height);
          const label = String(i + 1), half = ctx.measureText(label).width / 2 + 3 * ratio;
          const at = Math.min(Math.max((a + Math.max(b, a)) / 2, left + half), left + width - half);
          if (at - half > free) {
            ctx.fillText(label, at, top - 5 * ratio);
            free = at + half;
          }
        });
        ctx.restore();
      },
    },
  });

  const axis = (label, values, more) => ({
    stroke: colour("--quiet"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 },
    font: "12px system-ui, sans-serif", values: (u, splits) => splits.map(v => v == null ? "" : values(v)), ...more,
  });

  // Lines of different x on one chart: [x, y, options] each.
  const chart = (id, lines, x, y, faults) => {
    const element = document.getElementById(id);
    const drawn = lines.filter(([xs]) => xs.length > 0);
    if (drawn.length === 0) {
      element.closest("figure").remove();
      return;
    }
    const joined = drawn.length === 1 ? [drawn[0][0], drawn[0][1]] : uPlot.join(drawn.map(([xs, ys]) => [xs, ys]));
    const draw = () => {
      const width = element.clientWidth;
      const options = {
        width, height: Math.max(220, Math.min(340, Math.round(width * .55))),
        padding: [faults ? 20 : 8, 22, 0, 0],
        scales: { x: { time: false, range: x.range }, y: { range: y.range } },
        axes: [
          axis("", x.format, { incrs: x.incrs, space: width < 500 ? 64 : 80 }),
          axis("", y.format, { size: 56, incrs: y.incrs }),
        ],
        series: [{ label: x.label, value: (u, v) => v == null ? "–" : x.format(v) }].concat(drawn.map(([, , line]) => ({
          label: line.label, stroke: colour(line.colour), width: line.width || 2, dash: line.dash, spanGaps: true,
          points: { show: false }, paths: line.stepped ? uPlot.paths.stepped({ align: 1 }) : undefined,
          value: (u, v) => v == null ? "–" : y.format(v),
        }))),
        plugins: faults ? [faultWindows()] : [],
        cursor: { y: false, drag: { x: false, y: false } },
      };
      element.replaceChildren();
      new uPlot(options, joined, element);
    };
    charts.push(draw);
    draw();
  };

  const seconds = { label: "time", format: time, incrs: TIMES, range: () => [0, data.seconds] };
  const tokens = { label: "tokens", format: short };
  const loss = { format: v => String(+v.toFixed(3)) };
  const fromZero = { format: short, range: (u, low, high) => [0, high > 0 ? high * 1.08 : 1] };
  const heads = { format: v => String(v), incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000], range: fromZero.range };
  const both = (x, y) => [
    ...(data.control ? [[data.control[x], data.control[y], { label: "control", colour: "--control", dash: [6, 4] }]] : []),
    [data.run[x], data.run[y], { label: "run", colour: "--run" }],
  ];
  // The roster stays as it is until the end.
  const until = (curve, key) => [curve.changes.concat(data.seconds), curve[key].concat(curve[key].at(-1))];
  const members = data.run.changes.length === 0 ? [] : [
    [...until(data.run, "shards"), { label: "shards", colour: "--run", stepped: true }],
    [...until(data.run, "trainers"), { label: "trainers", colour: "--second", stepped: true }],
  ];

  chart("loss-tokens", both("tokens", "loss"), tokens, loss, false);
  chart("loss-time", both("time", "loss"), seconds, loss, true);
  chart("throughput", both("spans", "throughput"), seconds, fromZero, true);
  chart("members", members, seconds, heads, true);

  const again = () => charts.forEach(draw => draw());
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth !== width) {
      width = innerWidth;
      again();
    }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  matchMedia("print").addEventListener("change", again);
})();
