export { readBaseline } from './baseline';
export { readNews } from './news';
export * from './reading';
export { readSince } from './since';
