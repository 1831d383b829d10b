// The report page where there are scripts: tables sort, and charts that can be explored take the place of the pictures.
// Everything comes from the page's own data; text reaches the page as text, never as HTML.
import { BarChart, CustomChart, LineChart } from 'echarts/charts';
import { AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TooltipComponent } from 'echarts/components';
import { graphic, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

use([BarChart, CustomChart, LineChart, AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TooltipComponent,
     SVGRenderer]);

const data = JSON.parse(document.getElementById('data').textContent);
const column = new Map(data.columns.map((name, c) => [name, c]));

/** A field of results.csv as it is written there; '' where there is none. */
const text = (row, name) => (column.has(name) ? data.rows[row][column.get(name)] : '');
const number = (row, name) => (text(row, name) === '' ? NaN : Number(text(row, name)));
/** A number in so many digits: 0.01234, 250, 1.234·10⁶. */
function digits(value, count) {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size === 0 || (size > 0.9e-4 && size < 0.99995e6)) return String(Number(value.toPrecision(count)));
  const [mantissa, exponent] = Number(value.toPrecision(count)).toExponential().split('e');
  const power = `10${[...exponent.replace('+', '')].map((c) => '⁻⁰¹²³⁴⁵⁶⁷⁸⁹'['-0123456789'.indexOf(c)]).join('')}`;
  return mantissa === '1' ? power : mantissa === '-1' ? `-${power}` : `${mantissa}·${power}`;
}
const short = (value) => digits(value, 4);

/** Half of the 95 % interval of a row's mean: what ± means. */
const half = (row, metric) => data.factors[row] * number(row, `${metric}_std_error`);
const moments = (row) => text(row, 'time_moments');
/** `1.55 (1.5 to 1.6)`: the median of a row's times. */
const median = (row) => short(number(row, 'time_p50'))
  + (text(row, 'time_p50_low') ? ` (${short(number(row, 'time_p50_low'))} to ${short(number(row, 'time_p50_high'))})` : '');
/** What charts show of a row's time: its median where any row's has no mean or no variance. */
const time = (row) => number(row, data.median ? 'time_p50' : 'time_mean');

/** `1.5510 ± 0.0009`: half of the 95 % interval with two digits, the mean to the same place. */
function estimate(row, metric) {
  const mean = number(row, `${metric}_mean`), error = half(row, metric);
  if (!(error > 0)) return short(mean);
  const places = Math.min(12, Math.max(0, 1 - Math.floor(Math.log10(error))));
  return `${mean.toFixed(places)} ± ${error.toFixed(places)}`;
}

/** An element with text or elements in it. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** What a chart says when it is pointed at: a heading and pairs of a name and a value. */
function tip(heading, pairs) {
  const list = element('dl');
  for (const [name, value] of pairs) if (value !== '') list.append(element('dt', {}, name), element('dd', {}, value));
  return element('div', { class: 'tip' }, element('b', {}, heading), list);
}

// ---- colours: the page's own, so that a chart follows light and dark ----

const page = () => getComputedStyle(document.documentElement);
const colour = (name) => page().getPropertyValue(`--${name}`).trim();
const symbols = ['circle', 'rect', 'triangle', 'diamond', 'path://M0,0L20,0L10,18Z', 'path://M0,10L18,0L18,20Z',
                 'path://M18,10L0,0L0,20Z', 'path://M0,0H20V7H0Z'];
const dashes = ['solid', [7, 3], [2, 2.5], [9, 3, 2, 3]];
const seriesColour = (s) => colour(`s${s % 8}`);
const symbolOf = (s) => symbols[(s + Math.floor(s / 8)) % 8];
const dashOf = (s) => dashes[(s + Math.floor(s / 8)) % 4];

function axis(type, name, more = {}) {
  return { type, name, nameLocation: 'middle', nameGap: 30, nameTextStyle: { color: colour('ink') },
           axisLine: { show: true, lineStyle: { color: colour('faint') } }, axisLabel: { color: colour('faint'), hideOverlap: true, ...(type === 'category' ? {} : { formatter: short }) },
           splitLine: { show: true, lineStyle: { color: colour('grid') } }, ...more };
}

/** A legend that shows every name, in as many lines as that takes. */
const legend = (names) => ({
  type: 'plain', top: 0, left: 0, right: 0, data: names, itemGap: legendGap, inactiveColor: colour('faint'),
  textStyle: { color: colour('ink'), width: legendRoom() - 40, overflow: 'truncate' } });
const legendGap = 10;
const legendRoom = () => Math.min(document.getElementById('main').clientWidth, 1056);
const ruler = document.createElement('canvas').getContext('2d');

