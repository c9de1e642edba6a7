/**
 * Runs one of the start scripts as a child that cannot outlive us: it watches its stdin, which closes when this process
 * ends, however it ends.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { repoRoot } from '../root.ts';
import { freePorts } from './ports.ts';

export interface ServerOptions {
  /** First of the ports; absent: free ones. */
  readonly port?: number | undefined;
  /** Where its data lie, kept at the end; absent: a fresh temporary folder that goes at the end. */
  readonly dataDir?: string | undefined;
  /** Environment of the start script. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

export interface TestServer extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** host:port */
  readonly address: string;
  readonly dataDir: string;
  /** Of the server itself; another one after a restart. */
  readonly pid: number;
  /** Ends it for good; a temporary data folder goes. */
  stop(): Promise<void>;
  /** Kills it as a power cut would. Its data stay, for `restart`. */
  kill(): Promise<void>;
  /** Stops it gently if it still runs, and starts it on the same data and ports. */
  restart(): Promise<void>;
}

export interface ServerKind {
  /** File name in test/servers. */
  readonly script: string;
  /** How many ports in a row it takes. */
  readonly ports: number;
  /** Waits until it answers, where healthy does not mean that. */
  answers?(address: string): Promise<void>;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;
interface Running {
  readonly child: Child;
  readonly pid: number;
  readonly ended: Promise<unknown>;
}

/** Between choosing free ports and binding them somebody else may take them. */
const PORT_ATTEMPTS = 3;

export async function startServer(kind: ServerKind, options: ServerOptions): Promise<TestServer> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), `${kind.script.replace('.sh', '')}-`)));
  const temporary = options.dataDir === undefined;
  const remove = () => (temporary ? rm(dataDir, { recursive: true, force: true }) : undefined);
  const env = { ...process.env, ...options.env, ...(temporary ? { REMOVE: dataDir } : {}) };
  const launch = async (port: number) => {
    const running = await launchOnce([join(repoRoot, 'test/servers', kind.script), 'run', `${port}`, dataDir], env);
    await kind.answers?.(`127.0.0.1:${port}`);
    return running;
  };

  let port = options.port ?? (await freePorts(kind.ports));
  let running: Running | undefined;
  for (let attempt = 1; running === undefined; attempt++) {
    try {
      running = await launch(port);
    } catch (error) {
      if (options.port !== undefined || attempt === PORT_ATTEMPTS) {
        await remove();
        throw error;
      }
      port = await freePorts(kind.ports);
    }
  }
  return handle({ port, dataDir, first: running, relaunch: () => launch(port), remove });
}

interface HandleParts {
  readonly port: number;
  readonly dataDir: string;
  readonly first: Running;
  readonly relaunch: () => Promise<Running>;
  readonly remove: () => Promise<void> | undefined;
}

function handle({ port, dataDir, first, relaunch, remove }: HandleParts): TestServer {
  let running = first;
  const end = async (how: (current: Running) => void) => {
    hold(running.child, true);
    if (running.child.exitCode === null && running.child.signalCode === null) how(running);
    await running.ended;
  };
  const stop = async () => {
    await end(({ child }) => child.stdin.end());
    await remove();
  };
  return {
    host: '127.0.0.1',
    port,
    address: `127.0.0.1:${port}`,
    dataDir,
    get pid() {
      return running.pid;
    },
    stop,
    kill: () => end(({ pid }) => process.kill(pid, 'SIGKILL')),
    async restart() {
      await end(({ child }) => child.stdin.end('stop\n'));
      running = await relaunch();
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Resolves once the script says that the server is ready; what goes wrong before stands on stderr. */
async function launchOnce(command: readonly string[], env: NodeJS.ProcessEnv): Promise<Running> {
  const child = spawn('bash', command, { env, detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
  // The script may be gone before it is told to stop.
  child.stdin.on('error', () => undefined);
  const ended = once(child, 'exit');
  for await (const line of createInterface({ input: child.stdout })) {
    const pid = /^ready (\d+)$/.exec(line)?.[1];
    if (pid === undefined) continue;
    hold(child, false);
    return { child, pid: Number(pid), ended };
  }
  const [code] = await ended;
  throw new Error(`${command.join(' ')} ended with ${code} before the server was ready`);
}

/** A running server does not keep this process alive; one that is being stopped does. */
function hold(child: Child, on: boolean): void {
  for (const handle of [child, child.stdin, child.stdout]) {
    if (handle !== child && !(handle instanceof Socket)) continue;
    if (on) (handle as Socket).ref();
    else (handle as Socket).unref();
  }
}
