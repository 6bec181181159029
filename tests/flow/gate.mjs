// The gate at arrival and at release: sessions, routes, orders, budgets; what the platform is told, and the client.
import assert from 'node:assert/strict';
import test from 'node:test';
import { Stage, handed, named, people, raw, request, secondProtocol, sleep } from './gate/harness.mjs';

const rules = [
  'meter people json records=$.people[*] id=$.id fields=$.name,$.mail canon=trim+upper',
  'meter table csv id=id fields=name,mail canon=upper',
  'meter named header header=x-persons canon=upper',
  'meter loose json records=$.people[*] id=$.id weigh=5',
  'route list GET,HEAD,POST /people search meter=people',
  'route large GET /large/** search meter=people',
  'route export GET /export.csv export meter=table',
  'route named GET,HEAD /named read meter=named',
  'route loose GET /loose read meter=loose',
  'route weighed GET,POST /report.pdf export weight=7',
  'route about GET /about read exempt public',
  'route home GET,POST /home read exempt',
  'route strict GET /strict read exempt second-factor',
  'route program GET /program read exempt api',
];
const stage = await Stage.start({ rules });
await stage.tell(
  'budget alice soft=40,40,40 hard=60,60,60',
  'budget bob soft=100000,100000,100000 hard=100000,100000,100000',
  'budget school organisation of=1 soft=500,500,500 hard=1000,1000,1000',
  'session alice number=11 identity=1 budgets=alice',
  'session alice2 number=12 identity=1 budgets=alice factor=1',
  'session bob number=21 identity=2 budgets=bob',
  'session carol number=31 identity=3 organisation=9 budgets=bob factor=1',
  'session program number=41 identity=4 budgets=bob api',
);
stage.answer('/people', (_, response, query) => {
  response.writeHead(200, { 'content-type': 'application/json', 'x-kept': 'yes' });
  response.end(JSON.stringify({ people: people(Number(query.get('from') ?? 1), Number(query.get('to') ?? 5)) }));
});
for (const name of ['/about', '/home', '/strict', '/program', '/undeclared'])
  stage.answer(name, { headers: { 'content-type': 'text/plain' }, body: 'P1 in plain words' });
test.after(() => stage.stop());

test('a request without session is sent to sign in, or told so', async () => {
  assert.match((await stage.off('/people')).body, /P1/);
  const page = await stage.get('/people?from=1&to=2', { page: true });
  assert.equal(page.status, 302);
  assert.equal(page.headers.location, '/.tourniquet/sign-in?next=%2Fpeople%3Ffrom%3D1%26to%3D2');
  const api = await stage.get('/people');
  assert.equal(api.status, 401);
  assert.match(api.headers['www-authenticate'], /^Bearer/);
  assert.equal(api.headers['content-type'], 'application/problem+json');
  assert.equal(api.json.type, 'urn:tourniquet:problem:session-missing');
  assert.equal(api.headers['cache-control'], 'no-store');
  assert.equal((await stage.get('/people', { session: 'mallory' })).status, 401);
  assert.equal((await stage.get('/people', { session: 'x'.repeat(5000) })).status, 401);
  assert.equal((await stage.get('/about')).status, 200);
});

test('an expired or ended session is none', async () => {
  await stage.tell(
    'session short number=51 identity=5 budgets=bob expires=0',
    'session gone number=52 budgets=bob',
  );
  assert.equal((await stage.get('/home', { session: 'short' })).status, 401);
  assert.equal((await stage.get('/home', { session: 'gone' })).status, 200);
  await stage.tell('end-session gone');
  assert.equal((await stage.get('/home', { session: 'gone' })).status, 401);
});

test('a session cookie that comes twice is refused', async () => {
  for (const cookie of [
    '__Host-tourniquet=alice; __Host-tourniquet=bob',
    '__Host-tourniquet=alice; a=1; __Host-tourniquet=alice',
  ])
    assert.equal((await stage.get('/home', { headers: { cookie } })).status, 400);
  const both = await raw(
    stage.port,
    'GET /home HTTP/1.0\r\nCookie: __Host-tourniquet=alice\r\nCookie: __Host-tourniquet=bob\r\n\r\n',
  );
  assert.match(both, /^HTTP\/1.1 400/);
});

test('a path that can be read in two ways is refused', async () => {
  for (const odd of [
    '//people',
    '/./people',
    '/a/../people',
    '/%2e%2e/people',
    '/people;x=1',
    '/%70eople',
    '/people%2f',
    '/people%00',
    '/people#x',
    '/peo\\ple',
  ]) {
    const answer = await raw(stage.port, `GET ${odd} HTTP/1.0\r\nCookie: __Host-tourniquet=alice\r\n\r\n`);
    assert.match(answer, /^HTTP\/1.1 400/, odd);
    assert.doesNotMatch(answer, /P1/);
  }
  for (const odd of ['/People', '/people/', '/people.json'])
    assert.equal((await stage.get(odd, { session: 'alice' })).status, 403, odd);
});