/** Its height in pixels, and some room below it. */
function legendHeight(names) {
  ruler.font = '12px sans-serif';
  let lines = 1, x = 0;
  for (const name of names) {
    const needed = 30 + Math.min(ruler.measureText(name).width, legendRoom() - 40) + legendGap;
    if (x > 0 && x + needed > legendRoom()) {
      lines += 1;
      x = 0;
    }
    x += needed;
  }
  return 12 + (14 + legendGap) * lines;
}

const tooltip = (formatter) => ({
  trigger: 'item', confine: true, backgroundColor: colour('paper'), borderColor: colour('faint'), textStyle: { color: colour('ink') },
  formatter });

/** The least and the greatest of some numbers; those that are none do not count. */
const extent = (values) => values.filter(Number.isFinite).reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);

/** A logarithmic or linear axis of what is swept or measured: ECharts would widen a logarithmic one to whole decades, and
 * label every tenth of more than ten. */
const scaled = (log, values) => {
  if (!log) return { type: 'value' };
  const [least, most] = extent(values.filter((value) => value > 0));
  const digit = (value) => 10 ** Math.floor(Math.log10(value));
  return { type: 'log', logBase: 10 ** Math.max(1, Math.ceil(Math.log10(most / least) / 8)),
           min: ({ min }) => Math.floor(min / 1.1 / digit(min / 1.1)) * digit(min / 1.1),
           max: ({ max }) => Math.ceil((max * 1.1) / digit(max * 1.1)) * digit(max * 1.1),
           axisLabel: { color: colour('faint'), hideOverlap: true, formatter: short } };
};

/** A slider below, and Ctrl with the wheel; the wheel alone scrolls the page. */
const zoom = (more = {}) => [
  { type: 'inside', xAxisIndex: 0, filterMode: 'none', zoomOnMouseWheel: 'ctrl', moveOnMouseWheel: false,
    moveOnMouseMove: true, preventDefaultMouseMove: false, ...more },
  { type: 'slider', xAxisIndex: 0, filterMode: 'none', height: 16, bottom: 4, brushSelect: false, showDetail: false,
    borderColor: colour('grid'), fillerColor: colour('s0') + '33', handleStyle: { color: colour('s0') },
    moveHandleStyle: { color: colour('faint') }, showDataShadow: false, ...more }];

const still = { animation: false };  // nothing moves that nobody has moved

// ---- charts of rows ----

function rowTip(row) {
  const low = number(row, 'theory_time_low'), high = number(row, 'theory_time_high'), z = number(row, 'theory_time_z');
  const band = Number.isNaN(low) ? '' : low === high ? `${short(low)} s` : `${short(low)} to ${short(high)} s (${text(row, 'theory')})`;
  return tip(data.names[row], [
    ['median time', data.median ? `${median(row)} s` : ''],
    [data.median ? 'mean time' : 'time', moments(row) === 'no mean' ? 'there is none'
      : moments(row) === 'no variance' ? `${digits(number(row, 'time_mean'), 3)} s, without a variance` : `${estimate(row, 'time')} s`],
    ['theory', band + (Number.isFinite(z) ? `, z ${z.toFixed(2)}` : '')],
    ['99 % within', text(row, 'time_p99') && `${short(number(row, 'time_p99'))} s`],
    ['messages', estimate(row, 'messages')],
    ['theory', text(row, 'theory_messages') && short(number(row, 'theory_messages'))],
    ['speedup', text(row, 'speedup_mean') && estimate(row, 'speedup')],
    ['trials', text(row, 'trials') + (number(row, 'incomplete') > 0 ? `, ${text(row, 'incomplete')} incomplete` : '')]]);
}

/** A row's mean with its 95 % interval and what theory says of it, or the median of its time. */
function mark(row, metric) {
  if (metric === 'time' && data.median) {
    const mean = time(row), [low, high] = text(row, 'time_p50_low')
      ? [number(row, 'time_p50_low'), number(row, 'time_p50_high')] : [mean, mean];
    return { mean, low, high, theory: [NaN, NaN] };
  }
  const mean = number(row, `${metric}_mean`);
  const error = half(row, metric) > 0 ? half(row, metric) : 0;
  const [low, high] = [mean - error, mean + error];
  const theory = metric === 'time' ? [number(row, 'theory_time_low'), number(row, 'theory_time_high')]
    : metric === 'messages' ? [number(row, 'theory_messages'), number(row, 'theory_messages')] : [NaN, NaN];
  return { mean, low, high, theory };
}

const line = (x1, y1, x2, y2, style) => ({ type: 'line', shape: { x1, y1, x2, y2 }, style });

