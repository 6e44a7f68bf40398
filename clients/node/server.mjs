// A wherry server in a process of its own, which ends with this one, however it ends: its standard
// input is a pipe that we hold the other end of.

import {spawn} from 'node:child_process';
import {once} from 'node:events';

// WHERRY_SERVER, else "wherry" in PATH.
const program = () => process.env.WHERRY_SERVER || 'wherry';

async function firstLine(stream) {
  let text = '';
  for await (const piece of stream) {
    text += piece;
    if (text.includes('\n')) break;
  }
  return text;
}

export class Server {
  // Starts one with flags of its command line; rejects with what it said if it cannot start.
  static async start(flags = []) {
    const command = ['--ephemeral', '--ready-fd', '3', '--exit-with-parent', '--log-level',
      'warning', '--history', '10000', ...flags];
    const child = spawn(program(), command, {stdio: ['pipe', 'ignore', 'pipe', 'pipe']});
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      errors += text;
      process.stderr.write(text);
    });
    const ended = new Promise((resolve) => {
      child.once('error', (error) => resolve(error));
      child.once('close', () => resolve(null));
    });
    const line = await Promise.race([firstLine(child.stdio[3]), ended]);
    if (typeof line !== 'string' || line === '') {
      const error = await ended;
      throw new Error(`${program()} ${command.join(' ')} did not start: ${error
        ? `${error.message}; install Wherry, or set WHERRY_SERVER to its program`
        : errors.trim()}`);
    }
    return new Server(child, JSON.parse(line));
  }

  constructor(child, urls) {
    this.child = child;
    this.urls = urls;
    // A test that forgets to stop us still ends, and we with it.
    child.unref();
    for (const stream of child.stdio) stream?.unref?.();
  }

  // Resolves when the server has ended.
  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.ref();
    const exit = once(this.child, 'exit');
    this.child.stdin.end();
    const [status] = await exit;
    if (status !== 0) throw new Error(`the wherry server ended with status ${status}`);
  }
}
