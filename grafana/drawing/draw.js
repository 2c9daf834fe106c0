// Draws one dashboard: ?dashboard=NAME&from=SECONDS&to=SECONDS, with &rows=NUMBER its top alone.
import {
  applyFieldOverrides, cacheFieldDisplayNames, createTheme, dateTime, FieldConfigOptionsRegistry, FieldType,
  getDisplayValueAlignmentFactors, getFieldDisplayValues, standardTransformers, standardTransformersRegistry,
  ThemeContext, transformDataFrame,
} from '@grafana/data';
import { BarGauge, BigValue, GlobalStyles, PanelChrome, TimeSeries, VizRepeater } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import { createElement as h, useLayoutEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { firstValueFrom } from 'rxjs';
import { framesOf, marksOf } from './query.js';

const asked = new URLSearchParams(location.search);
const theme = createTheme({ colors: { mode: 'dark' } });
const [GAP, CELL, TOP] = [8, 30, 48]; // pixels, as in Grafana's grid
const WIDTH = window.innerWidth - 2 * GAP;
const [timeZone, asIs] = ['browser', (value) => value];

standardTransformersRegistry.setInit(() => {
  const known = new Map(Object.values(standardTransformers).map((each) => [each.id, each])); // some stand there twice
  return [...known.values()].map((each) => ({ id: each.id, name: each.name, transformation: async () => each }));
});

/** Where each property of a field is kept. Grafana has it from the plugins of panels, which npm does not have. */
function registryFor({ defaults, overrides }) {
  const own = ['unit', 'min', 'max', 'decimals', 'color', 'thresholds', 'mappings', 'noValue', 'links', 'displayName'];
  const named = overrides.flatMap(({ properties }) => properties.map(({ id }) => id)).filter((id) => id.startsWith('custom.'));
  const custom = new Set([...Object.keys(defaults.custom ?? {}), ...named.map((id) => id.slice('custom.'.length))]);
  const shouldApply = (path) => ({ type }) => path !== 'axisLabel' || type === FieldType.number;
  const item = (id, path, isCustom) => ({ id, path, isCustom, name: id, process: asIs, shouldApply: shouldApply(path), getItemsCount: () => 0 });
  return new FieldConfigOptionsRegistry(() => [
    ...own.map((id) => item(id, id, false)),
    ...[...custom].map((path) => item(`custom.${path}`, path, true)),
  ]);
}

async function framesToShow(panel, range, width) {
  const frames = await framesOf(panel, range, width);
  const steps = panel.transformations ?? [];
  const transformed = steps.length ? await firstValueFrom(transformDataFrame(steps, frames, { interpolate: asIs })) : frames;
  const data = applyFieldOverrides({
    data: transformed, fieldConfig: panel.fieldConfig, fieldConfigRegistry: registryFor(panel.fieldConfig), replaceVariables: asIs, theme, timeZone,
  });
  cacheFieldDisplayNames(data);
  for (const { config } of data.flatMap(({ fields }) => fields)) {
    if (config.custom?.cellOptions?.wrapText) config.custom.wrapText = true; // where it is since Grafana 12
  }
  return data;
}

function Marks({ config, marks }) {
  useLayoutEffect(() => {
    config.addHook('draw', ({ ctx, bbox, valToPos }) => {
      for (const { at, color } of marks) {
        const [x, bottom] = [valToPos(at, 'x', true), bbox.top + bbox.height];
        if (x < bbox.left || x > bbox.left + bbox.width) continue;
        ctx.save();
        ctx.strokeStyle = ctx.fillStyle = color;
        ctx.setLineDash([4, 4]);
        ctx.beginPath();
        ctx.moveTo(x, bbox.top);
        ctx.lineTo(x, bottom);
        ctx.stroke();
        ctx.fillRect(x - 2, bottom, 5, 5);
        ctx.restore();
      }
    });
  }, [config, marks]);
  return null;
}

const valuesOf = ({ fieldConfig, options }, data) =>
  getFieldDisplayValues({ fieldConfig, reduceOptions: options.reduceOptions, replaceVariables: asIs, theme, data, timeZone });

const repeated = (panel, data, renderValue) => (width, height) => {
  const { orientation = 'auto', maxVizHeight = 300, minVizHeight = 16 } = panel.options;
  return h(VizRepeater, {
    width, height, source: data, getValues: () => valuesOf(panel, data), renderCounter: 0, renderValue, orientation,
    getAlignmentFactors: getDisplayValueAlignmentFactors, itemSpacing: GAP, maxVizHeight, minVizHeight, minVizWidth: 8, autoGrid: true,
  });
};

const moment = (at) => dateTime(at);

const KINDS = {
  timeseries: (panel, data, range, marks) => (width, height) => {
    const [from, to] = [moment(range.from), moment(range.to)];
    const { legend } = panel.options;
    const children = (config) => h(Marks, { config, marks });
    return h(TimeSeries, { width, height, frames: data, timeRange: { from, to, raw: { from, to } }, timeZone, legend, theme, children });
  },
  stat: (panel, data) => {
    const { colorMode, textMode } = panel.options;
    return repeated(panel, data, ({ value, width, height }) =>
      h(BigValue, { width, height, theme, value: value.display, colorMode, graphMode: 'none', justifyMode: 'auto', textMode })
    );
  },
  bargauge: (panel, data) => {
    const { displayMode, orientation, text, valueMode: valueDisplayMode } = panel.options;
    return repeated(panel, data, ({ value, width, height, alignmentFactors }) =>
      h(BarGauge, {
        width, height, theme, alignmentFactors, value: value.display, field: value.field, text, displayMode, orientation, valueDisplayMode,
        display: value.view?.getFieldDisplayProcessor(value.colIndex), showUnfilled: true, itemSpacing: GAP, lcdCellWidth: 12,
      })
    );
  },
  table: ({ fieldConfig, options: { sortBy, cellHeight } }, [frame]) => (width, height) => {
    const { noValue } = fieldConfig.defaults;
    return h(TableNG, { width, height, data: frame, sortBy, cellHeight, noValue, fieldConfig, structureRev: 1, getActions: () => [], enableVirtualization: false });
  },
};

const noData = ({ fieldConfig }) => () =>
  h('div', { style: { display: 'grid', placeItems: 'center', height: '100%', color: theme.colors.text.secondary } }, fieldConfig.defaults.noValue);

async function drawn({ fieldConfig, ...rest }, range, marks) {
  const panel = { ...rest, fieldConfig: { overrides: [], ...fieldConfig } };
  const { x, y, w, h: rows } = panel.gridPos;
  const column = (WIDTH + GAP) / 24;
  const size = { width: w * column - GAP, height: rows * (CELL + GAP) - GAP };
  const style = { position: 'absolute', left: GAP + x * column, top: TOP + y * (CELL + GAP), ...size };
  if (panel.type === 'row') return h('div', { key: panel.id, style: { ...style, fontSize: 16, paddingTop: 4 } }, `⌄ ${panel.title}`);
  const data = await framesToShow(panel, range, size.width);
  const isEmpty = data.every(({ length }) => length === 0);
  const content = isEmpty ? noData(panel) : KINDS[panel.type](panel, data, range, marks);
  return h('div', { key: panel.id, style }, h(PanelChrome, { ...size, title: panel.title, description: panel.description }, content));
}

async function draw() {
  const dashboard = await (await fetch(`/${asked.get('dashboard')}.json`)).json();
  const range = { from: 1000 * asked.get('from'), to: 1000 * asked.get('to') };
  const marks = await marksOf(dashboard, range, WIDTH);
  const panels = dashboard.panels.filter(({ gridPos }) => gridPos.y < Number(asked.get('rows') ?? Infinity));
  const parts = await Promise.all(panels.map((panel) => drawn(panel, range, marks)));
  const style = { position: 'relative', height: window.innerHeight, background: theme.colors.background.canvas, color: theme.colors.text.primary };
  const title = h('div', { style: { padding: '12px 16px', fontSize: 18 } }, dashboard.title);
  const page = h(ThemeContext.Provider, { value: theme }, h(GlobalStyles), h('div', { style }, title, parts));
  createRoot(document.getElementById('root')).render(page);
}

draw().catch((error) => document.body.append(error.stack));
