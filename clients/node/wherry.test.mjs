import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import net from 'node:net';
import {test} from 'node:test';

import {wherry, WherryError} from './index.mjs';

const patience = {timeoutMs: 20000};

// Runs a test with a broker: what `await using` does where the language has it.
const withBroker = (name, run, options) =>
  test(name, async () => {
    const broker = await wherry(options);
    try {
      await run(broker);
    } finally {
      await broker.stop();
    }
  });

const addressOf = (url) => {
  const [host, port] = url.split('://').at(-1).split(':');
  return {host, port: Number(port)};
};

const failsWith = (status) => (error) => error instanceof WherryError && error.status === status;

withBroker('listens for every protocol', async (broker) => {
  for (const url of [broker.natsUrl, broker.kafkaBootstrap, broker.httpUrl]) {
    const socket = net.connect(addressOf(url));
    await once(socket, 'connect');
    socket.destroy();
  }
});

withBroker('a socket gets what was published', async (broker) => {
  const socket = net.connect(addressOf(broker.natsUrl));
  let text = '';
  const came = (part) =>
    new Promise((resolve) => {
      const look = () => text.includes(part) && resolve();
      socket.on('data', look);
      look();
    });
  socket.on('data', (piece) => (text += piece.toString('latin1')));
  socket.write('CONNECT {"verbose":false}\r\nSUB orders.* 1\r\nPING\r\n');
  await came('PONG\r\n');
  await broker.publish('orders.new', Buffer.from([0, 255]));
  await came('MSG orders.new 1 2\r\n\x00\xff\r\n');
  socket.destroy();
});

withBroker('subscribes and requests', async (broker) => {
  const questions = await broker.subscribe('ask');
  const asking = broker.request('ask', 'how?', patience);
  const question = await questions.next(patience);
  assert.equal(question.payload.toString(), 'how?');
  await broker.publish(question.reply, 'so', {headers: {Kind: 'answer'}});
  const answer = await asking;
  assert.equal(answer.payload.toString(), 'so');
  assert.equal(answer.header('kind'), 'answer');
  assert.equal(answer.header('other'), undefined);
  await assert.rejects(questions.next({timeoutMs: 1}), failsWith('deadline_exceeded'));
  await questions.close();
  await assert.rejects(broker.request('ask'), failsWith('unavailable'));
});

withBroker('appends and reads', async (broker) => {
  await broker.createTopic('orders', 2);
  const at = await broker.append('orders', Buffer.from([255]),
    {key: 'k', partition: 1, timestamp: 5, headers: [['h', null], ['i', 'x']]});
  assert.deepEqual(at, {partition: 1, offset: 0});
  await broker.append('orders', null, {partition: 0});
  const [first, second] = await broker.records('orders');
  assert.deepEqual([first.partition, first.key, first.value], [0, null, null]);
  assert.deepEqual(second, {
    partition: 1, offset: 0, timestamp: 5, key: Buffer.from('k'), value: Buffer.from([255]),
    headers: [['h', null], ['i', Buffer.from('x')]],
  });
  assert.deepEqual(await broker.records('orders', {partition: 1}), [second]);
  assert.deepEqual(await broker.topics(), ['orders']);
  assert.deepEqual(await broker.committedOffsets('g'), []);
  await broker.deleteTopic('orders');
  await assert.rejects(broker.records('orders'), failsWith('not_found'));
});

test('each has a world of its own', async () => {
  const [one, two] = await Promise.all([wherry(), wherry({name: 'two'})]);
  assert.notEqual(one.natsUrl, two.natsUrl);
  await one.createTopic('orders');
  assert.deepEqual(await two.topics(), []);
  await one.reset();
  assert.deepEqual(await one.topics(), []);
  const where = addressOf(one.natsUrl);
  await Promise.all([one.stop(), two.stop()]);
  await one.stop();
  const socket = net.connect(where);
  await assert.rejects(once(socket, 'connect'));
});

for (const allowed of [false, true]) {
  test(`lint ${allowed ? 'may be told to allow' : 'fails'} what is left wrong`, async () => {
    const broker = await wherry();
    if (allowed) broker.allowLint('unreceived', 'leaked_connection');
    const socket = net.connect(addressOf(broker.natsUrl));
    socket.write('CONNECT {"verbose":false,"name":"me"}\r\nSUB here 1\r\nPUB nobody.hears 1\r\n' +
      'x\r\nPING\r\n');
    for await (const text of socket.setEncoding('latin1').iterator({destroyOnReturn: false})) {
      if (text.includes('PONG')) break;
    }
    assert.deepEqual((await broker.connections()).map(({client}) => client), ['me']);
    assert.deepEqual((await broker.subscriptions()).map(({subject}) => subject), ['here']);
    const [published] = await broker.requests({operation: 'nats.PUB'});
    assert.deepEqual([published.subject, published.receivers], ['nobody.hears', 0]);
    assert.match((await broker.explainRoute('here')).text, /me/);
    assert.deepEqual(await broker.groups(), []);
    if (allowed) await broker.stop();
    else await assert.rejects(broker.stop(), /\[unreceived\].*nobody\.hears[^]*\[leaked_conn/);
    socket.destroy();
  });
}

withBroker('takes flags', async (broker) => {
  await broker.call('kafka.create_topic', {topic: 't'});
  await broker.append('t', 'v', {partition: 2});
}, {flags: ['--kafka-default-partitions', '3']});

test('a server that cannot start says why', async () => {
  await assert.rejects(wherry({flags: ['--listen', 'gopher://127.0.0.1:70']}), /gopher/);
});

test('`await using` ends it', async (t) => {
  let run;
  try {
    run = new Function('wherry', 'return (async () => {' +
      'await using broker = await wherry(); return broker.natsUrl; })()');
  } catch {
    return t.skip('this Node does not know `await using` yet');
  }
  const socket = net.connect(addressOf(await run(wherry)));
  await assert.rejects(once(socket, 'connect'));
});

test('a killed test leaves no server', async () => {
  const script = `import {wherry} from ${JSON.stringify(new URL('./index.mjs', import.meta.url))};
    console.log((await wherry()).natsUrl); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script],
    {stdio: ['ignore', 'pipe', 'inherit']});
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data');
  const socket = net.connect(addressOf(line.trim()));
  await once(socket, 'connect');
  child.kill('SIGKILL');
  // The server's end is the connection's.
  socket.resume().on('error', () => {});
  await once(socket, 'close');
});

test('a test that forgets to stop ends all the same', async () => {
  const script = `import {wherry} from ${JSON.stringify(new URL('./index.mjs', import.meta.url))};
    await (await wherry()).topics();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script],
    {stdio: ['ignore', 'ignore', 'inherit']});
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});
