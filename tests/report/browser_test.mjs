// The report page as a reader meets it, in headless Chromium: node browser_test.mjs STRAGGLE SOURCE_FOLDER PACKAGES,
// where PACKAGES is the folder of the build with node_modules. Ends with code 77, and says why, where it cannot run.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import test from 'node:test';

const [straggle, source, packages] = process.argv.slice(2).map((path) => resolve(path));
const executablePath = '/usr/bin/chromium';

function skip(reason) {
  console.log(`skipped: ${reason}`);
  process.exit(77);
}
let chromium = null;
try {
  ({ chromium } = createRequire(join(packages, 'package.json'))('playwright-core'));
} catch {
  skip('playwright-core is not there; the build installs it where there are node, npm and a registry');
}
if (!existsSync(executablePath)) skip(`there is no ${executablePath}; ./dev test installs it`);
if (readFileSync(join(packages, 'page.js')).length === 0) skip('straggle was built without interactive charts');

// ---- two runs: schemes at one point, and a sweep with labels that would like to be HTML ----

const folder = mkdtempSync(join(tmpdir(), 'straggle-page-'));
const evil = '<img src=x onerror=alert(1)>"\'&</script><!--';

function report(name, config, ...options) {
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(config));
  const call = (...words) => execFileSync(straggle, words, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  call('run', `${name}.json`, ...options, '--out', name);
  call('report', name);
  return { url: `file://${join(folder, name, 'report.html')}`, table: parse(readFileSync(join(folder, name, 'results.csv'), 'utf8')) };
}

/** The rows of a results.csv, each a Map from column to text. */
function parse(csv) {
  const lines = csv.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const fields = (line) => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map((match) => match[1])
    .slice(0, -1 + (line.endsWith(',') ? 1 : 0) || undefined).map((field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field));
  const [columns, ...rows] = lines.map(fields);
  return rows.map((row) => {
    assert.equal(row.length, columns.length, 'this test reads results.csv as it is');
    return new Map(columns.map((column, c) => [column, row[c]]));
  });
}

const figure1 = JSON.parse(readFileSync(join(source, 'experiments/gc-mmc/figure1.json'), 'utf8'));
delete figure1.$schema;
const single = report('single', figure1, '--trials', '500');
const sweep = report('sweep', {
  title: `A sweep of ${evil}`, trials: 200, workers: 8, gradient: { dimension: 1000 },
  compute: { model: 'shifted-exponential', shift: 0.01, rate: 10 },
  network: { model: 'serial', bandwidth: 1e6, overhead: 0.001, latency: 0.0001 },
  schemes: [{ scheme: 'uncoded', label: evil }, { scheme: 'gc', load: 3, label: 'GC, three' }],
  sweep: [{ path: '/compute/rate', values: [1, 10, 100] }, { path: '/network/downlink', values: ['none', 'unicast'] }] });

const heavy = report('heavy', {
  trials: 300, workers: 8, compute: { model: 'pareto', shape: 0.3, scale: 0.1 },
  schemes: [{ scheme: 'uncoded', label: 'all' }, { scheme: 'gc', load: 2, label: 'two' }, { scheme: 'gc', load: 4, label: 'four' }] });

const browser = await chromium.launch({
  executablePath, headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
         '--disable-component-update', '--disable-sync'] });
test.after(async () => {
  await browser.close();
  rmSync(folder, { recursive: true });
});

/** Opens a page, hands it to `use`, and then asserts that it has complained of nothing and asked for nothing. */
async function visit({ url }, options, use) {
  const context = await browser.newContext({ viewport: { width: 1100, height: 900 }, ...options });
  const page = await context.newPage();
  const said = [], asked = [];
  page.on('console', (message) => said.push(message.text()));
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('dialog', (dialog) => said.push(`dialog: ${dialog.message()}`));
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(url);
  try {
    await use(page);
  } finally {
    await context.close();
  }
  assert.deepEqual(said, []);
  assert.deepEqual(asked.filter((address) => address !== url && !address.startsWith('data:')), []);
}

