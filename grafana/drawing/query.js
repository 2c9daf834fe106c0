// What Grafana asks Prometheus for, and the frames that it makes of the answers.
import { FieldType, rangeUtil, toDataFrame } from '@grafana/data';

const SCRAPE = 15; // seconds: the interval of a data source that does not set it
const ALL = '.+';

/** The frames of a panel, without its transformations; `range` in milliseconds. */
export async function framesOf(panel, range, width) {
  const points = panel.maxDataPoints || width;
  const answers = await Promise.all(panel.targets.map((target) => asked(target, range, points)));
  return answers.flatMap((rows, index) => {
    const target = panel.targets[index];
    const name = answers.length > 1 ? `Value #${String.fromCharCode(65 + index)}` : 'Value';
    return target.format === 'table' ? [tableFrame(rows, name)] : rows.map((row) => seriesFrame(row, target));
  });
}

/** The moments that a dashboard's annotations mark, with their colours. */
export async function marksOf(dashboard, range, width) {
  const shown = (dashboard.annotations?.list ?? []).filter(({ expr, enable }) => expr && enable);
  const found = shown.map(async ({ expr, step, iconColor: color }) => {
    const rows = await asked({ expr, interval: step }, range, width);
    return rows.flatMap(({ values }) => values.filter(([, value]) => value > 0).map(([at]) => ({ at: 1000 * at, color })));
  });
  return (await Promise.all(found)).flat();
}

async function asked(target, range, points) {
  const smallest = target.interval || `${SCRAPE}s`;
  const step = Math.max(1, rangeUtil.calculateInterval(range, points, smallest).intervalMs / 1000);
  const query = expanded(target.expr, range, step, rangeUtil.intervalToSeconds(smallest));
  if (target.instant) return ask('query', { query, time: range.to / 1000 });
  const [start, end] = [range.from, range.to].map((at) => Math.floor(at / 1000 / step) * step);
  const rows = await ask('query_range', { query, start, end, step });
  return rows.map((row) => ({ ...row, values: withGaps(row.values, start, end, step) }));
}

function expanded(expression, range, step, smallest) {
  const values = {
    __interval: `${step}s`,
    __range: `${Math.round((range.to - range.from) / 1000)}s`,
    __rate_interval: `${Math.max(step + smallest, 4 * smallest)}s`,
    job: ALL,
    instance: ALL,
    target: ALL,
  };
  return expression.replace(/\$([a-z_]+)/g, (found, name) => values[name] ?? found);
}

async function ask(path, parameters) {
  const answer = await fetch(`/api/v1/${path}`, { method: 'POST', body: new URLSearchParams(parameters) });
  const { data, error } = await answer.json();
  if (error) throw new Error(`${error}: ${parameters.query}`);
  return data.result;
}

/** A gap is a null, so that no line is drawn through it. */
function withGaps(values, start, end, step) {
  const known = new Map(values.map(([at, value]) => [at, Number(value)]));
  const count = Math.floor((end - start) / step) + 1;
  return Array.from({ length: count }, (_, index) => start + index * step).map((at) => [at, known.get(at) ?? null]);
}

function seriesFrame({ metric, value, values = [value] }, { legendFormat }) {
  const config = { displayNameFromDS: legend(legendFormat, metric) };
  const numbers = values.map(([, each]) => (each === null ? null : Number(each)));
  return toDataFrame({ fields: [time(values), { name: 'Value', type: FieldType.number, values: numbers, labels: metric, config }] });
}

function tableFrame(rows, name) {
  const labels = [...new Set(rows.flatMap(({ metric }) => Object.keys(metric)))].sort();
  const texts = labels.map((label) => ({ name: label, type: FieldType.string, values: rows.map(({ metric }) => metric[label] ?? '') }));
  const numbers = rows.map(({ value }) => Number(value[1]));
  return toDataFrame({ fields: [time(rows.map(({ value }) => value)), ...texts, { name, type: FieldType.number, values: numbers }] });
}

const time = (values) => ({ name: 'Time', type: FieldType.time, values: values.map(([at]) => 1000 * at) });

function legend(template, labels) {
  if (!template || template === '__auto') return Object.values(labels).join(' ') || 'Value';
  return template.replace(/{{(\w+)}}/g, (_, name) => labels[name] ?? '');
}
