// The theft replayed on a running stack: never above the budget, the list exact, nobody else stopped, the platform up.
// BUILD names the build folder, DATA the stack's data directory, BASE_URL and PLAIN_URL its two addresses, as
// `make run` prints them. Without BASE_URL there is no stack to replay on, and the test says that it was skipped.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import test from 'node:test';
import { promisify } from 'node:util';

const base = process.env.BASE_URL;
const data = process.env.DATA ?? 'data';
const program = resolve(process.env.BUILD ?? 'build', 'tourniquet');

function plainOf(url) {
  const plain = new URL(url);
  plain.port = String(Number(plain.port) + 1);
  return plain.origin;
}

async function replay(...options) {
  const accounts = join(data, 'demo/accounts.json');
  const { stdout } = await promisify(execFile)(
    program,
    [
      'replay',
      'kairos',
      '--json',
      '--base',
      base,
      '--plain',
      process.env.PLAIN_URL ?? plainOf(base),
      '--cacert',
      join(data, 'tls/tls.crt'),
      ...(existsSync(accounts) ? ['--accounts', accounts] : []),
      ...options,
    ],
    {
      env: { ...process.env, TOURNIQUET_SOCKET: join(data, 'run/control.sock') },
      maxBuffer: 1 << 24,
    },
  );
  return JSON.parse(stdout);
}

test('a stolen session takes no more than its budget, in every way it tries', {
  skip: base === undefined && 'BASE_URL names no running stack',
}, async (context) => {
  const results = await replay('--bystanders', '10');
  assert.deepEqual(
    results.map((result) => result.strategy),
    ['list', 'walk', 'export', 'parallel', 'sessions', 'accounts', 'stale'],
  );
  for (const result of results)
    await context.test(result.strategy, () => {
      const told = JSON.stringify(result);
      assert.ok(result.people_in_platform > 1000, told);
      assert.equal(result.people_disclosed_unguarded, result.people_in_platform, told);
      assert.ok(result.budget > 0, told);
      assert.ok(result.people_disclosed_guarded > 0, told);
      assert.ok(result.people_disclosed_guarded <= result.budget, told);
      assert.equal(result.list_exact, true, told);
      assert.equal(result.people_listed, result.people_disclosed_guarded, told);
      assert.ok(result.seconds_to_stop > 0, told);
      assert.ok(result.bystander_requests > 50, told);
      assert.equal(result.bystander_refused, 0, told);
      assert.equal(result.platform_up, true, told);
    });
  const stale = results.at(-1);
  await context.test('without a fresh second factor it stops at the soft limit', () => {
    assert.equal(stale.second_factor_fresh, false);
    assert.ok(stale.people_disclosed_guarded < stale.budget, JSON.stringify(stale));
    assert.ok(stale.thief_asked_second_factor > 0, JSON.stringify(stale));
  });
});

test('a platform of another size is refused', {
  skip: base === undefined && 'BASE_URL names no running stack',
}, async () => {
  await assert.rejects(replay('--people', '1'), /the platform has \d+ people, not 1/);
});