test('an undeclared route or method is refused', async () => {
  assert.match((await stage.off('/undeclared')).body, /P1/);
  const refused = await stage.get('/undeclared', { session: 'alice' });
  assert.equal(refused.status, 403);
  assert.equal(refused.json.reason, 'route-undeclared');
  assert.equal((await stage.get('/people', { session: 'alice', method: 'DELETE' })).status, 403);
  assert.equal((await stage.get('/people', { session: 'alice', method: 'PROPFIND' })).status, 403);
  await stage.noted((entry) => entry.kind === 'refused' && entry.session === 11);
});

test('the platform is told who asks, and nobody else can say so', async () => {
  const forged = {
    'Remote-User': 'root',
    remote_user: 'root',
    'REMOTE-NAME': 'x',
    'X-Tourniquet-Jwt': 'y',
    X_Tourniquet_Jwt: 'y',
    Remote_Profile: 'admin',
  };
  stage.upstream.seen.length = 0;
  await stage.off('/home', { session: 'alice', headers: forged });
  assert.equal(stage.upstream.seen[0].headers['remote-user'], 'root');
  for (const [session, user] of [
    ['alice', 'alice'],
    [undefined, undefined],
  ]) {
    stage.upstream.seen.length = 0;
    await stage.get(user ? '/home' : '/about', { session, headers: { ...forged, cookie: 'theme=dark; a=b' } });
    const { headers, raw: list } = stage.upstream.seen[0];
    assert.equal(headers['remote-user'], user);
    assert.equal(headers.cookie, 'theme=dark; a=b');
    const folded = list.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase().replace(/[^a-z0-9]/g, '-'));
    assert.equal(folded.filter((name) => name === 'remote-user').length, user ? 1 : 0);
    assert.equal(folded.filter((name) => name === 'remote-profile').length, 0);
    assert.equal(folded.filter((name) => name === 'x-tourniquet-jwt').length, user ? 1 : 0);
  }
  stage.upstream.seen.length = 0;
  await stage.get('/people', {
    session: 'bob',
    headers: { 'accept-encoding': 'gzip', range: 'bytes=0-9', 'if-range': '"x"', 'if-none-match': '"y"' },
  });
  const told = stage.upstream.seen[0].headers;
  assert.deepEqual(
    [told['accept-encoding'], told.range, told['if-range'], told['if-none-match'], told.cookie],
    [undefined, undefined, undefined, '"y"', undefined],
  );
});

test('what a client receives is in the journal first, person by person and field by field', async () => {
  const before = stage.journal().length;
  const answer = await stage.get('/people?from=1&to=4', { session: 'bob' });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['x-kept'], 'yes');
  assert.deepEqual(answer.json.people, people(1, 4));
  const [entry] = stage.journal().slice(before);
  assert.equal(entry.kind, 'handed');
  assert.deepEqual([entry.session, entry.identity, entry.route, entry.meter], [21, 2, 1, 1]);
  assert.deepEqual(entry.persons, [
    [1, 'P1', 3],
    [1, 'P2', 1],
    [1, 'P3', 3],
    [1, 'P4', 1],
  ]);
});

test('a person that comes under several spellings counts once', async () => {
  await stage.tell('budget spelled soft=9,9,9 hard=9,9,9', 'session spelled number=61 identity=6 budgets=spelled');
  stage.answer('/large/spelled', {
    body: '{"people":[{"id":"P1","name":"a"},{"id":" p1 "},{"mail":"x","\\u0069d":"P\\u0031"}]}',
  });
  assert.equal((await stage.get('/large/spelled', { session: 'spelled' })).status, 200);
  assert.equal(await stage.tell('used spelled'), '1');
  assert.deepEqual(
    stage
      .journal()
      .filter((entry) => entry.session === 61)
      .map((entry) => entry.persons),
    [[[1, 'P1', 3]]],
  );
});