/** `1.551 ± 0.013`, as the page is expected to round. */
function rounded(row, metric) {
  const mean = Number(row.get(`${metric}_mean`)), z = 1.959964, freedom = Number(row.get('trials')) - 1;
  // Student's t to the first order of 1/freedom: to 1e-4 for hundreds of trials.
  const error = (z + (z ** 3 + z) / (4 * freedom)) * Number(row.get(`${metric}_std_error`));
  const places = Math.max(0, 1 - Math.floor(Math.log10(error)));
  return `${mean.toFixed(places)} ± ${error.toFixed(places)}`;
}

const painted = (page, chart, colour) => page.locator(`${chart} .chart svg path[fill="${colour}"]`);

/** The middle of the widest shape of a colour: a bar, and not its sample in the legend. */
async function widest(page, chart, colour) {
  const boxes = [];
  for (const shape of await painted(page, chart, colour).all()) boxes.push(await shape.boundingBox());
  const box = boxes.filter(Boolean).sort((a, b) => b.width - a.width)[0];
  return { x: box.x + box.width / 2, y: box.y + box.height / 2, width: box.width };
}

async function point(page, place) {
  await page.mouse.move(place.x - 3, place.y);
  await page.mouse.move(place.x, place.y, { steps: 3 });
  await page.locator('.tip:visible').waitFor({ timeout: 5000 });
  return page.locator('.tip:visible').innerText();
}

const axisTexts = (page, chart) => page.locator(`${chart} .chart svg text`).allTextContents();

test('every cell of the table is results.csv to the character', async () => {
  for (const run of [single, sweep])
    await visit(run, {}, async (page) => {
      const cells = await page.evaluate(() => {
        const table = document.getElementById('results');
        const columns = [...table.tHead.rows[0].cells].map((cell) => cell.dataset.column);
        return [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell, c) =>
          [columns[c], cell.title || cell.textContent]));
      });
      assert.equal(cells.length, run.table.length);
      cells.forEach((row, r) => assert.deepEqual(new Map(row), new Map(row.map(([name]) => [name, run.table[r].get(name)]))));
      assert.equal(cells[0].length, run.table[0].size);
    });
});

test('pointing at a bar tells its scheme and its number', async () => {
  await visit(single, {}, async (page) => {
    await page.locator('#time').scrollIntoViewIfNeeded();
    const said = await point(page, await widest(page, '#time', '#0b62a8'));
    assert.match(said, /^GC\n/);
    assert.ok(said.includes(`${rounded(single.table[0], 'time')} s`), said);
  });
});

test('a click in the legend takes a series away, and another brings it back', async () => {
  await visit(single, {}, async (page) => {
    await page.locator('#time').scrollIntoViewIfNeeded();
    const row = single.table.find((one) => one.get('label') === 'GC in 4 clusters');
    const number = String(Number(Number(row.get('time_mean')).toPrecision(4)));
    const bar = page.locator('#time .chart svg text', { hasText: number });  // what the bar is labelled with
    await bar.waitFor();
    const texts = page.locator('#time .chart svg text', { hasText: /^GC in 4 clusters$/ });
    assert.equal(await texts.count(), 2);  // in the legend above, and at the axis
    const boxes = await Promise.all([0, 1].map((i) => texts.nth(i).boundingBox()));
    const entry = boxes[0].y < boxes[1].y ? boxes[0] : boxes[1];
    const click = () => page.mouse.click(entry.x + entry.width / 2, entry.y + entry.height / 2);
    await click();
    await bar.waitFor({ state: 'detached' });
    await click();
    await bar.waitFor();
  });
});

