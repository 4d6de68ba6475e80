// Texts of messages: a field's button puts it where the cursor stands.  Without this file the fields are typed.
(() => {
  'use strict';

  document.querySelectorAll('[data-insert]').forEach((button) => {
    button.hidden = false;
    button.nextElementSibling.hidden = true;
    button.addEventListener('click', () => {
      const box = document.getElementById(button.getAttribute('aria-controls'));
      box.setRangeText(button.dataset.insert, box.selectionStart, box.selectionEnd, 'end');
      box.dispatchEvent(new Event('input', { bubbles: true }));
      box.focus();
    });
  });
})();