/** Error bars and marks of theory beside a series, under its name, so that the legend takes them along. */
function whiskers(name, items, lying, log) {
  const ink = colour('ink');
  return {
    type: 'custom', name, silent: true, z: 4, data: items, clip: true, tooltip: { show: false },
    encode: lying ? { x: [1, 2, 3, 4], y: 0 } : { x: 0, y: [1, 2, 3, 4] },
    renderItem(_, api) {
      const [at, low, high, theoryLow, theoryHigh] = [0, 1, 2, 3, 4].map((i) => api.value(i));
      const place = (value) => api.coord(lying ? [value, at] : [at, log && value <= 0 ? high : value]);
      const stroke = { stroke: ink, lineWidth: 1.2 };
      const upright = (from, to, offset, size) => {  // a stretch with caps, along the measured axis
        const [ax, ay] = place(from), [bx, by] = place(to);
        return lying ? [line(ax, ay + offset, bx, by + offset, stroke), line(ax, ay + offset - size, ax, ay + offset + size, stroke),
                        line(bx, by + offset - size, bx, by + offset + size, stroke)]
          : [line(ax + offset, ay, bx + offset, by, stroke), line(ax + offset - size, ay, ax + offset + size, ay, stroke),
             line(bx + offset - size, by, bx + offset + size, by, stroke)];
      };
      const children = [];
      if (high > low) children.push(...upright(low, high, 0, 3));
      if (Number.isFinite(theoryLow) && theoryLow < theoryHigh) children.push(...upright(theoryLow, theoryHigh, lying ? -9 : 7, 2));
      if (Number.isFinite(theoryLow) && theoryLow === theoryHigh) {
        const [x, y] = place(theoryLow);
        if (lying) children.push(line(x, y - 11, x, y + 11, { stroke: ink, lineWidth: 2 }));
        else children.push(line(x - 4, y - 4, x + 4, y + 4, stroke), line(x - 4, y + 4, x + 4, y - 4, stroke));
      }
      return { type: 'group', children };
    },
  };
}

/** The number of a bar, to the right of all that is drawn of it; it may stand in the margin. */
const barLabel = (name, place, end, text_) => ({
  type: 'custom', name, silent: true, z: 5, data: [[place, end]], clip: false, tooltip: { show: false }, encode: { x: 1, y: 0 },
  renderItem(params, api) {
    const [x, y] = api.coord([api.value(1), api.value(0)]), { x: from, width } = params.coordSys;
    return x < from || x > from + width + 1 ? null
      : { type: 'text', x: x + 9, y, style: { text: text_, fill: colour('ink'), font: '12px sans-serif', verticalAlign: 'middle' } };
  } });

/** What fits of a name into lines of a width in pixels, as ECharts breaks them: anywhere. */
function cut(name, width, lines) {
  ruler.font = '12px sans-serif';
  const room = 0.92 * width * lines;
  if (ruler.measureText(name).width <= room) return name;
  let end = name.length;
  while (end > 1 && ruler.measureText(`${name.slice(0, end)}…`).width > room) end -= 1;
  return `${name.slice(0, end)}…`;
}

/** The axis of names beside bars, and the room of one name in pixels: enough for the longest of them. */
function namesAxis(names, wideRoom, narrowRoom, least) {
  const width = document.documentElement.clientWidth > 700 ? wideRoom : narrowRoom, most = 4;
  ruler.font = '12px sans-serif';
  const lines = Math.min(most, Math.max(...names.map((name) => Math.ceil(ruler.measureText(name).width / (0.92 * width)))));
  return {
    pitch: Math.max(least, 14 * lines + 8),
    axis: axis('category', '', { data: names, inverse: true, splitLine: { show: false },
                                 axisLabel: { color: colour('ink'), width, overflow: 'break', lineHeight: 14, interval: 0,
                                              formatter: (name) => cut(name, width, lines) } }) };
}

function barsOption(metric, unit) {
  const rows = data.series.map((series) => series.rows[0]);
  const names = data.series.map((series) => series.name);
  const { pitch, axis: yAxis } = namesAxis(names, 210, 110, 34);
  const items = names.map((name, s) => {
    const { mean, low, high, theory } = mark(rows[s], metric);
    return [
      { type: 'bar', name, barGap: '-100%', barWidth: 13, itemStyle: { color: seriesColour(s) },
        data: [{ value: [mean, s], row: rows[s] }] },
      whiskers(name, [[s, low, high, ...theory]], true, false),
      Number.isFinite(mean) ? barLabel(name, s, extent([mean, high, theory[1]])[1], short(mean)) : barLabel(name, s, 0, 'no trial was complete')];
  });
  return {
    height: 62 + legendHeight(names) + pitch * names.length, ...still, legend: legend(names),
    tooltip: tooltip(({ data: item }) => rowTip(item.row)),
    grid: { left: 8, right: 64, top: legendHeight(names), bottom: 66, containLabel: true },
    xAxis: axis('value', unit, { min: 0 }),
    yAxis, dataZoom: zoom(), series: items.flat() };
}

