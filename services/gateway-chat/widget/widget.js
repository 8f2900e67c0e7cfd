// The one script tag of a host page:
//   <script src="https://chat.example/chat/v1/widget.js" data-site="demo" async></script>
// A classic script, because only that may be named without type="module" and knows its own tag; the rest are modules.
(() => {
  const script = /** @type {HTMLScriptElement} */ (document.currentScript);
  const options = {
    base: new URL('./', script.src).href,
    site: script.dataset.site ?? 'demo',
    language: script.dataset.lang || navigator.language,
  };
  const begin = async () => {
    const { mountChat } = await import(new URL('./widget/chat-widget.js', script.src).href);
    mountChat(options);
  };
  if (document.body) void begin();
  else document.addEventListener('DOMContentLoaded', begin, { once: true });
})();
