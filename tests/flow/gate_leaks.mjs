// What HTTP offers to get records past a counter. Each test first shows, without the gate, that there is something
// to leak.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import test from 'node:test';
import zlib from 'node:zlib';
import { Stage, handed, named, people, raw, request, secondProtocol, sleep } from './gate/harness.mjs';

const metered = [
  '/people',
  '/unbuffered/**',
  '/small/**',
  '/large/**',
  '/cached/**',
  '/ssi/**',
  '/compressed/**',
  '/intercepted/**',
  '/static/**',
];
const stage = await Stage.start({
  rules: [
    'meter people json records=$.people[*] id=$.id fields=$.name canon=trim+upper',
    'meter table csv id=id fields=name canon=upper',
    ...metered.map((pattern, i) => `route m${i} GET,HEAD,POST ${pattern} search meter=people`),
    'route table GET /export.csv export meter=table',
    'route free GET /free/** read exempt',
    'route weighed GET /weighed/** read weight=3',
  ],
  locations: `
    location = /tried { try_files /none @named; }
    location = /rewritten { rewrite ^ /people last; }
    location = /added/page { tourniquet off; ssi on; ssi_types *; alias \${dir}/files/page.html; }
    location /free/ssi/ { proxy_pass http://platform; ssi on; ssi_types *; }
    location = /free/mirrored { mirror /people; proxy_pass http://platform; }`.replaceAll('${dir}', '/nonexistent'),
  expect: [/was not judged/],
});
const big = 'budgets=wide';
await stage.tell(
  'budget wide soft=1000000,1000000,1000000 hard=1000000,1000000,1000000',
  `session eve number=1 identity=1 factor=1 ${big}`,
);
const body = JSON.stringify({ people: people(1, 5) });
const session = 'eve';
test.after(() => stage.stop());

// The gate lets none of what `pathname` leaks pass; the answer has `status`.
async function stopped(pathname, status, options = {}) {
  const open = await stage.off(pathname, options);
  const leaks = options.leaks ?? ((answer) => named(answer.body).size > 0);
  assert.ok(leaks(open), `the probe ${pathname} leaks nothing by itself: ${open.status} ${open.body}`);
  const closed = await stage.get(pathname, { session, ...options });
  assert.equal(closed.status, status, `${pathname}: ${closed.body}`);
  assert.ok(!leaks(closed), `${pathname} leaked`);
  return closed;
}

test('compressed responses are not asked for, and refused when they come all the same', async () => {
  const encodings = {
    gzip: zlib.gzipSync,
    deflate: zlib.deflateSync,
    br: zlib.brotliCompressSync,
    zstd: (text) => Buffer.from(text),
    odd: (text) => Buffer.from(text),
  };
  for (const [name, encode] of Object.entries(encodings)) {
    stage.answer(`/large/${name}`, { headers: { 'content-encoding': name }, body: encode(body) });
    await stopped(`/large/${name}`, 502, { leaks: (answer) => answer.bytes.equals(encode(body)) });
  }
  stage.answer('/large/polite', (request_, response) => {
    const zip = /gzip/.test(request_.headers['accept-encoding'] ?? '');
    response.writeHead(200, { 'content-type': 'application/json', ...(zip && { 'content-encoding': 'gzip' }) });
    response.end(zip ? zlib.gzipSync(body) : body);
  });
  assert.equal((await stage.get('/large/polite', { session, headers: { 'accept-encoding': 'gzip' } })).body, body);
});

test('the released response may still be compressed by nginx', async () => {
  stage.answer('/compressed/a', { body });
  const answer = await stage.get('/compressed/a', { session, headers: { 'accept-encoding': 'gzip' } });
  assert.equal(answer.headers['content-encoding'], 'gzip');
  assert.equal(zlib.gunzipSync(answer.bytes).toString(), body);
});

