// harness: a stage for the gate alone: nginx with the module, an upstream that can be told to misbehave, and
// gate_fixture in place of the engine. Everything is on loopback, in a directory of its own, and ends with the test.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';

export const build = path.resolve(process.env.BUILD ?? 'build');
const moduleFile = ['gate/ngx_http_tourniquet_module.so', 'ngx_http_tourniquet_module.so']
  .map((name) => path.join(build, name))
  .find((name) => fs.existsSync(name));
const fixtureFile = path.join(build, 'gate/gate_fixture');
const nginxFile = process.env.NGINX ?? '/usr/sbin/nginx';

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

// The stand-in for the engine: one line in, one line out, in order.
class Fixture {
  constructor(dir, sessions) {
    this.child = spawn(fixtureFile, ['serve', dir, String(sessions)], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.waiting = [];
    readline.createInterface({ input: this.child.stdout }).on('line', (line) => this.waiting.shift()(line));
    this.ready = new Promise((resolve) => this.waiting.push((line) => resolve(line.slice(3))));
  }

  async tell(...lines) {
    let answer;
    for (const line of lines) {
      answer = await new Promise((resolve) => {
        this.waiting.push(resolve);
        this.child.stdin.write(`${line}\n`);
      });
      if (!answer.startsWith('ok')) throw new Error(`gate_fixture: ${line}: ${answer}`);
    }
    return answer.slice(3);
  }
}

// The platform. Handlers by path without query; a handler gets node's request and response.
async function startUpstream() {
  const handlers = new Map();
  const seen = [];
  const server = http.createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://upstream');
    seen.push({ method: request.method, url: request.url, headers: request.headers, raw: request.rawHeaders });
    const handler = handlers.get(pathname);
    if (handler) handler(request, response, searchParams);
    else {
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.end('nothing here');
    }
  });
  server.keepAliveTimeout = 60000;
  server.on('upgrade', (request, socket) => {
    seen.push({ method: 'UPGRADE', url: request.url, headers: request.headers });
    socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: raw\r\n\r\n{"id":"P1"} raw');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { server, port: server.address().port, handlers, seen };
}

export function people(from, to) {
  const list = [];
  for (let i = from; i <= to; i++)
    list.push({ id: `P${i}`, name: `Name ${i}`, mail: i % 2 ? `p${i}@people.example` : null });
  return list;
}

export class Stage {
  // options: workers, sessions, http (lines for http{}), locations (lines for the guarded server), journals
  static async start(options = {}) {
    const stage = new Stage();
    stage.options = options;
    stage.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'gate-'));
    for (const name of ['map', 'journal', 'journal2', 'temp', 'files', 'logs', 'cache'])
      fs.mkdirSync(path.join(stage.dir, name));
    fs.chmodSync(stage.dir, 0o755);
    stage.fixture = new Fixture(path.join(stage.dir, 'map'), options.sessions ?? 1024);
    stage.key = await stage.fixture.ready;
    stage.upstream = await startUpstream();
    [stage.port, stage.offPort, stage.tlsPort] = [await freePort(), await freePort(), await freePort()];
    execFileSync(
      'openssl',
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
        '-subj',
        '/CN=localhost',
        '-keyout',
        `${stage.dir}/key.pem`,
        '-out',
        `${stage.dir}/cert.pem`,
      ],
      { stdio: 'ignore' },
    );
    fs.writeFileSync(path.join(stage.dir, 'nginx.conf'), stage.config());
    if (options.rules) await stage.fixture.tell(...options.rules, 'publish');
    if (!options.later) await stage.startNginx();
    return stage;
  }

  config() {
    const { dir, options } = this;
    const proxy = 'proxy_pass http://platform;';
    const server = (gate) => `
        server_name localhost;
        tourniquet ${gate};
        location / { ${proxy} }
        location /unbuffered/ { ${proxy} proxy_buffering off; }
        location /small/ { ${proxy} proxy_buffers 4 4k; proxy_buffer_size 4k; proxy_busy_buffers_size 8k; }
        location /large/ { ${proxy} proxy_buffers 16 64k; proxy_buffer_size 64k; proxy_busy_buffers_size 128k;
          proxy_max_temp_file_size 0; }
        location /cached/ { ${proxy} proxy_cache things; proxy_cache_valid 200 1h; }
        location /ssi/ { ${proxy} ssi on; ssi_types *; }
        location /compressed/ { ${proxy} gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any; }
        location /intercepted/ { ${proxy} proxy_intercept_errors on;
          error_page 404 = @named; error_page 410 /files/gone.txt; }
        location @named { ${proxy} }
        location /files/ { tourniquet off; alias ${dir}/files/; }
        location /static/ { alias ${dir}/files/; }
        location /internal/ { internal; tourniquet off; alias ${dir}/files/; }
        location /limited/ { ${proxy} limit_rate 3m; }
        ${options.locations ?? ''}`;
    const asan = process.env.GATE_SANITIZER ? 'env ASAN_OPTIONS; env LD_PRELOAD;' : '';
    return `
      load_module ${moduleFile};
      ${process.getuid() === 0 ? 'user root;' : ''}
      worker_processes ${options.workers ?? 1};
      worker_shutdown_timeout 20s;
      daemon off; ${asan}
      pid ${dir}/nginx.pid;
      error_log ${dir}/logs/error.log ${options.level ?? 'info'};
      events { worker_connections 4096; }
      http {
        default_type application/octet-stream; types { application/json json; text/plain txt; text/html html; }
        client_body_temp_path ${dir}/temp/b; proxy_temp_path ${dir}/temp/p; fastcgi_temp_path ${dir}/temp/f;
        uwsgi_temp_path ${dir}/temp/u; scgi_temp_path ${dir}/temp/s;
        proxy_cache_path ${dir}/cache keys_zone=things:1m;
        log_format gate '$status $tourniquet_route $tourniquet_verdict $tourniquet_reason '
          '$tourniquet_persons $tourniquet_identity';
        access_log ${dir}/logs/access.log gate;
        ssl_certificate ${dir}/cert.pem; ssl_certificate_key ${dir}/key.pem;
        keepalive_requests 1000000; proxy_http_version 1.1; proxy_set_header Connection ""; underscores_in_headers on;
        tourniquet_map ${dir}/map;
        tourniquet_journal ${dir}/journal ${options.second === false ? '' : `${dir}/journal2`};
        upstream platform { server 127.0.0.1:${this.upstream.port}; keepalive 32; keepalive_requests 1000000; }
        ${options.http ?? ''}
        server { listen 127.0.0.1:${this.port}; listen 127.0.0.1:${this.tlsPort} ssl http2; ${server('on')} }
        server { listen 127.0.0.1:${this.offPort}; ${server('off')} }
      }`;
  }

  // GATE_WRAPPER: a command before nginx, such as valgrind, or env with LD_PRELOAD for a sanitizer.
  nginxCommand(file) {
    const wrapper = process.env.GATE_WRAPPER ? process.env.GATE_WRAPPER.split(' ') : [];
    return [...wrapper, nginxFile, '-p', this.dir, '-c', `${this.dir}/${file}`, '-e', `${this.dir}/logs/error.log`];
  }

  async startNginx() {
    const args = this.nginxCommand('nginx.conf');
    this.nginx = spawn(args[0], args.slice(1), { stdio: ['ignore', 'inherit', 'inherit'] });
    this.nginxEnded = once(this.nginx, 'exit');
    const { nginx } = this;
    process.on('exit', () => nginx.kill());
    for (let tries = 0; ; tries++) {
      try {
        await request(this.offPort, '/files/none');
        return;
      } catch (error) {
        if (tries > 400 || this.nginx.exitCode !== null) throw error;
        await sleep(25);
      }
    }
  }

  tell(...lines) {
    return this.fixture.tell(...lines);
  }

  answer(pathname, handler) {
    this.upstream.handlers.set(
      pathname,
      typeof handler === 'function'
        ? handler
        : (_, response) => {
            response.writeHead(handler.status ?? 200, { 'content-type': 'application/json', ...handler.headers });
            response.end(handler.body);
          },
    );
  }

  get(pathname, options) {
    return request(this.port, pathname, options);
  }

  off(pathname, options) {
    return request(this.offPort, pathname, options);
  }

  // All entries so far. What is durable is in the file, so there is nothing to wait for, save notes: see noted().
  journal() {
    const out = execFileSync(fixtureFile, ['journal', this.key, `${this.dir}/journal`, `${this.dir}/journal2`], {
      maxBuffer: 1 << 30,
    });
    return out
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  }

  async noted(matches) {
    for (let tries = 0; tries < 200; tries++) {
      const found = this.journal().find(matches);
      if (found) return found;
      await sleep(10);
    }
    throw new Error('no such entry came');
  }

  log() {
    return fs.readFileSync(`${this.dir}/logs/error.log`, 'utf8');
  }

  workers() {
    const out = execFileSync('ps', ['-o', 'pid=,args=', '--ppid', String(this.nginx.pid)]).toString();
    return out
      .split('\n')
      .filter((line) => /worker process$/.test(line))
      .map((line) => Number(line.trim().split(' ')[0]));
  }

  async stop(cleanUp) {
    if (this.nginx && this.nginx.exitCode === null && this.nginx.signalCode === null) {
      this.nginx.kill('SIGQUIT');
      await this.nginxEnded;
    }
    this.fixture.child.stdin.end();
    this.upstream.server.closeAllConnections?.();
    this.upstream.server.close();
    const log = this.log();
    const bad = log
      .split('\n')
      .filter(
        (line) =>
          /\[(alert|emerg)\]|Sanitizer|==\d+==ERROR/.test(line) &&
          !(this.options.expect ?? []).some((pattern) => pattern.test(line)),
      );
    cleanUp?.();
    if (process.env.GATE_KEEP) console.log(`kept ${this.dir}`);
    else fs.rmSync(this.dir, { recursive: true, force: true });
    if (bad.length > 0) throw new Error(`nginx complained:\n${bad.join('\n')}`);
  }
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// One request. Options: session, method, headers, body, page, agent. `cut`: the connection ended before the response
// was complete.
export function request(port, pathname, options = {}) {
  return new Promise((resolve, reject) => {
    const headers = { ...options.headers };
    if (options.session)
      headers.cookie = [`__Host-tourniquet=${options.session}`, ...(headers.cookie ? [headers.cookie] : [])].join(
        '; ',
      );
    if (options.page) headers.accept = 'text/html,*/*;q=0.8';
    const sent = http.request({
      host: '127.0.0.1',
      port,
      path: pathname,
      method: options.method ?? 'GET',
      headers,
      agent: options.agent ?? false,
      setHost: true,
    });
    sent.on('error', reject);
    sent.on('upgrade', (response, socket, head) => {
      socket.destroy();
      resolve({ status: 101, headers: response.headers, body: head.toString() });
    });
    sent.on('response', (response) => {
      const chunks = [];
      let cut = false;
      const done = () => {
        const body = Buffer.concat(chunks);
        const result = {
          status: response.statusCode,
          headers: response.headers,
          bytes: body,
          body: body.toString(),
          cut,
        };
        if (/json/.test(response.headers['content-type'] ?? ''))
          try {
            result.json = JSON.parse(result.body);
          } catch {
            /* cut */
          }
        resolve(result);
      };
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('aborted', () => {
        cut = true;
        done();
      });
      response.on('error', () => {
        cut = true;
        done();
      });
      response.on('end', done);
    });
    sent.end(options.body);
  });
}

// Raw bytes out, raw bytes back, until the other side closes.
export function raw(port, text) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(text));
    const chunks = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
  });
}

export async function secondProtocol(port, paths, session) {
  const client = http2.connect(`https://localhost:${port}`, { rejectUnauthorized: false });
  client.on('error', () => {});
  const results = await Promise.all(
    paths.map(
      (pathname) =>
        new Promise((resolve) => {
          const stream = client.request({ ':path': pathname, cookie: `__Host-tourniquet=${session}` });
          const chunks = [];
          let status,
            code = 0;
          stream.on('response', (headers) => {
            status = headers[':status'];
          });
          stream.on('data', (chunk) => chunks.push(chunk));
          stream.on('error', () => {});
          stream.on('close', () => {
            code = stream.rstCode;
            resolve({ status, body: Buffer.concat(chunks).toString(), code });
          });
        }),
    ),
  );
  client.close();
  return results;
}

// Which of P1..Pn a body names.
export function named(body) {
  return new Set(body.match(/\bP\d+\b/g) ?? []);
}

export function handed(entries) {
  const set = new Set();
  for (const entry of entries)
    if (entry.kind === 'handed' || entry.kind === 'observed') for (const [, id] of entry.persons) set.add(id);
  return set;
}
