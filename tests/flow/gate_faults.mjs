// Workers killed, replaced and stopped, journals that cannot be written, maps that are missing: what a client
// received is in the journal all the same, and what is not guarded goes on.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import test from 'node:test';
import { Stage, handed, named, people, request, secondProtocol, sleep } from './gate/harness.mjs';

const rules = [
  'meter people json records=$.people[*] id=$.id fields=$.name canon=trim+upper',
  'route large GET /large/** search meter=people',
  'route unbuffered GET /unbuffered/** search meter=people',
  'route free GET /free/** read exempt',
];
const budget = [
  'budget wide soft=3000000,3000000,3000000 hard=3000000,3000000,3000000',
  'session eve number=1 identity=1 factor=1 budgets=wide',
];
const session = 'eve';

async function prepared(options) {
  const stage = await Stage.start({ rules, ...options });
  await stage.tell(...budget);
  stage.answer('/free/a', { headers: { 'content-type': 'text/plain' }, body: 'free' });
  stage.answer('/large/a', { body: '{"people":[{"id":"P1"}]}' });
  stage.answer('/large/some', (_, response, query) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ people: people(Number(query.get('from')), Number(query.get('from')) + 9) }));
  });
  return stage;
}

// A platform that begins a response, and ends it when told.
function gated(stage, pathname) {
  let begun, end;
  const started = new Promise((resolve) => {
    begun = resolve;
  });
  stage.answer(pathname, (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"people":[{"id":"P1"}');
    end = () => response.end(']}');
    begun();
  });
  return { started, finish: () => end() };
}

test('whatever is killed, no client has received a person that is not in the journal', async (t) => {
  const stage = await prepared({ workers: 2, expect: [/exited on signal 9/] });
  const received = new Set();
  let next = 1,
    stop = false,
    answers = 0;
  const agent = new http.Agent({ keepAlive: true, maxSockets: 32 });
  const client = async () => {
    while (!stop) {
      const from = next;
      next += 10;
      const answer = await stage.get(`/large/some?from=${from}`, { session, agent }).catch(() => null);
      if (answer === null) {
        await sleep(5);
        continue;
      }
      answers++;
      for (const id of named(answer.body)) received.add(id);
    }
  };
  const clients = Array.from({ length: 32 }, client);
  const rounds = Number(process.env.GATE_KILLS ?? 12);
  for (let i = 0; i < rounds; i++) {
    await sleep(200 + ((i * 97) % 260));
    for (const pid of stage.workers()) if (i % 3 === 0 || pid % 2 === i % 2) process.kill(pid, 'SIGKILL');
  }
  await sleep(100);
  stop = true;
  await Promise.all(clients);
  agent.destroy();
  const known = handed(stage.journal());
  const unaccounted = [...received].filter((id) => !known.has(id));
  t.diagnostic(
    `${answers} responses, ${rounds} kills, ${received.size} persons received, ` +
      `${known.size - received.size} journalled and not received, ${unaccounted.length} unaccounted`,
  );
  assert.ok(received.size > 500);
  assert.deepEqual(unaccounted, []);
  await stage.stop();
});

test('a response that is held when nginx reloads or ends is finished and accounted for', async () => {
  for (const [signal, folder] of [
    ['SIGHUP', 'large'],
    ['SIGHUP', 'unbuffered'],
    ['SIGQUIT', 'large'],
    ['SIGHUP', 'second'],
  ]) {
    const stage = await prepared();
    const held = gated(stage, folder === 'second' ? '/large/held' : `/${folder}/held`);
    const answer =
      folder === 'second'
        ? secondProtocol(stage.tlsPort, ['/large/held'], session).then(([one]) => one)
        : stage.get(`/${folder}/held`, { session });
    await held.started;
    const [before] = stage.workers();
    process.kill(stage.nginx.pid, signal);
    if (signal === 'SIGHUP') while (!stage.workers().some((pid) => pid !== before)) await sleep(10);
    else await sleep(50);
    held.finish();
    const { status, body } = await answer;
    assert.deepEqual([status, body], [200, '{"people":[{"id":"P1"}]}'], `${signal} ${folder}`);
    assert.deepEqual(handed(stage.journal()), new Set(['P1']));
    if (signal === 'SIGHUP') assert.equal((await stage.get('/large/a', { session })).status, 200);
    await stage.stop();
  }
});

test('without a journal counted routes answer 503 and all others go on', async () => {
  const stage = await prepared({ later: true, second: false });
  fs.rmSync(`${stage.dir}/journal`, { recursive: true });
  await stage.startNginx();
  for (let i = 0; i < 3; i++) {
    const answer = await stage.get('/large/a', { session });
    assert.equal(answer.status, 503);
    assert.equal(answer.json.reason, 'journal');
    assert.equal((await stage.get('/free/a', { session })).body, 'free');
  }
  fs.mkdirSync(`${stage.dir}/journal`);
  let status;
  for (let i = 0; i < 600 && status !== 200; i++) {
    await sleep(50);
    status = (await stage.get('/large/a', { session })).status;
  }
  assert.equal(status, 200);
  await stage.stop();
});

test('a full disk closes counted routes; a second directory takes over', async (t) => {
  const stage = await prepared({ later: true });
  try {
    for (const name of ['journal', 'journal2'])
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m', 'tmpfs', `${stage.dir}/${name}`], {
        stdio: 'ignore',
      });
  } catch {
    t.skip('no file system can be mounted here');
    await stage.stop();
    return;
  }
  try {
    await stage.startNginx();
    assert.equal((await stage.get('/large/a', { session })).status, 200);
    fs.writeFileSync(`${stage.dir}/journal2/filler`, '');
    const fill = (name) => {
      try {
        execFileSync('dd', ['if=/dev/zero', `of=${stage.dir}/${name}/filler`, 'bs=1M', 'count=60'], {
          stdio: 'ignore',
        });
      } catch {
        /* full */
      }
    };
    fill('journal');
    let count = 0;
    const received = new Set(['P1']);
    const ask = async () => {
      const answer = await stage.get(`/large/some?from=${++count * 10}`, { session });
      for (const id of named(answer.body)) received.add(id);
      return answer.status;
    };
    for (let i = 0; i < 50; i++) assert.equal(await ask(), 200);
    fill('journal2');
    stage.answer('/large/wide', {
      body: JSON.stringify({ people: people(100000, 200000).map(({ id }) => ({ id })) }),
    });
    let status = 200;
    for (let i = 0; i < 400 && status === 200; i++) status = (await stage.get('/large/wide', { session })).status;
    assert.equal(status, 503);
    assert.equal((await stage.get('/free/a', { session })).status, 200);
    const known = handed(stage.journal());
    for (const id of received) assert.ok(known.has(id), id);
  } finally {
    await stage.stop(() => {
      for (const name of ['journal', 'journal2']) execFileSync('umount', ['-l', `${stage.dir}/${name}`]);
    });
  }
});