function curvesOption(metric, unit, log) {
  const names = data.series.map((series) => series.name);
  const items = data.series.map((series, s) => {
    const marks = series.rows.map((row) => mark(row, metric));
    return [
      { type: 'line', name: series.name, symbol: symbolOf(s), symbolSize: 10, color: seriesColour(s),
        lineStyle: { type: dashOf(s), width: 2 }, emphasis: { focus: 'series' },
        data: series.rows.map((row, i) => ({ value: [series.x[i], Number.isFinite(marks[i].mean) ? marks[i].mean : '-'], row })) },
      whiskers(series.name, series.rows.map((row, i) => [series.x[i], marks[i].low, marks[i].high, ...marks[i].theory]), false, log)];
  });
  return {
    height: 424 + legendHeight(names), ...still, legend: legend(names), tooltip: tooltip(({ data: item }) => rowTip(item.row)),
    grid: { left: 14, right: 20, top: 24 + legendHeight(names), bottom: 66, containLabel: true },
    xAxis: axis('value', data.x_title, { scale: true, ...scaled(data.log_x, data.series.flatMap((series) => series.x)) }),
    yAxis: axis('value', unit, { ...scaled(log, data.series.flatMap(({ rows }) => rows.map((row) => mark(row, metric).mean))), nameLocation: 'end', nameGap: 12, nameTextStyle: { color: colour('ink'), align: 'left' } }),
    dataZoom: zoom(), series: items.flat() };
}

const measures = {
  messages: 'messages received by the master', messages_in_all: 'messages in all', bytes_into_busiest: 'bytes into the busiest node',
  bytes_in_all: 'bytes in all', work: 'mini-batches computed', wasted: 'mini-batches computed in vain' };

function tradeOffOption(measure, logX, logY) {
  const at = (row) => number(row, `${measure}_mean`);
  const shown = (row) => Number.isFinite(at(row)) && Number.isFinite(time(row)) && !(logX && at(row) <= 0);
  const names = data.series.filter((series) => series.rows.some(shown)).map((series) => series.name);  // others have no point
  const items = data.series.map((series, s) => {
    const ends = data.x !== '' && series.rows.length > 1 ? [0, series.rows.length - 1] : [];  // which is which
    const places = series.rows.map((row, i) => ({
      value: [at(row), time(row)], row,
      label: ends.includes(i) ? { show: true, position: 'right', color: colour('ink'), formatter: () => short(series.x[i]) } : {} }));
    return { type: 'line', name: series.name, symbol: symbolOf(s), symbolSize: 11, color: seriesColour(s),
             lineStyle: { type: dashOf(s), width: 1.5, opacity: 0.8 }, emphasis: { focus: 'series' },
             labelLayout: { hideOverlap: true }, data: places.filter(({ row }) => shown(row)) };
  });
  const front = measure === 'messages' ? data.charts['trade-off'].front ?? [] : [];
  if (front.length > 1)
    items.unshift({ type: 'line', name: 'not beaten in both', step: 'end', symbol: 'none', silent: true, z: 1, color: colour('faint'),
                    lineStyle: { width: 6, opacity: 0.3, cap: 'round' }, tooltip: { show: false },
                    data: front.map((row) => [at(row), time(row)]) });
  const listed = [...names, ...(front.length > 1 ? ['not beaten in both'] : [])];
  return {
    height: 424 + legendHeight(listed), ...still, legend: legend(listed),
    tooltip: tooltip(({ data: item }) => rowTip(item.row)),
    grid: { left: 14, right: 20, top: 24 + legendHeight(listed), bottom: 66, containLabel: true },
    xAxis: axis('value', measures[measure], scaled(logX, data.rows.map((_, row) => at(row)))),
    yAxis: axis('value', data.time_axis, { ...scaled(logY, data.rows.map((_, row) => time(row))), nameLocation: 'end', nameGap: 12, nameTextStyle: { color: colour('ink'), align: 'left' } }),
    dataZoom: zoom(), series: items };
}

// ---- distributions ----

