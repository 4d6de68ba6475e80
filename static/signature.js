// A signature drawn with finger, pen or mouse: its lines go into a hidden field, and the server makes a picture of them.
(() => {
  'use strict';

  const width = 600;
  const height = 200;
  const most = 58000;

  function pad(place) {
    const field = place.querySelector('input[type="hidden"]');
    place.append(document.getElementById('pad').content.cloneNode(true));
    const canvas = place.querySelector('canvas');
    const ink = canvas.getContext('2d');
    let last = null;

    function redraw() {
      ink.clearRect(0, 0, width, height);
      ink.beginPath();
      for (const [, verb, x, y] of field.value.matchAll(/([ML])(\d+) (\d+)/g)) {
        if (verb === 'M') ink.moveTo(x, y);
        else ink.lineTo(x, y);
      }
      ink.stroke();
    }

    function at(event) {
      const box = canvas.getBoundingClientRect();
      const within = (part, whole, end) => Math.max(0, Math.min(end - 1, Math.round((part / whole) * end)));
      return [within(event.clientX - box.left, box.width, width), within(event.clientY - box.top, box.height, height)];
    }

    function put(verb, [x, y]) {
      if (field.value.length > most || (last && last[0] === x && last[1] === y && verb === 'L')) return;
      field.value += `${verb}${x} ${y}`;
      if (verb === 'L') {
        ink.beginPath();
        ink.moveTo(...last);
        ink.lineTo(x, y);
        ink.stroke();
      }
      last = [x, y];
    }

    ink.lineWidth = 3;
    ink.lineCap = 'round';
    ink.lineJoin = 'round';
    ink.strokeStyle = '#111';
    canvas.addEventListener('pointerdown', (event) => {
      canvas.setPointerCapture(event.pointerId);
      put('M', at(event));
      event.preventDefault();
    });
    canvas.addEventListener('pointermove', (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      for (const each of event.getCoalescedEvents?.() || [event]) put('L', at(each));
    });
    place.querySelector('button').addEventListener('click', () => {
      field.value = '';
      last = null;
      redraw();
    });
    redraw();
  }

  // Where both ways are offered the box is there only for who chose to draw.
  function follow(place) {
    const ways = [...place.closest('fieldset').querySelectorAll('input[type="radio"][name$="-how"]')];
    if (!ways.length) return;
    const show = () => { place.hidden = !ways.some((way) => way.checked && way.value === 'drawn'); };
    ways.forEach((way) => way.addEventListener('change', show));
    show();
  }

  document.querySelectorAll('[data-signature]').forEach((place) => {
    pad(place);
    follow(place);
  });
})();
