// Runs the client against a network: STRIKE_URL=ws://127.0.0.1:9944 npm run test:network
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import test from 'node:test';

const url = process.env['STRIKE_URL'] ?? '';
const program = fileURLToPath(new URL('../src/job.js', import.meta.url));

test('a job is ordered, decoded, settled and paid', { skip: url ? false : 'set STRIKE_URL to a running network' }, () => {
  const { status, stdout, stderr } = spawnSync('node', [program, '--url', url, '--json'], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  const { jobs, attestations, conserved } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
  assert.equal(jobs.length, 1);
  assert.equal(jobs[0].verdict, 'valid');
  assert.ok(jobs[0].output.length > 0);
  assert.ok(attestations.commit >= 1 && attestations.seal >= 1 && attestations.reveal >= 1);
  assert.equal(conserved, true);
});
