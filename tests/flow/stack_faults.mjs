// The promises on the running stack, attacked: processes killed under load, parallel requests, forged identities.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { Browser, account, ask, build, data, identifiers, touched, tourniquet, until } from './stack/people.mjs';

function children(pid) {
  return execFileSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' }).split('\n').filter(Boolean).map(Number);
}
const master = () => Number(fs.readFileSync(path.join(data, 'run/nginx.pid'), 'utf8'));
const subset = (part, whole) => [...part].filter((one) => !whole.has(one));

test('headers that name somebody else are not believed', async () => {
  const one = await new Browser().signIn(account('partner-011-1'));
  const forged = { 'Remote-User': 'manager-001', remote_user: 'manager-001', 'Remote-Profile': 'agent' };
  const answer = await one.get('/api/me', { headers: forged });
  assert.equal(answer.status, 200);
  assert.match(answer.text, /"partner-011-1"/);
  assert.doesNotMatch(answer.text, /manager-001|"agent"/);
});

test('what sessions do without a route in the configuration is refused', async () => {
  const one = await new Browser().signIn(account('partner-011-1'));
  for (const target of ['/api/secret', '/api//people', '/api/people/', '/api/%70eople', '/API/people'])
    assert.ok([400, 403].includes((await one.get(target)).status), target);
});

test('parallel requests never hand out more people than the hard limit', async () => {
  const one = await new Browser().signIn(account('partner-012-1'));
  const hard = ask('budget', 'show', '--identity', 'partner-012-1').windows.find((w) => w.window === 'hour').hard;
  const received = new Set();
  const answers = await Promise.all(
    Array.from({ length: 150 }, (_, page) => one.get(`/api/people?size=5&page=${page + 1}`)),
  );
  for (const answer of answers) for (const id of identifiers(answer.text)) received.add(id);
  assert.ok(answers.some((answer) => answer.status === 429), 'the limit was never reached');
  assert.ok(received.size > 0 && received.size <= hard, `${received.size} of at most ${hard}`);
  assert.deepEqual(subset(received, touched('identity=partner-012-1')), []);
});

test('a killed worker leaves nobody unaccounted', async () => {
  const one = await new Browser().signIn(account('partner-013-1'));
  const received = new Set();
  let going = true;
  const load = Array.from({ length: 8 }, async (_, lane) => {
    for (let page = 1; going; page++) {
      const answer = await one.get(`/api/people?size=2&page=${lane * 12 + (page % 12) + 1}`);
      for (const id of identifiers(answer.text)) received.add(id);
    }
  });
  for (let round = 0; round < 5; round++) {
    await until('people are handed out', () => received.size > round * 10);
    for (const pid of children(master())) process.kill(pid, 'SIGKILL');
    await until('new workers serve', async () => (await one.get('/api/me')).status === 200);
  }
  going = false;
  await Promise.all(load);
  assert.deepEqual(subset(received, touched('identity=partner-013-1')), []);
});

test('while the engine is dead the gate goes on guarding, and an order outlives it', async () => {
  const free = await new Browser().signIn(account('partner-014-1'));
  const held = await new Browser().signIn(account('partner-015-1'));
  tourniquet('order', 'give', 'deny', '--scope', 'organisation=body-015', '--reason', 'test', '--for', '1h');
  assert.equal((await held.get('/api/me')).status, 403);

  process.kill(ask('status').pid, 'SIGKILL');
  const answer = await free.get('/api/people?size=3');
  assert.equal(answer.status, 200);
  assert.equal((await held.get('/api/me')).status, 403);

  await until('the engine is back', () => ask('status').maps.open);
  // New sign-ins alone had to wait.
  await until('sign-in is back', async () => (await new Browser().get('/.tourniquet/jwks.json')).status === 200);
  assert.equal((await free.get('/api/me')).status, 200);
  assert.equal((await held.get('/api/me')).status, 403);
  assert.deepEqual(subset(new Set(identifiers(answer.text)), touched('identity=partner-014-1')), []);
  const order = ask('order', 'list').find((one) => one.scope.includes('body-015'));
  tourniquet('order', 'lift', String(order.order));
  assert.equal((await held.get('/api/me')).status, 200);
});

test('the ledger is whole, and a changed byte is found', async () => {
  tourniquet('ledger', 'flush');
  const copy = fs.mkdtempSync('/tmp/tq-ledger.');
  try {
    fs.cpSync(path.join(data, 'ledger'), copy, { recursive: true });
    const key = path.join(data, 'keys/ledger.pub');
    tourniquet('ledger', 'verify', copy, '--key', key);
    const bundles = path.join(copy, 'tile/entries');
    const names = fs.readdirSync(bundles, { recursive: true }).map((name) => path.join(bundles, name));
    const bundle = names.find((name) => fs.statSync(name).isFile());
    const bytes = fs.readFileSync(bundle);
    bytes[bytes.length >> 1] ^= 1;
    fs.writeFileSync(bundle, bytes);
    const verify = ['ledger', 'verify', copy, '--key', key];
    assert.throws(() => execFileSync(path.join(build, 'tourniquet'), verify, { stdio: 'pipe' }), { status: 1 });
  } finally {
    fs.rmSync(copy, { recursive: true });
  }
});
