/** Only what stands in the page itself runs, and it speaks to this platform alone. */
export const raterPagePolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/**
 * What an address for raters opens: a page that fetches the form with the key behind the #, and becomes it. It is the same for every form, so that it may be
 * given to anyone. Where the form hands in, it finds in `servedForm`: the window stays when the document is written anew.
 */
export const raterPage = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>Assessment</title></head><body>
<p id="note" role="status">The form is being fetched.</p>
<noscript><p>This page needs JavaScript.</p></noscript>
<script>
'use strict';
(async () => {
  const note = (text) => { document.getElementById('note').textContent = text; };
  const key = location.hash.slice(1);
  if (!key) { note('Expected the whole address, with the part behind the #; it is missing. Open it again as it was given to you.'); return; }
  const at = location.pathname.lastIndexOf('/assess/');
  const path = location.pathname.slice(0, at) + '/v1/assessments/' + location.pathname.slice(at + 8);
  globalThis.servedForm = { grades: path + '/grades', key };
  try {
    const answer = await fetch(path + '/form', { headers: { authorization: 'Bearer ' + key } });
    if (!answer.ok) { note(answer.status === 401 ? 'The key in this address is not valid (any more). Ask for a new address.' : 'There is no form here: HTTP ' + answer.status + '.'); return; }
    const page = await answer.text();
    document.open(); document.write(page); document.close();
  } catch (error) { note('The platform does not answer: ' + error.message + '. Try again.'); }
})();
</script>
</body></html>
`;