function distributionOption(point, tail) {
  const samples = point.distributions, names = samples.map((sample) => sample.name);
  const least = Math.min(0.1, ...samples.map((sample) => 1 / Math.max(1, sample.count)));
  const times = samples.flatMap((sample) => sample.time);
  const log = times.length > 0 && Math.min(...times) > 0 && Math.max(...times) > 300 * Math.min(...times);
  const [from, to] = [log ? Math.min(...times) : 0, Math.max(...times)];
  /** The curve from end to end of the chart: the shares before the first trial and behind the last are known too. */
  const whole = ({ time: at, rank, count, complete }) => {
    if (at.length === 0) return [];
    const share = (r) => (tail ? 1 - (r - 1) / count : r / count), last = at.at(-1);
    const end = tail ? Math.max(least, 1 - complete / count) : complete / count;  // others never complete
    const behind = [[last, end], ...(tail && complete === count ? [] : [[Math.max(to, last), end]])];
    return [[from, tail ? 1 : 0], [at[0], tail ? 1 : 0], ...at.map((t, i) => [t, share(rank[i])]), ...behind];
  };
  const items = samples.map((sample, s) => ({
    type: 'line', name: sample.name, color: seriesColour(s), symbol: 'circle', showSymbol: false, symbolSize: 6,
    step: sample.time.length !== sample.complete ? false : tail ? 'start' : 'end', lineStyle: { type: dashOf(s), width: 2 }, emphasis: { focus: 'series' },
    data: whole(sample) }));
  return {
    height: 384 + legendHeight(names), ...still, legend: legend(names),
    tooltip: { ...tooltip((items_) => tip(`${short(items_[0].axisValue)} s`, items_.map((item) =>
      [item.seriesName, tail ? `${short(item.value[1])} take at least ${short(item.value[0])} s`
        : `${short(100 * item.value[1])} % within ${short(item.value[0])} s`]))), trigger: 'axis' },
    grid: { left: 14, right: 20, top: 24 + legendHeight(names), bottom: 66, containLabel: true },
    xAxis: axis('value', 'completion time [s]', scaled(log, times)),
    yAxis: axis(tail ? 'log' : 'value', tail ? 'share of trials that take at least so long' : 'share of trials complete by then',
                { ...(tail ? { min: least, max: 1 } : { min: 0, max: 1 }), nameLocation: 'end', nameGap: 12,
                  nameTextStyle: { color: colour('ink'), align: 'left' } }),
    dataZoom: zoom(), series: items };
}

// ---- shares of the critical path ----

const causes = [['compute', 't-compute'], ['port queue', 't-queue'], ['link', 't-transfer'], ['waiting', 't-held']];

function sharesOption(bars) {
  const names = bars.map((bar) => bar.name), listed = causes.map(([name]) => name);
  const { pitch, axis: yAxis } = namesAxis(names, 260, 120, 26);
  return {
    height: 62 + legendHeight(listed) + pitch * names.length, ...still,
    legend: legend(listed),
    tooltip: tooltip(({ data: item }) => {
      const bar = bars[item.bar], total = bar.seconds.reduce((a, b) => a + b, 0);
      return tip(bar.name, causes.map(([name], c) => [name, `${short(bar.seconds[c])} s, ${short((100 * bar.seconds[c]) / total)} %`]));
    }),
    grid: { left: 8, right: 24, top: legendHeight(listed), bottom: 66, containLabel: true },
    xAxis: axis('value', 'share of the completion time [%]', { min: 0, max: 100 }),
    yAxis, dataZoom: zoom(),
    series: causes.map(([name, ink], c) => ({
      type: 'bar', name, stack: 'all', barWidth: 13, itemStyle: { color: colour(ink), borderColor: colour('paper'), borderWidth: 0.5 },
      data: bars.map((bar, b) => ({ value: [(100 * bar.seconds[c]) / bar.seconds.reduce((x, y) => x + y, 0), b], bar: b })) })) };
}

// ---- timelines ----

// How a kind of bar is drawn: as in the pictures. Its middle and thickness are in pixels of a row of 16.
const kinds = [
  ['held up', 't-held', 5.5, 3], ['computes, useful', 't-compute', 5.5, 8], ['computes in vain', 't-wasted', 5.5, 8],
  ['under way at the end', 't-unfinished', 5.5, 8], ['waits for messages', 't-wait', 5.5, 1.5], ['never answers', 't-failed', 5.5, 2],
  ['message on its way', 't-transfer', 12.5, 3], ['message waits in a port', 't-queue', 12.5, 3], ['the model comes down', 't-model', 12.5, 3],
  ['sends', 't-sent', 5.5, 8], ['useful message', 't-useful', 8, 14], ['message of no use', 't-useless', 8, 14]];
const firstMessage = 6, firstInstant = 9;
const rowHeight = 16;
const nodeName = (node) => (node === 0 ? 'master' : `worker ${node}`);

