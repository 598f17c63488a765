"use strict";
(function () {
  // Draws the charts in the colours of the theme, opens what a link or a printer needs, and does nothing else.
  var NARROW_PX = 560;
  var PRINT_PX = 680;
  var plots = Array.prototype.slice.call(document.querySelectorAll(".plot"));
  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  var printing = window.matchMedia("print");
  var opened = [];

  function colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  }

  function roleColour(role) {
    var names = {
      "batchable-with-guard": "batchable", "unpriced": "bar-rest", "rest": "bar-rest",
      "baseline": "bar-baseline", "saving": "bar-saving", "cost": "bar-cost", "optimized": "bar-optimized"
    };
    return colour(names[role] || role);
  }

  function axis(own, small) {
    return Object.assign({
      gridcolor: colour("line"), zerolinecolor: colour("line"), linecolor: colour("line"),
      tickfont: { color: colour("soft"), size: small ? 11 : 13 }
    }, own);
  }

  function themed(figure, width) {
    var copy = JSON.parse(JSON.stringify(figure));
    var small = width < NARROW_PX;
    copy.data.forEach(function (trace) {
      trace.marker.color = roleColour(trace.meta.role);
      trace.marker.line = { width: figure.layout.barmode === "stack" ? 1 : 0, color: colour("paper") };
      trace.marker.pattern.fillmode = "overlay";
      trace.marker.pattern.fgcolor = colour("paper");
      trace.marker.pattern.fgopacity = 0.75;
      trace.textfont = { color: colour("ink"), size: small ? 11 : 13 };
    });
    var layout = copy.layout;
    layout.paper_bgcolor = "rgba(0,0,0,0)";
    layout.plot_bgcolor = "rgba(0,0,0,0)";
    layout.font = { family: getComputedStyle(document.body).fontFamily, color: colour("ink"), size: 13 };
    layout.width = width;
    layout.dragmode = false;
    layout.hoverlabel = { bgcolor: colour("paper"), bordercolor: colour("soft"), font: { color: colour("ink") } };
    layout.xaxis = axis(layout.xaxis, small);
    layout.yaxis = axis(layout.yaxis, small);
    if (small) layout.xaxis.nticks = 4;
    if (width === PRINT_PX) layout.height = Math.round(layout.height * 0.75);
    if (small && layout.legend) layout.margin.t = 16 + 20 * copy.data.length;
    if (layout.meta && layout.meta.labels) {
      layout.yaxis.ticktext = small ? layout.meta.labels.narrow : layout.meta.labels.wide;
      layout.yaxis.tickfont.color = colour("ink");
      layout.margin.l = small ? 122 : 240;
      if (small) layout.margin.r = 74;
    }
    return copy;
  }

  function draw(width) {
    if (!window.Plotly) return;
    plots.forEach(function (plot) {
      var figure = JSON.parse(document.getElementById(plot.dataset.figure).textContent);
      var ready = themed(figure, width || plot.clientWidth || PRINT_PX);
      window.Plotly.react(plot, ready.data, ready.layout, {
        displayModeBar: false, displaylogo: false, plotlyServerURL: "", showLink: false, showTips: false,
        scrollZoom: false, doubleClick: false, responsive: false
      });
      plot.setAttribute("data-drawn", String(ready.layout.width));
    });
  }

  function hintScroll(one) {
    var scrolls = one.scrollWidth > one.clientWidth + 1;
    var box = one.parentElement;
    box.classList.toggle("scrolls", scrolls);
    box.classList.toggle("at-end", one.scrollLeft + one.clientWidth >= one.scrollWidth - 1);
    if (scrolls) one.setAttribute("tabindex", "0");
    else one.removeAttribute("tabindex");
  }

  function watchScrollers() {
    var watcher = new ResizeObserver(function (entries) {
      entries.forEach(function (entry) { hintScroll(entry.target); });
    });
    document.querySelectorAll(".scroller").forEach(function (one) {
      watcher.observe(one);
      one.addEventListener("scroll", function () { hintScroll(one); }, { passive: true });
    });
  }

  function openAll() {
    opened = Array.prototype.slice.call(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (one) { one.open = true; });
  }

  function startPrint() {
    if (opened.length === 0) openAll();
    draw(PRINT_PX);
  }

  function endPrint() {
    opened.forEach(function (one) { one.open = false; });
    opened = [];
    draw();
  }

  function openTarget() {
    var target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.tagName === "DETAILS") {
      target.open = true;
      target.scrollIntoView();
      target.querySelector("summary").focus({ preventScroll: true });
    }
  }

  function markSection() {
    var links = document.querySelectorAll(".contents a");
    var current = null;
    document.querySelectorAll("main > section").forEach(function (section) {
      if (section.getBoundingClientRect().top < window.innerHeight * 0.35) current = section.id;
    });
    links.forEach(function (link) {
      if (link.getAttribute("href") === "#" + current) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    });
  }

  var lastWidth = 0;
  var pending = 0;
  window.addEventListener("resize", function () {
    if (printing.matches || document.documentElement.clientWidth === lastWidth) return;
    lastWidth = document.documentElement.clientWidth;
    cancelAnimationFrame(pending);
    pending = requestAnimationFrame(function () { draw(); });
  });
  dark.addEventListener("change", function () { draw(printing.matches ? PRINT_PX : 0); });
  printing.addEventListener("change", function (event) { (event.matches ? startPrint : endPrint)(); });
  window.addEventListener("beforeprint", startPrint);
  window.addEventListener("afterprint", endPrint);
  window.addEventListener("hashchange", openTarget);
  document.addEventListener("scroll", markSection, { passive: true });

  var tools = document.querySelector(".card-tools");
  if (tools) {
    tools.hidden = false;
    tools.addEventListener("click", function (event) {
      var open = event.target.hasAttribute("data-open-all");
      if (!open && !event.target.hasAttribute("data-close-all")) return;
      document.querySelectorAll(".card").forEach(function (card) { card.open = open; });
    });
  }
  lastWidth = document.documentElement.clientWidth;
  draw();
  watchScrollers();
  openTarget();
  markSection();
})();
