// Comments come from hypothes.is. The client is loaded when a reader asks for it: no third-party request before a click.
document.addEventListener("DOMContentLoaded", () => {
  const article = document.querySelector("article.bd-article");
  if (!article) return;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "hdr-comments btn btn-sm btn-outline-primary";
  button.textContent = "Show or add comments (loads hypothes.is)";
  button.addEventListener("click", () => {
    const script = document.createElement("script");
    script.src = "https://hypothes.is/embed.js";
    script.async = true;
    document.head.append(script);
    button.disabled = true;
  });
  article.append(button);
});
