/** Text as it may stand in SVG and HTML. */
export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character]!);
}

/** Colours that can be told apart on light and on dark paper, round the circle. */
export function colourOf(place: number, of: number, lightness = 58): string {
  return `hsl(${Math.round((360 * place) / Math.max(of, 1))} 55% ${lightness}%)`;
}

/** A picture for light and dark pages alike; `label` is what a screen reader says. Without custom properties, which some renderers do not know. */
export function svgFrame({ width, height, label }: { readonly width: number; readonly height: number; readonly label: string }, body: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(label)}">`,
    '<style>',
    '  text { font: 12px sans-serif; fill: #1f2328; } .title { font-size: 14px; font-weight: 600; } .paper { fill: #ffffff; } .small { font-size: 10px; }',
    '  .grid { stroke: #d8dee4; } .axis { stroke: #1f2328; } .first { fill: #0969da; } .second { fill: #bc4c00; } .edge { stroke: #ffffff; } .dark { fill: #1f2328; }',
    '  @media (prefers-color-scheme: dark) {',
    '    text { fill: #e6edf3; } .paper { fill: #0d1117; } .grid { stroke: #30363d; } .axis { stroke: #e6edf3; } .first { fill: #58a6ff; } .second { fill: #f0883e; } .edge { stroke: #0d1117; }',
    '  }',
    '</style>',
    `<rect width="${width}" height="${height}" class="paper"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}
