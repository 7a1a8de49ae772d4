// The combo boxes of select2 have no accessible name: give them that of the select's label.
"use strict";
(() => {
  const named = (select) => {
    const label = document.querySelector(`label[for="${select.id}"]`);
    const box = select.nextElementSibling && select.nextElementSibling.querySelector("[role=combobox]");
    if (!label || !box) return;
    label.id = label.id || `${select.id}_label`;
    const text = box.querySelector(".select2-selection__rendered");
    text.removeAttribute("role");
    text.removeAttribute("aria-readonly");
    box.setAttribute("aria-labelledby", `${label.id} ${text.id}`);
  };
  window.addEventListener("load", () => {
    // After select2, which initialises on the same event.
    django.jQuery(() => document.querySelectorAll("select.admin-autocomplete").forEach(named));
    django.jQuery(document).on("select2:open", (event) => {
      const field = document.querySelector(".select2-container--open .select2-search__field");
      const label = document.querySelector(`label[for="${event.target.id}"]`);
      if (field && label) field.setAttribute("aria-label", label.textContent);
    });
  });
})();
