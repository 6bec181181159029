// The training service on its own: identity, access, the path of a quote, accounts, export,
// and openapi.json true to it all.
// BUILD names the build folder (default: build).
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import test from 'node:test';
import { Description } from './training/openapi.mjs';

const program = resolve(process.env.BUILD ?? 'build', 'training');
const dir = mkdtempSync(join(tmpdir(), 'training-'));
const database = join(dir, 'training.db');
const PEOPLE = 3000;
const seeded = spawnSync(program, [
  'seed',
  '--database',
  database,
  '--people',
  String(PEOPLE),
  '--bodies',
  '4',
  '--seed',
  '5',
]);
assert.equal(seeded.status, 0, String(seeded.stderr));

/* A sign-in service that takes accounts over SCIM. */
class SignIn {
  accounts = [];
  refusal = null;
  constructor(path) {
    this.server = http.createServer((request, response) => this.answer(request, response)).listen(path);
  }
  async answer(request, response) {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString());
    const [status, answer] = this.refusal ?? [201, { id: '1', userName: body.userName }];
    if (status === 201) this.accounts.push({ body, path: request.url, authorization: request.headers.authorization });
    response.writeHead(status, { 'content-type': 'application/scim+json' }).end(JSON.stringify(answer));
  }
}

/* One running service. */
class Service {
  static async start(name, ...options) {
    const service = new Service();
    service.socket = join(dir, `${name}.sock`);
    service.process = spawn(program, ['serve', '--database', database, '--socket', service.socket, ...options]);
    const lines = createInterface({ input: service.process.stderr });
    const [first] = await once(lines, 'line');
    assert.match(first, /listening on/);
    return service;
  }
  async stop() {
    this.process.kill('SIGTERM');
    const [code] = await once(this.process, 'exit');
    return code;
  }
  ask(method, path, who, body, headers = {}) {
    return new Promise((done, failed) => {
      const sent = body === undefined ? undefined : JSON.stringify(body);
      const type = method === 'GET' || method === 'HEAD' ? {} : { 'Content-Type': 'application/json' };
      const request = http.request({
        socketPath: this.socket,
        method,
        path,
        headers: { ...type, ...who, ...headers },
      });
      request.on('error', failed);
      request.on('response', async (response) => {
        const text = Buffer.concat(await response.toArray()).toString();
        const json = /json/.test(response.headers['content-type'] ?? '') && text !== '' ? JSON.parse(text) : null;
        const answer = { status: response.statusCode, headers: response.headers, text, json };
        if (json !== null) description.check(method, path, answer);
        done(answer);
      });
      request.end(sent);
    });
  }
  get(path, who, headers) {
    return this.ask('GET', path, who, undefined, headers);
  }
  post(path, who, body = {}, headers = {}) {
    return this.ask('POST', path, who, body, headers);
  }
}

const who = (login, profile, more = {}) => ({
  'Remote-User': login,
  'Remote-Name': login,
  'Remote-Profile': profile,
  ...more,
});
const agent = who('agent-1', 'agent');
const partner = who('partner-001-1', 'partner', { 'Remote-Organisation': 'body-001' });
const other = who('partner-002-1', 'partner', { 'Remote-Organisation': 'body-002' });
const manager = who('manager-001', 'manager', { 'Remote-Organisation': 'body-001' });
const seeker = (id) => who(id.toLowerCase(), 'jobseeker', { 'Remote-Person': id });

const signIn = new SignIn(join(dir, 'sign-in.sock'));
writeFileSync(join(dir, 'token'), 'secret-token\n', { mode: 0o600 });
const pages = join(dir, 'pages');
mkdirSync(join(pages, 'assets'), { recursive: true });
writeFileSync(join(pages, 'index.html'), '<!doctype html>');
writeFileSync(join(pages, 'assets', 'a-1234.js'), '0');
const description = new Description(new URL('../../services/training/openapi.json', import.meta.url));
const service = await Service.start(
  'main',
  '--pages',
  pages,
  '--provisioning-socket',
  join(dir, 'sign-in.sock'),
  '--provisioning-token',
  join(dir, 'token'),
);
const open = await Service.start('open', '--access', 'open', '--threads', '1');
test.after(async () => {
  assert.equal(await service.stop(), 0);
  assert.equal(await open.stop(), 0);
  signIn.server.close();
  rmSync(dir, { recursive: true });
});

