// Shows times in the reader's zone, and refreshes the page. Without it both are plain: UTC, a link.
"use strict";

(() => {
  const script = document.currentScript;
  const two = (number) => String(number).padStart(2, "0");

  /** `2026-11-27`, `22:40:59` and `+08:00` of an instant, in the reader's zone. */
  function parts(at) {
    const east = -at.getTimezoneOffset();
    const offset = `${two(Math.floor(Math.abs(east) / 60))}:${two(Math.abs(east) % 60)}`;
    return {
      date: `${String(at.getFullYear()).padStart(4, "0")}-${two(at.getMonth() + 1)}-${two(at.getDate())}`,
      clock: `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`,
      zone: `${east < 0 ? "-" : "+"}${offset}`,
    };
  }

  function showLocalTimes(root) {
    for (const time of root.querySelectorAll("time[datetime]")) {
      const at = new Date(time.dateTime);
      if (Number.isNaN(at.getTime())) continue;
      const { date, clock, zone } = parts(at);
      time.title = time.dateTime;
      time.textContent = time.textContent.includes(":") ? `${date} ${clock} ${zone}` : date;
    }
    for (const bar of root.querySelectorAll("[data-at]")) {
      const { clock, zone } = parts(new Date(bar.dataset.at * 1000));
      const title = bar.querySelector("title");
      title.textContent = title.textContent.replace(/^[\d:]+ UTC/, `${clock} ${zone}`);
    }
  }

  /** What the reader is at: typing, copying, or nothing that a refresh would take away. */
  function isBusy() {
    const typed = [...document.querySelectorAll("input[type=search]")].some(
      (input) => input === document.activeElement || input.value !== input.defaultValue,
    );
    return typed || !document.getSelection().isCollapsed;
  }

  function keyOf(element) {
    return element.id || element.getAttribute("href") || element.textContent;
  }

  function replaceMain(before, after) {
    for (const open of before.querySelectorAll("details[open]")) {
      const same = [...after.querySelectorAll("details")].find(
        (each) => each.dataset.key === open.dataset.key,
      );
      if (same) same.open = true;
    }
    const focused = before.contains(document.activeElement) ? document.activeElement : null;
    const { scrollX, scrollY } = window;
    before.replaceWith(after);
    if (focused) {
      [...after.querySelectorAll(focused.localName)]
        .find((each) => keyOf(each) === keyOf(focused))
        ?.focus({ preventScroll: true });
    }
    window.scrollTo(scrollX, scrollY);
  }

  function show(answer) {
    const releaseOf = (page) => page.querySelector("h1").textContent;
    if (releaseOf(answer) !== releaseOf(document)) {
      location.reload(); // its style and script are others
      return;
    }
    const after = answer.querySelector("main");
    showLocalTimes(after);
    replaceMain(document.querySelector("main"), document.adoptNode(after));
    document.title = answer.title;
    document.querySelector("link[rel=icon]").href = answer.querySelector("link[rel=icon]").href;
  }

  const alert = document.querySelector(".refresh [role=alert]");

  function refresh() {
    const request = new XMLHttpRequest(); // it parses without executing; fetch cannot
    request.responseType = "document";
    request.timeout = script.dataset.seconds * 1000;
    request.addEventListener("loadend", () => {
      const answered = request.status === 200 && request.response?.querySelector("main");
      alert.hidden = Boolean(answered);
      if (answered && !isBusy()) show(request.response);
    });
    request.open("GET", location.href);
    request.send();
  }

  const wanted = document.querySelector("#refresh");
  wanted.checked = sessionStorage.getItem("refresh") !== "off"; // as chosen on the page before
  wanted.addEventListener("change", () => {
    sessionStorage.setItem("refresh", wanted.checked ? "on" : "off");
  });
  let shownAt = Date.now();

  function tick() {
    const due = Date.now() - shownAt >= script.dataset.seconds * 1000;
    if (!due || !wanted.checked || document.hidden || isBusy()) return;
    shownAt = Date.now();
    refresh();
  }

  showLocalTimes(document);
  wanted.parentElement.hidden = false;
  setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
})();
