import type { Session } from '../session.js';

/** A form as its platform serves it. */
export interface ServedForm {
  /** What raters open. */
  readonly address: string;
  readonly title: string;
  readonly items: number;
  readonly raters: readonly { readonly rater: string; readonly graded: number; readonly handedInAt: string }[];
}

export async function servedForm(session: Session, digest: string): Promise<ServedForm> {
  const platform = await session.platform();
  const { page, title, items, raters } = await platform.call('GET /v1/assessments/{digest}', { parameters: { digest } });
  return { address: new URL(page.slice(1), new URL('./', platform.address.url)).href, title, items, raters };
}

/** A platform of this machine listens to it alone. */
export function addressLines({ address }: ServedForm): string[] {
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(address).hostname);
  return [`raters open ${address}`, ...(local ? ['(that is of this machine alone, and its port may change at the next start: for raters elsewhere give them form.html, or use a shared platform)'] : [])];
}
