/** What every page gets from script: "/" goes to the search box. All else works without. */
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const search = document.querySelector(".top-search input");
  if (!search) return;
  event.preventDefault();
  search.focus();
  search.select();
});
