#!/usr/bin/env node
/** What is started. Two modules, so that all others can be loaded in one go. */
import { loadAtOnce } from '../core/loadAtOnce.ts';

loadAtOnce(new URL('./process.js', import.meta.url));
const { main } = await import('./process.ts');
await main();
