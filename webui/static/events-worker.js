/** Shares one stream of events among all pages of this browser: it allows six connections in all. */
import { follow } from "./stream.js";

const pages = new Set();
let open = null;

const again = follow((news) => {
  if ("open" in news) open = news.open;
  for (const page of pages) page.postMessage(news);
});

self.addEventListener("connect", ({ ports: [page] }) => {
  pages.add(page);
  page.addEventListener("message", ({ data }) => {
    if (data === "bye") pages.delete(page);
    if (data === "again") again();
  });
  page.start();
  if (open !== null) page.postMessage({ open });
});
