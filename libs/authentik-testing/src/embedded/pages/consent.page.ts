import { htmlEscape } from 'escape-goat';
import { layout } from './layout.js';

/** What an application asks for. */
export interface ConsentPageContent {
  readonly heading: string;
  /** Says what is about to happen; may be empty. */
  readonly text: string;
  readonly username: string;
  /** Descriptions of the scopes. */
  readonly permissions: readonly string[];
  /** Comes back with the answer; only the latest counts. */
  readonly token: string;
  readonly error?: string;
}

/** The consent page: agree or refuse, in one form. */
export function consentPage({ heading, text, username, permissions, token, error }: ConsentPageContent): string {
  const list = permissions.map((permission) => htmlEscape`<li>${permission}</li>`).join('');
  return layout(
    heading,
    htmlEscape`<h1>${heading}</h1>
<p>${text}</p>
<p class="quiet">You are ${username}.</p>
` +
      (error === undefined ? '' : htmlEscape`<p class="bad" role="alert">${error}</p>\n`) +
      (list === '' ? '' : `<p>The application gets access to:</p>\n<ul>${list}</ul>\n`) +
      htmlEscape`<form method="post">
<input type="hidden" name="token" value="${token}">
<div class="actions">
<button type="submit" name="answer" value="agree">Continue</button>
<button type="submit" name="answer" value="refuse" class="second">Cancel</button>
</div>
</form>`,
  );
}

/** Hands the answer over as a form (`response_mode=form_post`): by itself with JavaScript, by the button without. */
export function formPostPage(url: string, fields: Iterable<readonly [string, string]>): string {
  const inputs = [...fields]
    .map(([name, value]) => htmlEscape`<input type="hidden" name="${name}" value="${value}">`)
    .join('\n');
  return layout(
    'Redirecting',
    `<h1>Redirecting</h1>
${htmlEscape`<form method="post" action="${url}">`}
${inputs}
<div class="actions"><button type="submit" autofocus>Continue</button></div>
</form>
<script>document.forms[0].submit()</script>`,
  );
}
