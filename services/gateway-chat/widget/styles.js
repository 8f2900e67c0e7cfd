export const styles = /* css */ `
:host {
  all: initial;
}
.chat {
  --accent: #0b5cad;
  --accent-dark: #084a8c;
  --ink: #17212e;
  --soft: #4d5b6c;
  --line: #d5dce5;
  --quiet: #eef2f7;
  --bad: #a3221a;
  position: fixed;
  inset: auto 20px 20px auto;
  z-index: 2147483000;
  color: var(--ink);
  font: 400 15px/1.45 system-ui, -apple-system, 'Segoe UI', 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans SC', sans-serif;
  color-scheme: light;
}
.chat *, .chat *::before { box-sizing: border-box; }
[hidden] { display: none !important; }
p, h2, ol, ul { margin: 0; padding: 0; }
ol, ul { list-style: none; }
button { font: inherit; color: inherit; cursor: pointer; border: 0; background: none; padding: 0; }
svg { width: 22px; height: 22px; fill: none; stroke: currentColor; stroke-width: 2; stroke-linecap: round; stroke-linejoin: round; flex: none; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }

.launcher {
  position: relative;
  display: grid;
  place-items: center;
  width: 60px;
  height: 60px;
  margin-left: auto;
  border-radius: 50%;
  background: var(--accent);
  color: #fff;
  box-shadow: 0 6px 20px rgb(11 40 80 / 30%);
}
.launcher:hover { background: var(--accent-dark); }
.launcher:focus-visible { outline-offset: 3px; }
.launcher svg { width: 27px; height: 27px; }
.badge {
  position: absolute;
  top: -4px;
  right: -4px;
  min-width: 24px;
  padding: 1px 6px;
  border: 2px solid #fff;
  border-radius: 12px;
  background: var(--bad);
  font-size: 12px;
  font-weight: 700;
  text-align: center;
}

.panel {
  display: flex;
  flex-direction: column;
  width: min(384px, calc(100vw - 40px));
  height: min(620px, calc(100dvh - 120px));
  margin-bottom: 14px;
  border: 1px solid var(--line);
  border-radius: 16px;
  background: #fff;
  box-shadow: 0 16px 48px rgb(11 40 80 / 24%);
  overflow: hidden;
}
.header { display: flex; align-items: start; justify-content: space-between; gap: 12px; padding: 16px 14px 15px 20px; background: var(--accent); color: #fff; }
h2 { font-size: 18px; font-weight: 650; line-height: 1.3; }
.subtitle { font-size: 13px; }
.close { display: grid; place-items: center; width: 36px; height: 36px; border-radius: 8px; }
.close:hover { background: var(--accent-dark); }
.header :focus-visible { outline-color: #fff; outline-offset: -2px; }

.scroller { flex: 1; overflow-y: auto; overscroll-behavior: contain; padding: 16px; }
.scroller:focus-visible { outline-offset: -3px; }
.greeting { max-width: 85%; width: fit-content; padding: 9px 13px; border-radius: 14px 14px 14px 4px; background: var(--quiet); }
.about { margin: 10px 0 4px; font-size: 13.5px; }
.about summary { width: fit-content; color: var(--accent); cursor: pointer; padding: 4px 0; border-radius: 4px; }
.about label { display: block; margin: 8px 0 3px; color: var(--soft); }
.about input { width: 100%; padding: 8px 10px; border: 1px solid #76859a; border-radius: 8px; background: #fff; color: inherit; font: inherit; }
.about input[aria-invalid='true'] { border-color: var(--bad); }

.messages { display: flex; flex-direction: column; gap: 12px; padding-top: 8px; }
.message { max-width: 85%; align-self: flex-start; }
.customer { align-self: flex-end; }
.author { margin: 0 0 3px 4px; font-size: 12.5px; font-weight: 600; color: var(--soft); }
.bubble { width: fit-content; max-width: 100%; padding: 9px 13px; border-radius: 14px 14px 14px 4px; background: var(--quiet); }
.customer .bubble { margin-left: auto; border-radius: 14px 14px 4px 14px; background: var(--accent); color: #fff; }
.system .bubble { background: #fff; border: 1px solid var(--line); }
.message[data-state='sending'] .bubble { background: #3f6f9f; }
.message[data-state='notSent'] .bubble { background: #fff; color: var(--ink); border: 1px solid var(--bad); }
.text { white-space: pre-wrap; overflow-wrap: anywhere; }
.text a { color: inherit; text-underline-offset: 2px; }
.bubble :focus-visible { outline-color: currentColor; }
.meta { display: flex; flex-wrap: wrap; gap: 0 6px; margin: 3px 4px 0; font-size: 12px; color: var(--soft); }
.customer .meta { justify-content: flex-end; }
.state:not(:empty)::before { content: '· '; }
[data-state='notSent'] .state { color: var(--bad); }
.actions:not(:empty) { display: flex; gap: 10px; }
.link { color: var(--accent); text-decoration: underline; text-underline-offset: 2px; }
.attachment { display: flex; align-items: center; gap: 8px; text-align: left; overflow-wrap: anywhere; text-decoration: underline; text-underline-offset: 2px; border-radius: 8px; }
.attachment + .attachment, .text + .attachment { margin-top: 8px; }
.picture canvas { display: block; max-width: 100%; border-radius: 8px; background: #fff; }

.status { padding: 0 18px; font-size: 13px; color: var(--soft); }
.status:not(:empty) { padding-block: 6px; }
.status[data-kind='offline'] { background: #fdf0d5; color: #6a4100; }
.composer { padding: 10px 12px 10px; border-top: 1px solid var(--line); }
.problem { font-size: 13px; color: var(--bad); }
.problem:not(:empty) { padding: 0 4px 8px; }
.row { display: flex; align-items: flex-end; gap: 6px; }
textarea { flex: 1; min-width: 0; max-height: 132px; padding: 8px 12px; border: 1px solid #76859a; border-radius: 12px; resize: none; field-sizing: content; background: #fff; color: inherit; font: inherit; }
textarea::placeholder { color: #5d6b7c; opacity: 1; }
textarea:focus-visible { outline-width: 2px; outline-offset: 0; border-color: var(--accent); }
.attach, .send { display: grid; place-items: center; flex: none; width: 40px; height: 40px; border-radius: 12px; }
.attach { color: var(--soft); }
.attach:hover { background: var(--quiet); color: var(--ink); }
.send { background: var(--accent); color: #fff; }
.send:hover:not(:disabled) { background: var(--accent-dark); }
.send:disabled { background: #c9d3df; cursor: default; }
.hint { margin: 6px 4px 0; font-size: 12px; color: var(--soft); }
.files:not(:empty) { display: flex; flex-direction: column; gap: 6px; padding-bottom: 8px; }
.files li { display: flex; align-items: center; gap: 10px; padding: 6px; border: 1px solid var(--line); border-radius: 10px; font-size: 13px; }
.files canvas { border-radius: 6px; }
.files .name { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.remove { display: grid; place-items: center; width: 32px; height: 32px; border-radius: 8px; color: var(--soft); }
.remove:hover { background: var(--quiet); }
.remove svg { width: 17px; height: 17px; }

@media (max-width: 480px) {
  .panel { position: fixed; inset: 0; width: 100vw; height: 100dvh; margin: 0; border: 0; border-radius: 0; }
  .panel:not([hidden]) + .launcher, .hint { display: none; }
}
@media (prefers-reduced-motion: no-preference) {
  .panel { animation: rise 160ms ease-out; }
  .launcher, .send, .attach { transition: background-color 120ms; }
  @keyframes rise { from { opacity: 0; transform: translateY(10px); } }
}
@media (forced-colors: active) {
  .launcher, .bubble, .send, .panel { border: 1px solid CanvasText; }
}
`;