test('Ctrl and the wheel zoom an axis, and a button shows the whole range again', async () => {
  for (const [run, chart] of [[single, '#time'], [single, '#timeline'], [sweep, '#messages']])
    await visit(run, {}, async (page) => {
      await page.locator(`${chart} .chart`).scrollIntoViewIfNeeded();
      const before = await axisTexts(page, chart);
      const box = await page.locator(`${chart} .chart`).boundingBox();
      await page.mouse.move(box.x + box.width / 2, box.y + 150);
      await page.keyboard.down('Control');
      for (let i = 0; i < 4; ++i) await page.mouse.wheel(0, -400);
      await page.keyboard.up('Control');
      await page.waitForTimeout(400);
      assert.notDeepEqual(await axisTexts(page, chart), before, chart);
      await page.locator(chart).getByRole('button', { name: 'Whole range' }).click();
      await page.waitForTimeout(400);
      assert.deepEqual(await axisTexts(page, chart), before, chart);
    });
});

test('a heading sorts its column, upwards and downwards, and says so', async () => {
  await visit(single, {}, async (page) => {
    const heading = page.locator('#results th[data-column=time_mean]');
    const column = () => page.evaluate(() => {
      const c = document.querySelector('#results th[data-column=time_mean]').cellIndex;
      return [...document.querySelectorAll('#results tbody tr')].map((row) => Number(row.cells[c].title || row.cells[c].textContent));
    });
    const sorted = single.table.map((row) => Number(row.get('time_mean'))).sort((a, b) => a - b);
    await heading.getByRole('button').click();
    assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
    assert.deepEqual(await column(), sorted);
    await heading.getByRole('button').click();
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    assert.deepEqual(await column(), sorted.reverse());
  });
});

test('all columns come and go with their checkbox', async () => {
  await visit(single, {}, async (page) => {
    const hidden = page.locator('#results th[data-column=time_p50]');
    assert.equal(await hidden.isVisible(), false);
    await page.getByLabel('all columns of results.csv').check();
    assert.equal(await hidden.isVisible(), true);
  });
});

test('the timeline shows the trial that is chosen, and says what a node did', async () => {
  await visit(single, {}, async (page) => {
    const figure = page.locator('#timeline');
    await figure.scrollIntoViewIfNeeded();
    await figure.getByLabel('scheme', { exact: true }).selectOption('uncoded');
    await figure.getByLabel('trial', { exact: true }).selectOption('worst');
    const caption = await figure.locator('figcaption').innerText();
    const worst = single.table.find((row) => row.get('label') === 'uncoded').get('time_max');
    assert.match(caption, /^uncoded, worst trial/);
    assert.ok(caption.includes(`${Number(Number(worst).toPrecision(4))} s`), caption);
    await figure.locator('.chart').evaluate((chart) => chart.scrollIntoView({ block: 'center', behavior: 'instant' }));
    const said = await point(page, await widest(page, '#timeline', '#1d5f9e'));
    assert.match(said, /^worker \d+: computes, useful\n/);
    assert.match(said, /mini-batches\s+0 to 1\b/);
  });
});

test('the tail of a distribution is a click away', async () => {
  await visit(single, {}, async (page) => {
    const before = await axisTexts(page, '#distribution-0');
    await page.locator('#distribution-0').getByLabel('the tail, logarithmic').check();
    await page.waitForTimeout(300);
    const after = await axisTexts(page, '#distribution-0');
    assert.notDeepEqual(after, before);
    assert.ok(after.includes('share of trials that take at least so long'));
  });
});