test('only the proxy can open the socket', () => {
  assert.equal(statSync(service.socket).mode & 0o777, 0o660);
  const words = ['serve', '--database', database, '--socket', join(dir, 'x'), '--socket-group', 'no-such-group'];
  assert.match(String(spawnSync(program, words).stderr), /cannot be given to its group/);
});

test('without identity headers nothing is told', async () => {
  for (const path of ['/api/me', '/api/people', '/api/people.csv', '/api/quotes', '/api/bodies']) {
    const answer = await service.get(path, {});
    assert.equal(answer.status, 401, path);
    assert.equal(answer.headers['content-type'], 'application/problem+json');
  }
  assert.equal(
    (await service.get('/api/me', who('x', 'president'))).json.type,
    'tag:training.example,2026:unknown-profile',
  );
  assert.equal((await service.get('/api/me', who('x', 'partner', { 'Remote-Organisation': 'nowhere' }))).status, 403);
  assert.equal((await service.get('/api/me', who('x', 'jobseeker', { 'Remote-Person': '' }))).status, 403);
});

test('who am I', async () => {
  const me = (await service.get('/api/me', manager)).json;
  assert.equal(me.organisation.key, 'body-001');
  assert.equal(me.access, 'caseload');
  assert.equal((await open.get('/api/me', agent)).json.organisation, null);
});

test('bodies and the description are there for everybody signed in', async () => {
  assert.equal((await service.get('/api/bodies', partner)).json.bodies.length, 4);
  assert.equal((await service.get('/api/openapi.json', partner)).json.openapi, '3.1.0');
});

async function everyone(from, account, query = '') {
  const all = [];
  for (let page = 1, pages = 1; page <= pages; page++) {
    const { json } = await from.get(`/api/people?size=200&page=${page}${query}`, account);
    pages = json.pages;
    all.push(...json.people.map((person) => person.id));
    assert.equal(json.page, page);
  }
  return all;
}

test('an agent pages through everybody once, in the order of names', async () => {
  const ids = await everyone(service, agent);
  assert.equal(ids.length, PEOPLE);
  assert.equal(new Set(ids).size, PEOPLE);
  const { people } = (await service.get('/api/people?size=200', agent)).json;
  const names = people.map((person) => person.family_name);
  assert.deepEqual(names, [...names].sort());
  const beyond = (await service.get('/api/people?page=100000', agent)).json;
  assert.deepEqual(beyond.people, []);
  assert.equal(beyond.total, PEOPLE);
});

test('a body sees its caseload only, and in open mode everybody', async () => {
  const own = new Set(await everyone(service, partner));
  const theirs = await everyone(service, other);
  assert.ok(own.size > 100 && own.size < PEOPLE / 2);
  const stranger = theirs.find((id) => !own.has(id));
  assert.equal((await service.get(`/api/people/${stranger}`, partner)).status, 404);
  assert.equal((await service.get(`/api/people/${[...own][0]}`, partner)).status, 200);
  assert.equal((await service.get(`/api/people?query=${stranger}`, partner)).json.total, 0);
  assert.equal((await open.get(`/api/people/${stranger}`, partner)).status, 200);
  assert.equal((await everyone(open, partner)).length, PEOPLE);
});

test('search finds names in any spelling, and says what it does not understand', async () => {
  const person = (await service.get('/api/people?page=777&size=1', agent)).json.people[0];
  const query = encodeURIComponent(`${person.given_name.toLowerCase()} ${person.family_name.toLowerCase()}`);
  const found = await everyone(service, agent, `&query=${query}`);
  assert.ok(found.includes(person.id));
  assert.deepEqual(await everyone(service, agent, `&query=${person.id.toLowerCase()}`), [person.id]);
  for (const wrong of ['page=0', 'page=x', 'size=201', 'size=-1', 'page=1e3', 'page=99999999999999999999'])
    assert.equal((await service.get(`/api/people?${wrong}`, agent)).status, 400, wrong);
});

