import { escapeXml, svgPicture } from '@tunesmith/pictures';
import { grades } from '../synthesis/judge.js';
import type { AssessmentReport } from './assess-grades.js';

const width = 640;
const area = { left: 180, right: width - 24, top: 60 };
const bar = 22;
/** From good to bad, told apart in grey too. */
const colours = { A: '#1a7f37', B: '#8ac926', C: '#f4a259', D: '#bc4749' };

/** How often each group got each grade, as bars of the same length: LaMini-LM's picture of its human assessment (2304.14402, figure 5). */
export function gradesPlot({ groups }: Pick<AssessmentReport, 'groups'>, title = 'Grades by raters'): string {
  const height = area.top + groups.length * (bar + 10) + 24;
  return svgPicture({ title, width, height, style: ['  .dark { fill: #1f2328; }'], body: [
    `<text x="16" y="24" class="title">${escapeXml(title)}</text>`,
    ...grades.map((grade, place) => `<rect x="${area.left + place * 70}" y="36" width="12" height="12" fill="${colours[grade]}"/><text x="${area.left + place * 70 + 18}" y="46">${grade}</text>`),
    ...groups.flatMap(({ group, counts }, row) => {
      const y = area.top + row * (bar + 10);
      const total = Math.max(1, grades.reduce((sum, grade) => sum + counts[grade], 0));
      const scale = (area.right - area.left) / total;
      let x = area.left;
      const parts = grades.flatMap((grade) => {
        const length = counts[grade] * scale;
        const start = x;
        x += length;
        if (length === 0) return [];
        const rect = `<rect x="${start.toFixed(1)}" y="${y}" width="${length.toFixed(1)}" height="${bar}" fill="${colours[grade]}"><title>${escapeXml(group)}: ${counts[grade]} ${grade}</title></rect>`;
        return length < 18 ? [rect] : [rect, `<text class="dark" x="${(start + length / 2).toFixed(1)}" y="${y + 15}" text-anchor="middle">${counts[grade]}</text>`];
      });
      return [`<text x="${area.left - 8}" y="${y + 15}" text-anchor="end">${escapeXml(group.length > 24 ? `${group.slice(0, 23)}…` : group)}</text>`, ...parts];
    }),
  ] });
}
