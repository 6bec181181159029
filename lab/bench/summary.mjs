// summary: from what tools/bench measured to tables and JSON.
//   summary.mjs gate ROUNDS OUT       medians, ratios of the same round, spread
//   summary.mjs rate ROUNDS SIZE WORKERS CONNECTIONS     half of what the slowest variant reached
//   summary.mjs plain NAME FILE       one object, as a table
import fs from 'node:fs';

const variants = ['bare', 'session', 'metered', 'auth_request'];

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

const round = (value, digits) => Number(value.toFixed(digits));
const readRounds = (file) => fs.readFileSync(file, 'utf8').trim().split('\n').map((line) => JSON.parse(line));

function groups(rounds) {
  const found = new Map();
  for (const one of rounds) {
    const key = [one.size, one.workers, one.connections, one.load].join(' ');
    if (!found.has(key)) found.set(key, []);
    found.get(key).push(one);
  }
  return [...found.values()];
}

// One row of gate.json, with the spread beside it for the table.
function summarise(group, variant) {
  const mine = group.filter((one) => one.variant === variant);
  const { size, workers, connections, load } = mine[0];
  const bare = (one) => group.find((other) => other.variant === 'bare' && other.round === one.round).got;
  const rates = mine.map((one) => one.got.rps);
  const row = {
    size, workers, connections, variant, load,
    rps: Math.round(median(rates)),
    rps_ratio: round(median(mine.map((one) => one.got.rps / bare(one).rps)), 3),
    p50_us: round(median(mine.map((one) => one.got.p50_us)), 1),
    p99_us: round(median(mine.map((one) => one.got.p99_us)), 1),
    cpu_us: round(median(mine.map((one) => one.cpu_ns / one.got.answered / 1e3)), 2),
  };
  const ratios = mine.map((one) => one.got.rps / bare(one).rps);
  const busy = Math.max(...mine.map((one) => one.got.busy));
  return { row, least: Math.min(...ratios), most: Math.max(...ratios), rounds: mine.length, busy };
}

function checked(rounds) {
  const bad = rounds.find((one) => one.got.bad > 0 || one.got.counted === 0);
  if (!bad) return rounds;
  console.error(`${bad.variant}, ${bad.size} KB, ${bad.connections} connections: `
    + `${bad.got.bad} answers were none or not 200`);
  process.exit(1);
}

function gate(from, to) {
  const rows = [];
  for (const group of groups(checked(readRounds(from)))) {
    const { size, workers, connections, load } = group[0];
    console.log(`\n${size} KB, ${workers} worker(s), ${connections} connections, ${load === 'half'
      ? 'at half of what the slowest reaches' : 'saturated'}`);
    console.log('  variant       requests/s  of bare (spread)         p50 us    p99 us  worker us/request  generator');
    for (const variant of variants) {
      const { row, least, most, busy } = summarise(group, variant);
      rows.push(row);
      console.log(`  ${variant.padEnd(12)} ${String(row.rps).padStart(11)}  ${row.rps_ratio.toFixed(2).padStart(7)} `
        + `(${least.toFixed(2)} to ${most.toFixed(2)}) ${row.p50_us.toFixed(0).padStart(12)} `
        + `${row.p99_us.toFixed(0).padStart(9)} `
        + `${row.cpu_us.toFixed(1).padStart(18)} ${(100 * busy).toFixed(0).padStart(8)} %`);
    }
  }
  fs.writeFileSync(to, `[\n${rows.map((row) => `  ${JSON.stringify(row)}`).join(',\n')}\n]\n`);
}

function rate(from, size, workers, connections) {
  const mine = checked(readRounds(from)).filter((one) => one.load === 'saturated' && one.size === Number(size)
    && one.workers === Number(workers) && one.connections === Number(connections));
  const medians = variants.map((name) => median(mine.filter((one) => one.variant === name).map((one) => one.got.rps)));
  console.log(Math.max(1, Math.round(Math.min(...medians) / 2)));
}

function plain(name, file) {
  console.log(`\n${name}`);
  for (const [key, value] of Object.entries(JSON.parse(fs.readFileSync(file, 'utf8'))))
    console.log(`  ${key.padEnd(28)} ${String(value).padStart(14)}`);
}

const [what, ...rest] = process.argv.slice(2);
({ gate, rate, plain })[what](...rest);