test('a content type that the meter cannot read is refused', async () => {
  for (const type of [
    'text/html',
    'text/plain',
    'application/x-ndjson',
    'application/json; charset=utf-16',
    'application/xml',
    '',
    'text/event-stream',
    'multipart/byteranges; boundary=x',
  ]) {
    stage.answer('/large/type', (_, response) => {
      response.writeHead(200, type ? { 'content-type': type } : {});
      response.end(body);
    });
    await stopped('/large/type', 502);
  }
  stage.answer('/large/type', { headers: { 'content-type': 'application/vnd.people+json; charset=UTF-8' }, body });
  assert.equal((await stage.get('/large/type', { session })).status, 200);
});

test('what is not the JSON it says it is, or hides records from a simpler reader, is refused', async () => {
  const odd = {
    truncated: body.slice(0, -3),
    trailing: `${body}{"people":[{"id":"P9"}]}`,
    twice: '{"people":[],"people":[{"id":"P1"}]}',
    'id twice': '{"people":[{"id":"P2","id":"P1"}]}',
    'no id': '{"people":[{"name":"P1"}]}',
    elsewhere: '{"persons":[{"id":"P1"}]}',
    array: '[{"id":"P1"}]',
    lines: '{"id":"P1"}\n{"id":"P2"}',
    bom: `\ufeff${body}`,
    number: '{"people":[{"id":1.0,"name":"P1"}]}',
    deep: `{"x":${'['.repeat(2000)}${']'.repeat(2000)},"people":[{"id":"P1"}]}`,
    comment: `/* */${body}`,
    quotes: "{'people':[{'id':'P1'}]}",
  };
  for (const [name, text] of Object.entries(odd)) {
    stage.answer('/large/odd', { body: text });
    await stopped('/large/odd', 502).catch((error) => {
      throw new Error(`${name}: ${error.message}`);
    });
  }
  stage.answer('/large/odd', { body: Buffer.from(body.replace('Name 1', 'Nam\xff'), 'latin1') });
  await stopped('/large/odd', 502);
  stage.answer('/large/odd', { body: '{"people":[{"\\u0069d":"P\\u0031","name":"x"}]}' });
  const before = stage.journal().length;
  assert.equal((await stage.get('/large/odd', { session })).status, 200);
  assert.deepEqual(stage.journal()[before].persons, [[1, 'P1', 1]]);
});

test('parts of a response are neither asked for nor let through', async () => {
  stage.answer('/large/part', (request_, response) => {
    const range = /bytes=(\d+)-(\d+)/.exec(request_.headers.range ?? '');
    response.writeHead(range ? 206 : 200, {
      'content-type': 'application/json',
      ...(range && { 'content-range': `bytes ${range[1]}-${range[2]}/${body.length}` }),
    });
    response.end(range ? body.slice(Number(range[1]), Number(range[2]) + 1) : body);
  });
  const options = { headers: { range: 'bytes=0-40' } };
  assert.equal((await stage.off('/large/part', options)).status, 206);
  const whole = await stage.get('/large/part', { session, ...options });
  assert.deepEqual([whole.status, whole.body], [200, body]);
  stage.answer('/large/insists', {
    status: 206,
    headers: { 'content-range': `bytes 0-40/${body.length}` },
    body: body.slice(0, 41),
  });
  await stopped('/large/insists', 416);
});

test('upstreams that send byte by byte, unbuffered or in odd chunks are read whole', async () => {
  const drip = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    let at = 0;
    const next = () => {
      if (at < body.length) {
        response.write(body[at++]);
        setImmediate(next);
      } else response.end();
    };
    next();
  };
  for (const folder of ['/unbuffered', '/small', '/large']) {
    stage.answer(`${folder}/drip`, drip);
    const before = stage.journal().length;
    const answer = await stage.get(`${folder}/drip`, { session });
    assert.deepEqual([answer.status, answer.body], [200, body], folder);
    assert.deepEqual(
      stage
        .journal()
        .slice(before)
        .map((entry) => entry.persons.length),
      [5],
    );
    const [second] = await secondProtocol(stage.tlsPort, [`${folder}/drip`], session);
    assert.deepEqual([second.status, second.body], [200, body]);
  }
});