test('the export is the whole list, row by row', async () => {
  const { text, headers } = await open.get('/api/people.csv', partner);
  const lines = text.trimEnd().split('\r\n');
  assert.equal(headers['transfer-encoding'], 'chunked');
  assert.match(headers['content-disposition'], /^attachment/);
  assert.match(lines[0], /^id,family_name,/);
  assert.deepEqual(
    lines.slice(1).map((line) => line.slice(0, 8)),
    await everyone(open, partner),
  );
  const own = (await service.get('/api/people.csv', partner)).text.trimEnd().split('\r\n');
  assert.equal(own.length - 1, (await everyone(service, partner)).length);
});

test('an export that is abandoned does not disturb the next one', async () => {
  await new Promise((done) => {
    const request = http.get({ socketPath: open.socket, path: '/api/people.csv', headers: partner }, (response) => {
      response.once('data', () => {
        request.destroy();
        done();
      });
    });
    request.on('error', () => undefined);
  });
  assert.equal((await open.get('/api/people.csv', partner)).text.split('\r\n').length, PEOPLE + 2);
});

test('a job seeker sees the own record and nobody else', async () => {
  const [one, two] = await everyone(service, agent);
  assert.equal((await service.get(`/api/people/${one}`, seeker(one))).json.id, one);
  assert.equal((await service.get(`/api/people/${two}`, seeker(one))).status, 404);
  assert.equal((await service.get('/api/people', seeker(one))).status, 403);
  assert.equal((await service.get('/api/people.csv', seeker(one))).status, 403);
  assert.equal((await service.get(`/api/quotes?person=${two}`, seeker(one))).status, 404);
  const own = (await service.get('/api/enrolments', seeker(one))).json.enrolments;
  assert.ok(own.every((enrolment) => enrolment.person.id === one));
});

