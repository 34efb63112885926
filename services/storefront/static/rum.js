// Tells the shop how this page felt: Core Web Vitals, and how many scripts failed. No identity, no address, no text.
(() => {
  "use strict";
  const page = document.documentElement.dataset.page;
  // An error page belongs to none of the shop's.
  if (!page) return;
  const vitals = new Map();
  let errors = 0;

  function send() {
    if (vitals.size === 0 && errors === 0) return;
    const report = {
      page,
      vitals: Array.from(vitals, ([name, value]) => ({ name, value })),
      errors: Math.min(errors, 20),
    };
    vitals.clear();
    errors = 0;
    navigator.sendBeacon("/rum", new Blob([JSON.stringify(report)], { type: "application/json" }));
  }

  addEventListener("error", () => { errors += 1; });
  addEventListener("unhandledrejection", () => { errors += 1; });
  if (window.webVitals) {
    const keep = ({ name, value }) => vitals.set(name, Math.round(value * 10000) / 10000);
    for (const observe of ["onLCP", "onCLS", "onINP", "onFCP", "onTTFB"]) webVitals[observe](keep);
  }

  // When the page is left or hidden: only then do paint, layout shift and interaction have their final values. After
  // the library's own listeners, which report them at this very moment.
  addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") send();
  });
})();
