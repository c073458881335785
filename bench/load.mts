// Loads an installed package as n8n does when it starts, and prints how long that takes.
// Node.js 24 runs this file as it is.
import { PackageDirectoryLoader } from 'n8n-core';

const [folder = ''] = process.argv.slice(2);
const started = performance.now();
const loader = new PackageDirectoryLoader(folder);
await loader.loadAll();
const ms = performance.now() - started;
const { nodes, credentials } = loader.types;
console.log(JSON.stringify({ ms, nodes: nodes.length, credentials: credentials.length }));
