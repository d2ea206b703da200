import { escapeXml } from './escape-xml.js';

export interface PageSection {
  readonly heading: string;
  /** HTML, trusted: made by this room or escaped. */
  readonly body: string;
}

/** One self-contained page, with no script and nothing fetched. */
export function htmlPage(title: string, sections: readonly PageSection[]): string {
  return [
    '<!doctype html>',
    '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escapeXml(title)}</title>`,
    '<style>',
    '  :root { color-scheme: light dark; } body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; } svg { max-width: 100%; height: auto; }',
    '  table { border-collapse: collapse; } .wide { overflow-x: auto; } th, td { padding: .25rem .6rem; border-bottom: 1px solid color-mix(in srgb, currentColor 25%, transparent); text-align: left; vertical-align: top; } tbody th { font-weight: inherit; } .number { text-align: right; font-variant-numeric: tabular-nums; } pre { white-space: pre-wrap; overflow-wrap: anywhere; }',
    '  details { padding-left: 1rem; } summary { cursor: pointer; margin-left: -1rem; } dt { font-weight: 600; } dd { margin: 0 0 .5rem; } dd pre { margin: 0; max-height: 40rem; overflow-y: auto; }',
    '</style></head><body><main>',
    `<h1>${escapeXml(title)}</h1>`,
    ...sections.map(({ heading, body }) => `<section><h2>${escapeXml(heading)}</h2>\n${body}\n</section>`),
    '</main></body></html>',
    '',
  ].join('\n');
}
