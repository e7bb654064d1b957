// While a file of customers is being worked on, its page looks again by itself; whoever stands on a button stays there.
function waitSeconds(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** Puts what the centre says now in the place of what the page shows. */
async function renew(main) {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
  if (answer.redirected || !answer.ok || !fresh) return location.reload();
  const action = main.contains(document.activeElement) ? document.activeElement.closest("form")?.getAttribute("action") : null;
  main.replaceWith(document.adoptNode(fresh));
  if (action) fresh.querySelector(`form[action="${action}"] button`)?.focus();
  return undefined;
}

async function watchWork() {
  for (;;) {
    const main = document.querySelector("main");
    const marked = main.querySelector("[data-look-again-s]");
    if (!marked) return;
    await waitSeconds(Number(marked.dataset.lookAgainS));
    await renew(main).catch(() => undefined); // the centre may be away for a moment
  }
}

watchWork();