test('nothing of a held response leaves when the platform fails in the middle', async () => {
  for (const folder of ['/unbuffered', '/small', '/large', '/cached']) {
    for (const length of [undefined, 100000]) {
      stage.answer(`${folder}/broken`, (_, response) => {
        response.writeHead(200, {
          'content-type': 'application/json',
          ...(length && { 'content-length': length }),
        });
        response.write(body.slice(0, -2));
        setTimeout(() => response.destroy(), 20);
      });
      assert.ok(named((await stage.off(`${folder}/broken`).catch(() => ({ body }))).body).size > 0);
      const answer = await stage.get(`${folder}/broken`, { session });
      assert.equal(answer.status, 502, folder);
      assert.equal(named(answer.body).size, 0);
    }
  }
});

test('a response without length that ends early is not taken for complete', async () => {
  stage.answer('/large/close', (_, response) => {
    response.socket.end(`HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${body.slice(0, -2)}`);
  });
  await stopped('/large/close', 502);
});

test('bodies of errors and redirects carry nobody out unread', async () => {
  for (const status of [400, 404, 409, 500, 503]) {
    stage.answer('/large/error', {
      status,
      headers: { 'content-type': 'text/html', 'retry-after': '7' },
      body: '<p>P1 and P2',
    });
    const answer = await stopped('/large/error', status);
    assert.equal(answer.headers['retry-after'], '7');
  }
  stage.answer('/large/error', { status: 422, body: '{"people":[{"id":"P77"}]}' });
  const read = await stage.get('/large/error', { session });
  assert.deepEqual([read.status, read.body], [422, '{"people":[{"id":"P77"}]}']);
  assert.ok(handed(stage.journal()).has('P77'));
  stage.answer('/large/error', { status: 422, body: '{"error":"P1 is not valid"}' });
  await stopped('/large/error', 422);
  for (const status of [301, 302, 303, 307]) {
    stage.answer('/large/moved', {
      status,
      headers: { location: '/elsewhere', 'content-type': 'text/html' },
      body: '<p>P1',
    });
    assert.match((await stopped('/large/moved', status)).headers.location, /elsewhere/);
  }
});

test('HEAD, 204 and 304 pass without a body', async () => {
  stage.answer('/large/none', { body });
  const head = await stage.get('/large/none', { session, method: 'HEAD' });
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', undefined]);
  stage.answer('/large/none', (_, response) => {
    response.writeHead(204);
    response.end();
  });
  assert.equal((await stage.get('/large/none', { session })).status, 204);
  stage.answer('/large/none', (_, response) => {
    response.writeHead(304, { etag: '"x"' });
    response.end();
  });
  assert.equal((await stage.get('/large/none', { session, headers: { 'if-none-match': '"x"' } })).status, 304);
  const [second] = await secondProtocol(stage.tlsPort, ['/large/none'], session);
  assert.equal(second.status, 304);
});

test('an upgrade to another protocol is not passed on', async () => {
  const options = { headers: { connection: 'upgrade', upgrade: 'raw' } };
  stage.answer('/large/upgrade', { body });
  const before = stage.upstream.seen.length;
  assert.equal((await stage.get('/large/upgrade', { session, ...options })).status, 200);
  assert.ok(stage.upstream.seen.slice(before).every((one) => one.method !== 'UPGRADE'));
  stage.answer('/large/switch', (_, response) => {
    response.socket.end('HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw\r\nConnection: upgrade\r\n\r\nP1 P2');
  });
  const answer = await stage
    .get('/large/switch', { session, ...options })
    .catch((error) => ({ status: 0, body: error.message }));
  assert.equal(named(answer.body).size, 0);
});

