// Whatever happens to a node, waiting for it ends.
import assert from 'node:assert/strict';
import test from 'node:test';
import { connect, ConnectionFailed, ConnectionLost, finalBlocks, followJobs, OutcomeUnknown, type FinalBlock } from '@strike/client';
import { answers, FakeNode, hashOf, type Answers } from './node.js';

// polkadot.js tells the console of every fault, too.
console.error = () => {};

/** No test may wait for longer. */
const LIMIT = { timeout: 20_000 };

async function withNode(given: Answers, act: (node: FakeNode) => Promise<void>, how?: { shakesHands: boolean }): Promise<void> {
  const node = await FakeNode.start(given, how);
  try {
    await act(node);
  } finally {
    await node.stop();
  }
}

const failed = (url: string, why: RegExp) => (error: unknown) => {
  assert.ok(error instanceof ConnectionFailed, String(error));
  assert.equal(error.name, 'ConnectionFailed');
  assert.equal(error.url, url);
  assert.match(error.message, why);
  assert.match(error.hint, /URL/);
  return true;
};

test('a URL where nobody listens ends in an error', LIMIT, async () => {
  let url = '';
  await withNode({}, async (node) => void (url = node.url));
  await assert.rejects(connect(url), failed(url, /ECONNREFUSED/));
});

test('a URL that is none ends in an error', LIMIT, async () => {
  for (const url of ['', 'localhost', 'http://127.0.0.1:9944']) await assert.rejects(connect(url), failed(url, /should start with/));
});

test('a server that never shakes hands ends in an error', LIMIT, () =>
  withNode({}, (node) => assert.rejects(connect(node.url, { ready: 300 }), failed(node.url, /not ready within 0.3 s/)), {
    shakesHands: false,
  }));

test('a node that never answers ends in an error', LIMIT, () =>
  withNode(new Proxy({}, { get: () => () => undefined }), (node) =>
    assert.rejects(connect(node.url, { ready: 300 }), failed(node.url, /not ready within 0.3 s/)),
  ));

test('a server that is no node ends in an error', LIMIT, () =>
  withNode({}, (node) => assert.rejects(connect(node.url), failed(node.url, /Method not found/))));

test('a node that dies before it is ready ends in an error', LIMIT, () => {
  const given = answers({ head: 1 });
  return withNode(given, async (node) => {
    given['state_getMetadata'] = () => void node.cut();
    await assert.rejects(connect(node.url), failed(node.url, /./));
  });
});

test('final blocks come in order, each once, and the subscription ends with the reading', LIMIT, () => {
  const chain = { head: 3 };
  return withNode(answers(chain), async (node) => {
    const api = await connect(node.url);
    const seen: FinalBlock[] = [];
    for await (const block of finalBlocks(api, 2)) {
      seen.push(block);
      if (block.number === 3) {
        chain.head = 6;
        const header = { parentHash: hashOf(5), number: '0x6', stateRoot: hashOf(0), extrinsicsRoot: hashOf(0), digest: { logs: [] } };
        setTimeout(() => node.notify('chain_finalizedHead', 'heads', header), 50);
      }
      if (block.number === 6) break;
    }
    assert.deepEqual(seen.map(({ number }) => number), [2, 3, 4, 5, 6]);
    assert.deepEqual(seen.map(({ hash }) => hash), [2, 3, 4, 5, 6].map(hashOf));
    assert.ok(seen.every(({ block, events }) => block.extrinsics.length === 0 && events.length === 0));
    while (!node.asked.includes('chain_unsubscribeFinalizedHeads')) await new Promise((resolve) => setTimeout(resolve, 20));
    await api.disconnect();
  });
});

test('a node that dies while blocks are awaited ends in an error', LIMIT, () =>
  withNode(answers({ head: 2 }), async (node) => {
    const api = await connect(node.url);
    const blocks = finalBlocks(api, 2);
    assert.equal((await blocks.next()).value.number, 2);
    const following = blocks.next();
    setTimeout(() => node.cut(), 50);
    await assert.rejects(following, (error) => error instanceof ConnectionLost && error.name === 'ConnectionLost');
  }));

test('a connection that was lost before ends in an error', LIMIT, () =>
  withNode(answers({ head: 2 }), async (node) => {
    const api = await connect(node.url);
    await api.disconnect();
    while (api.isConnected) await new Promise((resolve) => setTimeout(resolve, 20));
    await assert.rejects(finalBlocks(api, 1).next(), ConnectionLost);
  }));

test('a node that falls silent while a job is followed ends in an error that names job and block', LIMIT, () => {
  const given = answers({ head: 4 });
  return withNode(given, async (node) => {
    const api = await connect(node.url, { answer: 500 });
    given['chain_getBlock'] = () => undefined;
    const following = followJobs(api, [7, 9], 3).next();
    await assert.rejects(following, (error) => {
      assert.ok(error instanceof OutcomeUnknown, String(error));
      assert.deepEqual([error.name, error.jobs, error.from], ['OutcomeUnknown', [7, 9], 3]);
      assert.match(error.message, /jobs 7, 9 .*No response received/);
      assert.match(error.hint, /Do not order again/);
      return true;
    });
    await api.disconnect();
  });
});

test("what the node refuses is the node's error, not a lost connection", LIMIT, () => {
  const given = answers({ head: 4 });
  return withNode(given, async (node) => {
    const api = await connect(node.url);
    delete given['chain_getBlock'];
    await assert.rejects(finalBlocks(api, 3).next(), (error) => !(error instanceof ConnectionLost) && /Method not found/.test(String(error)));
    await api.disconnect();
  });
});