function timelineTip(trial, bar) {
  const [row, kind, begin, length, from, to, message = 0, count = 1] = bar;
  const unit = trial.end / 1e5;
  const seconds = (value) => `${short(value * unit)} s`;
  const when = kind >= firstInstant ? [['at', seconds(begin)]]
    : [['from', seconds(begin)], ['to', seconds(begin + length)], ['for', seconds(length)]];
  const what = kind < firstMessage ? [['mini-batches', to > from ? `${short(from)} to ${short(to)}` : '']]
    : kind === 8 ? [['from', nodeName(from)]]
      : [['message', `${message + 1} of ${nodeName(from)} to ${nodeName(to)}`]];
  const more = count > 1 ? [['and', `${count - 1} more too close to be told apart`]] : [];
  return tip(`${nodeName(trial.rows[row])}: ${kinds[kind][0]}`, [...what, ...when, ...more]);
}

function timelineOption(trial) {
  const unit = trial.end / 1e5;
  const names = trial.rows.map(nodeName);
  const present = kinds.map((kind, k) => ({ kind, k })).filter(({ k }) => trial.bars.some((bar) => bar[1] === k));
  const clip = (params, shape) => graphic.clipRectByRect(shape, params.coordSys);
  const items = present.map(({ kind: [name, ink, middle, thickness], k }) => {
    const bars = trial.bars.filter((bar) => bar[1] === k);
    const fill = colour(ink), strike = colour('t-strike');
    return {
      type: 'custom', name, color: fill, clip: true, z: k >= firstInstant ? 4 : 2, encode: { x: [0, 1], y: 2 },
      data: bars.map((bar) => ({ value: [bar[2] * unit, (bar[2] + bar[3]) * unit, bar[0]], bar })),
      renderItem(params, api) {
        const [x, y] = api.coord([api.value(0), api.value(2)]), [end] = api.coord([api.value(1), api.value(2)]);
        const width = Math.max(end - x, k >= firstInstant ? 1.4 : 0.6);
        const top = y - rowHeight / 2 + middle - thickness / 2;
        const shape = clip(params, { x, y: top, width, height: thickness });
        if (!shape) return null;
        const rect = { type: 'rect', shape, style: { fill } };
        if (k !== 2) return rect;  // what is in vain is struck through, for who sees no colours
        return { type: 'group', children: [rect, line(shape.x, top + 4, shape.x + shape.width, top + 4, { stroke: strike, lineWidth: 1 })] };
      } };
  });
  if (trial.path.length > 0)
    items.push({
      type: 'custom', name: 'critical path', color: colour('t-path'), silent: true, clip: true, z: 5, encode: { x: [0, 1], y: [2, 3] },
      tooltip: { show: false },
      data: trial.path.filter((link) => link[1] >= 0 && link[2] >= 0)
        .map(([cause, row, to, begin, length]) => [begin * unit, (begin + length) * unit, row, to, cause]),
      renderItem(params, api) {
        const works = api.value(4) === 0 || api.value(4) === 3;
        const [x1, y1] = api.coord([api.value(0), api.value(2)]), [x2, y2] = api.coord([api.value(1), api.value(3)]);
        const offset = works ? 3 : 6, { x, width } = params.coordSys;
        if (x2 < x || x1 > x + width) return null;
        const at = (px) => (x2 === x1 ? y1 : y1 + ((y2 - y1) * (px - x1)) / (x2 - x1));
        const from = Math.max(x1, x), to = Math.min(x2, x + width);
        return line(from, at(from) + offset, to, (x2 === x1 ? y2 : at(to)) + offset, { stroke: colour('t-path'), lineWidth: 2.5 });
      } });
  const listed = [...present.map(({ kind }) => kind[0]), 'critical path'];
  return {
    height: 76 + legendHeight(listed) + rowHeight * names.length, ...still, legend: legend(listed),
    tooltip: tooltip(({ data: item }) => timelineTip(trial, item.bar)),
    grid: { left: 78, right: 16, top: legendHeight(listed), height: rowHeight * names.length },
    xAxis: axis('value', 'seconds into the iteration', {
      min: 0, max: trial.end, axisLabel: { color: colour('faint'), hideOverlap: true, formatter: short } }),
    yAxis: axis('category', '', { data: names, inverse: true, axisLabel: { color: colour('ink'), interval: 0, fontSize: 10 },
                                  axisTick: { show: false } }),
    dataZoom: zoom(), series: items };
}

// ---- putting charts in the place of pictures ----

const charts = [];

