/** Pictures and pages for reports: SVG and HTML as text, for light and dark paper alike. Knows nothing of what it shows. */
export { barChart, type BarChart } from './bar-chart.js';
export { colours } from './colours.js';
export { escapeXml } from './escape-xml.js';
export { htmlPage, type PageSection } from './html-page.js';
export { lineChart, type LineChart } from './line-chart.js';
export { radarChart, type RadarChart } from './radar-chart.js';
export { scatterPlot, type ScatterPlot } from './scatter-plot.js';
export { shorten } from './shorten.js';
export { svgPicture } from './svg-picture.js';
export { markdownTable, htmlTable, type Table } from './table.js';
export { thinned } from './thinned.js';
export { niceTicks, tickLabel } from './ticks.js';