test('from enrolment to attendance', async (t) => {
  const own = new Set(await everyone(service, partner));
  const id = (await everyone(service, agent)).find((one) => !own.has(one));
  const record = (await service.get(`/api/people/${id}`, agent)).json;
  const { trainings } = (await service.get('/api/trainings', partner)).json;
  const training = trainings[0].number;
  let enrolment;
  let quote;
  let entry;

  await t.test('enrolling a stranger takes the birth date, and opens the record', async () => {
    assert.equal((await service.post('/api/enrolments', partner, { person: id, training })).status, 404);
    assert.equal(
      (await service.post('/api/enrolments', partner, { person: id, training, birth_date: '1901-01-01' })).status,
      404,
    );
    const foreign = (await service.get('/api/trainings?body=body-002', partner)).json.trainings[0].number;
    assert.equal(
      (
        await service.post('/api/enrolments', partner, {
          person: id,
          training: foreign,
          birth_date: record.birth_date,
        })
      ).status,
      404,
    );
    const made = await service.post('/api/enrolments', partner, {
      person: id,
      training,
      birth_date: record.birth_date,
    });
    assert.equal(made.status, 201);
    enrolment = made.json.number;
    assert.equal((await service.post('/api/enrolments', partner, { person: id, training })).status, 409);
    assert.equal((await service.get(`/api/people/${id}`, partner)).status, 200);
    assert.ok((await everyone(service, partner)).includes(id));
    assert.equal((await service.post('/api/enrolments', seeker(id), { person: id, training })).status, 403);
  });

  await t.test('a draft is the body’s own until it is sent', async () => {
    const values = { enrolment, hours: 70, amount_cents: 98000, starts_on: '2026-09-01' };
    assert.equal((await service.post('/api/quotes', other, values)).status, 404);
    assert.equal((await service.post('/api/quotes', agent, values)).status, 403);
    const made = await service.post('/api/quotes', partner, values);
    assert.equal(made.json.state, 'draft');
    quote = made.json.number;
    assert.ok(!(await service.get('/api/quotes', seeker(id))).json.quotes.some((one) => one.number === quote));
    assert.equal((await service.post(`/api/quotes/${quote}/accept`, seeker(id))).status, 404);
    assert.equal((await service.post(`/api/quotes/${quote}/send`, other)).status, 404);
    assert.equal((await service.post(`/api/quotes/${quote}/send`, partner)).json.state, 'sent');
    assert.equal((await service.post(`/api/quotes/${quote}/send`, partner)).status, 409);
  });

  await t.test('only the job seeker answers, and once', async () => {
    const stranger = seeker((await everyone(service, agent)).find((one) => one !== id));
    assert.equal((await service.post(`/api/quotes/${quote}/accept`, partner)).status, 403);
    assert.equal((await service.post(`/api/quotes/${quote}/accept`, stranger)).status, 404);
    assert.equal((await service.post('/api/entries', partner, { quote, starts_on: '2026-09-01' })).status, 404);
    assert.equal((await service.post(`/api/quotes/${quote}/accept`, seeker(id))).json.state, 'accepted');
    assert.equal((await service.post(`/api/quotes/${quote}/refuse`, seeker(id))).status, 409);
    const second = await service.post('/api/quotes', partner, {
      enrolment,
      hours: 7,
      amount_cents: 100,
      starts_on: '2026-09-01',
      send: true,
    });
    assert.equal((await service.post(`/api/quotes/${second.json.number}/refuse`, seeker(id))).json.state, 'refused');
  });

  await t.test('an entry is declared once, and weeks are recorded', async () => {
    const made = await service.post('/api/entries', partner, { quote, starts_on: '2026-09-01' });
    assert.equal(made.status, 201);
    entry = made.json.number;
    assert.equal((await service.post('/api/entries', partner, { quote, starts_on: '2026-09-01' })).status, 409);
    const path = `/api/entries/${entry}/attendance`;
    assert.equal((await service.post(path, partner, { week: '2026-09-08', hours: 35 })).status, 422);
    assert.equal((await service.post(path, partner, { week: '2026-09-07', hours: 28 })).status, 201);
    assert.deepEqual((await service.post(path, partner, { week: '2026-09-07', hours: 35 })).json.weeks, [
      { week: '2026-09-07', hours: 35 },
    ]);
    assert.equal((await service.get(path, seeker(id))).status, 200);
    assert.equal((await service.get(path, other)).status, 404);
    const listed = (await service.get(`/api/entries?person=${id}`, agent)).json.entries;
    assert.deepEqual(
      listed.map((one) => one.number),
      [entry],
    );
  });
});

test('lists go on where the page before ended', async () => {
  const seen = [];
  for (let before; before !== null;) {
    const { json } = await service.get(
      `/api/quotes?size=100${before === undefined ? '' : `&before=${before}`}`,
      agent,
    );
    seen.push(...json.quotes.map((quote) => quote.number));
    before = json.next;
  }
  assert.deepEqual(
    seen,
    [...seen].sort((a, b) => b - a),
  );
  assert.equal(new Set(seen).size, seen.length);
  assert.ok(seen.length > 200);
});

test('a request that is not what it should be is refused in words', async () => {
  const values = { enrolment: 1, hours: 70, amount_cents: 98000, starts_on: '2026-09-01' };
  const detail = async (body) => (await service.post('/api/quotes', partner, body)).json;
  assert.match((await detail({ ...values, hours: 'many' })).detail, /^hours: must be a whole number/);
  assert.match((await detail({ ...values, starts_on: '2026-02-30' })).detail, /^starts_on: must be a date/);
  assert.match((await detail({ ...values, more: 1 })).detail, /not known/);
  assert.equal((await detail([])).status, 400);
  assert.equal((await service.ask('POST', '/api/quotes', partner, undefined)).status, 400);
  assert.equal((await service.post('/api/quotes', partner, { x: 'y'.repeat(70000) })).status, 413);
  assert.equal((await service.post('/api/quotes', partner, values, { 'Content-Type': 'text/plain' })).status, 415);
  assert.equal((await service.post('/api/quotes', partner, values, { 'Sec-Fetch-Site': 'cross-site' })).status, 403);
  assert.equal((await service.ask('DELETE', '/api/quotes', partner)).status, 405);
  assert.equal((await service.get('/api/nothing', partner)).status, 404);
  for (const wrong of ['x', '0', '-1', '99999999999999999999', '1%2F2'])
    assert.equal((await service.post(`/api/quotes/${wrong}/send`, partner)).status, 404, wrong);
});

