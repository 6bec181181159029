// Signing in, confirming, one's own sign-ins: as people do it, in a real browser on the running stack.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  base, checkAccess, closeBrowser, codeOf, openBrowser, signIn, takeAccount, tourniquet, typeCode, typePassword, visit,
} from './lib/stage.mjs';

const signInUrl = `${base}/.tourniquet/sign-in`;
const peopleUrl = `${base}/#/people`;

before(openBrowser);
after(closeBrowser);

async function onPage(options, work) {
  const { page, close } = await visit(options);
  await work(page);
  await close();
}

test('a partner who is not signed in is led to the sign-in, and back to the list of people', async () => {
  const partner = takeAccount('partner');
  await onPage({}, async (page) => {
    await page.goto(`${base}/`);
    assert.match(page.url(), /\/\.tourniquet\/sign-in\?next=/);
    await typePassword(page, partner.login, partner.password);
    await page.getByRole('heading', { name: 'Enter your code' }).waitFor();
    await typeCode(page, await codeOf(partner));
    await page.getByRole('heading', { name: 'Job seekers' }).waitFor();
    await page.locator('tbody tr').first().waitFor();
    assert.equal(await page.locator('tbody tr').count(), 50);
    assert.equal(new URL(page.url()).pathname, '/');
    await checkAccess(page, 'people');
  });
});

test('a wrong password, an unknown login and an empty field are said at the field', async () => {
  const partner = takeAccount('partner');
  await onPage({}, async (page) => {
    await page.goto(signInUrl);
    await page.locator('button[type=submit]').click();
    await page.getByRole('alert').filter({ hasText: 'Type your login.' }).waitFor();
    for (const login of [partner.login, 'nobody-of-that-name']) {
      await typePassword(page, login, 'certainly not this one');
      await page.getByRole('alert').filter({ hasText: 'Login or password is wrong.' }).waitFor();
      const field = page.locator('input[name=password]');
      const described = await field.getAttribute('aria-describedby');
      assert.equal(await page.locator(`[id="${described}"]`).textContent(), 'Login or password is wrong.');
      assert.equal(await field.getAttribute('aria-invalid'), 'true');
      assert.equal(await field.inputValue(), '');
      assert.ok(await field.evaluate((element) => element === document.activeElement));
    }
    await checkAccess(page, 'sign-in-wrong');
  });
});

test('too many attempts are answered with how long to wait', async () => {
  const partner = takeAccount('partner');
  await onPage({ language: 'fr' }, async (page) => {
    await page.goto(signInUrl);
    const said = page.getByRole('alert');
    let words = '';
    for (let i = 0; i < 4 && !words.startsWith('Trop'); i++) {
      await typePassword(page, partner.login, `wrong number ${i}`);
      await said.filter({ hasText: /Trop de tentatives|mot de passe incorrect/ }).waitFor();
      words = await said.textContent();
    }
    await typePassword(page, partner.login, partner.password);
    await said.filter({ hasText: /Trop de tentatives. Réessayez dans \d+ minute/ }).waitFor();
    await checkAccess(page, 'sign-in-wait');
  });
});

test('a wrong code is refused, a right one with a blank in it is taken, and no code works twice', async () => {
  const partner = takeAccount('partner');
  let code;
  await onPage({}, async (page) => {
    await page.goto(signInUrl);
    await typePassword(page, partner.login, partner.password);
    await typeCode(page, '12345');
    await page.getByRole('alert').filter({ hasText: 'Type the 6 digits' }).waitFor();
    code = await codeOf(partner);
    await typeCode(page, String((Number(code) + 1) % 1_000_000).padStart(6, '0'));
    await page.getByRole('alert').filter({ hasText: 'This code is wrong' }).waitFor();
    await checkAccess(page, 'code-wrong');
    await typeCode(page, `${code.slice(0, 3)} ${code.slice(3)}`);
    await page.waitForURL(`${base}/**`);
    await page.getByRole('link', { name: 'My sign-ins' }).waitFor();
  });
  await onPage({}, async (page) => {
    await page.goto(signInUrl);
    await typePassword(page, partner.login, partner.password);
    await typeCode(page, code);
    await page.getByRole('alert').filter({ hasText: 'This code is wrong, or was used already.' }).waitFor();
  });
});

test('whoever is asked for one more proof gives it and is back where they were', async () => {
  const partner = takeAccount('partner');
  await onPage({}, async (page) => {
    await signIn(page, partner);
    await page.locator('tbody tr').first().waitFor();
    tourniquet('order', 'give', 'step-up', '--scope', `identity=${partner.login}`, '--reason', 'browser test',
      '--for', '10m', '--author', 'test');
    await page.getByRole('button', { name: 'Next page' }).click();
    await page.getByRole('link', { name: 'Confirm now' }).waitFor();
    const asked = page.url();
    await checkAccess(page, 'people-asks');
    await page.getByRole('link', { name: 'Confirm now' }).click();
    await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor();
    await page.locator('input[name=code]').waitFor();
    await checkAccess(page, 'step-up');
    await typeCode(page, await codeOf(partner));
    await page.locator('tbody tr').first().waitFor();
    assert.equal(page.url(), asked);
  });
});

test('past the hard limit the page says that it is a lot, and when to try again', async () => {
  const partner = takeAccount('partner');
  await onPage({}, async (page) => {
    await signIn(page, partner);
    const stopped = page.getByRole('alert').filter({ hasText: /You can try again in \d+ (s|min|h)/ });
    for (let i = 1; i < 20 && !(await stopped.isVisible()); i++) {
      await page.locator('caption').filter({ hasText: `Page ${i} of` }).waitFor();
      await page.getByRole('button', { name: 'Next page' }).click();
      await page.locator('caption').filter({ hasText: `Page ${i + 1} of` }).or(stopped).waitFor();
    }
    assert.ok(await stopped.isVisible());
    await checkAccess(page, 'people-stopped');
  });
});