/** A chart in a figure; `option` is asked again when colours, widths or choices change. */
function show(figure, tools, option) {
  const place = element('div', { class: 'chart' });
  const bar = element('div', { class: 'tools' }, ...tools);
  figure.append(bar, place);
  figure.classList.add('live');
  const chart = init(place, null, { renderer: 'svg', height: option().height });
  const reset = element('button', { type: 'button' }, 'Whole range');
  reset.addEventListener('click', () => chart.dispatchAction({ type: 'dataZoom', start: 0, end: 100 }));
  bar.append(reset);
  const redraw = (keep) => {
    const { height, ...wanted } = option();
    place.style.height = `${height}px`;
    chart.resize({ height });
    const before = keep && chart.getOption();
    if (before?.legend?.[0]) wanted.legend.selected = before.legend[0].selected;
    chart.setOption({ ...wanted, aria: { enabled: true, label: { description: figure.dataset.description } } }, true);
  };
  redraw(false);
  let width = place.clientWidth;
  new ResizeObserver(() => {
    if (place.clientWidth === width) return;
    width = place.clientWidth;
    redraw(true);  // its legend may need other lines
  }).observe(place);
  charts.push({ redraw, chart, place });
  return redraw;
}

function checkbox(label, checked, changed) {
  const box = element('input', { type: 'checkbox' });
  box.checked = checked;
  box.addEventListener('change', () => changed(box.checked));
  return element('label', {}, box, label);
}

let choices = 0;

function choice(label, options, changed) {
  const id = `choice-${++choices}`;
  const select = element('select', { id }, ...options.map((name, i) => element('option', { value: i }, name)));
  select.addEventListener('change', () => changed(Number(select.value)));
  return { select, whole: element('span', {}, element('label', { for: id }, label), select) };
}

/** What the marks beside bars, or in curves, mean: those that are there. */
function key(metric, lying) {
  const marks = data.series.flatMap((series) => series.rows).map((row) => mark(row, metric));
  const known = ({ theory: [low] }) => Number.isFinite(low), band = ({ theory: [low, high] }) => low < high;
  const sample = (d, width) => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg'), path = document.createElementNS(svg.namespaceURI, 'path');
    for (const [name, value] of Object.entries({ width: 24, height: 16, 'aria-hidden': 'true' })) svg.setAttribute(name, value);
    for (const [name, value] of Object.entries({ d, fill: 'none', 'stroke-width': width, class: 'ink' })) path.setAttribute(name, value);
    svg.append(path);
    return svg;
  };
  const entries = [
    [marks.some(({ low, high }) => high > low), lying ? 'M2 8H22M2 5V11M22 5V11' : 'M12 1V15M9 1H15M9 15H15', 1.2, '95 % confidence'],
    [marks.some((one) => known(one) && !band(one)), lying ? 'M12 1V15' : 'M8 4L16 12M8 12L16 4', lying ? 2 : 1.2, 'theory'],
    [marks.some(band), lying ? 'M2 8H22M2 6V10M22 6V10' : 'M18 1V15M16 1H20M16 15H20', 1.2, 'bounds or band of theory, beside it']];
  return element('div', { class: 'tools key' }, ...entries.filter(([there]) => there)
    .map(([, d, width, words]) => element('span', {}, sample(d, width), words)));
}

function metricChart(metric, unit) {
  const figure = document.getElementById(metric);
  if (!figure) return;
  let log = data.charts[metric].log_y;
  if (data.x === '') {
    show(figure, [], () => barsOption(metric, unit));
    figure.append(key(metric, true));
    return;
  }
  let redraw = null;
  const tools = [checkbox('logarithmic', log, (on) => { log = on; redraw(true); })];
  redraw = show(figure, tools, () => curvesOption(metric, unit, log));
  figure.append(key(metric, false));
}

function tradeOff() {
  const figure = document.getElementById('trade-off');
  if (!figure) return;
  const known = Object.keys(measures).filter((name) => data.rows.some((_, row) => Number.isFinite(number(row, `${name}_mean`))));
  let measure = 'messages', { log_x: logX, log_y: logY } = data.charts['trade-off'];
  let redraw = null;
  const again = () => redraw(true);
  redraw = show(figure, [
    choice('against', known.map((name) => measures[name]), (i) => { measure = known[i]; again(); }).whole,
    checkbox('logarithmic', logX, (on) => { logX = on; again(); }),
    checkbox('logarithmic time', logY, (on) => { logY = on; again(); })], () => tradeOffOption(measure, logX, logY));
}

function distributions() {
  for (const point of data.points) {
    const figure = document.getElementById(`distribution-${point.point}`);
    if (!figure || point.distributions.length === 0) continue;
    let tail = false;
    let redraw = null;
    redraw = show(figure, [checkbox('the tail, logarithmic', tail, (on) => { tail = on; redraw(true); })],
                  () => distributionOption(point, tail));
  }
}