test('over the soft limit a session must step up, over the hard limit it is refused', async () => {
  assert.equal((await stage.get('/people?from=1&to=40', { session: 'alice' })).status, 200);
  assert.equal((await stage.get('/people?from=1&to=40', { session: 'alice' })).status, 200);
  const api = await stage.get('/people?from=41&to=45', { session: 'alice' });
  assert.equal(api.status, 401);
  assert.match(api.headers['www-authenticate'], /insufficient_user_authentication.*max_age="600"/);
  assert.equal(api.json.reason, 'budget-soft');
  assert.equal(named(api.body).size, 0);
  const page = await stage.get('/people?from=41&to=45', { session: 'alice', page: true });
  assert.equal(page.headers.location, '/.tourniquet/step-up?next=%2Fpeople%3Ffrom%3D41%26to%3D45');
  assert.equal((await stage.get('/people?from=41&to=60', { session: 'alice2' })).status, 200);
  const refused = await stage.get('/people?from=60&to=61', { session: 'alice2' });
  assert.equal(refused.status, 429);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.equal(refused.json.reason, 'budget-hard');
  assert.equal(refused.json.support, 'help@platform.example');
  const shown = await stage.get('/people?from=61&to=61', {
    session: 'alice2',
    page: true,
    headers: { 'accept-language': 'fr-FR,en;q=0.5' },
  });
  assert.equal(shown.status, 429);
  assert.match(shown.headers['content-type'], /text\/html/);
  assert.match(shown.body, /<html lang=fr>.*Test &lt;platform&gt;/s);
  assert.equal((await stage.get('/home', { session: 'alice2' })).status, 200);
  assert.equal(await stage.tell('used alice'), '60');
  await stage.noted((entry) => entry.kind === 'refused' && entry.session === 12);
  await stage.noted((entry) => entry.kind === 'step-up' && entry.session === 11);
});

test('parallel requests over many connections never exceed the hard limit', async () => {
  await stage.tell(
    'budget crowd soft=1000,1000,1000 hard=1000,1000,1000',
    'session crowd number=71 identity=7 budgets=crowd factor=1',
  );
  const received = new Set();
  await Promise.all(
    Array.from({ length: 300 }, async (_, i) => {
      const answer = await stage.get(`/people?from=${i * 10 + 1}&to=${i * 10 + 10}`, { session: 'crowd' });
      assert.ok([200, 429].includes(answer.status));
      for (const id of named(answer.body)) received.add(id);
    }),
  );
  assert.equal(received.size, 1000);
  assert.deepEqual(handed(stage.journal().filter((entry) => entry.session === 71)), received);
});

test('an order bites at once, in the way it says', async () => {
  const ask = (options) => stage.get('/people?from=1&to=2', { session: 'carol', ...options });
  await stage.tell('order deny search session=#31');
  assert.equal((await ask()).status, 403);
  assert.equal((await stage.get('/home', { session: 'carol' })).status, 200);
  assert.equal((await stage.get('/people?to=1', { session: 'bob' })).status, 200);
  await stage.tell('orders none', 'order read-only all organisation=#9');
  assert.equal((await ask()).status, 200);
  assert.equal((await ask({ method: 'POST' })).status, 403);
  await stage.tell('orders none', 'order step-up all identity=#3');
  assert.equal((await ask()).json.reason, 'order-step-up');
  assert.equal((await ask({ page: true })).status, 302);
  await stage.tell('session carol number=31 identity=3 organisation=9 budgets=bob factor=0');
  assert.equal((await ask()).status, 200);
  await stage.tell('orders none', 'order slow all session=#31 slow=300');
  const start = Date.now();
  assert.equal((await ask()).status, 200);
  assert.ok(Date.now() - start >= 290);
  await stage.tell('orders none', 'order observe all session=#31');
  assert.equal((await stage.get('/home', { session: 'carol' })).status, 200);
  await stage.noted((entry) => entry.kind === 'observed' && entry.session === 31 && entry.reason === 3);
  await stage.tell('orders none', 'order deny all everyone seconds=1');
  assert.equal((await ask()).status, 403);
  await sleep(1100);
  assert.equal((await ask()).status, 200);
  await stage.tell('orders none');
});

