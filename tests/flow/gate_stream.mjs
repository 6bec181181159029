// Responses longer than the hold limit: closed records leave after their entries; what stops in the middle is cut off.
import assert from 'node:assert/strict';
import net from 'node:net';
import test from 'node:test';
import { Stage, handed, named, people, secondProtocol, sleep } from './gate/harness.mjs';

const folders = ['large', 'small', 'unbuffered', 'limited', 'cached'];
const stage = await Stage.start({
  rules: [
    'setting hold=200000',
    'meter people json records=$.people[*] id=$.id fields=$.name canon=trim+upper',
    'meter table csv id=id fields=name canon=upper',
    ...folders.map((name) => `route ${name} GET /${name}/** export meter=people`),
    'route table GET /table/** export meter=table',
  ],
});
test.after(() => stage.stop());
let number = 0;

function drained(response) {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done);
      response.off('close', done);
      resolve();
    };
    response.on('drain', done);
    response.on('close', done);
  });
}

async function session(limit, extra = '') {
  number++;
  await stage.tell(
    `budget b${number} soft=${limit},${limit},${limit} hard=${limit},${limit},${limit}`,
    `session s${number} number=${number} identity=${number} budgets=b${number} factor=1 ${extra}`,
  );
  return `s${number}`;
}

const list = (n) => JSON.stringify({ people: people(1, n).map((one) => ({ ...one, note: 'x'.repeat(80) })) });
const mine = () => stage.journal().filter((entry) => entry.session === number);

test('a long response arrives whole, in several entries', async () => {
  const body = list(20000);
  for (const folder of folders) {
    stage.answer(`/${folder}/long`, { body });
    const who = await session(30000);
    const answer = await stage.get(`/${folder}/long`, { session: who });
    assert.equal(answer.status, 200);
    assert.ok(answer.body === body, `${folder}: ${answer.body.length} of ${body.length} bytes`);
    assert.ok(mine().length > 5);
    assert.equal(handed(mine()).size, 20000);
  }
});

test('a long response arrives whole over HTTP/2, and several at once', async () => {
  const body = list(8000);
  stage.answer('/large/long', { body });
  stage.answer('/unbuffered/long', { body });
  const who = await session(30000);
  const answers = await secondProtocol(stage.tlsPort, ['/large/long', '/unbuffered/long', '/large/long'], who);
  for (const answer of answers) assert.ok(answer.body === body);
});

test('a CSV export of many lines streams', async () => {
  const body = `id,name\r\n${people(1, 40000)
    .map((one) => `${one.id},"${one.name}"\r\n`)
    .join('')}`;
  stage.answer('/table/long', { headers: { 'content-type': 'text/csv' }, body });
  const who = await session(50000);
  assert.ok((await stage.get('/table/long', { session: who })).body === body);
  assert.equal(handed(mine()).size, 40000);
});

test('a budget that ends in the middle cuts the connection, and what came is in the journal', async () => {
  const body = list(20000);
  for (const folder of folders) {
    stage.answer(`/${folder}/long`, { body });
    assert.equal(named((await stage.off(`/${folder}/long`)).body).size, 20000);
    const who = await session(10000);
    const answer = await stage.get(`/${folder}/long`, { session: who });
    assert.ok(answer.cut, `${folder}: ${answer.status}`);
    const received = named(answer.body);
    assert.ok(received.size > 1000 && received.size <= 10000, `${folder}: ${received.size}`);
    const known = handed(mine());
    for (const id of received) assert.ok(known.has(id), id);
    assert.ok(known.size <= 10000);
    await stage.noted((entry) => entry.kind === 'severed' && entry.session === number);
    const [second] = await secondProtocol(stage.tlsPort, [`/${folder}/long`], await session(10000));
    assert.ok(second.code !== 0 && named(second.body).size <= 10000);
  }
});

