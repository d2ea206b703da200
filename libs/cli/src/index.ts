export { commands, groups } from './commands.js';
export { runCommandLine } from './program.js';
