// people: who signs in to the running stack, by its own HTTPS addresses; and the operator at the command line.
// BASE_URL is the guarded address, DATA the directory given to `make run`, BUILD where the programs are.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import https from 'node:https';
import path from 'node:path';

export const base = process.env.BASE_URL ?? 'https://localhost:8443';
export const data = path.resolve(process.env.DATA ?? 'data');
export const build = path.resolve(process.env.BUILD ?? 'build');

export const accounts = JSON.parse(fs.readFileSync(path.join(data, 'demo/accounts.json'), 'utf8'));
const ca = fs.readFileSync(path.join(data, 'tls/tls.crt'));
const agent = new https.Agent({ keepAlive: true, maxSockets: 256, ca });

// The command line, as an operator types it.
export function tourniquet(...args) {
  const env = { ...process.env, TOURNIQUET_SOCKET: path.join(data, 'run/control.sock') };
  return execFileSync(path.join(build, 'tourniquet'), args, { env, encoding: 'utf8', maxBuffer: 1 << 28 });
}

export const ask = (...args) => JSON.parse(tourniquet(...args, '--json'));

export function account(login) {
  const found = accounts.find((one) => one.login === login);
  assert.ok(found, `${login} is not among the demo accounts`);
  return found;
}

// RFC 6238; each call gives a code that this account did not use before.
export async function codeOf(who) {
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...who.totp_secret].map((c) => digits.indexOf(c).toString(2).padStart(5, '0')).join('');
  const secret = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const now = () => Math.floor(Date.now() / 30000);
  who.step = Math.max((who.step ?? 0) + 1, now());
  while (who.step > now() + 1) await new Promise((resolve) => setTimeout(resolve, 250));
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(who.step));
  const mac = createHmac('sha1', secret).update(message).digest();
  return String((mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

// One browser: keeps its cookies. Resolves with what came, also where the connection broke on the way.
export class Browser {
  cookies = new Map();

  request(method, target, { headers = {}, body } = {}) {
    return new Promise((resolve) => {
      const answer = { status: 0, headers: {}, text: '', whole: false };
      const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
      const all = { ...(cookie === '' ? {} : { cookie }), ...headers };
      if (body !== undefined) all['content-type'] = 'application/json';
      const request = https.request(base + target, { method, agent, headers: all }, (response) => {
        answer.status = response.statusCode;
        answer.headers = response.headers;
        for (const line of response.headers['set-cookie'] ?? []) {
          const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
          this.cookies.set(name, value);
        }
        response.setEncoding('utf8');
        response.on('data', (text) => (answer.text += text));
        response.on('end', () => (answer.whole = response.complete));
        response.on('close', () => resolve(answer));
      });
      request.on('error', () => resolve(answer));
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  get(target, options) {
    return this.request('GET', target, options);
  }

  post(target, body, options) {
    return this.request('POST', target, { ...options, body });
  }

  async signIn(who) {
    const first = await this.post('/.tourniquet/api/sign-in', { login: who.login, password: who.password });
    assert.equal(first.status, 200, first.text);
    const { ticket } = JSON.parse(first.text);
    if (ticket === undefined) return this;
    const second = await this.post('/.tourniquet/api/second-factor', { ticket, code: await codeOf(who) });
    assert.equal(second.status, 200, second.text);
    return this;
  }
}

// Every identifier of a job seeker in a text, also in a part of one.
export const identifiers = (text) => [...text.matchAll(/"id":"(\d{7}[A-Z])"/g)].map((found) => found[1]);

// Those that the ledger says were handed over within a scope.
export function touched(scope) {
  const { rows } = ask('touched', '--scope', scope, '--since', '-1h', '--until', 'now');
  return new Set((rows ?? []).map((row) => row.person));
}

export async function until(what, condition) {
  for (let i = 0; i < 300; i++) {
    try {
      if (await condition()) return;
    } catch {
      // Not yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`waited in vain: ${what}`);
}
