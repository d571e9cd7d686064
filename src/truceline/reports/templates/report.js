(function () {
  "use strict";
  var form = document.getElementById("filters");
  if (!form) return;
  form.hidden = false;
  var rows = Array.prototype.slice.call(document.querySelectorAll("tr.main"));
  var told = document.getElementById("filter-count");
  function apply() {
    var shown = 0;
    rows.forEach(function (row) {
      var keep = Array.prototype.every.call(form.querySelectorAll("select"), function (select) {
        return !select.value || row.dataset[select.name] === select.value;
      });
      row.hidden = !keep;
      row.nextElementSibling.hidden = !keep;
      if (keep) shown += 1;
    });
    told.textContent = _("Findings shown: {shown} of {all}", {shown: shown, all: rows.length});
  }
  form.addEventListener("change", apply);
  form.addEventListener("reset", function () { window.setTimeout(apply, 0); });
  function reveal() {
    var id = decodeURIComponent(window.location.hash.slice(1));
    var row = id && document.getElementById(id);
    if (!row || !row.classList.contains("main")) return;
    if (row.hidden) { form.reset(); }
    var details = row.nextElementSibling.querySelector("details");
    if (details) details.open = true;
    row.scrollIntoView();
  }
  window.addEventListener("hashchange", reveal);
  apply();
  reveal();
  document.documentElement.dataset.ready = "yes";
})();