test('X-Accel headers of the platform lead nowhere', async () => {
  fs.writeFileSync(`${stage.dir}/files/secret.json`, body);
  fs.writeFileSync(`${stage.dir}/files/gone.txt`, 'gone');
  for (const target of ['/internal/secret.json', '/files/secret.json']) {
    stage.answer('/large/accel', { headers: { 'x-accel-redirect': target }, body: '{}' });
    await stopped('/large/accel', 502);
  }
  stage.answer('/large/accel', { headers: { 'x-accel-redirect': '@named' }, body: '{}' });
  assert.notEqual((await stage.get('/large/accel', { session })).status, 200);
  stage.answer('/large/accel', { headers: { 'x-accel-buffering': 'no', 'x-accel-limit-rate': '100000' }, body });
  assert.equal((await stage.get('/large/accel', { session })).body, body);
  // An exempt route may redirect; where it leads to, the route of that place counts.
  stage.answer('/free/accel', { headers: { 'x-accel-redirect': '/people' }, body: '{}' });
  stage.answer('/people', { body });
  const before = stage.journal().length;
  assert.equal((await stage.get('/free/accel', { session })).body, body);
  assert.equal(stage.journal().slice(before)[0].persons.length, 5);
});

test('error_page, named locations and rewrites are judged where they end', async () => {
  stage.answer('/intercepted/a', { status: 404, body: '{"people":[{"id":"P1"}]}' });
  const before = stage.journal().length;
  const answer = await stage.get('/intercepted/a', { session });
  assert.equal(stage.journal().slice(before).length > 0, named(answer.body).size > 0);
  const tried = await stage.get('/tried', { session });
  assert.equal(tried.status, 403);
  const rewritten = await stage.get('/rewritten', { session });
  assert.equal(rewritten.body, body);
  assert.ok(stage.journal().length > before);
  stage.answer('/intercepted/gone', { status: 410, body });
  assert.equal((await stage.get('/intercepted/gone', { session })).body, 'gone');
});

test('a subrequest cannot bring in what the main response did not show', async () => {
  stage.answer('/free/ssi/page', {
    headers: { 'content-type': 'text/html' },
    body: ['/people', '/weighed/a', '/free/a'].map((path) => `<!--# include virtual="${path}" --> `).join(''),
  });
  stage.answer('/free/a', { headers: { 'content-type': 'text/plain' }, body: 'free words' });
  stage.answer('/weighed/a', { headers: { 'content-type': 'text/plain' }, body: 'P9' });
  const page = await stage.get('/free/ssi/page', { session });
  assert.equal(named(page.body).size, 0, page.body);
  assert.match(page.body, /free words/);
  stage.answer('/ssi/a', { body: '{"people":[{"id":"P1","name":"<!--# include virtual=\\"/people\\" -->"}]}' });
  assert.doesNotMatch((await stage.get('/ssi/a', { session })).body, /P5/);
  stage.answer('/free/mirrored', { headers: { 'content-type': 'text/plain' }, body: 'mirrored' });
  assert.equal((await stage.get('/free/mirrored', { session })).body, 'mirrored');
});

test('a cached response counts for each who gets it', async () => {
  stage.answer('/cached/list', { headers: { 'cache-control': 'max-age=60' }, body });
  for (let i = 0; i < 3; i++) {
    const before = stage.journal().length;
    assert.equal((await stage.get('/cached/list', { session })).body, body);
    assert.equal(stage.journal().length, before + 1);
  }
  assert.equal(stage.upstream.seen.filter((one) => one.url === '/cached/list').length, 1);
});

test('a static file on a counted route counts, also in pieces', async () => {
  fs.writeFileSync(`${stage.dir}/files/list.json`, JSON.stringify({ people: people(1, 20000) }));
  const before = stage.journal().length;
  const answer = await stage.get('/static/list.json', { session, headers: { range: 'bytes=0-99' } });
  assert.equal(answer.status, 200);
  assert.equal(answer.json.people.length, 20000);
  assert.equal(handed(stage.journal().slice(before)).size, 20000);
  fs.writeFileSync(`${stage.dir}/files/list.txt`, body);
  assert.equal((await stage.get('/static/list.txt', { session })).status, 502);
});

