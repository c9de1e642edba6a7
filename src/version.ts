/** The tool's own version, from its package.json. */
import { readFileSync } from 'node:fs';

// dist/src/version.js → package.json
const PACKAGE = new URL('../../package.json', import.meta.url);

export const TOOL_VERSION: string = (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version;
