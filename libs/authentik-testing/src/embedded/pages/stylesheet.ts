/** The one stylesheet of all pages. Dark and light as the system says; nothing is wider than a phone. */
export const STYLESHEET = `
:root { color-scheme: light dark; --page: #eef0f4; --card: #fff; --text: #1b1f27; --quiet: #5a6270; --line: #c3c9d4;
  --accent: #c2410c; --on-accent: #fff; --bad: #b3261e; --focus: #1d4ed8; }
@media (prefers-color-scheme: dark) { :root { --page: #14161b; --card: #1f232b; --text: #eceef2; --quiet: #a4abb8;
  --line: #4a5160; --accent: #f4814f; --on-accent: #1a0f09; --bad: #ff9a90; --focus: #93b4ff; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--page);
  color: var(--text); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 24rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem;
  padding: 1.75rem; overflow-wrap: anywhere; }
h1 { margin: 0 0 0.5rem; font-size: 1.4rem; line-height: 1.25; }
p, ul { margin: 0 0 1rem; }
ul { padding-left: 1.25rem; }
.quiet { color: var(--quiet); font-size: 0.9rem; }
.bad { color: var(--bad); font-weight: 600; }
label { display: block; margin: 1rem 0 0.25rem; font-weight: 600; }
input { width: 100%; padding: 0.6rem 0.7rem; border: 1px solid var(--line); border-radius: 0.4rem; background: transparent;
  color: inherit; font: inherit; }
.actions { display: flex; flex-wrap: wrap; gap: 0.75rem; margin-top: 1.5rem; }
button { flex: 1 1 8rem; padding: 0.65rem 1rem; border: 1px solid var(--accent); border-radius: 0.4rem; background: var(--accent);
  color: var(--on-accent); font: inherit; font-weight: 600; cursor: pointer; }
button.second { background: transparent; color: inherit; border-color: var(--line); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
footer { margin-top: 1.5rem; padding-top: 1rem; border-top: 1px solid var(--line); }
footer p { margin: 0; }
`;

/** Where pages find it. */
export const STYLESHEET_PATH = '/static/embedded-authentik.css';
