// Every ```js block of the README, run as a file of its own.
import assert from 'node:assert/strict';
import {spawnSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';

const here = new URL('.', import.meta.url);
const readme = readFileSync(new URL('README.md', here), 'utf8');
const blocks = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, text]) => text);

test('the README has examples', () => assert.notEqual(blocks.length, 0));

for (const [i, block] of blocks.entries()) {
  test(`README example ${i + 1}`, () => {
    // NODE_TEST_CONTEXT would have it report to our own runner.
    const {NODE_TEST_CONTEXT, ...env} = process.env;
    const run = spawnSync(process.execPath, ['--input-type=module', '--eval', block],
      {cwd: here, env, encoding: 'utf8'});
    assert.equal(run.status, 0, run.stdout + run.stderr);
    assert.match(run.stdout, /pass 1/);
  });
}