test('an agent registers a training body, whose staff are known from then on', async () => {
  const body = { key: 'body-new', name: 'A new body', siret: '00000000000000', postal_code: '35000', city: 'Rennes' };
  const staff = who('partner-new', 'partner', { 'Remote-Organisation': 'body-new' });
  assert.equal((await service.get('/api/people', staff)).status, 403);
  assert.equal((await service.post('/api/bodies', manager, body)).status, 403);
  assert.equal((await service.post('/api/bodies', agent, { ...body, key: 'Bad Key' })).status, 422);
  const made = await service.post('/api/bodies', agent, body);
  assert.equal(made.status, 201);
  assert.deepEqual(made.json, body);
  assert.equal((await service.post('/api/bodies', agent, body)).status, 409);
  assert.equal((await service.get('/api/people', staff)).status, 200);
});

const account = {
  login: 'new-1',
  given_name: 'New',
  family_name: 'Colleague',
  email: 'new@body-001.example',
  role: 'partner',
  password: 'first-password',
};

test('an account manager creates accounts, here and at the sign-in', async () => {
  assert.equal((await service.get('/api/accounts', partner)).status, 403);
  assert.equal((await service.post('/api/accounts', partner, account)).status, 403);
  const made = await service.post('/api/accounts', manager, account);
  assert.equal(made.status, 201);
  const [told] = signIn.accounts;
  assert.equal(told.path, '/.tourniquet/scim/v2/Users');
  assert.equal(told.authorization, 'Bearer secret-token');
  assert.equal(told.body.userName, 'new-1');
  assert.equal(told.body.password, 'first-password');
  const enterprise = told.body['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'];
  assert.deepEqual(enterprise, { organization: 'body-001', manager: { value: 'manager-001' } });
  const { accounts } = (await service.get('/api/accounts', manager)).json;
  assert.ok(
    accounts.some((one) => one.login === 'new-1' && one.state === 'active' && one.created_by === 'manager-001'),
  );
  assert.ok(!JSON.stringify(accounts).includes('first-password'));
  assert.equal((await service.post('/api/accounts', manager, account)).status, 409);
  assert.equal((await service.post('/api/accounts', manager, { ...account, login: 'Bad Login' })).status, 422);
  assert.equal(
    (await service.post('/api/accounts', manager, { ...account, login: 'new-2', role: 'agent' })).status,
    422,
  );
  assert.equal((await open.post('/api/accounts', manager, { ...account, login: 'new-2' })).status, 503);
});

test('what the sign-in refuses leaves no account behind', async () => {
  for (const [refusal, status] of [
    [[400, { detail: 'The password is known.' }], 422],
    [[409, {}], 409],
    [[500, {}], 502],
    [[401, {}], 502],
  ]) {
    signIn.refusal = refusal;
    const answer = await service.post('/api/accounts', manager, { ...account, login: 'new-3' });
    assert.equal(answer.status, status);
    if (status === 422) assert.equal(answer.json.detail, 'The password is known.');
  }
  signIn.refusal = null;
  assert.ok(!(await service.get('/api/accounts', manager)).json.accounts.some((one) => one.login === 'new-3'));
  assert.equal((await service.post('/api/accounts', manager, { ...account, login: 'new-3' })).status, 201);
});

