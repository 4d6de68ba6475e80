// Keeps the shell (css, js, icons, the offline page in the reader's language) and nothing else. Pages of people are never kept here.
'use strict';

const SHELL = 'doorstep-shell' + self.location.search;
const OFFLINE = '/offline';
const DAY = 24 * 60 * 60 * 1000;

self.addEventListener('install', (event) => {
  event.waitUntil(keepShell().then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil((async () => {
    const names = await caches.keys();
    await Promise.all(names.filter((name) => name.startsWith('doorstep-shell') && name !== SHELL).map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

// At sign-out: everything that belongs to a person.
self.addEventListener('message', (event) => {
  if (event.data !== 'forget') return;
  event.waitUntil(caches.keys().then((names) => Promise.all(
    names.filter((name) => name.startsWith('doorstep-private')).map((name) => caches.delete(name)),
  )));
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  if (request.mode === 'navigate') {
    event.respondWith(fetch(request).catch(offline));
    event.waitUntil(freshen());
  } else if (isShell(url)) {
    event.respondWith(fromShell(request));
  }
});

// A file with its version in the address never changes.
function isShell(url) {
  return url.pathname.startsWith('/static/') && url.searchParams.has('v');
}

async function fromShell(request) {
  const cache = await caches.open(SHELL);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.status === 200 && response.type === 'basic') await cache.put(request, response.clone());
  return response;
}

async function offline() {
  return (await caches.match(OFFLINE, { cacheName: SHELL })) || Response.error();
}

// The offline page names the files it needs: one list, in one place.
async function keepShell() {
  const response = await fetch(OFFLINE + self.location.search, { credentials: 'omit', cache: 'no-cache' });
  if (!response.ok || response.redirected) throw new Error('no offline page');
  const html = await response.clone().text();
  const files = [...html.matchAll(/(?:href|src)="([^"#]+)/g)]
    .map((found) => new URL(found[1].replaceAll('&amp;', '&'), self.location.origin))
    .filter((url) => url.origin === self.location.origin && isShell(url));
  const cache = await caches.open(SHELL);
  await cache.addAll([...new Set(files.map(String))]);
  await cache.put(OFFLINE, response);
}

// Once a day the offline page is asked for again: the agency's telephone number may have changed.
async function freshen() {
  const kept = await caches.match(OFFLINE, { cacheName: SHELL });
  const age = Date.now() - Date.parse(kept?.headers.get('date') ?? '');
  if (kept && age < DAY) return;
  await keepShell().catch(() => {});
}