test('an order, or the end of the session, stops a response that is being held', async () => {
  for (const [stop, status] of [
    ['order deny all session=#81', 403],
    ['end-session held', 401],
  ]) {
    await stage.tell('session held number=81 identity=8 budgets=bob');
    let go;
    const waits = new Promise((resolve) => {
      go = resolve;
    });
    stage.answer('/large/held', async (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"people":[{"id":"P1"}');
      await stage.tell(stop);
      go();
      response.end(']}');
    });
    const answer = await stage.get('/large/held', { session: 'held' });
    await waits;
    assert.equal(answer.status, status);
    assert.equal(named(answer.body).size, 0);
    await stage.tell('orders none');
  }
});

test('a route may want a second factor', async () => {
  assert.equal((await stage.get('/strict', { session: 'bob' })).status, 401);
  assert.equal((await stage.get('/strict', { session: 'bob', page: true })).status, 302);
  assert.equal((await stage.get('/strict', { session: 'carol' })).status, 200);
});

test('programs are told so in problem details, also where they accept pages', async () => {
  assert.equal((await stage.get('/program', { page: true })).status, 401);
  assert.equal((await stage.get('/strict', { session: 'program', page: true })).status, 401);
});

test('a CSV export and a response header name persons as well', async () => {
  stage.answer('/export.csv', {
    headers: { 'content-type': 'text/csv; charset=utf-8' },
    body: 'id,name,mail\r\np7,Seven,\r\nP8,"Eight, x",e@people.example\r\n',
  });
  stage.answer('/named', { headers: { 'content-type': 'application/pdf', 'x-persons': 'p1, P9' }, body: '%PDF' });
  const before = stage.journal().length;
  const table = await stage.get('/export.csv', { session: 'bob' });
  assert.match(table.body, /Eight/);
  const paper = await stage.get('/named', { session: 'bob' });
  assert.equal(paper.body, '%PDF');
  assert.equal(paper.headers['x-persons'], undefined);
  const entries = stage.journal().slice(before);
  assert.deepEqual(
    entries.map((entry) => entry.persons),
    [
      [
        [1, 'P7', 1],
        [1, 'P8', 3],
      ],
      [
        [1, 'P1', 1],
        [1, 'P9', 1],
      ],
    ],
  );
  assert.equal((await stage.get('/named', { session: 'bob', method: 'HEAD' })).status, 200);
});

test('a weight is charged where it is declared', async () => {
  stage.answer('/report.pdf', { headers: { 'content-type': 'application/pdf' }, body: '%PDF P1' });
  stage.answer('/loose', { headers: { 'content-type': 'text/html' }, body: '<p>P1' });
  await stage.tell('budget paper soft=12,12,12 hard=12,12,12', 'session paper number=91 identity=10 budgets=paper');
  assert.equal((await stage.get('/report.pdf', { session: 'paper' })).body, '%PDF P1');
  assert.equal((await stage.get('/loose', { session: 'paper' })).body, '<p>P1');
  assert.equal(await stage.tell('used paper'), '12');
  assert.equal((await stage.get('/report.pdf', { session: 'paper' })).status, 429);
  assert.deepEqual(
    stage
      .journal()
      .filter((entry) => entry.session === 91 && entry.kind === 'weighed')
      .map((entry) => entry.weight),
    [7, 5],
  );
});

test('HTTP/2 streams are counted like any other request', async () => {
  await stage.tell(
    'budget streams soft=100,100,100 hard=100,100,100',
    'session streams number=101 identity=20 budgets=streams factor=1',
  );
  const paths = Array.from({ length: 30 }, (_, i) => `/people?from=${i * 5 + 1}&to=${i * 5 + 5}`);
  const answers = await secondProtocol(stage.tlsPort, paths, 'streams');
  const received = new Set(answers.flatMap((answer) => [...named(answer.body)]));
  assert.equal(received.size, 100);
  assert.equal(answers.filter((answer) => answer.status === 200).length, 20);
  assert.deepEqual(handed(stage.journal().filter((entry) => entry.session === 101)), received);
});

test('in observe mode nothing is refused and everything is said', async () => {
  await stage.tell(
    'setting mode=observe',
    'publish',
    'budget small soft=3,3,3 hard=3,3,3',
    'session small number=111 identity=30 budgets=small',
  );
  assert.equal((await stage.get('/people?from=1&to=9', { session: 'small' })).status, 200);
  const [entry] = stage.journal().filter((one) => one.session === 111);
  assert.equal(entry.kind, 'observed');
  assert.equal(entry.persons.length, 9);
  await stage.tell('setting mode=enforce', 'publish');
});

test('new rules and new maps take hold without a restart', async () => {
  assert.equal((await stage.get('/later', { session: 'bob' })).status, 403);
  stage.answer('/later', { body: 'x' });
  await stage.tell('route later GET /later read exempt', 'publish');
  assert.equal((await stage.get('/later', { session: 'bob' })).status, 200);
  await stage.tell('open no');
  assert.equal((await stage.get('/people', { session: 'bob' })).json.reason, 'not-open');
  assert.equal((await stage.get('/home', { session: 'bob' })).status, 200);
  await stage.tell('replace');
  assert.equal((await stage.get('/home', { session: 'bob' })).status, 401);
  await stage.tell('budget bob soft=10,10,10 hard=10,10,10', 'session bob number=21 identity=2 budgets=bob');
  assert.equal((await stage.get('/people', { session: 'bob' })).status, 200);
});