test('without maps everything guarded answers 503, and opens when they come', async () => {
  const stage = await prepared({ later: true });
  fs.renameSync(`${stage.dir}/map`, `${stage.dir}/elsewhere`);
  await stage.startNginx();
  assert.equal((await stage.get('/free/a', { session })).status, 503);
  assert.equal((await stage.off('/free/a')).status, 200);
  fs.writeFileSync(`${stage.dir}/files/x.txt`, 'x');
  fs.mkdirSync(`${stage.dir}/map`);
  fs.writeFileSync(`${stage.dir}/map/state.map`, 'garbage'.repeat(1000));
  await sleep(600);
  assert.equal((await stage.get('/free/a', { session })).status, 503);
  fs.rmSync(`${stage.dir}/map`, { recursive: true });
  fs.renameSync(`${stage.dir}/elsewhere`, `${stage.dir}/map`);
  await sleep(600);
  assert.equal((await stage.get('/large/a', { session })).status, 200);
  await stage.stop();
});

test('a configuration that cannot guard is refused', async () => {
  const stage = await prepared({ expect: [/needs "tourniquet_map"/] });
  const text = fs.readFileSync(`${stage.dir}/nginx.conf`, 'utf8');
  fs.writeFileSync(`${stage.dir}/bad.conf`, text.replace(/tourniquet_journal [^;]*;/, ''));
  const [command, ...args] = stage.nginxCommand('bad.conf');
  assert.throws(
    () => execFileSync(command, [...args, '-t'], { stdio: 'pipe' }),
    /needs "tourniquet_map" and "tourniquet_journal"/,
  );
  await stage.stop();
});

test('other requests are not held up by one that waits', async () => {
  const stage = await prepared();
  const held = gated(stage, '/large/held');
  const answer = request(stage.port, '/large/held', { session });
  await held.started;
  for (let i = 0; i < 20; i++) assert.equal((await stage.get('/large/a', { session })).status, 200);
  held.finish();
  assert.equal((await answer).status, 200);
  await stage.stop();
});
