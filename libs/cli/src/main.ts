#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Kept compiled between starts; where the cache folder cannot be written Node goes on without it.
enableCompileCache();
const { runCommandLine } = await import('./program.js');
process.exitCode = await runCommandLine(process.argv.slice(2), process);
