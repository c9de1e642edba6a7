/** Preloaded with `--import`: binaries of packages were built for another Node than this one, as after an upgrade of it. */
process.dlopen = (_module, filename) => {
  const message = `The module '${filename}'
was compiled against a different Node.js version using
NODE_MODULE_VERSION 1. This version of Node.js requires
NODE_MODULE_VERSION ${process.versions.modules}. Please try re-compiling or re-installing
the module (for instance, using \`npm rebuild\` or \`npm install\`).`;
  throw Object.assign(new Error(message), { code: 'ERR_DLOPEN_FAILED' });
};
