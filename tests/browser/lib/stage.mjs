// stage: a real Chromium in front of the running stack, people who sign in with their second factor, and the operator.
// BASE_URL is the guarded address, DATA the directory given to `make run`, BUILD where the programs are.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import axe from 'axe-core';
import { chromium } from 'playwright-core';
import { accounts, base, codeOf, tourniquet } from '../../flow/stack/people.mjs';

export { base, codeOf, tourniquet };

const pictures = process.env.SCREENSHOTS;

// A second factor is good once: tests that run side by side must not share an account.
const taken = new Set();
export function takeAccount(profile) {
  const one = accounts.find((other) => other.profile === profile && !taken.has(other.login));
  assert.ok(one, `no ${profile} is left in accounts.json`);
  taken.add(one.login);
  return one;
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
