const most = 20;

/** As far as it is asked here. */
interface Platform {
  call(route: 'GET /v1/runs', request: { readonly query: { readonly status: 'running'; readonly limit: number } }): Promise<readonly { readonly recipe: string; readonly id: string }[]>;
}

/** For whoever starts a platform to do something else: which runs it goes on with, because it was stopped in the middle of them, and how to be rid of them. Nothing where there are none. */
export async function takenUpRuns(platform: Platform): Promise<string[]> {
  // A remark, not worth failing for.
  const runs = await platform.call('GET /v1/runs', { query: { status: 'running', limit: most } }).catch(() => []);
  if (runs.length === 0) return [];
  const named = runs.map(({ recipe, id }) => `${recipe} ${id}`).join(', ');
  return [`note: it goes on with what was stopped in the middle: ${named}${runs.length === most ? ', …' : ''}; \`tunesmith run cancel RUN\` ends what is not wanted any more`];
}