function shares() {
  for (const point of data.points) {
    const figure = document.getElementById(`shares-${point.point}`);
    const bars = point.trials.filter((trial) => trial.path.length > 0)
      .map((trial) => ({ name: `${trial.scheme}, ${trial.which}`, seconds: trial.seconds }));
    if (figure && bars.length > 0) show(figure, [], () => sharesOption(bars));
  }
  const figure = document.getElementById('shares');
  if (!figure) return;
  const names = ['compute', 'port_queue', 'link', 'waiting'].map((cause) => `critical_${cause}_mean`);
  const bars = data.rows.map((_, row) => ({ name: data.names[row], seconds: names.map((name) => number(row, name)) }))
    .filter((bar) => bar.seconds.every(Number.isFinite)).slice(0, 60);
  if (bars.length > 0) show(figure, [], () => sharesOption(bars));
}

function timelines() {
  const points = data.points.filter((point) => point.trials.length > 0);
  const section = document.getElementById('timelines');
  if (points.length === 0) return;
  const caption = element('figcaption', { 'aria-live': 'polite' });
  const figure = element('figure', { id: 'timeline' }, caption);
  section.insertBefore(figure, section.querySelector('.timelines'));
  section.querySelectorAll('.timelines details').forEach((details) => { details.open = true; });  // all are printed
  let point = points[0], trial = point.trials[0];
  let redraw = null;
  const say = () => {
    const total = trial.seconds.reduce((a, b) => a + b, 0);
    const words = causes.map(([name], c) => [name, trial.seconds[c]]).filter(([, seconds]) => seconds > 0)
      .map(([name, seconds]) => `${name} ${short((100 * seconds) / total)} %`).join(', ');
    const rows = trial.rows.length < trial.nodes
      ? ` ${trial.rows.length} of ${trial.nodes} nodes: the master, those on the critical path, others evenly chosen.` : '';
    const rest = `${trial.complete ? words && `It waited for: ${words}.` : 'Never complete.'}${rows}`;
    caption.replaceChildren(element('b', {}, trial.title), ` ${rest}`);
    figure.dataset.description = `${trial.title}. ${rest}`;
    for (const other of points) {
      const beside = document.getElementById(`shares-${other.point}`);
      if (beside) beside.hidden = other !== point;
    }
  };
  const schemes = () => [...new Set(point.trials.map((one) => one.scheme))];
  const pick = (scheme, which) => {
    trial = point.trials.find((one) => one.scheme === scheme && one.which === which)
      ?? point.trials.find((one) => one.scheme === scheme) ?? point.trials[0];
    say();
    redraw(false);
  };
  const scheme = choice('scheme', [], (i) => pick(schemes()[i], trial.which));
  const fill = () => scheme.select.replaceChildren(...schemes().map((name, i) => element('option', { value: i }, name)));
  const which = choice('trial', ['median', 'worst'], (i) => pick(trial.scheme, ['median', 'worst'][i]));
  const places = choice('point', points.map((one) => one.place || String(one.point)), (i) => {
    const before = trial.scheme;
    point = points[i];
    fill();
    pick(before, trial.which);
    scheme.select.value = String(Math.max(0, schemes().indexOf(trial.scheme)));
  });
  fill();
  say();
  redraw = show(figure, [...(points.length > 1 ? [places.whole] : []), scheme.whole, which.whole], () => timelineOption(trial));
}

// ---- tables ----

function sortable(table) {
  const headings = [...table.tHead.rows[0].cells], body = table.tBodies[0];
  const exact = (row, c) => row.cells[c].title || row.cells[c].textContent;
  headings.forEach((heading, c) => {
    const button = element('button', { type: 'button' }, ...heading.childNodes);
    heading.append(button);
    button.addEventListener('click', () => {
      const down = heading.getAttribute('aria-sort') === 'ascending';
      headings.forEach((other) => other.removeAttribute('aria-sort'));
      heading.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const rows = [...body.rows];
      const numeric = rows.every((row) => exact(row, c) === '' || Number.isFinite(Number(exact(row, c))));
      const compare = (a, b) => {  // what is missing comes last, either way
        const x = exact(a, c), y = exact(b, c);
        if (x === '' || y === '') return (x === '') - (y === '');
        const order = numeric ? Number(x) - Number(y) : x.localeCompare(y);
        return down ? -order : order;
      };
      body.append(...rows.sort(compare));
    });
  });
}

/** Says above a box that it hides something, while it does. */
function hinted(hint) {
  const box = hint.nextElementSibling;
  const look = () => hint.classList.toggle('cut', box.scrollWidth > box.clientWidth + 1);
  new ResizeObserver(look).observe(box);
  new ResizeObserver(look).observe(box.firstElementChild);
}

document.documentElement.classList.add('js');
document.querySelectorAll('.hint').forEach(hinted);
document.querySelectorAll('table.sortable').forEach(sortable);
metricChart('time', data.time_axis);
metricChart('messages', 'messages');
tradeOff();
distributions();
shares();
timelines();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => charts.forEach(({ redraw }) => redraw(true)));
