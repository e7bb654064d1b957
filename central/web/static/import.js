// While a file of customers is being worked on, its page looks again by itself.
const main = document.querySelector("[data-look-again-s]");
if (main) setTimeout(() => location.reload(), Number(main.dataset.lookAgainS) * 1000);
