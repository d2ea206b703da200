import { escapeXml } from './escape-xml.js';

/** A whole SVG: the paper, the usual texts and lines (`title`, `grid`, `axis`), which turn with the reader's light or dark page, and `body` on it. Sizes are in pixels. */
export function svgPicture({ title, width, height, body, style = [] }: { title: string; width: number; height: number; body: readonly string[]; style?: readonly string[] }): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}">`,
    '<style>',
    // Without custom properties, which some renderers of SVG do not know.
    '  text { font: 12px sans-serif; fill: #1f2328; } .title { font-size: 14px; font-weight: 600; } .paper { fill: #ffffff; } .grid { stroke: #d8dee4; } .axis { stroke: #1f2328; fill: none; }',
    '  @media (prefers-color-scheme: dark) { text { fill: #e6edf3; } .paper { fill: #0d1117; } .grid { stroke: #30363d; } .axis { stroke: #e6edf3; } }',
    ...style,
    '</style>',
    `<rect width="${width}" height="${height}" class="paper"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}