test('times without a mean or a variance are charted by their medians, all of them', async () => {
  assert.deepEqual(heavy.table.map((row) => row.get('time_moments')), ['no mean', 'no mean', 'no variance']);
  await visit(heavy, {}, async (page) => {
    const texts = await axisTexts(page, '#time');
    assert.ok(texts.includes('median time [s]'), texts);
    for (const row of heavy.table) {
      const median = String(Number(Number(row.get('time_p50')).toPrecision(4)));
      assert.ok(texts.includes(median), `${median} in ${texts}`);
    }
    assert.equal(await page.locator('#time .key').innerText(), '95 % confidence');  // theory is of means
    assert.match(await page.locator('#messages .key').innerText(), /theory/);
    // Every scheme of the trade-off's legend has a point: a symbol in the legend, and one in the plane.
    for (const colour of ['#0b62a8', '#c2410c', '#15803d'])
      assert.ok(await painted(page, '#trade-off', colour).count() >= 2, colour);
    for (const column of ['time_p50', 'time_moments']) assert.ok(await page.locator(`#results th[data-column=${column}]`).isVisible());
    await page.locator('#time .chart').evaluate((chart) => chart.scrollIntoView({ block: 'center', behavior: 'instant' }));
    const said = await point(page, await widest(page, '#time', '#0b62a8'));
    assert.match(said, /mean time\s+there is none/);
  });
});

test('text of a configuration stays text', async () => {
  await visit(sweep, {}, async (page) => {
    assert.equal(await page.locator('img').count(), 0);
    assert.equal(await page.title(), `A sweep of ${evil}`);
    assert.ok((await page.locator('#results tbody th').allTextContents()).includes(evil));
    assert.ok((await axisTexts(page, '#time')).some((text) => text.startsWith(evil.slice(0, 28))));
    // In a tooltip, too.
    await page.locator('#time .chart').evaluate((chart) => chart.scrollIntoView({ block: 'center', behavior: 'instant' }));
    const chart = await page.locator('#time .chart').boundingBox();
    const boxes = await Promise.all((await painted(page, '#time', '#0b62a8').all()).map((shape) => shape.boundingBox()));
    const symbol = boxes.find((box) => box.y > chart.y + 50 && box.y < chart.y + chart.height - 80);
    const said = await point(page, { x: symbol.x + symbol.width / 2, y: symbol.y + symbol.height / 2 });
    assert.ok(said.startsWith(evil), said);
    assert.equal(await page.locator('img').count(), 0);
  });
});

test('without scripts the table and the pictures are there', async () => {
  await visit(single, { javaScriptEnabled: false }, async (page) => {
    assert.equal(await page.locator('#results tbody tr').count(), single.table.length);
    assert.ok(await page.locator('#results').isVisible());
    for (const id of ['time', 'messages', 'trade-off', 'distribution-0'])
      assert.ok(await page.locator(`#${id} .picture svg`).isVisible(), id);
    assert.equal(await page.locator('.timelines details').count(), 2 * single.table.length);
    const last = page.locator('.timelines details').last();
    await last.locator('summary').click();
    assert.ok(await last.locator('svg').isVisible());
    assert.ok((await page.locator('noscript').textContent()).includes('Without scripts'));
  });
});

test('on a phone the page scrolls downwards only', async () => {
  for (const run of [single, sweep])
    for (const javaScriptEnabled of [true, false])
      await visit(run, { viewport: { width: 360, height: 740 }, javaScriptEnabled }, async (page) => {
        const width = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(width <= 360, `${width} pixels wide`);
      });
});

test('a table that is cut off says so, and a legend shows every name on a phone', async () => {
  await visit(sweep, { viewport: { width: 360, height: 740 } }, async (page) => {
    assert.ok(await page.locator('#table .hint').isVisible());
    const names = await page.locator('#time .chart svg text').allTextContents();
    for (const label of new Set(sweep.table.map((row) => row.get('label')))) assert.ok(names.some((name) => name.startsWith(label.slice(0, 8))), label);
  });
  await visit(single, { viewport: { width: 2000, height: 900 } }, async (page) => {
    const box = page.locator('#exactness .box');
    const cut = await box.evaluate((one) => one.scrollWidth > one.clientWidth + 1);
    assert.equal(await page.locator('#exactness .hint').isVisible(), cut);
  });
});

