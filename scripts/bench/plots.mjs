// SVG by hand, without a background: the colours follow the reader's dark or light scheme.
import { COUNTS } from './cost.mjs';
import { policyCost } from './targets.mjs';

const WIDTH = 720;
const STYLE = `<style>
  text { font: 13px sans-serif; fill: #333 } .axis { stroke: #999; fill: none } .grid { stroke: #8884; fill: none }
  .line { fill: none; stroke-width: 2 } .dash { stroke-dasharray: 5 4 }
  .s0 { stroke: #0969da } .s1 { stroke: #bc4c00 } .s2 { stroke: #8250df } .s3 { stroke: #6e7781 } .b { fill: #0969da } .o { fill: #8c959f }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd } .s0 { stroke: #58a6ff } .s1 { stroke: #f0883e } .s2 { stroke: #bc8cff } .s3 { stroke: #8b949e } .b { fill: #58a6ff } .o { fill: #8b949e }
  }
</style>`;

function svg(height, title, body) {
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">`;
  return `${[open, STYLE, `<text x="12" y="20" font-weight="bold">${title}</text>`, ...body, '</svg>'].join('\n')}\n`;
}

/** Least cost over the floor against the number of rules (logarithmic). */
export function costPlot({ cost }) {
  const series = [
    { label: 'mixed, random addresses', shape: 'mixed five-field', packet: 'random', style: 's1' },
    { label: 'mixed five-field', shape: 'mixed five-field', packet: 'hit', style: 's2' },
    { label: 'single-field', shape: 'single-field', packet: 'hit', style: 's0' },
  ].map((one) => ({
    ...one,
    values: COUNTS.map((rules) => policyCost(cost, one.shape, rules, one.packet).min),
  }));
  const others = cost.filter(({ name, packet }) => name.startsWith('xdp-filter') && packet === 'hit');
  const top =
    Math.ceil(Math.max(...series.flatMap(({ values }) => values), ...others.map(({ min }) => min)) / 20) * 20;
  const height = 380;
  const [left, right, bottom] = [50, WIDTH - 210, height - 45];
  const x = (at) => left + ((right - left) * at) / (COUNTS.length - 1);
  const y = (value) => bottom - ((bottom - 40) * value) / top;
  const body = [];
  for (let value = 0; value <= top; value += 20) {
    body.push(`<path class="grid" d="M${left} ${y(value)}H${right}"/>`);
    body.push(`<text x="${left - 8}" y="${y(value) + 4}" text-anchor="end">${value}</text>`);
  }
  COUNTS.forEach((rules, at) =>
    body.push(
      `<text x="${x(at)}" y="${bottom + 20}" text-anchor="middle">${rules.toLocaleString('en')}</text>`,
    ),
  );
  body.push(`<text x="${(left + right) / 2}" y="${height - 8}" text-anchor="middle">rules</text>`);
  const labels = [];
  for (const { label, values, style } of series) {
    body.push(
      `<path class="line ${style}" d="M${values.map((value, at) => `${x(at)} ${y(value).toFixed(1)}`).join('L')}"/>`,
    );
    labels.push({ text: `${label}: ${values.at(-1)}`, at: y(values.at(-1)) });
  }
  for (const { name, min } of others) {
    body.push(`<path class="line dash s3" d="M${left} ${y(min).toFixed(1)}H${right}"/>`);
    labels.push({ text: `${name}: ${min}`, at: y(min) });
  }
  for (const { text, at } of spread(labels)) body.push(`<text x="${right + 8}" y="${at + 4}">${text}</text>`);
  return svg(height, 'Cost of a packet, ns over return XDP_DROP', body);
}

/** Moves labels apart, from the top down. */
function spread(labels) {
  let last = -Infinity;
  return labels
    .toSorted((a, b) => a.at - b.at)
    .map(({ text, at }) => ({ text, at: (last = Math.max(at, last + 16)) }));
}

export function throughputPlot({ throughput }) {
  const [left, right] = [210, WIDTH - 110];
  const most = Math.max(...throughput.map(({ best }) => best));
  const body = throughput.flatMap(({ name, best, ratio }, at) => {
    const top = 40 + at * 32;
    const width = ((right - left) * best) / most;
    return [
      `<text x="${left - 10}" y="${top + 16}" text-anchor="end">${name}</text>`,
      `<rect class="${name.startsWith('policy') ? 'b' : 'o'}" x="${left}" y="${top}" width="${width.toFixed(1)}" height="22"/>`,
      `<text x="${(left + width + 8).toFixed(1)}" y="${top + 16}">${best.toFixed(2)} (${ratio.toFixed(2)})</text>`,
    ];
  });
  return svg(50 + throughput.length * 32, 'Live frames dropped, million/s (to the bare drop)', body);
}

/** `series` are `{ name, points: [{ x, y }] }`; both axes are logarithmic. */
export function scalePlot(title, series) {
  const points = series.flatMap((one) => one.points);
  const [height, left, right, bottom] = [380, 70, WIDTH - 150, 335];
  const scale = (values, from, to) => {
    const low = Math.floor(Math.log10(Math.min(...values)));
    const high = Math.max(Math.ceil(Math.log10(Math.max(...values))), low + 1);
    const at = (value) => from + ((to - from) * (Math.log10(value) - low)) / (high - low);
    return { at, powers: Array.from({ length: high - low + 1 }, (_, step) => 10 ** (low + step)) };
  };
  const x = scale(
    points.map((one) => one.x),
    left,
    right,
  );
  const y = scale(
    points.map((one) => one.y),
    bottom,
    40,
  );
  const body = [];
  for (const power of y.powers) {
    body.push(`<path class="grid" d="M${left} ${y.at(power).toFixed(1)}H${right}"/>`);
    body.push(
      `<text x="${left - 8}" y="${(y.at(power) + 4).toFixed(1)}" text-anchor="end">${power.toLocaleString('en')}</text>`,
    );
  }
  for (const power of x.powers) {
    body.push(
      `<text x="${x.at(power).toFixed(1)}" y="${bottom + 20}" text-anchor="middle">${power.toLocaleString('en')}</text>`,
    );
  }
  body.push(`<text x="${(left + right) / 2}" y="${height - 8}" text-anchor="middle">entries</text>`);
  const labels = series.map(({ name, points: own }, at) => {
    const place = (one) => `${x.at(one.x).toFixed(1)} ${y.at(one.y).toFixed(1)}`;
    const dashed = at < 4 ? '' : ' dash';
    body.push(`<path class="line s${at % 4}${dashed}" d="M${own.map(place).join('L')}"/>`);
    return { text: name, at: y.at(own.at(-1).y) };
  });
  for (const { text, at } of spread(labels))
    body.push(`<text x="${right + 8}" y="${(at + 4).toFixed(1)}">${text}</text>`);
  return svg(height, title, body);
}
