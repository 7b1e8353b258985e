"use strict";
(() => {
  const { data, layout, themes } = JSON.parse(document.getElementById("figure").textContent);
  const plot = document.getElementById("plot");
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const whole = layout.xaxis.range.slice();
  const CLOSE = 0.1; // of the whole: what is shown around a violation

  const shown = () => plot.layout.xaxis.range.map(Number);
  const show = (from, to) => Plotly.relayout(plot, { "xaxis.range": [from, to] });
  const paint = () => Plotly.relayout(plot, themes[dark.matches ? "dark" : "light"]);

  const around = (middle, length) => show(middle - length / 2, middle + length / 2);
  const zoom = (factor) => {
    const [from, to] = shown();
    around((from + to) / 2, (to - from) * factor);
  };
  const shift = (part) => {
    const [from, to] = shown();
    show(from + (to - from) * part, to + (to - from) * part);
  };

  const onClick = (selector, action) =>
    document.querySelectorAll(selector).forEach((button) => button.addEventListener("click", () => action(button)));
  onClick("[data-by]", (button) => zoom(Number(button.dataset.by)));
  onClick("[data-shift]", (button) => shift(Number(button.dataset.shift)));
  onClick("#whole", () => show(...whole));
  onClick("[data-at]", (button) => {
    around(Number(button.dataset.at), (whole[1] - whole[0]) * CLOSE);
    plot.scrollIntoView({ block: "start" });
  });

  const config = { responsive: true, displayModeBar: false, displaylogo: false, doubleClick: "reset" };
  Plotly.newPlot(plot, data, layout, config)
    .then(paint)
    .then(() => plot.setAttribute("aria-busy", "false"));
  dark.addEventListener("change", paint);
})();
