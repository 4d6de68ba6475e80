// Everything works without this file; it only makes the pages quicker, calmer and safer on a shared phone.
(() => {
  'use strict';

  const body = document.body;
  const toasts = document.getElementById('toasts');
  const byPerson = ['submit', 'click', 'change', 'input'];

  // ---- A page restored by the back button must not show what a signed-out person may not see ----

  const isPrivate = body.hasAttribute('data-private');
  const hide = () => { document.documentElement.hidden = true; };
  const reload = () => { hide(); location.reload(); };

  addEventListener('pagehide', () => { if (isPrivate) hide(); });
  addEventListener('pageshow', (event) => {
    if (event.persisted && isPrivate) reload();
    else document.querySelectorAll('form[aria-busy]').forEach(rest);
  });

  // ---- Quick exit: blank at once, a neutral page in this one's place, in every tab ----

  const way = document.querySelector('[data-quick-exit]');

  function leave() {
    hide();
    document.title = '\u2026';
    navigator.sendBeacon(way.action, new URLSearchParams(new FormData(way)));
    // Should that not arrive, whatever the browser asks for next ends the session first.
    const [prefix, secure] = location.protocol === 'https:' ? ['__Host-', '; Secure'] : ['', ''];
    document.cookie = `${prefix}left=1; Path=/; Max-Age=86400; SameSite=Lax${secure}`;
    forget();
    try {
      localStorage.setItem('left', Date.now());
      localStorage.removeItem('left');
    } catch { /* a browser that keeps nothing */ }
    go();
  }

  function go() {
    hide();
    location.replace(way.dataset.quickExit);
    body.replaceChildren();
  }

  if (way) {
    let shifts = [];
    addEventListener('storage', (event) => { if (event.key === 'left' && event.newValue) go(); });
    addEventListener('keydown', (event) => {
      if (event.repeat) return;
      shifts = event.key === 'Shift' ? [...shifts, event.timeStamp].slice(-3) : [];
      if (shifts.length === 3 && shifts[2] - shifts[0] < 1500) leave();
    }, true);
  }

  // ---- A session that nobody uses says so two minutes before it ends ----

  const notice = document.getElementById('idle');
  const idle = Number(body.dataset.secondsLeft) * 1000;
  let end = 0;
  let waking = 0;

  // What was typed stays, and is kept when it is sent; what could only be read is gone at the end.
  function holdsTyped() {
    return document.querySelector('.error-summary, [data-given-back]')
      || [...document.querySelectorAll('main :is(input:not([type="hidden"]), textarea)')]
        .some((field) => field.value !== field.defaultValue || field.checked !== field.defaultChecked);
  }

  function wind(ms) {
    end = Date.now() + ms;
    wake();
  }

  function wake() {
    const left = end - Date.now();
    clearTimeout(waking);
    document.querySelector('#toasts [data-stay]')?.remove();
    if (left <= 0) {
      if (!holdsTyped()) reload();
      return;
    }
    if (left <= 120000) {
      toasts.append(notice.content.cloneNode(true));
      window.htmx?.process(toasts);
    }
    waking = setTimeout(wake, left > 120000 ? left - 120000 : left);
  }

  if (isPrivate && notice) {
    wind(idle);
    document.addEventListener('visibilitychange', () => { if (!document.hidden && Date.now() > end) wake(); });
  }

  // ---- Toasts: one persistent live region ----

  function say(text, name) {
    if (!toasts || !text) return;
    toasts.querySelectorAll(`[data-name="${name}"]`).forEach((old) => old.remove());
    const toast = document.createElement('p');
    toast.dataset.name = name;
    toast.textContent = text;
    toasts.append(toast);
  }

  if (toasts) {
    toasts.addEventListener('click', (event) => event.target.closest('#toasts > :not([data-stay])')?.remove());
    new MutationObserver((changes) => {
      changes.forEach((change) => change.addedNodes.forEach((node) => {
        if (!node.matches?.('[data-stay]')) setTimeout(() => node.remove(), 12000);
      }));
    }).observe(toasts, { childList: true });
  }

  const sayOffline = () => say(toasts?.dataset.offline, 'trouble');
  addEventListener('offline', sayOffline);
  addEventListener('online', () => toasts?.querySelector('[data-name="trouble"]')?.remove());

  // The offline page in place of another one knocks now and then, and opens what was asked for.
  if (body.hasAttribute('data-offline-page') && location.pathname !== '/offline') {
    const knock = () => fetch('/offline', { method: 'HEAD', cache: 'no-store' })
      .then((response) => { if (response.ok) location.reload(); })
      .catch(() => {});
    addEventListener('online', () => setTimeout(knock, 1000));
    setInterval(() => { if (!document.hidden) knock(); }, 10000);
  }

  // ---- A double tap submits once; nothing is ever disabled, so focus and text stay ----

  function rest(form) {
    clearTimeout(form.waking);
    form.removeAttribute('aria-busy');
  }

  // In the capture phase, so that it stands before htmx.
  document.addEventListener('submit', (event) => {
    const form = event.target;
    if (form === way) {
      stop(event);
      leave();
      return;
    }
    if (form.matches('[data-sign-out]')) forget();
    if (form.getAttribute('method') === 'post' && navigator.onLine === false) {
      stop(event);
      sayOffline();
    } else if (form.matches('[data-once]')) {
      if (form.getAttribute('aria-busy') === 'true') {
        stop(event);
        return;
      }
      form.setAttribute('aria-busy', 'true');
      form.waking = setTimeout(() => rest(form), 20000);
      // Somebody else's handler may have said no.
      setTimeout(() => { if (event.defaultPrevented && !form.dataset.hxPost) rest(form); });
    }
  }, true);

  function forget() {
    navigator.serviceWorker?.controller?.postMessage('forget');
  }

  function stop(event) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  document.addEventListener('htmx:finally:request', (event) => {
    const form = event.detail.ctx?.sourceElement?.closest?.('form');
    if (form) rest(form);
    // The row of a session may be a minute behind; a page that asks by itself does not move it.
    const { request, response } = event.detail.ctx;
    if (isPrivate && notice && response?.status < 400 && !request.headers['X-Poll']) wind(idle - 60000);
  });

  // ---- What refreshes by itself rests while nobody sees it, and gives up quietly: the next time puts it right ----

  document.addEventListener('htmx:before:request', (event) => {
    const { ctx } = event.detail;
    if (!ctx?.sourceElement?.matches?.('[data-while-seen]')) return;
    if (document.hidden) event.preventDefault();
    // htmx calls its own limit an error.
    clearTimeout(ctx.requestTimeout);
    ctx.requestTimeout = setTimeout(() => ctx.request.abort(), 15000);
  });

  // ---- Focus goes to what changed ----

  function focusOn(root, alsoHeading) {
    const place = root.querySelector('.error-summary') || root.querySelector('[aria-invalid="true"]')
      || root.querySelector('[data-focus]') || (alsoHeading && root.querySelector('h1'));
    if (place) place.focus();
    return Boolean(place);
  }

  const asked = (event) => byPerson.includes(event.detail.ctx?.sourceEvent?.type);

  document.addEventListener('htmx:after:swap', (event) => {
    const said = document.querySelector('[data-said]');
    const voice = document.getElementById('said');
    if (said && voice) voice.textContent = said.textContent;
    tellNews();
    // What refreshes by itself, or while somebody types, leaves the focus where it is.
    const how = event.detail.ctx?.sourceEvent?.type;
    if (how !== 'submit' && how !== 'click') return;
    const target = event.detail.ctx.target;
    const now = target?.id ? document.getElementById(target.id) : event.target;
    if (!now?.isConnected || now === toasts) return;
    prepare(now);
    if (!focusOn(now, true) && document.activeElement === body) {
      if (!now.hasAttribute('tabindex')) now.tabIndex = -1;
      now.focus();
    }
  });

  // ---- A discussion opens at its end; what comes while somebody reads elsewhere or types says so ----

  const newest = () => document.querySelector('[data-newest]');
  let last = document.getElementById('thread')?.dataset.last;

  function tellNews() {
    const thread = document.getElementById('thread');
    if (!thread?.dataset.last || thread.dataset.last === last) return;
    last = thread.dataset.last;
    const { top } = newest()?.getBoundingClientRect() || {};
    if (top < 0 || top > innerHeight) say(thread.dataset.news, 'news');
  }

  // ---- What nobody asked for fails in silence; a proxy's error does not take the place of what is read ----

  document.addEventListener('htmx:after:request', (event) => {
    const { response } = event.detail.ctx;
    if (!asked(event) && response.status >= 400 && !response.headers.has('HX-Redirect')) event.preventDefault();
  });

  document.addEventListener('htmx:error', (event) => {
    if (!asked(event)) return;
    if (navigator.onLine === false) sayOffline();
    else say(toasts?.dataset.error, 'trouble');
  });

  // A link of the error summary leads to the first control, also in a group.
  document.addEventListener('click', (event) => {
    const link = event.target.closest?.('.error-summary a[href^="#"]');
    const place = link && document.getElementById(decodeURIComponent(link.hash.slice(1)));
    if (place?.matches('fieldset')) {
      event.preventDefault();
      place.scrollIntoView();
      place.querySelector('input, select, textarea')?.focus({ preventScroll: true });
    }
  });

  // ---- Show and hide a password; a time in the device's zone, where its clock differs from that of the place ----

  function prepare(root) {
    root.querySelectorAll('[data-reveal]').forEach((button) => { button.hidden = false; });
    root.querySelectorAll('[data-begins]').forEach((line) => {
      const begins = new Date(line.dataset.begins);
      if (begins.getTimezoneOffset() + Number(line.dataset.offset) === 0) return;
      line.querySelector('bdi').textContent = begins.toLocaleString(`${document.documentElement.lang}-u-nu-latn`, {
        weekday: 'long', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short',
      });
      line.hidden = false;
    });
  }

  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('[data-reveal]');
    if (!button) return;
    const input = document.getElementById(button.getAttribute('aria-controls'));
    const shown = input.type === 'password';
    input.type = shown ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(shown));
    button.textContent = shown ? button.dataset.hide : button.dataset.show;
    // A browser must not remember a password as ordinary text.
    input.form?.addEventListener('submit', () => { input.type = 'password'; }, { once: true });
  });

  // ---- Install on the home screen ----

  let install = null;
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    install = event;
    document.querySelectorAll('[data-install]').forEach((hint) => { hint.hidden = false; });
  });
  document.addEventListener('click', (event) => {
    const button = event.target.closest?.('[data-install] button');
    if (!button || !install) return;
    install.prompt();
    install = null;
    button.closest('[data-install]').hidden = true;
  });

  // ---- The service worker is renewed whenever the version of this file, or the reader's language, changes ----

  const version = new URL(document.currentScript.src).search;
  if ('serviceWorker' in navigator) {
    addEventListener('load', () => navigator.serviceWorker.register('/sw.js' + version + '&l=' + document.documentElement.lang).catch(() => {}));
  }

  prepare(document);
  focusOn(document, false);
  if (!document.querySelector('.error-summary')) newest()?.scrollIntoView({ block: 'center' });
})();