test('an order that comes in the middle cuts the connection', async () => {
  const chunk = JSON.stringify(people(1, 2000)).slice(1, -1);
  let ordered = false;
  stage.answer('/unbuffered/endless', async (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(`{"people":[${chunk}`);
    for (let i = 0; i < 400 && !response.destroyed; i++) {
      response.write(`,${chunk}`);
      await sleep(2);
      if (i === 20) {
        await stage.tell(`order deny all session=#${number}`);
        ordered = true;
      }
    }
    response.end(']}');
  });
  const who = await session(30000);
  const answer = await stage.get('/unbuffered/endless', { session: who });
  assert.ok(ordered && answer.cut && answer.body.length < 60 * chunk.length);
  await stage.tell('orders none');
});

test('a stream that turns unreadable is cut before the unreadable part', async () => {
  const good = people(1, 40000)
    .map((one) => JSON.stringify(one))
    .join(',');
  for (const tail of ['{"name":"no id"}]}', '{"id":"P9999999"', ']} trailing', `${'['.repeat(500)}`]) {
    stage.answer('/large/turns', { body: `{"people":[${good},${tail}` });
    const who = await session(50000);
    const answer = await stage.get('/large/turns', { session: who });
    assert.ok(answer.cut && !answer.body.includes(tail));
  }
});

test('a small limit streams as well as a large one', async () => {
  const body = list(3000);
  for (const hold of [1000, 30000, 70000]) {
    await stage.tell(`setting hold=${hold}`, 'publish');
    for (const folder of folders) {
      stage.answer(`/${folder}/limit`, { headers: { 'cache-control': 'no-store' }, body });
      const who = await session(5000);
      assert.ok((await stage.get(`/${folder}/limit`, { session: who })).body === body, `${folder} ${hold}`);
      assert.equal(handed(mine()).size, 3000);
    }
  }
  await stage.tell('setting hold=200000', 'publish');
});

test('one record longer than twice the limit is refused whole', async () => {
  stage.answer('/small/one', { body: `{"people":[{"id":"P1","note":"${'x'.repeat(9000000)}"}]}` });
  const answer = await stage.get('/small/one', { session: await session(10) });
  assert.equal(answer.status, 502);
  assert.equal(named(answer.body).size, 0);
});

test('a client that reads slowly holds the platform up, not memory', async () => {
  let sent = 0;
  const chunk = JSON.stringify(people(1, 2000)).slice(1, -1);
  stage.answer('/large/flood', async (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write(`{"people":[${chunk}`);
    for (let i = 0; i < 300 && !response.destroyed; i++) {
      if (!response.write(`,${chunk}`)) await drained(response);
      sent += chunk.length;
    }
    response.end(']}');
  });
  const who = await session(30000);
  const body = await new Promise((resolve, reject) => {
    const socket = net.connect(stage.port, '127.0.0.1');
    const chunks = [];
    socket.write(`GET /large/flood HTTP/1.0\r\nCookie: __Host-tourniquet=${who}\r\n\r\n`);
    socket.pause();
    setTimeout(() => {
      assert.ok(
        sent < 20 << 20, // the kernel's and node's own buffers are most of it
        `the platform has sent ${sent} bytes`,
      );
      socket.on('data', (data) => chunks.push(data));
      socket.resume();
    }, 700);
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
  assert.equal(body.length - body.indexOf('\r\n\r\n') - 4, '{"people":[]}'.length + 301 * (chunk.length + 1) - 1);
});

test('a client that leaves in the middle of a stream does no harm', async () => {
  const body = list(20000);
  stage.answer('/large/long', { body });
  stage.answer('/unbuffered/long', { body });
  const who = await session(30000);
  for (let i = 0; i < 30; i++) {
    const socket = net.connect(stage.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write(
      `GET /${i % 2 ? 'large' : 'unbuffered'}/long HTTP/1.1\r\nHost: x\r\nCookie: __Host-tourniquet=${who}\r\n\r\n`,
    );
    await sleep(i);
    socket.destroy();
  }
  assert.ok((await stage.get('/large/long', { session: who })).body === body);
});

test('an upstream that fails in the middle of a stream is seen by the client', async () => {
  const body = list(9000);
  for (const folder of ['large', 'unbuffered']) {
    stage.answer(`/${folder}/fails`, (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
      response.write(body.slice(0, -40000));
      setTimeout(() => response.destroy(), 50);
    });
    const answer = await stage.get(`/${folder}/fails`, { session: await session(30000) });
    assert.ok(answer.cut);
  }
});