test('a client that leaves while its response is held does no harm', async () => {
  stage.answer('/large/slow', (_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"people":[');
    setTimeout(() => response.end('{"id":"P1"}]}'), 30);
  });
  stage.answer('/large/quick', { body });
  for (let i = 0; i < 40; i++) {
    for (const pathname of ['/large/slow', '/large/quick']) {
      const sent = request(stage.port, pathname, { session }).catch(() => {});
      await Promise.race([sent, sleep(i % 5)]);
    }
    const text = `GET /large/quick HTTP/1.1\r\nHost: x\r\nCookie: __Host-tourniquet=eve\r\n\r\n`;
    const socket = net.connect(stage.port, '127.0.0.1', () => {
      socket.write(text);
      setTimeout(() => socket.destroy(), i % 4);
    });
    socket.on('error', () => {});
  }
  await sleep(200);
  assert.equal((await stage.get('/large/quick', { session })).body, body);
});

test('HTTP/2 streams that are reset while held, by the hundred, do no harm', async () => {
  stage.answer('/large/quick', { body });
  for (let round = 0; round < 6; round++) {
    const client = http2.connect(`https://localhost:${stage.tlsPort}`, { rejectUnauthorized: false });
    client.on('error', () => {});
    const headers = { ':path': round % 2 ? '/large/quick' : '/large/slow', cookie: '__Host-tourniquet=eve' };
    for (let i = 0; i < 100; i++) {
      const stream = client.request(headers);
      stream.on('error', () => {});
      stream.resume();
      if (i % 3 !== 2) setTimeout(() => stream.close(http2.constants.NGHTTP2_CANCEL), i % 7);
    }
    await sleep(20 * round);
    client.destroy();
  }
  await sleep(100);
  const answers = await secondProtocol(stage.tlsPort, Array(40).fill('/large/quick'), session);
  assert.ok(answers.every((answer) => answer.body === body));
});

test('a client that leaves while it is slowed down does no harm', async () => {
  await stage.tell('order slow all session=#1 slow=150');
  for (let i = 0; i < 10; i++) {
    const socket = net.connect(stage.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /large/quick HTTP/1.1\r\nHost: x\r\nCookie: __Host-tourniquet=eve\r\n\r\n');
    await sleep(10);
    socket.destroy();
  }
  const start = Date.now();
  assert.equal((await stage.get('/large/quick', { session })).body, body);
  assert.ok(Date.now() - start >= 140);
  await stage.tell('orders none');
});

test('one connection carries held, refused and free responses in turn', async () => {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  stage.answer('/free/b', { headers: { 'content-type': 'text/plain' }, body: 'free' });
  for (let i = 0; i < 20; i++) {
    assert.equal((await stage.get('/large/quick', { session, agent })).body, body);
    assert.equal((await stage.get('/nowhere', { session, agent })).status, 403);
    assert.equal((await stage.get('/large/odd-type', { session, agent })).status, 404);
    assert.equal((await stage.get('/free/b', { session, agent })).body, 'free');
  }
  agent.destroy();
});

test('pipelined requests are answered in order', async () => {
  stage.answer('/large/quick', { body });
  const one = (extra) => `GET /large/quick HTTP/1.1\r\nHost: x\r\nCookie: __Host-tourniquet=eve\r\n${extra}\r\n`;
  const answer = await raw(stage.port, one('') + one('') + one('Connection: close\r\n'));
  assert.equal(answer.split('HTTP/1.1 200 OK').length - 1, 3);
  assert.equal(answer.split('"P5"').length - 1, 3);
});

test('a million cookies and smuggling shapes get nowhere', async () => {
  const many = Array.from({ length: 1500 }, (_, i) => `c${i}=${i}`)
    .join('; ')
    .slice(0, 7000);
  assert.equal((await stage.get('/large/quick', { session, headers: { cookie: many } })).status, 200);
  for (const odd of [
    'Content-Length: 5\r\nTransfer-Encoding: chunked',
    'Transfer-Encoding: chunked, chunked',
    'Content-Length: 1, 2',
  ])
    assert.doesNotMatch(
      await raw(
        stage.port,
        'POST /large/quick HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: __Host-tourniquet=eve\r\n' +
          `${odd}\r\n\r\n0\r\n\r\nGET /people HTTP/1.1\r\nHost: x\r\n\r\n`,
      ),
      /P1/,
    );
});