/** Texts whose contrast with what is behind them is below 4.5 (WCAG 2.1, AA). */
function tooFaint() {
  const channels = (colour) => colour.match(/[\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  let seen = 0;
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '');
    if (!own || !element.checkVisibility() || ['SCRIPT', 'STYLE', 'title', 'desc', 'NOSCRIPT'].includes(element.tagName)) continue;
    const style = getComputedStyle(element);
    const [one, other] = [luminance(channels(element.closest('svg') ? style.fill : style.color)), luminance(behind(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    ++seen;
    if (contrast < 4.5) found.push(`${element.tagName} "${element.textContent.slice(0, 40)}": ${contrast.toFixed(2)}`);
  }
  return { found, seen };
}

test('light and dark differ, and every text stands out in both', async () => {
  const backgrounds = [];
  for (const colorScheme of ['light', 'dark'])
    for (const javaScriptEnabled of [true, false])
      await visit(single, { colorScheme, javaScriptEnabled }, async (page) => {
        backgrounds.push(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor));
        const { found, seen } = await page.evaluate(tooFaint);
        assert.ok(seen > 200, `${seen} texts`);
        assert.deepEqual(found, []);
      });
  assert.equal(backgrounds[0], backgrounds[1]);
  assert.notEqual(backgrounds[0], backgrounds[2]);
});

test('charts follow when light becomes dark', async () => {
  await visit(single, { colorScheme: 'light' }, async (page) => {
    assert.equal(await painted(page, '#time', '#0b62a8').count() > 0, true);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForFunction(() => document.querySelectorAll('#time .chart svg path[fill="#60a5fa"]').length > 0);
    assert.equal(await painted(page, '#time', '#0b62a8').count(), 0);
  });
});

test('printed, the pictures are there, with all timelines, on white', async () => {
  await visit(single, { colorScheme: 'dark' }, async (page) => {
    await page.locator('#timeline').getByLabel('scheme', { exact: true }).selectOption('LCC');
    await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
    assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor), 'rgb(255, 255, 255)');
    assert.ok(await page.locator('#time .picture svg').isVisible());
    assert.equal(await page.locator('#time .chart').isVisible(), false);
    const pictures = page.locator('.timelines details svg');
    assert.equal(await pictures.count(), 2 * single.table.length);
    for (const picture of await pictures.all()) assert.ok(await picture.isVisible());
    assert.equal(await page.getByRole('button', { name: 'Whole range' }).count(), 0);
    assert.deepEqual((await page.evaluate(tooFaint)).found, []);
  });
});

test('everything that is seen or used has a name for who hears the page', async () => {
  await visit(single, {}, async (page) => {
    assert.equal(await page.locator('html').getAttribute('lang'), 'en');
    const session = await page.context().newCDPSession(page);
    const { nodes } = await session.send('Accessibility.getFullAXTree');
    const count = new Map(), nameless = [];
    for (const node of nodes) {
      const role = node.role?.value;
      if (node.ignored || !['button', 'combobox', 'checkbox', 'image', 'img', 'table', 'region', 'navigation', 'link'].includes(role)) continue;
      count.set(role, (count.get(role) ?? 0) + 1);
      if (!node.name?.value) nameless.push(role);
    }
    assert.deepEqual(nameless, []);
    for (const role of ['button', 'combobox', 'checkbox', 'image', 'table', 'region', 'navigation'])
      assert.ok(count.get(role) > 0, `no ${role} among ${[...count.keys()]}`);
    for (const landmark of ['banner', 'main', 'contentinfo']) assert.ok(nodes.some((node) => node.role?.value === landmark), landmark);
    // The charts say their main numbers.
    const said = await page.locator('#time .chart').getAttribute('aria-label');
    assert.ok(said.includes(`LCC ${Number(Number(single.table[2].get('time_mean')).toPrecision(4))} s`), said);
    const levels = await page.locator('h1, h2, h3').evaluateAll((all) => all.map((heading) => Number(heading.tagName[1])));
    levels.reduce((before, level) => (assert.ok(level <= before + 1), level), 0);
  });
});

test('a page is below 2 MB', () => {
  for (const run of [single, sweep]) assert.ok(readFileSync(new URL(run.url)).length < 2e6);
});
