// The sign-in, the chain of creators and the orders on the running stack, attacked from outside. Every account is made
// for its test, so that it can be run again on the same data.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import tls from 'node:tls';
import { Browser, ask, base, codeOf, data, identifiers, tourniquet, until } from './stack/people.mjs';

const run = Date.now().toString(36);
const password = 'a long password of a test';
let made = 0;

// A new account of one training body, with a second factor.
function person({ organisation = 'body-020', profile = 'partner', createdBy, territory, factor = true } = {}) {
  const login = `attack-${run}-${made++}`;
  const options = ['--organisation', organisation, '--profile', profile, '--password', password];
  if (factor) options.push('--totp');
  if (createdBy) options.push('--created-by', createdBy);
  if (territory) options.push('--territory', territory);
  const { totp_secret } = ask('identity', 'add', login, ...options);
  return { login, password, totp_secret };
}

const tally = (answers) => {
  const counts = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
const times = (n, make) => Promise.all(Array.from({ length: n }, (_, i) => make(i)));
const api = (name) => `/.tourniquet/api/${name}`;
const tryPassword = (login, secret, more) => new Browser().post(api('sign-in'), { login, password: secret, ...more });
const tryCode = (ticket, code) => new Browser().post(api('second-factor'), { ticket, code });
const ticketOf = async (who) => JSON.parse((await tryPassword(who.login, who.password)).text).ticket;

// Bytes as they are, which no client library would send. Resolves with all that came.
function raw(bytes, port = Number(new URL(base).port)) {
  return new Promise((resolve) => {
    let text = '';
    const ca = fs.readFileSync(path.join(data, 'tls/tls.crt'));
    const socket = tls.connect({ port, host: 'localhost', servername: 'localhost', ca }, () => socket.write(bytes));
    socket.on('data', (part) => (text += part));
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
}

test('guesses at a password gain nothing from going at once', async () => {
  const who = person();
  const counts = tally(await times(30, () => tryPassword(who.login, 'not the password of this')));
  assert.ok(counts[403] <= 10, JSON.stringify(counts));
  assert.equal(counts[403] + counts[429], 30);
  assert.equal((await tryPassword(who.login, who.password)).status, 429);
  assert.deepEqual(tally(await times(30, () => tryPassword(`nobody-${run}`, 'not the password of this'))), counts);
});

test('a login that exists is told from none neither by words nor by time, also with a cheap hash', async () => {
  const cheap = `$argon2id$v=19$m=8,t=1,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
  const known = Array.from({ length: 5 }, (_, i) => ({ login: `cheap-${run}-${i}`, password_hash: cheap }));
  const file = path.join(fs.mkdtempSync('/tmp/tq-attack.'), 'identities.json');
  fs.writeFileSync(file, JSON.stringify(known));
  tourniquet('identity', 'import', file);
  fs.rmSync(path.dirname(file), { recursive: true });
  const took = { cheap: [], nobody: [] };
  const words = new Set();
  for (let i = 0; i < 5; i++)
    for (const kind of ['cheap', 'nobody']) {
      const begin = performance.now();
      const answer = await tryPassword(`${kind}-${run}-${i}`, 'not the password of this');
      took[kind].push(performance.now() - begin);
      words.add(`${answer.status} ${answer.text}`);
    }
  assert.equal(words.size, 1, [...words].join('\n'));
  const least = (list) => Math.min(...list);
  assert.ok(least(took.cheap) > least(took.nobody) / 3, JSON.stringify(took));
});

test('guesses at a code gain nothing from many tickets, and a code counts once', async () => {
  const who = person();
  const tickets = [];
  for (let i = 0; i < 4; i++) tickets.push(await ticketOf(who));
  const code = await codeOf(who);
  const used = await times(4, (i) => tryCode(tickets[i], code));
  assert.equal(used.filter((answer) => answer.status === 200).length, 1, JSON.stringify(tally(used)));

  const other = person();
  const more = [];
  for (let i = 0; i < 4; i++) more.push(await ticketOf(other));
  const counts = tally(await times(40, (i) => tryCode(more[i % 4], '000000')));
  assert.ok((counts[403] ?? 0) <= 10, JSON.stringify(counts));
});

test('signing out ends the session on every connection at once', async () => {
  const one = await new Browser().signIn(person());
  assert.deepEqual(tally(await times(32, () => one.get('/api/me'))), { 200: 32 });
  const thief = new Browser();
  thief.cookies = new Map(one.cookies);
  assert.equal((await one.post(api('sign-out'), {})).status, 200);
  assert.deepEqual(tally(await times(32, () => thief.get('/api/me'))), { 401: 32 });
  assert.equal((await thief.get(api('me'))).status, 404);
});

test('after signing in nobody is sent to another site', async () => {
  const who = person({ factor: false });
  const foreign = ['//evil.example', '/\\evil.example', '\\\\evil', 'https://evil.example', '/\t/evil', '/\r\nX: y', 7];
  for (const next of foreign) {
    const answer = await tryPassword(who.login, who.password, { next });
    assert.equal(answer.status, 200, answer.text);
    assert.equal(JSON.parse(answer.text).next, '/', JSON.stringify(next));
  }
});

test('a page of another site cannot act with the cookies', async () => {
  const one = await new Browser().signIn(person());
  const foreign = [{ origin: 'https://evil.example' }, { origin: 'null' }, { origin: `${base}.evil.example` },
    { 'sec-fetch-site': 'cross-site' }, { 'sec-fetch-site': 'same-site' }];
  for (const headers of foreign)
    assert.equal((await one.post(api('sign-out'), {}, { headers })).status, 403, JSON.stringify(headers));
  const cookie = [...one.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const types = ['text/plain', 'application/x-www-form-urlencoded', 'text/plain; application/json'];
  for (const type of types) {
    const answer = await raw(`POST ${api('sign-out')} HTTP/1.1\r\nHost: localhost\r\nCookie: ${cookie}\r\n` +
      `Content-Type: ${type}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`);
    assert.match(answer, /^HTTP\/1.1 415 /, type);
  }
  assert.equal((await one.get('/api/me')).status, 200);
});

test('provisioning is closed from outside, however the path is written', async () => {
  const paths = ['scim/v2/Users', '/scim/v2/Users', 'scim%2fv2/Users', './scim/v2/Users', 'x/../scim/v2/Users',
    '%73cim/v2/Users', 'scim%252fv2/Users', 'scim/v2/Users#', 'scim/v2/Users/1',
    'authorize', '%61uthorize', 'authorize#'];
  const body = '{"userName":"x"}';
  for (const port of [Number(new URL(base).port), Number(new URL(base).port) + 1])
    for (const method of ['POST', 'GET'])
      for (const target of paths) {
        const answer = await raw(`${method} /.tourniquet/${target} HTTP/1.1\r\nHost: localhost\r\n` +
          'Authorization: Bearer x\r\nContent-Type: application/json\r\n' +
          `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`, port);
        assert.match(answer, /^HTTP\/1.1 404 /, `${method} ${target} at ${port}`);
      }
});

test('a cookie that comes twice opens nothing, here nor there', async () => {
  const one = await new Browser().signIn(person());
  const token = one.cookies.get('__Host-tourniquet');
  const once = `Cookie: __Host-tourniquet=${token}\r\n`;
  const junk = [once + once, once.replace('\r', `; __Host-tourniquet=\r`), once.replace('__Host-t', '__host-t'),
    once.replace(token, `"${token}"`), once.replace(token, 'A'.repeat(4000))];
  for (const header of junk)
    for (const target of ['/api/me', api('me')]) {
      const answer = await raw(`GET ${target} HTTP/1.1\r\nHost: localhost\r\n${header}Connection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1.1 40[01] /, header);
    }
});

test('accounts that create accounts share one limit, however many', async () => {
  const root = person({ organisation: 'body-021', profile: 'manager' });
  const heirs = [];
  let parent = root;
  for (let i = 0; i < 4; i++) {
    parent = person({ organisation: 'body-021', profile: i < 3 ? 'manager' : 'partner', createdBy: parent.login });
    heirs.push(await new Browser().signIn(parent));
  }
  const { hard } = ask('budget', 'show', '--identity', root.login).windows.find((one) => one.window === 'hour');
  const received = new Set();
  const answers = await times(160, (i) => heirs[i % 4].get(`/api/people?size=5&page=${i + 1}`));
  for (const answer of answers) for (const id of identifiers(answer.text)) received.add(id);
  assert.ok(answers.some((answer) => answer.status === 429), 'the limit was never reached');
  assert.ok(received.size > 0 && received.size <= hard, `${received.size} of at most ${hard}`);
});

test('a chain of creators ends before it leads away from who answers for it', () => {
  let parent = person({ profile: 'manager' }).login;
  let n = 0;
  assert.throws(() => {
    for (; n < 40; n++) {
      const login = `chain-${run}-${n}`;
      tourniquet('identity', 'add', login, '--created-by', parent, '--profile', 'manager');
      parent = login;
    }
  }, { status: 1 });
  assert.ok(n > 8 && n < 40, `${n} generations`);
});

test('an order reaches whom its scope says and nobody else, and is gone when lifted', async () => {
  const creator = person({ organisation: 'body-022' });
  const who = person({ organisation: 'body-022', territory: `land-${run}`, createdBy: creator.login });
  const other = await new Browser().signIn(person({ organisation: 'body-023' }));
  const one = await new Browser().signIn(who);
  const session = JSON.parse((await one.get(api('me'))).text).session;
  const mine = `identity=${who.login}`;
  const scopes = [mine, `session=#${session}`, `lineage=${creator.login}`, 'organisation=body-022',
    `territory=land-${run}`, `${mine} & profile=partner`, `${mine} & idp=local`, `${mine} & route=people.list`,
    `${mine} & capability=search`];
  for (const scope of scopes) {
    const { order } = ask('order', 'give', 'deny', '--scope', scope, '--reason', 'test', '--for', '5m');
    assert.equal((await one.get('/api/people?size=1')).status, 403, scope);
    assert.equal((await other.get('/api/people?size=1')).status, 200, scope);
    tourniquet('order', 'lift', String(order));
    assert.equal((await one.get('/api/people?size=1')).status, 200, scope);
  }
  const others = ['profile=manager', 'organisation=body-023', 'route=people.export'];
  for (const scope of others.map((term) => `${mine} & ${term}`)) {
    const { order } = ask('order', 'give', 'deny', '--scope', scope, '--reason', 'test', '--for', '5m');
    assert.equal((await one.get('/api/people?size=1')).status, 200, scope);
    tourniquet('order', 'lift', String(order));
  }
});

test('each action does what it says, for the capabilities it names, and ends by itself', async () => {
  const who = person({ organisation: 'body-024' });
  const one = await new Browser().signIn(who);
  const during = async (action, capabilities, check) => {
    const named = ['--scope', `identity=${who.login}`, '--reason', 'test', '--for', '5m'];
    if (capabilities) named.push('--capabilities', capabilities);
    const { order } = ask('order', 'give', action, ...named);
    await check();
    tourniquet('order', 'lift', String(order));
  };
  const list = async () => (await one.get('/api/people?size=1')).status;
  const csv = async () => (await one.get('/api/people.csv?size=1')).status;
  const send = async () => (await one.post('/api/quotes', {})).status;
  const open = await send();
  assert.notEqual(open, 403);

  await during('observe', '', async () => assert.equal(await list(), 200));
  await during('step-up', '', async () => {
    assert.equal(await list(), 401);
    assert.equal((await one.post(api('step-up'), { code: await codeOf(who) })).status, 200);
    assert.equal(await list(), 200);
  });
  await during('read-only', '', async () => assert.deepEqual([await list(), await send()], [200, 403]));
  await during('deny', 'export', async () => assert.deepEqual([await list(), await csv()], [200, 403]));
  await during('deny', 'send', async () => assert.deepEqual([await list(), await send()], [200, 403]));
  await during('deny', 'sign-in', async () => {
    assert.equal(await list(), 200);
    assert.equal((await tryPassword(who.login, who.password)).status, 403);
  });
  await during('slow', '', async () => {
    const begin = performance.now();
    assert.equal(await list(), 200);
    assert.ok(performance.now() - begin > 200, 'it was slowed down');
  });
  assert.equal(await send(), open);

  ask('order', 'give', 'deny', '--scope', `identity=${who.login}`, '--reason', 'test', '--for', '1s');
  assert.equal(await list(), 403);
  await until('the order ended by itself', async () => (await list()) === 200);
});

test('a name that a terminal would obey is shown as dots', async () => {
  const login = `name-${run}`;
  tourniquet('identity', 'add', login, '--name', 'a\u009b2Jb\u202ec');
  const text = tourniquet('identity', 'list', '--query', login);
  assert.match(text, /a\.2Jb\.c/);
  assert.doesNotMatch(text, /[\u0080-\u009f\u202a-\u202e]/);
});
