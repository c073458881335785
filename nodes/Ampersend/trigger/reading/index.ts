export { readBaseline } from './baseline';
export { readNews } from './news';
export * from './reading';
