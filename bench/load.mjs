// Loads an installed package as n8n does when it starts, and prints how long that takes.
// Node.js runs this file as it is: what turns TypeScript into JavaScript would be measured, too.
import { PackageDirectoryLoader } from 'n8n-core';

const [folder = ''] = process.argv.slice(2);
const loader = new PackageDirectoryLoader(folder);
const started = performance.now();
const before = process.cpuUsage();
await loader.loadAll();
const { user, system } = process.cpuUsage(before);
const ms = performance.now() - started;
const { nodes, credentials } = loader.types;
const cpuMs = (user + system) / 1000;
console.log(JSON.stringify({ ms, cpuMs, nodes: nodes.length, credentials: credentials.length }));
