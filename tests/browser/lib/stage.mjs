// stage: a real Chromium in front of the running stack, people who sign in with their second factor, and the operator.
// BASE_URL is the guarded address, DATA the directory given to `make run`, BUILD where the programs are.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import { chromium } from 'playwright-core';

export const base = process.env.BASE_URL ?? 'https://localhost:8443';
const data = process.env.DATA ?? 'data';
const build = process.env.BUILD ?? 'build';
const pictures = process.env.SCREENSHOTS;

const known = JSON.parse(fs.readFileSync(path.join(data, 'demo/accounts.json'), 'utf8'));
const accounts = known.accounts ?? known;

// A second factor is good once: tests that run side by side must not share an account.
const taken = new Set();
export function takeAccount(profile) {
  const account = accounts.find((one) => one.profile === profile && !taken.has(one.login));
  assert.ok(account, `no ${profile} is left in accounts.json`);
  taken.add(account.login);
  return { ...account, step: 0 };
}

function secretBytes(base32) {
  let bits = '';
  for (const letter of base32.replace(/=+$/, ''))
    bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

// RFC 6238. Each call gives a code that was not used before; the next step's code is accepted already.
export async function codeOf(account) {
  const now = () => Math.floor(Date.now() / 30000);
  account.step = Math.max(account.step + 1, now());
  while (account.step > now() + 1) await new Promise((resolve) => setTimeout(resolve, 250));
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(account.step));
  const mac = createHmac('sha1', secretBytes(account.totp_secret)).update(message).digest();
  const code = (mac.readUInt32BE(mac[19] & 15) & 0x7fffffff) % 1_000_000;
  return String(code).padStart(6, '0');
}

// The command line, as an operator types it.
export function tourniquet(...args) {
  const socket = path.resolve(data, 'run/control.sock');
  const env = { ...process.env, TOURNIQUET_SOCKET: socket };
  return execFileSync(path.join(build, 'tourniquet'), args, { env, encoding: 'utf8' });
}

let browser;
export async function openBrowser() {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update',
      '--disable-dev-shm-usage', '--no-first-run'],
  });
}

export async function closeBrowser() {
  await browser?.close();
}

export const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

// One browser of one person. What a page must never do is collected and checked when it is closed.
export async function visit({ language = 'en', size = 'desktop', scheme = 'light' } = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    locale: language === 'fr' ? 'fr-FR' : 'en-GB',
    viewport: sizes[size],
    colorScheme: scheme,
  });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    if (/Content Security Policy|Refused to/.test(message.text())) complaints.push(message.text());
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(base) && !/^(data|blob):/.test(request.url()))
      complaints.push(`asks another site: ${request.url()}`);
  });
  return {
    page,
    close: async () => {
      await context.close();
      assert.deepEqual(complaints, []);
    },
  };
}

export async function typePassword(page, login, password) {
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill(password);
  await page.locator('button[type=submit]').click();
}

export async function typeCode(page, code) {
  await page.locator('input[name=code]').fill(code);
  await page.locator('button[type=submit]').click();
}

// Sign in and arrive at `next`.
export async function signIn(page, account, next = '/') {
  await page.goto(`${base}/.tourniquet/sign-in?next=${encodeURIComponent(next)}`);
  await typePassword(page, account.login, account.password);
  if (account.totp_secret) await typeCode(page, await codeOf(account));
  await page.waitForURL((url) => !url.pathname.startsWith('/.tourniquet/sign-in'));
}

// No violation of WCAG 2.1 A and AA that a machine can find, and nothing wider than the window.
export async function checkAccess(page, name) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice'],
  }));
  const found = violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(' | ')}`);
  assert.deepEqual(found, [], name);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wide <= 0, `${name} is ${wide} px wider than the window`);
  if (pictures) {
    fs.mkdirSync(pictures, { recursive: true });
    await page.screenshot({ path: path.join(pictures, `${name}.png`), fullPage: true });
  }
}