test('a sign-in is ended from another one, and then asks to sign in again', async () => {
  const partner = takeAccount('partner');
  const here = await visit();
  const there = await visit();
  await signIn(here.page, partner, '/.tourniquet/sessions');
  const others = here.page.getByRole('button', { name: 'End all others' });
  if (await others.isVisible()) await others.click();
  await signIn(there.page, partner, '/.tourniquet/sessions');
  await here.page.reload();
  await here.page.locator('.sessions li').nth(1).waitFor();
  assert.equal(await here.page.locator('.sessions li').count(), 2);
  await checkAccess(here.page, 'sessions');
  await here.page.getByRole('button', { name: /^End: / }).click();
  await here.page.getByRole('status').filter({ hasText: 'has ended' }).waitFor();
  await here.page.locator('.sessions li').nth(1).waitFor({ state: 'detached' });
  await there.page.reload();
  await there.page.getByRole('link', { name: 'Sign in' }).waitFor();
  await checkAccess(there.page, 'sessions-signed-out');
  await here.page.getByRole('button', { name: 'Sign out' }).click();
  await here.page.waitForURL(signInUrl);
  await here.page.goto(peopleUrl);
  assert.match(here.page.url(), /sign-in/);
  await here.close();
  await there.close();
});

test('all of it works with the keyboard alone', async () => {
  const partner = takeAccount('partner');
  await onPage({ language: 'fr' }, async (page) => {
    const press = (key) => page.keyboard.press(key);
    const focused = () => page.evaluate(() => document.activeElement?.getAttribute('name') ??
      document.activeElement?.textContent?.trim());
    await page.goto(`${signInUrl}?next=${encodeURIComponent('/.tourniquet/sessions')}`);
    await page.locator('input[name=login]').waitFor();
    assert.equal(await focused(), 'login');
    await page.keyboard.type(partner.login);
    await press('Tab');
    assert.equal(await focused(), 'password');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
    assert.notEqual(outline, 'none');
    await page.keyboard.type(partner.password);
    await press('Enter');
    await page.locator('input[name=code]').waitFor();
    await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'code');
    await page.keyboard.type(await codeOf(partner));
    await press('Enter');
    await page.waitForURL('**/.tourniquet/sessions');
    await page.getByRole('button', { name: 'Se déconnecter' }).waitFor();
    await press('Tab');
    assert.equal(await focused(), 'Aller au contenu');
    await press('Enter');
    await press('Tab');
    assert.equal(await focused(), 'Se déconnecter');
    await press('Enter');
    await page.waitForURL(signInUrl);
  });
});

test('nothing of another site follows a sign-in', async () => {
  const seeker = takeAccount('jobseeker');
  const foreign = ['//evil.example/', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)'];
  for (const next of [...foreign, '/\t/evil.example'])
    await onPage({}, async (page) => {
      await signIn(page, seeker, next);
      assert.equal(page.url().replace(/#.*/, ''), `${base}/`);
    });
});

test('whoever has no second factor is told so where one is asked for', async () => {
  const seeker = takeAccount('jobseeker');
  await onPage({}, async (page) => {
    await signIn(page, seeker, '/.tourniquet/step-up');
    await page.getByRole('alert').filter({ hasText: 'no authenticator app' }).waitFor();
    await checkAccess(page, 'step-up-none');
  });
});

test('an account that a manager creates signs in with the password the manager chose', async () => {
  const manager = takeAccount('manager');
  const login = `new-${Date.now().toString(36)}`;
  const fields = {
    given_name: 'Test', family_name: 'PERSON', email: `${login}@body.example`, login, password: 'the very first one',
  };
  await onPage({}, async (page) => {
    await signIn(page, manager, '/#/accounts');
    for (const [name, value] of Object.entries(fields)) await page.locator(`input[name=${name}]`).fill(value);
    await page.getByRole('button', { name: 'Create the account' }).click();
    await page.getByRole('status').filter({ hasText: `The account ${login} has been created.` }).waitFor();
  });
  await onPage({}, async (page) => {
    await signIn(page, { login, password: fields.password });
    await page.getByText('Test PERSON').first().waitFor();
  });
  const { created_by: creator } = JSON.parse(tourniquet('identity', 'show', '--json', login)).identity;
  assert.ok(creator, 'the account has its creator as lineage');
});

for (const language of ['fr', 'en'])
  for (const [size, scheme] of [['phone', 'dark'], ['desktop', 'light']])
    test(`the pages are accessible in ${language} on a ${scheme} ${size}`, async () => {
      const partner = takeAccount('partner');
      await onPage({ language, size, scheme }, async (page) => {
        const check = (name) => checkAccess(page, `${name}-${language}-${size}`);
        await page.goto(`${base}/.tourniquet/step-up`);
        await page.getByRole('alert').waitFor();
        await check('step-up-signed-out');
        await page.goto(signInUrl);
        await page.locator('input[name=login]').waitFor();
        assert.equal(await page.evaluate(() => document.documentElement.lang), language);
        await check('sign-in');
        await typePassword(page, partner.login, partner.password);
        await page.locator('input[name=code]').waitFor();
        await check('code');
        await typeCode(page, await codeOf(partner));
        await page.waitForURL(`${base}/`);
        await page.goto(`${base}/.tourniquet/step-up`);
        await page.locator('input[name=code]').waitFor();
        await check('step-up');
        await page.goto(`${base}/.tourniquet/sessions`);
        await page.locator('.sessions li').first().waitFor();
        await check('sessions');
      });
    });