test('many requests at once, reads and writes, all come out right', async () => {
  const { number } = (await service.get('/api/enrolments?size=1', partner)).json.enrolments[0];
  const write = () =>
    service.post('/api/quotes', partner, { enrolment: number, hours: 1, amount_cents: 1, starts_on: '2026-09-01' });
  const read = (page) => service.get(`/api/people?page=${page}&size=20`, agent);
  const answers = await Promise.all(Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? write() : read(i + 1))));
  assert.ok(answers.every((answer, i) => answer.status === (i % 3 === 0 ? 201 : 200)));
  const made = answers.filter((_, i) => i % 3 === 0).map((answer) => answer.json.number);
  assert.equal(new Set(made).size, 40);
});

test('pages are sent with what keeps them safe, and never from outside their folder', async () => {
  const page = await service.get('/', {});
  assert.equal(page.status, 200);
  assert.match(page.headers['content-security-policy'], /default-src 'none'.*script-src 'self'/);
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal(page.headers['cache-control'], 'no-cache');
  assert.equal(page.headers['referrer-policy'], 'same-origin');
  const asset = await service.get('/assets/a-1234.js', {});
  assert.match(asset.headers['cache-control'], /immutable/);
  assert.match(asset.headers['content-type'], /^text\/javascript/);
  for (const path of ['/../token', '/assets/../../token', '/%2e%2e/token', '/assets', '/index.html/'])
    assert.equal((await service.get(path, {})).status, 404, path);
  assert.equal((await service.ask('HEAD', '/', {})).status, 200);
  assert.equal((await service.get('/api/me', agent)).headers['cache-control'], 'no-store');
});

test('the same seed makes the same people', async () => {
  const run = (name, seed) =>
    spawnSync(program, ['seed', '--database', join(dir, name), '--people', '200', '--seed', seed]);
  const list = (name) =>
    String(spawnSync(program, ['accounts', '--database', join(dir, name), '--job-seekers', '20']).stdout);
  for (const [name, seed] of [
    ['a', '9'],
    ['b', '9'],
    ['c', '10'],
  ])
    assert.equal(run(name, seed).status, 0);
  assert.equal(list('a'), list('b'));
  assert.notEqual(list('a'), list('c'));
  assert.match(list('a'), /^manager-001\t.+\tmanager\tbody-001\t$/m);
  assert.match(list('a'), /^[0-9]{7}[a-z]\t.+\tjobseeker\t\t[0-9]{7}[A-Z]$/m);
  assert.ok(!existsSync(join(dir, 'a.new')));
});

test('mistakes on the command line get one clear line', () => {
  const cases = [
    [[], /a subcommand is missing/],
    [['fly'], /no subcommand is called "fly"/],
    [['serve', '--socket', join(dir, 'x')], /--database FILE is missing/],
    [['serve', '--database', join(dir, 'none'), '--socket', join(dir, 'x')], /no such database/],
    [['serve', '--database', database], /--socket PATH is missing/],
    [['serve', '--database', database, '--socket', service.socket], /path is in use/],
    [['serve', '--database', database, '--listen', '0.0.0.0:8080'], /not a loopback address/],
    [['serve', '--database', database, '--socket', join(dir, 'x'), '--access', 'all'], /caseload or open/],
    [['serve', '--database', database, '--socket', join(dir, 'x'), '--pages', dir], /no built pages there/],
    [
      ['serve', '--database', join(dir, 'token'), '--socket', join(dir, 'x')],
      /not a database|malformed|expected format/,
    ],
    [['seed', '--database', database, '--people', '10'], /exists already/],
    [['seed', '--database', join(dir, 'x'), '--people', '0'], /whole number/],
    [['seed', '--database', join(dir, 'x'), '--people', '5', '--reference', dir], /communes\.tsv/],
    [['seed', '--database', '/proc/x', '--people', '5'], /\/proc\/x/],
  ];
  for (const [words, pattern] of cases) {
    const { status, stderr } = spawnSync(program, words);
    assert.notEqual(status, 0, words.join(' '));
    assert.match(String(stderr), pattern, words.join(' '));
    assert.equal(String(stderr).trim().split('\n').length, 1, String(stderr));
  }
  assert.match(String(spawnSync(program, ['help']).stdout), /training serve/);
});

test('every operation of the description was answered as described', () => {
  assert.deepEqual(description.unseen(), []);
});
